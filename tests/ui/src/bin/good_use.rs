//! compiles

use watertight::{Breaker, Config, Instant};

static LINK: Config = Config::consecutive(5).build();
static MODEM: Breaker<Instant> = Breaker::new(Instant::from_micros(0), &LINK);

fn main() {
    let then = Instant::from_micros(1);
    if let Ok(permit) = MODEM.at(then).try_acquire() {
        permit.at(Instant::from_micros(2)).success();
    }
}
