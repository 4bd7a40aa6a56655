//! A bulkhead: at most so many calls at a time; and if wanted, in a queue, and only so fast.

mod alone;
#[cfg(all(feature = "std", feature = "waiting"))]
mod blocking;
mod invalid;
#[cfg(watertight_loom)]
pub mod protocol;
#[cfg(not(watertight_loom))]
mod protocol;
mod share;
mod slot;
mod stats;
mod token_bulkhead;
#[cfg(watertight_loom)]
pub mod waiting;
#[cfg(all(feature = "waiting", not(watertight_loom)))]
mod waiting;
#[cfg(watertight_loom)]
pub mod word;
#[cfg(not(watertight_loom))]
mod word;

pub use alone::Bulkhead;
pub use invalid::{InvalidLimit, InvalidShare};
pub use share::Share;
pub use slot::{Places, Slot};
pub use stats::{Keep, Statistics, Stats};
pub use token_bulkhead::{TokenBulkhead, TokenSlot, Tokens};
#[cfg(any(feature = "waiting", watertight_loom))]
pub use waiting::{Enter, Queue, Waiting};
