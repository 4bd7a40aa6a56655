//! A token bucket whose rate and burst change while it runs.

#[cfg(watertight_loom)]
pub mod change;
#[cfg(not(watertight_loom))]
mod change;
#[cfg(watertight_loom)]
pub mod quota;
#[cfg(not(watertight_loom))]
pub(super) mod quota;
#[cfg(watertight_loom)]
pub mod slot;
#[cfg(not(watertight_loom))]
mod slot;

use core::borrow::Borrow;
use core::convert::Infallible;
use core::fmt;
use core::ops::Deref;
use core::time::Duration;

use change::Slots;
pub use quota::AdjustableQuota;
use slot::WORDS;

use super::InvalidQuota;
use super::protocol::Place;
use super::rate::Rate;
use super::token_bucket::{Live, Policy, TokenBucket, Words};
use crate::memory::decide;
use crate::slots::Busy;
use crate::sync::{AtomicU32, Ordering, zeroes};
use crate::time::Clock;

/// A token bucket whose rate and burst change while it runs: a [`TokenBucket`], whose methods it has, and
/// [`set`](Self::set).
///
/// ```
/// use core::time::Duration;
/// use watertight::bucket::{AdjustableBucket, AdjustableQuota};
/// use watertight::{Quota, StdClock};
///
/// static QUOTA: AdjustableQuota =
///     Quota::per_second(100).burst(20).build_adjustable(1_000, Duration::from_secs(1), 200);
/// static REQUESTS: AdjustableBucket<StdClock> = AdjustableBucket::new(StdClock, &QUOTA);
///
/// let _ = REQUESTS.try_acquire();
/// REQUESTS.set(50, Duration::from_secs(1), 10)?; // as the other side asked for
/// # Ok::<(), watertight::bucket::AdjustError>(())
/// ```
///
/// Whoever takes tokens never waits for whoever changes the rate, also if that one is stopped in the middle; a second
/// one who wants to change it is told [`Busy`]. The state is 56 bytes.
///
/// What a change means for what is there:
///
/// | | |
/// |---|---|
/// | tokens that are there | stay, as far as the new burst holds them; nothing is won, and less than a drop is lost |
/// | what dripped in before the change | at the old rate, to the microsecond |
/// | a reservation | keeps its instant, whatever the new rate would have made of it; whoever comes after waits at the new rate for what it took |
/// | a receipt from before, or one that is given back while a change is under way | gives nothing back; any other may be too old after the time that the burst and the longest wait take at the largest rate |
/// | a bucket that nobody has asked yet | still begins when it is first asked |
/// | a reset | begins with what was said at first, as far as the burst of now holds it; the rate of now stays |
///
/// What is promised of a [`TokenBucket`] for every window holds here too, with the largest burst that was in force in
/// it and each rate for as long as it held; except that reservations from before a change come in addition. Let the
/// clock of whoever changes the rate be a present one.
///
/// It counts in coarser drops than a [`TokenBucket`] does: at most 2^21 to the largest burst, and one a microsecond
/// at the largest rate, so that 1,000,000 a second is the most there is. Any other rate is kept to a part in 2^21 at
/// least, never too fast, or refused. The index comes round after 2^24 drops: what is said in the module's page of
/// callers that are stopped, of idle buckets and of clocks that are far apart holds here after a 128th of those times
/// (17 s and more; 8.9 years).
pub struct AdjustableBucket<C, P = &'static AdjustableQuota, S = AdjustableState> {
    bucket: TokenBucket<C, P, S>,
}

impl<C, P> AdjustableBucket<C, P> {
    const_fn! {
        /// A bucket that nobody has asked yet.
        pub const fn new(clock: C, policy: P) -> Self {
            Self { bucket: TokenBucket { clock, policy, state: AdjustableState::new() } }
        }
    }
}

impl<C, P, S> AdjustableBucket<C, P, S>
where
    P: Policy<State = AdjustableState, Source = AdjustableQuota>,
    S: Borrow<AdjustableState>,
{
    /// The same bucket with another clock, or with an [`Instant`](crate::Instant) in hand.
    #[inline]
    pub fn at<D: Clock>(&self, clock: D) -> AdjustableBucket<D, &P, &AdjustableState> {
        AdjustableBucket {
            bucket: self.bucket.at(clock),
        }
    }
}

impl<C: Clock, P, S> AdjustableBucket<C, P, S>
where
    P: Policy<State = AdjustableState, Source = AdjustableQuota>,
    S: Borrow<AdjustableState>,
{
    /// From now on, `tokens` in every `span`, and a burst of `burst`.
    ///
    /// # Errors
    /// [`AdjustError::Invalid`] if that is not within what the quota was built for; [`AdjustError::Busy`] if somebody
    /// else changes it at this moment. Nothing is changed then.
    pub fn set(&self, tokens: u32, span: Duration, burst: u32) -> Result<(), AdjustError> {
        let quota = self.bucket.policy.source();
        let rate = Rate::of(tokens.into(), span.as_nanos()).map_err(AdjustError::Invalid)?;
        let step = quota.step(rate, burst).map_err(AdjustError::Invalid)?;
        let memory = self.bucket.memory();
        decide(|| change::claim(&memory)).map_err(AdjustError::Busy)?;
        decide(|| change::switch(&memory, quota, step, burst));
        Ok(())
    }
}

impl<C, P, S> Deref for AdjustableBucket<C, P, S> {
    type Target = TokenBucket<C, P, S>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.bucket
    }
}

impl<C: Clock, P, S> fmt::Debug for AdjustableBucket<C, P, S>
where
    P: Policy<State = AdjustableState, Source = AdjustableQuota>,
    S: Borrow<AdjustableState>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bucket.describe("AdjustableBucket", f)
    }
}

impl Policy for AdjustableQuota {
    type State = AdjustableState;
    type Source = Self;

    #[inline]
    fn source(&self) -> &Self {
        self
    }
}

/// The state of an [`AdjustableBucket`].
#[derive(Debug)]
pub struct AdjustableState {
    spent: AtomicU32,
    dated: AtomicU32,
    slots: [[AtomicU32; WORDS]; 2],
}

impl AdjustableState {
    const_fn! {
        const fn new() -> Self {
            Self { spent: AtomicU32::new(0), dated: AtomicU32::new(0), slots: [zeroes(), zeroes()] }
        }
    }
}

impl Words for AdjustableState {
    #[inline]
    fn word(&self, place: Place) -> Option<&AtomicU32> {
        match place {
            Place::Spent => Some(&self.spent),
            Place::Dated => Some(&self.dated),
            Place::Slot { slot, word } => self.slots.get(slot as usize)?.get(word),
        }
    }
}

impl<C: Clock> Slots for Live<'_, C, AdjustableState> {
    #[inline]
    fn store(&self, place: Place, value: u32) -> Result<(), Infallible> {
        if let Some(word) = self.state.word(place) {
            // ORDERING: Relaxed; published by the CAS of `spent` that names the slot.
            word.store(value, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Why a rate was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdjustError {
    /// Somebody else is changing it at this moment.
    Busy(Busy),
    /// It is not one that the quota was built for.
    Invalid(InvalidQuota),
}

impl fmt::Display for AdjustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(busy) => busy.fmt(f),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl core::error::Error for AdjustError {}
