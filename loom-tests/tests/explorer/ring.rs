//! What the last span of time holds, for an observer who sees every step: buckets and versions in whole numbers that do
//! not come round; and the words that stand for them.

use watertight::breaker::rules::Rules;
use watertight::breaker::window::Counts;
use watertight::breaker::word::{Widths, Word};

use crate::breaker::Set;
use crate::model::{Model, Wrong, ones, wrong};
use crate::script::{Moment, Op, Words};
use crate::subjects::{SHIFT, Subject, Windowed};
use crate::tape::Size;

const ERA: usize = 3;
const HAND: usize = 4;
const TALLIES: usize = 5;
/// Most tallies: four buckets of two kinds, or two of four.
const MOST_TALLIES: usize = 8;
/// Two whose clocks disagree by more than is an old reading can each undo the other's beginning for as long as they like:
/// that is followed until so many versions have begun.
const MOST_VERSIONS: u16 = 6;

/// One bucket: its number, counted from the one that the clock is in at the start, and the version it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bucket {
    pub version: u16,
    pub number: i16,
}

/// So many outcomes of one kind in one bucket; none: the tally is clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Heap {
    pub bucket: Bucket,
    pub count: u8,
}

/// The words as they truly are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Circle {
    pub version: u16,
    /// Whose outcomes are counted.
    pub generation: Option<u16>,
    pub hand: Bucket,
    pub heaps: [Heap; MOST_TALLIES],
}

/// What a thread knows of them in this attempt, as it truly was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// The state's generation.
    pub generation: Option<u16>,
    pub version: Option<u16>,
    pub hand: Option<Bucket>,
    /// Whether it moved the hand itself.
    pub moved: bool,
    /// Whether the newest bucket was full when it saw the hand.
    pub closed: bool,
    /// Whether it has seen that its bucket is full.
    pub full: bool,
    /// Whether the window has called for opening since the attempt began.
    pub over: bool,
    /// Observing: what the window, and what its newer buckets alone, have held since: a bit for each.
    pub held: [u128; 4],
}

impl Circle {
    /// Of words that are zero.
    pub fn new<W: Widths>(start: u64) -> Self {
        let number = -((start >> SHIFT) as i16 & ones(W::NUMBER) as i16);
        Self {
            version: 0,
            generation: None,
            hand: Bucket { version: 0, number },
            heaps: [Heap::default(); MOST_TALLIES],
        }
    }

    /// Whether this bucket counts in `generation`, of a window of so many.
    pub fn counts_in(&self, generation: u16, bucket: Bucket, window: u32) -> bool {
        self.generation == Some(generation)
            && self.hand.version == self.version
            && bucket.version == self.version
            && (0..window as i16).contains(&(self.hand.number - bucket.number))
    }

    /// What the newest so many buckets hold.
    pub fn counts(&self, generation: u16, size: Size, window: u32) -> Counts {
        let mut counts = Counts::default();
        for (index, heap) in self.heaps.iter().enumerate() {
            if self.counts_in(generation, heap.bucket, window) {
                add(&mut counts, index as u32 & ones(size.bits), heap.count.into());
            }
        }
        counts
    }

    /// Whether anything of this bucket is full.
    pub fn is_full<W: Widths>(&self, bucket: Bucket) -> bool {
        let is_full = |heap: &Heap| heap.bucket == bucket && u32::from(heap.count) == ones(W::COUNT);
        self.heaps.iter().any(is_full)
    }

    /// Whether so many versions have begun that nothing more is looked at.
    pub fn is_endless(&self) -> bool {
        self.version >= MOST_VERSIONS
    }

    /// Whether the window calls for opening.
    pub fn is_over(&self, model: &Model, size: Size, rules: &Rules) -> bool {
        model.counts() && is_over(self.counts(model.generation, size, size.calls), rules)
    }
}

fn add(counts: &mut Counts, kind: u32, count: u32) {
    counts.calls += count;
    counts.failures += count * (kind & 1);
    counts.slow += count * (kind >> 1);
}

fn is_over(counts: Counts, rules: &Rules) -> bool {
    let reaches = |part: u32, percent: u32| percent > 0 && part * 100 >= percent * counts.calls;
    counts.calls >= rules.minimum
        && (reaches(counts.failures, rules.failure_percent) || reaches(counts.slow, rules.slow_percent))
}

/// The bit that stands for these counts.
pub fn bit(counts: Counts) -> u128 {
    assert!(counts.calls < 5, "too many calls for who observes");
    1 << ((counts.calls * 5 + counts.failures) * 5 + counts.slow)
}

impl<S: Subject, N: Windowed, W: Widths> Set<S, N, W> {
    /// The number of the bucket of a clock reading, from the start on.
    pub fn number(&self, reading: i32) -> i16 {
        let within = (self.plan.start & u64::from(ones(SHIFT))) as i32;
        ((within + reading) >> SHIFT) as i16
    }

