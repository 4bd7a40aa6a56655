//! error: expected `FailureRate`, found `FailureAndSlowRate`

use watertight::breaker::{FailureRate, LastCalls, NoRandom};
use watertight::{Breaker, Config, Instant, last_calls};

static LINK: Config<NoRandom, FailureRate> = Config::failure_rate(50, 20).build();
static MODEM: Breaker<Instant, &Config<NoRandom, FailureRate>, last_calls!(100, slow)> =
    Breaker::with_window(Instant::from_micros(0), &LINK, LastCalls::new());

fn main() {
    let _ = &MODEM;
}
