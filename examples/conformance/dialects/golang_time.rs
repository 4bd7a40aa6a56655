//! golang.org/x/time/rate: `Limiter`.

use serde::Deserialize;

use super::super::file::Said;
use super::super::primitives::{bucket, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limiter {
    rate_per_s: Ratio,
    burst: u32,
}

/// `NewLimiter`.
pub fn bucket(config: &Said) -> Result<bucket::Plan, String> {
    let said: Limiter = read(config)?;
    Ok(bucket::Plan::new(said.rate_per_s.per_second(), said.burst))
}
