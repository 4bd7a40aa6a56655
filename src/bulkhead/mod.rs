//! A bulkhead: at most so many calls at a time; and if wanted, with a queue before it, or a token bucket behind it.
//!
//! A dependency that has become slow holds what its callers hold: threads, connections, memory, until nothing is left
//! for calls to anybody else. A bulkhead around it bounds that: the calls that would be too many are refused at once,
//! and the rest of the ship stays dry.
//!
//! ```
//! use watertight::{Bulkhead, Reason};
//!
//! static BILLING: Bulkhead = Bulkhead::new(2);
//!
//! let first = BILLING.try_enter().unwrap();
//! let _second = BILLING.try_enter().unwrap();
//! assert_eq!(BILLING.try_enter().unwrap_err().reason(), Reason::Full);
//! drop(first);
//! assert!(BILLING.try_enter().is_ok());
//! ```
//!
//! | | | state |
//! |---|---|---|
//! | [`Bulkhead`] | a limit of up to 65,535, and a refusal at once | 4 bytes |
//! | `Waiting` (feature `waiting`) | a limit of up to 1,023, and up to 32 that wait, first come, first served | 4 bytes, and 16 for each seat (32 on 64-bit targets) |
//! | [`TokenBulkhead`] | either, and a [`TokenBucket`](crate::TokenBucket) behind it: one permit for both | theirs |
//!
//! # Semantics
//!
//! - What is in flight never rises above the limit, not even for a moment.
//! - [`resize`](Bulkhead::resize) holds from the next call on. Below what is in flight nobody enters until enough
//!   have left, and nobody has to wait for that who resizes.
//! - A call may weigh several places: [`try_enter_many`](Bulkhead::try_enter_many).
//! - Calls of lower priority may use only their [`Share`] of the limit, so that they never take the last places.
//! - A [`Slot`] gives back what it holds exactly once, when it is dropped. What a caller did inside happens before what
//!   the next one does who gets his place.
//! - With waiters, nobody overtakes, every place that comes free wakes the one that it is for, and who gives up passes
//!   on what he was given.
//!
//! # Cost and guarantees
//!
//! Nothing waits, no clock is asked, and an interrupt may call everything (but `enter_blocking`). Entering starts
//! again only when another caller changed the word between its load and its compare-and-swap, so that k interrupts
//! cost at most k repetitions, of one load and one compare-and-swap each. Leaving a [`Bulkhead`] is one
//! read-modify-write.
//!
//! | | instructions, x86-64 | thumbv7em |
//! |---|---|---|
//! | [`Bulkhead`]: entered and left | 12 | 19 |
//! | refused | 8 | 6 |
//! | with [`Stats`]: entered and left | 16 | |
//! | `Waiting`: entered and left, nobody waits | 37 | |
//!
//! (On x86-64 counted by `.ci/instructions`, on thumbv7em from the disassembly; inlined, with nobody else about.)
//!
//! Leaving a `Waiting` in which somebody waits, cancelling and queueing up are a few loads and compare-and-swaps
//! more, at most N + 1 rounds of them with nobody else about, and the waker's own work: it is called where the place
//! is given back. Whoever is stopped in the middle for ever costs at most the places that he held, and one seat.
//! `waiting/protocol.rs` in the sources has the whole protocol, who may be stopped where, and the limits; the one
//! that a user may meet: tickets come round after 64, so that a caller who is stopped between two writes while
//! exactly 64 others come and go may give his place out of turn.
//!
//! No clock, and so nothing that sleep or suspend of the machine could change.
//!
//! # Waiting with a deadline
//!
//! The wait is a future that may be dropped at any time; a deadline is the caller's timer beside it:
//!
//! ```
//! # use core::time::Duration;
//! use watertight::bulkhead::{Slot, Waiting};
//!
//! static BILLING: Waiting<8> = Waiting::new(20);
//!
//! async fn within(time: Duration) -> Option<Slot<&'static Waiting<8>>> {
//!     // With embassy: `select(BILLING.enter(), Timer::after(time)).await`.
//!     tokio::time::timeout(time, BILLING.enter()).await.ok()?.ok()
//! }
//! ```
//!
//! A thread waits with `enter_blocking` (feature `std`). For tokens there is `TokenBulkhead::enter`, which waits in
//! the same queue.

mod alone;
#[cfg(all(feature = "std", feature = "waiting"))]
mod blocking;
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
pub use share::{InvalidShare, Share};
pub use slot::{Places, Slot};
pub use stats::{Keep, Statistics, Stats};
pub use token_bulkhead::{TokenBulkhead, TokenSlot, Tokens};
#[cfg(any(feature = "waiting", watertight_loom))]
pub use waiting::{Enter, InvalidLimit, Queue, Waiting};
