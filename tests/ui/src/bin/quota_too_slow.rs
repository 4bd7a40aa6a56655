//! error: a token bucket that takes 18000 years to fill cannot count that long: make its burst smaller

use core::time::Duration;
use watertight::Quota;

static QUOTA: Quota = Quota::per(1, Duration::from_secs(35_000_000))
    .burst(1 << 28)
    .build();

fn main() {
    let _ = &QUOTA;
}
