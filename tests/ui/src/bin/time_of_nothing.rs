//! error: a window of time is longer than zero

use watertight::breaker::{FailureRate, LastTime, NoRandom};
use watertight::{Breaker, Config, last_time};

static LINK: Config<NoRandom, FailureRate> = Config::failure_rate(50, 10).build();
static BREAKER: Breaker<(), &Config<NoRandom, FailureRate>, last_time!(0, 2)> =
    Breaker::with_window((), &LINK, LastTime::new());

fn main() {
    let _ = &BREAKER;
}
