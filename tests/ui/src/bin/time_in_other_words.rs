//! error: the number of words does not go with the number of buckets

use watertight::breaker::{FailureRate, LastTime, NoRandom};
use watertight::{Breaker, Config};

static LINK: Config<NoRandom, FailureRate> = Config::failure_rate(50, 10).build();
static BREAKER: Breaker<(), &Config<NoRandom, FailureRate>, LastTime<10_000, 16, 35>> =
    Breaker::with_window((), &LINK, LastTime::new());

fn main() {
    let _ = &BREAKER;
}
