//! error: expected `Consecutive`, found `FailureRate`

use watertight::breaker::LastCalls;
use watertight::{Breaker, Config, Instant, last_calls};

static LINK: Config = Config::consecutive(5).build();
static MODEM: Breaker<Instant, &Config, last_calls!(100)> =
    Breaker::with_window(Instant::from_micros(0), &LINK, LastCalls::new());

fn main() {
    let _ = &MODEM;
}
