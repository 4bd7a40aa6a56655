use core::fmt;
use core::ops::Deref;

use super::slot::{Places, sealed};
use super::{Share, Slot};
use crate::bucket::{Policy, Receipt, TokenBucket};
use crate::rejected::{Reason, Rejected};
use crate::time::{Clock, Micros};

/// A bulkhead with a token bucket behind it: at most so many calls at a time, and so many in the course of time.
///
/// ```
/// use watertight::{Bulkhead, Quota, Reason, StdClock, TokenBucket, TokenBulkhead};
///
/// static QUOTA: Quota = Quota::per_second(50).burst(10).build();
/// static BACKEND: TokenBulkhead<Bulkhead, TokenBucket<StdClock>> =
///     TokenBulkhead::new(Bulkhead::new(20), TokenBucket::new(StdClock, &QUOTA));
///
/// match BACKEND.try_enter() {
///     Ok(_permit) => println!("inside, until the permit is dropped"),
///     Err(refusal) if refusal.reason() == Reason::Full => println!("too many at a time"),
///     Err(refusal) => println!("too fast: {}", refusal.retry_after()), // retry in 20 ms
/// }
/// ```
///
/// Either may be a value or anything that leads to one: `TokenBulkhead<&'static Bulkhead, Arc<AdjustableBucket<..>>>`
/// shares both with others. The bulkhead may have waiters (`Waiting`); then its `enter` waits for a
/// place in its queue, and for tokens with the caller's sleep.
///
/// The place comes first, then the tokens. A refused token gives the place back: a neighbour may be told "full" in
/// that moment, and nobody is ever let in too many.
///
/// What is given back:
///
/// | | the place | the tokens |
/// |---|---|---|
/// | the permit is dropped, or [`leave`](TokenSlot::leave) | at once | stay taken |
/// | [`refund`](TokenSlot::refund), because the call was not made after all | at once | all, if nobody has taken any since, else none: see [`TokenBucket::refund`] |
/// | a wait for tokens is given up | at once | as with `refund` |
/// | the bulkhead is resized to below what is inside | when each leaves | stay taken |
/// | an adjustable bucket is set | stays | what that bucket says of those that were taken |
pub struct TokenBulkhead<B, K> {
    bulkhead: B,
    bucket: K,
}

/// What has tokens: a [`TokenBucket`], or anything that leads to one, such as an
/// [`AdjustableBucket`](crate::bucket::AdjustableBucket), a reference or an `Arc`. Nobody else can implement this.
pub trait Tokens: sealed::Sealed {
    #[doc(hidden)]
    fn reserve(&self, tokens: u32, max_wait: Micros) -> Result<Receipt, Rejected>;

    #[doc(hidden)]
    fn refund(&self, receipt: Receipt) -> u32;
}

impl<C, P, S> sealed::Sealed for TokenBucket<C, P, S> {}

impl<C: Clock, P: Policy, S: core::borrow::Borrow<P::State>> Tokens for TokenBucket<C, P, S> {
    #[inline]
    fn reserve(&self, tokens: u32, max_wait: Micros) -> Result<Receipt, Rejected> {
        self.reserve(tokens, max_wait)
    }

    #[inline]
    fn refund(&self, receipt: Receipt) -> u32 {
        self.refund(receipt)
    }
}

impl<T: Deref<Target: Tokens>> Tokens for T {
    #[inline]
    fn reserve(&self, tokens: u32, max_wait: Micros) -> Result<Receipt, Rejected> {
        (**self).reserve(tokens, max_wait)
    }

    #[inline]
    fn refund(&self, receipt: Receipt) -> u32 {
        (**self).refund(receipt)
    }
}

impl<B, K> TokenBulkhead<B, K> {
    /// Both together.
    pub const fn new(bulkhead: B, bucket: K) -> Self {
        Self { bulkhead, bucket }
    }

    /// The bulkhead, to be resized or looked at. Whoever enters it directly takes a place and no token.
    pub const fn bulkhead(&self) -> &B {
        &self.bulkhead
    }

    /// The bucket, to be adjusted or looked at. Whoever asks it directly takes tokens and no place.
    pub const fn bucket(&self) -> &K {
        &self.bucket
    }
}

impl<B: Places, K: Tokens> TokenBulkhead<B, K> {
    /// Takes a place and a token, or nothing.
    ///
    /// # Errors
    /// As [`Bulkhead::try_enter`](super::Bulkhead::try_enter), then as [`TokenBucket::try_acquire`].
    #[inline]
    pub fn try_enter(&self) -> Result<TokenSlot<&Self>, Rejected> {
        self.reserve(1, Micros::ZERO)
    }

    /// Takes a place and so many tokens, or nothing.
    ///
    /// # Errors
    /// As [`Bulkhead::try_enter`](super::Bulkhead::try_enter), then as [`TokenBucket::try_acquire_many`].
    #[inline]
    pub fn try_enter_many(&self, tokens: u32) -> Result<TokenSlot<&Self>, Rejected> {
        self.reserve(tokens, Micros::ZERO)
    }

