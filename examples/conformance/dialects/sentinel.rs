//! Sentinel: `DegradeRule`, and `FlowRule` with its pacing behaviour.

use serde::Deserialize;

use super::super::file::{Said, Time};
use super::super::primitives::breaker::plan::{NOTHING_IS_SLOW, Plan, Span, Trip};
use super::super::primitives::{bucket, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Degrade {
    grade: Grade,
    /// Of errors, or of slow calls.
    ratio: Ratio,
    /// What is slow.
    #[serde(alias = "max_rt_ms")]
    slow_call_ms: Option<Time>,
    min_requests: u32,
    stat_ms: Time,
    recovery_ms: Time,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Grade {
    ErrorRatio,
    SlowRatio,
}

/// `DegradeRule`: its ratio must be exceeded, here it is reached. One probe, whose success closes.
pub fn breaker(config: &Said) -> Result<Plan, String> {
    let said: Degrade = read(config)?;
    let (percent, slow) = match (said.grade, said.slow_call_ms) {
        (Grade::ErrorRatio, None) => (said.ratio.percent()?, NOTHING_IS_SLOW),
        // A rate of failures is always judged too: that of all calls stands for none.
        (Grade::SlowRatio, Some(after)) => (100, (said.ratio.percent()?, after.duration())),
        _ => return Err("a limit for slow calls goes with the grade of slow calls".into()),
    };
    let window = Span::Time(said.stat_ms.duration());
    Ok(Plan::new(
        Trip::Rate {
            percent,
            minimum: said.min_requests.max(1),
            slow,
            window,
        },
        said.recovery_ms.duration(),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pacing {
    permits_per_s: Ratio,
    max_queue_ms: Time,
}

/// `FlowRule` that paces: one after the other at even distances, with a longest wait. A rate of zero admits nobody.
pub fn pacing(config: &Said) -> Result<bucket::Plan, String> {
    let said: Pacing = read(config)?;
    let plan = bucket::Plan::new(said.permits_per_s.per_second(), 1);
    Ok(bucket::Plan {
        initial: u32::from(said.permits_per_s.numerator > 0),
        patience: said.max_queue_ms.duration(),
        in_turn: true,
        ..plan
    })
}
