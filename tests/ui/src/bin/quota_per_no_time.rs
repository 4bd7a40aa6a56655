//! error: the span of a rate is longer than zero and at most 407 days

use core::time::Duration;
use watertight::Quota;

static QUOTA: Quota = Quota::per(1, Duration::ZERO).build();

fn main() {
    let _ = &QUOTA;
}