    /// Takes a place now, and so many tokens that are there within `max_wait`: the
    /// [receipt](TokenSlot::receipt) tells when, and the call is not to be made before.
    ///
    /// # Errors
    /// As [`Bulkhead::try_enter`](super::Bulkhead::try_enter), then as [`TokenBucket::reserve`].
    #[inline]
    pub fn reserve(&self, tokens: u32, max_wait: Micros) -> Result<TokenSlot<&Self>, Rejected> {
        Self::reserve_owned_as(self, Share::ALL, tokens, max_wait)
    }

    /// The same for a call that may use only a share of the bulkhead's limit.
    ///
    /// # Errors
    /// As [`Bulkhead::try_enter_as`](super::Bulkhead::try_enter_as), then as [`TokenBucket::reserve`].
    #[inline]
    pub fn reserve_as(
        &self,
        share: Share,
        tokens: u32,
        max_wait: Micros,
    ) -> Result<TokenSlot<&Self>, Rejected> {
        Self::reserve_owned_as(self, share, tokens, max_wait)
    }

    /// [`try_enter`](Self::try_enter) with a permit that holds what leads here, such as an `Arc`, and so goes wherever
    /// that can.
    ///
    /// # Errors
    /// As [`try_enter`](Self::try_enter).
    #[inline]
    pub fn try_enter_owned<H: Deref<Target = Self>>(this: H) -> Result<TokenSlot<H>, Rejected> {
        Self::reserve_owned_as(this, Share::ALL, 1, Micros::ZERO)
    }

    /// [`reserve_as`](Self::reserve_as) with such a permit.
    ///
    /// # Errors
    /// As [`reserve_as`](Self::reserve_as).
    #[inline]
    pub fn reserve_owned_as<H: Deref<Target = Self>>(
        this: H,
        share: Share,
        tokens: u32,
        max_wait: Micros,
    ) -> Result<TokenSlot<H>, Rejected> {
        let slot = Slot::take(this, 1, share)?;
        let receipt = TokenSlot::reserve(&slot, tokens, max_wait)?;
        Ok(TokenSlot::new(slot, receipt))
    }
}

impl<B, K> sealed::Sealed for TokenBulkhead<B, K> {}

/// The places are those of its bulkhead.
impl<B: Places, K> Places for TokenBulkhead<B, K> {
    #[inline]
    fn take(&self, key: sealed::Key, places: u32, share: Share) -> Result<(), Rejected> {
        self.bulkhead.take(key, places, share)
    }

    #[inline]
    fn give_back(&self, key: sealed::Key, places: u32) {
        self.bulkhead.give_back(key, places);
    }

    #[inline]
    fn note_entered(&self, key: sealed::Key, in_flight: u32) {
        self.bulkhead.note_entered(key, in_flight);
    }

    #[inline]
    fn note_refused(&self, key: sealed::Key, reason: Reason) {
        self.bulkhead.note_refused(key, reason);
    }
}

impl<B: fmt::Debug, K: fmt::Debug> fmt::Debug for TokenBulkhead<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenBulkhead")
            .field("bulkhead", &self.bulkhead)
            .field("bucket", &self.bucket)
            .finish()
    }
}

/// A place and tokens in a [`TokenBulkhead`]: the place for as long as this is kept, the tokens for good, unless they
/// are [refunded](Self::refund).
#[derive(Debug)]
#[must_use = "a permit that is dropped at once guards nothing, and its tokens are spent: keep it for as long as the call lasts"]
pub struct TokenSlot<H: Places> {
    slot: Slot<H>,
    receipt: Receipt,
}

impl<H: Places> TokenSlot<H> {
    #[inline]
    pub(super) const fn new(slot: Slot<H>, receipt: Receipt) -> Self {
        Self { slot, receipt }
    }

    /// For the tokens: how many, and from when on they may be used.
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Gives the place back, as dropping it does; the tokens are spent.
    #[inline]
    pub fn leave(self) {}

    /// Gives the place back, and keeps what shows that the tokens were taken: for a bulkhead that is only the queue
    /// of a bucket.
    pub fn into_receipt(self) -> Receipt {
        self.receipt
    }
}

impl<H, B: Places, K: Tokens> TokenSlot<H>
where
    H: Places + Deref<Target = TokenBulkhead<B, K>>,
{
    /// Takes tokens for who has a place.
    #[inline]
    pub(super) fn reserve(slot: &Slot<H>, tokens: u32, max_wait: Micros) -> Result<Receipt, Rejected> {
        let both = slot.bulkhead();
        let answer = both.bucket.reserve(tokens, max_wait);
        if let Err(refusal) = &answer {
            both.note_refused(sealed::Key(()), refusal.reason());
        }
        answer
    }

    /// The call was not made after all: gives the tokens back, as far as that is [safe](TokenBucket::refund), and then
    /// the place. Answers how many tokens.
    pub fn refund(self) -> u32 {
        let Self { slot, receipt } = self;
        slot.bulkhead().bucket.refund(receipt)
    }
}
