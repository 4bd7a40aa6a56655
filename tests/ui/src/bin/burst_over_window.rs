//! error: a window that has at most so many tokens has a burst of at most so many

use core::time::Duration;
use watertight::Quota;

static QUOTA: Quota = Quota::at_most(3, Duration::from_secs(1)).burst(4).build();

fn main() {
    let _ = &QUOTA;
}
