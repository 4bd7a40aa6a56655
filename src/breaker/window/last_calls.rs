//! The last N calls: a tape of outcomes, written round and round, one compare-and-swap a record.
//!
//! ```text
//! record(outcome)
//! 1 load the cursor, then the state. Not closed or recovering in the permit's generation: late.
//! 2 the cursor is of another generation: CAS it to a start; again.
//! 3 clean: a success is done. Anything else: CAS the cursor to full, two laps on; again.
//! 4 load the strip. Of another lap: load the cursor again, changed: again. The first of a lap: see to one strip that may
//!   be long over. CAS the strip to this one outcome.
//! 5 else, if its newest outcome could have been the one that opens: sum up. Over: the breaker is to be opened.
//! 6 else, if it is full: CAS the cursor on, or to clean; again. Else CAS the outcome in.
//! 7 after a CAS on the strip: if the outcome can be the one that opens, from 1 to 5, until the state has changed or
//!   the sum is not over.
//! ```
//!
//! Every record is one CAS on one strip, which is also the moment at which it counts: the count *is* the bits, there is
//! no other. Nothing is half done, nothing is swept, and nobody waits. A full strip never changes while it counts, so the
//! sum at a given newest strip is exact.
//!
//! An outcome is not written before the one before it was judged, wherever that one could open the breaker: the last
//! failure, or the success that completes the minimum. So nobody writes on a window that is to open the breaker, and
//! if whoever wrote the decisive outcome is stopped before he opens, the next caller who reports opens instead.
//!
//! | stopped | leaves | the next caller |
//! |---|---|---|
//! | before a CAS on the cursor or a strip | nothing; if it ever goes on, the word has changed and the CAS fails | goes on |
//! | after step 2, 3 or 6 | a cursor that has moved, whose strip is of another lap | writes the strip's first outcome |
//! | after the outcome is in, before 7 | a window that is over, a closed breaker | opens it, at 5 |
//!
//! The cursor is loaded before the state, so that a cursor of a later generation than the state cannot be met: nobody
//! starts an old generation again over a newer one. In clean mode the strips are forgotten: the next outcome that is not a
//! success starts anew, and what has no strip then succeeded. Such a start, like that of a generation, moves the lap by two:
//! nothing that is still being written under the old lap passes for the lap before.
//!
//! Numbers come round, and what lies still must not be taken for new. Before a closed word is made whose generation the
//! cursor has already (512 generations ago, with nothing counted since) the cursor is taken back by one; and each lap
//! clears one strip that no lap has written for long.
//!
//! A caller stopped within its CAS on a strip, over exactly a multiple of 4,096 laps that end in the same bits, writes
//! its outcome over the present one's; a lap is at least N calls. One stopped within its CAS on the cursor, over the
//! same number of laps, moves a lap by one strip too early: up to a strip's outcomes are left out.

use core::fmt;
use core::marker::PhantomData;

use super::tape::{Cursor, Mode, Strip};
use super::{Counting, Counts, FailureAndSlowRate, FailureRate, Mark, Recorded, Rule, Window};
use crate::breaker::memory::{Memory, Place};
use crate::breaker::rules::Rules;
use crate::breaker::word::{Real, Widths, Word};
use crate::memory::Attempt;
use crate::sync::{AtomicU32, Ordering, zeroes};

/// The last `N` calls, sliding by one with each.
///
/// [`last_calls!`](crate::last_calls) writes the type, and counts the words: `last_calls!(100)`, or
/// `last_calls!(100, slow)` with a rule for slow calls.
///
/// `N` is 1 to 2,413, or with a rule for slow calls 1 to 1,143. `WORDS` is [`words_for`](Self::words_for) of that: one,
/// and one for every 19 calls (9 with a rule for slow calls), and one more. A configuration whose minimum of calls is
/// above `N` is taken to say `N`.
pub struct LastCalls<const N: usize, const WORDS: usize, K = FailureRate> {
    words: [AtomicU32; WORDS],
    rule: PhantomData<K>,
}

impl<const N: usize, const WORDS: usize, K: Rule> LastCalls<N, WORDS, K> {
    const TAPE: () = {
        let holds = holds(K::BITS);
        assert!(
            N >= 1 && N <= Cursor::<Real>::LAST_INDEX as usize * holds,
            "a window has 1 to 2413 calls, with a rule for slow calls 1 to 1143"
        );
        assert!(
            WORDS == Self::words_for(),
            "the number of words does not go with the number of calls: write the type with last_calls!(N), or last_calls!(N, slow)"
        );
    };

