//! error: a breaker opens at a rate of 1 to 100 percent of slow calls

use core::time::Duration;
use watertight::Config;
use watertight::breaker::{FailureAndSlowRate, NoRandom};

static LINK: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(50, 20)
    .slow_calls(0, Duration::from_secs(1))
    .build();

fn main() {
    let _ = &LINK;
}
