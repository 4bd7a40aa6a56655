//! What a breaker's protocol runs on.

use super::word::Widths;
use crate::memory;

/// Which word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The state word.
    State,
    /// The low timer word.
    Low,
    /// The high timer word.
    High,
    /// The window's word of this number.
    Window(u32),
}

/// A breaker's words, a clock, and a random source.
pub trait Memory: memory::Timed<Place = Place> {
    /// How wide the fields are.
    type Widths: Widths;
    /// A random number for the jitter.
    fn draw(&self) -> u32;
}
