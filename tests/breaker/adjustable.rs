//! A configuration that changes under a breaker: each row of what that means. That a second writer is told `Busy`
//! takes two of them at the same moment: the models of the slots in `loom-tests` show it.

mod whole;

use watertight::breaker::{Adjustable, Builder, FailureAndSlowRate, FailureRate, LastCalls, NoRandom};
use watertight::{Reason, RetryAfter, last_calls};

use super::common::{micros, secs};
use super::*;

/// Opens after three failures in a row, for 1, 2, 4 and 8 s, and counts in microseconds.
fn three() -> Builder {
    Config::consecutive(3)
        .open_for(common::exponential(SECOND, Duration::from_secs(8)))
        .probe_lease(Duration::from_secs(10))
        .stable_after(Duration::from_secs(10))
}

type Adjusted<'a> = Breaker<&'a ManualClock, &'a Adjustable>;

fn set(adjustable: &Adjustable, builder: Builder) {
    adjustable
        .set(&builder.try_build().expect("it makes sense"))
        .expect("nobody else sets it");
}

#[test]
fn a_cool_down_under_way_ends_when_it_would_have_and_the_next_is_the_new_one() {
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    trip(&breaker);
    set(
        &policy,
        three().open_for(common::exponential(
            Duration::from_secs(100),
            Duration::from_secs(200),
        )),
    );
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(1)));
    advance(&clock, secs(1));
    breaker.try_acquire().unwrap().failure().expect("it reopens");
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(200)),
        "the second in a row"
    );
}

#[test]
fn a_lease_under_way_ends_when_it_would_have_and_the_next_is_the_new_one() {
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    trip(&breaker);
    advance(&clock, secs(1));
    let _probe = breaker.try_acquire().unwrap();
    set(&policy, three().probe_lease(Duration::from_secs(100)));
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::OnRelease(Some(secs(10)))
    );
    advance(&clock, secs(10));
    let _next = breaker.try_acquire().expect("a new round");
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::OnRelease(Some(secs(100)))
    );
}

#[test]
fn a_stable_period_under_way_ends_when_it_would_have() {
    for (wait, openings) in [(micros(9_999_999), 2), (secs(10), 1)] {
        let (clock, policy) = (clock(), Adjustable::new(three().build()));
        let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
        trip(&breaker);
        advance(&clock, secs(1));
        breaker.try_acquire().unwrap().success().expect("it closes");
        set(&policy, three().stable_after(Duration::from_secs(100)));
        advance(&clock, wait);
        trip(&breaker);
        assert_eq!(breaker.snapshot().openings_in_a_row(), openings);
    }
}

/// A breaker in a ramp of 64 s.
fn recovering<'a>(clock: &'a ManualClock, policy: &'a Adjustable) -> Adjusted<'a> {
    set(policy, three().recover_over(Duration::from_secs(64)));
    let breaker: Adjusted<'_> = Breaker::new(clock, policy);
    trip(&breaker);
    advance(clock, secs(1));
    breaker.try_acquire().unwrap().success().expect("it recovers");
    breaker
}

fn admitted_of_64(breaker: &Adjusted<'_>) -> usize {
    (0..64).filter(|_| breaker.try_acquire().is_ok()).count()
}

#[test]
fn a_ramp_under_way_ends_when_it_would_have_and_its_share_is_reckoned_back_from_its_end() {
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let breaker = recovering(&clock, &policy);
    advance(&clock, secs(32));
    assert_eq!(admitted_of_64(&breaker), 33);
    // 32 s before its end, a ramp of 128 s has come three quarters of the way; one of 32 s has just begun.
    set(&policy, three().recover_over(Duration::from_secs(128)));
    assert_eq!(admitted_of_64(&breaker), 49);
    set(&policy, three().recover_over(Duration::from_secs(32)));
    assert_eq!(admitted_of_64(&breaker), 1);
    set(&policy, three().recover_over(Duration::from_secs(8)));
    assert_eq!(admitted_of_64(&breaker), 1);
    advance(&clock, micros(31_999_999));
    assert_eq!(admitted_of_64(&breaker), 64);
    assert_eq!(breaker.snapshot().state(), State::Recovering);
    advance(&clock, micros(1));
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.snapshot().state(), State::Closed);
}

#[test]
fn who_is_refused_in_a_ramp_that_became_shorter_is_told_when_it_begins() {
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let breaker = recovering(&clock, &policy);
    set(&policy, three().recover_over(Duration::from_secs(8)));
    drop(breaker.try_acquire().expect("the first of 64"));
    let shown = breaker.snapshot().retry_after();
    // 56 s until it begins, and 39 of 64 parts of it for the second call.
    assert_eq!(shown, Some(RetryAfter::In(micros(56_000_000 + 4_875_000))));
    assert_eq!(admitted_of_64(&breaker), 1);
    advance(&clock, micros(60_875_000));
    breaker.try_acquire().expect("39 of 64").success();
}

