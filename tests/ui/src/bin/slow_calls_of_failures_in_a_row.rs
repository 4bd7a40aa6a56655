//! error: no method named `slow_calls` found for struct

use core::time::Duration;
use watertight::{Config, breaker};

static LINK: breaker::Config = Config::consecutive(5)
    .slow_calls(80, Duration::from_secs(1))
    .build();

fn main() {
    let _ = &LINK;
}
