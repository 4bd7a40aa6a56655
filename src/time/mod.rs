//! Time as a value: [`Instant`], [`Micros`], the [`Clock`] that is asked for it, and a [`ManualClock`].

mod clock;
mod instant;
mod manual;
mod micros;

pub use clock::Clock;
pub use instant::Instant;
pub use manual::ManualClock;
pub use micros::Micros;
