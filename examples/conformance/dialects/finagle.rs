//! Finagle: `Backoff`.

use serde::Deserialize;
use watertight::Jitter;

use super::super::file::{Said, Time};
use super::super::primitives::{backoff, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Backoff {
    kind: Kind,
    start_ms: Time,
    #[serde(default)]
    step_ms: Time,
    factor: Option<Ratio>,
    max_ms: Option<Time>,
    total_budget_ms: Option<Time>,
    /// So many delays.
    take: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[serde(alias = "const")]
    Constant,
    Linear,
    Exponential,
    EqualJittered,
    ExponentialJittered,
    DecorrelatedJittered,
}

/// `Backoff.const`, `linear`, `exponential` and the jittered ones, `takeUntil` a budget.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    let said: Backoff = read(config)?;
    let (growth, jitter) = match said.kind {
        Kind::Constant => (backoff::Growth::Constant, Jitter::None),
        Kind::Linear => (backoff::Growth::Linear(said.step_ms.duration()), Jitter::None),
        kind => {
            let factor = said.factor.unwrap_or(Ratio {
                numerator: 2,
                denominator: 1,
            });
            let jitter = match kind {
                Kind::EqualJittered => Jitter::Equal,
                Kind::ExponentialJittered => Jitter::Full,
                Kind::DecorrelatedJittered => Jitter::Decorrelated,
                _ => Jitter::None,
            };
            (backoff::Growth::Exponential(factor), jitter)
        }
    };
    let plan = backoff::Plan::new(growth, said.start_ms, said.max_ms);
    Ok(backoff::Plan {
        jitter,
        max_total: said.total_budget_ms.map(Time::duration),
        max_attempts: said.take.map(|delays| delays.saturating_add(1)),
        ..plan
    })
}