#[test]
fn a_ramp_admits_all_where_the_new_configuration_has_none_and_is_over_when_it_would_have_been() {
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let breaker = recovering(&clock, &policy);
    set(&policy, three());
    assert_eq!(admitted_of_64(&breaker), 64, "all at once");
    advance(&clock, micros(63_999_999));
    drop(breaker.try_acquire());
    assert_eq!(breaker.snapshot().state(), State::Recovering);
    advance(&clock, micros(1));
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.snapshot().state(), State::Closed);
    // And one that was not there does not begin before the next half-open period is over.
    set(&policy, three().recover_over(Duration::from_secs(64)));
    assert_eq!(admitted_of_64(&breaker), 64);
}

#[test]
fn openings_in_a_row_stay_and_the_next_gets_the_new_cool_down_of_its_number() {
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    trip(&breaker);
    for wait in [1, 2] {
        advance(&clock, secs(wait));
        breaker.try_acquire().unwrap().failure().expect("it reopens");
    }
    assert_eq!(breaker.snapshot().openings_in_a_row(), 3);
    set(
        &policy,
        three().open_for(common::exponential(
            Duration::from_secs(10),
            Duration::from_secs(80),
        )),
    );
    assert_eq!(breaker.snapshot().openings_in_a_row(), 3);
    advance(&clock, secs(4));
    breaker.try_acquire().unwrap().failure().expect("it reopens");
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(80)),
        "the fourth: 10, 20, 40, 80"
    );
}

#[test]
fn failures_in_a_row_stay_and_the_next_is_judged_by_the_new_number() {
    let (clock, policy) = (clock(), Adjustable::new(Config::consecutive(100).build()));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    for _ in 0..10 {
        breaker.try_acquire().unwrap().failure();
    }
    set(&policy, Config::consecutive(5));
    assert_eq!(
        breaker.snapshot().state(),
        State::Closed,
        "nothing happens by itself"
    );
    assert_eq!(breaker.snapshot().failures(), 10);
    assert_eq!(
        states(breaker.try_acquire().unwrap().failure()),
        Some((State::Closed, State::Open))
    );
    // The other way round.
    breaker.reset();
    trip_but_one_of(&breaker, 5);
    set(&policy, Config::consecutive(6));
    assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    assert!(breaker.try_acquire().unwrap().failure().is_some());
}

#[test]
fn until_a_ramp_is_over_a_failure_in_a_row_above_the_255th_counts_as_the_255th() {
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let breaker = recovering(&clock, &policy);
    advance(&clock, micros(63_999_999));
    set(&policy, three_hundred().recover_over(Duration::ZERO));
    trip_but_one_of(&breaker, 255);
    assert_eq!(breaker.snapshot().failures(), 254);
    assert!(
        breaker.try_acquire().unwrap().failure().is_some(),
        "as far as a ramp counts"
    );
    // And without one up to 300.
    breaker.reset();
    trip_but_one_of(&breaker, 300);
    assert!(breaker.try_acquire().unwrap().failure().is_some());
}

fn three_hundred() -> Builder {
    Config::consecutive(300)
}

