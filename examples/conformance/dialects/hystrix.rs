//! Hystrix: `HystrixCommandProperties`.

use core::time::Duration;

use serde::Deserialize;

use super::super::file::{Said, Time};
use super::super::primitives::breaker::plan::{NOTHING_IS_SLOW, Plan, Span, Trip};
use super::super::primitives::read;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Properties {
    /// `circuitBreaker.requestVolumeThreshold`.
    volume: u32,
    /// `circuitBreaker.errorThresholdPercentage`.
    error_pct: u32,
    /// `circuitBreaker.sleepWindowInMilliseconds`.
    sleep_ms: Time,
}

/// `metrics.rollingStats.timeInMilliseconds`, which its tests leave as it is.
const ROLLING: Duration = Duration::from_secs(10);

/// One probe, whose success closes.
pub fn breaker(config: &Said) -> Result<Plan, String> {
    let said: Properties = read(config)?;
    let trip = Trip::Rate {
        percent: said.error_pct,
        minimum: said.volume.max(1),
        slow: NOTHING_IS_SLOW,
        window: Span::Time(ROLLING),
    };
    Ok(Plan::new(trip, said.sleep_ms.duration()))
}
