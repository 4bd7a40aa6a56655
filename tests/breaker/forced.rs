//! Forced open, disabled, reset: what no time ends and no outcome changes.

use watertight::breaker::{Consecutive, Stats};
use watertight::{Reason, RetryAfter};

use super::common::secs;
use super::*;

/// A breaker in each of the states that are reached without force, with a permit from before if there is one.
fn each_state(clock: &ManualClock, mut check: impl FnMut(&Breaker<&ManualClock>, State)) {
    static RAMP: Config = Config::consecutive(3)
        .open_for(common::constant(SECOND))
        .recover_over(Duration::from_secs(64))
        .build();
    for state in [State::Closed, State::Open, State::HalfOpen, State::Recovering] {
        let breaker = breaker(clock, &RAMP);
        if state == State::Closed {
            trip_but_one(&breaker);
        } else {
            trip(&breaker);
        }
        if matches!(state, State::HalfOpen | State::Recovering) {
            advance(clock, secs(1));
            let probe = breaker.try_acquire().unwrap();
            if state == State::Recovering {
                probe.success();
            } else {
                std::mem::forget(probe);
            }
        }
        assert_eq!(breaker.snapshot().state(), state);
        check(&breaker, state);
    }
}

#[test]
fn forced_open_it_refuses_for_ever_from_whatever_state() {
    let clock = clock();
    each_state(&clock, |breaker, state| {
        let generation = breaker.snapshot().generation();
        let made = breaker.force_open();
        assert_eq!((made.from(), made.to()), (state, State::ForcedOpen));
        assert_eq!(made.generation(), generation + 1);
        for years in [0, 1, 3, 1_000] {
            advance(&clock, secs(years * 365 * 86_400));
            assert_eq!(refusal(breaker).reason(), Reason::ForcedOpen);
            assert_eq!(refusal(breaker).retry_after(), RetryAfter::Never);
            assert_eq!(breaker.snapshot().retry_after(), Some(RetryAfter::Never));
        }
        assert_eq!(breaker.snapshot().openings_in_a_row(), 0);
        let made = breaker.reset();
        assert_eq!((made.from(), made.to()), (State::ForcedOpen, State::Closed));
        assert_eq!(breaker.try_acquire().unwrap().success(), None);
    });
}

#[test]
fn disabled_it_admits_all_and_counts_none_from_whatever_state() {
    let clock = clock();
    each_state(&clock, |breaker, state| {
        let made = breaker.disable();
        assert_eq!((made.from(), made.to()), (state, State::Disabled));
        for _ in 0..100 {
            assert_eq!(breaker.try_acquire().unwrap().failure(), None);
        }
        let shown = breaker.snapshot();
        assert_eq!((shown.state(), shown.retry_after()), (State::Disabled, None));
        assert_eq!((shown.calls(), shown.failures()), (0, 0));
        assert_eq!(breaker.reset().from(), State::Disabled);
        assert_eq!(breaker.snapshot().failures(), 0);
        let opened = trip(breaker);
        assert_eq!((opened.from(), opened.to()), (State::Closed, State::Open));
    });
}

#[test]
fn what_was_under_way_changes_nothing_afterwards() {
    type Force = fn(&Breaker<&ManualClock>) -> Transition;
    let all: [(Force, State); 3] = [
        (|breaker| breaker.force_open(), State::ForcedOpen),
        (|breaker| breaker.disable(), State::Disabled),
        (|breaker| breaker.reset(), State::Closed),
    ];
    for (force, state) in all {
        let clock = clock();
        let breaker = breaker(&clock, &THREE);
        let early: Vec<_> = (0..6).map(|_| breaker.try_acquire().unwrap()).collect();
        trip(&breaker);
        advance(&clock, secs(1));
        let probe = breaker.try_acquire().unwrap();
        force(&breaker);
        let before = breaker.snapshot();
        for (number, permit) in early.into_iter().enumerate() {
            let made = if number % 2 == 0 {
                permit.failure()
            } else {
                permit.success()
            };
            assert_eq!(made, None);
        }
        assert_eq!(probe.success(), None);
        assert_eq!(breaker.snapshot(), before);
        assert_eq!(before.state(), state);
    }
}

#[test]
fn one_may_be_forced_after_another() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    for (made, from, to) in [
        (breaker.force_open(), State::Closed, State::ForcedOpen),
        (breaker.force_open(), State::ForcedOpen, State::ForcedOpen),
        (breaker.disable(), State::ForcedOpen, State::Disabled),
        (breaker.disable(), State::Disabled, State::Disabled),
        (breaker.force_open(), State::Disabled, State::ForcedOpen),
        (breaker.reset(), State::ForcedOpen, State::Closed),
        (breaker.reset(), State::Closed, State::Closed),
    ] {
        assert_eq!((made.from(), made.to()), (from, to));
    }
    let at = breaker.at(&clock);
    assert_eq!(at.force_open().to(), State::ForcedOpen);
    assert_eq!(at.disable().to(), State::Disabled);
    assert_eq!(at.reset().to(), State::Closed);
}

#[test]
fn openings_are_forgotten_by_any_of_them() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    for forget in [Breaker::force_open, Breaker::disable, Breaker::reset] {
        for wait in [1, 2] {
            trip(&breaker);
            assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(wait)));
            advance(&clock, secs(wait));
            breaker.try_acquire().unwrap().success().expect("it closes");
        }
        forget(&breaker);
        assert_eq!(breaker.snapshot().openings_in_a_row(), 0);
        breaker.reset();
    }
}

#[test]
fn nothing_that_a_disabled_breaker_admitted_ever_comes_too_late() {
    let clock = clock();
    let breaker = Breaker::with_stats(&clock, &THREE, Consecutive, Stats::new());
    let from_before = breaker.try_acquire().unwrap();
    breaker.disable();
    let from_within = breaker.try_acquire().unwrap();
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.statistics().late(), 0);
    from_before.failure();
    assert_eq!(breaker.statistics().late(), 1);
    breaker.reset();
    from_within.failure();
    assert_eq!(breaker.snapshot().failures(), 0);
    assert_eq!(breaker.statistics().late(), 1);
}
