//! The crate itself: what it calls things, times in milliseconds.

use core::time::Duration;

use serde::Deserialize;
use watertight::Jitter;

use super::super::file::{Said, Time};
use super::super::primitives::backoff::Growth;
use super::super::primitives::breaker::plan::{NOTHING_IS_SLOW, Plan, Probes, Span, Trip};
use super::super::primitives::bucket::LongestWait;
use super::super::primitives::{backoff, bucket, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Breaker {
    /// In a row; or a rate:
    failures: Option<u32>,
    failure_percent: Option<u32>,
    minimum_calls: Option<u32>,
    window: Option<Window>,
    slow_percent: Option<u32>,
    slow_after_ms: Option<Time>,
    probes: Option<Probes>,
    probe_lease_ms: Option<Time>,
    open_for: Delays,
    stable_after_ms: Option<Time>,
    #[serde(default)]
    recover_over_ms: Time,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Window {
    Calls(usize),
    Ms(Time),
}

impl Window {
    fn span(self) -> Span {
        match self {
            Self::Calls(calls) => Span::Calls(calls),
            Self::Ms(span) => Span::Time(span.duration()),
        }
    }
}

/// `Config`.
pub fn breaker(config: &Said) -> Result<Plan, String> {
    let said: Breaker = read(config)?;
    let trip = match (said.failures, said.failure_percent, said.window) {
        (Some(failures), None, None) => {
            if said.minimum_calls.is_some() || said.slow_percent.is_some() || said.slow_after_ms.is_some() {
                return Err("failures in a row know neither a minimum of calls nor slow ones".into());
            }
            Trip::InARow(failures)
        }
        (None, Some(percent), Some(window)) => Trip::Rate {
            percent,
            minimum: said.minimum_calls.unwrap_or(1),
            slow: match (said.slow_percent, said.slow_after_ms) {
                (Some(percent), Some(after)) => (percent, after.duration()),
                (None, None) => NOTHING_IS_SLOW,
                _ => return Err("slow_percent goes with slow_after_ms".into()),
            },
            window: window.span(),
        },
        _ => return Err("it has either failures, or failure_percent and a window".into()),
    };
    let delays = said.open_for.plan()?;
    if delays.jitter != Jitter::None {
        return Err("the cool-downs of a case are without jitter: nobody gives it draws".into());
    }
    let mut plan = Plan::new(trip, Duration::ZERO);
    plan.cool_down = delays.builder(Jitter::None)?;
    plan.longest_hint = delays.max_hint.unwrap_or_default();
    plan.stable_after = said
        .stable_after_ms
        .map_or(plan.cool_down()?.cap().as_duration(), Time::duration);
    plan.lease = said
        .probe_lease_ms
        .map_or(Duration::from_secs(30), Time::duration);
    plan.ramp = said.recover_over_ms.duration();
    if let Some(probes) = said.probes {
        plan.probes = probes;
    }
    Ok(plan)
}

/// The window of a breaker.
pub fn window(config: &Said) -> Result<Span, String> {
    read::<Window>(config).map(Window::span)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delays {
    shape: Shape,
    first_ms: Time,
    cap_ms: Option<Time>,
    step_ms: Option<Time>,
    factor: Option<Ratio>,
    jitter: Option<Spread>,
    max_total_ms: Option<Time>,
    max_hint_ms: Option<Time>,
    #[serde(default)]
    stable_ms: Time,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Constant,
    Linear,
    Exponential,
    Fibonacci,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spread {
    None,
    Full,
    Equal,
    Decorrelated,
    PlusMinus(u8),
}

impl Delays {
    fn plan(&self) -> Result<backoff::Plan, String> {
        if self.factor.is_some() && !matches!(self.shape, Shape::Exponential) {
            return Err("only an exponential backoff has a factor".into());
        }
        if self.step_ms.is_some() && !matches!(self.shape, Shape::Linear) {
            return Err("only a linear backoff has a step".into());
        }
        let growth = match self.shape {
            Shape::Constant => Growth::Constant,
            Shape::Linear => Growth::Linear(self.step_ms.unwrap_or_default().duration()),
            Shape::Exponential => Growth::Exponential(self.factor.unwrap_or(Ratio {
                numerator: 2,
                denominator: 1,
            })),
            Shape::Fibonacci => Growth::Fibonacci,
        };
        Ok(backoff::Plan {
            jitter: match self.jitter {
                None | Some(Spread::None) => Jitter::None,
                Some(Spread::Full) => Jitter::Full,
                Some(Spread::Equal) => Jitter::Equal,
                Some(Spread::Decorrelated) => Jitter::Decorrelated,
                Some(Spread::PlusMinus(percent)) => Jitter::PlusMinus(percent),
            },
            max_total: self.max_total_ms.map(Time::duration),
            max_hint: self.max_hint_ms.map(Time::duration),
            stable: self.stable_ms.duration(),
            ..backoff::Plan::new(growth, self.first_ms, self.cap_ms)
        })
    }
}

/// `Backoff`, and `Reconnect`.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    read::<Delays>(config)?.plan()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Quota {
    tokens: u32,
    span_ms: Time,
    burst: u32,
    initial: Option<u32>,
    longest_wait_ms: Option<Time>,
}

/// `Quota`.
pub fn bucket(config: &Said) -> Result<bucket::Plan, String> {
    let said: Quota = read(config)?;
    let plan = bucket::Plan::new((said.tokens, said.span_ms.duration()), said.burst);
    Ok(bucket::Plan {
        initial: said.initial.unwrap_or(said.burst),
        longest_wait: said
            .longest_wait_ms
            .map_or(LongestWait::Unsaid, |wait| LongestWait::Said(wait.duration())),
        ..plan
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bulkhead {
    limit: u32,
}

/// `Bulkhead`.
pub fn bulkhead(config: &Said) -> Result<u32, String> {
    read::<Bulkhead>(config).map(|said| said.limit)
}