    /// How many words this takes: the `WORDS` to give.
    pub const fn words_for() -> usize {
        words_for(N, K::BITS)
    }

    const_fn! {
        /// A window in which nothing is counted yet.
        pub const fn new() -> Self {
            let () = Self::TAPE;
            Self { words: zeroes(), rule: PhantomData }
        }
    }
}

impl<const N: usize, const WORDS: usize, K: Rule> Window for LastCalls<N, WORDS, K> {
    type Rule = K;
    type Counting = Tape<K>;
    const COUNTING: Tape<K> = Tape {
        calls: N as u32,
        strips: WORDS as u32 - 1,
        rule: PhantomData,
    };

    #[inline]
    fn words(&self) -> &[AtomicU32] {
        &self.words
    }
}

impl<const N: usize, const WORDS: usize, K: Rule> Default for LastCalls<N, WORDS, K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const WORDS: usize, K> fmt::Debug for LastCalls<N, WORDS, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastCalls")
            .field("calls", &N)
            .finish_non_exhaustive()
    }
}

const fn holds(bits: u32) -> usize {
    if bits == FailureRate::BITS {
        Strip::<Real, FailureRate>::HOLDS as usize
    } else {
        Strip::<Real, FailureAndSlowRate>::HOLDS as usize
    }
}

/// For [`last_calls!`](crate::last_calls).
#[doc(hidden)]
pub const fn words_for(calls: usize, bits: u32) -> usize {
    1 + calls.div_ceil(holds(bits)) + 1
}

/// The type of a [`LastCalls`] window, words counted: `last_calls!(100)`, or `last_calls!(100, slow)`.
#[macro_export]
macro_rules! last_calls {
    ($calls:expr) => {
        $crate::breaker::LastCalls<{ $calls }, { $crate::breaker::words_for($calls, 1) }>
    };
    ($calls:expr, slow) => {
        $crate::breaker::LastCalls<
            { $calls },
            { $crate::breaker::words_for($calls, 2) },
            $crate::breaker::FailureAndSlowRate,
        >
    };
}

/// How the last calls are counted: on so many strips, of which the newest `calls` outcomes count.
///
/// The cursor is the first of the window's words, the strips follow.
#[derive(Clone, Copy, Debug)]
pub struct Tape<K> {
    pub calls: u32,
    pub strips: u32,
    pub rule: PhantomData<K>,
}

const CURSOR: Place = Place::Window(0);

const fn strip_at(index: u32) -> Place {
    Place::Window(index + 1)
}

impl<K: Rule> Tape<K> {
    fn minimum(self, rules: &Rules) -> u32 {
        rules.minimum.min(self.calls)
    }

    #[inline]
    fn load_cursor<M: Memory>(self, memory: &M) -> Result<Cursor<M::Widths>, M::Stop> {
        // ORDERING: Acquire pairs with the Release CAS of the cursor: whoever moved it had seen a state, and strips,
        // than which those that are read after this are not older.
        Ok(Cursor::from_bits(memory.load(CURSOR, Ordering::Acquire)?))
    }

    #[inline]
    fn load_strip<M: Memory>(self, memory: &M, index: u32) -> Result<Strip<M::Widths, K>, M::Stop> {
        // ORDERING: Acquire pairs with the Release CAS of a strip: who sees an outcome sees the cursor under which
        // it was written, and finds that the one which it began with is no longer the newest.
        Ok(Strip::from_bits(memory.load(strip_at(index), Ordering::Acquire)?))
    }

    /// Answers whether the cursor was moved; always to "again".
    fn move_cursor<M: Memory>(
        self,
        memory: &M,
        seen: Cursor<M::Widths>,
        next: Cursor<M::Widths>,
    ) -> Result<bool, M::Stop> {
        // ORDERING: Release; see `load_cursor`.
        memory.swap_if(CURSOR, seen.bits(), next.bits(), Ordering::Release)
    }

    /// Writes an outcome: the moment at which it counts.
    #[inline]
    fn push<M: Memory>(
        self,
        memory: &M,
        cursor: Cursor<M::Widths>,
        seen: Strip<M::Widths, K>,
        next: Strip<M::Widths, K>,
    ) -> Result<bool, M::Stop> {
        // ORDERING: Release; see `load_strip`.
        memory.swap_if(
            strip_at(cursor.index()),
            seen.bits(),
            next.bits(),
            Ordering::Release,
        )
    }

