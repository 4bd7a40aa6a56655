//! A share of the callers under the breaker, the others in shadow.

use std::collections::BTreeSet;

use watertight::breaker::{At, Stats};
use watertight::{Clock, Error, Reason, Rejected, RetryAfter};

use super::common::secs;
use super::*;

const KEYS: u64 = 10_000;

fn config(percent: u32) -> Config {
    Config::consecutive(3)
        .open_for(common::exponential(SECOND, Duration::from_secs(4)))
        .recover_over(Duration::from_secs(64))
        .enforced(percent)
        .try_build()
        .expect("it makes sense")
}

/// Which of the keys are refused calls.
fn enforced(percent: u32, keys: impl Iterator<Item = u64>) -> BTreeSet<u64> {
    let breaker = Breaker::new(clock(), config(percent));
    breaker.force_open();
    keys.filter(|key| breaker.caller(*key).try_acquire().is_err())
        .collect()
}

#[test]
fn in_shadow_nothing_is_refused_and_the_permit_tells_what_would_have_been() {
    let clock = clock();
    let breaker = Breaker::new(&clock, config(0));
    let shadow = || {
        let permit = breaker.try_acquire().expect("nothing is refused");
        assert_eq!(permit.transition(), None);
        assert!(!permit.is_probe());
        permit.shadow()
    };
    assert_eq!(shadow(), None, "closed: nobody would have been refused");
    trip(&breaker);
    assert_eq!(shadow(), Some(Reason::Open));
    advance(&clock, secs(1));
    let probe = breaker.try_acquire().unwrap();
    assert!(probe.is_probe(), "what is admitted anyway is in no shadow");
    assert_eq!(probe.shadow(), None);
    assert_eq!(shadow(), Some(Reason::ProbesInFlight));
    probe.success().expect("it recovers");
    assert_eq!(shadow(), None, "the first of 64");
    assert_eq!(shadow(), Some(Reason::Recovering));
    breaker.force_open();
    assert_eq!(shadow(), Some(Reason::ForcedOpen));
    breaker.disable();
    assert_eq!(shadow(), None);
}

#[test]
fn what_comes_of_a_call_in_shadow_is_not_counted() {
    let clock = clock();
    let breaker = Breaker::new(&clock, config(0));
    trip(&breaker);
    let open = breaker.snapshot();
    for _ in 0..10 {
        assert_eq!(breaker.try_acquire().unwrap().success(), None);
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
        assert_eq!(breaker.try_acquire().unwrap().ignore(), None);
        drop(breaker.try_acquire().unwrap());
        assert_eq!(breaker.call(|| Ok::<_, ()>(1)), Ok(1));
        assert_eq!(breaker.call(|| Err::<(), _>(1)), Err(Error::Inner(1)));
    }
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        breaker.call(|| -> Result<(), ()> { panic!("the caller's") })
    }));
    assert!(panicked.is_err());
    assert_eq!(breaker.snapshot(), open);

    // Nor later, when the breaker has closed again, or is forced.
    let held: Vec<_> = (0..9).map(|_| breaker.try_acquire().unwrap()).collect();
    advance(&clock, secs(1));
    breaker.try_acquire().unwrap().success().expect("it recovers");
    let recovering = breaker.snapshot();
    for permit in held {
        assert_eq!(permit.failure(), None);
    }
    assert_eq!(breaker.snapshot(), recovering);
}

#[test]
fn nor_is_it_late_in_whatever_generation() {
    let clock = clock();
    let breaker = Breaker::with_stats(&clock, config(0), Consecutive, Stats::new());
    breaker.force_open();
    let held: Vec<_> = (0..512).map(|_| breaker.try_acquire().unwrap()).collect();
    for permit in held {
        breaker.reset();
        assert_eq!(permit.failure(), None);
        assert_eq!(breaker.snapshot().failures(), 0);
    }
    assert_eq!(breaker.statistics().late(), 0);
}

