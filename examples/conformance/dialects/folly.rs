//! folly: `TokenBucket`.

use serde::Deserialize;

use super::super::file::Said;
use super::super::primitives::{bucket, read};
use super::super::words::Ratio;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBucket {
    rate_per_s: Ratio,
    burst: u32,
}

/// `TokenBucket`, full at first.
pub fn bucket(config: &Said) -> Result<bucket::Plan, String> {
    let said: TokenBucket = read(config)?;
    Ok(bucket::Plan::new(said.rate_per_s.per_second(), said.burst))
}
