//! The two words of a token bucket as types, and what they come to at a moment, on plain integers: no atomics here.
//!
//! A bucket counts in *drops*, of which a whole number make a token. How many have dripped in since the origin of the
//! clock is its *index*, which needs no state: it is a function of the time. What has been handed out is one number
//! on the same scale. With 31 bits for both:
//!
//! ```text
//! position(t) = t * step mod 2^64           step = drops per microsecond * 2^33, rounded down
//! index(t)    = the upper 31 bits of it     so that lo(t) = index(t), hi(t) = that, rounded up
//! stretch(t)  = t * stretches mod 2^64, its upper 31 bits: time in units of 2^k us
//!
//! spent = {index 31 | set 1}      the index up to which all drops have been handed out; 0: nobody has asked yet
//! dated = {stretch 31 | set 1}    when that was written, or later; 0: never
//! ```
//!
//! One multiplication gives the index, and since 2^64 us are a whole number of turns of *both* circles, nothing
//! happens where a clock comes round. A step that is no whole number has 32 bits more, its fine part, which a second
//! multiplication adds; they are not whole turns, and their seam lies where no clock passes: see `terms`.
//!
//! Let Z be the number that `spent` stands for, without the modulus. At the date d there are `lo(d) - Z` drops in the
//! bucket, at most the burst B. A caller who takes n drops at d moves Z up to `Z + n <= lo(d)`; if the bucket is
//! full, to `hi(d) - B + n`. Who reserves may move it up to W drops, what comes in the longest wait, ahead of
//! `lo(d)`, and acts at the first microsecond t with `lo(t) >= Z + n`.
//!
//! # Never more than the burst and the rate, in any window
//!
//! Let G be the first and H the last, in the order of Z, of the grants that are dated in the window \[a, b\]. Each
//! grant lies on an interval of its own on the scale of Z, in that order; also where grants were given back in
//! between, since one is given back only while it is on top. All that is granted in the window is therefore at most Z
//! after H less Z before G.
//!
//! - Z after H is at most `lo(date of H) <= lo(b)`, where a full bucket adds `hi - lo` and has lost as much before.
//! - Z before G is at least `hi(date of G) - B >= hi(a) - B`: as the date of G is cut to a full bucket, and a drop
//!   below a full one is `lo(d) - Z <= B - 1`. (A full bucket that is given back what was taken is left at `lo(d) -
//!   B`, as full as it was.) For one who acts later than he takes, at the first whole microsecond that will do, the
//!   index may have passed what he needs by up to rc, and only `Z >= hi - n - rc` holds: if `n + rc > B`, the rest is
//!   spent too (`slip`).
//!
//! That makes `lo(b) - hi(a) + B <= rate * (b - a) + B`, and nothing in it rests on the order of the dates. The dates
//! only have to be near enough to Z for its 31 bits to tell which number they stand for. That is what `dated` is for:
//! nobody decides with a date before the stretch that it names, and where it is so old that the bucket must be full,
//! nobody looks at Z.
//!
//! ```text
//! U  = floor(rate * 2^k) + 1                  most drops that come in one stretch
//! debt = W + U + rc + 1                       most that Z can be ahead of lo(d), for a d not before dated's stretch
//! S  = 2 + ceil((B + W + rc + 2) / (rate * 2^k))    stretches after which the bucket is full, whatever is in it
//! level = (lo(d) - Z + debt) mod 2^31         drops there, and the debt
//! ```
//!
//! Of all numbers with the bits of Z, this takes the *largest* up to `lo(d) + debt`, so never one below the true Z:
//! whatever goes wrong, it refuses. In the ordinary course, Z is at least `lo(d) - growth in S stretches - B`, and as
//! `growth + B + debt + 2 <= 2^31`, which is checked when a quota is built, it takes the true one.

use core::marker::PhantomData;
use core::num::NonZeroU32;

use crate::passage::Passage;
use crate::time::Instant;

/// How many bits the fields have: these for what ships, fewer for the explorer.
pub trait Widths: Copy {
    /// Of the index in `spent`. What is left of the word is the caller's: its *tail*.
    const INDEX: u32;
    /// Of the stretch in `dated`.
    const STRETCH: u32;
    /// A bit of the tail that comes and goes without a meaning for whoever looks at the index.
    const BUSY: u32 = 0;
}

