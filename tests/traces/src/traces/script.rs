//! What decides what happens next: a generator, and a clock that goes where it is told.

use core::cell::Cell;

use watertight::{Clock, Instant, Micros, RetryAfter};

/// The clock of a trace.
#[derive(Debug)]
pub struct Hand(Cell<u64>);

impl Hand {
    pub const fn at(micros: u64) -> Self {
        Self(Cell::new(micros))
    }

    pub fn micros(&self) -> u64 {
        self.0.get()
    }

    pub fn forward(&self, micros: u64) {
        self.0.set(self.micros().wrapping_add(micros));
    }

    fn back(&self, micros: u64) {
        self.0.set(self.micros().wrapping_sub(micros));
    }
}

impl Clock for Hand {
    fn now(&self) -> Instant {
        Instant::from_micros(self.micros())
    }
}

/// A generator of its own: PCG-XSH-RR with 64 bits of state and 32 of output (O'Neill, "PCG: A Family of Simple Fast
/// Space-Efficient Statistically Good Algorithms for Random Number Generation", 2014).
///
/// And the wait that was last told, which the clock is moved by now and then: to the microsecond before, to the
/// very one, and to the one after.
#[derive(Debug)]
pub struct Script {
    state: u64,
    told: Option<u64>,
}

/// Where an odd rate's position loses count: see "Cost and guarantees" of the module `bucket`.
const LAST_EXACT: u64 = 0xB504_F334 << 32;

impl Script {
    pub const fn seeded(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            told: None,
        }
    }

    pub fn next(&mut self) -> u32 {
        let old = self.state;
        self.state = old
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = ((old >> 18 ^ old) >> 27) as u32;
        mixed.rotate_right((old >> 59) as u32)
    }

    pub fn long(&mut self) -> u64 {
        u64::from(self.next()) << 32 | u64::from(self.next())
    }

    /// From 0 to below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(end)) >> 32) as u32
    }

    pub fn below_long(&mut self, end: u64) -> u64 {
        ((u128::from(self.long()) * u128::from(end)) >> 64) as u64
    }

    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    pub fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// Any size at all, the small ones as often as the large ones.
    pub fn of_any_size(&mut self) -> u64 {
        self.long() >> self.below(64)
    }

    pub fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u32) as usize]
    }

    /// Keeps what was told of when to come back.
    pub fn keep(&mut self, retry_after: RetryAfter) {
        if let RetryAfter::In(wait) | RetryAfter::OnRelease(Some(wait)) = retry_after {
            self.told = Some(wait.as_micros());
        }
    }

    /// A wait to ask for: none, a few units, or any.
    pub fn wait(&mut self, unit: u64) -> Micros {
        Micros::from_micros(match self.below(8) {
            0 => 0,
            1 => self.of_any_size(),
            _ => self.below_long(unit.saturating_mul(20)),
        })
    }

    /// Moves the clock: mostly by some units or not at all, sometimes back; and so many times in 10,000 wildly, which is by
    /// anything up to half of what there is, forward and back, by a power of two, and to just before a multiple of one.
    pub fn travel(&mut self, hand: &Hand, unit: u64, wild: u32) {
        if self.below(10_000) < wild {
            return self.leap(hand, unit);
        }
        match self.below(100) {
            0..40 => {}
            40..72 => hand.forward(self.below_long(unit)),
            72..86 => hand.forward(self.below_long(unit.saturating_mul(16))),
            86..96 => match self.told.take() {
                Some(wait) => hand.forward(wait.wrapping_add(u64::from(self.below(3))).wrapping_sub(1)),
                None => hand.forward(unit),
            },
            _ => hand.back(self.below_long(unit.saturating_mul(4))),
        }
    }

    fn leap(&mut self, hand: &Hand, unit: u64) {
        match self.below(8) {
            0..2 => hand.forward(self.of_any_size()),
            2..4 => hand.back(self.of_any_size()),
            4 => {
                // All that is kept modulo 2^k seems to stand still.
                let turn = 1 << (15 + self.below(49));
                hand.forward(self.below_long(unit.saturating_mul(8)).wrapping_add(turn));
            }
            5 => {
                let edge = LAST_EXACT.wrapping_sub(self.below_long(unit.saturating_mul(8)));
                hand.forward(edge.wrapping_sub(hand.micros()));
            }
            _ => {
                // To just before the next multiple of 2^k.
                let low = u64::MAX >> self.below(49);
                let edge = (hand.micros() | low).wrapping_sub(self.below_long(unit.saturating_mul(8)));
                hand.forward(edge.wrapping_sub(hand.micros()));
            }
        }
    }
}
