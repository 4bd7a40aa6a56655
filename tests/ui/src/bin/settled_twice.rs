//! error: use of moved value: `permit`

use watertight::{Breaker, Config, Instant};

static LINK: Config = Config::consecutive(5).build();
static MODEM: Breaker<Instant> = Breaker::new(Instant::from_micros(0), &LINK);

fn main() {
    if let Ok(permit) = MODEM.at(Instant::from_micros(1)).try_acquire() {
        let permit = permit.at(Instant::from_micros(2));
        permit.success();
        permit.failure();
    }
}