/// The widths of a [`TokenBucket`](super::TokenBucket).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Real;

impl Widths for Real {
    const INDEX: u32 = 31;
    const STRETCH: u32 = 31;
}

/// In either word: set once it was written.
const SET: u32 = 1;

/// Up to which index all was handed out. In what follows, indices and numbers of drops are as they stand in the word:
/// shifted up to its upper end, so that they come round by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent<W> {
    bits: u32,
    widths: PhantomData<W>,
}

impl<W: Widths> Spent<W> {
    /// The bits of the index.
    const INDEX: u32 = !0 << (32 - W::INDEX);

    /// The word as it is in memory.
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            bits,
            widths: PhantomData,
        }
    }

    /// The word as it is in memory.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Whether anybody has asked since the bucket was made, or reset.
    pub const fn is_set(self) -> bool {
        self.bits & SET != 0
    }

    /// The index.
    pub const fn index(self) -> u32 {
        self.bits & Self::INDEX
    }

    /// Whether it is this word, but for the busy bit.
    pub const fn is(self, bits: u32) -> bool {
        (self.bits ^ bits) & !W::BUSY == 0
    }

    /// Set, at this index; the rest of the tail stays.
    #[must_use]
    pub const fn at(self, index: u32) -> Self {
        Self::from_bits(index & Self::INDEX | self.bits & !Self::INDEX | SET)
    }

    /// Not set; the rest of the tail stays.
    #[must_use]
    pub const fn unset(self) -> Self {
        Self::from_bits(self.bits & !Self::INDEX & !SET)
    }
}

/// When `spent` was written, or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dated<W> {
    bits: u32,
    widths: PhantomData<W>,
}

impl<W: Widths> Dated<W> {
    const STRETCH: u32 = !0 << (32 - W::STRETCH);

    /// The word as it is in memory.
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            bits,
            widths: PhantomData,
        }
    }

    /// The word as it is in memory.
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// The stretch in which this moment is, in units of which 2^32 us are `stretches`.
    #[inline]
    pub const fn of(at: Instant, stretches: u32) -> Self {
        let place = at.as_micros().wrapping_mul(stretches as u64);
        Self::from_bits((place >> 32) as u32 & Self::STRETCH | SET)
    }

    /// How far this one is ahead, as a signed number on the scale of the word. Both are set.
    #[inline]
    pub const fn ahead_of(self, other: Self) -> i32 {
        self.bits.wrapping_sub(other.bits) as i32
    }

    /// The beginning of this stretch, as seen from a moment before it.
    const fn start_from(self, before: Instant, stretches: u32) -> Instant {
        let place = before.as_micros().wrapping_mul(stretches as u64);
        let start = ((self.bits & Self::STRETCH) as u64) << 32;
        // Both are whole multiples of `stretches`, which is a power of two.
        Instant::from_micros(
            before
                .as_micros()
                .wrapping_add(start.wrapping_sub(place) >> stretches.trailing_zeros()),
        )
    }
}

/// What a bucket goes by at one moment. Drops and indices are as they stand in the word.
pub trait Terms {
    /// How wide the fields are.
    type Widths: Widths;

    /// The position at a moment, rounded down.
    fn position(&self, at: Instant) -> u64;
    /// Of that moment, until the position is so far ahead. What was rounded off is `done`.
    fn passage(&self, left: u64, from: Instant) -> Passage;
    /// What is taken for a moment near the one at which the position does not go on evenly, if there is one.
    fn date(&self, now: Instant) -> Instant {
        now
    }
    /// Stretches in 2^(64 - [`Widths::STRETCH`]) us.
    fn stretches(&self) -> u32;
    /// No date is before this moment.
    fn since(&self) -> Option<Instant>;
    /// Most tokens there can be.
    fn most(&self) -> u32;
    /// Drops of a token.
    fn token(&self) -> NonZeroU32;
    /// Drops of the burst.
    fn burst(&self) -> u32;
    /// Drops at first.
    fn initial(&self) -> u32;
    /// Most drops that are spent ahead of a date.
    fn debt(&self) -> u32;
    /// Whether the bucket is full, whatever is in it, so long after it was dated.
    fn is_stale(&self, age: u32) -> bool;
    /// Most drops by which the index may pass, in a microsecond, what somebody waits for.
    fn rounding(&self) -> u32;
    /// Longest wait of who reserves, in microseconds.
    fn longest_wait(&self) -> u64;
    /// Stretches after which one cannot be sure any more that an equal `spent` is the same one.
    fn recognised_for(&self) -> u32;
}

