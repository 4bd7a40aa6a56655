//! error: a failure rate needs a minimum of 1 to 1000000 calls

use watertight::Config;
use watertight::breaker::{FailureRate, NoRandom};

static LINK: Config<NoRandom, FailureRate> = Config::failure_rate(50, 0).build();

fn main() {
    let _ = &LINK;
}
