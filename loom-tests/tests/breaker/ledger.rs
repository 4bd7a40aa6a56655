//! What a window of the last calls ought to hold: the outcomes in the order of their CASes, and nothing of the source.
//!
//! A [`Bench`](crate::bench::Bench) keeps one beside its words; loom does not see it. It is told of every successful CAS
//! on the cursor and on a strip, and of every opening.

use watertight::breaker::rules::Rules;
use watertight::breaker::window::tape::{Cursor, Mode};
use watertight::breaker::window::{Counts, Mark};
use watertight::breaker::word::Real;

use crate::bench::Word;

pub const COUNTED_TWICE: &str = "an outcome counted twice";
pub const MISSED: &str = "a trip was missed";
pub const NOT_OVER: &str = "opened by a window that is not over";
pub const UNJUDGED: &str = "an outcome on a window that is to open the breaker";
pub const LOST: &str = "an outcome written over";
pub const NOWHERE: &str = "an outcome where nobody counts it";
pub const STARTED_OLD: &str = "an old generation started over a newer one";
pub const NOT_CLEAN: &str = "clean, and not all succeeded";

/// Of the bits of a strip, those behind the lap.
const TAPE: u32 = 20;

/// Of whose generation a cursor is.
fn generation_of(cursor: Cursor<Real>) -> u32 {
    cursor.bits() >> 21
}

/// The outcomes of the window's present generation, the newest last.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// How many count.
    calls: usize,
    /// Whether strips say of each whether it was slow, too.
    timed: bool,
    cursor: Cursor<Real>,
    outcomes: Vec<Mark>,
    /// All outcomes that were written where they count.
    written: usize,
}

impl Ledger {
    /// Of a window of so many calls whose cursor has these bits and whose strips have these outcomes.
    pub fn new(calls: u32, timed: bool, cursor: u32, outcomes: &[Mark]) -> Self {
        Self {
            calls: calls as usize,
            timed,
            cursor: Cursor::from_bits(cursor),
            outcomes: outcomes.to_vec(),
            written: 0,
        }
    }

    /// How many outcomes were written where they count.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Where the tape stands.
    pub fn cursor(&self) -> Cursor<Real> {
        self.cursor
    }

    pub fn cursor_moved(&mut self, seen: u32, new: u32) {
        assert_eq!(self.cursor.bits(), seen, "a CAS from another cursor");
        let next = Cursor::<Real>::from_bits(new);
        let ahead = generation_of(next).wrapping_sub(generation_of(self.cursor)) & 511;
        assert!(ahead < 256, "{STARTED_OLD}");
        self.cursor = next;
        if ahead > 0 {
            self.outcomes.clear();
        }
        if next.mode() == Mode::Clean {
            let counts = self.counts();
            let clean = (counts.calls as usize, counts.failures, counts.slow) == (self.calls, 0, 0);
            assert!(clean, "{NOT_CLEAN}");
        }
    }

    /// A strip was replaced by a caller whose permit is of `generation`, while the state was `word`.
    pub fn strip_written(
        &mut self,
        index: u32,
        (seen, new): (u32, u32),
        generation: u32,
        step: (&Rules, Word),
    ) {
        let lap = |bits: u32| bits >> TAPE;
        let tape = |bits: u32| bits & ((1 << TAPE) - 1);
        let cursor = self.cursor;
        if cursor.mode() != Mode::Clean && lap(new) == cursor.lap() && index == cursor.index() {
            let before = if lap(seen) == lap(new) && tape(seen) != 0 {
                tape(seen)
            } else {
                1
            };
            assert_eq!(tape(new) >> self.bits(), before, "{LOST}");
            let (rules, word) = step;
            let judged = !word.counts_outcomes() || !self.is_over(rules, word);
            assert!(judged, "{UNJUDGED}");
            let slow = self.timed && new & 2 != 0;
            self.outcomes.push(Mark {
                failed: new & 1 != 0,
                slow,
            });
            self.written += 1;
            return;
        }
        let counts_no_more = match cursor.mode() {
            Mode::Counting => lap(seen) != cursor.lap() || index > cursor.index(),
            Mode::Full if index > cursor.index() => lap(seen) != cursor.lap_before(),
            Mode::Full => lap(seen) != cursor.lap(),
            Mode::Clean => true,
        };
        assert!(counts_no_more || tape(seen) == 0, "{LOST}");
        assert_ne!(generation, generation_of(cursor), "{NOWHERE}");
    }

    /// Of a strip, for each outcome.
    fn bits(&self) -> u32 {
        1 + u32::from(self.timed)
    }

    /// The last calls of a present window, added up.
    pub fn counts(&self) -> Counts {
        let last = self.outcomes.iter().rev().take(self.calls);
        let mut counts = Counts::default();
        for mark in last {
            counts.calls += 1;
            counts.failures += u32::from(mark.failed);
            counts.slow += u32::from(mark.slow);
        }
        counts
    }

    /// What a breaker whose state is `word` has to go by.
    pub fn counts_of(&self, word: Word) -> Counts {
        if word.generation() == generation_of(self.cursor) {
            self.counts()
        } else {
            Counts::default()
        }
    }

    fn is_over(&self, rules: &Rules, word: Word) -> bool {
        let counts = self.counts_of(word);
        let rate = |part: u32, percent: u32| percent > 0 && part * 100 >= percent * counts.calls;
        let enough = (rules.minimum as usize).min(self.calls);
        counts.calls as usize >= enough
            && (rate(counts.failures, rules.failure_percent) || rate(counts.slow, rules.slow_percent))
    }

    /// A breaker whose state was `word` opened, and no probe was what did it.
    pub fn opened(&self, rules: &Rules, word: Word) {
        assert!(
            self.is_over(rules, word),
            "{NOT_OVER}: {:?}",
            self.counts_of(word)
        );
    }

    /// At the end; with a thread that was stopped for ever, a window that is over may be left to the next caller.
    pub fn audit(&self, rules: &Rules, word: Word, stopped: bool) {
        if word.counts_outcomes() && !stopped {
            assert!(!self.is_over(rules, word), "{MISSED}: {:?}", self.counts_of(word));
        }
    }
}
