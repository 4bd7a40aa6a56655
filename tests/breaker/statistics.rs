//! What is kept beside what decides.

use watertight::breaker::{Consecutive, NoStats, Statistics, Stats};
use watertight::{Clock, Reason};

use super::common::{millis, secs};
use super::*;

const REASONS: [Reason; 4] = [
    Reason::Open,
    Reason::ProbesInFlight,
    Reason::Recovering,
    Reason::ForcedOpen,
];

fn config(enforced: u32) -> Config {
    Config::consecutive(3)
        .open_for(common::exponential(SECOND, Duration::from_secs(4)))
        .recover_over(Duration::from_secs(64))
        .enforced(enforced)
        .build()
}

type Kept<'a> = Breaker<&'a ManualClock, Config, Consecutive, Stats>;

fn kept(clock: &ManualClock, enforced: u32) -> Kept<'_> {
    Breaker::with_stats(clock, config(enforced), Consecutive, Stats::new())
}

/// Two refused calls in each state that refuses, and one more each time.
fn refused_in_each_state(clock: &ManualClock, breaker: &Kept<'_>) {
    let ask = |times: usize| (0..times).for_each(|_| drop(breaker.try_acquire()));
    trip(breaker);
    ask(2);
    advance(clock, secs(1));
    let probe = breaker.try_acquire().expect("the probe");
    ask(3);
    probe.success().expect("it recovers");
    breaker.try_acquire().expect("the first of 64").success();
    ask(4);
    breaker.force_open();
    ask(5);
    breaker.reset();
}

#[test]
fn nothing_happened_yet() {
    let clock = clock();
    let breaker = kept(&clock, 100);
    breaker.try_acquire().unwrap().success();
    breaker.try_acquire().unwrap().failure();
    let statistics = breaker.statistics();
    assert_eq!((statistics.last_transition(), statistics.since()), (None, None));
    assert_eq!((statistics.late(), statistics.time_open()), (0, Micros::ZERO));
    assert!(statistics.is_noted());
    for reason in REASONS {
        assert_eq!((statistics.refused(reason), statistics.shadowed(reason)), (0, 0));
    }
    assert_eq!(*statistics.snapshot(), breaker.snapshot());
    assert_eq!(statistics.snapshot().failures(), 1);
}

#[test]
fn refusals_are_counted_by_their_reasons_and_what_shadow_lets_through_beside_them() {
    let clock = clock();
    for enforced in [100, 0] {
        let breaker = kept(&clock, enforced);
        refused_in_each_state(&clock, &breaker);
        let statistics = breaker.statistics();
        let refused = REASONS.map(|reason| statistics.refused(reason));
        let shadowed = REASONS.map(|reason| statistics.shadowed(reason));
        let expected = ([2, 3, 4, 5], [0; 4]);
        let (counted, other) = if enforced == 100 {
            (refused, shadowed)
        } else {
            (shadowed, refused)
        };
        assert_eq!((counted, other), expected);
    }
}

#[test]
fn late_outcomes_are_counted_and_cancelled_or_ignored_ones_are_none() {
    let clock = clock();
    let breaker = kept(&clock, 100);
    let permits: Vec<_> = (0..5).map(|_| breaker.try_acquire().unwrap()).collect();
    trip(&breaker);
    for (number, permit) in permits.into_iter().enumerate() {
        match number {
            0 => drop(permit.success()),
            1 => drop(permit.failure()),
            2 => drop(permit.failure_retry_after(secs(1))),
            3 => drop(permit.ignore()),
            _ => drop(permit),
        }
    }
    assert_eq!(breaker.statistics().late(), 3);
    // A probe that its lease outlived still counts for the verdict: it is not late.
    advance(&clock, secs(1));
    let probe = breaker.try_acquire().unwrap();
    advance(&clock, secs(30));
    let other = breaker.try_acquire().unwrap();
    assert!(probe.success().is_some());
    assert_eq!(breaker.statistics().late(), 3);
    assert_eq!(other.success(), None);
    assert_eq!(breaker.statistics().late(), 4);
}

