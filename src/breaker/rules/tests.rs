use core::time::Duration;
use std::vec::Vec;

use super::*;
use crate::breaker::word::Real;
use crate::breaker::{Config, NoRandom};
use crate::random::Random;
use crate::{Backoff, Config as AnyConfig};

const SECOND: Duration = Duration::from_secs(1);

/// A source that need not be one.
#[derive(Clone, Copy)]
struct Zero;

impl Random for Zero {
    fn next(&self) -> u32 {
        0
    }
}

/// Every field at its ends, in turn.
fn extremes() -> Vec<Rules> {
    let longest = Duration::from_secs(814 * 86_400);
    let plain = |backoff| Config::consecutive(4095).open_for(backoff);
    let jittered = |jitter| {
        let backoff = Backoff::exponential(SECOND, SECOND * 60).jitter(jitter).build();
        Config::consecutive(5)
            .open_for(backoff)
            .random(Zero)
            .build()
            .rules
    };
    let rated = |percent, minimum| Config::failure_rate(percent, minimum);
    [
        plain(Backoff::constant(Duration::from_micros(1)).build())
            .build()
            .rules,
        plain(Backoff::constant(longest).build())
            .stable_after(longest)
            .probe_lease(longest)
            .build()
            .rules,
        Config::consecutive(255)
            .recover_over(longest)
            .probes(15, 15)
            .abandoned_after(Duration::MAX)
            .build()
            .rules,
        Config::consecutive(1)
            .abandoned_after(Duration::ZERO)
            .enforced(0)
            .build()
            .rules,
        Config::consecutive(1)
            .enforced(100)
            .probes_by_ratio(15, 15, 100)
            .build()
            .rules,
        rated(100, 1_000_000).enforced(99).build().rules,
        rated(1, 1)
            .slow_calls(100, Duration::ZERO)
            .probes_by_ratio(1, 15, 1)
            .build()
            .rules,
        rated(1, 1)
            .slow_calls(1, Duration::MAX)
            .recover_over(Duration::from_micros(1))
            .build()
            .rules,
        jittered(Jitter::Full),
        jittered(Jitter::Equal),
        jittered(Jitter::PlusMinus(1)),
        jittered(Jitter::PlusMinus(100)),
    ]
    .to_vec()
}

#[test]
fn rules_are_the_same_when_they_come_back_from_words() {
    for rules in extremes() {
        assert_eq!(<Rules as Words<RULES_WORDS>>::from_words(rules.to_words()), rules);
    }
}

#[test]
fn a_coarser_unit_rounds_every_wait_up_and_a_finer_one_is_refused() {
    let fine = Config::consecutive(1)
        .open_for(Backoff::constant(Duration::from_micros(9)).build())
        .probe_lease(Duration::from_micros(8))
        .stable_after(Duration::from_micros(7))
        .recover_over(Duration::from_micros(1))
        .build()
        .rules;
    assert_eq!(fine.tick, 0);
    let coarse = fine.in_ticks_of(3).expect("coarser");
    assert_eq!(coarse.tick, 3);
    assert_eq!(coarse.cool_downs, [2; COOL_DOWNS]);
    assert_eq!((coarse.lease, coarse.stable, coarse.ramp), (1, 1, 1));
    assert_eq!((coarse.cap, coarse.longest_hint), (2, 2));
    assert_eq!(coarse.in_ticks_of(2), None);
    assert_eq!(coarse.in_ticks_of(3), Some(coarse));
}

/// What `in_ticks_of` makes of a configuration is what it would have been with this unit from the start.
#[test]
fn a_wait_in_a_coarser_unit_is_as_if_it_had_been_said_in_it() {
    for micros in [1, 7, 8, 9, 1_000_003, 60_000_001] {
        let lease = Duration::from_micros(micros);
        let config = Config::consecutive(1).probe_lease(lease);
        let wide = config.longest_wait(Duration::from_secs(86_400)).build().rules;
        let narrow = config.build().rules;
        assert!(narrow.tick < wide.tick);
        assert_eq!(narrow.in_ticks_of(wide.tick), Some(wide));
    }
}

