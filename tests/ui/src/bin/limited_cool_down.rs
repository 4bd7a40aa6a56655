//! error: a cool-down has neither a maximum of attempts nor a maximum total: leave both out of its backoff

use core::time::Duration;
use watertight::{Backoff, Config};

static LINK: Config = Config::consecutive(5)
    .open_for(Backoff::constant(Duration::from_secs(1)).max_attempts(3).build())
    .build();

fn main() {
    let _ = &LINK;
}
