//! Waiting for a place and for tokens.

use core::future::Future;
use core::mem;
use core::ops::Deref;

use super::enter::Enter;
use super::room::{LiveRoom, Queue};
use crate::bucket::Receipt;
use crate::bulkhead::token_bulkhead::{TokenBulkhead, TokenSlot, Tokens};
use crate::rejected::Rejected;
use crate::time::{Instant, Micros};

impl<B: Queue, K> Queue for TokenBulkhead<B, K> {
    #[inline]
    fn room(&self) -> LiveRoom<'_> {
        self.bulkhead().room()
    }
}

impl<B: Queue, K: Tokens> TokenBulkhead<B, K> {
    /// Waits for a place in the bulkhead's queue, then takes so many tokens that are there within `max_wait`, and
    /// `sleep`s until they may be used: until the instant that it is given, by the bucket's clock. It is called
    /// only if there is anything to wait for.
    ///
    /// It may be dropped at any time: then it was never there; of tokens that it had taken already,
    /// [`refund`](TokenSlot::refund) says what comes back.
    ///
    /// With a limit of 1 that is the queue of a bucket: who is inside waits for the next tokens, and the others for
    /// him, first come, first served; and since nobody takes any in between, the tokens of one who gives up are all
    /// there again.
    ///
    /// ```
    /// use core::time::Duration;
    /// use watertight::bulkhead::Waiting;
    /// use watertight::{Micros, Quota, StdClock, TokenBucket, TokenBulkhead};
    ///
    /// static QUOTA: Quota = Quota::per_second(50).burst(1).build();
    /// static RADIO: TokenBulkhead<Waiting<8>, TokenBucket<StdClock>> =
    ///     TokenBulkhead::new(Waiting::new(1), TokenBucket::new(StdClock, &QUOTA));
    ///
    /// async fn send(packet: &[u8]) -> Result<(), watertight::Rejected> {
    ///     let turn = RADIO.enter(1, Micros::from_secs(1), |until| sleep_until(until)).await?;
    ///     turn.into_receipt(); // the place goes to the next in the queue, before the packet is sent
    ///     // send it
    ///     Ok(())
    /// }
    /// # async fn sleep_until(_: watertight::Instant) {}
    /// ```
    ///
    /// # Errors
    /// [`RoomFull`](crate::Reason::RoomFull) if all seats are taken, at once; and as
    /// [`reserve`](TokenBulkhead::reserve) once it has its place.
    pub async fn enter<F: Future>(
        &self,
        tokens: u32,
        max_wait: Micros,
        sleep: impl FnOnce(Instant) -> F,
    ) -> Result<TokenSlot<&Self>, Rejected> {
        Self::enter_owned(self, tokens, max_wait, sleep).await
    }

    /// The same with a permit that holds what leads here, such as an `Arc`.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub async fn enter_owned<H, F>(
        this: H,
        tokens: u32,
        max_wait: Micros,
        sleep: impl FnOnce(Instant) -> F,
    ) -> Result<TokenSlot<H>, Rejected>
    where
        H: Deref<Target = Self>,
        F: Future,
    {
        let slot = Enter::new(this).await?;
        let receipt = TokenSlot::reserve(&slot, tokens, max_wait)?;
        let until = receipt.act_at();
        if until == receipt.date() {
            return Ok(TokenSlot::new(slot, receipt));
        }
        // Dropped before the slot, so that nobody takes tokens in between.
        let mut asleep = Asleep {
            bucket: slot.bulkhead().bucket(),
            receipt,
        };
        sleep(until).await;
        let receipt = asleep.take();
        drop(asleep);
        Ok(TokenSlot::new(slot, receipt))
    }
}

/// For tokens that are still to come: they are refunded if nobody waits for them any more.
struct Asleep<'a, K: Tokens> {
    bucket: &'a K,
    receipt: Receipt,
}

impl<K: Tokens> Asleep<'_, K> {
    /// What is left behind is for no tokens.
    fn take(&mut self) -> Receipt {
        let none = Receipt::of_none(self.receipt.date());
        mem::replace(&mut self.receipt, none)
    }
}

impl<K: Tokens> Drop for Asleep<'_, K> {
    fn drop(&mut self) {
        let receipt = self.take();
        self.bucket.refund(receipt);
    }
}
