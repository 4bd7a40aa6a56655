//! The ramp after half-open: a share of the calls, and how it grows.

use core::cell::Cell;

use watertight::breaker::{LastCalls, NoRandom};
use watertight::{Clock, Reason, RetryAfter, last_calls};

use super::common::{micros, secs};
use super::*;

/// A 64th of the ramp is a second.
static RAMP: Config = Config::consecutive(3)
    .open_for(common::exponential(SECOND, Duration::from_secs(4)))
    .stable_after(Duration::from_secs(10))
    .recover_over(Duration::from_secs(64))
    .build();

/// The same in ticks of 16 us.
static COARSE: Config = Config::consecutive(3)
    .open_for(common::exponential(SECOND, Duration::from_secs(4)))
    .recover_over(Duration::from_secs(64))
    .longest_wait(Duration::from_secs(3600))
    .build();

/// A breaker that has just closed again.
fn recovering<'a>(clock: &'a ManualClock, config: &'static Config) -> Breaker<&'a ManualClock> {
    let breaker = breaker(clock, config);
    trip(&breaker);
    // A cool-down in coarse ticks is a little longer.
    advance(clock, secs(1).saturating_add(micros(32)));
    let closed = breaker.try_acquire().expect("the probe").success();
    assert_eq!(states(closed), Some((State::HalfOpen, State::Recovering)));
    breaker
}

#[test]
fn the_first_call_is_admitted_at_once_and_then_one_of_64() {
    let clock = clock();
    let breaker = recovering(&clock, &RAMP);
    for round in 0..3 {
        assert_eq!(breaker.snapshot().retry_after(), None);
        let first = breaker.try_acquire().expect("one of 64");
        assert!(!first.is_probe(), "round {round}");
        assert_eq!(first.success(), None);
        for _ in 1..64 {
            assert_eq!(refusal(&breaker).reason(), Reason::Recovering);
        }
    }
}

#[test]
fn of_any_64_calls_in_a_row_just_the_share_is_admitted() {
    for step in (0..64).step_by(if cfg!(miri) { 21 } else { 1 }) {
        // As soon as the share is reached, and just before the next.
        for late in [0, 999_999] {
            let clock = clock();
            let breaker = recovering(&clock, &RAMP);
            advance(&clock, secs(step).saturating_add(micros(late)));
            let admitted: Vec<bool> = (0..200).map(|_| breaker.try_acquire().is_ok()).collect();
            for window in admitted.windows(64) {
                let share = window.iter().filter(|admitted| **admitted).count() as u64;
                assert_eq!(share, step + 1, "{step} s and {late} us");
            }
            // And spread evenly: of 16 in a row a quarter of that, one more or less.
            for window in admitted.windows(16) {
                let share = window.iter().filter(|admitted| **admitted).count() as u64;
                assert!(share.abs_diff((step + 1) / 4) <= 2, "{share} of 16, {step} s");
            }
        }
    }
}

#[test]
fn of_a_short_ramp_too_the_share_is_what_is_over_of_it() {
    let ramps = [1, 10, 63, 64, 65, 100, 1_000];
    for ramp in ramps.into_iter().take(if cfg!(miri) { 2 } else { 7 }) {
        let config = Config::consecutive(3)
            .open_for(common::constant(SECOND))
            .recover_over(Duration::from_micros(ramp))
            .build();
        for over in 0..ramp {
            let clock = clock();
            let breaker = Breaker::new(&clock, config);
            trip(&breaker);
            advance(&clock, secs(1));
            breaker.try_acquire().unwrap().success().expect("it recovers");
            advance(&clock, micros(over));
            let admitted = (0..64).filter(|_| breaker.try_acquire().is_ok()).count();
            // The microsecond that has begun is over.
            let share = (64 * (over + 1)).div_ceil(ramp).min(64);
            assert_eq!(admitted as u64, share, "{over} of {ramp} us");
        }
    }
}

#[test]
fn who_makes_every_second_call_or_every_fourth_gets_the_share_too() {
    for step in (0..64).step_by(if cfg!(miri) { 21 } else { 1 }) {
        let clock = clock();
        let breaker = recovering(&clock, &RAMP);
        advance(&clock, secs(step));
        let admitted: Vec<bool> = (0..8 * 64).map(|_| breaker.try_acquire().is_ok()).collect();
        for callers in [2, 3, 4, 5, 8] {
            for first in 0..callers {
                let his = admitted.iter().skip(first).step_by(callers).take(64);
                let share = his.filter(|admitted| **admitted).count() as u64;
                assert!(
                    share.abs_diff(step + 1) <= callers as u64,
                    "{share} of 64 for one of {callers}, {step} s"
                );
            }
        }
    }
}

