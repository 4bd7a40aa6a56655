//! Breakers that count the last span of time: their words at a given point, and what every step on them must respect.

use std::sync::Arc;

use watertight::Instant;
use watertight::breaker::rules::Rules;
use watertight::breaker::window::ring::{Hand, Shape};
use watertight::breaker::window::{Counting, Counts, FailureRate, Mark, Rule};
use watertight::breaker::word::Real;

use crate::bench::{Bench, Strong, Word};
use crate::caller::Caller;
use crate::ledger::{LOST, MISSED, NOWHERE, STARTED_OLD};
use crate::subjects::*;

pub const SWEPT: &str = "an outcome that counts was swept away";

/// Of the bits of a tally, those of the count; above them the round, and the version.
const COUNT: u32 = 23;
const ROUND: u32 = 4;
/// Of the bits of an era, those of the version; above them the generation, and whether it has begun.
const VERSION: u32 = 5;

/// The words of a window of time as they stand, the CASes on them having been told one by one.
#[derive(Clone, Debug)]
pub struct RingLedger {
    shape: Shape,
    kinds: u32,
    era: u32,
    hand: u32,
    tallies: Vec<u32>,
}

impl RingLedger {
    fn version(&self) -> u32 {
        self.era & ((1 << VERSION) - 1)
    }

    fn has_begun(&self) -> bool {
        self.era >> (VERSION + 9) == 1
    }

    pub fn generation(&self) -> u32 {
        self.era >> VERSION & 511
    }

    pub fn number(&self) -> u32 {
        Hand::<Real>::from_bits(self.hand).number()
    }

    /// Whether what this tally has is in the window.
    fn counts(&self, index: u32, tally: u32) -> bool {
        let in_version = self.hand & 7 == self.version() & 7;
        in_version
            && self.has_begun()
            && (0..self.shape.window).any(|back| {
                let number = self.number().wrapping_sub(back) & ((1 << 29) - 1);
                let round = number / self.shape.buckets % (1 << ROUND);
                number % self.shape.buckets == index / self.kinds
                    && tally >> COUNT == self.version() << ROUND | round
            })
    }

    /// A CAS on the word of this number, by a caller whose permit is of `generation`. Answers whether it counted.
    pub fn swapped(&mut self, number: u32, (seen, new): (u32, u32), generation: u32) -> bool {
        match number {
            0 => {
                let old = (self.has_begun(), self.generation());
                self.era = new;
                let ahead = self.generation().wrapping_sub(old.1) & 511;
                assert!(!old.0 || !self.has_begun() || ahead < 256, "{STARTED_OLD}");
                false
            }
            1 => {
                self.hand = new;
                false
            }
            _ => {
                let index = number - 2;
                let count = |tally: u32| tally & ((1 << COUNT) - 1);
                if new == 0 {
                    assert!(!self.counts(index, seen) || count(seen) == 0, "{SWEPT}");
                } else if self.counts(index, new) {
                    let before = if seen >> COUNT == new >> COUNT {
                        count(seen)
                    } else {
                        0
                    };
                    assert_eq!(count(new), before + 1, "{LOST}");
                    assert_eq!(generation, self.generation(), "{NOWHERE}");
                } else {
                    assert!(!self.counts(index, seen) || count(seen) == 0, "{LOST}");
                }
                self.tallies[index as usize] = new;
                new != 0
            }
        }
    }

    /// What the tallies of this kind have counted, of whichever bucket.
    pub fn tallies_of(&self, mark: Mark) -> Vec<u32> {
        let of_kind = self.tallies.iter().skip(mark.bits() as usize);
        of_kind
            .step_by(self.kinds as usize)
            .map(|tally| tally & ((1 << COUNT) - 1))
            .collect()
    }

    /// What is in the window, of a breaker whose state is `word`.
    pub fn counts_of(&self, word: Word) -> Counts {
        let mut counts = Counts::default();
        if !self.has_begun() || self.generation() != word.generation() {
            return counts;
        }
        for (index, tally) in (0..).zip(&self.tallies) {
            if self.counts(index, *tally) {
                let count = tally & ((1 << COUNT) - 1);
                let kind = index % self.kinds;
                counts.calls += count;
                counts.failures += if kind & 1 != 0 { count } else { 0 };
                counts.slow += if kind & 2 != 0 { count } else { 0 };
            }
        }
        counts
    }

    /// At the end, where nothing but failures was counted: so whether the window is over does not depend on when.
    pub fn audit(&self, rules: &Rules, word: Word) {
        let counts = self.counts_of(word);
        let over = counts.calls >= rules.minimum && counts.calls == counts.failures && counts.calls > 0;
        assert!(!word.counts_outcomes() || !over, "{MISSED}: {counts:?}");
    }
}

/// The ring that ships, or a twin.
pub trait Rings: Counting + Send + 'static {
    fn of(shape: Shape) -> Self;
}

macro_rules! rings {
    ($($ring:ident)::+) => {
        impl<K: Rule + Send + 'static> Rings for $($ring)::+<K> {
            fn of(shape: Shape) -> Self {
                Self { shape, rule: core::marker::PhantomData }
            }
        }
    };
    ($($twin:ident;)*) => { $(rings!($twin::Ring);)* };
}

rings!(Ring);
rings! {
    not_fenced;
    sweeps_at_first_look;
    counts_at_first_look;
}

/// What ships.
pub type Rated = Ring<FailureRate>;

/// The shortest bucket.
pub const BUCKET: u64 = 1 << 16;

/// A closed breaker and how it counts.
pub struct Timed<T> {
    pub bench: Arc<Bench>,
    ring: T,
}

impl<T: Rings> Clone for Timed<T> {
    fn clone(&self) -> Self {
        Self {
            bench: self.bench.clone(),
            ring: self.ring,
        }
    }
}

impl<T: Rings> Timed<T> {
    /// In the first version and the first generation, with the newest bucket of this number, and outcomes of one kind
    /// in buckets: their number, and how many.
    pub fn at_bucket(
        rules: Rules,
        shape: Shape,
        number: u32,
        holds: &[(u32, Mark, u32)],
        weakened: Option<Strong>,
    ) -> Self {
        let kinds = 2;
        let mut ledger = RingLedger {
            shape,
            kinds,
            era: 1 << (VERSION + 9),
            hand: number << 3,
            tallies: vec![0; (shape.buckets * kinds) as usize],
        };
        for (number, mark, count) in holds {
            let index = shape.slot(*number) * kinds + mark.bits();
            let round = number / shape.buckets % (1 << ROUND);
            ledger.tallies[index as usize] = round << COUNT | count;
        }
        let words = [&[ledger.era, ledger.hand], ledger.tallies.as_slice()].concat();
        Self {
            bench: Bench::with_ring(rules, ledger, &words, weakened),
            ring: T::of(shape),
        }
    }

    /// A caller whose clock says the same for ever: the middle of the bucket of this number.
    pub fn at<S: Subject>(&self, number: u64) -> Caller<S, Instant, T> {
        let now = Instant::from_micros(number * BUCKET + BUCKET / 2);
        Caller::counting(self.bench.clone(), now, self.ring)
    }

    pub fn ledger(&self) -> RingLedger {
        self.bench.history().ring.clone().expect("it has one")
    }
}
