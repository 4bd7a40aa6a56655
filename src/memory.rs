//! What a protocol runs on, so that its source is the same on atomics and in the hands of an explorer of interleavings.

use crate::sync::Ordering;
use crate::time::Instant;

/// Words and a clock: atomics and a real clock in what ships, anything at all in the explorer.
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
    /// Asks the clock.
    fn now(&self) -> Result<Instant, Self::Stop>;
}

/// An attempt's answer: a decision, or `None` for "again, from the first load".
pub type Attempt<T, M> = Result<Option<T>, <M as Memory>::Stop>;

/// Attempts until one decides.
#[inline]
pub fn decide<T>(mut attempt: impl FnMut() -> Result<Option<T>, core::convert::Infallible>) -> T {
    loop {
        let Ok(decision) = attempt();
        if let Some(decision) = decision {
            return decision;
        }
    }
}
