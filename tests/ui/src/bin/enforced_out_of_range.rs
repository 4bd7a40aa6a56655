//! error: a breaker is enforced for 0 to 100 percent of its callers

use watertight::Config;

static LINK: Config = Config::consecutive(5).enforced(101).build();

fn main() {
    let _ = &LINK;
}
