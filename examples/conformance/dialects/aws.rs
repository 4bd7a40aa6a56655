//! AWS: the jitters of its architecture blog's simulator, and the SDKs' way with a server's hint.

use serde::Deserialize;

use super::super::file::{Said, Time};
use super::super::primitives::{backoff, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Aws {
    /// Doubling from `base` to `cap`; the operation names the jitter.
    Simulator { base_ms: Time, cap_ms: Time },
    /// A delay that a hint makes longer, by so much at most.
    Hinted { computed_ms: Time, window_ms: Time },
}

/// Either. The simulator counts its attempts from 0, the SDKs from 1.
pub fn backoff(config: &Said, first_retry: u32) -> Result<backoff::Plan, String> {
    Ok(match read(config)? {
        Aws::Simulator { base_ms, cap_ms } => {
            let growth = backoff::Growth::Exponential(Ratio {
                numerator: 2,
                denominator: 1,
            });
            backoff::Plan {
                first_retry,
                ..backoff::Plan::new(growth, base_ms, Some(cap_ms))
            }
        }
        Aws::Hinted {
            computed_ms,
            window_ms,
        } => {
            let plan = backoff::Plan::new(backoff::Growth::Constant, computed_ms, None);
            backoff::Plan {
                max_hint: Some(computed_ms.duration() + window_ms.duration()),
                ..plan
            }
        }
    })
}