#[test]
fn a_key_stays_on_its_side_while_the_percentage_grows() {
    let rules = |percent| -> Rules {
        AnyConfig::<NoRandom>::consecutive(1)
            .enforced(percent)
            .build()
            .rules
    };
    for key in (0..2_000)
        .chain((0..2_000).map(|key| key << 32))
        .chain([u64::MAX, u64::MAX - 1])
    {
        let first = (0..=100).find(|percent| rules(*percent).enforces(Some(key)));
        let first = first.expect("at 100 percent everybody is under it");
        assert!(first >= 1, "at none nobody is");
        assert!((first..=100).all(|percent| rules(percent).enforces(Some(key))));
    }
    assert!(!rules(99).enforces(None));
    assert!(rules(100).enforces(None));
}

#[test]
fn the_keys_are_spread_evenly() {
    let rules = AnyConfig::<NoRandom>::consecutive(1).enforced(25).build().rules;
    let count = |key: fn(u64) -> u64| {
        (0..10_000)
            .filter(|number| rules.enforces(Some(key(*number))))
            .count()
    };
    // 2,500 of 10,000, whose standard deviation is 43.
    for share in [
        count(|key| key),
        count(|key| key << 32),
        count(|key| key * 4_096),
        count(|key| !key),
    ] {
        assert!((2_330..=2_670).contains(&share), "{share}");
    }
}

fn ranked(seen: u32) -> Word<Real> {
    (0..seen).fold(Word::<Real>::from_bits(0).recovering(0), |word, _| {
        word.with_seen()
    })
}

#[test]
fn each_of_64_calls_has_another_rank_and_every_few_in_a_row_are_far_apart() {
    let ranks: Vec<u32> = (0..128).map(|seen| ranked(seen).rank()).collect();
    for start in 0..64 {
        let mut sorted = ranks[start..start + 64].to_vec();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..64));
    }
    // Of any calls in a row, and of every second, fourth or eighth, not many more or fewer are admitted than their share.
    for stride in [1, 2, 4, 8] {
        for share in 0..=64 {
            for start in 0..64 {
                let mut admitted = 0;
                for number in 1..=64 / stride {
                    admitted += i64::from(ranks[(start + (number - 1) * stride) % 64] < share);
                    let off = admitted * 64 - i64::from(share) * number as i64;
                    assert!(off.abs() < 3 * 64, "{stride} {share} {start} {number}: {off}");
                }
            }
        }
    }
}

#[test]
fn a_ramp_admits_a_call_once_as_much_of_it_is_over_as_its_rank_says() {
    let ramp = |micros| {
        Config::consecutive(1)
            .recover_over(Duration::from_micros(micros))
            .build()
            .rules
    };
    let rules = ramp(6_400);
    assert_eq!(rules.ramp, 6_400);
    // Rank 0, then 39.
    assert_eq!(rules.until_admitted(ranked(0), 6_400), 0, "one in 64 at once");
    assert_eq!(ranked(1).rank(), 39);
    assert_eq!(rules.until_admitted(ranked(1), 6_400), 3_900);
    assert_eq!(rules.until_admitted(ranked(1), 2_501), 1);
    assert_eq!(rules.until_admitted(ranked(1), 2_500), 0);
    // More left than there is: a clock stepped back by 100.
    assert_eq!(rules.until_admitted(ranked(1), 6_500), 4_000);
    // A ramp of fewer ticks than there are ranks goes evenly all the same.
    assert_eq!(ramp(10).until_admitted(ranked(1), 10), 6);
    // None at all, any more: the configuration changed.
    assert_eq!(
        Config::consecutive(1)
            .build()
            .rules
            .until_admitted(ranked(1), 500),
        0
    );
}

#[test]
fn a_ratio_of_probes_is_two_limits_of_which_one_is_always_reached() {
    for calls in 1..=15 {
        for percent in 1..=100 {
            let rules = Config::consecutive(1)
                .probes_by_ratio(1, calls, percent)
                .build()
                .rules;
            let (failures, successes) = (rules.probe_failures, rules.successes);
            // At `calls` outcomes exactly one of the two is reached, and it is the right one.
            for failed in 0..=calls {
                let opens = failed * 100 >= percent * calls;
                assert_eq!(failed >= failures, opens, "{calls} {percent} {failed}");
                assert_eq!(calls - failed >= successes, !opens, "{calls} {percent} {failed}");
            }
        }
    }
}
