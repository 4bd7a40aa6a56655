//! failsafe-go: `circuitbreaker`, `retrypolicy`, `ratelimiter`, `bulkhead`.

use serde::Deserialize;
use watertight::Jitter;

use super::super::file::{Said, Time};
use super::super::primitives::breaker::plan::{NOTHING_IS_SLOW, Plan, Span, Trip};
use super::super::primitives::{backoff, bucket, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Breaker {
    failure_threshold: u32,
    failure_capacity: Option<u32>,
    success_threshold: Option<u32>,
    success_capacity: Option<u32>,
    delay_ms: Time,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failure_threshold: 1,
            failure_capacity: None,
            success_threshold: None,
            success_capacity: None,
            delay_ms: Time {
                nanos: 60_000_000_000,
            },
        }
    }
}

/// So many failures of the last so many executions open it; as many as all of them, in a row. Otherwise that is a
/// rate, judged here from a full window on. Half-open, so many successes of so many probes close it, or without such
/// a threshold as many as leave too few for the failures that open it.
pub fn breaker(config: &Said) -> Result<Plan, String> {
    let said: Breaker = read(config)?;
    let failures = said.failure_threshold;
    let capacity = said.failure_capacity.unwrap_or(failures);
    if failures == 0 || failures > capacity {
        return Err(format!(
            "{failures} of the last {capacity} executions cannot have failed"
        ));
    }
    let trip = if failures == capacity {
        Trip::InARow(failures)
    } else {
        // The largest percentage that so many failures reach; one fewer must not.
        let [wide, all] = [failures, capacity].map(u64::from);
        let percent = wide * 100 / all;
        if (wide - 1) * 100 >= percent * all {
            return Err(format!(
                "{failures} of {capacity} is not to be told from one fewer in percent"
            ));
        }
        Trip::Rate {
            percent: percent as u32,
            minimum: capacity,
            slow: NOTHING_IS_SLOW,
            window: Span::Calls(capacity as usize),
        }
    };
    let plan = Plan::new(trip, said.delay_ms.duration());
    match said.success_threshold {
        Some(successes) => plan.closed_by_some(said.success_capacity.unwrap_or(successes), successes),
        None => plan.closed_by_some(capacity, capacity - failures + 1),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    base_ms: Time,
    factor: Option<Ratio>,
    max_ms: Option<Time>,
    jitter_factor: Option<Ratio>,
}

/// `WithBackoff` and `WithJitterFactor`, whose larger draws are the shorter delays; retries counted from 1, doubling
/// unless said otherwise.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    let said: Retry = read(config)?;
    let factor = said.factor.unwrap_or(Ratio {
        numerator: 2,
        denominator: 1,
    });
    let plan = backoff::Plan::new(backoff::Growth::Exponential(factor), said.base_ms, said.max_ms);
    let jitter = match said.jitter_factor {
        Some(factor) => factor.plus_minus()?,
        None => Jitter::None,
    };
    Ok(backoff::Plan {
        jitter,
        draws_fall: true,
        first_retry: 1,
        ..plan
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Smooth {
    interval_ms: Time,
    #[serde(default)]
    max_wait_ms: Option<Time>,
}

/// `Smooth`: one execution in each interval.
pub fn smooth(config: &Said) -> Result<bucket::Plan, String> {
    let said: Smooth = read(config)?;
    let plan = bucket::Plan::new((1, said.interval_ms.duration()), 1);
    Ok(in_turn(plan, said.max_wait_ms))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bursty {
    max_permits: u32,
    period_ms: Time,
    #[serde(default)]
    max_wait_ms: Option<Time>,
}

/// `Bursty`: its permits come back all at once with each period; here they drip in over it.
pub fn bursty(config: &Said) -> Result<bucket::Plan, String> {
    let said: Bursty = read(config)?;
    let plan = bucket::Plan::new((said.max_permits, said.period_ms.duration()), said.max_permits);
    Ok(in_turn(plan, said.max_wait_ms))
}

/// More than the burst are taken one after the other.
fn in_turn(plan: bucket::Plan, max_wait: Option<Time>) -> bucket::Plan {
    bucket::Plan {
        in_turn: true,
        shows_debts: true,
        patience: max_wait.map_or(plan.patience, Time::duration),
        ..plan
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bulkhead {
    max: u32,
    /// A case makes one step at a time: nobody leaves while somebody waits, and the wait ends as it began.
    #[serde(default, rename = "max_wait_ms")]
    _max_wait_ms: Time,
}

/// `bulkhead.New`.
pub fn bulkhead(config: &Said) -> Result<u32, String> {
    read::<Bulkhead>(config).map(|said| said.max)
}
