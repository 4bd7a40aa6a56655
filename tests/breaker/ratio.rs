//! Half-open, decided by a ratio: as soon as the other verdict is impossible, and not before.

use watertight::Reason;

use super::common::secs;
use super::*;

fn config(at_a_time: u32, calls: u32, percent: u32) -> Config {
    Config::consecutive(1)
        .open_for(common::constant(SECOND))
        .probes_by_ratio(at_a_time, calls, percent)
        .try_build()
        .expect("it makes sense")
}

/// Of a breaker that has just opened.
fn half_opened(clock: &ManualClock, config: Config) -> Breaker<&ManualClock, Config> {
    let breaker = Breaker::new(clock, config);
    trip(&breaker);
    advance(clock, secs(1));
    breaker
}

fn report(breaker: &Breaker<&ManualClock, Config>, failed: bool) -> Option<State> {
    let permit = breaker.try_acquire().expect("a slot is free");
    let made = if failed {
        permit.failure()
    } else {
        permit.success()
    };
    made.map(|made| made.to())
}

/// What so many probes come to, each of which failed or not.
fn verdict(failed: &[bool], percent: usize) -> State {
    let failures = failed.iter().filter(|failed| **failed).count();
    if failures * 100 >= percent * failed.len() {
        State::Open
    } else {
        State::Closed
    }
}

/// The verdict, if however the rest end it is the same.
fn certain(begun: &[bool], calls: usize, percent: usize) -> Option<State> {
    let rest = |failed| [begun, &vec![failed; calls - begun.len()]].concat();
    let (best, worst) = (verdict(&rest(false), percent), verdict(&rest(true), percent));
    (best == worst).then_some(best)
}

#[test]
fn it_decides_with_the_first_probe_after_which_the_rest_cannot_change_it() {
    let most = if cfg!(miri) { 3 } else { 9 };
    for calls in (1..=most).chain((most == 9).then_some(15)) {
        for percent in [1, 7, 20, 33, 34, 50, 51, 60, 67, 99, 100] {
            let clock = clock();
            for sequence in 0_usize..1 << calls.min(10) {
                let breaker = half_opened(&clock, config(1, calls as u32, percent as u32));
                let mut begun = Vec::new();
                loop {
                    begun.push(sequence >> (begun.len() % 10) & 1 == 1);
                    let made = report(&breaker, begun[begun.len() - 1]);
                    assert_eq!(
                        made,
                        certain(&begun, calls, percent),
                        "{percent} % of {calls}: {begun:?}"
                    );
                    if made.is_some() {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn three_failures_of_five_are_enough_to_open_and_three_successes_to_close() {
    for (failed, to) in [(true, State::Open), (false, State::Closed)] {
        let clock = clock();
        let breaker = half_opened(&clock, config(5, 5, 60));
        assert_eq!(report(&breaker, failed), None);
        assert_eq!(report(&breaker, !failed), None);
        assert_eq!(report(&breaker, failed), None);
        let shown = breaker.snapshot();
        let (bad, good) = if failed { (2, 1) } else { (1, 2) };
        assert_eq!((shown.probe_failures(), shown.probe_successes()), (bad, good));
        assert_eq!(
            report(&breaker, failed),
            Some(to),
            "two of five are still to come"
        );
    }
}

#[test]
fn a_probe_that_is_not_decisive_gives_its_slot_back_and_one_that_says_nothing_is_not_one_of_them() {
    let clock = clock();
    let breaker = half_opened(&clock, config(1, 3, 50));
    for _ in 0..10 {
        breaker.try_acquire().expect("the slot is back").ignore();
        drop(breaker.try_acquire().expect("the slot is back"));
    }
    assert_eq!(report(&breaker, true), None);
    assert_eq!(report(&breaker, false), None);
    assert_eq!(
        report(&breaker, false),
        Some(State::Closed),
        "one of three is less than half"
    );
}

#[test]
fn more_are_never_under_way_than_at_a_time_and_who_reports_too_late_for_its_round_counts() {
    let clock = clock();
    let breaker = half_opened(&clock, config(2, 4, 50));
    let (first, second) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    assert_eq!(refusal(&breaker).reason(), Reason::ProbesInFlight);
    advance(&clock, secs(30));
    let _third = breaker.try_acquire().expect("a new round");
    assert_eq!(first.failure(), None);
    assert_eq!(
        states(second.failure()),
        Some((State::HalfOpen, State::Open)),
        "two of four"
    );
}

#[test]
fn what_is_said_last_decides() {
    let ratio = Config::consecutive(1).probes_by_ratio(1, 3, 100);
    let clock = clock();
    let first_failure = half_opened(&clock, ratio.probes(1, 2).build());
    assert_eq!(report(&first_failure, true), Some(State::Open));
    let all_three = half_opened(
        &clock,
        Config::consecutive(1)
            .probes(1, 2)
            .probes_by_ratio(1, 3, 100)
            .build(),
    );
    assert_eq!(report(&all_three, true), None);
}

#[test]
fn a_ratio_that_makes_no_sense_is_refused_with_a_sentence() {
    for (calls, percent) in [(0, 50), (16, 50), (3, 0), (3, 101), (u32::MAX, u32::MAX)] {
        let refused = Config::consecutive(1)
            .probes_by_ratio(1, calls, percent)
            .try_build();
        assert_eq!(
            refused.expect_err("out of range").to_string(),
            "1 to 15 probes decide, and open the breaker again at 1 to 100 percent of failures"
        );
    }
    let refused = Config::consecutive(1).probes_by_ratio(16, 3, 50).try_build();
    assert_eq!(
        refused.expect_err("out of range").to_string(),
        "a breaker admits 1 to 15 probes at a time and closes after 1 to 15 successes"
    );
}
