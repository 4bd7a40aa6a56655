//! One caller, every sequence of outcomes, against a list: what the last calls hold after each, and when they open.
//!
//! At strips so narrow that they fill, that laps come round, and that a window is clean again and again.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::marker::PhantomData;
use std::thread;

use watertight::breaker::Outcome;
use watertight::breaker::protocol::{
    Admission, Ended, Forced, Memory, Place, Settled, admit, force, observe, settle,
};
use watertight::breaker::rules::Rules;
use watertight::breaker::window::Counts;
use watertight::breaker::window::tape::{Cursor, Mode};
use watertight::breaker::word::{Widths, Word};
use watertight::models::{self, Ordering};
use watertight::{Instant, State};

use crate::subjects::Windowed;
use crate::tape::Size;
use crate::tapes::{OneBit, Strips, TwoBits, rate};

/// Words that one caller has for itself.
struct Alone<W> {
    words: RefCell<Vec<u32>>,
    steps: Cell<u32>,
    widths: PhantomData<W>,
}

impl<W> Alone<W> {
    fn index(place: Place) -> usize {
        match place {
            Place::State => 0,
            Place::Low => 1,
            Place::High => 2,
            Place::Window(number) => 3 + number as usize,
        }
    }
}

impl<W: Widths> models::Memory for Alone<W> {
    type Place = Place;
    type Stop = Infallible;

    fn load(&self, place: Place, _: Ordering) -> Result<u32, Infallible> {
        self.steps.set(self.steps.get() + 1);
        Ok(self.words.borrow()[Self::index(place)])
    }

    fn swap_if(&self, place: Place, seen: u32, new: u32, _: Ordering) -> Result<bool, Infallible> {
        self.steps.set(self.steps.get() + 1);
        let word = &mut self.words.borrow_mut()[Self::index(place)];
        let won = *word == seen;
        *word = if won { new } else { *word };
        Ok(won)
    }

    fn fence(&self, _: Ordering) {}
}

impl<W: Widths> models::Timed for Alone<W> {
    fn now(&self) -> Result<Instant, Infallible> {
        Ok(Instant::from_micros(0))
    }
}

impl<W: Widths> Memory for Alone<W> {
    type Widths = W;

    fn draw(&self) -> u32 {
        0
    }
}

/// Until it is decided; nobody alone takes more attempts than so many.
fn decide<T>(mut attempt: impl FnMut() -> Result<Option<T>, Infallible>) -> T {
    (0..8)
        .find_map(|_| attempt().unwrap_or_else(|never| match never {}))
        .expect("it ends, since nobody else does anything")
}

/// What was met on the way.
#[derive(Default)]
struct Met {
    sequences: u64,
    trips: u64,
    trips_by_success: u64,
    full: u64,
    clean: u64,
    most_steps: u32,
}

/// One breaker with one window, and a list of its last outcomes.
struct Straight<N, W> {
    rules: Rules,
    size: Size,
    counting: N,
    memory: Alone<W>,
}

impl<N: Windowed, W: Widths> Straight<N, W> {
    fn new(calls: u32, rules: Rules) -> Self {
        let size = Size::of::<W>(calls, N::BITS);
        Self {
            rules,
            size,
            counting: N::of(calls, size.strips),
            memory: Alone {
                words: RefCell::new(vec![0; size.words()]),
                steps: Cell::new(0),
                widths: PhantomData,
            },
        }
    }

    /// Goes on from these words with each outcome there is, so many times. `list` is what the breaker was told, the
    /// newest last.
    fn go_on(&self, words: &[u32], list: &mut Vec<u32>, times: u32, met: &mut Met) {
        if times == 0 {
            met.sequences += 1;
            return;
        }
        for mark in 0..1 << N::BITS {
            self.memory.words.borrow_mut().copy_from_slice(words);
            let oldest = (list.len() == self.size.calls as usize).then(|| list.remove(0));
            list.push(mark);
            let opened = self.end_one(mark, met);
            let expected = self.is_over(list);
            assert_eq!(
                opened, expected,
                "{:?}: opened at {list:?}, {} strips",
                self.rules, self.size.strips
            );
            let after = self.memory.words.borrow().clone();
            if opened {
                met.trips += 1;
                met.trips_by_success += u64::from(mark == 0);
                // A breaker that begins anew goes on upon the old strips.
                decide(|| force(&self.memory, self.counting, &self.rules, Forced::Closed));
                let after = self.memory.words.borrow().clone();
                self.go_on(&after, &mut Vec::new(), times - 1, met);
            } else {
                self.go_on(&after, list, times - 1, met);
            }
            list.pop();
            if let Some(oldest) = oldest {
                list.insert(0, oldest);
            }
        }
    }

