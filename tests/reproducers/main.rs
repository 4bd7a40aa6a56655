//! Faults that circuit breakers, backoffs, token buckets and bulkheads are known for, each reproduced as far as it
//! goes here.

mod breaker;
mod bucket;
mod bulkhead;
#[path = "../common/mod.rs"]
mod common;

use core::time::Duration;

use watertight::{Instant, ManualClock};

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> ManualClock {
    ManualClock::starting_at(Instant::from_micros(u64::MAX - 300_000))
}
