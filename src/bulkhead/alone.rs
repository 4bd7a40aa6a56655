use core::convert::Infallible;
use core::fmt;
use core::ops::Deref;

use super::protocol::Countdown;
use super::slot::{Places, sealed};
use super::stats::{Keep, Statistics, Stats};
use super::word::Word;
use super::{Share, Slot, protocol};
use crate::memory::{Live, decide};
use crate::rejected::{Reason, Rejected};
use crate::stats::NoStats;
use crate::sync::{AtomicU32, Ordering};

/// A bulkhead: at most so many calls at a time, so that one slow dependency cannot take everything.
///
/// ```
/// use watertight::Bulkhead;
///
/// static BACKEND: Bulkhead = Bulkhead::new(20);
///
/// match BACKEND.try_enter() {
///     Ok(_slot) => println!("inside, until the slot is dropped"),
///     Err(refusal) => println!("{refusal}"), // the bulkhead is full: retry when a call that is under way has reported
/// }
/// ```
///
/// The state is four bytes. With [`Stats`](super::Stats) it also keeps how full it ever was, and counts refusals. The
/// module's page tells what is promised, and what it costs.
pub struct Bulkhead<S = NoStats> {
    word: AtomicU32,
    stats: S,
}

impl Bulkhead {
    const_fn! {
        /// So many calls at a time; 0 for none at all.
        pub const fn new(limit: u16) -> Self {
            Self::with_stats(limit, NoStats)
        }
    }
}

impl<S> Bulkhead<S> {
    const_fn! {
        /// The same, with [`Stats`](super::Stats) beside it.
        pub const fn with_stats(limit: u16, stats: S) -> Self {
            Self { word: AtomicU32::new(Word::new(limit).bits()), stats }
        }
    }

    /// The limit. May be called in an interrupt, as everything here.
    pub fn limit(&self) -> u32 {
        self.word().limit()
    }

    /// How many places are taken. More than the limit if that was lowered, until enough have left.
    pub fn in_flight(&self) -> u32 {
        self.word().in_flight()
    }

    /// How many places are left; none, too, while more are taken than the limit says.
    pub fn available(&self) -> u32 {
        let word = self.word();
        word.limit().saturating_sub(word.in_flight())
    }

    /// Sets the limit, at once. Below what is in flight, nobody enters until enough have left; those inside stay.
    pub fn resize(&self, limit: u16) {
        decide(|| protocol::resize(&self.memory(), limit));
    }

    fn word(&self) -> Word {
        // ORDERING: Relaxed; the answer is old when it is read, and orders nothing.
        Word::from_bits(self.word.load(Ordering::Relaxed))
    }

    #[inline]
    fn memory(&self) -> LiveWord<'_> {
        LiveWord(&self.word)
    }
}

impl<S: Keep> Bulkhead<S> {
    /// Enters, until the slot is dropped.
    ///
    /// # Errors
    /// [`Full`](Reason::Full). If the limit is 0, [`MoreThanLimit`](Reason::MoreThanLimit).
    #[inline]
    pub fn try_enter(&self) -> Result<Slot<&Self>, Rejected> {
        Slot::take(self, 1, Share::ALL)
    }

    /// Takes so many places, for a call that weighs more than others, or none. Zero are always there.
    ///
    /// # Errors
    /// [`Full`](Reason::Full), and [`MoreThanLimit`](Reason::MoreThanLimit) if it has not so many.
    #[inline]
    pub fn try_enter_many(&self, places: u32) -> Result<Slot<&Self>, Rejected> {
        Slot::take(self, places, Share::ALL)
    }

    /// The same for a call that may use only a share of the limit. One multiplication and one 32-bit division more.
    ///
    /// # Errors
    /// [`Full`](Reason::Full); [`ShareFull`](Reason::ShareFull) if there would be place for calls with a larger
    /// share; and [`MoreThanLimit`](Reason::MoreThanLimit) if the share is not so many places.
    #[inline]
    pub fn try_enter_as(&self, share: Share, places: u32) -> Result<Slot<&Self>, Rejected> {
        Slot::take(self, places, share)
    }

    /// Enters with a slot that holds what leads to the bulkhead, such as an `Arc`, and so goes wherever that can.
    ///
    /// # Errors
    /// As [`try_enter`](Self::try_enter).
    #[inline]
    pub fn try_enter_owned<H: Deref<Target = Self>>(this: H) -> Result<Slot<H>, Rejected> {
        Slot::take(this, 1, Share::ALL)
    }

    /// The same with so many places, for a call that may use only a share of the limit.
    ///
    /// # Errors
    /// As [`try_enter_as`](Self::try_enter_as).
    #[inline]
    pub fn try_enter_owned_as<H: Deref<Target = Self>>(
        this: H,
        share: Share,
        places: u32,
    ) -> Result<Slot<H>, Rejected> {
        Slot::take(this, places, share)
    }
}

impl Bulkhead<Stats> {
    /// What was kept.
    pub fn statistics(&self) -> Statistics {
        let word = self.word();
        self.stats.report(word.limit(), word.in_flight())
    }
}

impl<S> sealed::Sealed for Bulkhead<S> {}

impl<S: Keep> Places for Bulkhead<S> {
    #[inline]
    fn take(&self, _: sealed::Key, places: u32, share: Share) -> Result<(), Rejected> {
        if places == 0 {
            return Ok(());
        }
        match decide(|| protocol::enter(&self.memory(), places, share)) {
            Ok(word) => {
                self.stats.entered(word.in_flight());
                Ok(())
            }
            Err(refusal) => {
                self.stats.refused(refusal.reason());
                Err(refusal)
            }
        }
    }

    #[inline]
    fn give_back(&self, _: sealed::Key, places: u32) {
        let Ok(()) = protocol::leave(&self.memory(), places);
    }

    fn note_entered(&self, _: sealed::Key, in_flight: u32) {
        self.stats.entered(in_flight);
    }

    fn note_refused(&self, _: sealed::Key, reason: Reason) {
        self.stats.refused(reason);
    }
}

impl<S> fmt::Debug for Bulkhead<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        f.debug_struct("Bulkhead")
            .field("limit", &word.limit())
            .field("in_flight", &word.in_flight())
            .finish_non_exhaustive()
    }
}

/// The word as an atomic.
struct LiveWord<'a>(&'a AtomicU32);

impl Live for LiveWord<'_> {
    type Place = ();

    #[inline]
    fn word(&self, (): ()) -> Option<&AtomicU32> {
        Some(self.0)
    }
}

impl Countdown for LiveWord<'_> {
    #[inline]
    fn subtract(&self, number: u32, order: Ordering) -> Result<(), Infallible> {
        // ORDERING: the protocol's.
        self.0.fetch_sub(number, order);
        Ok(())
    }
}
