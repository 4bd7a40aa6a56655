//! The words of the last-time window as types, and every step that they can take, on plain integers.
//!
//! ```text
//! era      = {begun 1 | generation 9 | version 5}           the 17 bits above are 0
//! hand     = {number of the newest bucket 29 | turn 3}
//! tally[i] = {version 5 | round 4 | count 23}               one for each bucket and kind of outcome
//! ```
//!
//! | field | meaning |
//! |---|---|
//! | begun | 0 of a window that is new, or whose outcomes are nobody's: a closed generation of the same number is about to begin |
//! | generation | of the state word, whose outcomes these are |
//! | version | counts the times that all was forgotten at once, modulo 32 |
//! | number | of the newest bucket: the clock's microseconds without their lowest bits, modulo 2^29 |
//! | turn | the lowest bits of the version for which the hand was set: the era's, or the one that the era is to follow to |
//! | round | counts rounds of the buckets, modulo 16: the number without the bits that say which of them |
//! | count | of outcomes; stays at the last |
//!
//! A tally counts only while its version is the era's and its round that of a bucket in the window. All words zero:
//! nothing is counted, for nobody.

use core::fmt;
use core::marker::PhantomData;

use crate::breaker::word::{Real, Widths, Word, ones};
use crate::time::{Instant, Micros};

/// How a span of time is cut into buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// A bucket is 2^this microseconds.
    pub shift: u32,
    /// Buckets in the ring, a power of two.
    pub buckets: u32,
    /// Buckets in the window: the newest, and as many whole ones before it as the span needs.
    pub window: u32,
    /// A reading of the clock that is so many buckets behind the newest counts there; one further behind does not
    /// belong to this window.
    pub reach: u32,
}

/// Where a reading of the clock is, as the newest bucket sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// In the newest bucket, or before it.
    Stay,
    /// So many buckets on, fewer than there are.
    On(u32),
    /// So far on that no bucket is left, or so far back that the clock must have been set.
    Away,
}

impl Shape {
    /// The shortest bucket is 2^16 us, 65.5 ms: the numbers come round after 1.1 years then.
    const SHORTEST: u32 = 16;
    /// The longest bucket is 2^35 us, 9.5 hours: the clock comes round where the numbers do.
    const LONGEST: u32 = 64 - Real::NUMBER;
    /// A reading is old, and not of another time, if it is less than 2^28 us behind: as with the timers.
    const OLD: u32 = 28;

    /// The shortest buckets of which `buckets` always cover so many milliseconds, whatever part of the newest is over;
    /// or buckets that are too few, see [`covers`](Self::covers).
    pub const fn of(millis: u32, buckets: u32) -> Self {
        let span = millis as u64 * 1_000;
        let mut shift = Self::SHORTEST;
        while shift < Self::LONGEST && span.div_ceil(1 << shift) >= buckets as u64 {
            shift += 1;
        }
        let old = ((1_u64 << Self::OLD) >> shift) as u32;
        Self {
            shift,
            buckets,
            // At most 2^32 ms in buckets of 2^16 us.
            window: span.div_ceil(1 << shift) as u32 + 1,
            reach: if old > buckets { old } else { buckets },
        }
    }

    /// Whether the ring has room for the window.
    pub const fn covers(self) -> bool {
        self.window <= self.buckets
    }

    /// How long a bucket is.
    pub const fn bucket(self) -> Micros {
        Micros::from_micros(1 << self.shift)
    }

    /// The number of the bucket that `now` is in.
    #[inline]
    pub const fn number<W: Widths>(self, now: Instant) -> u32 {
        (now.as_micros() >> self.shift) as u32 & ones(W::NUMBER)
    }

    /// The number of the bucket that is so many before.
    pub const fn before<W: Widths>(self, number: u32, by: u32) -> u32 {
        number.wrapping_sub(by) & ones(W::NUMBER)
    }

    /// The place in the ring.
    pub const fn slot(self, number: u32) -> u32 {
        number & (self.buckets - 1)
    }

    /// What the tallies of a bucket begin with, in this era.
    pub const fn tag<W: Widths>(self, era: Era<W>, number: u32) -> Tag {
        let round = number >> self.buckets.trailing_zeros() & ones(W::ROUND);
        Tag(era.version() << W::ROUND | round)
    }

    /// Where a reading in this bucket is, as the hand sees it.
    pub const fn step<W: Widths>(self, hand: Hand<W>, number: u32) -> Step {
        let ahead = self.before::<W>(number, hand.number());
        let behind = self.before::<W>(hand.number(), number);
        if behind <= self.reach {
            Step::Stay
        } else if ahead < self.buckets {
            Step::On(ahead)
        } else {
            Step::Away
        }
    }
}

