//! The last span of time: outcomes counted in buckets of it, one compare-and-swap a record.
//!
//! ```text
//! era       {generation, version}: whose outcomes these are, and since which beginning
//! hand      {number of the newest bucket, turn}: how far time has come, in this version, or already in the next
//! tally[i]  {version, round, count}: of one bucket and one kind of outcome; counts while version and round are present
//!
//! record(outcome)
//! 1 load the era, then the state. Not closed or recovering in the permit's generation: late.
//! 2 load the hand. Ask the clock.
//! 3 the hand is in the next version: CAS the era to it, of this generation.
//! 4 the era is of another generation, or this moment is away from the hand, a whole ring ahead or out of reach behind:
//!   sweep all buckets. CAS the hand to this moment's bucket, in the next version. CAS the era to it, of this generation.
//!   The moment is less than a ring ahead: sweep the buckets that the hand passes. CAS the hand on.
//! 5 load the other tallies of the newest bucket, then the one of this kind. One of them is full: not counted.
//!   Of this bucket: CAS one more. Of another: load era and hand, changed: again. CAS to one.
//! 6 if it was a bad one, or the bucket has no more successes than the minimum: fence, then from 1 to 2 and judge, until
//!   the state has changed or the window is not over.
//!
//! sweep      load a tally. Clear, or left behind only once: next. Load era and hand; changed: again. CAS it to clear.
//! judge      sum up the bad ones of the window, then, if there are any, the successes. Over: the bad ones again; changed:
//!            again. Load era and hand; changed: again.
//! A failed CAS: again, from 1.
//! ```
//!
//! A record is one CAS on one tally, which is also the moment at which the outcome counts. Nothing that counts is ever
//! taken away or changed otherwise: a window ends by a CAS on the hand, after which its tallies are of another bucket, or of
//! another version. Whoever reads sums under one era and one hand, and finds both unchanged in the end, has
//! therefore read numbers that only grew. The successes are read between two readings of the bad ones, which were the
//! same; the successes grew by one at a time: so there was a moment at which exactly this was in the window. No rate is
//! overstated, and none is the rate of two windows. (Without a rule for slow calls one reading of the failures would do:
//! read before the successes, they can only be too few. With one, a slow success that was missed makes a rate of failures
//! too high.)
//!
//! Every beginning, and every step of time, is decided by a CAS on the hand: of two who come after the same idle time,
//! one moves it, and the other finds it moved. The era only follows. Until it has, nothing is counted and the
//! hand stays, so era and hand are never more than one version apart, and the turn tells which. An era and a hand that
//! were read in this order and agree were thus there together; if the hand was ahead, and the era has followed since, the
//! CAS on the era fails. Whoever finds the hand ahead helps; if he does so for a generation that is over, the next caller
//! begins once more. A version begins wherever the clock then is, ahead of the hand or behind it.
//!
//! What is swept is what nobody counts any more, and could be taken for something present if it stayed: versions
//! and rounds come round. A tally that was left behind by one round, or by one version, is let be, since it is most often
//! overwritten soon; by two, it is cleared. So no tally that a sweep clears has a value that could be written there
//! again soon, and a sweep that was stopped before its CAS does no harm.
//!
//! Nobody misses what makes the window over. Who counts something that could (a bad outcome; a success that completes the
//! minimum, or is the first in a bucket after others slid out) looks afterwards. Of two who count in different buckets at
//! the same time, the one whose fence is the later sees what the other counted. A success in a bucket with more successes
//! than the minimum can only lower a rate that somebody has looked at since that bucket began. He who looks sees what was
//! counted at the same time too: two successes that come together may both see a rate that the first alone had made.
//!
//! | stopped | leaves | the next caller |
//! |---|---|---|
//! | before a CAS | nothing; if it ever goes on, the word has changed and the CAS fails | goes on |
//! | while it sweeps, or before the CAS that ends this | fewer tallies that nobody counts | sweeps the rest |
//! | after a CAS on the hand, before the era follows | a version with nothing in it | CAS the era |
//! | after that, before its own outcome is in | a newest bucket with nothing in it | counts there |
//! | after its outcome is in, before it has looked | a window that may be over, a closed breaker | opens, with the next bad outcome, or one of the first successes of the next bucket |
//!
//! An attempt takes at most two loads for every bucket and bad kind, one for every bucket's successes and 10 more steps;
//! one that sweeps four steps for every tally, instead. Either way it does not depend on how long the breaker was idle.
//!
//! # Time
//!
//! A bucket is 2^k us, its number the clock's reading without the lowest k bits, modulo 2^29. Readings of the clock are
//! compared only by the distance of these numbers, so that a clock may start anywhere and come round. There is no time
//! word beside the hand, and nobody divides.
//!
//! - A reading that is behind the newest bucket counts there, if it is less than 4.4 minutes (2^28 us) or a ring behind,
//!   whichever is more. While the clock stands, or has stepped back by so little, the newest bucket lasts; nothing slides
//!   out of the window until time has come there again.
//! - A reading further behind is of a clock that was set back: all is forgotten, and time goes on from there. So it does
//!   after a reading a ring or more ahead, wrong or right. An `Instant` that was held for that long makes the window
//!   forget, twice.
//!
//! # Limits
//!
//! - The numbers come round after 2^29 buckets: 1.1 years with the shortest ones of 65.5 ms, 17.8 years with a second (2^20
//!   us). A breaker that is idle for so long to within a ring, or for up to the 4.4 minutes (or the ring) less, takes its
//!   last calls before that for recent ones, until they slide out.
//! - A tally counts to 8,388,607 (2^23 - 1). When one of a bucket's is full, nothing more is counted in that bucket, but
//!   for calls that report at that very moment: its rate stays what it was then, and what happens after is
//!   noticed in the next bucket. At 10^6 calls a second that takes 8.4 s, and a bucket that is not longer than that is never
//!   full. The minimum, at most 10^6, is reached well before.
//! - A caller stopped within its CAS on a tally, over exactly a multiple of 16 rounds of the ring (of 32 versions) in which
//!   the tally has come to the same value again, counts where it is then. If it was to overwrite or clear another
//!   bucket's, a round less or more, so many outcomes are forgotten. A round is at least the window's span.
//! - A caller stopped within its CAS on the hand, over exactly a multiple of 8 versions that all begin in one bucket, makes
//!   the window forget, if it was to begin a version itself; so does one stopped within its CAS on the era, over exactly
//!   a multiple of 32 versions and of 512 generations.
//! - Callers whose clocks disagree by more than is an old reading, and who keep step exactly, can each undo the other's
//!   beginning for as long as they do. Either alone gets on at once.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Range;

