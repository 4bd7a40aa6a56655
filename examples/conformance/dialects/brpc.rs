//! brpc: `CircuitBreaker` and its flags.

use core::time::Duration;

use serde::Deserialize;
use watertight::Backoff;

use super::super::file::{Said, Time};
use super::super::primitives::breaker::plan::{Manners, NOTHING_IS_SLOW, Plan, Reset, Span, Trip};
use super::super::primitives::read;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flags {
    short_window: u32,
    short_pct: u32,
    long_window: u32,
    long_pct: u32,
    min_isolation_ms: Time,
    max_isolation_ms: Time,
    /// So many successes after an isolation, 15 of them here, end the probation in which any failure isolates again.
    half_open_window: Option<u32>,
}

/// While its windows fill, `window * pct` errors are tolerated: from one more on, a rate of as many percent isolates.
/// The isolation doubles unless the last one was longer ago than the longest.
pub fn breaker(config: &Said) -> Result<Plan, String> {
    let said: Flags = read(config)?;
    let tolerated = [
        (said.short_window, said.short_pct),
        (said.long_window, said.long_pct),
    ]
    .map(|(window, percent)| (window.saturating_mul(percent) / 100, window, percent));
    // Whichever tolerates less decides.
    let [short, long] = tolerated;
    let (errors, window, percent) = if long.0 < short.0 { long } else { short };
    let trip = Trip::Rate {
        percent,
        minimum: errors.saturating_add(1),
        slow: NOTHING_IS_SLOW,
        window: Span::Calls(window as usize),
    };
    let [first, longest]: [Duration; 2] = [said.min_isolation_ms, said.max_isolation_ms].map(Time::duration);
    let mut plan = Plan::new(trip, first);
    plan.cool_down = Backoff::exponential(first, longest);
    plan.stable_after = longest;
    let reset = match said.half_open_window {
        None | Some(0) => Reset::Closed,
        Some(probes) => {
            plan = plan.closed_by(probes.min(15));
            Reset::HalfOpen
        }
    };
    plan.manners = Manners {
        reset,
        ..Manners::PLAIN
    };
    Ok(plan)
}
