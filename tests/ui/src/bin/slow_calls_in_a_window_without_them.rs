//! error: expected `FailureAndSlowRate`, found `FailureRate`

use core::time::Duration;
use watertight::breaker::{FailureAndSlowRate, LastCalls, NoRandom};
use watertight::{Breaker, Config, Instant, last_calls};

static LINK: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(50, 20)
    .slow_calls(80, Duration::from_secs(1))
    .build();
static MODEM: Breaker<Instant, &Config<NoRandom, FailureAndSlowRate>, last_calls!(100)> =
    Breaker::with_window(Instant::from_micros(0), &LINK, LastCalls::new());

fn main() {
    let _ = &MODEM;
}
