//! How a bulkhead's word changes while others change it too: every load, every compare-and-swap, and nothing else.
//!
//! ```text
//! ENTER   load; not so many below the limit, or the share: refuse. CAS in flight + n.
//! LEAVE   in flight - n, in one read-modify-write.
//! RESIZE  load; CAS limit.
//! ```
//!
//! Each is decided by one read-modify-write of the one word there is: no limit is ever passed, not for a moment, and a
//! limit that was lowered holds from its CAS on. Who leaves looks at nothing: he was counted, so that there is something
//! to take off. A thread stopped for ever before its write leaves nothing behind; after it, a place taken by who
//! never leaves. A CAS fails only if another one succeeded in between, so somebody always gets on, and a lone caller is
//! done in two steps. The word may come back to what it was, and that is harmless: only its value counts.
//!
//! Who enters has seen what those did before they left whose places he may have got.

use super::Share;
use super::word::Word;
use crate::memory::{Attempt, Memory};
use crate::rejected::Rejected;
use crate::sync::Ordering;

/// The word, which can also be counted down.
pub trait Countdown: Memory<Place = ()> {
    /// Takes that much off the word, in one step.
    fn subtract(&self, number: u32, order: Ordering) -> Result<(), Self::Stop>;
}

/// Takes so many places, or is refused. Answers with the word as it was made.
#[inline]
pub fn enter<M: Memory<Place = ()>>(
    memory: &M,
    places: u32,
    share: Share,
) -> Attempt<Result<Word, Rejected>, M> {
    // ORDERING: Relaxed; the CAS decides, and a refusal tells nothing but itself.
    let word = Word::from_bits(memory.load((), Ordering::Relaxed)?);
    match word.entered(places, share) {
        Ok(to) => {
            // ORDERING: Acquire pairs with the Release in `leave`: what was done inside happened before.
            let won = memory.swap_if((), word.bits(), to.bits(), Ordering::Acquire)?;
            Ok(won.then_some(Ok(to)))
        }
        Err(refusal) => Ok(Some(Err(refusal))),
    }
}

/// Gives back so many places that were taken.
#[inline]
pub fn leave<M: Countdown>(memory: &M, places: u32) -> Result<(), M::Stop> {
    // ORDERING: Release pairs with the Acquire in `enter`. Whatever comes between is a read-modify-write, and passes it
    // on.
    memory.subtract(places, Ordering::Release)
}

/// Sets the limit.
pub fn resize<M: Memory<Place = ()>>(memory: &M, limit: u16) -> Attempt<(), M> {
    // ORDERING: Relaxed; the CAS decides.
    let word = Word::from_bits(memory.load((), Ordering::Relaxed)?);
    // ORDERING: Relaxed; it publishes nothing but itself.
    let won = memory.swap_if((), word.bits(), word.resized(limit).bits(), Ordering::Relaxed)?;
    Ok(won.then_some(()))
}
