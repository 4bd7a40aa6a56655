//! The ways to a breaker: itself, an owner of it, or one with another clock.

use core::fmt;
use core::future::Future;
use core::ops::Deref;

use super::words::Shared;
use super::{Breaker, Permit, Policy, Snapshot, Transition, operations};
use crate::rejected::{Error, Rejected};
use crate::time::Clock;

/// A way to a breaker and to the clock that goes with it: `&Breaker`, `Arc<Breaker>` and the like, [`At`].
pub trait Handle {
    /// The clock.
    type Clock: Clock;
    /// What leads to the configuration.
    type Policy: Policy;

    /// Both. Nobody else can implement this: its types have no public name.
    #[doc(hidden)]
    fn parts(&self) -> (&Shared<Self::Policy>, &Self::Clock);
}

impl<H: Deref<Target = Breaker<C, P>>, C: Clock, P: Policy> Handle for H {
    type Clock = C;
    type Policy = P;

    #[inline]
    fn parts(&self) -> (&Shared<P>, &C) {
        (&self.shared, &self.clock)
    }
}

impl<C, P: Policy, D: Clock> Handle for At<'_, C, P, D> {
    type Clock = D;
    type Policy = P;

    #[inline]
    fn parts(&self) -> (&Shared<P>, &D) {
        (&self.breaker.shared, &self.clock)
    }
}

/// A [`Breaker`] with another clock than its own, from [`Breaker::at`]; the methods are the same.
pub struct At<'a, C, P, D> {
    pub(super) breaker: &'a Breaker<C, P>,
    pub(super) clock: D,
}

impl<C, P: Policy, D: Clock> At<'_, C, P, D> {
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
    pub async fn call_async<T, E>(self, f: impl Future<Output = Result<T, E>>) -> Result<T, Error<E>> {
        operations::call_async(self, f).await
    }

    /// As [`Breaker::snapshot`].
    pub fn snapshot(self) -> Snapshot {
        operations::snapshot(&self)
    }

    /// As [`Breaker::reset`].
    pub fn reset(self) -> Transition {
        operations::reset(&self)
    }
}

impl<C, P: Policy, D: Clock> fmt::Debug for At<'_, C, P, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("At").field(&operations::snapshot(self)).finish()
    }
}
