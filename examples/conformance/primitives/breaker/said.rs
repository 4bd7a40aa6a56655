//! What is said with an operation on a breaker.

use serde::Deserialize;

use super::super::super::file::Time;
use super::super::super::words::Ending;
use super::super::times;
use super::Operations;

/// What can be done to a breaker.
pub const OPERATIONS: Operations = &[
    ("attempt", &["id"]),
    ("begin", &["id"]),
    ("call", ENDED),
    ("calls", ENDED),
    ("close", &[]),
    ("complete", &["duration_ms", "error", "id", "outcome", "rt_ms"]),
    ("end", &["duration_ms", "error", "id", "outcome", "rt_ms"]),
    ("failures", &["n"]),
    ("force", &["for_ms", "to", "until_ms"]),
    ("isolate", &[]),
    (
        "polly_break",
        &["failure_rate", "failure_ratio", "min_throughput", "throughput"],
    ),
    (
        "probe_result",
        &["duration_ms", "error", "id", "outcome", "rt_ms"],
    ),
    ("record", ENDED),
    ("release", &["id"]),
    ("reset", &[]),
    ("state", &[]),
    ("successes", &["n"]),
    ("try_acquire", &["id"]),
];

/// What can be done to a window.
pub const WINDOW_OPERATIONS: Operations = &[("record", ENDED), ("reset", &[]), ("snapshot", &[])];

/// What is said of calls that have ended.
const ENDED: &[&str] = &[
    "duration_ms",
    "error",
    "outcome",
    "outcomes",
    "rt_ms",
    "slow",
    "times",
];

/// What an operation says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    pub outcome: Option<Ending>,
    pub outcomes: Vec<Ending>,
    pub error: Option<bool>,
    pub times: Option<u32>,
    pub n: Option<u32>,
    #[serde(alias = "rt_ms")]
    pub duration_ms: Option<Time>,
    pub slow: bool,
    pub for_ms: Option<Time>,
    pub until_ms: Option<Time>,
    pub id: Option<String>,
    pub to: Option<Forced>,
}

/// What a breaker is forced to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Forced {
    Closed,
    Open,
    HalfOpen,
    #[serde(rename = "FORCED_OPEN", alias = "ISOLATED")]
    OpenForGood,
    Disabled,
    MetricsOnly,
}

impl Args {
    /// How the calls of this operation ended, one after the other.
    ///
    /// # Errors
    /// A sentence, if that is not said, or twice.
    pub fn endings(&self) -> Result<Vec<Ending>, String> {
        let one = match (self.outcome, self.error) {
            (Some(ending), None) => Some(ending),
            (None, Some(error)) => Some(if error { Ending::Failure } else { Ending::Success }),
            // It answered, so late as is said.
            (None, None) if self.outcomes.is_empty() && self.duration_ms.is_some() => Some(Ending::Success),
            (None, None) => None,
            (Some(_), Some(_)) => return Err("a call has one outcome".into()),
        };
        match (one, self.outcomes.as_slice()) {
            (Some(ending), []) => Ok(vec![ending; times(self.times.unwrap_or(1))? as usize]),
            (None, endings) if !endings.is_empty() && self.times.is_none() => Ok(endings.to_vec()),
            _ => Err("it is not said how the call ended, or twice".into()),
        }
    }
}
