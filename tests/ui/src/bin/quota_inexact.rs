//! error: this rate cannot be kept exactly with so large a burst or so long a wait: make one of them smaller, or take a rounder rate

use core::time::Duration;
use watertight::Quota;

static QUOTA: Quota = Quota::per(1, Duration::from_secs(3_600)).burst(1 << 28).build();

fn main() {
    let _ = &QUOTA;
}
