//! What is to be known of a bucket behind a bulkhead: from a naive model, or from the same bucket, asked alone.

use core::ops::RangeInclusive;
use core::time::Duration;
use std::sync::Arc;

use watertight::bucket::{AdjustableBucket, AdjustableQuota};
use watertight::bulkhead::Tokens as Bucket;
use watertight::{
    Clock, Instant, ManualClock, Micros, Quota, Reason, Receipt, Rejected, RetryAfter, TokenBucket,
};

use super::model::{Grant, LONGEST_WAIT, Tokens};

/// A clock that several have.
#[derive(Clone, Debug)]
pub struct Hand(Arc<ManualClock>);

impl Hand {
    pub fn starting_at(micros: u64) -> Self {
        Self(Arc::new(ManualClock::starting_at(Instant::from_micros(micros))))
    }

    pub fn advance(&self, micros: u64) {
        self.0
            .advance(Micros::from_micros(micros))
            .expect("nobody else does");
    }
}

impl Clock for Hand {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

pub trait Oracle {
    type Bucket: Bucket;
    type Grant;

    /// From when on they may be used, if they are granted.
    fn reserve(&mut self, tokens: u32, wait: u64) -> Result<(Self::Grant, Instant), (Reason, RetryAfter)>;
    fn refund(&mut self, grant: Self::Grant) -> RangeInclusive<u32>;
    fn available(&self) -> u32;
    fn advance(&mut self, micros: u64);
    fn adjust(&mut self, bucket: &Self::Bucket, tokens: u32, burst: u32);

    /// The bucket itself, without its bulkhead.
    fn take(bucket: &Self::Bucket, tokens: u32) -> Result<Receipt, Rejected>;
    fn give_back(bucket: &Self::Bucket, receipt: Receipt) -> u32;
    fn there(bucket: &Self::Bucket) -> u32;
}

/// The naive model, from this reading of the clock on.
pub struct Naive {
    tokens: Tokens,
    start: u64,
}

impl Naive {
    pub fn new(burst: u32, start: u64) -> Self {
        Self {
            tokens: Tokens::new(burst),
            start,
        }
    }

    /// Its bucket.
    pub fn bucket(clock: &Hand, burst: u32) -> TokenBucket<Hand, Quota> {
        let quota = Quota::per_second(1_000).burst(burst);
        let quota = quota.longest_wait(Duration::from_micros(LONGEST_WAIT));
        TokenBucket::new(clock.clone(), quota.build())
    }
}

impl Oracle for Naive {
    type Bucket = TokenBucket<Hand, Quota>;
    type Grant = Grant;

    fn reserve(&mut self, tokens: u32, wait: u64) -> Result<(Grant, Instant), (Reason, RetryAfter)> {
        let grant = self.tokens.reserve(tokens, wait)?;
        let act_at = self.start.wrapping_add(grant.act_at as u64);
        Ok((grant, Instant::from_micros(act_at)))
    }

    fn refund(&mut self, grant: Grant) -> RangeInclusive<u32> {
        self.tokens.refund(grant)
    }

    fn available(&self) -> u32 {
        self.tokens.available()
    }

    fn advance(&mut self, micros: u64) {
        self.tokens.now += i128::from(micros);
    }

    fn adjust(&mut self, _: &Self::Bucket, _: u32, _: u32) {}

    fn take(bucket: &Self::Bucket, tokens: u32) -> Result<Receipt, Rejected> {
        bucket.try_acquire_many(tokens)
    }

    fn give_back(bucket: &Self::Bucket, receipt: Receipt) -> u32 {
        bucket.refund(receipt)
    }

    fn there(bucket: &Self::Bucket) -> u32 {
        bucket.available()
    }
}

/// An adjustable bucket that is asked exactly what the one behind the bulkhead is to be asked.
pub struct Twin(AdjustableBucket<Hand, AdjustableQuota>);

impl Twin {
    pub const MOST: (u32, u32) = (5_000, 8);

    pub fn new(clock: &Hand, burst: u32) -> Self {
        Self(Self::bucket(clock, burst))
    }

    pub fn bucket(clock: &Hand, burst: u32) -> AdjustableBucket<Hand, AdjustableQuota> {
        let (tokens, most) = Self::MOST;
        let quota = Quota::per_second(1_000).burst(burst);
        let quota = quota.build_adjustable(tokens, Duration::from_secs(1), most);
        AdjustableBucket::new(clock.clone(), quota)
    }
}

impl Oracle for Twin {
    type Bucket = AdjustableBucket<Hand, AdjustableQuota>;
    type Grant = Receipt;

    fn reserve(&mut self, tokens: u32, wait: u64) -> Result<(Receipt, Instant), (Reason, RetryAfter)> {
        let receipt = self.0.reserve(tokens, Micros::from_micros(wait));
        let receipt = receipt.map_err(|refusal| (refusal.reason(), refusal.retry_after()))?;
        let act_at = receipt.act_at();
        Ok((receipt, act_at))
    }

    fn refund(&mut self, grant: Receipt) -> RangeInclusive<u32> {
        let tokens = self.0.refund(grant);
        tokens..=tokens
    }

    fn available(&self) -> u32 {
        self.0.available()
    }

    // They have a clock in common.
    fn advance(&mut self, _: u64) {}

    fn adjust(&mut self, bucket: &Self::Bucket, tokens: u32, burst: u32) {
        let second = Duration::from_secs(1);
        let answers = [&self.0, bucket].map(|bucket| bucket.set(tokens, second, burst));
        assert_eq!(answers[0], answers[1]);
    }

    fn take(bucket: &Self::Bucket, tokens: u32) -> Result<Receipt, Rejected> {
        bucket.try_acquire_many(tokens)
    }

    fn give_back(bucket: &Self::Bucket, receipt: Receipt) -> u32 {
        bucket.refund(receipt)
    }

    fn there(bucket: &Self::Bucket) -> u32 {
        bucket.available()
    }
}
