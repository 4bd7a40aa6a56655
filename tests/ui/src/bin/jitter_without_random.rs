//! error: a jittered cool-down needs a random source: name one with .random(&SOURCE)

use core::time::Duration;
use watertight::{Backoff, Config, Jitter};

static LINK: Config = Config::consecutive(5)
    .open_for(
        Backoff::constant(Duration::from_secs(1))
            .jitter(Jitter::Full)
            .build(),
    )
    .build();

fn main() {
    let _ = &LINK;
}
