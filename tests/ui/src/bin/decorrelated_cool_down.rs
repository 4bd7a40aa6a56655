//! error: a cool-down cannot be decorrelated: choose the jitter none, full, equal or plus/minus

use core::time::Duration;
use watertight::{Backoff, Config, Jitter, SharedRandom};

static RANDOM: SharedRandom = SharedRandom::seeded(1);
static COOL_DOWN: Backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(9))
    .jitter(Jitter::Decorrelated)
    .build();
static LINK: Config<&SharedRandom> = Config::consecutive(5).open_for(COOL_DOWN).random(&RANDOM).build();

fn main() {
    let _ = &LINK;
}
