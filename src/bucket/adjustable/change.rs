//! How the terms of a bucket change while others take from it: see `protocol` for what the others do, who never wait.
//!
//! ```text
//! CLAIM   CAS busy into spent, or Busy.
//! SWITCH  read spent, dated, the clock, as everybody does; write the idle slot; CAS dated, if the stretch is another one;
//!         CAS spent: what is left now, the next generation, not busy (Release). Either fails: again from spent, the clock included.
//! ```
//!
//! | a thread stopped for ever, or an interrupt | leaves |
//! |---|---|
//! | before its CAS of busy | nothing |
//! | after it | a bucket that goes on as it was, and tells everybody else who wants to change it that it is busy |
//! | in the idle slot, or after it | the same: nobody reads that slot |
//! | after its CAS of dated | the same, with a `dated` that is later: see `protocol` |
//! | after its CAS of spent | the change |
//!
//! The moment of the switch is the date of the writer's last reading. The position goes on from where it was then, to
//! the last bit; or from the next whole drop, if the bucket is full, since the part of a drop is cut off from what is
//! in it. No more is carried over than the old burst, which the new one cuts further when it is smaller. Nobody is
//! dated to before the switch (`since`): the old rate ended there, and where it was higher, an older date would be
//! paid too much of the new index, since that is steeper backward.
//!
//! A reader's CAS on `spent` fails if the generation has changed, and its reading is thrown away, whatever it was.
//! Between its first load and that CAS, the slot that it reads is idle only if the generation has moved on. Its CAS
//! is a Release, and the writer's load after the claim an Acquire: what is written after that was not there for a
//! reader whose CAS came before. A writer's CAS fails if anybody has taken anything since it read the clock: `spent` only
//! goes forward while it is busy, since nobody gives anything back then.
//!
//! Limits, beside those in `protocol`:
//! - A writer that never comes back leaves the bucket busy for ever: to change, and to give back to, not to take
//!   from. A clock that panics is one way not to come back.
//! - The generation comes round after 64 changes, the index after 2^24 drops (17 s at one a microsecond): a thread
//!   stopped between its loads and its CAS over a multiple of both (none at all, of the drops, if nobody took any)
//!   takes what it read for the present terms, which may be a mixture of two: at most a burst too much, once.
//! - A grant whose reading is ahead of the writer's, and which comes before the switch, is paid at the old rate up to
//!   its date, and what is full at the switch may be handed out beside it.
//! - Reservations keep the instant that they were given, and come in addition to what the new terms allow there.
//! - A reset takes `spent` back while it is busy, too. A writer that is stopped between its loads and its CAS while somebody
//!   resets and others then take exactly up to the same drop lets the new rate begin when it read the clock: at most a burst
//!   too much, once.
//! - A reset after a change that was made with a clock far ahead: when the clock comes to the stretch of that change,
//!   a date may be moved up to its instant, by less than a stretch.

use super::quota::{AdjustableQuota, Varying};
use super::slot::{BUSY, Changing, Slot, WORDS, changed, generation};
use crate::bucket::protocol::{Place, Source};
use crate::bucket::word::{Dated, Reading, Spent};
use crate::memory::{Attempt, Memory, Timed};
use crate::slots::Busy;
use crate::sync::Ordering;

/// A memory with slots that can be written.
pub trait Slots: Timed<Place = Place> {
    /// Writes a word that nobody else writes at this time, Relaxed.
    fn store(&self, place: Place, value: u32) -> Result<(), Self::Stop>;
}

impl<W: Changing> Source for AdjustableQuota<W> {
    type Widths = W;
    type Terms = Varying<W>;

    #[inline]
    fn terms<M: Memory<Place = Place>>(&self, memory: &M, spent: Spent<W>) -> Result<Varying<W>, M::Stop> {
        let slot = generation::<W>(spent.bits()) & 1;
        let mut words = [0; WORDS];
        for (word, value) in words.iter_mut().enumerate() {
            // ORDERING: Relaxed; guarded by the Acquire load of `spent` before, and the CAS or the fence after.
            *value = memory.load(Place::Slot { slot, word }, Ordering::Relaxed)?;
        }
        Ok(Varying::new(self, Slot::from_words::<W>(words)))
    }

    #[inline]
    fn finish<M: Memory<Place = Place>>(memory: &M) {
        // ORDERING: Acquire pairs with the Release fence in `claim`: if any word of the slot was written by a later
        // change, the load of `spent` that follows sees that one begun.
        memory.fence(Ordering::Acquire);
    }
}

/// Keeps everybody else from changing the terms, or is kept.
pub fn claim<M: Slots>(memory: &M) -> Attempt<Result<(), Busy>, M> {
    // ORDERING: Relaxed; the CAS below decides.
    let spent = memory.load(Place::Spent, Ordering::Relaxed)?;
    if spent & BUSY != 0 {
        return Ok(Some(Err(Busy)));
    }
    // ORDERING: Relaxed; what is written after it comes after the Acquire load in `switch`, which sees this word or a
    // later one.
    let won = memory.swap_if(Place::Spent, spent, spent | BUSY, Ordering::Relaxed)?;
    if won {
        // ORDERING: Release pairs with the Acquire fence in `Source::finish`.
        memory.fence(Ordering::Release);
    }
    Ok(won.then_some(Ok(())))
}

/// Lets a step and a burst hold from now on. Only for who made the claim.
pub fn switch<M: Slots, W: Changing>(
    memory: &M,
    quota: &AdjustableQuota<W>,
    step: u64,
    burst: u32,
) -> Attempt<(), M> {
    // ORDERING: Acquire, as in `protocol`; and it pairs with the Release of the switch before, whose writes to the other
    // slot come before ours, and with that of every grant, whose reading of the slot that is idle now does too.
    let spent = Spent::<W>::from_bits(memory.load(Place::Spent, Ordering::Acquire)?);
    let terms = quota.terms(memory, spent)?;
    // ORDERING: Relaxed, as in `protocol`.
    let dated = Dated::from_bits(memory.load(Place::Dated, Ordering::Relaxed)?);
    let now = memory.now()?;
    let reading = Reading::of(&terms, spent, dated, now);
    let slot = Slot::beginning(step, burst, reading.date, reading.goes_on(&terms));
    let idle = generation::<W>(spent.bits()) & 1 ^ 1;
    for (word, value) in slot.to_words::<W>().into_iter().enumerate() {
        memory.store(Place::Slot { slot: idle, word }, value)?;
    }
    // ORDERING: Relaxed; the Release of the CAS below publishes it.
    if reading.moves(dated)
        && !memory.swap_if(
            Place::Dated,
            dated.bits(),
            reading.dated.bits(),
            Ordering::Relaxed,
        )?
    {
        return Ok(None);
    }
    // Whom nobody has asked stays so.
    let left = if spent.is_set() {
        reading.rebased(&terms)
    } else {
        spent
    };
    let to = changed::<W>(left.bits());
    // ORDERING: Release publishes the slot that the new generation names, and `dated`.
    let won = memory.swap_if(Place::Spent, spent.bits(), to, Ordering::Release)?;
    Ok(won.then_some(()))
}
