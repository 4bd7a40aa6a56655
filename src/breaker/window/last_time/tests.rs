//! Attempts on words in plain cells: what cannot be reached through a breaker in a test's time.

use core::cell::{Cell, RefCell};
use core::convert::Infallible;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::breaker::window::FailureAndSlowRate;
use crate::breaker::word::Real;
use crate::breaker::{Config, NoRandom};
use crate::time::Instant;

const MOST: u32 = Tally::<Real>::MOST;

const RING: Ring<FailureRate> = Ring {
    shape: Shape::of(10_000, 16),
    rule: PhantomData,
};
const SLOW_RING: Ring<FailureAndSlowRate> = Ring {
    shape: Shape::of(10_000, 16),
    rule: PhantomData,
};
const BUCKET: u64 = 1 << 20;

static RULES: Config<NoRandom, FailureRate> = Config::failure_rate(50, 1_000_000).build();

const FAILED: Mark = Mark::from_bits(1);
const SLOW: Mark = Mark::from_bits(2);

#[derive(Default)]
struct Cells {
    words: RefCell<Vec<u32>>,
    state: Cell<u32>,
    now: Cell<u64>,
    asked: Cell<u32>,
    written: Cell<u32>,
    fences: Cell<u32>,
}

impl Cells {
    fn new(rule_bits: u32) -> Self {
        let words = RefCell::new(vec![0; words_for_buckets(16, rule_bits)]);
        Self {
            words,
            ..Self::default()
        }
    }

    fn record<K: Rule>(&self, ring: Ring<K>, mark: Mark) -> Recorded {
        loop {
            let Ok(era) = ring.head(self);
            let word = Word::from_bits(self.state.get());
            let Ok(recorded) = ring.record(self, &RULES.rules, era, word, mark);
            if let Some(recorded) = recorded {
                return recorded;
            }
        }
    }

    fn count<K: Rule>(&self, ring: Ring<K>) -> Counts {
        let Ok(era) = ring.head(self);
        let Ok(counts) = ring.count(self, era, Word::from_bits(self.state.get()));
        counts.expect("nobody else is about")
    }

    /// Sets the count of the newest bucket's tally of a kind, which was begun.
    fn set_newest<K: Rule>(&self, ring: Ring<K>, kind: u32, count: u32) {
        let Ok(hand) = ring.load_hand(self);
        let Place::Window(index) = ring.tally_at(hand.number(), kind) else {
            panic!("a tally is in the window");
        };
        let word = &mut self.words.borrow_mut()[index as usize];
        *word = *word & !MOST | count;
    }
}

impl crate::memory::Memory for Cells {
    type Place = Place;
    type Stop = Infallible;

    fn load(&self, place: Place, _: Ordering) -> Result<u32, Infallible> {
        Ok(match place {
            Place::Window(index) => self.words.borrow()[index as usize],
            _ => self.state.get(),
        })
    }

    fn swap_if(&self, place: Place, seen: u32, new: u32, order: Ordering) -> Result<bool, Infallible> {
        assert_eq!(self.load(place, order), Ok(seen), "nobody else is about");
        let Place::Window(index) = place else {
            panic!("a window writes no state");
        };
        self.words.borrow_mut()[index as usize] = new;
        self.written.set(self.written.get() + 1);
        Ok(true)
    }

    fn fence(&self, _: Ordering) {
        self.fences.set(self.fences.get() + 1);
    }
}

impl crate::memory::Timed for Cells {
    fn now(&self) -> Result<Instant, Infallible> {
        self.asked.set(self.asked.get() + 1);
        Ok(Instant::from_micros(self.now.get()))
    }
}

impl Memory for Cells {
    type Widths = Real;

    fn draw(&self) -> u32 {
        0
    }
}

#[test]
fn an_outcome_is_one_write_and_one_reading_of_the_clock() {
    let cells = Cells::new(1);
    cells.record(RING, FAILED);
    assert_eq!(cells.written.replace(0), 3, "the first: hand, era and tally");
    for bucket in 1..1_000 {
        cells.now.set(bucket * BUCKET);
        cells.asked.set(0);
        cells.record(RING, FAILED);
        assert_eq!(
            (cells.asked.replace(0), cells.written.replace(0)),
            (1, 2),
            "a new bucket: hand and tally; what one round left behind is let be"
        );
        cells.record(RING, FAILED);
        assert_eq!((cells.asked.replace(0), cells.written.replace(0)), (1, 1));
        let before = cells.words.borrow().clone();
        cells.count(RING);
        assert_eq!((cells.asked.get(), cells.written.get()), (1, 0));
        assert_eq!(before, *cells.words.borrow());
    }
}

