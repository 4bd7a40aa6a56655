//! compiles

use core::time::Duration;
use watertight::breaker::{FailureAndSlowRate, FailureRate, LastCalls, NoRandom};
use watertight::{Breaker, Config, Instant, last_calls};

static BY_RATE: Config<NoRandom, FailureRate> = Config::failure_rate(50, 20).build();
static BY_BOTH: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(50, 20)
    .slow_calls(80, Duration::from_secs(1))
    .build();
static MODEM: Breaker<Instant, &Config<NoRandom, FailureRate>, last_calls!(2_413)> =
    Breaker::with_window(Instant::from_micros(0), &BY_RATE, LastCalls::new());
static BROKER: Breaker<Instant, &Config<NoRandom, FailureAndSlowRate>, last_calls!(1_143, slow)> =
    Breaker::with_window(Instant::from_micros(0), &BY_BOTH, LastCalls::new());

fn main() {
    let then = Instant::from_micros(1);
    if let (Ok(one), Ok(other)) = (MODEM.at(then).try_acquire(), BROKER.at(then).try_acquire()) {
        one.at(Instant::from_micros(2)).success();
        other.at(Instant::from_micros(2)).failure();
    }
}
