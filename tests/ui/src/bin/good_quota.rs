//! compiles

use core::time::Duration;
use watertight::{Instant, Quota, TokenBucket};

static QUOTA: Quota = Quota::at_most(36, Duration::from_secs(3_600))
    .burst(10)
    .initial(0)
    .longest_wait(Duration::from_secs(60))
    .build();
const SENDER: TokenBucket<Instant, Quota> = TokenBucket::new(Instant::from_micros(0), QUOTA);
static REQUESTS: TokenBucket<Instant> = TokenBucket::new(Instant::from_micros(0), &QUOTA);

fn main() {
    let sender = SENDER;
    let _ = sender.at(&Instant::from_micros(1)).try_acquire();
    if let Ok(receipt) = REQUESTS.at(Instant::from_micros(1)).try_acquire() {
        REQUESTS.refund(receipt);
    }
}
