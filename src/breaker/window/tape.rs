//! The words of the last-calls window as types, and every step that they can take, on plain integers.
//!
//! ```text
//! cursor   = {generation 9 | mode 2 | lap 12 | index 7}
//! strip[i] = {lap 12 | a marker and the outcomes behind it 20}     the newest outcome is lowest
//! ```
//!
//! | field | meaning |
//! |---|---|
//! | generation | of the state word, whose outcomes these are |
//! | mode | counting: fewer laps than one since the start; full: at least N outcomes, older ones count; clean: the last N all succeeded, nothing is written |
//! | lap | counts rounds of the strips, modulo 4,096; a start that forgets the strips moves it by two |
//! | index | of the strip that is written |
//! | marker | the highest 1: what is below it are outcomes, of one bit (failed) or two (slow, failed) |
//!
//! All words zero: counting, nothing counted. A strip without a marker belongs to no lap.

use core::fmt;
use core::marker::PhantomData;

use super::{Counts, Mark, Rule};
use crate::breaker::word::{Widths, Word, ones};

/// What the strips stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Outcomes since the start, on this lap.
    Counting,
    /// The last N, on this lap and the one before; what has no strip succeeded.
    Full,
    /// The last N all succeeded.
    Clean,
}

/// Which strip is written, on which lap, and for whom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cursor<W> {
    bits: u32,
    widths: PhantomData<W>,
}

impl<W: Widths> Cursor<W> {
    const LAP_AT: u32 = W::INDEX;
    const MODE_AT: u32 = Self::LAP_AT + W::LAP;
    const GENERATION_AT: u32 = Self::MODE_AT + 2;

    /// The highest index.
    pub const LAST_INDEX: u32 = ones(W::INDEX);

    const COUNTING: u32 = 0;
    const FULL: u32 = 1;
    const CLEAN: u32 = 2;

    /// The cursor of these bits, which were a cursor's.
    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            bits,
            widths: PhantomData,
        }
    }

    /// The bits, for the atomic.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.bits
    }

    const fn field(self, at: u32, width: u32) -> u32 {
        (self.bits >> at) & ones(width)
    }

    const fn made(generation: u32, mode: u32, lap: u32, index: u32) -> Self {
        Self::from_bits(
            generation << Self::GENERATION_AT
                | mode << Self::MODE_AT
                | (lap & ones(W::LAP)) << Self::LAP_AT
                | index,
        )
    }

    const fn generation(self) -> u32 {
        self.field(Self::GENERATION_AT, W::GENERATION)
    }

    /// Whether the strips hold outcomes of `word`'s generation.
    #[inline]
    pub const fn is_of(self, word: Word<W>) -> bool {
        self.generation() == word.generation()
    }

    /// What the strips stand for.
    #[inline]
    pub const fn mode(self) -> Mode {
        match self.field(Self::MODE_AT, 2) {
            Self::COUNTING => Mode::Counting,
            Self::FULL => Mode::Full,
            _ => Mode::Clean,
        }
    }

    /// The lap.
    #[inline]
    pub const fn lap(self) -> u32 {
        self.field(Self::LAP_AT, W::LAP)
    }

    /// The lap before.
    pub const fn lap_before(self) -> u32 {
        self.lap().wrapping_sub(1) & ones(W::LAP)
    }

    /// The strip that is written.
    #[inline]
    pub const fn index(self) -> u32 {
        self.field(0, W::INDEX)
    }

    /// Nothing is counted yet in `word`'s generation.
    #[must_use]
    pub const fn started(self, word: Word<W>) -> Self {
        Self::made(word.generation(), Self::COUNTING, self.lap() + 2, 0)
    }

    /// Clean until now; the next outcome is not.
    #[must_use]
    pub const fn soiled(self) -> Self {
        Self::made(self.generation(), Self::FULL, self.lap() + 2, 0)
    }

    /// The last N all succeeded.
    #[must_use]
    pub const fn cleaned(self) -> Self {
        Self::made(self.generation(), Self::CLEAN, self.lap(), self.index())
    }

    /// The strip is full: the next one, of so many.
    #[must_use]
    pub const fn advanced(self, strips: u32) -> Self {
        if self.index() + 1 < strips {
            Self::from_bits(self.bits + 1)
        } else {
            Self::made(self.generation(), Self::FULL, self.lap() + 1, 0)
        }
    }
}

impl<W: Widths> fmt::Debug for Cursor<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("generation", &self.generation())
            .field("mode", &self.mode())
            .field("lap", &self.lap())
            .field("index", &self.index())
            .finish()
    }
}

/// A word of outcomes, of as many bits each as the rule needs.
#[derive(Clone, Copy)]
pub struct Strip<W, K> {
    bits: u32,
    widths: PhantomData<(W, K)>,
}

impl<W: Widths, K: Rule> Strip<W, K> {
    /// As many outcomes as a strip holds.
    pub const HOLDS: u32 = (W::TAPE - 1) / K::BITS;

    /// The strip of these bits, which were a strip's.
    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            bits,
            widths: PhantomData,
        }
    }

    /// The bits, for the atomic.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.bits
    }

    const fn outcomes(self) -> u32 {
        self.bits & ones(W::TAPE)
    }

    /// Whether it was written on this lap.
    #[inline]
    pub const fn is_of(self, lap: u32) -> bool {
        self.bits >> W::TAPE == lap && self.outcomes() != 0
    }

    /// A strip of one outcome.
    pub const fn first(lap: u32, mark: Mark) -> Self {
        Self::from_bits(lap << W::TAPE | 1 << K::BITS | mark.bits() & ones(K::BITS))
    }

    /// A strip that holds nothing, since this lap: nobody who saw another takes it for that one.
    pub const fn emptied(lap: u32) -> Self {
        Self::from_bits(lap << W::TAPE)
    }

    /// Whether it holds nothing.
    pub const fn is_empty(self) -> bool {
        self.outcomes() == 0
    }

    /// One more outcome, where it is not [full](Self::is_full).
    #[must_use]
    #[inline]
    pub const fn pushed(self, mark: Mark) -> Self {
        let lap = self.bits & !ones(W::TAPE);
        Self::from_bits(lap | self.outcomes() << K::BITS | mark.bits() & ones(K::BITS))
    }

    /// How many outcomes it holds.
    pub const fn fill(self) -> u32 {
        (u32::BITS - 1 - (self.outcomes() | 1).leading_zeros()) / K::BITS
    }

    /// Whether no more fit in.
    #[inline]
    pub const fn is_full(self) -> bool {
        self.outcomes() >> (Self::HOLDS * K::BITS) != 0
    }

    /// Whether the newest outcome is other than a success in good time.
    #[inline]
    pub const fn newest_is_bad(self) -> bool {
        self.bits & ones(K::BITS) != 0
    }

    /// The newest outcomes, so many of them.
    pub const fn count(self, newest: u32) -> Counts {
        let outcomes = self.bits & ones(newest * K::BITS);
        if K::BITS == 1 {
            Counts {
                calls: newest,
                failures: outcomes.count_ones(),
                slow: 0,
            }
        } else {
            Counts {
                calls: newest,
                failures: (outcomes & 0x5555_5555).count_ones(),
                slow: (outcomes & 0xAAAA_AAAA).count_ones(),
            }
        }
    }
}

impl<W: Widths, K: Rule> fmt::Debug for Strip<W, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Strip")
            .field("lap", &(self.bits >> W::TAPE))
            .field("count", &self.count(self.fill()))
            .finish()
    }
}

#[cfg(test)]
mod tests;
