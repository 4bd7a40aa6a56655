//! The circuit breaker through its public API, one behaviour a test, on a clock that the test moves.

#[path = "../common/mod.rs"]
mod common;

mod adjustable;
mod calls;
mod classified;
mod configuration;
mod forced;
mod half_open;
mod ratio;
mod recovery;
mod saved;
mod shadow;
mod snapshots;
mod states;
mod statistics;
mod windows;

use core::time::Duration;

use watertight::breaker::{Consecutive, Keep, Policy, Window};
use watertight::{Breaker, Config, Instant, ManualClock, Micros, Rejected, State, Transition};

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> ManualClock {
    ManualClock::starting_at(Instant::from_micros(u64::MAX - 1_234_567))
}

fn advance(clock: &ManualClock, span: Micros) {
    clock.advance(span).expect("nobody else sets it");
}

/// Opens after three failures in a row, for one second, then two, then four.
static THREE: Config = Config::consecutive(3)
    .open_for(common::exponential(SECOND, Duration::from_secs(4)))
    .probe_lease(Duration::from_secs(30))
    .stable_after(Duration::from_secs(10))
    .build();

fn breaker<'a>(clock: &'a ManualClock, config: &'static Config) -> Breaker<&'a ManualClock> {
    Breaker::new(clock, config)
}

/// Fails calls until the breaker opens.
fn trip<P, W, S>(breaker: &Breaker<&ManualClock, P, W, S>) -> Transition
where
    P: Policy,
    W: Window<Rule = P::Rule>,
    S: Keep,
{
    (0..3)
        .find_map(|_| breaker.try_acquire().expect("it is closed").failure())
        .expect("three failures open every breaker here")
}

fn refusal<P, W, S>(breaker: &Breaker<&ManualClock, P, W, S>) -> Rejected
where
    P: Policy,
    W: Window<Rule = P::Rule>,
    S: Keep,
{
    breaker.try_acquire().expect_err("it refuses")
}

fn states(transition: Option<Transition>) -> Option<(State, State)> {
    transition.map(|transition| (transition.from(), transition.to()))
}

fn trip_but_one<P: Policy<Rule = Consecutive>>(breaker: &Breaker<&ManualClock, P>) {
    for _ in 0..2 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
}