    /// One call, and its outcome; whether the breaker is open then. Otherwise the window is the list.
    fn end_one(&self, mark: u32, met: &mut Met) -> bool {
        let memory = &self.memory;
        let Admission::Admitted { ticket, .. } = decide(|| admit(memory, &self.rules)) else {
            panic!("a closed breaker refused a call");
        };
        memory.steps.set(0);
        let outcome = if mark & 1 == 1 {
            Outcome::Failure
        } else {
            Outcome::Success
        };
        let ended = Ended {
            outcome,
            slow: mark & 2 == 2,
        };
        let quickly = mark == 0 && self.counting.succeed_quickly(memory, ticket) == Ok(true);
        let settle = |counted| decide(|| settle(memory, self.counting, &self.rules, ticket, ended, counted));
        let settled = match quickly {
            true => Settled::Done(None),
            false => settle(false),
        };
        let settled = if settled == Settled::Counted {
            settle(true)
        } else {
            settled
        };
        assert!(
            matches!(settled, Settled::Done(_)),
            "an outcome that is in time is {settled:?}"
        );
        met.most_steps = met.most_steps.max(memory.steps.get());
        let cursor = Cursor::<W>::from_bits(memory.words.borrow()[3]);
        met.full += u64::from(cursor.mode() == Mode::Full);
        met.clean += u64::from(cursor.mode() == Mode::Clean);
        Word::<W>::from_bits(memory.words.borrow()[0]).state() == State::Open
    }

    /// What the rates say of a list, in percent of exact fractions; and that the window says the same.
    fn is_over(&self, list: &[u32]) -> bool {
        let of = |bit: u32| list.iter().filter(|mark| **mark & bit != 0).count() as u32;
        let truth = Counts {
            calls: list.len() as u32,
            failures: of(1),
            slow: of(2),
        };
        let reaches = |part: u32, percent: u32| {
            percent > 0 && f64::from(part) / f64::from(truth.calls) >= f64::from(percent) / 100.0
        };
        let enough = truth.calls >= self.rules.minimum.min(self.size.calls);
        let over = enough
            && (reaches(truth.failures, self.rules.failure_percent)
                || reaches(truth.slow, self.rules.slow_percent));
        let seen = decide(|| observe(&self.memory, self.counting, &self.rules));
        let expected = if over { Counts::default() } else { truth };
        assert_eq!(seen.counts, expected, "after {list:?} in {:?}", self.size);
        over
    }
}

/// Every sequence of `length` outcomes, for windows of 1 to 5 calls and every minimum.
fn every_sequence<N: Windowed, W: Widths>(length: u32, rates: &[(u32, u32)]) {
    let name = thread::current().name().unwrap_or_default().to_owned();
    for calls in 1..=5 {
        let mut met = Met::default();
        for minimum in 1..=calls {
            for &(failures, slow) in rates {
                let straight = Straight::<N, W>::new(calls, rate(failures, slow, minimum));
                let words = straight.memory.words.borrow().clone();
                straight.go_on(&words, &mut Vec::new(), length, &mut met);
            }
        }
        let sequences = (1 << (N::BITS * length)) * u64::from(calls) * rates.len() as u64;
        assert_eq!(met.sequences, sequences);
        assert!(
            met.trips > 0 && met.full > 0 && met.clean > 0,
            "trips, full and clean windows are met"
        );
        assert!(
            calls == 1 || met.trips_by_success > 0,
            "a success completes the minimum"
        );
        println!(
            "{name}: windows of {calls}: {sequences} sequences, {} trips, at most {} steps",
            met.trips, met.most_steps
        );
    }
}

const RATES: &[(u32, u32)] = &[(34, 0), (50, 0), (67, 0), (100, 0)];

#[test]
fn every_twelve_outcomes_one_a_strip() {
    every_sequence::<OneBit, Strips<6, 2>>(12, RATES);
}

#[test]
fn every_twelve_outcomes_two_a_strip() {
    every_sequence::<OneBit, Strips<5, 3>>(12, RATES);
}

#[test]
fn every_twelve_outcomes_three_a_strip() {
    every_sequence::<OneBit, Strips<5, 4>>(12, RATES);
}

#[test]
fn every_few_outcomes_that_may_be_slow() {
    every_sequence::<TwoBits, Strips<6, 3>>(7, &[(50, 50), (0, 60), (100, 34)]);
    every_sequence::<TwoBits, Strips<6, 5>>(9, &[(50, 50)]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_every_twelve_outcomes_that_may_be_slow() {
    every_sequence::<TwoBits, Strips<6, 5>>(12, &[(50, 50)]);
}
