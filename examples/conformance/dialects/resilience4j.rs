//! resilience4j: `CircuitBreakerConfig`, `RateLimiterConfig`, `IntervalFunction`, `BulkheadConfig`.

use core::time::Duration;

use serde::Deserialize;
use watertight::{Backoff, Jitter};

use super::super::file::{Said, Time};
use super::super::primitives::breaker::plan::{Plan, Probes, Span, Trip};
use super::super::primitives::{backoff, bucket, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Breaker {
    failure_rate_pct: Ratio,
    slow_rate_pct: Option<Ratio>,
    slow_call_ms: Option<Time>,
    /// Trial calls in half-open; their failure rate decides once all have ended.
    half_open_permits: Option<u32>,
    min_calls: Option<u32>,
    window: Option<Window>,
    open_wait_ms: Option<Time>,
    wait_multiplier: Option<Ratio>,
    max_wait_ms: Option<Time>,
    /// Until half-open is given up; the crate has no such timer, and begins a new round of probes instead.
    max_half_open_ms: Option<Time>,
    #[serde(rename = "half_open_timeout_to")]
    _half_open_timeout_to: Option<String>,
}

/// `COUNT_BASED` or `TIME_BASED`; the latter in seconds.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    kind: Kind,
    size: u32,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Count,
    Time,
}

impl Window {
    fn span(&self) -> Span {
        match self.kind {
            Kind::Count => Span::Calls(self.size as usize),
            Kind::Time => Span::Time(Duration::from_secs(self.size.into())),
        }
    }
}

/// What is slow unless something else is said: every call of over a minute.
const SLOW: (u32, Duration) = (100, Duration::from_secs(60));

/// `CircuitBreakerConfig`, where not said with its own defaults: 100 calls, a minute open, 10 trial calls.
pub fn breaker(config: &Said) -> Result<Plan, String> {
    let said: Breaker = read(config)?;
    let window = said.window.map_or(Span::Calls(100), |window| window.span());
    let minimum = said.min_calls.unwrap_or(100);
    let slow = (
        said.slow_rate_pct.map_or(Ok(SLOW.0), whole_percent)?,
        said.slow_call_ms.map_or(SLOW.1, Time::duration),
    );
    let percent = whole_percent(said.failure_rate_pct)?;
    let open = said.open_wait_ms.map_or(Duration::from_secs(60), Time::duration);
    let permits = said.half_open_permits.unwrap_or(10);
    // Its verdict falls with the minimum of calls, if that is fewer.
    let deciding = permits.min(minimum).max(1);
    let mut plan = Plan::new(
        Trip::Rate {
            percent,
            minimum,
            slow,
            window,
        },
        open,
    );
    plan.probes = Probes::Ratio {
        at_a_time: permits,
        calls: deciding,
        percent,
    };
    if let Some(multiplier) = said.wait_multiplier {
        let (numerator, denominator) = multiplier.pair()?;
        let cap = said.max_wait_ms.map_or(open.saturating_mul(40), Time::duration);
        plan.cool_down = Backoff::exponential(open, cap).factor(numerator, denominator);
        // Closing resets its attempts.
        plan.stable_after = Duration::ZERO;
    }
    if let Some(limit) = said.max_half_open_ms.filter(|limit| *limit > Time::default()) {
        plan.lease = limit.duration();
    }
    Ok(plan)
}

/// A percentage that is given as such.
fn whole_percent(percent: Ratio) -> Result<u32, String> {
    match percent.pair()? {
        (percent, 1) => Ok(percent),
        (numerator, denominator) => Err(format!(
            "{numerator}/{denominator} is not a whole number of percent"
        )),
    }
}

/// `SlidingWindowMetrics`.
pub fn window(config: &Said) -> Result<Span, String> {
    read::<Window>(config).map(|window| window.span())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limiter {
    period_ms: Time,
    limit: u32,
    timeout_ms: Time,
}

/// `RateLimiterConfig`: its cycles begin full at once; here the same number drips in over the period.
pub fn limiter(config: &Said) -> Result<bucket::Plan, String> {
    let said: Limiter = read(config)?;
    Ok(bucket::Plan {
        patience: said.timeout_ms.duration(),
        shows_debts: true,
        ..bucket::Plan::new((said.limit, said.period_ms.duration()), said.limit)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Interval {
    initial_ms: Time,
    multiplier: Option<Ratio>,
    max_ms: Option<Time>,
    #[serde(alias = "randomization")]
    randomization_factor: Option<Ratio>,
}

/// `IntervalFunction`, attempts counted from 1; constant without a multiplier.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    let said: Interval = read(config)?;
    let growth = said
        .multiplier
        .map_or(backoff::Growth::Constant, backoff::Growth::Exponential);
    let jitter = match said.randomization_factor {
        Some(factor) => factor.plus_minus()?,
        None => Jitter::None,
    };
    Ok(backoff::Plan {
        first_retry: 1,
        jitter,
        ..backoff::Plan::new(growth, said.initial_ms, said.max_ms)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Semaphore {
    max: u32,
    /// A case makes one step at a time: nobody leaves while somebody waits, and the wait ends as it began.
    #[serde(default, rename = "max_wait_ms")]
    _max_wait_ms: Time,
}

/// `BulkheadConfig`.
pub fn bulkhead(config: &Said) -> Result<u32, String> {
    read::<Semaphore>(config).map(|said| said.max)
}
