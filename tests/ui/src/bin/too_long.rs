//! error: no cool-down, hint, lease, ramp, stable period or longest wait may be longer than 814 days

use core::time::Duration;
use watertight::Config;

static LINK: Config = Config::consecutive(5).stable_after(Duration::MAX).build();

fn main() {
    let _ = &LINK;
}