    /// Makes one strip forget a lap that is long over: another one on each lap.
    ///
    /// A start, or an end of clean mode, leaves strips behind as they are. Were none ever reached again, the number of
    /// their lap would come round; like this each is seen to within 256 laps.
    fn clear_one<M: Memory>(self, memory: &M, cursor: Cursor<M::Widths>) -> Result<(), M::Stop> {
        let index = (cursor.lap() >> 1) & Cursor::<M::Widths>::LAST_INDEX;
        if index == 0 || index >= self.strips {
            return Ok(());
        }
        let strip = self.load_strip(memory, index)?;
        let old = !strip.is_empty() && !strip.is_of(cursor.lap()) && !strip.is_of(cursor.lap_before());
        // Or it is of a later lap, that this caller has not heard of.
        if old && self.load_cursor(memory)? == cursor {
            // Not as it was before it was written: whoever was stopped within his CAS on it would find what he saw.
            let next = Strip::<M::Widths, K>::emptied(cursor.lap());
            // ORDERING: Relaxed; no strip at all is what it was taken for, and if it has changed it is in use.
            memory.swap_if(strip_at(index), strip.bits(), next.bits(), Ordering::Relaxed)?;
        }
        Ok(())
    }

    /// How many outcomes count, of which `strip` has the newest; on the first lap perhaps more than the window has.
    fn written<M: Memory>(self, cursor: Cursor<M::Widths>, strip: Strip<M::Widths, K>) -> u32 {
        match cursor.mode() {
            Mode::Counting => {
                let newest = if strip.is_of(cursor.lap()) {
                    strip.fill()
                } else {
                    0
                };
                cursor.index() * Strip::<M::Widths, K>::HOLDS + newest
            }
            Mode::Full | Mode::Clean => self.calls,
        }
    }

    /// What counts, of which `strip` has the newest; or `None` when that is no longer the newest.
    fn sum<M: Memory>(
        self,
        memory: &M,
        cursor: Cursor<M::Widths>,
        strip: Strip<M::Widths, K>,
    ) -> Attempt<Counts, M> {
        self.sum_while(memory, cursor, strip, |_| true)
    }

    /// The same, from the newest strip back, as long as that is wanted.
    fn sum_while<M: Memory>(
        self,
        memory: &M,
        cursor: Cursor<M::Widths>,
        strip: Strip<M::Widths, K>,
        wanted: impl Fn(Counts) -> bool,
    ) -> Attempt<Counts, M> {
        let calls = self.written::<M>(cursor, strip).min(self.calls);
        let newest = if strip.is_of(cursor.lap()) {
            strip.fill().min(calls)
        } else {
            0
        };
        let mut counts = strip.count(newest);
        let mut all = true;
        let (mut index, mut lap) = (cursor.index(), cursor.lap());
        while counts.calls < calls && wanted(counts) {
            if index > 0 {
                index -= 1;
            } else {
                (index, lap) = (self.strips - 1, cursor.lap_before());
            }
            let older = self.load_strip(memory, index)?;
            let taken = (calls - counts.calls).min(Strip::<M::Widths, K>::HOLDS);
            counts.calls += taken;
            if older.is_of(lap) {
                let part = older.count(taken);
                counts.failures += part.failures;
                counts.slow += part.slow;
            } else {
                all = false;
            }
        }
        // A strip is missing because its outcomes were forgotten as successes, or because the tape went on over it.
        if !all && !self.is_newest(memory, cursor, strip)? {
            return Ok(None);
        }
        Ok(Some(counts))
    }

    fn is_newest<M: Memory>(
        self,
        memory: &M,
        cursor: Cursor<M::Widths>,
        strip: Strip<M::Widths, K>,
    ) -> Result<bool, M::Stop> {
        Ok(self.load_cursor(memory)? == cursor
            && self.load_strip(memory, cursor.index())?.bits() == strip.bits())
    }

    /// Whether the newest outcome can be the one that opens: a bad one, or the one that completes the minimum.
    fn may_open<M: Memory>(
        self,
        rules: &Rules,
        cursor: Cursor<M::Widths>,
        strip: Strip<M::Widths, K>,
    ) -> bool {
        strip.newest_is_bad()
            || cursor.mode() == Mode::Counting && self.written::<M>(cursor, strip) == self.minimum(rules)
    }
}

impl<K: Rule> Counting for Tape<K> {
    type Head<W: Widths> = Cursor<W>;

    #[inline]
    fn head<M: Memory>(self, memory: &M) -> Result<Cursor<M::Widths>, M::Stop> {
        self.load_cursor(memory)
    }

