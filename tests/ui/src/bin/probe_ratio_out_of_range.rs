//! error: 1 to 15 probes decide, and open the breaker again at 1 to 100 percent of failures

use watertight::Config;

static LINK: Config = Config::consecutive(5).probes_by_ratio(3, 16, 50).build();

fn main() {
    let _ = &LINK;
}
