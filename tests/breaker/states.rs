//! Closed, open, and what time does to both.

use watertight::{Backoff, Reason, RetryAfter};

use super::common::{micros, millis, secs};
use super::*;

#[test]
fn it_opens_at_the_configured_number_of_failures_in_a_row() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    for _ in 0..2 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
    assert_eq!(breaker.snapshot().failures(), 2);
    assert_eq!(breaker.try_acquire().unwrap().success(), None);
    assert_eq!(
        breaker.snapshot().failures(),
        0,
        "a success ends the failures in a row"
    );
    for _ in 0..2 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
    let opened = breaker.try_acquire().unwrap().failure();
    assert_eq!(states(opened), Some((State::Closed, State::Open)));
    assert_eq!(opened.unwrap().generation(), 1);
    assert_eq!(breaker.snapshot().state(), State::Open);
}

#[test]
fn it_refuses_until_the_very_microsecond_at_which_the_cool_down_is_over() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    assert_eq!(refusal(&breaker).reason(), Reason::Open);
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(1)));
    advance(&clock, micros(999_999));
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(micros(1)));
    assert_eq!(breaker.snapshot().retry_after(), Some(RetryAfter::In(micros(1))));
    advance(&clock, micros(1));
    assert_eq!(breaker.snapshot().retry_after(), None);
    let probe = breaker.try_acquire().unwrap();
    assert!(probe.is_probe());
    assert_eq!(states(probe.transition()), Some((State::Open, State::HalfOpen)));
}

#[test]
fn coarse_ticks_refuse_until_the_instant_they_name_and_admit_at_it() {
    // An hour at the most: a tick is 16 us.
    static HOURS: Config = Config::consecutive(1)
        .open_for(common::exponential(SECOND, Duration::from_secs(3600)))
        .build();
    for offset in 0..40 {
        let clock = clock();
        advance(&clock, micros(offset));
        let breaker = breaker(&clock, &HOURS);
        trip(&breaker);
        advance(&clock, micros(offset * 31));
        let RetryAfter::In(wait) = refusal(&breaker).retry_after() else {
            panic!("time ends it")
        };
        let total = wait.saturating_add(micros(offset * 31));
        assert!(
            total >= secs(1) && total <= secs(1).saturating_add(micros(31)),
            "{total:?}"
        );
        advance(&clock, wait.saturating_sub(micros(1)));
        assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(micros(1)));
        advance(&clock, micros(1));
        breaker.try_acquire().unwrap().ignore();
    }
}

#[test]
fn no_time_at_all_is_over_at_once_whatever_the_tick() {
    // A tick is 2^18 us.
    static YEARS: Config = Config::consecutive(1)
        .open_for(common::exponential(SECOND, Duration::from_secs(4)))
        .probe_lease(Duration::from_secs(700 * 86_400))
        .stable_after(Duration::ZERO)
        .build();
    let clock = ManualClock::starting_at(Instant::from_micros((1 << 18) + 1));
    let breaker = breaker(&clock, &YEARS);
    trip(&breaker);
    advance(&clock, secs(2));
    breaker.try_acquire().unwrap().success().expect("it closes");
    trip(&breaker);
    assert_eq!(breaker.snapshot().openings_in_a_row(), 1, "stable at once");
}

#[test]
fn one_success_of_a_probe_closes_it_and_one_failure_reopens_it() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    let reopened = breaker.try_acquire().unwrap().failure();
    assert_eq!(states(reopened), Some((State::HalfOpen, State::Open)));
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(2)),
        "the second opening in a row"
    );
    advance(&clock, secs(2));
    let closed = breaker.try_acquire().unwrap().success();
    assert_eq!(states(closed), Some((State::HalfOpen, State::Closed)));
    assert_eq!(closed.unwrap().generation(), 5);
    assert_eq!(breaker.try_acquire().unwrap().transition(), None);
}

