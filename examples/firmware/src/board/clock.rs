use watertight::{Clock, Instant};

use super::arch;

/// The board's clock: microseconds, from a counter of the hardware. It can be asked in every context.
#[derive(Clone, Copy, Debug)]
pub struct Counter;

impl Clock for Counter {
    fn now(&self) -> Instant {
        // Counted by two, because the slowest counter is not a whole number of megahertz.
        Instant::from_micros(arch::ticks() * 2 / arch::TICKS_IN_TWO_MICROS)
    }
}