/// What the words come to at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<W> {
    /// The moment: as the clock says, or if `dated` is ahead of it, the beginning of that stretch.
    pub date: Instant,
    /// What `dated` is to be for a grant of this date.
    pub dated: Dated<W>,
    /// The position at the date.
    position: u64,
    spent: Spent<W>,
    level: Level,
}

/// How much is in the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// What there is at first, less than it holds.
    Initial,
    /// As much as it holds.
    Full,
    /// So many drops, and the debt.
    Drops(u32),
}

impl Level {
    /// By the words alone.
    #[inline]
    fn of<T: Terms>(terms: &T, spent: Spent<T::Widths>, position: u64) -> Self {
        let index = (position >> 32) as u32 & Spent::<T::Widths>::INDEX;
        let level = index.wrapping_sub(spent.index()).wrapping_add(terms.debt());
        if level >= terms.debt().wrapping_add(terms.burst()) {
            Self::Full
        } else {
            Self::Drops(level)
        }
    }
}

/// What becomes of somebody who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking<W> {
    /// He gets it, to use when the passage is over.
    Granted { to: Spent<W>, wait: Passage },
    /// He gets nothing, but now the bucket has begun to fill: write this, and look again.
    Begins(Spent<W>),
    /// He gets nothing. He would when the passage is over, and so many microseconds more.
    Short { wait: Passage, more: u64 },
}

impl<W: Widths> Reading<W> {
    /// What a bucket's words say at `now`.
    #[inline]
    pub fn of<T: Terms<Widths = W>>(terms: &T, spent: Spent<W>, seen: Dated<W>, now: Instant) -> Self {
        let mut date = terms.date(now);
        let mut dated = Dated::of(date, terms.stretches());
        let mut age = 0;
        if seen.bits != 0 {
            let ahead = dated.ahead_of(seen);
            if ahead < 0 {
                date = seen.start_from(date, terms.stretches());
                dated = seen;
            } else {
                age = ahead as u32;
            }
        }
        if let Some(since) = terms.since() {
            // Whoever wrote `since` has moved `dated` that far, so that it is in that stretch; only a reset, after a
            // clock that was ahead, moves it back again.
            if is_later(since, date) && Dated::of(since, terms.stretches()).ahead_of(dated) <= 0 {
                date = since;
            }
        }
        let position = terms.position(date);
        let level = if !spent.is_set() && terms.initial() < terms.burst() {
            Level::Initial
        } else if !spent.is_set() || terms.is_stale(age) {
            Level::Full
        } else {
            Level::of(terms, spent, position)
        };
        Self {
            date,
            dated,
            position,
            spent,
            level,
        }
    }

    /// The same where nothing is out of the ordinary: the bucket has begun, and `now` is in the stretch of `dated`.
    #[inline]
    pub fn in_stretch<T: Terms<Widths = W>>(
        terms: &T,
        spent: Spent<W>,
        seen: Dated<W>,
        now: Instant,
    ) -> Option<Self> {
        let ordinary = spent.is_set()
            && Dated::<W>::of(now, terms.stretches()).bits == seen.bits
            && !terms.since().is_some_and(|since| is_later(since, now));
        ordinary.then(|| {
            let position = terms.position(now);
            Self {
                date: now,
                dated: seen,
                position,
                spent,
                // No bucket is full for its age alone before it is two stretches old.
                level: Level::of(terms, spent, position),
            }
        })
    }

    /// Whether a grant of this date has to write `dated`.
    #[inline]
    pub fn moves(&self, seen: Dated<W>) -> bool {
        self.dated.bits != seen.bits
    }

    /// lo(date), as it stands in the word.
    #[inline]
    const fn index(&self) -> u32 {
        (self.position >> 32) as u32 & Spent::<W>::INDEX
    }

