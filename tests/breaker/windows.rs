//! Rates and slow calls, as a story; that they are counted right is in `tests/breaker_last_calls`.

use watertight::breaker::{Builder, FailureAndSlowRate, FailureRate, LastCalls, NoRandom};
use watertight::{RetryAfter, last_calls};

use super::common::{micros, millis, secs};
use super::*;

static HALF: Config<NoRandom, FailureRate> = Config::failure_rate(50, 4)
    .open_for(common::constant(SECOND))
    .build();

static SLOW: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(100, 4)
    .slow_calls(50, SECOND)
    .open_for(common::constant(SECOND))
    .abandoned_after(Duration::from_secs(5))
    .build();

#[test]
fn it_opens_at_the_failure_that_makes_the_rate_and_not_before() {
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(100)> = Breaker::with_window(&clock, &HALF, LastCalls::new());
    for calls in 1..1_000 {
        assert_eq!(breaker.try_acquire().unwrap().success(), None);
        assert_eq!(breaker.snapshot().calls(), calls.min(100));
    }
    for failures in 1..50 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
        assert_eq!(breaker.snapshot().failures(), failures);
    }
    let opened = breaker.try_acquire().unwrap().failure();
    assert_eq!(states(opened), Some((State::Closed, State::Open)));
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(1)));
}

#[test]
fn an_outcome_that_is_ignored_or_cancelled_is_not_in_the_window() {
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(4)> = Breaker::with_window(&clock, &HALF, LastCalls::new());
    breaker.try_acquire().unwrap().failure();
    for _ in 0..10 {
        breaker.try_acquire().unwrap().ignore();
        drop(breaker.try_acquire().unwrap());
    }
    assert_eq!(
        (breaker.snapshot().calls(), breaker.snapshot().failures()),
        (1, 1)
    );
}

#[test]
fn an_outcome_from_before_the_trip_is_not_in_the_window_after_it() {
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(4)> = Breaker::with_window(&clock, &HALF, LastCalls::new());
    let early: Vec<_> = (0..8).map(|_| breaker.try_acquire().unwrap()).collect();
    for _ in 0..3 {
        breaker.try_acquire().unwrap().failure();
    }
    breaker.try_acquire().unwrap().failure().expect("four of four");
    advance(&clock, secs(1));
    breaker.try_acquire().unwrap().success().expect("it closes");
    for permit in early {
        assert_eq!(permit.failure(), None);
    }
    assert_eq!(
        (breaker.snapshot().state(), breaker.snapshot().calls()),
        (State::Closed, 0)
    );
}

#[test]
fn a_call_is_slow_if_it_took_strictly_longer_and_slow_successes_open() {
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(4, slow)> = Breaker::with_window(&clock, &SLOW, LastCalls::new());
    let succeed = |took: Micros| {
        let permit = breaker.try_acquire().unwrap();
        advance(&clock, took);
        permit.success()
    };
    for _ in 0..20 {
        assert_eq!(succeed(secs(1)), None);
    }
    assert_eq!(breaker.snapshot().slow_calls(), 0, "not longer than a second");
    assert_eq!(succeed(micros(1_000_001)), None);
    assert_eq!(
        (breaker.snapshot().slow_calls(), breaker.snapshot().slow_percent()),
        (1, Some(25))
    );
    let opened = succeed(micros(1_000_001));
    assert_eq!(states(opened), Some((State::Closed, State::Open)));
}

#[test]
fn a_slow_failure_is_both() {
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(4, slow)> = Breaker::with_window(&clock, &SLOW, LastCalls::new());
    let permit = breaker.try_acquire().unwrap();
    advance(&clock, secs(2));
    permit.failure();
    // So is a call that was given up.
    let abandoned = breaker.try_acquire().unwrap();
    advance(&clock, secs(5));
    drop(abandoned);
    // And a future that was dropped in time is neither.
    drop(breaker.try_acquire().unwrap());
    let shown = breaker.snapshot();
    assert_eq!((shown.calls(), shown.failures(), shown.slow_calls()), (2, 2, 2));
}

