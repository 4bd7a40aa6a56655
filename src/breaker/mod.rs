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
//! call everything. An operation starts again only when another caller's compare-and-swap came between its own load
//! and its own compare-and-swap, and once more where it finds a timer that an interrupted caller left unset, which
//! it then sets: k interrupts cost at most k + 1 repetitions, each of at most 10 loads and compare-and-swaps, one
//! reading of the clock and one draw. While closed, admitting is one load, and so is a success with no failures
//! before it: no clock, no write. A failure is one compare-and-swap.
//!
//! The clock may start anywhere. While it stands still, during sleep perhaps, cool-downs and leases last. If it steps
//! back, they last longer by the step; where that would be more than 8.9 minutes (in ticks of 1 us, see below),
//! they end at once. Waits are exact to 1 us if neither cool-down, hint, lease nor stable period exceeds 4.4 minutes;
//! above, to the smallest power of two of microseconds in which the longest of them is less than 2^28 - 2^16.
//!
//! `protocol` in the sources has the proof and the limits in full; the ones that a user may meet:
//!
//! - A permit held over 512 transitions, or a multiple (up to three more for a probe), is taken for a present one.
//! - An opening whose maker is interrupted within the few instructions between its first write and its second, and
//!   is overtaken there by another caller, lasts up to 65,536 ticks (66 ms) longer.
//! - A clock reading that is 4.4 minutes (in ticks of 1 us) older than another caller's may take an open breaker for
//!   one past its cool-down; an [`Instant`](crate::Instant) must not be held that long. A lease runs from the
//!   reading of whoever sets it: a probe that is admitted by an instant older than the lease has none left.
//! - Of several probe slots, one that was forgotten comes back only after a whole lease in which no other was
//!   taken; the others go on meanwhile.

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
pub use handle::{At, Handle, Reach};
pub use permit::{Permit, Settling};
pub use report::{Snapshot, Transition};
pub use word::State;

use crate::rejected::{Error, Rejected};
use crate::time::Clock;
use words::{Parts, StateWords};

/// A circuit breaker that counts consecutive failures; see the [module](self).
///
/// `C` is its clock, most often a type without size; `P` leads to its [`Config`]. A `Breaker<()>` has no clock, and
/// is always used with the one that [`at`](Self::at) names.
pub struct Breaker<C, P = &'static Config> {
    parts: Parts<C, P>,
}

impl<C, P> Breaker<C, P> {
    const_fn! {
        /// A closed breaker.
        pub const fn new(clock: C, policy: P) -> Self {
            Self { parts: Parts { clock, words: StateWords::new(), policy } }
        }
    }

    /// The same breaker with another clock, or with an [`Instant`](crate::Instant) that is already in hand.
    pub const fn at<D: Clock>(&self, clock: D) -> At<&Self, D> {
        At::new(self, clock)
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
    /// If `f` panics, they too are seen only in a [`Snapshot`].
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
    /// The transitions that the call makes are seen only in a [`Snapshot`]; who needs them settles a
    /// [`Permit`] himself. The returned future is about twice as large as `f`: where that matters, pass a
    /// `Pin<&mut F>`.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_async<T, E>(
        &self,
        f: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, Error<E>>> {
        operations::call_async(self, f)
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
