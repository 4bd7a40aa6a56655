//! A circuit breaker: it opens when too many calls fail, refuses calls while it cools down, and lets a few probes decide
//! whether it closes again.
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
//! # What opens it
//!
//! | window | configuration | opens at | words beside the three |
//! |---|---|---|---|
//! | [`Consecutive`], unless said otherwise | [`Config::consecutive`] | so many failures in a row | none |
//! | [`LastCalls`] | [`Config::failure_rate`] | a percentage of failures among the last N calls | 2 and one for every 19 calls |
//! | [`LastTime`] | [`Config::failure_rate`] | the same, over the last span of time | 2 and two for every bucket |
//! | either of these two | with [`slow_calls`](Builder::slow_calls) | also a percentage of slow calls | 2 and one for every 9 calls; 2 and four for every bucket |
//!
//! # Behaviour
//!
//! | state | a call is | a success | a failure | time |
//! |---|---|---|---|---|
//! | closed | admitted | is counted | is counted, and opens if the rule says so | a stable period lets the cool-downs begin from the first again |
//! | open | refused | nothing: it is late | nothing: it is late | once the cool-down is over, the next call is admitted as a probe: half-open |
//! | half-open | admitted as a probe while a slot is free | closes, if it is the last one needed; recovering, if there is a ramp | opens with the next cool-down, if it is one too many | a lease after the last slot was taken, all slots are free again: a new round |
//! | recovering | admitted if it is in the growing share | is counted | is counted, and opens with the next cool-down if the rule says so | after the [ramp](Builder::recover_over), the next call is admitted and closes |
//! | forced open | refused | nothing: it is late | nothing: it is late | none |
//! | disabled | admitted | nothing | nothing | none |
//!
//! Each transition begins a new *generation*, except for that from recovering to closed. The outcome of a call from another
//! generation changes nothing, except for a probe's that lost its slot to a new round (see [`Permit`]). A new generation
//! has counted nothing.
//!
//! # Cost and guarantees
//!
//! State is three 32-bit words, twelve bytes, and those of its window. Nothing here waits, and an interrupt may
//! call everything. An operation starts again only when another caller's compare-and-swap came between its own load
//! and its own compare-and-swap, and once more where it finds a timer, a cursor or a clock hand that an interrupted caller
//! left behind, which it then sets: k interrupts cost at most k + 1 repetitions, of a few each. A repetition is at most 12
//! loads and compare-and-swaps beside those of the window, one reading of the clock for the breaker and one for a window of
//! time, and one draw.
//!
//! What a closed breaker costs, in atomic operations and in instructions on x86-64 (counted by `.ci/instructions` with
//! nobody else about, admitting included, the clock's own left out):
//!
//! | window | a success | the same, after a failure every 64 calls | a failure, and a success after it |
//! |---|---|---|---|
//! | consecutive | 2 loads: 15 | 20 | 4 loads and two compare-and-swaps: 154 |
//! | last 100 calls | 3 loads, once the last 100 all succeeded: 34 | 4 loads and a compare-and-swap: 96 | half of all calls failing, the window is summed up three times, a load for every strip: 1,211 |
//! | last 1,000 calls | the same: 34 | the same, but for the strips that are looked through once in 19 calls: 162 | 54 strips each time: 5,380 |
//! | last 10 s in 16 buckets | 6 loads, a compare-and-swap, a reading of the clock: 198 | 209 | the same twice, and up to three loads for every bucket: 709 |
//!
//! A closed consecutive breaker writes nothing on a success, and one that counts calls writes nothing while they all
//! succeed. A rule for slow calls, or [`abandoned_after`](Builder::abandoned_after), reads the clock once more for every
//! admission and once for every outcome; without them only a window of time reads it. [`Stats`] add nothing to a call that is
//! admitted and succeeds.
//!
//! The clock may start anywhere. While it stands still, during sleep perhaps, cool-downs, leases and ramps last. If it
//! steps back, they last longer by the step; where that would be more than 8.9 minutes (in ticks of 1 us, see below),
//! they end at once. Waits are exact to 1 us if neither cool-down, hint, lease, ramp nor stable period exceeds 4.4 minutes;
//! above, to the smallest power of two of microseconds in which the longest of them is less than 2^28 - 2^16.
//!
//! `protocol` and `window` in the sources have the proofs and the limits in full; the ones that a user may meet:
//!
//! - A permit held over 512 transitions, or a multiple (up to three more for a probe), is taken for a present one.
//! - An opening whose maker is interrupted within the few instructions between its first write and its second, and
//!   is overtaken there by another caller, lasts up to 65,536 ticks (66 ms) longer.
//! - A clock reading that is 4.4 minutes (in ticks of 1 us) older than another caller's may take an open breaker for
//!   one past its cool-down; an [`Instant`](crate::Instant) must not be held that long. A lease runs from the
//!   reading of whoever sets it: a probe that is admitted by an instant older than the lease has none left.
//! - Of several probe slots, one that was forgotten comes back only after a whole lease in which no other was
//!   taken; the others go on meanwhile.
//! - A [`LastTime`] counts at most 8,388,607 calls in a bucket, and takes its last calls for recent ones after 2^29 idle buckets, 1.1 years or more.