    fn record<M: Memory>(
        self,
        memory: &M,
        rules: &Rules,
        cursor: Cursor<M::Widths>,
        word: Word<M::Widths>,
        mark: Mark,
    ) -> Attempt<Recorded, M> {
        if !cursor.is_of(word) {
            self.move_cursor(memory, cursor, cursor.started(word))?;
            return Ok(None);
        }
        if cursor.mode() == Mode::Clean {
            if mark.is_bad() {
                self.move_cursor(memory, cursor, cursor.soiled())?;
                return Ok(None);
            }
            return Ok(Some(Recorded::Done));
        }
        let strip = self.load_strip(memory, cursor.index())?;
        let next = if !strip.is_of(cursor.lap()) {
            // Another lap's: the one before, or one that this caller has not heard of.
            if self.load_cursor(memory)? != cursor {
                return Ok(None);
            }
            if cursor.index() == 0 {
                self.clear_one(memory, cursor)?;
            }
            Strip::first(cursor.lap(), mark)
        } else {
            if self.may_open::<M>(rules, cursor, strip) {
                let Some(counts) = self.sum(memory, cursor, strip)? else {
                    return Ok(None);
                };
                if counts.is_over(rules, self.minimum(rules)) {
                    return Ok(Some(Recorded::Trip));
                }
            }
            if strip.is_full() {
                let is_clean = |counts: Counts| counts.failures == 0 && counts.slow == 0;
                let Some(counts) = self.sum_while(memory, cursor, strip, is_clean)? else {
                    return Ok(None);
                };
                let clean = counts.calls == self.calls && is_clean(counts);
                let next = if clean {
                    cursor.cleaned()
                } else {
                    cursor.advanced(self.strips)
                };
                self.move_cursor(memory, cursor, next)?;
                return Ok(None);
            }
            strip.pushed(mark)
        };
        if !self.push(memory, cursor, strip, next)? {
            return Ok(None);
        }
        Ok(Some(if self.may_open::<M>(rules, cursor, next) {
            Recorded::Check
        } else {
            Recorded::Done
        }))
    }

    fn prepare<M: Memory>(
        self,
        memory: &M,
        cursor: Cursor<M::Widths>,
        word: Word<M::Widths>,
        next: Word<M::Widths>,
    ) -> Attempt<(), M> {
        if !cursor.is_of(next) {
            return Ok(Some(()));
        }
        // What is counted under the number before the next is nobody's, or is started again by whoever counts.
        self.move_cursor(memory, cursor, cursor.started(word))?;
        Ok(None)
    }

    fn is_over<M: Memory>(
        self,
        memory: &M,
        rules: &Rules,
        cursor: Cursor<M::Widths>,
        word: Word<M::Widths>,
    ) -> Attempt<bool, M> {
        // Also if the newest outcome is a good one: whoever wrote it may have judged by another configuration.
        let counts = self.count(memory, cursor, word)?;
        Ok(counts.map(|counts| counts.is_over(rules, self.minimum(rules))))
    }

    fn count<M: Memory>(
        self,
        memory: &M,
        cursor: Cursor<M::Widths>,
        word: Word<M::Widths>,
    ) -> Attempt<Counts, M> {
        if !cursor.is_of(word) {
            return Ok(Some(Counts::default()));
        }
        if cursor.mode() == Mode::Clean {
            return Ok(Some(Counts {
                calls: self.calls,
                ..Counts::default()
            }));
        }
        let strip = self.load_strip(memory, cursor.index())?;
        if strip.is_of(cursor.lap()) {
            return self.sum(memory, cursor, strip);
        }
        // The strip before has the newest.
        let Some(counts) = self.sum(memory, cursor, strip)? else {
            return Ok(None);
        };
        Ok(self.is_newest(memory, cursor, strip)?.then_some(counts))
    }

    #[inline]
    fn succeed_quickly<M: Memory>(self, memory: &M, ticket: Word<M::Widths>) -> Result<bool, M::Stop> {
        let cursor = self.load_cursor(memory)?;
        // ORDERING: Relaxed; the Acquire load of the cursor makes it new enough, and of the timer nothing is read.
        let word = Word::from_bits(memory.load(Place::State, Ordering::Relaxed)?);
        if word != ticket || !word.is_closed() || !cursor.is_of(word) {
            return Ok(false);
        }
        match cursor.mode() {
            Mode::Clean => Ok(true),
            Mode::Counting => Ok(false),
            Mode::Full => {
                let strip = self.load_strip(memory, cursor.index())?;
                if !strip.is_of(cursor.lap()) || strip.newest_is_bad() || strip.is_full() {
                    return Ok(false);
                }
                self.push(memory, cursor, strip, strip.pushed(Mark::SUCCESS))
            }
        }
    }
}
