//! error: a breaker that recovers over a period opens after 1 to 255 failures in a row

use core::time::Duration;
use watertight::Config;

static LINK: Config = Config::consecutive(256)
    .recover_over(Duration::from_secs(60))
    .build();

fn main() {
    let _ = &LINK;
}
