//! error: a probe lease must be longer than zero

use core::time::Duration;
use watertight::Config;

static LINK: Config = Config::consecutive(5).probe_lease(Duration::ZERO).build();

fn main() {
    let _ = &LINK;
}
