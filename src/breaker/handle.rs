//! The ways to a breaker: itself, an owner of it, or one with another clock or for a caller with a key.

use core::fmt;
use core::future::Future;
use core::ops::Deref;

use super::protocol::Forced;
use super::saved::{AlreadyUsed, Saved};
use super::stats::{Keep, Statistics, Stats};
use super::words::Parts;
use super::{Breaker, Outcome, Permit, Policy, Snapshot, Transition, Window, operations};
use crate::rejected::{Error, Rejected};
use crate::time::{Clock, Micros};

/// A way to a breaker: `&Breaker`, an owner such as `Arc<Breaker>`, or [`At`].
pub trait Reach {
    /// The breaker's own clock, if it has one.
    type Own;
    /// What leads to the configuration.
    type Policy: Policy;
    /// Where it keeps what it counts.
    type Window: Window<Rule = <Self::Policy as Policy>::Rule>;
    /// What is kept beside what decides.
    type Stats: Keep;

    /// Nobody else can implement this: its type has no public name.
    #[doc(hidden)]
    fn parts(&self) -> &PartsOf<Self>;

    /// The caller's key.
    #[doc(hidden)]
    fn key(&self) -> Option<u64> {
        None
    }
}

/// What the breaker at the end of a way is made of.
type PartsOf<H> = Parts<<H as Reach>::Own, <H as Reach>::Policy, <H as Reach>::Window, <H as Reach>::Stats>;

/// A way to a breaker and to a clock.
pub trait Handle: Reach {
    /// The breaker's own clock, or the one that was named.
    type Clock: Clock;

    #[doc(hidden)]
    fn with_clock(&self) -> (&PartsOf<Self>, &Self::Clock);
}

impl<H, C, P, W, S> Reach for H
where
    H: Deref<Target = Breaker<C, P, W, S>>,
    P: Policy,
    W: Window<Rule = P::Rule>,
    S: Keep,
{
    type Own = C;
    type Window = W;
    type Policy = P;
    type Stats = S;

    #[inline]
    fn parts(&self) -> &Parts<C, P, W, S> {
        &self.parts
    }
}

impl<H, C, P, W, S> Handle for H
where
    H: Deref<Target = Breaker<C, P, W, S>>,
    C: Clock,
    P: Policy,
    W: Window<Rule = P::Rule>,
    S: Keep,
{
    type Clock = C;

    #[inline]
    fn with_clock(&self) -> (&PartsOf<Self>, &C) {
        (&self.parts, &self.parts.clock)
    }
}

/// A breaker with another clock than its own, or for a caller with a key; the methods are those of [`Breaker`].
///
/// [`Breaker::at`] and [`Breaker::caller`] make one that borrows the breaker, [`At::new`] one that owns its way there.
#[derive(Clone, Copy)]
pub struct At<H, D, K = NoKey> {
    handle: H,
    clock: D,
    key: K,
}

/// A caller without a key.
#[derive(Clone, Copy, Debug)]
pub struct NoKey;

/// A caller's key: see [`Breaker::caller`].
#[derive(Clone, Copy, Debug)]
pub struct CallerKey(u64);

/// [`NoKey`] or a [`CallerKey`].
pub trait Key {
    #[doc(hidden)]
    fn key(&self) -> Option<u64>;
}

impl Key for NoKey {
    #[inline]
    fn key(&self) -> Option<u64> {
        None
    }
}

impl Key for CallerKey {
    #[inline]
    fn key(&self) -> Option<u64> {
        Some(self.0)
    }
}

impl<H, D> At<H, D> {
    /// `handle` with `clock`, as in `At::new(Arc::clone(&breaker), now)`.
    pub const fn new(handle: H, clock: D) -> Self {
        Self {
            handle,
            clock,
            key: NoKey,
        }
    }

    /// The same, for a caller with this key: see [`Breaker::caller`].
    pub fn caller(self, key: u64) -> At<H, D, CallerKey> {
        At {
            handle: self.handle,
            clock: self.clock,
            key: CallerKey(key),
        }
    }
}