/// A breaker `late` microseconds after the instant at which it began to recover, or before it, and after so many calls.
fn after<'a>(
    clock: &'a ManualClock,
    config: &'static Config,
    late: i64,
    calls: u32,
) -> Breaker<&'a ManualClock> {
    let breaker = recovering(clock, config);
    if late < 0 {
        clock.step_back(micros(late.unsigned_abs())).unwrap();
    } else {
        advance(clock, micros(late as u64));
    }
    for _ in 0..calls {
        drop(breaker.try_acquire());
    }
    breaker
}

#[test]
fn a_refused_call_is_told_the_earliest_instant_at_which_it_alone_is_admitted() {
    // A clock may be behind that of whoever closed the breaker: the ramp begins when that one's says so.
    let offsets = [
        -10_000_000,
        -1,
        0,
        1,
        15,
        999_999,
        20_000_000,
        40_500_007,
        63_999_984,
        63_999_999,
    ];
    let ticks = if cfg!(miri) { 0..1 } else { 0..3 };
    for (config, begun) in ticks.flat_map(|begun| [(&RAMP, begun * 7), (&COARSE, begun * 7)]) {
        // Wherever in a tick the breaker closed.
        let clock = || ManualClock::starting_at(Instant::from_micros(u64::MAX - 1_234_567 + begun));
        for offset in offsets {
            for calls_before in 0..if cfg!(miri) { 3 } else { 65 } {
                let now = clock();
                let breaker = after(&now, config, offset, calls_before);
                let Err(rejected) = breaker.try_acquire().map(drop) else {
                    continue;
                };
                let RetryAfter::In(wait) = rejected.retry_after() else {
                    panic!("time ends it")
                };
                let shown = (wait > Micros::ZERO).then_some(RetryAfter::In(wait));
                assert_eq!(
                    breaker.snapshot().retry_after(),
                    shown,
                    "a snapshot says the same"
                );
                // The same again, later.
                let ask = |span: Micros| {
                    let later = clock();
                    let breaker = after(&later, config, offset, calls_before + 1);
                    advance(&later, span);
                    breaker.try_acquire().map(drop)
                };
                assert_eq!(ask(wait), Ok(()), "{offset} us, after {calls_before}: {wait}");
                if wait > Micros::ZERO {
                    let early = ask(wait.saturating_sub(micros(1)));
                    assert!(
                        early.is_err(),
                        "{offset} us, after {calls_before}: {wait} less 1 us"
                    );
                }
            }
        }
    }
}

#[test]
fn its_end_is_a_transition_within_the_generation_and_admits_all() {
    let clock = clock();
    let breaker = recovering(&clock, &RAMP);
    let generation = breaker.snapshot().generation();
    advance(&clock, micros(63_999_999));
    // All 64 of 64.
    for _ in 0..64 {
        assert_eq!(breaker.try_acquire().unwrap().success(), None);
    }
    assert_eq!(breaker.snapshot().state(), State::Recovering);
    advance(&clock, micros(1));
    assert_eq!(
        breaker.snapshot().state(),
        State::Recovering,
        "until somebody calls"
    );
    let permit = breaker.try_acquire().unwrap();
    let made = permit.transition().expect("the ramp is over");
    assert_eq!((made.from(), made.to()), (State::Recovering, State::Closed));
    assert_eq!(made.generation(), generation);
    assert_eq!(breaker.snapshot().generation(), generation);
    assert_eq!(breaker.snapshot().state(), State::Closed);
}

#[test]
fn failures_in_it_reopen_with_the_next_cool_down() {
    let clock = clock();
    let breaker = recovering(&clock, &RAMP);
    // As long as a stable period: a ramp is none.
    advance(&clock, secs(63));
    let reopened = trip(&breaker);
    assert_eq!((reopened.from(), reopened.to()), (State::Recovering, State::Open));
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(2)));
    assert_eq!(breaker.snapshot().openings_in_a_row(), 2);
}

#[test]
fn its_end_is_no_stable_period_for_who_reports_before_anybody_calls_again() {
    let clock = clock();
    let breaker = recovering(&clock, &RAMP);
    advance(&clock, secs(63));
    let late: Vec<_> = (0..3).map(|_| breaker.try_acquire().unwrap()).collect();
    advance(&clock, secs(1_000));
    let reopened = late.into_iter().find_map(watertight::Permit::failure);
    assert_eq!(states(reopened), Some((State::Recovering, State::Open)));
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(2)));
}

#[test]
fn only_after_it_the_stable_period_begins() {
    let clock = clock();
    let breaker = recovering(&clock, &RAMP);
    advance(&clock, secs(64));
    breaker.try_acquire().expect("it closes").success();
    advance(&clock, micros(9_999_999));
    trip(&breaker);
    assert_eq!(breaker.snapshot().openings_in_a_row(), 2);
    advance(&clock, secs(2));
    breaker.try_acquire().unwrap().success().expect("it recovers");
    advance(&clock, secs(64));
    breaker.try_acquire().expect("it closes").success();
    advance(&clock, secs(10));
    trip(&breaker);
    assert_eq!(
        breaker.snapshot().openings_in_a_row(),
        1,
        "stable for ten seconds"
    );
}

