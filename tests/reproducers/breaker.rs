//! Faults of circuit breakers and their backoffs.

use core::time::Duration;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use watertight::breaker::{
    Consecutive, FailureAndSlowRate, FailureRate, LastCalls, LastTime, NoRandom, Policy,
};
use watertight::{
    Backoff, Breaker, Config, Instant, Jitter, ManualClock, Micros, RetryAfter, SharedRandom, State,
    last_calls, last_time,
};

use crate::common::{self, micros, millis, secs};
use crate::{SECOND, clock};

fn trip<P: Policy<Rule = Consecutive>>(breaker: &Breaker<&ManualClock, P>) {
    let opened = breaker.try_acquire().expect("it is closed").failure();
    assert_eq!(opened.expect("one failure opens it").to(), State::Open);
}

/// Probe accounting beside the state admits all of 1000 callers at the end of the cool-down.
#[test]
fn a_thousand_callers_at_the_end_of_the_cool_down() {
    static THREE_PROBES: Config = Config::consecutive(1)
        .probes(3, 3)
        .open_for(common::constant(SECOND))
        .build();
    let clock = clock();
    let breaker = Breaker::new(&clock, &THREE_PROBES);
    for _ in 0..if cfg!(miri) { 1 } else { 20 } {
        trip(&breaker);
        clock.advance(secs(1)).unwrap();
        let (threads, calls) = if cfg!(miri) { (4, 10) } else { (10, 100) };
        let start = Barrier::new(threads);
        let admitted = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..calls {
                        if let Ok(permit) = breaker.try_acquire() {
                            admitted.fetch_add(1, Ordering::Relaxed);
                            std::mem::forget(permit);
                        }
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 3);
        breaker.reset();
    }
}

/// A cancelled probe that keeps its slot wedges the breaker in half-open for ever.
#[test]
fn one_cancelled_probe() {
    static ONE_PROBE: Config = Config::consecutive(1).open_for(common::constant(SECOND)).build();
    let clock = clock();
    let breaker = Breaker::new(&clock, &ONE_PROBE);
    trip(&breaker);
    clock.advance(secs(1)).unwrap();
    drop(breaker.try_acquire().expect("the probe"));
    let probe = breaker.try_acquire().expect("the slot is free again, at once");
    assert_eq!(probe.success().expect("it closes").to(), State::Closed);
}

/// A half-open state that admits N calls in all and wants M > N successes never closes.
#[test]
fn probes_fewer_than_the_required_successes() {
    static ONE_OF_FIFTEEN: Config = Config::consecutive(1)
        .probes(1, 15)
        .open_for(common::constant(SECOND))
        .build();
    let clock = clock();
    let breaker = Breaker::new(&clock, &ONE_OF_FIFTEEN);
    trip(&breaker);
    clock.advance(secs(1)).unwrap();
    for _ in 1..15 {
        assert_eq!(breaker.try_acquire().expect("one at a time").success(), None);
    }
    let last = breaker.try_acquire().expect("one at a time").success();
    assert_eq!(last.expect("the fifteenth closes").to(), State::Closed);
}

/// Cool-downs kept in whole seconds make 500 ms zero, or a second.
#[test]
fn a_cool_down_of_500_ms() {
    static HALF_A_SECOND: Config = Config::consecutive(1)
        .open_for(common::constant(Duration::from_millis(500)))
        .build();
    let clock = clock();
    let breaker = Breaker::new(&clock, &HALF_A_SECOND);
    trip(&breaker);
    let refused = breaker.try_acquire().expect_err("it is open");
    assert_eq!(refused.retry_after(), RetryAfter::In(millis(500)));
    clock.advance(micros(499_999)).unwrap();
    assert_eq!(
        breaker.try_acquire().expect_err("still").retry_after(),
        RetryAfter::In(micros(1))
    );
    clock.advance(micros(1)).unwrap();
    breaker.try_acquire().expect("not a microsecond more").ignore();
}

