//! error: a breaker opens after 1 to 4095 failures in a row

use watertight::Config;

static LINK: Config = Config::consecutive(0).build();

fn main() {
    let _ = &LINK;
}
