//! error: so many tokens drip in during the longest wait that a token bucket cannot count them: shorten it

use core::time::Duration;
use watertight::Quota;

static QUOTA: Quota = Quota::per_second(1).longest_wait(Duration::MAX).build();

fn main() {
    let _ = &QUOTA;
}
