//! A circuit breaker: it opens after so many failures in a row, refuses calls while it cools down, and lets a few
//! probes decide whether it closes again.
//!
//! ```
//! use watertight::{Breaker, Config, Error, StdClock};
//!
//! static LINK: Config = Config::consecutive(3).build();
//! static MODEM: Breaker<StdClock> = Breaker::new(StdClock, &LINK);
//!
//! match MODEM.call(|| "204".parse::<u16>()) {
//!     Ok(status) => assert_eq!(status, 204),
//!     Err(Error::Rejected(rejected)) => println!("not called, because {rejected}"),
//!     Err(Error::Inner(error)) => println!("called, and failed: {error}"),
//! }
//! ```
//!
//! # Behaviour
//!
//! | state | a call is | a success | a failure | time |
//! |---|---|---|---|---|
//! | closed | admitted | ends the failures in a row | opens, if it is the configured number in a row | a stable period lets the cool-downs begin from the first again |
//! | open | refused | nothing: it is late | nothing: it is late | once the cool-down is over, the next call is admitted as a probe: half-open |
//! | half-open | admitted as a probe while a slot is free | closes, if it is the last one needed | opens, with the next cool-down | a lease after the last slot was taken, all slots are free again: a new round |
//!
//! Each transition begins a new *generation*. The outcome of a call from another generation changes nothing,
//! except for a probe's that lost its slot to a new round (see [`Permit`]).
//!
//! # Cost and guarantees
//!
//! State is three 32-bit words, twelve bytes, whatever is configured. Nothing here waits, and an interrupt may
//! call everything: an operation starts again only when another caller's compare-and-swap came between its
//! own load and its own compare-and-swap, so that k interrupts cost at most k repetitions (each at most 12
//! loads and compare-and-swaps, one reading of the clock and one draw). While closed, admitting is one load,
//! and so is a success with no failures before it: no clock, no write. A failure is one compare-and-swap.
//!
//! The clock may start anywhere. If it stands still, cool-downs and leases last until it moves. If it steps back,
//! they last longer by the step, and never longer than 8.9 minutes (times the tick, see below) from then. If it
//! stands still or is unreliable during sleep, so are they. Waits are exact to 1 us if no configured time exceeds
//! 4.4 minutes; above, to the smallest power of two of microseconds in which the longest is at most 2^28 - 2^16.
//!
//! `protocol` in the sources has the proof and the limits in full; the ones that a user may meet:
//!
//! - A permit held over exactly 512 transitions, or a multiple, is taken for a present one.
//! - An opening whose maker is interrupted within the few instructions between its two writes, and is overtaken
//!   there by another caller, lasts up to 65,536 ticks (66 ms) longer.
//! - A clock reading that is more than 4.4 minutes (in ticks of 1 us) older than another caller's may take an open
//!   breaker for one past its cool-down; an [`Instant`](crate::Instant) must not be held that long.

mod config;
mod handle;
mod operations;
mod permit;
#[cfg(watertight_loom)]
pub mod protocol;
#[cfg(not(watertight_loom))]
mod protocol;
mod report;
#[cfg(watertight_loom)]
pub mod rules;
#[cfg(not(watertight_loom))]
mod rules;
#[cfg(watertight_loom)]
pub mod word;
#[cfg(not(watertight_loom))]
mod word;
mod words;

use core::fmt;
use core::future::Future;
use core::ops::Deref;

pub use config::{Builder, Config, InvalidConfig, NoRandom, Policy};
pub use handle::{At, Handle};
pub use permit::{Permit, SettledAt, Settling};
pub use report::{Snapshot, Transition};
pub use word::State;

use crate::rejected::{Error, Rejected};
use crate::time::Clock;
use words::{Shared, StateWords};

/// A circuit breaker that counts consecutive failures; see the [module](self).
///
/// `C` is its clock, most often a type without size; `P` leads to its [`Config`].
pub struct Breaker<C, P = &'static Config> {
    clock: C,
    shared: Shared<P>,
}

impl<C, P> Breaker<C, P> {
    const_fn! {
        /// A closed breaker.
        pub const fn new(clock: C, policy: P) -> Self {
            Self { clock, shared: Shared { words: StateWords::new(), policy } }
        }
    }

    /// The same breaker with another clock, or with an [`Instant`](crate::Instant) that is already in hand.
    pub const fn at<D: Clock>(&self, clock: D) -> At<'_, C, P, D> {
        At { breaker: self, clock }
    }
}

impl<C: Clock, P: Policy> Breaker<C, P> {
    /// Asks for the right to make one call.
    ///
    /// # Errors
    /// [`Reason::Open`](crate::Reason::Open) with [`RetryAfter::In`](crate::RetryAfter::In);
    /// [`Reason::ProbesInFlight`](crate::Reason::ProbesInFlight) with
    /// [`RetryAfter::OnRelease`](crate::RetryAfter::OnRelease) and the end of the lease.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<&Self>, Rejected> {
        operations::acquire(self)
    }

    /// As [`try_acquire`](Self::try_acquire), with a permit that owns its way to the breaker, such as an
    /// `Arc<Breaker<..>>`.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_acquire_owned<H: Deref<Target = Self>>(handle: H) -> Result<Permit<H>, Rejected> {
        operations::acquire(handle)
    }

    /// Makes a call if it is admitted: `Ok` is a success, `Err` a failure, a panic out of `f` a failure.
    ///
    /// The transitions that the call makes are seen only in a [`Snapshot`]: see
    /// [`call_observed`](Self::call_observed).
    ///
    /// # Errors
    /// [`Error::Rejected`] if the call was not made, as [`try_acquire`](Self::try_acquire); [`Error::Inner`] if
    /// it was made and failed.
    #[inline]
    pub fn call<T, E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, Error<E>> {
        operations::call(self, f).0
    }

    /// As [`call`](Self::call), and returns the transitions that it made: while admitting, and while settling.
    #[inline]
    pub fn call_observed<T, E>(
        &self,
        f: impl FnOnce() -> Result<T, E>,
    ) -> (Result<T, Error<E>>, [Option<Transition>; 2]) {
        operations::call(self, f)
    }

    /// Awaits `f` if it is admitted, when the returned future is first polled: `Ok` is a success, `Err` a failure,
    /// a panic out of a poll a failure. Dropping the returned future cancels the call, as dropping a [`Permit`].
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_async<T, E>(&self, f: impl Future<Output = Result<T, E>>) -> Result<T, Error<E>> {
        operations::call_async(self, f).await
    }

    /// The breaker at this moment, all of it together. Asks the clock only if there is something to wait for.
    pub fn snapshot(&self) -> Snapshot {
        operations::snapshot(&self)
    }

    /// Closes the breaker, whatever it is, as if it were new: failures and openings are forgotten, and the outcome
    /// of any call that is under way changes nothing. Returns the transition to closed, which is made also when
    /// the breaker was closed.
    pub fn reset(&self) -> Transition {
        operations::reset(&self)
    }
}

impl<C: Clock, P: Policy> fmt::Debug for Breaker<C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Breaker").field(&self.snapshot()).finish()
    }
}
