#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
// Here alone: the tests are programs with `std`.
#![warn(clippy::std_instead_of_core)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// For `StdClock`, for tests, and for the models, whose atomics live there.
#[cfg(any(feature = "std", test, watertight_loom))]
extern crate std;

#[macro_use]
mod sync;
mod memory;
mod passage;
mod slots;
mod stats;
mod wide;

pub mod adapters;
pub mod backoff;
pub mod breaker;
pub mod bucket;
pub mod bulkhead;
pub mod random;
pub mod rejected;
pub mod time;

#[doc = include_str!("design.md")]
pub mod design {}

#[doc = include_str!("systems.md")]
pub mod systems {}

#[cfg(feature = "embassy-time")]
pub use adapters::embassy_clock::EmbassyClock;
#[cfg(feature = "std")]
pub use adapters::std_clock::StdClock;
pub use backoff::{Backoff, Jitter, Reconnect};
pub use breaker::{Breaker, Config, Permit, Snapshot, State, Transition};
pub use bucket::{Quota, Receipt, TokenBucket};
pub use bulkhead::{Bulkhead, Share, Slot, TokenBulkhead};
pub use random::{Random, SharedRandom};
pub use rejected::{Error, Reason, Rejected, RetryAfter};
pub use slots::Busy;
pub use stats::NoStats;
pub use time::{Clock, Instant, ManualClock, Micros};

/// Doors for the models in `loom-tests`, which compile this source a second time; no user ever sees them.
#[cfg(watertight_loom)]
#[doc(hidden)]
pub mod models {
    pub use crate::memory::{Attempt, Memory, Timed, decide};
    pub use crate::passage::Passage;
    pub use crate::slots::{Slots, Words};
    pub use crate::sync::{AtomicU32, Ordering, before_swap, fence, rmw_loads, with_rmw_loads};
}
