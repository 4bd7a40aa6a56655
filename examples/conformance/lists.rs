//! What is not here: primitives that the crate has not yet, operations that its primitives have not, and what they do
//! not show.
//!
//! These lists may only become shorter.

use super::primitives::{Operations, backoff, breaker, bucket, bulkhead};

/// Whether an operation can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It can.
    Full,
    /// There is no such primitive in the crate yet.
    NoPrimitive,
    /// The primitive is there, and this is nothing that it does.
    NoOperation(&'static str),
    /// The primitive is there, and nobody has heard of the operation.
    Unknown,
}

/// The primitives of the crate, and the operations on them that can be run.
const PRIMITIVES: [(&str, Operations); 6] = [
    ("backoff", backoff::OPERATIONS),
    ("bulkhead", bulkhead::OPERATIONS),
    ("circuit_breaker", breaker::OPERATIONS),
    ("rate_limiter", bucket::OPERATIONS),
    ("sliding_window", breaker::WINDOW_OPERATIONS),
    ("token_bucket", bucket::OPERATIONS),
];

/// Operations that these primitives do not have.
pub const UNSUPPORTED: &[(&str, &str, &str)] = &[
    ("token_bucket", "put", DEPOSITS),
    ("token_bucket", "get", DEPOSITS),
];

const DEPOSITS: &str = "a bucket is filled by its rate alone; one that is filled by calls is a retry budget";

/// What these primitives do not keep, and so do not show.
pub const SKIPPED: &[(&str, &str, &str)] = &[
    (
        "circuit_breaker",
        "exclusions",
        "an ignored call is as if it had never been made",
    ),
    ("circuit_breaker", "requests", IN_A_ROW),
    ("circuit_breaker", "successes", IN_A_ROW),
    ("circuit_breaker", "failures", IN_A_ROW),
    (
        "circuit_breaker",
        "cons_successes",
        "successes in a row decide nothing",
    ),
    (
        "circuit_breaker",
        "cons_failures",
        "a window of rates does not tell which calls came in a row",
    ),
    ("sliding_window", "total_duration_ms", DURATIONS),
    ("sliding_window", "avg_duration_ms", DURATIONS),
    ("sliding_window", "slow_succeeded", SLOW),
    ("sliding_window", "slow_failed", SLOW),
    ("rate_limiter", "period", "there are no periods: tokens drip in"),
    ("bulkhead", "partition_inflight", PARTITIONS),
    ("bulkhead", "partition_limit", PARTITIONS),
];

const IN_A_ROW: &str = "a breaker that counts failures in a row keeps nothing else";
const DURATIONS: &str = "a window keeps whether a call was slow, not how long it took";
const SLOW: &str = "a snapshot tells how many were slow, not how these ended";
const PARTITIONS: &str =
    "a place belongs to no class of calls; a share limits what its class finds taken in all";

/// Whether this operation on this primitive can be done.
pub fn support(primitive: &str, op: &str) -> Support {
    let Some((_, operations)) = PRIMITIVES.iter().find(|(name, _)| *name == primitive) else {
        return Support::NoPrimitive;
    };
    if operations.iter().any(|(name, _)| *name == op) {
        return Support::Full;
    }
    match UNSUPPORTED
        .iter()
        .find(|(of, name, _)| (*of, *name) == (primitive, op))
    {
        Some((.., why)) => Support::NoOperation(why),
        None => Support::Unknown,
    }
}

/// Whether a primitive that shows nothing under this name is known not to.
pub fn is_skipped(primitive: &str, key: &str) -> bool {
    SKIPPED
        .iter()
        .any(|(of, name, _)| (*of, *name) == (primitive, key))
}
