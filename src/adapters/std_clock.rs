//! The operating system's monotonic clock (feature `std`).

use std::sync::OnceLock;

use crate::time::{Clock, Instant};

/// The operating system's monotonic clock, [`std::time::Instant`], counted from its first use in this process.
///
/// It has no size; the one origin is the process's (a `std::sync::OnceLock`, the one place in this crate that
/// is not made of 32-bit words). What sleep and suspend do to it is what they do to `std::time::Instant`: on
/// Linux, macOS and Windows it does not promise to run on while the machine is suspended, so that a cool-down
/// may last longer than was configured, by the time the machine slept.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdClock;

static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();

impl Clock for StdClock {
    fn now(&self) -> Instant {
        let elapsed = ORIGIN.get_or_init(std::time::Instant::now).elapsed();
        // In 64 bits: `as_micros` would multiply in 128.
        let seconds = elapsed.as_secs().wrapping_mul(1_000_000);
        Instant::from_micros(seconds.wrapping_add(elapsed.subsec_micros().into()))
    }
}