#[test]
fn cool_downs_grow_with_openings_in_a_row_up_to_the_cap_and_fall_back_after_a_stable_period() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    for wait in [1, 2, 4, 4, 4] {
        // Close and open again before the breaker is stable.
        trip(&breaker);
        assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(wait)));
        advance(&clock, secs(wait));
        breaker.try_acquire().unwrap().success().expect("it closes");
        advance(&clock, micros(9_999_999));
    }
    assert_eq!(breaker.snapshot().openings_in_a_row(), 5);
    advance(&clock, micros(1));
    trip(&breaker);
    assert_eq!(breaker.snapshot().openings_in_a_row(), 1);
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(1)),
        "closed for ten seconds: the first again"
    );
}

#[test]
fn the_service_may_ask_for_a_longer_opening_up_to_the_configured_one() {
    static HINTED: Config = Config::consecutive(1)
        .open_for(
            Backoff::constant(SECOND)
                .max_hint(Duration::from_secs(20))
                .build(),
        )
        .build();
    for (hint, wait) in [
        (Micros::ZERO, secs(1)),
        (millis(999), secs(1)),
        (millis(1_500), millis(1_500)),
        (secs(20), secs(20)),
        (secs(21), secs(20)),
        (Micros::MAX, secs(20)),
    ] {
        let clock = clock();
        let breaker = breaker(&clock, &HINTED);
        breaker
            .try_acquire()
            .unwrap()
            .failure_retry_after(hint)
            .expect("it opens");
        assert_eq!(
            refusal(&breaker).retry_after(),
            RetryAfter::In(wait),
            "asked for {hint}"
        );
    }
    // Not said: up to the longest cool-down of its own.
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip_but_one(&breaker);
    breaker
        .try_acquire()
        .unwrap()
        .failure_retry_after(Micros::MAX)
        .expect("it opens");
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(4)));
}

#[test]
fn reset_closes_it_and_makes_everything_under_way_late() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    breaker.try_acquire().unwrap().failure().expect("it reopens");
    advance(&clock, secs(2));
    let probe = breaker.try_acquire().unwrap();
    let transition = breaker.reset();
    assert_eq!(
        (transition.from(), transition.to()),
        (State::HalfOpen, State::Closed)
    );
    assert_eq!(probe.failure(), None);
    assert_eq!(breaker.snapshot().failures(), 0);
    assert_eq!(breaker.snapshot().openings_in_a_row(), 0);
    trip(&breaker);
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(1)),
        "the first cool-down"
    );
}

#[test]
fn a_clock_that_stands_or_steps_back_makes_openings_longer_and_heals() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    clock.step_back(secs(60)).unwrap();
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(61)));
    advance(&clock, secs(61));
    breaker.try_acquire().unwrap().failure().expect("it reopens");
    // Further back than any timer reaches: the opening is believed to be long past.
    clock.step_back(secs(3600)).unwrap();
    breaker.try_acquire().unwrap().success().expect("it closes");
}

#[test]
fn the_longest_failures_in_a_row_that_can_be_configured() {
    static PATIENT: Config = Config::consecutive(4_095).build();
    let clock = clock();
    let breaker = breaker(&clock, &PATIENT);
    for failures in 1..4_095 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
        assert_eq!(breaker.snapshot().failures(), failures);
    }
    assert!(breaker.try_acquire().unwrap().failure().is_some());
}

#[test]
fn generations_come_round_and_the_breaker_goes_on() {
    static ONE: Config = Config::consecutive(1).open_for(common::constant(SECOND)).build();
    let clock = clock();
    let breaker = breaker(&clock, &ONE);
    let mut generation = 0;
    for _ in 0..2_000 {
        let mut next = || {
            generation = (generation + 1) % 512;
            generation
        };
        assert_eq!(trip(&breaker).generation(), next());
        advance(&clock, secs(1));
        let probe = breaker.try_acquire().unwrap();
        assert_eq!(probe.transition().unwrap().generation(), next());
        assert_eq!(probe.success().unwrap().generation(), next());
    }
}
