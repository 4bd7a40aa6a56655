//! What the last calls are, for an observer who sees every step: a list, and what the words of a window stand for as
//! such a list.

use watertight::breaker::rules::Rules;
use watertight::breaker::window::Counts;
use watertight::breaker::window::tape::{Cursor, Mode};
use watertight::breaker::word::{Widths, Word};

use crate::model::ones;

/// What is counted of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(u32);

impl Mark {
    pub const GOOD: Self = Self(0);
    pub const FAILED: Self = Self(1);
    pub const SLOW: Self = Self(2);
    pub const BOTH: Self = Self(3);

    pub const fn is_bad(self) -> bool {
        self.0 != 0
    }

    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// How many calls count, how many bits each has, and on how many strips they are written; or how many buckets count, of
/// how many in the ring.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub calls: u32,
    pub bits: u32,
    pub strips: u32,
    pub is_ring: bool,
}

impl Size {
    /// `bits` is 0 where failures in a row count, which takes no words.
    pub fn of<W: Widths>(calls: u32, bits: u32) -> Self {
        let strips = match bits {
            0 => 0,
            _ => calls.div_ceil((W::TAPE - 1) / bits) + 1,
        };
        Self {
            calls,
            bits,
            strips,
            is_ring: false,
        }
    }

    /// The newest so many buckets, of the fewest that there may be.
    pub fn of_ring(buckets: u32, bits: u32) -> Self {
        Self {
            calls: buckets,
            bits,
            strips: buckets.next_power_of_two().max(2),
            is_ring: true,
        }
    }

    pub fn is_window(&self) -> bool {
        self.bits > 0
    }

    /// How many words a breaker of this size has.
    pub fn words(&self) -> usize {
        3 + match self.is_window() {
            true if self.is_ring => 2 + (self.strips << self.bits) as usize,
            true => 1 + self.strips as usize,
            false => 0,
        }
    }
}

/// The last calls, two bits each, the newest lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct List {
    pub count: u8,
    bits: u16,
}

impl List {
    /// All of them successes.
    pub fn clean(size: Size) -> Self {
        Self {
            count: size.calls as u8,
            bits: 0,
        }
    }

    pub fn is_clean(&self, size: Size) -> bool {
        *self == Self::clean(size)
    }

    /// One more call, and one fewer of the oldest.
    #[must_use]
    pub fn then(self, size: Size, mark: Mark) -> Self {
        let kept = ones(2 * size.calls);
        Self {
            count: (self.count + 1).min(size.calls as u8),
            bits: ((u32::from(self.bits) << 2 | mark.0 & ones(size.bits)) & kept) as u16,
        }
    }

    /// One that was before all of these, if there is room for it.
    fn put_before(&mut self, size: Size, mark: Mark) {
        if u32::from(self.count) < size.calls {
            self.bits |= (mark.0 << (2 * self.count)) as u16;
            self.count += 1;
        }
    }

    pub fn counts(&self) -> Counts {
        Counts {
            calls: self.count.into(),
            failures: (self.bits & 0x5555).count_ones(),
            slow: (self.bits & 0xAAAA).count_ones(),
        }
    }

    /// The bit that stands for these counts.
    pub fn counts_bit(counts: Counts) -> u128 {
        1 << ((counts.calls * 5 + counts.failures) * 5 + counts.slow)
    }

    /// Whether so much opens a breaker.
    pub fn is_over(&self, size: Size, rules: &Rules) -> bool {
        let Counts {
            calls,
            failures,
            slow,
        } = self.counts();
        let reaches = |part: u32, percent: u32| percent > 0 && part * 100 >= percent * calls;
        calls >= rules.minimum.min(size.calls)
            && (reaches(failures, rules.failure_percent) || reaches(slow, rules.slow_percent))
    }

    /// What the words of a window stand for, in the generation of this state word.
    pub fn written<W: Widths>(size: Size, word: Word<W>, window: &[u32]) -> Self {
        let cursor = Cursor::<W>::from_bits(window[0]);
        let mut list = Self::default();
        if !cursor.is_of(word) {
            return list;
        }
        if cursor.mode() == Mode::Clean {
            return Self::clean(size);
        }
        let full = cursor.mode() == Mode::Full;
        let holds = (W::TAPE - 1) / size.bits;
        for back in 0..size.strips {
            let (index, lap) = match cursor.index().checked_sub(back) {
                Some(index) => (index, cursor.lap()),
                None if full => (
                    cursor.index() + size.strips - back,
                    cursor.lap().wrapping_sub(1) & ones(W::LAP),
                ),
                None => break,
            };
            let strip = window[1 + index as usize];
            let tape = strip & ones(W::TAPE);
            if tape != 0 && strip >> W::TAPE == lap {
                let mut outcomes = tape;
                while outcomes > 1 {
                    list.put_before(size, Mark(outcomes & ones(size.bits)));
                    outcomes >>= size.bits;
                }
            } else if full && back > 0 {
                // Forgotten, because they were all successes.
                (0..holds).for_each(|_| list.put_before(size, Mark::GOOD));
            }
        }
        list
    }
}
