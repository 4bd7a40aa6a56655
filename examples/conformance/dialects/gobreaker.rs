//! sony/gobreaker: `Settings`.

use core::time::Duration;

use serde::Deserialize;

use super::super::file::{Said, Time};
use super::super::primitives::breaker::plan::{Manners, NOTHING_IS_SLOW, Plan, Span, Trip};
use super::super::primitives::read;
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    max_requests: u32,
    #[serde(default)]
    interval_ms: Time,
    #[serde(default)]
    timeout_ms: Time,
    /// Into what its interval is divided, so that it slides; here the window always does.
    #[serde(default, rename = "bucket_period_ms", alias = "bucket_ms")]
    _bucket_period_ms: Time,
    trip: Option<ReadyToTrip>,
}

/// What `ReadyToTrip` looks at.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum ReadyToTrip {
    /// `counts.ConsecutiveFailures > n`.
    InARow { consecutive_failures_gt: u32 },
    /// `counts.Requests >= n && counts.TotalFailures / counts.Requests >= ratio`.
    Ratio {
        min_requests: u32,
        failure_ratio_ge: Ratio,
    },
}

/// What a zero timeout means.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The most calls that a window has here: without an interval, its counts begin again only when it closes.
const MOST_CALLS: Span = Span::Calls(1_143);

/// `MaxRequests` probes at a time, zero meaning one, and as many successes to close. `Interval`, which empties its
/// counts now and then, is here the window's span.
pub fn breaker(config: &Said) -> Result<Plan, String> {
    let said: Settings = read(config)?;
    let trip = match said.trip {
        None => Trip::InARow(6),
        Some(ReadyToTrip::InARow {
            consecutive_failures_gt,
        }) => Trip::InARow(consecutive_failures_gt.saturating_add(1)),
        Some(ReadyToTrip::Ratio {
            min_requests,
            failure_ratio_ge,
        }) => Trip::Rate {
            percent: failure_ratio_ge.percent()?,
            minimum: min_requests,
            slow: NOTHING_IS_SLOW,
            window: match said.interval_ms.duration() {
                Duration::ZERO => MOST_CALLS,
                interval => Span::Time(interval),
            },
        },
    };
    let open = match said.timeout_ms.duration() {
        Duration::ZERO => DEFAULT_TIMEOUT,
        timeout => timeout,
    };
    let mut plan = Plan::new(trip, open).closed_by(said.max_requests.max(1));
    // Its `State()` moves on from open when the timeout is over.
    plan.manners = Manners {
        due_is_half_open: true,
        ..Manners::PLAIN
    };
    Ok(plan)
}