use super::ring::{Era, Hand, Shape, Step, Tally};
use super::{Counting, Counts, FailureRate, Mark, Recorded, Rule, Window};
use crate::breaker::memory::{Memory, Place};
use crate::breaker::rules::Rules;
use crate::breaker::word::{Widths, Word};
use crate::memory::Attempt;
use crate::sync::{AtomicU32, Ordering, zeroes};
use crate::time::Micros;

/// The last `MILLIS` milliseconds, sliding by a bucket at a time.
///
/// [`last_time!`](crate::last_time) writes the type, and counts the words: `last_time!(10_000, 16)`, or
/// `last_time!(10_000, 16, slow)` with a rule for slow calls.
///
/// `BUCKETS` is 2, 4, 8, 16 or 32. Each lasts a power of two of microseconds, the shortest from 65.5 ms (2^16 us) to
/// 9.5 hours (2^35 us) of which one fewer cover the span. What counts is the newest bucket and as many whole
/// ones before it as cover the span: all calls of the last `MILLIS` milliseconds, and none that ended
/// [two buckets](Self::BUCKET) earlier still. 10 s in 16 buckets are 10 whole ones of 1.05 s and the newest.
///
/// `WORDS` is [`words_for`](Self::words_for) of that: two, and two for every bucket (four with a rule for slow calls).
///
/// # Cost
/// An outcome is one reading of the clock, five loads (seven with a rule for slow calls) and one compare-and-swap. The first
/// in a new bucket is one compare-and-swap more, and two loads (four) for each bucket that has passed. A failure, a slow
/// call, and each success in a bucket that has no more of them than the minimum of calls, then looks at the
/// window: as many loads as it has buckets if nothing failed, else up to three times as many (with a rule for slow calls
/// three, and seven times). A snapshot looks at the window and asks the clock, and writes nothing.
///
/// # Limits
/// A bucket counts 8,388,607 (2^23 - 1) calls of a kind and then no more, successes and failures alike: at 10^6 calls a
/// second that takes 8.4 s. Buckets that are not longer are never full; in longer ones the rate stays that of the
/// beginning until the next bucket.
///
/// An idle period of any length costs no more than a round of the buckets. While the clock stands or has stepped back
/// by less than 4.4 minutes (or all buckets together, if they are longer), the newest bucket lasts. If it steps back
/// further, the window begins anew. A breaker that is idle for exactly 2^29 buckets, give or take all of them and 4.4
/// minutes, takes its last calls for recent ones: that is 1.1 years for the shortest buckets, 17.8 years for one second.
pub struct LastTime<const MILLIS: u32, const BUCKETS: usize, const WORDS: usize, K = FailureRate> {
    words: [AtomicU32; WORDS],
    rule: PhantomData<K>,
}

