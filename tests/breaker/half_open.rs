//! Probes: slots, leases, verdicts, and outcomes that come late.

use watertight::{Reason, RetryAfter};

use super::common::{micros, secs};
use super::*;

#[test]
fn at_most_so_many_probes_are_under_way_and_so_many_successes_close() {
    static TWO_OF_THREE: Config = Config::consecutive(1)
        .probes(2, 3)
        .open_for(common::constant(SECOND))
        .probe_lease(Duration::from_secs(30))
        .build();
    let clock = clock();
    let breaker = breaker(&clock, &TWO_OF_THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    let first = breaker.try_acquire().unwrap();
    let second = breaker.try_acquire().unwrap();
    assert_eq!(refusal(&breaker).reason(), Reason::ProbesInFlight);
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::OnRelease(Some(secs(30)))
    );
    assert_eq!(breaker.snapshot().probes_in_flight(), 2);
    assert_eq!(first.success(), None);
    assert_eq!(
        (
            breaker.snapshot().probes_in_flight(),
            breaker.snapshot().probe_successes()
        ),
        (1, 1)
    );
    assert_eq!(second.success(), None);
    let third = breaker.try_acquire().unwrap().success();
    assert_eq!(states(third), Some((State::HalfOpen, State::Closed)));
}

#[test]
fn a_dropped_or_ignored_probe_gives_its_slot_back_and_decides_nothing() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    drop(breaker.try_acquire().unwrap());
    assert_eq!(breaker.snapshot().probes_in_flight(), 0);
    assert_eq!(breaker.try_acquire().unwrap().ignore(), None);
    assert_eq!(breaker.snapshot().state(), State::HalfOpen);
    assert_eq!(
        states(breaker.try_acquire().unwrap().success()),
        Some((State::HalfOpen, State::Closed))
    );
    // While closed, neither counts.
    trip_but_one(&breaker);
    drop(breaker.try_acquire().unwrap());
    breaker.try_acquire().unwrap().ignore();
    assert_eq!(breaker.snapshot().failures(), 2);
}

#[test]
fn a_forgotten_probe_loses_its_slot_when_its_lease_is_over() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    std::mem::forget(breaker.try_acquire().unwrap());
    advance(&clock, micros(29_999_999));
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::OnRelease(Some(micros(1)))
    );
    advance(&clock, micros(1));
    let probe = breaker.try_acquire().unwrap();
    assert_eq!(
        states(probe.transition()),
        Some((State::HalfOpen, State::HalfOpen)),
        "a new round"
    );
    assert_eq!(states(probe.success()), Some((State::HalfOpen, State::Closed)));
}

#[test]
fn a_probe_slower_than_its_lease_still_counts_and_gives_no_slot_back() {
    static TWO_SUCCESSES: Config = Config::consecutive(1)
        .probes(1, 2)
        .open_for(common::constant(SECOND))
        .probe_lease(Duration::from_secs(5))
        .build();
    let clock = clock();
    let breaker = breaker(&clock, &TWO_SUCCESSES);
    trip(&breaker);
    advance(&clock, secs(1));
    let slow = breaker.try_acquire().unwrap();
    advance(&clock, secs(5));
    let slower = breaker.try_acquire().unwrap();
    assert_eq!(slow.success(), None);
    assert_eq!(
        (
            breaker.snapshot().probe_successes(),
            breaker.snapshot().probes_in_flight()
        ),
        (1, 1)
    );
    assert_eq!(
        refusal(&breaker).reason(),
        Reason::ProbesInFlight,
        "the slot is the present round's"
    );
    advance(&clock, secs(5));
    let _third = breaker.try_acquire().unwrap();
    assert_eq!(states(slower.success()), Some((State::HalfOpen, State::Closed)));
}

#[test]
fn a_slow_probe_that_fails_reopens_and_one_four_leases_late_does_not_count() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    for leases_late in 1..=4 {
        breaker.reset();
        trip(&breaker);
        advance(&clock, secs(1));
        let slow = breaker.try_acquire().unwrap();
        for _ in 0..leases_late {
            advance(&clock, secs(30));
            std::mem::forget(breaker.try_acquire().unwrap());
        }
        let expected = (leases_late < 4).then_some((State::HalfOpen, State::Open));
        assert_eq!(states(slow.failure()), expected, "{leases_late} leases late");
    }
}

#[test]
fn an_outcome_from_before_the_trip_changes_nothing() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    let (late_success, late_failure) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    let (later_success, later_failure) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    trip(&breaker);
    assert_eq!(late_success.success(), None);
    assert_eq!(late_failure.failure(), None);
    assert_eq!(breaker.snapshot().state(), State::Open);
    advance(&clock, secs(1));
    let probe = breaker.try_acquire().unwrap();
    assert_eq!(later_success.success(), None, "does not close");
    assert_eq!(later_failure.failure(), None, "does not reopen");
    assert_eq!(breaker.snapshot().state(), State::HalfOpen);
    assert_eq!(breaker.snapshot().probes_in_flight(), 1);
    assert_eq!(states(probe.success()), Some((State::HalfOpen, State::Closed)));
}