#[test]
fn a_probe_that_is_slow_is_taken_for_a_failed_one() {
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(4, slow)> = Breaker::with_window(&clock, &SLOW, LastCalls::new());
    for _ in 0..3 {
        breaker.try_acquire().unwrap().failure();
    }
    breaker.try_acquire().unwrap().failure().expect("four of four");
    advance(&clock, secs(1));
    let probe = breaker.try_acquire().unwrap();
    advance(&clock, micros(1_000_001));
    assert_eq!(states(probe.success()), Some((State::HalfOpen, State::Open)));
    advance(&clock, secs(1));
    let probe = breaker.try_acquire().unwrap();
    advance(&clock, secs(1));
    assert_eq!(states(probe.success()), Some((State::HalfOpen, State::Closed)));
}

#[test]
fn a_call_by_an_instant_in_hand_is_timed_by_the_two_that_are_named() {
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(4, slow)> = Breaker::with_window(&clock, &SLOW, LastCalls::new());
    let start = Instant::from_micros(u64::MAX);
    breaker
        .at(start)
        .try_acquire()
        .unwrap()
        .at(start.after(secs(1)))
        .success();
    assert_eq!(breaker.snapshot().slow_calls(), 0);
    breaker
        .at(start)
        .try_acquire()
        .unwrap()
        .at(start.after(micros(1_000_001)))
        .success();
    assert_eq!(breaker.snapshot().slow_calls(), 1);
    // One that ended before it began took no time.
    breaker
        .at(start)
        .try_acquire()
        .unwrap()
        .at(start.before(secs(9)))
        .success();
    assert_eq!(breaker.snapshot().slow_calls(), 1);
}

#[test]
fn a_hint_counts_with_a_rate_too() {
    static HINTED: Config<NoRandom, FailureRate> = Config::failure_rate(100, 2)
        .open_for(
            watertight::Backoff::constant(SECOND)
                .max_hint(Duration::from_secs(9))
                .build(),
        )
        .build();
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(2)> = Breaker::with_window(&clock, &HINTED, LastCalls::new());
    breaker.try_acquire().unwrap().failure_retry_after(secs(8));
    breaker
        .try_acquire()
        .unwrap()
        .failure_retry_after(millis(1_500))
        .expect("it opens");
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(millis(1_500)),
        "of the call that opened it"
    );
}

#[test]
fn a_rate_that_makes_no_sense_is_refused_with_a_sentence() {
    let rate = "a breaker opens at a failure rate of 1 to 100 percent";
    let minimum = "a failure rate needs a minimum of 1 to 1000000 calls";
    for (percent, calls, sentence) in [
        (0, 1, rate),
        (101, 1, rate),
        (u32::MAX, 1, rate),
        (1, 0, minimum),
        (100, 1_000_001, minimum),
    ] {
        let built = Config::failure_rate(percent, calls).try_build();
        assert_eq!(built.expect_err(sentence).to_string(), sentence);
    }
    let slow = |percent| {
        Config::failure_rate(50, 1)
            .slow_calls(percent, SECOND)
            .try_build()
    };
    for percent in [0, 101, u32::MAX] {
        assert_eq!(
            slow(percent).expect_err("out of range").to_string(),
            "a breaker opens at a rate of 1 to 100 percent of slow calls"
        );
    }
    let good: [Builder<NoRandom, FailureRate>; 2] =
        [Config::failure_rate(1, 1), Config::failure_rate(100, 1_000_000)];
    for good in good {
        good.try_build().expect("it makes sense");
        good.slow_calls(1, Duration::ZERO)
            .try_build()
            .expect("it makes sense");
        good.slow_calls(100, Duration::MAX)
            .try_build()
            .expect("it makes sense");
    }
}
