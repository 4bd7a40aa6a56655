//! What a protocol runs on, so that its source is the same on atomics and in the hands of an explorer of interleavings.

use core::convert::Infallible;

use crate::sync::{AtomicU32, Ordering, fence};
use crate::time::Instant;

/// Words: atomics in what ships, anything at all in the explorer.
///
/// Each method is one step; between two steps anybody may do anything.
pub trait Memory {
    /// Which word.
    type Place: Copy;
    /// What stops an operation in the middle: nothing, in what ships.
    type Stop;
    /// Reads a word.
    fn load(&self, place: Self::Place, order: Ordering) -> Result<u32, Self::Stop>;
    /// Writes `new` if the word is still `seen`, and says whether it was. `order` is that of success; a CAS
    /// that fails is Relaxed, since its caller goes back to the loads.
    fn swap_if(&self, place: Self::Place, seen: u32, new: u32, order: Ordering) -> Result<bool, Self::Stop>;
    /// A fence: no step, since nobody can tell when it happened.
    fn fence(&self, order: Ordering);
}

/// Words, and a clock beside them.
pub trait Timed: Memory {
    /// Asks the clock, which is a step.
    fn now(&self) -> Result<Instant, Self::Stop>;
}

/// What ships: atomics.
pub trait Live {
    /// Which word.
    type Place: Copy;
    /// The word at this place. A place that no protocol asks for may have none: it reads as zero, and takes every write.
    fn word(&self, place: Self::Place) -> Option<&AtomicU32>;
}

impl<L: Live> Memory for L {
    type Place = L::Place;
    type Stop = Infallible;

    #[inline]
    fn load(&self, place: L::Place, order: Ordering) -> Result<u32, Infallible> {
        // ORDERING: the protocol's; the reason stands there at each load.
        Ok(self.word(place).map_or(0, |word| word.load(order)))
    }

    #[inline]
    fn swap_if(&self, place: L::Place, seen: u32, new: u32, order: Ordering) -> Result<bool, Infallible> {
        // ORDERING: the protocol's on success. Relaxed on failure: the caller starts again from its loads.
        Ok(self
            .word(place)
            .is_none_or(|word| word.compare_exchange(seen, new, order, Ordering::Relaxed).is_ok()))
    }

    #[inline]
    fn fence(&self, order: Ordering) {
        // ORDERING: the protocol's.
        fence(order);
    }
}

/// An attempt's answer: a decision, or `None` for "again, from the first load".
pub type Attempt<T, M> = Result<Option<T>, <M as Memory>::Stop>;

/// Attempts until one decides.
#[inline]
pub fn decide<T>(mut attempt: impl FnMut() -> Result<Option<T>, Infallible>) -> T {
    loop {
        let Ok(decision) = attempt();
        if let Some(decision) = decision {
            return decision;
        }
    }
}