mod adjustable;
mod config;
mod handle;
mod memory;
mod operations;
mod outcome;
mod permit;
#[cfg(watertight_loom)]
pub mod protocol;
#[cfg(not(watertight_loom))]
mod protocol;
mod reasons;
mod report;
#[cfg(watertight_loom)]
pub mod rules;
#[cfg(not(watertight_loom))]
mod rules;
mod saved;
mod stats;
#[cfg(watertight_loom)]
pub mod window;
#[cfg(not(watertight_loom))]
mod window;
#[cfg(watertight_loom)]
pub mod word;
#[cfg(not(watertight_loom))]
mod word;
mod words;

use core::fmt;
use core::future::Future;
use core::ops::Deref;

pub use adjustable::{AdjustError, Adjustable};
pub use config::{Builder, Config, InvalidConfig, NoRandom, Policy};
pub use handle::{At, CallerKey, Handle, Key, NoKey, Reach};
pub use outcome::Outcome;
pub use permit::{Permit, Settling};
pub use report::{Snapshot, Transition};
pub use saved::{AlreadyUsed, Saved};
pub use stats::{Keep, NoStats, Statistics, Stats};
pub use window::{Consecutive, FailureAndSlowRate, FailureRate, LastCalls, LastTime, Rule, Window};
#[doc(hidden)]
pub use window::{words_for, words_for_buckets};
pub use word::State;

use crate::rejected::{Error, Rejected};
use crate::time::{Clock, Micros};
use protocol::Forced;
use words::{Parts, StateWords};

/// A circuit breaker; see the [module](self).
///
/// `C` is its clock, most often a type without size. `P` leads to its [`Config`]. `W` is where it keeps what it counts,
/// failures in a row unless said otherwise, and `S` is [`Stats`] if it keeps them. A `Breaker<()>` has no clock, and
/// is always used with the one that [`at`](Self::at) names.
pub struct Breaker<C, P = &'static Config, W = Consecutive, S = NoStats> {
    parts: Parts<C, P, W, S>,
}

impl<C, P: Policy<Rule = Consecutive>> Breaker<C, P> {
    const_fn! {
        /// A closed breaker that counts failures in a row.
        pub const fn new(clock: C, policy: P) -> Self {
            Self::with_stats(clock, policy, Consecutive, NoStats)
        }
    }
}

impl<C, P: Policy, W: Window<Rule = P::Rule>> Breaker<C, P, W> {
    const_fn! {
        /// A closed breaker that counts in this window.
        pub const fn with_window(clock: C, policy: P, window: W) -> Self {
            Self::with_stats(clock, policy, window, NoStats)
        }
    }
}

impl<C, P: Policy, W: Window<Rule = P::Rule>, S: Keep> Breaker<C, P, W, S> {
    const_fn! {
        /// A closed breaker that counts in this window and keeps these statistics.
        pub const fn with_stats(clock: C, policy: P, window: W, stats: S) -> Self {
            Self { parts: Parts { clock, words: StateWords::new(), policy, window, stats } }
        }
    }

    /// The same breaker with another clock, or with an [`Instant`](crate::Instant) that is already in hand.
    pub const fn at<D: Clock>(&self, clock: D) -> At<&Self, D> {
        At::new(self, clock)
    }

    /// The same breaker for a caller with this key: the number of a tenant, or whatever is to decide who is under a breaker
    /// that is [`enforced`](Builder::enforced) for a percentage of its callers.
    pub fn caller(&self, key: u64) -> At<&Self, &C, CallerKey> {
        At::new(self, &self.parts.clock).caller(key)
    }
}