#[test]
fn a_success_is_looked_after_up_to_the_minimum_and_anything_else_always() {
    let cells = Cells::new(2);
    assert_eq!(cells.record(SLOW_RING, Mark::SUCCESS), Recorded::Check);
    cells.set_newest(SLOW_RING, 0, 999_999);
    assert_eq!(cells.record(SLOW_RING, Mark::SUCCESS), Recorded::Check);
    assert_eq!(cells.fences.replace(0), 2);
    assert_eq!(cells.record(SLOW_RING, Mark::SUCCESS), Recorded::Done);
    assert_eq!(cells.fences.replace(0), 0);
    assert_eq!(cells.record(SLOW_RING, FAILED), Recorded::Check);
    assert_eq!(cells.record(SLOW_RING, SLOW), Recorded::Check);
    assert_eq!(cells.fences.replace(0), 2);
}

#[test]
fn a_full_bucket_counts_nothing_more_of_any_kind() {
    for full in 0..4 {
        let cells = Cells::new(2);
        for kind in 0..4 {
            for _ in 0..3 {
                cells.record(SLOW_RING, Mark::from_bits(kind));
            }
        }
        cells.set_newest(SLOW_RING, full, MOST - 1);
        cells.record(SLOW_RING, Mark::from_bits(full));
        let counts = cells.count(SLOW_RING);
        assert_eq!(counts.calls, MOST + 9);
        cells.written.set(0);
        for kind in 0..4 {
            assert_eq!(cells.record(SLOW_RING, Mark::from_bits(kind)), Recorded::Done);
        }
        assert_eq!(cells.written.get(), 0, "kind {full} is full");
        assert_eq!(cells.count(SLOW_RING), counts);
        // The next bucket counts, and what was full still counts beside it.
        cells.now.set(BUCKET);
        cells.record(SLOW_RING, FAILED);
        assert_eq!(cells.count(SLOW_RING).calls, MOST + 10);
    }
}

#[test]
fn all_buckets_full_of_every_kind_are_summed_without_overflow() {
    let cells = Cells::new(2);
    for bucket in 0..16 {
        cells.now.set(bucket * BUCKET);
        for kind in 0..4 {
            cells.record(SLOW_RING, Mark::from_bits(kind));
        }
        for kind in 0..4 {
            cells.set_newest(SLOW_RING, kind, MOST);
        }
    }
    let expected = Counts {
        calls: 44 * MOST,
        failures: 22 * MOST,
        slow: 22 * MOST,
    };
    assert_eq!(cells.count(SLOW_RING), expected);
    assert!(expected.is_over(&RULES.rules, 1_000_000));
}

/// A tally that nobody overwrites is cleared before its round, or its version, comes again.
#[test]
fn what_is_left_behind_is_cleared_in_time() {
    let tally = || 2 + 2 * 5 + 1;
    // By rounds: one failure in bucket 5, then only successes.
    let cells = Cells::new(1);
    cells.now.set(5 * BUCKET);
    cells.record(RING, FAILED);
    for bucket in 6..2_000 {
        cells.now.set(bucket * BUCKET);
        cells.record(RING, Mark::SUCCESS);
        let failures = u32::from(bucket <= 15);
        assert_eq!(cells.count(RING).failures, failures, "bucket {bucket}");
        let cleared = cells.words.borrow()[tally()] == 0;
        assert_eq!(cleared, bucket >= 5 + 32, "after two rounds, in bucket {bucket}");
    }
    // By versions: the same, then idle for a ring each time.
    let cells = Cells::new(1);
    cells.now.set(5 * BUCKET);
    cells.record(RING, FAILED);
    for idle in 1..200 {
        cells.now.set((5 + idle * 256) * BUCKET);
        cells.record(RING, Mark::SUCCESS);
        assert_eq!(cells.count(RING).failures, 0, "version {idle}");
        let cleared = cells.words.borrow()[tally()] == 0;
        assert_eq!(cleared, idle >= 2, "after two versions");
    }
}

#[test]
fn whoever_finds_the_hand_ahead_of_the_era_helps() {
    let cells = Cells::new(1);
    cells.record(RING, FAILED);
    // Somebody begins the next version, and is stopped after his write to the hand.
    let Ok(hand) = RING.load_hand(&cells);
    cells.words.borrow_mut()[1] = hand.ahead(100).bits();
    assert_eq!(cells.count(RING), Counts::default(), "nothing is counted yet");
    cells.now.set(100 * BUCKET);
    cells.record(RING, FAILED);
    let Ok(era) = RING.head(&cells);
    assert_eq!(era.version(), 2);
    assert_eq!(cells.count(RING).failures, 1);
}
