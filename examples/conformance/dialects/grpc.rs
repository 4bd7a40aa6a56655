//! gRPC: the backoff of retries (proposal A6) and of connections.

use serde::Deserialize;

use super::super::file::{Said, Time};
use super::super::primitives::{backoff, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RetryPolicy {
    initial_ms: Time,
    max_ms: Time,
    multiplier: Ratio,
    jitter: Option<Ratio>,
}

/// `initialBackoff`, `maxBackoff` and `backoffMultiplier`, a fifth more or less; retries counted from 1.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    let said: RetryPolicy = read(config)?;
    let fifth = Ratio {
        numerator: 1,
        denominator: 5,
    };
    let jitter = said.jitter.unwrap_or(fifth).plus_minus()?;
    let plan = backoff::Plan::new(
        backoff::Growth::Exponential(said.multiplier),
        said.initial_ms,
        Some(said.max_ms),
    );
    Ok(backoff::Plan {
        jitter,
        first_retry: 1,
        ..plan
    })
}