#[test]
fn calls_admitted_in_it_count_after_its_end() {
    let clock = clock();
    let breaker = recovering(&clock, &RAMP);
    advance(&clock, secs(63));
    let under_way = breaker.try_acquire().unwrap();
    trip_but_one(&breaker);
    assert_eq!(breaker.snapshot().failures(), 2);
    advance(&clock, secs(1));
    drop(breaker.try_acquire().expect("it closes"));
    assert_eq!(breaker.snapshot().state(), State::Closed);
    assert_eq!(breaker.snapshot().failures(), 2, "of the ramp");
    assert_eq!(states(under_way.failure()), Some((State::Closed, State::Open)));
}

#[test]
fn a_window_goes_on_over_its_end_too() {
    static HALF: Config<NoRandom, watertight::breaker::FailureRate> = Config::failure_rate(50, 4)
        .open_for(common::constant(SECOND))
        .recover_over(Duration::from_secs(64))
        .build();
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(4)> = Breaker::with_window(&clock, &HALF, LastCalls::new());
    for _ in 0..3 {
        breaker.try_acquire().unwrap().failure();
    }
    breaker.try_acquire().unwrap().failure().expect("four of four");
    advance(&clock, secs(1));
    breaker.try_acquire().unwrap().success().expect("it recovers");
    assert_eq!(breaker.snapshot().calls(), 0, "a new generation starts empty");
    advance(&clock, secs(63));
    assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    assert_eq!(breaker.try_acquire().unwrap().success(), None);
    advance(&clock, secs(1));
    breaker.try_acquire().expect("it closes").success();
    assert_eq!(
        (breaker.snapshot().calls(), breaker.snapshot().failures()),
        (3, 1)
    );
    let opened = breaker.try_acquire().unwrap().failure();
    assert_eq!(states(opened), Some((State::Closed, State::Open)), "two of four");
}

#[test]
fn a_failure_rate_over_the_limit_in_it_reopens() {
    static HALF: Config<NoRandom, watertight::breaker::FailureRate> = Config::failure_rate(50, 2)
        .open_for(common::exponential(SECOND, Duration::from_secs(4)))
        .recover_over(Duration::from_secs(64))
        .build();
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(4)> = Breaker::with_window(&clock, &HALF, LastCalls::new());
    trip(&breaker);
    advance(&clock, secs(1));
    breaker.try_acquire().unwrap().success().expect("it recovers");
    advance(&clock, secs(63));
    assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    let reopened = breaker.try_acquire().unwrap().failure();
    assert_eq!(states(reopened), Some((State::Recovering, State::Open)));
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(2)));
}

#[test]
fn it_counts_up_to_255_failures_in_a_row_and_no_more_can_be_configured() {
    let most = |failures| Config::consecutive(failures).recover_over(Duration::from_secs(64));
    let refused = most(256).try_build().expect_err("256 do not fit");
    assert_eq!(
        refused.to_string(),
        "a breaker that recovers over a period opens after 1 to 255 failures in a row"
    );
    let clock = clock();
    let breaker = Breaker::new(&clock, most(255).try_build().unwrap());
    let fail_254_times = || {
        for _ in 0..254 {
            assert_eq!(breaker.try_acquire().unwrap().failure(), None);
        }
        breaker.try_acquire().unwrap().failure().expect("the 255th")
    };
    fail_254_times();
    advance(&clock, secs(1));
    breaker.try_acquire().unwrap().success().expect("it recovers");
    advance(&clock, secs(63));
    assert_eq!(fail_254_times().from(), State::Recovering);
}

#[test]
fn a_clock_that_steps_back_shrinks_the_share_and_no_further_than_one_of_64() {
    let clock = clock();
    let breaker = recovering(&clock, &RAMP);
    advance(&clock, secs(40));
    clock.step_back(secs(45)).unwrap();
    let admitted = (0..64).filter(|_| breaker.try_acquire().is_ok()).count();
    assert_eq!(admitted, 1);
}

/// Asked so many times.
struct Asked(Cell<u32>, Cell<u64>);

impl Clock for Asked {
    fn now(&self) -> Instant {
        self.0.set(self.0.get() + 1);
        Instant::from_micros(self.1.get())
    }
}

#[test]
fn each_call_in_it_reads_the_clock_once() {
    let clock = Asked(Cell::new(0), Cell::new(u64::MAX - 10));
    let breaker = Breaker::new(&clock, &RAMP);
    for _ in 0..3 {
        breaker.try_acquire().unwrap().failure();
    }
    clock.1.set(999_989);
    breaker.try_acquire().unwrap().success().expect("it recovers");
    clock.0.set(0);
    for asked in 1..=200 {
        if let Ok(permit) = breaker.try_acquire() {
            permit.success();
        }
        assert_eq!(clock.0.get(), asked);
    }
}
