//! The end of a phase, and the two words that it is kept in.

use core::marker::PhantomData;

use super::{State, Widths, Word, ones};

/// The end of a phase's timer, in ticks, modulo 2^46.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline<W> {
    pub(super) ticks: u64,
    widths: PhantomData<W>,
}

impl<W: Widths> Deadline<W> {
    const MODULUS: u64 = 1 << (W::LOW + W::HIGH);
    /// The lowest bit that an open word carries.
    const CARRIED_AT: u32 = W::LOW - W::CARRIED;

    /// No timer is in the future by more than this, and none that is further away is believed: half of what
    /// the low word tells apart.
    pub const REACH: u32 = 1 << (W::LOW - 1);

    /// The longest wait that may be configured: half the reach, so that a clock reading may be that old too,
    /// less what a helper rounds an opening up by and a tick that has begun.
    pub const LONGEST_WAIT: u32 = Self::REACH / 2 - (1 << Self::CARRIED_AT) - 1;

    /// The deadline at `now + wait`.
    pub const fn after(now: u64, wait: u32) -> Self {
        Self::at(now.wrapping_add(wait as u64))
    }

    const fn at(ticks: u64) -> Self {
        Self {
            ticks: ticks & (Self::MODULUS - 1),
            widths: PhantomData,
        }
    }

    /// The value nearest to `now` whose low bits are these, of which the low word has `W::LOW`.
    const fn nearest(now: u64, low: u32) -> Self {
        // The distance from `now`'s low bits, as a signed number of `W::LOW` bits.
        let unused = 32 - W::LOW;
        let ahead = (low.wrapping_sub(now as u32) << unused) as i32 >> unused;
        Self::at(now.wrapping_add_signed(ahead as i64))
    }

    /// The deadline that a helper gives an opening of which it knows the carried bits only: the rest all ones,
    /// so that it is never before the maker's.
    pub fn of_opening(now: u64, word: Word<W>) -> Self {
        let carried = word.field(0, W::CARRIED) << Self::CARRIED_AT;
        Self::nearest(now, carried | ones(Self::CARRIED_AT))
    }

    /// The deadline nearest to this one, or to this moment, whose low bits are in `low`.
    #[must_use]
    pub const fn agreeing_with(self, low: Low<W>) -> Self {
        Self::nearest(self.ticks, low.part())
    }

    /// The deadline of `word`'s instance, from both timer words, which are set.
    pub fn read(word: Word<W>, low: Low<W>, high: High<W>) -> Self {
        let mut bits = low.part();
        if matches!(word.state(), State::Open) {
            bits = bits & ones(Self::CARRIED_AT) | word.field(0, W::CARRIED) << Self::CARRIED_AT;
        }
        Self::at((high.part() as u64) << W::LOW | bits as u64)
    }

    /// How many ticks are left at `now`; `None` when the timer is over.
    ///
    /// At the deadline itself it is over. Anything more than [`REACH`](Self::REACH) ahead is believed to be
    /// behind: a clock that stepped back heals by itself.
    pub const fn left(self, now: u64) -> Option<u32> {
        let left = self.ticks.wrapping_sub(now) & (Self::MODULUS - 1);
        if left != 0 && left <= Self::REACH as u64 {
            Some(left as u32)
        } else {
            None
        }
    }

    /// The part that an open word carries.
    pub(super) const fn carried(self) -> u32 {
        self.low() >> Self::CARRIED_AT
    }

    const fn low(self) -> u32 {
        self.ticks as u32 & ones(W::LOW)
    }

    const fn high(self) -> u32 {
        (self.ticks >> W::LOW) as u32
    }
}

/// The low timer word.
pub type Low<W> = TimerWord<W, false>;

/// The high timer word.
///
/// Its count is long, because its deadline bits hardly ever change: with two bits a helper that was stopped
/// for four instances would find the very word that it had seen.
pub type High<W> = TimerWord<W, true>;

/// One of the two timer words: a count of timers, and below it a part of a deadline.
#[derive(Clone, Copy, Debug)]
pub struct TimerWord<W, const HIGH: bool> {
    bits: u32,
    widths: PhantomData<W>,
}

impl<W: Widths, const HIGH: bool> TimerWord<W, HIGH> {
    const COUNT: u32 = if HIGH { W::HIGH_COUNT } else { W::LOW_COUNT };
    const COUNT_AT: u32 = if HIGH { W::HIGH } else { W::LOW };

    /// The word of these bits, which were such a word's.
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

    /// Its part of the deadline.
    const fn part(self) -> u32 {
        self.bits & ones(Self::COUNT_AT)
    }

    /// Whether it holds the timer of `word`'s instance.
    pub const fn is_set_for(self, word: Word<W>) -> bool {
        (self.bits >> Self::COUNT_AT) & 3 == word.tag()
    }

    /// With `deadline`, as the next timer.
    #[must_use]
    pub const fn next(self, deadline: Deadline<W>) -> Self {
        let count = ((self.bits >> Self::COUNT_AT) + 1) & ones(Self::COUNT);
        let part = if HIGH { deadline.high() } else { deadline.low() };
        Self::from_bits(count << Self::COUNT_AT | part)
    }
}
