//! Time as a value: [`Instant`], [`Micros`], the [`Clock`] that is asked for it, and a [`ManualClock`].

mod clock;
mod instant;
mod manual;
mod micros;
mod text;

pub use clock::Clock;
pub use instant::Instant;
pub use manual::ManualClock;
pub use micros::Micros;
pub use text::InvalidMicros;
