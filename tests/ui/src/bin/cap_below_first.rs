//! error: the cap of a backoff is below its first delay

use core::time::Duration;
use watertight::Backoff;

static LINK: Backoff = Backoff::exponential(Duration::from_secs(2), Duration::from_secs(1)).build();

fn main() {
    let _ = &LINK;
}
