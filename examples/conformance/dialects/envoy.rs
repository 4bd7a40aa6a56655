//! Envoy: `TokenBucketImpl`, `JitteredExponentialBackOffStrategy`, `JitteredLowerBoundBackOffStrategy`,
//! `ResourceManager`.

use serde::Deserialize;
use watertight::Jitter;

use super::super::file::{Said, Time};
use super::super::primitives::{backoff, bucket, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBucket {
    max: u32,
    fill_per_s: Ratio,
}

/// `TokenBucketImpl`, full at first.
pub fn bucket(config: &Said) -> Result<bucket::Plan, String> {
    let said: TokenBucket = read(config)?;
    Ok(bucket::Plan::new(said.fill_per_s.per_second(), said.max))
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum BackOff {
    /// Anywhere below a bound that doubles; attempts counted from 1.
    Jittered { base_ms: Time, max_ms: Time },
    /// What the server asked for, and up to half of it more.
    LowerBound { min_ms: Time },
}

/// A strategy of either kind. The lower bound and half of it are what lies within 20 % of five quarters of it.
pub fn backoff(config: &Said) -> Result<backoff::Plan, String> {
    Ok(match read(config)? {
        BackOff::Jittered { base_ms, max_ms } => {
            let growth = backoff::Growth::Exponential(Ratio {
                numerator: 2,
                denominator: 1,
            });
            let plan = backoff::Plan::new(growth, base_ms, Some(max_ms));
            backoff::Plan {
                jitter: Jitter::Full,
                first_retry: 1,
                ..plan
            }
        }
        BackOff::LowerBound { min_ms } => {
            let middle = Time {
                nanos: min_ms.nanos * 5 / 4,
            };
            let plan = backoff::Plan::new(backoff::Growth::Constant, middle, None);
            backoff::Plan {
                jitter: Jitter::PlusMinus(20),
                ..plan
            }
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resource {
    #[serde(
        alias = "max_connections",
        alias = "max_pending_requests",
        alias = "max_pending",
        alias = "max_requests",
        alias = "max"
    )]
    max_retries: u32,
}

/// One resource of a `ResourceManager`.
pub fn bulkhead(config: &Said) -> Result<u32, String> {
    read::<Resource>(config).map(|said| said.max_retries)
}
