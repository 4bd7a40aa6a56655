//! error: use of moved value: `receipt`

use watertight::{Instant, Quota, TokenBucket};

static QUOTA: Quota = Quota::per_second(50).build();
static REQUESTS: TokenBucket<Instant> = TokenBucket::new(Instant::from_micros(0), &QUOTA);

fn main() {
    if let Ok(receipt) = REQUESTS.try_acquire() {
        REQUESTS.refund(receipt);
        REQUESTS.refund(receipt);
    }
}
