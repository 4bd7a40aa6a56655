//! Polly: `CircuitBreakerStrategyOptions`, `RollingHealthMetrics`, `RetryHelper`.

use serde::Deserialize;
use watertight::Jitter;

use super::super::file::{Said, Time};
use super::super::primitives::breaker::plan::{Manners, NOTHING_IS_SLOW, Plan, Span, Trip};
use super::super::primitives::{backoff, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Breaker {
    failure_ratio: Ratio,
    min_throughput: u32,
    sampling_ms: Time,
    break_ms: Time,
}

impl Default for Breaker {
    fn default() -> Self {
        let seconds = |seconds: u128| Time {
            nanos: seconds * 1_000_000_000,
        };
        Self {
            failure_ratio: Ratio {
                numerator: 1,
                denominator: 10,
            },
            min_throughput: 100,
            sampling_ms: seconds(30),
            break_ms: seconds(5),
        }
    }
}

/// `CircuitBreakerStrategyOptions`: one success of a single probe closes. Its half-open lasts for another break; here
/// that is the lease of the probe.
pub fn breaker(config: &Said) -> Result<Plan, String> {
    let said: Breaker = read(config)?;
    let trip = Trip::Rate {
        percent: said.failure_ratio.percent()?,
        minimum: said.min_throughput,
        slow: NOTHING_IS_SLOW,
        window: Span::Time(said.sampling_ms.duration()),
    };
    let mut plan = Plan::new(trip, said.break_ms.duration());
    if said.break_ms > Time::default() {
        plan.lease = said.break_ms.duration();
    }
    plan.manners = Manners {
        forced_open: "ISOLATED",
        ..Manners::PLAIN
    };
    Ok(plan)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    sampling_ms: Time,
    /// Into how many it is divided; here the size of a bucket follows from the span.
    #[serde(default, rename = "windows")]
    _windows: u32,
}

/// `RollingHealthMetrics`.
pub fn window(config: &Said) -> Result<Span, String> {
    let said: Window = read(config)?;
    Ok(Span::Time(said.sampling_ms.duration()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    #[serde(rename = "type")]
    kind: Kind,
    base_ms: Time,
    max_ms: Option<Time>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Constant,
    Linear,
    Exponential,
}

/// `RetryHelper.GetRetryDelay`: with jitter a quarter more or less; of an exponential delay, its own formula is not
/// here.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    let said: Retry = read(config)?;
    let growth = match said.kind {
        Kind::Constant => backoff::Growth::Constant,
        Kind::Linear => backoff::Growth::Linear(said.base_ms.duration()),
        Kind::Exponential => backoff::Growth::Exponential(Ratio {
            numerator: 2,
            denominator: 1,
        }),
    };
    let plan = backoff::Plan::new(growth, said.base_ms, said.max_ms);
    Ok(backoff::Plan {
        jitter: Jitter::PlusMinus(25),
        ..plan
    })
}