/// What tells the tallies of one bucket from those that were in its place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u32);

/// Whose outcomes are counted, and since which beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Era<W> {
    bits: u32,
    widths: PhantomData<W>,
}

impl<W: Widths> Era<W> {
    /// The era of these bits, which were an era's.
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            bits,
            widths: PhantomData,
        }
    }

    /// The bits, for the atomic.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// The version.
    pub const fn version(self) -> u32 {
        self.bits & ones(W::VERSION)
    }

    const fn begun(generation: u32, version: u32) -> Self {
        let begun = 1 << W::GENERATION;
        Self::from_bits((begun | generation) << W::VERSION | version & ones(W::VERSION))
    }

    /// Whether the outcomes are those of `word`'s generation.
    pub const fn is_of(self, word: Word<W>) -> bool {
        self.bits == Self::begun(word.generation(), self.version()).bits
    }

    /// The same version, of which what is counted is nobody's any more.
    #[must_use]
    pub const fn of_nobody(self) -> Self {
        Self::from_bits(self.version())
    }

    /// The next version, in which nothing is counted yet, for `word`'s generation.
    #[must_use]
    pub const fn followed(self, word: Word<W>) -> Self {
        Self::begun(word.generation(), self.version() + 1)
    }
}

impl<W: Widths> fmt::Debug for Era<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Era")
            .field("generation", &(self.bits >> W::VERSION))
            .field("version", &self.version())
            .finish()
    }
}

/// Which bucket is the newest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hand<W> {
    bits: u32,
    widths: PhantomData<W>,
}

impl<W: Widths> Hand<W> {
    /// The hand of these bits, which were a hand's.
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            bits,
            widths: PhantomData,
        }
    }

    /// The bits, for the atomic.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// The number of the newest bucket.
    pub const fn number(self) -> u32 {
        self.bits >> W::TURN
    }

    const fn set(number: u32, turn: u32) -> Self {
        Self::from_bits(number << W::TURN | turn & ones(W::TURN))
    }

    /// Whether it was set for this era's version, and not for the next.
    pub const fn is_in(self, era: Era<W>) -> bool {
        (self.bits ^ era.version()) & ones(W::TURN) == 0
    }

    /// At the bucket of this number, in this version.
    #[must_use]
    pub const fn moved(self, number: u32) -> Self {
        Self::set(number, self.bits)
    }

    /// At the bucket of this number, in the next version.
    #[must_use]
    pub const fn ahead(self, number: u32) -> Self {
        Self::set(number, self.bits.wrapping_add(1))
    }
}

impl<W: Widths> fmt::Debug for Hand<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hand")
            .field("number", &self.number())
            .field("turn", &(self.bits & ones(W::TURN)))
            .finish()
    }
}

/// How many outcomes of one kind one bucket has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tally<W> {
    bits: u32,
    widths: PhantomData<W>,
}

impl<W: Widths> Tally<W> {
    /// As many as it counts.
    pub const MOST: u32 = ones(W::COUNT);

    /// The tally of these bits, which were a tally's.
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            bits,
            widths: PhantomData,
        }
    }

    /// The bits, for the atomic.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Whether nothing was counted here since it was cleared.
    pub const fn is_clear(self) -> bool {
        self.bits == 0
    }

    /// Whether it is of a bucket with this tag.
    pub const fn is_of(self, tag: Tag) -> bool {
        self.bits >> W::COUNT == tag.0
    }

    /// Whether it was begun in this era's version.
    pub const fn is_of_version(self, era: Era<W>) -> bool {
        self.bits >> W::COUNT >> W::ROUND == era.version()
    }

    /// How many outcomes it has of a bucket with this tag.
    pub const fn count(self, tag: Tag) -> u32 {
        if self.is_of(tag) {
            self.bits & ones(W::COUNT)
        } else {
            0
        }
    }

    /// One outcome, the first.
    pub const fn first(tag: Tag) -> Self {
        Self::from_bits(tag.0 << W::COUNT | 1)
    }

    /// One outcome more, where it has fewer than the [most](Self::MOST).
    #[must_use]
    pub const fn counted(self) -> Self {
        Self::from_bits(self.bits + 1)
    }
}

impl<W: Widths> fmt::Debug for Tally<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("version", &(self.bits >> W::COUNT >> W::ROUND))
            .field("round", &(self.bits >> W::COUNT & ones(W::ROUND)))
            .field("count", &(self.bits & ones(W::COUNT)))
            .finish()
    }
}

#[cfg(test)]
mod tests;