/// The same jitter seed on every device brings a whole fleet back in the same instant.
#[test]
fn a_fleet_of_200_with_different_seeds() {
    let fleet = 200;
    let cool_down = Backoff::exponential(SECOND, Duration::from_secs(8))
        .jitter(Jitter::Full)
        .build();
    let mut delays: Vec<Vec<Micros>> = vec![Vec::new(); 5];
    for seed in 0..fleet {
        let random = SharedRandom::seeded(seed);
        let config = Config::consecutive(1)
            .open_for(cool_down)
            .random(&random)
            .try_build()
            .unwrap();
        let clock = clock();
        let breaker = Breaker::new(&clock, config);
        for delays in &mut delays {
            if breaker.snapshot().state() == State::Closed {
                trip(&breaker);
            } else {
                breaker
                    .try_acquire()
                    .expect("the probe")
                    .failure()
                    .expect("it reopens");
            }
            let wait = match breaker.snapshot().retry_after() {
                Some(RetryAfter::In(wait)) => wait,
                _ => Micros::ZERO,
            };
            delays.push(wait);
            clock.advance(wait).unwrap();
        }
    }
    for (delays, cap) in delays.iter_mut().zip([1, 2, 4, 8, 8]) {
        let cap = secs(cap);
        delays.sort();
        assert!(delays.iter().all(|delay| *delay <= cap));
        // Uniform over [0, cap]: each tenth of the range expects 20 of 200, with a deviation of 4.24. Fewer than 3
        // or more than 37 lies 4 deviations out; there are fifty such counts.
        for tenth in 0..10 {
            let (from, to) = (cap.as_micros() * tenth / 10, cap.as_micros() * (tenth + 1) / 10);
            let inside = delays
                .iter()
                .filter(|delay| (from..to).contains(&delay.as_micros()))
                .count();
            assert!(
                (3..=37).contains(&inside),
                "{inside} of {fleet} between {from} and {to} us"
            );
        }
        delays.dedup();
        assert!(
            delays.len() >= 195,
            "{} different delays of {fleet}",
            delays.len()
        );
    }
}

/// A success that was under way before the trip closes the breaker.
#[test]
fn a_success_from_before_the_trip() {
    static ONE: Config = Config::consecutive(1).open_for(common::constant(SECOND)).build();
    let clock = clock();
    let breaker = Breaker::new(&clock, &ONE);
    let (early, earlier) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    trip(&breaker);
    assert_eq!(early.success(), None);
    clock.advance(secs(1)).unwrap();
    let _probe = breaker.try_acquire().expect("the probe");
    assert_eq!(earlier.success(), None);
    assert_eq!(breaker.snapshot().state(), State::HalfOpen);
}

/// A clock that does not start at zero is taken for one on which everything is long past, or far ahead.
#[test]
fn a_clock_that_does_not_start_at_zero() {
    static ONE: Config = Config::consecutive(1).open_for(common::constant(SECOND)).build();
    for start in [
        0,
        1,
        1 << 29,
        1 << 30,
        1 << 45,
        1 << 46,
        u64::MAX / 2,
        u64::MAX - 999_999,
        u64::MAX,
    ] {
        let clock = ManualClock::starting_at(Instant::from_micros(start));
        let breaker = Breaker::new(&clock, &ONE);
        trip(&breaker);
        clock.advance(micros(999_999)).unwrap();
        assert_eq!(
            breaker.try_acquire().expect_err("open").retry_after(),
            RetryAfter::In(micros(1))
        );
        clock.advance(micros(1)).unwrap();
        breaker
            .try_acquire()
            .expect("the probe")
            .success()
            .expect("it closes");
    }
}

/// A window of 10 that keeps all calls it ever saw needs 1000 failures after 1000 successes.
#[test]
fn a_window_that_never_slides() {
    static HALF: Config<NoRandom, FailureRate> = Config::failure_rate(50, 10).build();
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(10)> = Breaker::with_window(&clock, &HALF, LastCalls::new());
    for _ in 0..1_000 {
        breaker.try_acquire().unwrap().success();
    }
    for _ in 0..4 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
    let fifth = breaker.try_acquire().unwrap().failure();
    assert_eq!(fifth.expect("five of the last ten").to(), State::Open);
}