impl<C: Clock, P: Policy, W: Window<Rule = P::Rule>, S: Keep> Breaker<C, P, W, S> {
    /// Asks for the right to make one call.
    ///
    /// # Errors
    /// [`Reason::Open`](crate::Reason::Open) with [`RetryAfter::In`](crate::RetryAfter::In);
    /// [`Reason::ProbesInFlight`](crate::Reason::ProbesInFlight) with
    /// [`RetryAfter::OnRelease`](crate::RetryAfter::OnRelease) and the end of the lease;
    /// [`Reason::Recovering`](crate::Reason::Recovering) with [`RetryAfter::In`](crate::RetryAfter::In);
    /// [`Reason::ForcedOpen`](crate::Reason::ForcedOpen) with [`RetryAfter::Never`](crate::RetryAfter::Never).
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
        operations::call(self, Outcome::of, f).0
    }

    /// As [`call`](Self::call), where `classify` says how the call ended: that a request was itself wrong, say, so that its
    /// refusal is to be [`Ignored`](Outcome::Ignored), or that an `Ok` holds a failure. A panic out of it is a failure.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    #[inline]
    pub fn call_classified<T, E>(
        &self,
        classify: impl FnOnce(&Result<T, E>) -> Outcome,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, Error<E>> {
        operations::call(self, classify, f).0
    }

    /// As [`call`](Self::call), and returns the transitions that it made: while admitting, and while settling.
    /// If `f` panics, they too are seen only in a [`Snapshot`].
    #[inline]
    pub fn call_observed<T, E>(
        &self,
        f: impl FnOnce() -> Result<T, E>,
    ) -> (Result<T, Error<E>>, [Option<Transition>; 2]) {
        operations::call(self, Outcome::of, f)
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
        operations::call_async(self, Outcome::of, f)
    }

    /// As [`call_async`](Self::call_async), classified as by [`call_classified`](Self::call_classified).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_async_classified<T, E>(
        &self,
        classify: impl FnOnce(&Result<T, E>) -> Outcome,
        f: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, Error<E>>> {
        operations::call_async(self, classify, f)
    }

    /// The breaker at this moment, all of it together. Asks the clock only if there is something to wait for,
    /// or if it counts in a [`LastTime`].
    pub fn snapshot(&self) -> Snapshot {
        operations::snapshot(&self)
    }

    /// What of it outlives a sleep in which the memory is lost, or a reset of the whole device: see [`Saved`].
    pub fn save(&self) -> Saved {
        operations::save(&self)
    }

    /// Makes a breaker that nobody has used yet what another was when it was [`save`](Self::save)d, `asleep` ago; zero if
    /// nobody knows how long. To be called before the first call; returns the transition.
    ///
    /// # Errors
    /// [`AlreadyUsed`], if it was opened, closed or forced before, or has failures in a row. Nothing is changed then.
    pub fn restore(&self, saved: &Saved, asleep: Micros) -> Result<Transition, AlreadyUsed> {
        operations::restore(&self, saved, asleep)
    }

    /// Closes the breaker, whatever it is, as if it were new: failures and openings are forgotten, and the outcome
    /// of any call that is under way changes nothing. Returns the transition to closed, which is made also when
    /// the breaker was closed.
    pub fn reset(&self) -> Transition {
        operations::force(&self, Forced::Closed)
    }

    /// Opens the breaker, whatever it is, until it is [`reset`](Self::reset), or [`disable`](Self::disable)d: no time ends
    /// this. Callers in shadow, see [`enforced`](Builder::enforced), are let through here too. The outcome of any call that is under way changes nothing. Returns the transition.
    pub fn force_open(&self) -> Transition {
        operations::force(&self, Forced::Open)
    }

    /// Lets every call through and counts none, whatever the breaker is, until it is [`reset`](Self::reset) or
    /// [`force_open`](Self::force_open)ed. Returns the transition.
    pub fn disable(&self) -> Transition {
        operations::force(&self, Forced::Disabled)
    }
}

impl<C: Clock, P: Policy, W: Window<Rule = P::Rule>> Breaker<C, P, W, Stats> {
    /// The breaker at this moment, and what its [`Stats`] kept.
    pub fn statistics(&self) -> Statistics {
        operations::statistics(&self)
    }
}

impl<C: Clock, P: Policy, W: Window<Rule = P::Rule>, S: Keep> fmt::Debug for Breaker<C, P, W, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Breaker").field(&self.snapshot()).finish()
    }
}
