//! error: a cool-down must have reached its cap by the 16th opening in a row: lower the cap or grow faster

use core::time::Duration;
use watertight::{Backoff, Config};

static LINK: Config = Config::consecutive(5)
    .open_for(Backoff::exponential(Duration::from_millis(1), Duration::from_secs(3600)).build())
    .build();

fn main() {
    let _ = &LINK;
}
