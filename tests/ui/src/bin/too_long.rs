//! error: no cool-down, hint, lease, ramp or stable period may be longer than 814 days

use core::time::Duration;
use watertight::Config;

static LINK: Config = Config::consecutive(5).stable_after(Duration::MAX).build();

fn main() {
    let _ = &LINK;
}