    /// The same as the clock has it.
    pub fn clock_number(&self, number: i16) -> u64 {
        (self.plan.start >> SHIFT).wrapping_add_signed(number.into())
    }

    pub fn era_bits(&self, version: u16, generation: Option<u16>) -> u32 {
        let begun = |generation| 1 << W::GENERATION | u32::from(generation) & ones(W::GENERATION);
        generation.map_or(0, begun) << W::VERSION | u32::from(version) & ones(W::VERSION)
    }

    pub fn hand_bits(&self, hand: Bucket) -> u32 {
        let number = self.clock_number(hand.number) as u32 & ones(W::NUMBER);
        number << W::TURN | u32::from(hand.version) & ones(W::TURN)
    }

    pub fn tally_bits(&self, heap: Heap) -> u32 {
        if heap.count == 0 {
            return 0;
        }
        let Bucket { version, number } = heap.bucket;
        let round = (self.clock_number(number) / u64::from(self.size.strips)) as u32 & ones(W::ROUND);
        let tag = (u32::from(version) & ones(W::VERSION)) << W::ROUND | round;
        tag << W::COUNT | u32::from(heap.count)
    }

    /// How a reading stands to a hand: so many buckets on; `None`: so far away that all is to be forgotten.
    pub fn ahead(&self, hand: Bucket, reading: i32) -> Option<i16> {
        let ahead = self.number(reading) - hand.number;
        let ring = self.size.strips as i16;
        (-ring..ring).contains(&ahead).then_some(ahead)
    }

    /// What the words say that the newest so many buckets hold; of which the newest comes first.
    pub fn ring_written(&self, words: &Words, window: u32) -> Counts {
        let (era, hand) = (words[ERA], words[HAND]);
        let generation = Word::<W>::from_bits(words[0]).generation();
        let mut counts = Counts::default();
        let begun = 1 << W::GENERATION | generation;
        if era >> W::VERSION != begun || (era ^ hand) & ones(W::TURN) != 0 {
            return counts;
        }
        for back in 0..window {
            let number = (hand >> W::TURN).wrapping_sub(back) & ones(W::NUMBER);
            let round = (number / self.size.strips) & ones(W::ROUND);
            let tag = (era & ones(W::VERSION)) << W::ROUND | round;
            for kind in 0..1 << self.size.bits {
                let index = (number % self.size.strips) << self.size.bits | kind;
                let tally = words[TALLIES + index as usize];
                if tally >> W::COUNT == tag {
                    add(&mut counts, kind, tally & ones(W::COUNT));
                }
            }
        }
        counts
    }

    /// Whether the words stand for what is true.
    pub fn ring_stands(&self, moment: &Moment) -> Result<(), Wrong> {
        let Moment {
            model, circle, words, ..
        } = moment;
        let same = words[ERA] == self.era_bits(circle.version, circle.generation)
            && words[HAND] == self.hand_bits(circle.hand)
            && circle
                .heaps
                .iter()
                .zip(&words[TALLIES..])
                .all(|(heap, word)| self.tally_bits(*heap) == *word);
        if !same {
            return wrong(format!("the ring is something else than {circle:?}"));
        }
        if !model.counts() {
            return Ok(());
        }
        for left in 1..=self.size.calls {
            let truth = circle.counts(model.generation, self.size, left);
            let said = self.ring_written(words, left);
            if said != truth {
                return wrong(format!(
                    "the window stands for {said:?}, where it must be {truth:?}"
                ));
            }
        }
        Ok(())
    }

    /// How many of the window's buckets are left at this reading.
    pub fn left(&self, hand: Bucket, reading: i32) -> u32 {
        match self.ahead(hand, reading) {
            None => 0,
            Some(passed) => self.size.calls.saturating_sub(passed.max(0) as u32),
        }
    }

    /// What a lone observer must read at this reading.
    pub fn ring_counts(&self, moment: &Moment, reading: i32) -> Counts {
        let Moment { model, circle, .. } = moment;
        match self.left(circle.hand, reading) {
            0 => Counts::default(),
            left => circle.counts(model.generation, self.size, left),
        }
    }

    /// Whether somebody who has just reported, alone, leaves words that call for opening, though he had to look.
    pub fn ring_calls(&self, words: &Words, op: Op) -> bool {
        let window = self.ring_written(words, self.size.calls);
        let hand = words[HAND] >> W::TURN;
        let first = TALLIES + ((hand % self.size.strips) << self.size.bits) as usize;
        let newest = self.ring_written(words, 1);
        let is_full = words[first..first + (1 << self.size.bits)]
            .iter()
            .any(|tally| newest.calls > 0 && tally & ones(W::COUNT) == ones(W::COUNT));
        let successes = words[first] & ones(W::COUNT);
        let looks = op.mark().is_some_and(|mark| mark.is_bad()) || successes <= self.plan.rules.minimum;
        looks && !is_full && is_over(window, &self.plan.rules)
    }
}
