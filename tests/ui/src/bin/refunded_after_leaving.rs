//! error: use of moved value: `permit`

use watertight::{Bulkhead, Instant, Quota, TokenBucket, TokenBulkhead};

static QUOTA: Quota = Quota::per_second(50).build();
static BACKEND: TokenBulkhead<Bulkhead, TokenBucket<Instant>> = TokenBulkhead::new(
    Bulkhead::new(10),
    TokenBucket::new(Instant::from_micros(0), &QUOTA),
);

fn main() {
    if let Ok(permit) = BACKEND.try_enter() {
        permit.leave();
        permit.refund();
    }
}
