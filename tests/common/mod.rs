//! What several test files need. Each of them uses a part of it.
#![allow(
    dead_code,
    reason = "every test binary compiles this file and uses some of it"
)]

use core::time::Duration;

use watertight::{Backoff, Jitter, Micros};

pub fn micros(micros: u64) -> Micros {
    Micros::from_micros(micros)
}

pub fn millis(millis: u64) -> Micros {
    Micros::from_millis(millis)
}

pub fn secs(secs: u64) -> Micros {
    Micros::from_secs(secs)
}

pub const fn constant(delay: Duration) -> Backoff {
    Backoff::constant(delay).build()
}

pub const fn exponential(first: Duration, cap: Duration) -> Backoff {
    Backoff::exponential(first, cap).build()
}

pub const fn jittered(first: Duration, cap: Duration) -> Backoff {
    Backoff::exponential(first, cap).jitter(Jitter::Equal).build()
}