#[test]
fn the_breaker_goes_its_way_as_if_it_were_in_force() {
    // The same calls through one in force and one in shadow: the same states, except for what shadow lets through.
    let clock = clock();
    let (in_force, in_shadow) = (Breaker::new(&clock, config(100)), Breaker::new(&clock, config(0)));
    let mut refused = 0;
    for step in 0_u64..if cfg!(miri) { 100 } else { 2_000 } {
        let (permit, shadowed) = (in_force.try_acquire(), in_shadow.try_acquire().unwrap());
        assert_eq!(
            permit.as_ref().err().map(Rejected::reason),
            shadowed.shadow(),
            "step {step}"
        );
        refused += u32::from(permit.is_err());
        let fails = step % 7 < 3;
        let made = permit
            .ok()
            .and_then(|permit| if fails { permit.failure() } else { permit.success() });
        assert_eq!(
            if fails {
                shadowed.failure()
            } else {
                shadowed.success()
            },
            made
        );
        assert_eq!(in_force.snapshot(), in_shadow.snapshot());
        advance(&clock, common::millis(step % 11 * 50));
    }
    assert!(refused > 100 || cfg!(miri), "{refused} refusals");
}

#[test]
fn a_key_is_always_on_the_same_side_and_raising_the_percentage_keeps_who_was_under_it() {
    let step = if cfg!(miri) { 50 } else { 1 };
    let keys = if cfg!(miri) { 30 } else { KEYS };
    let mut before = BTreeSet::new();
    for percent in (0..=100).step_by(step) {
        let now = enforced(percent, 0..keys);
        assert_eq!(now, enforced(percent, 0..keys));
        assert!(now.is_superset(&before), "at {percent} percent");
        before = now;
    }
    assert_eq!(before.len() as u64, keys, "all at 100 percent");
    assert!(enforced(0, 0..keys).is_empty());
}

#[test]
fn keys_in_a_row_or_alike_are_spread_over_both_sides_by_the_percentage() {
    if cfg!(miri) {
        return;
    }
    let rows: [fn(u64) -> u64; 6] = [
        |number| number,
        |number| number << 32,
        |number| number << 48,
        |number| number * 1_000,
        |number| u64::MAX - number,
        |number| number << 32 | number,
    ];
    for row in rows {
        for percent in [1, 5, 10, 25, 50, 75, 90, 99] {
            let share = enforced(percent, (0..KEYS).map(row)).len() as u64;
            let expected = KEYS * u64::from(percent) / 100;
            // Four deviations of a fair draw are 2 percent at the most.
            assert!(
                share.abs_diff(expected) <= KEYS / 50,
                "{share} instead of {expected}"
            );
        }
    }
}

#[test]
fn a_caller_without_a_key_is_refused_at_100_percent_only() {
    let clock = clock();
    for percent in [0, 1, 50, 99, 100] {
        let breaker = Breaker::new(&clock, config(percent));
        breaker.force_open();
        assert_eq!(
            breaker.try_acquire().is_err(),
            percent == 100,
            "{percent} percent"
        );
        assert_eq!(breaker.at(clock.now()).try_acquire().is_err(), percent == 100);
    }
}

#[test]
fn a_key_goes_with_any_way_to_the_breaker() {
    let clock = clock();
    let breaker = std::sync::Arc::new(Breaker::new(&clock, config(50)));
    breaker.force_open();
    let under_it = enforced(50, 0..20);
    assert!(!under_it.is_empty() && under_it.len() < 20);
    for key in 0..20 {
        let refused = under_it.contains(&key);
        let is_refused = |answer: Result<(), Rejected>| match answer {
            Ok(()) => false,
            Err(rejected) => {
                assert_eq!(rejected.reason(), Reason::ForcedOpen);
                assert_eq!(rejected.retry_after(), RetryAfter::Never);
                true
            }
        };
        let now = clock.now();
        assert_eq!(is_refused(breaker.caller(key).try_acquire().map(drop)), refused);
        assert_eq!(
            is_refused(breaker.at(now).caller(key).try_acquire().map(drop)),
            refused
        );
        let owned = At::new(std::sync::Arc::clone(&breaker), now).caller(key);
        assert_eq!(is_refused(owned.try_acquire().map(drop)), refused);
        let called = breaker.caller(key).call(|| Ok::<_, ()>(()));
        assert_eq!(matches!(called, Err(Error::Rejected(_))), refused);
    }
}

#[test]
fn a_percentage_above_100_is_refused_with_a_sentence() {
    let refused = Config::consecutive(1).enforced(101).try_build();
    assert_eq!(
        refused.expect_err("out of range").to_string(),
        "a breaker is enforced for 0 to 100 percent of its callers"
    );
}
