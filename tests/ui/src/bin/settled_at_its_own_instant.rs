//! error: a permit that was got with a bare Instant cannot tell when its call ended: use try_acquire, and settle it through permit.at(clock)

use watertight::{Breaker, Config, Instant};

static LINK: Config = Config::consecutive(5).build();
static MODEM: Breaker<Instant> = Breaker::new(Instant::from_micros(0), &LINK);

fn main() {
    if let Ok(permit) = MODEM.at(Instant::from_micros(1)).try_acquire() {
        permit.success();
    }
}
