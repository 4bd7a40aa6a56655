//! Finagle: `Backoff`.

use serde::Deserialize;

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
}

/// `Backoff.const`, `linear` and `exponential`, `take` so many, `takeUntil` a budget. Its jittered ones follow
/// formulas of their own.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    let said: Backoff = read(config)?;
    let growth = match said.kind {
        Kind::Constant => backoff::Growth::Constant,
        Kind::Linear => backoff::Growth::Linear(said.step_ms.duration()),
        Kind::Exponential => backoff::Growth::Exponential(said.factor.unwrap_or(Ratio {
            numerator: 2,
            denominator: 1,
        })),
    };
    let plan = backoff::Plan::new(growth, said.start_ms, said.max_ms);
    Ok(backoff::Plan {
        max_total: said.total_budget_ms.map(Time::duration),
        max_attempts: said.take.map(|delays| delays.saturating_add(1)),
        ..plan
    })
}