fn trip_but_one_of(breaker: &Adjusted<'_>, failures: u32) {
    for _ in 1..failures {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
}

#[test]
fn what_is_in_a_window_stays_and_is_judged_by_the_new_limits_from_the_next_bad_call_on() {
    type Rated = Adjustable<NoRandom, FailureRate>;
    let clock = clock();
    let policy = Rated::new(Config::failure_rate(90, 10).build());
    let breaker: Breaker<_, &Rated, last_calls!(10)> =
        Breaker::with_window(&clock, &policy, LastCalls::new());
    for number in 0..12 {
        let permit = breaker.try_acquire().unwrap();
        let made = if [2, 4, 6, 8, 9].contains(&number) {
            permit.failure()
        } else {
            permit.success()
        };
        assert_eq!(made, None);
    }
    policy.set(&Config::failure_rate(30, 10).build()).unwrap();
    assert_eq!(breaker.snapshot().failure_percent(), Some(50));
    assert_eq!(breaker.try_acquire().unwrap().success(), None);
    assert_eq!(breaker.snapshot().failures(), 4);
    assert!(breaker.try_acquire().unwrap().failure().is_some(), "five of ten");
}

#[test]
fn a_new_minimum_is_completed_by_a_success_too_while_the_window_fills() {
    type Rated = Adjustable<NoRandom, FailureRate>;
    let clock = clock();
    let policy = Rated::new(Config::failure_rate(50, 10).build());
    let breaker: Breaker<_, &Rated, last_calls!(10)> =
        Breaker::with_window(&clock, &policy, LastCalls::new());
    for _ in 0..3 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
    policy.set(&Config::failure_rate(50, 4).build()).unwrap();
    let opened = breaker.try_acquire().unwrap().success();
    assert_eq!(
        states(opened),
        Some((State::Closed, State::Open)),
        "three of four"
    );
}

#[test]
fn probes_that_reported_stay_and_the_next_report_is_judged_by_the_new_verdict() {
    let (clock, policy) = (clock(), Adjustable::new(three().probes(1, 15).build()));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    trip(&breaker);
    advance(&clock, secs(1));
    for _ in 0..5 {
        assert_eq!(breaker.try_acquire().unwrap().success(), None);
    }
    set(&policy, three().probes(1, 3));
    assert_eq!(breaker.snapshot().state(), State::HalfOpen);
    assert_eq!(
        states(breaker.try_acquire().unwrap().success()),
        Some((State::HalfOpen, State::Closed))
    );
}

#[test]
fn with_fewer_slots_than_probes_the_round_is_full_until_enough_have_reported_or_its_lease_is_over() {
    let (clock, policy) = (clock(), Adjustable::new(three().probes(4, 15).build()));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    trip(&breaker);
    advance(&clock, secs(1));
    let mut probes: Vec<_> = (0..4).map(|_| breaker.try_acquire().unwrap()).collect();
    set(&policy, three().probes(2, 15));
    assert_eq!(breaker.snapshot().probes_in_flight(), 4);
    for _ in 0..2 {
        assert_eq!(refusal(&breaker).reason(), Reason::ProbesInFlight);
        probes.pop().unwrap().success();
    }
    assert_eq!(refusal(&breaker).reason(), Reason::ProbesInFlight, "two of two");
    probes.pop().unwrap().success();
    let third = breaker.try_acquire().expect("a slot is free");
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::OnRelease(Some(secs(10)))
    );
    advance(&clock, secs(10));
    let renewed = breaker.try_acquire().expect("its lease is over");
    assert_eq!(
        states(renewed.transition()),
        Some((State::HalfOpen, State::HalfOpen))
    );
    drop((probes, third, renewed));
    // And with more slots there is room at once.
    let _first = breaker.try_acquire().unwrap();
    let _second = breaker.try_acquire().unwrap();
    assert_eq!(refusal(&breaker).reason(), Reason::ProbesInFlight);
    set(&policy, three().probes(3, 15));
    assert_eq!(breaker.try_acquire().map(|permit| permit.is_probe()), Ok(true));
}

#[test]
fn calls_under_way_are_slow_by_the_limit_that_holds_when_they_end() {
    type Rated = Adjustable<NoRandom, FailureAndSlowRate>;
    let after = |seconds| {
        Config::failure_rate(100, 10)
            .slow_calls(100, Duration::from_secs(seconds))
            .build()
    };
    let clock = clock();
    let policy = Rated::new(after(5));
    let breaker: Breaker<_, &Rated, last_calls!(10, slow)> =
        Breaker::with_window(&clock, &policy, LastCalls::new());
    let (one, other) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    advance(&clock, secs(3));
    one.success();
    policy.set(&after(2)).unwrap();
    other.success();
    assert_eq!(
        (breaker.snapshot().calls(), breaker.snapshot().slow_calls()),
        (2, 1)
    );
}

#[test]
fn calls_under_way_are_abandoned_by_the_limit_that_holds_when_they_end() {
    let after = |seconds| three().abandoned_after(Duration::from_secs(seconds));
    let (clock, policy) = (clock(), Adjustable::new(after(5).build()));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    let (one, two, three_) = (
        breaker.try_acquire().unwrap(),
        breaker.try_acquire().unwrap(),
        breaker.try_acquire().unwrap(),
    );
    advance(&clock, secs(3));
    drop(one);
    assert_eq!(breaker.snapshot().failures(), 0);
    set(&policy, after(2));
    drop(two);
    assert_eq!(breaker.snapshot().failures(), 1);
    set(&policy, three());
    drop(three_);
    assert_eq!(breaker.snapshot().failures(), 1, "no limit any more");
    let admitted_without = breaker.try_acquire().unwrap();
    set(&policy, after(2));
    advance(&clock, secs(3));
    drop(admitted_without);
    assert_eq!(breaker.snapshot().failures(), 1, "no limit when it was admitted");
}

#[test]
fn a_new_configuration_is_obeyed_by_the_next_decision() {
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    breaker.force_open();
    for enforced in [100, 0, 100] {
        set(&policy, three().enforced(enforced));
        assert_eq!(breaker.try_acquire().is_err(), enforced == 100);
    }
    breaker.reset();
    for failures in [1, 4, 2, 255] {
        set(&policy, Config::consecutive(failures));
        trip_but_one_of(&breaker, failures);
        assert!(breaker.try_acquire().unwrap().failure().is_some());
        breaker.reset();
    }
    // One configuration serves many breakers.
    let other: Adjusted<'_> = Breaker::new(&clock, &policy);
    set(&policy, Config::consecutive(1));
    assert!(other.try_acquire().unwrap().failure().is_some());
    assert!(breaker.try_acquire().unwrap().failure().is_some());
}
