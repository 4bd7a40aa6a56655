//! Numbers that come round must not bring back what is long over, though nobody was stopped anywhere.

use core::time::Duration;

use watertight::breaker::{FailureRate, LastCalls, LastTime, NoRandom, Policy, Rule, Window};
use watertight::{Backoff, Breaker, Config, Instant, ManualClock, Micros, State, last_calls, last_time};

const WAIT: Micros = Micros::from_micros(10);

static BY_RATE: Config<NoRandom, FailureRate> = Config::failure_rate(50, 10)
    .open_for(Backoff::constant(WAIT.as_duration()).build())
    .probe_lease(WAIT.as_duration())
    .build();

fn pass(clock: &ManualClock, span: Micros) {
    clock.advance(span).expect("nobody else moves it");
}

/// Ten failures open it in generation 0. An outage later it closes in the generation of the same number, and nothing
/// is counted there.
fn closes_in_the_same_number<W: Window<Rule = FailureRate>>(window: W) {
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let breaker = Breaker::with_window(&clock, &BY_RATE, window);
    for _ in 0..10 {
        breaker.try_acquire().expect("closed").failure();
    }
    assert_eq!(breaker.snapshot().state(), State::Open);
    // One probe is lost, so that the generations of half-open periods are odd from then on.
    pass(&clock, WAIT);
    core::mem::forget(breaker.try_acquire().expect("a probe"));
    loop {
        pass(&clock, WAIT);
        let probe = breaker.try_acquire().expect("a probe");
        if breaker.snapshot().generation() == 511 {
            probe.success();
            break;
        }
        probe.failure();
    }
    let closed = breaker.snapshot();
    assert_eq!((closed.state(), closed.generation()), (State::Closed, 0));
    assert_eq!((closed.calls(), closed.failures()), (0, 0), "{closed:?}");
    assert_eq!(breaker.try_acquire().expect("closed").success(), None);
    assert_eq!(breaker.snapshot().calls(), 1);
}

#[test]
fn a_breaker_that_closes_512_generations_later_has_counted_nothing() {
    closes_in_the_same_number::<last_calls!(10)>(LastCalls::new());
    closes_in_the_same_number::<last_time!(10_000, 16)>(LastTime::new());
}

fn is_reset_to_the_same_number<W: Window<Rule = FailureRate>>(window: W) {
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let breaker = Breaker::with_window(&clock, &BY_RATE, window);
    for number in 0..9 {
        let permit = breaker.try_acquire().expect("closed");
        if number % 5 < 2 {
            permit.failure();
        } else {
            permit.success();
        }
    }
    for _ in 0..256 {
        breaker.force_open();
        breaker.reset();
    }
    let reset = breaker.snapshot();
    assert_eq!((reset.state(), reset.generation()), (State::Closed, 0));
    assert_eq!((reset.calls(), reset.failures()), (0, 0), "{reset:?}");
}

#[test]
fn a_breaker_that_was_reset_for_the_512th_time_is_as_if_it_were_new() {
    is_reset_to_the_same_number::<last_calls!(10)>(LastCalls::new());
    is_reset_to_the_same_number::<last_time!(10_000, 16)>(LastTime::new());
}

fn calls<P: Policy, W: Window<Rule = P::Rule>>(
    breaker: &Breaker<&ManualClock, P, W>,
    times: u32,
    failed: bool,
) where
    P::Rule: Rule,
{
    for _ in 0..times {
        let permit = breaker.try_acquire().expect("closed");
        let made = if failed {
            permit.failure()
        } else {
            permit.success()
        };
        assert_eq!(made, None, "{breaker:?}");
    }
}

/// Failures that were written into the third strip stay there while the window is clean nearly always, and every
/// start writes the first strip alone.
#[test]
fn failures_of_4096_laps_ago_do_not_count() {
    static LAST_20: Config<NoRandom, FailureRate> = Config::failure_rate(50, 20).build();
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let breaker: Breaker<_, _, last_calls!(20)> = Breaker::with_window(&clock, &LAST_20, LastCalls::new());
    // Laps are of 57 calls, in strips of 19. A failure in each strip keeps the window from being clean, until there are
    // nine in the third strip of the second lap.
    for _ in 0..5 {
        calls(&breaker, 1, true);
        calls(&breaker, 18, false);
    }
    calls(&breaker, 9, false);
    calls(&breaker, 9, true);
    calls(&breaker, 1, false);
    calls(&breaker, 200, false);
    for _ in 0..5_000 {
        calls(&breaker, 1, true);
        assert_eq!(breaker.snapshot().failures(), 1);
        calls(&breaker, 99, false);
        assert_eq!(breaker.snapshot().failures(), 0);
    }
}

/// The same, of a large window in a breaker that opens again and again before it has written much.
#[test]
fn failures_of_4096_starts_ago_do_not_count() {
    static FLAPS: Config<NoRandom, FailureRate> = Config::failure_rate(50, 2)
        .open_for(Backoff::constant(Duration::from_micros(10)).build())
        .build();
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let breaker: Breaker<_, _, last_calls!(60)> = Breaker::with_window(&clock, &FLAPS, LastCalls::new());
    let flap = || {
        calls(&breaker, 1, false);
        let opened = breaker.try_acquire().expect("closed").failure();
        assert!(opened.is_some());
        pass(&clock, WAIT);
        let closed = breaker.try_acquire().expect("a probe").success();
        assert!(closed.is_some());
    };
    for starts in [2_047, 2_048, 2_049, 4_095, 4_096] {
        // Into the third strip of this start: as many failures as just do not open.
        calls(&breaker, 38, false);
        for _ in 0..9 {
            calls(&breaker, 1, true);
            calls(&breaker, 1, false);
        }
        breaker.reset();
        for _ in 0..starts {
            flap();
        }
        // Through all strips: only what was just called may count.
        for number in 1..=60 {
            calls(&breaker, 1, false);
            let seen = breaker.snapshot();
            assert_eq!(
                (seen.calls(), seen.failures()),
                (number, 0),
                "after {starts} starts"
            );
        }
        breaker.reset();
    }
}
