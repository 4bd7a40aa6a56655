//! What a change of rate sets, as words: no atomics here.

use crate::bucket::word::Widths;
use crate::time::Instant;

/// How wide the fields of a bucket are whose terms change. Its `spent` has a tail:
///
/// ```text
/// spent = {index 24 | generation 6 | busy 1 | set 1}
/// ```
///
/// The generation counts changes, modulo 64; its lowest bit says which slot is live. Busy: a change is under way.
pub trait Changing: Widths {
    /// Of the generation.
    const GENERATION: u32;
}

/// The widths of an [`AdjustableBucket`](super::AdjustableBucket).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrow;

impl Widths for Narrow {
    const INDEX: u32 = 24;
    const STRETCH: u32 = 31;
    const BUSY: u32 = BUSY;
}

impl Changing for Narrow {
    const GENERATION: u32 = 6;
}

/// In the tail of `spent`: a change is under way.
pub const BUSY: u32 = 1 << 1;

const GENERATION_AT: u32 = 2;

/// The generation in a tail.
pub const fn generation<W: Changing>(spent: u32) -> u32 {
    spent >> GENERATION_AT & ((1 << W::GENERATION) - 1)
}

/// The same word in the next generation, with no change under way.
pub const fn changed<W: Changing>(spent: u32) -> u32 {
    let mask = ((1 << W::GENERATION) - 1) << GENERATION_AT;
    let next = (spent & mask).wrapping_add(1 << GENERATION_AT) & mask;
    spent & !mask & !BUSY | next
}

/// Words of a slot.
pub const WORDS: usize = 6;

/// What a change sets:
///
/// ```text
/// step low 32 | {burst 22 | step high 9} | phase 64 | since 64
/// ```
///
/// All zero: nothing was ever set, and what the quota says at first holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// How far the position moves in a microsecond.
    pub step: u64,
    /// Tokens.
    pub burst: u32,
    /// The position at the clock's zero, so that it went on from where it was when the change was made.
    pub phase: u64,
    /// When that was.
    pub since: Instant,
}

impl Slot {
    /// For a step and a burst that hold from this moment on, at which the position is this one.
    pub const fn beginning(step: u64, burst: u32, since: Instant, position: u64) -> Self {
        Self {
            step,
            burst,
            phase: position.wrapping_sub(since.as_micros().wrapping_mul(step)),
            since,
        }
    }

    /// The words of the slot.
    pub const fn to_words<W: Widths>(self) -> [u32; WORDS] {
        let since = self.since.as_micros();
        [
            self.step as u32,
            // At most one drop comes in a microsecond: 65 - INDEX bits in all.
            self.burst << (33 - W::INDEX) | (self.step >> 32) as u32,
            self.phase as u32,
            (self.phase >> 32) as u32,
            since as u32,
            (since >> 32) as u32,
        ]
    }

    /// What these words were made from; `None` if nothing was ever set.
    pub const fn from_words<W: Widths>(words: [u32; WORDS]) -> Option<Self> {
        let [low, high, phase_low, phase_high, since_low, since_high] = words;
        let burst = high >> (33 - W::INDEX);
        if burst == 0 {
            return None;
        }
        let step_high = high & ((1 << (33 - W::INDEX)) - 1);
        Some(Self {
            step: (step_high as u64) << 32 | low as u64,
            burst,
            phase: (phase_high as u64) << 32 | phase_low as u64,
            since: Instant::from_micros((since_high as u64) << 32 | since_low as u64),
        })
    }
}
