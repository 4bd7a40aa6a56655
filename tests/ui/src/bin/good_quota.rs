//! compiles

use core::time::Duration;
use watertight::bucket::{AdjustableBucket, AdjustableQuota};
use watertight::{Instant, Quota, TokenBucket};

static QUOTA: Quota = Quota::at_most(36, Duration::from_secs(3_600))
    .burst(10)
    .initial(0)
    .longest_wait(Duration::from_secs(60))
    .build();
const SENDER: TokenBucket<Instant, Quota> = TokenBucket::new(Instant::from_micros(0), QUOTA);
static REQUESTS: TokenBucket<Instant> = TokenBucket::new(Instant::from_micros(0), &QUOTA);
static CHANGING: AdjustableQuota = Quota::per_second(1_000_000).burst(2_097_152).build_adjustable(
    1_000_000,
    Duration::from_secs(1),
    2_097_152,
);
static CRAWLER: AdjustableBucket<Instant> = AdjustableBucket::new(Instant::from_micros(0), &CHANGING);

fn main() {
    let _ = CRAWLER.set(1_000, Duration::from_secs(1), 1);

    let sender = SENDER;
    let _ = sender.at(&Instant::from_micros(1)).try_acquire();
    if let Ok(receipt) = REQUESTS.at(Instant::from_micros(1)).try_acquire() {
        REQUESTS.refund(receipt);
    }
}
