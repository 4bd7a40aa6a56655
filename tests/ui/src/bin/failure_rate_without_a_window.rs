//! error: expected `Consecutive`, found `FailureRate`

use watertight::breaker::{FailureRate, NoRandom};
use watertight::{Breaker, Config, Instant};

static LINK: Config<NoRandom, FailureRate> = Config::failure_rate(50, 20).build();
static MODEM: Breaker<Instant, &Config<NoRandom, FailureRate>> = Breaker::new(Instant::from_micros(0), &LINK);

fn main() {
    let _ = &MODEM;
}