impl<const MILLIS: u32, const BUCKETS: usize, const WORDS: usize, K: Rule>
    LastTime<MILLIS, BUCKETS, WORDS, K>
{
    const SHAPE: Shape = Shape::of(MILLIS, BUCKETS as u32);

    const RING: () = {
        assert!(
            BUCKETS >= 2 && BUCKETS <= 32 && BUCKETS.is_power_of_two(),
            "a window of time has 2, 4, 8, 16 or 32 buckets"
        );
        assert!(MILLIS >= 1, "a window of time is longer than zero");
        assert!(
            Self::SHAPE.covers(),
            "a window of time is too long for so few buckets: all but one of them, of 9.5 hours at most, must cover it"
        );
        assert!(
            WORDS == Self::words_for(),
            "the number of words does not go with the number of buckets: write the type with last_time!(MILLIS, BUCKETS), or last_time!(MILLIS, BUCKETS, slow)"
        );
    };

    /// How long a bucket is.
    pub const BUCKET: Micros = Self::SHAPE.bucket();

    /// How many words this takes: the `WORDS` to give.
    pub const fn words_for() -> usize {
        words_for_buckets(BUCKETS, K::BITS)
    }

    const_fn! {
        /// A window in which nothing is counted yet.
        pub const fn new() -> Self {
            let () = Self::RING;
            Self { words: zeroes(), rule: PhantomData }
        }
    }
}

impl<const MILLIS: u32, const BUCKETS: usize, const WORDS: usize, K: Rule> Window
    for LastTime<MILLIS, BUCKETS, WORDS, K>
{
    type Rule = K;
    type Counting = Ring<K>;
    const COUNTING: Ring<K> = Ring {
        shape: Self::SHAPE,
        rule: PhantomData,
    };

    #[inline]
    fn words(&self) -> &[AtomicU32] {
        &self.words
    }
}

impl<const MILLIS: u32, const BUCKETS: usize, const WORDS: usize, K: Rule> Default
    for LastTime<MILLIS, BUCKETS, WORDS, K>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<const MILLIS: u32, const BUCKETS: usize, const WORDS: usize, K> fmt::Debug
    for LastTime<MILLIS, BUCKETS, WORDS, K>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastTime")
            .field("millis", &MILLIS)
            .field("buckets", &BUCKETS)
            .finish_non_exhaustive()
    }
}

