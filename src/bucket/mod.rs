//! A token bucket: at most so many at once, and so many in the course of time.

#[cfg(watertight_loom)]
pub mod adjustable;
#[cfg(not(watertight_loom))]
mod adjustable;
#[cfg(watertight_loom)]
pub mod protocol;
#[cfg(not(watertight_loom))]
mod protocol;
mod quota;
#[cfg(watertight_loom)]
pub mod rate;
#[cfg(not(watertight_loom))]
mod rate;
mod receipt;
#[cfg(watertight_loom)]
pub mod terms;
#[cfg(not(watertight_loom))]
mod terms;
mod token_bucket;
#[cfg(watertight_loom)]
pub mod word;
#[cfg(not(watertight_loom))]
mod word;

pub use adjustable::{AdjustError, AdjustableBucket, AdjustableQuota, AdjustableState};
pub use quota::{Builder, InvalidQuota, Quota};
pub use receipt::Receipt;
pub use token_bucket::{Policy, State, TokenBucket};
