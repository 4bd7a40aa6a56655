//! Netflix concurrency-limits: `AbstractPartitionedLimiter`.

use serde::Deserialize;

use super::super::file::Said;
use super::super::primitives::read;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Partitioned {
    limit: u32,
    /// By name, with the guaranteed share. A partition may have all that is spare, and so the whole limit; a
    /// guarantee beyond the limit is not given here.
    #[serde(rename = "partitions")]
    _partitions: Vec<(String, f64)>,
}

/// One bulkhead for all partitions.
pub fn bulkhead(config: &Said) -> Result<u32, String> {
    read::<Partitioned>(config).map(|said| said.limit)
}
