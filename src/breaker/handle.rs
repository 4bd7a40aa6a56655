//! The ways to a breaker: itself, an owner of it, or one with another clock.

use core::fmt;
use core::future::Future;
use core::ops::Deref;

use super::words::Parts;
use super::{Breaker, Permit, Policy, Snapshot, Transition, operations};
use crate::rejected::{Error, Rejected};
use crate::time::Clock;

/// A way to a breaker: `&Breaker`, an owner such as `Arc<Breaker>`, or [`At`].
pub trait Reach {
    /// The breaker's own clock, if it has one.
    type Own;
    /// What leads to the configuration.
    type Policy: Policy;

    /// Nobody else can implement this: its type has no public name.
    #[doc(hidden)]
    fn parts(&self) -> &Parts<Self::Own, Self::Policy>;
}

/// A way to a breaker and to a clock.
pub trait Handle: Reach {
    /// The breaker's own clock, or the one that was named.
    type Clock: Clock;

    #[doc(hidden)]
    fn with_clock(&self) -> (&Parts<Self::Own, Self::Policy>, &Self::Clock);
}

impl<H: Deref<Target = Breaker<C, P>>, C, P: Policy> Reach for H {
    type Own = C;
    type Policy = P;

    #[inline]
    fn parts(&self) -> &Parts<C, P> {
        &self.parts
    }
}

impl<H: Deref<Target = Breaker<C, P>>, C: Clock, P: Policy> Handle for H {
    type Clock = C;

    #[inline]
    fn with_clock(&self) -> (&Parts<C, P>, &C) {
        (&self.parts, &self.parts.clock)
    }
}

/// A breaker with another clock than its own; the methods are those of [`Breaker`].
///
/// [`Breaker::at`] makes one that borrows the breaker, [`At::new`] one that owns its way there.
#[derive(Clone, Copy)]
pub struct At<H, D> {
    handle: H,
    clock: D,
}

impl<H, D> At<H, D> {
    /// `handle` with `clock`, as in `At::new(Arc::clone(&breaker), now)`.
    pub const fn new(handle: H, clock: D) -> Self {
        Self { handle, clock }
    }
}

impl<H: Reach, D> Reach for At<H, D> {
    type Own = H::Own;
    type Policy = H::Policy;

    #[inline]
    fn parts(&self) -> &Parts<H::Own, H::Policy> {
        self.handle.parts()
    }
}

impl<H: Reach, D: Clock> Handle for At<H, D> {
    type Clock = D;

    #[inline]
    fn with_clock(&self) -> (&Parts<H::Own, H::Policy>, &D) {
        (self.parts(), &self.clock)
    }
}

impl<H: Reach, D: Clock> At<H, D> {
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
        operations::call(self, f).0
    }

    /// As [`Breaker::call_observed`].
    #[inline]
    pub fn call_observed<T, E>(
        self,
        f: impl FnOnce() -> Result<T, E>,
    ) -> (Result<T, Error<E>>, [Option<Transition>; 2]) {
        operations::call(self, f)
    }

    /// As [`Breaker::call_async`].
    ///
    /// # Errors
    /// As [`Breaker::call`].
    pub fn call_async<T, E>(
        self,
        f: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, Error<E>>> {
        operations::call_async(self, f)
    }

    /// As [`Breaker::snapshot`].
    pub fn snapshot(&self) -> Snapshot {
        operations::snapshot(self)
    }

    /// As [`Breaker::reset`].
    pub fn reset(&self) -> Transition {
        operations::reset(self)
    }
}

impl<H: Reach, D: Clock> fmt::Debug for At<H, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("At").field(&self.snapshot()).finish()
    }
}