impl<H: Reach, D, K: Key> Reach for At<H, D, K> {
    type Own = H::Own;
    type Window = H::Window;
    type Policy = H::Policy;
    type Stats = H::Stats;

    #[inline]
    fn parts(&self) -> &PartsOf<Self> {
        self.handle.parts()
    }

    #[inline]
    fn key(&self) -> Option<u64> {
        self.key.key().or_else(|| self.handle.key())
    }
}

impl<H: Reach, D: Clock, K: Key> Handle for At<H, D, K> {
    type Clock = D;

    #[inline]
    fn with_clock(&self) -> (&PartsOf<Self>, &D) {
        (self.parts(), &self.clock)
    }
}

impl<H: Reach, D: Clock, K: Key> At<H, D, K> {
    /// As [`Breaker::try_acquire`]. A permit got with a bare [`Instant`](crate::Instant) is settled through
    /// [`Permit::at`].
    ///
    /// # Errors
    /// As [`Breaker::try_acquire`].
    #[inline]
    pub fn try_acquire(self) -> Result<Permit<Self>, Rejected> {
        operations::acquire(self)
    }

    /// As [`Breaker::call`].
    ///
    /// # Errors
    /// As [`Breaker::call`].
    #[inline]
    pub fn call<T, E>(self, f: impl FnOnce() -> Result<T, E>) -> Result<T, Error<E>> {
        operations::call(self, Outcome::of, f).0
    }

    /// As [`Breaker::call_classified`].
    ///
    /// # Errors
    /// As [`Breaker::call`].
    #[inline]
    pub fn call_classified<T, E>(
        self,
        classify: impl FnOnce(&Result<T, E>) -> Outcome,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, Error<E>> {
        operations::call(self, classify, f).0
    }

    /// As [`Breaker::call_observed`].
    #[inline]
    pub fn call_observed<T, E>(
        self,
        f: impl FnOnce() -> Result<T, E>,
    ) -> (Result<T, Error<E>>, [Option<Transition>; 2]) {
        operations::call(self, Outcome::of, f)
    }

    /// As [`Breaker::call_async`].
    ///
    /// # Errors
    /// As [`Breaker::call`].
    pub fn call_async<T, E>(
        self,
        f: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, Error<E>>> {
        operations::call_async(self, Outcome::of, f)
    }

    /// As [`Breaker::call_async_classified`].
    ///
    /// # Errors
    /// As [`Breaker::call`].
    pub fn call_async_classified<T, E>(
        self,
        classify: impl FnOnce(&Result<T, E>) -> Outcome,
        f: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, Error<E>>> {
        operations::call_async(self, classify, f)
    }

    /// As [`Breaker::snapshot`].
    pub fn snapshot(&self) -> Snapshot {
        operations::snapshot(self)
    }

    /// As [`Breaker::save`].
    pub fn save(&self) -> Saved {
        operations::save(self)
    }

    /// As [`Breaker::restore`].
    ///
    /// # Errors
    /// As [`Breaker::restore`].
    pub fn restore(&self, saved: &Saved, asleep: Micros) -> Result<Transition, AlreadyUsed> {
        operations::restore(self, saved, asleep)
    }

    /// As [`Breaker::reset`].
    pub fn reset(&self) -> Transition {
        operations::force(self, Forced::Closed)
    }

    /// As [`Breaker::force_open`].
    pub fn force_open(&self) -> Transition {
        operations::force(self, Forced::Open)
    }

    /// As [`Breaker::disable`].
    pub fn disable(&self) -> Transition {
        operations::force(self, Forced::Disabled)
    }
}

impl<H: Reach<Stats = Stats>, D: Clock, K: Key> At<H, D, K> {
    /// As [`Breaker::statistics`].
    pub fn statistics(&self) -> Statistics {
        operations::statistics(self)
    }
}

impl<H: Reach, D: Clock, K: Key> fmt::Debug for At<H, D, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("At").field(&self.snapshot()).finish()
    }
}
