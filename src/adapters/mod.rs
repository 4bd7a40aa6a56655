//! Integrations: one file and one feature each, none of them on by default.

#[cfg(feature = "embassy-time")]
pub mod embassy_clock;
#[cfg(feature = "serde")]
pub mod serde;
#[cfg(feature = "std")]
pub mod std_clock;
