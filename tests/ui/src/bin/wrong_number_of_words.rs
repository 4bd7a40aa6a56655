//! error: the number of words does not go with the number of calls: write the type with last_calls!(N), or last_calls!(N, slow)

use watertight::breaker::{FailureRate, LastCalls, NoRandom};
use watertight::{Breaker, Config, Instant};

static LINK: Config<NoRandom, FailureRate> = Config::failure_rate(50, 20).build();
static MODEM: Breaker<Instant, &Config<NoRandom, FailureRate>, LastCalls<100, 7>> =
    Breaker::with_window(Instant::from_micros(0), &LINK, LastCalls::new());

fn main() {
    let _ = &MODEM;
}
