//! error: a breaker opens at a failure rate of 1 to 100 percent

use watertight::Config;
use watertight::breaker::{FailureRate, NoRandom};

static LINK: Config<NoRandom, FailureRate> = Config::failure_rate(101, 20).build();

fn main() {
    let _ = &LINK;
}
