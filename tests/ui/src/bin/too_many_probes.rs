//! error: a breaker admits 1 to 15 probes at a time and closes after 1 to 15 successes

use watertight::Config;

static LINK: Config = Config::consecutive(5).probes(16, 1).build();

fn main() {
    let _ = &LINK;
}
