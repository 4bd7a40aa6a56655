use super::{Clock, Instant, Micros};
use crate::slots::{Busy, Slots, Words};
use crate::sync::AtomicU32;

/// A clock that moves only when it is told to: for tests, simulations and replays.
///
/// It can be shared and be a `static`, may start anywhere, stand still and step back. It is made of 32-bit
/// words (20 bytes), and a reader never waits: neither for a writer that was interrupted nor for one that
/// never comes back.
///
/// ```
/// use watertight::{Clock, Instant, ManualClock, Micros};
///
/// static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(u64::MAX));
///
/// CLOCK.advance(Micros::from_secs(1))?;
/// assert_eq!(CLOCK.now(), Instant::from_micros(999_999));
/// # Ok::<(), watertight::Busy>(())
/// ```
#[derive(Debug)]
pub struct ManualClock {
    time: Slots<2>,
}

impl ManualClock {
    const_fn! {
        /// A clock that stands at `start`.
        pub const fn starting_at(start: Instant) -> Self {
            let [low, high] = halves(start);
            Self {
                time: Slots::new([
                    [AtomicU32::new(low), AtomicU32::new(high)],
                    [AtomicU32::new(0), AtomicU32::new(0)],
                ]),
            }
        }
    }

    /// Sets the clock, forward or back.
    ///
    /// # Errors
    /// [`Busy`] when another caller is setting it at this very moment, from another thread or from below an
    /// interrupt; the clock is then as that caller leaves it.
    pub fn set(&self, to: Instant) -> Result<(), Busy> {
        self.time.change(|_: Instant| to)
    }

    /// Moves the clock forward by `span`.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn advance(&self, span: Micros) -> Result<(), Busy> {
        self.time.change(|now: Instant| now.after(span))
    }

    /// Moves the clock back by `span`, as no clock should and some do.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn step_back(&self, span: Micros) -> Result<(), Busy> {
        self.time.change(|now: Instant| now.before(span))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.time.read()
    }
}

const fn halves(instant: Instant) -> [u32; 2] {
    let micros = instant.as_micros();
    [micros as u32, (micros >> 32) as u32]
}

impl Words<2> for Instant {
    fn to_words(self) -> [u32; 2] {
        halves(self)
    }

    fn from_words([low, high]: [u32; 2]) -> Self {
        Instant::from_micros(low as u64 | (high as u64) << 32)
    }
}