#[test]
fn the_last_transition_is_kept_with_its_time_whoever_makes_it() {
    let clock = clock();
    let breaker = kept(&clock, 100);
    let noted = |made: Option<Transition>, when: Instant| {
        let statistics = breaker.statistics();
        assert!(made.is_some());
        assert_eq!(statistics.last_transition(), made);
        assert_eq!(statistics.since(), Some(when));
        assert!(statistics.is_noted());
    };
    noted(Some(trip(&breaker)), clock.now());
    advance(&clock, secs(1));
    let probe = breaker.try_acquire().unwrap();
    noted(probe.transition(), clock.now());
    let since = clock.now();
    advance(&clock, secs(30));
    assert_eq!(breaker.statistics().since(), Some(since));
    let renewed = breaker.try_acquire().unwrap();
    noted(renewed.transition(), clock.now());
    noted(renewed.success(), clock.now());
    advance(&clock, secs(64));
    // Within its generation.
    noted(breaker.try_acquire().unwrap().transition(), clock.now());
    noted(Some(breaker.force_open()), clock.now());
    noted(Some(breaker.disable()), clock.now());
    noted(Some(breaker.reset()), clock.now());
    // By the clock of its maker.
    let elsewhere = clock.now().after(secs(9));
    noted(Some(breaker.at(elsewhere).reset()), elsewhere);
}

#[test]
fn the_time_open_adds_up_and_runs_while_it_is_open() {
    let clock = clock();
    let breaker = kept(&clock, 100);
    let open = || breaker.statistics().time_open();
    advance(&clock, secs(5));
    assert_eq!(open(), Micros::ZERO);
    trip(&breaker);
    advance(&clock, millis(400));
    assert_eq!(open(), millis(400));
    // Its cool-down is over, and yet it is open until somebody calls.
    advance(&clock, millis(1_100));
    let probe = breaker.try_acquire().unwrap();
    advance(&clock, secs(3));
    assert_eq!(open(), millis(1_500), "half-open is not open");
    probe.failure().expect("it reopens");
    advance(&clock, secs(2));
    breaker.try_acquire().unwrap().success().expect("it recovers");
    advance(&clock, secs(7));
    assert_eq!(open(), millis(3_500));
    breaker.force_open();
    advance(&clock, secs(1_000_000));
    assert_eq!(open(), millis(1_000_003_500), "forced open is open");
    breaker.disable();
    advance(&clock, secs(1));
    breaker.reset();
    assert_eq!(open(), millis(1_000_003_500));
    breaker.force_open();
    clock.step_back(secs(1)).unwrap();
    assert_eq!(
        open(),
        millis(1_000_003_500),
        "a clock that stepped back has measured nothing"
    );
}

#[test]
fn generations_come_round_and_it_goes_on_noting() {
    let clock = clock();
    let breaker = kept(&clock, 100);
    for number in 1_u64..=1_200 {
        let made = if number % 2 == 0 {
            breaker.reset()
        } else {
            breaker.force_open()
        };
        advance(&clock, secs(1));
        assert_eq!(breaker.statistics().last_transition(), Some(made));
    }
    assert_eq!(breaker.statistics().time_open(), secs(600));
}

#[test]
fn statistics_change_nothing_that_decides_and_show_themselves() {
    let clock = clock();
    let (with, without) = (
        kept(&clock, 100),
        Breaker::with_stats(&clock, config(100), Consecutive, NoStats),
    );
    for step in 0_u64..500 {
        let call = step % 5 < 3;
        let one = with.call_observed(|| if call { Err(()) } else { Ok(()) });
        let other = without.call_observed(|| if call { Err(()) } else { Ok(()) });
        assert_eq!(one, other);
        assert_eq!(with.snapshot(), without.snapshot());
        advance(&clock, millis(step % 13 * 100));
    }
    let shown = format!("{:?}", with.statistics());
    for field in [
        "Statistics",
        "snapshot",
        "last_transition",
        "since",
        "time_open",
        "late",
        "refused",
        "shadowed",
    ] {
        assert!(shown.contains(field), "{shown}");
    }
    let copied: Statistics = with.statistics();
    assert_eq!(copied, with.statistics());
    assert!(format!("{:?} {:?}", Stats::default(), NoStats).contains("Stats"));
}