    /// hi(date), as it stands in the word.
    #[inline]
    fn index_up<T: Terms<Widths = W>>(&self, terms: &T) -> u32 {
        let below = self.position & ((1 << (64 - W::INDEX)) - 1);
        let is_whole = below == 0 && terms.passage(0, self.date).done == 0;
        let one = if is_whole { 0 } else { 1 << (32 - W::INDEX) };
        self.index().wrapping_add(one)
    }

    /// The index from which on the bucket's content counts.
    #[inline]
    fn base<T: Terms<Widths = W>>(&self, terms: &T) -> u32 {
        match self.level {
            Level::Drops(_) => self.spent.index(),
            Level::Full => self.index_up(terms).wrapping_sub(terms.burst()),
            // Not rounded up: with a drop less than the burst, no window can begin too early.
            Level::Initial => self.index().wrapping_sub(terms.initial()),
        }
    }

    /// The position from which a bucket goes on with other terms: this one, or if what does not make a whole drop is
    /// cut off, since the bucket is full, that of the next drop.
    pub fn goes_on<T: Terms<Widths = W>>(&self, terms: &T) -> u64 {
        match self.level {
            Level::Drops(_) => self.position,
            Level::Full | Level::Initial => u64::from(self.index_up(terms)) << 32,
        }
    }

    /// `spent`, if what is there is all that there is at this date.
    pub fn rebased<T: Terms<Widths = W>>(&self, terms: &T) -> Spent<W> {
        self.spent.at(self.base(terms))
    }

    /// `spent` as it is after a grant was given back: as [`rebased`](Self::rebased), but a full bucket is full again
    /// at this very date.
    #[inline]
    pub fn restored<T: Terms<Widths = W>>(&self, terms: &T) -> Spent<W> {
        match self.level {
            Level::Full => self.spent.at(self.index().wrapping_sub(terms.burst())),
            _ => self.rebased(terms),
        }
    }

    /// Tokens that are there.
    pub fn tokens<T: Terms<Widths = W>>(&self, terms: &T) -> u32 {
        let drops = match self.level {
            Level::Drops(level) => level.saturating_sub(terms.debt()),
            Level::Full => terms.burst(),
            Level::Initial => terms.initial(),
        };
        drops / terms.token()
    }

    /// Whether a new bucket would behave no differently from this moment on.
    pub fn is_pristine<T: Terms<Widths = W>>(&self, terms: &T) -> bool {
        !self.spent.is_set() || self.level == Level::Full && terms.initial() == terms.burst()
    }

    /// Takes so many tokens, at most [`Terms::most`], to act within `wait` microseconds from `now`, by which this was
    /// read.
    // Always: out of line, terms that change go through memory.
    #[inline(always)]
    pub fn take<T: Terms<Widths = W>>(&self, terms: &T, tokens: u32, wait: u64, now: Instant) -> Taking<W> {
        // Wrapping: with terms that were read while they changed, any number may come out, and is then thrown away.
        let drops = terms.token().get().wrapping_mul(tokens);
        let target = self.base(terms).wrapping_add(drops);
        let there = match self.level {
            Level::Drops(level) => level >= terms.debt().wrapping_add(drops),
            Level::Full => true,
            Level::Initial => drops <= terms.initial(),
        };
        if there {
            return Taking::Granted {
                to: self.spent.at(target),
                wait: Passage::NONE,
            };
        }
        if self.level == Level::Initial {
            return Taking::Begins(self.rebased(terms));
        }
        let passage = terms.passage(((target as u64) << 32).wrapping_sub(self.position), self.date);
        // Who has an older reading waits until the date first.
        let late = self.date.since(now).as_micros();
        let wait = if wait == 0 {
            0
        } else {
            wait.min(terms.longest_wait())
        };
        if wait <= late {
            let more = late - wait;
            return Taking::Short { wait: passage, more };
        }
        let rest = passage.after(wait - late);
        if !rest.is_over() {
            return Taking::Short { wait: rest, more: 0 };
        }
        let slip = drops.wrapping_add(terms.rounding()).saturating_sub(terms.burst());
        Taking::Granted {
            to: self.spent.at(target.wrapping_add(slip)),
            wait: passage,
        }
    }
}

/// Whether `one` is after `other`, of two moments less than half the circle apart.
const fn is_later(one: Instant, other: Instant) -> bool {
    one.since(other).as_micros() > 0
}

#[cfg(test)]
mod tests;