/// For [`last_time!`](crate::last_time).
#[doc(hidden)]
pub const fn words_for_buckets(buckets: usize, bits: u32) -> usize {
    2 + (buckets << bits)
}

/// The type of a [`LastTime`] window, words counted: `last_time!(10_000, 16)` for 10 s in 16 buckets, or
/// `last_time!(10_000, 16, slow)`.
#[macro_export]
macro_rules! last_time {
    ($millis:expr, $buckets:expr) => {
        $crate::breaker::LastTime<
            { $millis },
            { $buckets },
            { $crate::breaker::words_for_buckets($buckets, 1) },
        >
    };
    ($millis:expr, $buckets:expr, slow) => {
        $crate::breaker::LastTime<
            { $millis },
            { $buckets },
            { $crate::breaker::words_for_buckets($buckets, 2) },
            $crate::breaker::FailureAndSlowRate,
        >
    };
}

/// How the last span of time is counted.
///
/// The era is the first of the window's words, then comes the hand, then the tallies of each bucket: as many as there are
/// [`Mark::bits`], which are their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Ring<K> {
    pub shape: Shape,
    pub rule: PhantomData<K>,
}

/// An era, and the hand in it.
type Present<W> = (Era<W>, Hand<W>);

const ERA: Place = Place::Window(0);
const HAND: Place = Place::Window(1);

/// Successes in good time.
const GOOD: Range<u32> = 0..1;

impl<K: Rule> Ring<K> {
    const KINDS: u32 = 1 << K::BITS;
    /// All others.
    const BAD: Range<u32> = 1..Self::KINDS;

    const fn tally_at(self, number: u32, kind: u32) -> Place {
        Place::Window(2 + self.shape.slot(number) * Self::KINDS + kind)
    }

    fn load_tally<M: Memory>(self, memory: &M, number: u32, kind: u32) -> Result<Tally<M::Widths>, M::Stop> {
        // ORDERING: Acquire pairs with the Release CAS of a tally: who sees an outcome sees the era and the hand under
        // which it was counted, and what its caller had counted before.
        Ok(Tally::from_bits(
            memory.load(self.tally_at(number, kind), Ordering::Acquire)?,
        ))
    }

    fn load_hand<M: Memory>(self, memory: &M) -> Result<Hand<M::Widths>, M::Stop> {
        // ORDERING: Acquire pairs with the Release CAS of the hand: whoever moved it had seen its era, and had swept
        // the buckets that it passed.
        Ok(Hand::from_bits(memory.load(HAND, Ordering::Acquire)?))
    }

    /// Whether era and hand are still these, after tallies were read.
    fn is_at<M: Memory>(
        self,
        memory: &M,
        era: Era<M::Widths>,
        hand: Hand<M::Widths>,
    ) -> Result<bool, M::Stop> {
        // ORDERING: Relaxed, both; the Acquire loads before make these at least as new as what they showed.
        Ok(memory.load(HAND, Ordering::Relaxed)? == hand.bits()
            && memory.load(ERA, Ordering::Relaxed)? == era.bits())
    }