/// A rate that is looked at only after failures misses three failures of four, if the fourth call is a success.
#[test]
fn a_success_that_completes_the_minimum() {
    static HALF: Config<NoRandom, FailureRate> = Config::failure_rate(50, 4).build();
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(10)> = Breaker::with_window(&clock, &HALF, LastCalls::new());
    for _ in 0..3 {
        assert_eq!(
            breaker.try_acquire().unwrap().failure(),
            None,
            "too few calls to tell"
        );
    }
    let fourth = breaker.try_acquire().unwrap().success();
    assert_eq!(fourth.expect("three of four").to(), State::Open);
}

/// A service that answers everything, too late: it is down, and has not failed once.
#[test]
fn slow_successes() {
    static BUDGET: Config<NoRandom, FailureAndSlowRate> =
        Config::failure_rate(50, 4).slow_calls(80, SECOND).build();
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(5, slow)> =
        Breaker::with_window(&clock, &BUDGET, LastCalls::new());
    let answered_after = |span: Micros| {
        let permit = breaker.try_acquire().unwrap();
        clock.advance(span).unwrap();
        permit.success()
    };
    assert_eq!(answered_after(secs(1)), None, "in time, if only just");
    for _ in 0..3 {
        assert_eq!(answered_after(micros(1_000_001)), None);
    }
    assert_eq!(breaker.snapshot().failures(), 0);
    let fourth = answered_after(secs(60));
    assert_eq!(fourth.expect("four of five").to(), State::Open);
}

/// A window that is swept slot by slot takes minutes under a lock, after days in which nobody called; one that looks at
/// the lowest bits of its slots' numbers takes failures of last year for recent ones.
#[test]
fn idle_for_a_year() {
    static HALF: Config<NoRandom, FailureRate> = Config::failure_rate(50, 4).build();
    let year = secs(365 * 86_400);
    // And to within a bucket of it, or of 2^k of the ring's rounds.
    for idle in [
        year,
        year.saturating_sub(micros(1 << 20)),
        micros(1 << 44),
        micros((1 << 45) + 1),
    ] {
        let clock = clock();
        let breaker: Breaker<_, _, last_time!(10_000, 16)> =
            Breaker::with_window(&clock, &HALF, LastTime::new());
        for _ in 0..3 {
            breaker.try_acquire().unwrap().failure();
        }
        assert_eq!(breaker.snapshot().calls(), 3);
        clock.advance(idle).unwrap();
        assert_eq!(breaker.snapshot().calls(), 0);
        assert_eq!(
            breaker.try_acquire().unwrap().failure(),
            None,
            "the first of these"
        );
        assert_eq!(
            (breaker.snapshot().calls(), breaker.snapshot().failures()),
            (1, 1)
        );
        for _ in 0..2 {
            assert_eq!(breaker.try_acquire().unwrap().failure(), None);
        }
        assert!(breaker.try_acquire().unwrap().failure().is_some(), "four of four");
    }
}

/// Where probes are counted in the window, one that is shorter than they are apart never holds enough of them, and the
/// breaker stays half-open for ever.
#[test]
fn half_open_starved_by_a_short_window() {
    let short = |builder: watertight::breaker::Builder<NoRandom, FailureRate>| {
        builder.open_for(common::constant(SECOND)).build()
    };
    let by_successes = short(Config::failure_rate(50, 5).probes(1, 5));
    let by_ratio = short(Config::failure_rate(50, 5).probes_by_ratio(1, 9, 50));
    for config in [by_successes, by_ratio] {
        let clock = clock();
        // A tenth of a second, and probes a minute apart.
        let breaker: Breaker<_, _, last_time!(100, 8)> =
            Breaker::with_window(&clock, config, LastTime::new());
        for _ in 0..4 {
            assert_eq!(breaker.try_acquire().unwrap().failure(), None);
        }
        assert!(breaker.try_acquire().unwrap().failure().is_some());
        for _ in 0..4 {
            clock.advance(secs(60)).unwrap();
            assert_eq!(breaker.try_acquire().expect("one at a time").success(), None);
        }
        clock.advance(secs(60)).unwrap();
        let fifth = breaker.try_acquire().expect("one at a time").success();
        assert_eq!(fifth.expect("that is enough").to(), State::Closed);
    }
}