    /// Brings the era to the generation of `word`, and the hand to the bucket `number` unless it is beyond.
    fn advance<M: Memory>(
        self,
        memory: &M,
        word: Word<M::Widths>,
        era: Era<M::Widths>,
        hand: Hand<M::Widths>,
        number: u32,
    ) -> Attempt<Present<M::Widths>, M> {
        let era = if hand.is_in(era) {
            era
        } else {
            match self.follow(memory, word, era)? {
                Some(next) => next,
                None => return Ok(None),
            }
        };
        let step = if era.is_of(word) {
            self.shape.step(hand, number)
        } else {
            Step::Away
        };
        let (next, passed) = match step {
            Step::Stay => return Ok(Some((era, hand))),
            Step::On(passed) => (hand.moved(number), passed),
            Step::Away => (hand.ahead(number), self.shape.buckets),
        };
        for back in 0..passed {
            let bucket = self.shape.before::<M::Widths>(number, back);
            let round_before = self.shape.before::<M::Widths>(bucket, self.shape.buckets);
            let tag = self.shape.tag(era, round_before);
            for kind in 0..Self::KINDS {
                let tally = self.load_tally(memory, bucket, kind)?;
                let left_once = if next.is_in(era) {
                    tally.is_of(tag)
                } else {
                    tally.is_of_version(era)
                };
                if tally.is_clear() || left_once {
                    continue;
                }
                if !self.is_at(memory, era, hand)? {
                    return Ok(None);
                }
                // ORDERING: Relaxed; published by the CAS of the hand that follows.
                if !memory.swap_if(self.tally_at(bucket, kind), tally.bits(), 0, Ordering::Relaxed)? {
                    return Ok(None);
                }
            }
        }
        // ORDERING: Release; see `load_hand`.
        if !memory.swap_if(HAND, hand.bits(), next.bits(), Ordering::Release)? {
            return Ok(None);
        }
        let era = if next.is_in(era) {
            Some(era)
        } else {
            self.follow(memory, word, era)?
        };
        Ok(era.map(|era| (era, next)))
    }

    /// Brings the era to the version of the hand, which is the next, for the generation of `word`.
    fn follow<M: Memory>(
        self,
        memory: &M,
        word: Word<M::Widths>,
        era: Era<M::Widths>,
    ) -> Attempt<Era<M::Widths>, M> {
        let next = era.followed(word);
        // ORDERING: Release pairs with the Acquire load in `head`: who sees this version sees it swept, and the state
        // for which it began.
        let followed = memory.swap_if(ERA, era.bits(), next.bits(), Ordering::Release)?;
        Ok(followed.then_some(next))
    }

    /// What is counted of these kinds in the newest bucket and so many before it.
    fn sum<M: Memory>(
        self,
        memory: &M,
        era: Era<M::Widths>,
        hand: Hand<M::Widths>,
        buckets: u32,
        kinds: Range<u32>,
    ) -> Result<Counts, M::Stop> {
        let mut counts = Counts::default();
        for back in 0..buckets {
            let number = self.shape.before::<M::Widths>(hand.number(), back);
            let tag = self.shape.tag(era, number);
            for kind in kinds.clone() {
                let count = self.load_tally(memory, number, kind)?.count(tag);
                let mark = Mark::from_bits(kind);
                // No more than 32 buckets of four kinds of 23 bits.
                counts.calls += count;
                counts.failures += if mark.failed { count } else { 0 };
                counts.slow += if mark.slow { count } else { 0 };
            }
        }
        Ok(counts)
    }
}

impl<K: Rule> Counting for Ring<K> {
    type Head<W: Widths> = Era<W>;

    #[inline]
    fn head<M: Memory>(self, memory: &M) -> Result<Era<M::Widths>, M::Stop> {
        // ORDERING: Acquire pairs with the Release CAS of the era; see `advance`.
        Ok(Era::from_bits(memory.load(ERA, Ordering::Acquire)?))
    }

    fn record<M: Memory>(
        self,
        memory: &M,
        rules: &Rules,
        era: Era<M::Widths>,
        word: Word<M::Widths>,
        mark: Mark,
    ) -> Attempt<Recorded, M> {
        let hand = self.load_hand(memory)?;
        let number = self.shape.number::<M::Widths>(memory.now()?);
        let Some((era, hand)) = self.advance(memory, word, era, hand, number)? else {
            return Ok(None);
        };
        let number = hand.number();
        let tag = self.shape.tag(era, number);
        let kind = mark.bits() & (Self::KINDS - 1);
        for other in (0..Self::KINDS).filter(|other| *other != kind) {
            if self.load_tally(memory, number, other)?.count(tag) == Tally::<M::Widths>::MOST {
                return Ok(Some(Recorded::Done));
            }
        }
        let tally = self.load_tally(memory, number, kind)?;
        let next = if tally.is_of(tag) {
            if tally.count(tag) == Tally::<M::Widths>::MOST {
                return Ok(Some(Recorded::Done));
            }
            tally.counted()
        } else {
            // Another bucket's: an earlier one's, or of one that this caller has not heard of.
            if !self.is_at(memory, era, hand)? {
                return Ok(None);
            }
            Tally::first(tag)
        };
        let place = self.tally_at(number, kind);
        // ORDERING: Release; see `load_tally`.
        if !memory.swap_if(place, tally.bits(), next.bits(), Ordering::Release)? {
            return Ok(None);
        }
        if kind == 0 && next.count(tag) > rules.minimum {
            return Ok(Some(Recorded::Done));
        }
        // ORDERING: SeqCst; of two callers who write, then go through this, and then read what the other wrote, one sees it.
        // The single order of all fences is what it is for. Nothing weaker keeps a write before a read of another word.
        memory.fence(Ordering::SeqCst);
        Ok(Some(Recorded::Check))
    }

    fn prepare<M: Memory>(
        self,
        memory: &M,
        era: Era<M::Widths>,
        _: Word<M::Widths>,
        next: Word<M::Widths>,
    ) -> Attempt<(), M> {
        if !era.is_of(next) {
            return Ok(Some(()));
        }
        // ORDERING: Relaxed; nothing is read on the strength of an era of nobody.
        memory.swap_if(ERA, era.bits(), era.of_nobody().bits(), Ordering::Relaxed)?;
        Ok(None)
    }

    fn is_over<M: Memory>(
        self,
        memory: &M,
        rules: &Rules,
        era: Era<M::Widths>,
        word: Word<M::Widths>,
    ) -> Attempt<bool, M> {
        if !era.is_of(word) {
            return Ok(Some(false));
        }
        let hand = self.load_hand(memory)?;
        let mut over = false;
        if hand.is_in(era) {
            let window = self.shape.window;
            let mut counts = self.sum(memory, era, hand, window, Self::BAD)?;
            if counts.calls > 0 {
                let bad = counts;
                counts.calls += self.sum(memory, era, hand, window, GOOD)?.calls;
                over = counts.is_over(rules, rules.minimum);
                if over && self.sum(memory, era, hand, window, Self::BAD)? != bad {
                    return Ok(None);
                }
            }
        }
        Ok(self.is_at(memory, era, hand)?.then_some(over))
    }

    fn count<M: Memory>(self, memory: &M, era: Era<M::Widths>, word: Word<M::Widths>) -> Attempt<Counts, M> {
        if !era.is_of(word) {
            return Ok(Some(Counts::default()));
        }
        let hand = self.load_hand(memory)?;
        let mut counts = Counts::default();
        if hand.is_in(era) {
            let number = self.shape.number::<M::Widths>(memory.now()?);
            let left = match self.shape.step(hand, number) {
                Step::Stay => self.shape.window,
                Step::On(passed) => self.shape.window.saturating_sub(passed),
                Step::Away => 0,
            };
            counts = self.sum(memory, era, hand, left, Self::BAD)?;
            let bad = counts;
            counts.calls += self.sum(memory, era, hand, left, GOOD)?.calls;
            if self.sum(memory, era, hand, left, Self::BAD)? != bad {
                return Ok(None);
            }
        }
        Ok(self.is_at(memory, era, hand)?.then_some(counts))
    }

    #[inline]
    fn succeed_quickly<M: Memory>(self, _: &M, _: Word<M::Widths>) -> Result<bool, M::Stop> {
        // Whether somebody has to look at the window afterwards is for the rules to say.
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
