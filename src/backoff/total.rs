//! The longest that all delays together can take.

use super::shape::{Factor, Shape};
use super::{Backoff, Jitter};
use crate::time::Micros;

/// So many growing delays are added up one by one. Factors of 1.1 and above have by then grown beyond 2^64, and
/// fibonacci long before; the rest is closed formulas.
const ONE_BY_ONE: u32 = 512;

impl Backoff {
    /// An upper bound of the sum of the first `n` delays, fewer where the limits allow fewer: never below
    /// what the delays can come to, hints apart. Saturates.
    ///
    /// For a watchdog that has to outlive a series of retries, and cheap enough for a `const` at any `n`. With
    /// hints, add [`max_hint`](super::Builder::max_hint) once per delay. The time that the attempts themselves take
    /// is not part of it.
    ///
    /// It is the exact maximum for constant, linear and fibonacci delays, for factors of 1.1 and above, and for
    /// the first 512 growing delays of any kind. Later ones are added up by formula, which overestimates smaller
    /// factors, and linear delays with [`Jitter::PlusMinus`], by at most a billionth of the sum and 4 us a
    /// delay. Where [`max_total`](super::Builder::max_total) is what ends the series, it is that.
    pub const fn worst_case_total(&self, n: u32) -> Micros {
        let delays = match self.max_attempts {
            Some(attempts) if attempts <= n => attempts.saturating_sub(1),
            _ => n,
        };
        let waited = if self.at_once {
            delays.saturating_sub(1)
        } else {
            delays
        };
        let total = Micros::from_micros(match self.jitter {
            Jitter::Decorrelated => self.most_decorrelated(waited),
            _ => self.most_grown(waited),
        });
        match self.max_total {
            Some(most) => total.min(most),
            None => total,
        }
    }

    /// Three times the one before, from three times the first, up to the cap.
    const fn most_decorrelated(&self, n: u32) -> u64 {
        let cap = self.cap.as_micros();
        let mut longest = self.first.as_micros();
        let mut sum = 0u64;
        let mut i = 0;
        while i < n && longest < cap {
            longest = longest.saturating_mul(3);
            if longest > cap {
                longest = cap;
            }
            sum = sum.saturating_add(longest);
            i += 1;
        }
        sum.saturating_add(cap.saturating_mul((n - i) as u64))
    }

    /// The growing delays one by one, then by formula, and the last one as often as is left.
    const fn most_grown(&self, n: u32) -> u64 {
        let last = self.grown(u32::MAX).as_micros();
        let mut sum = 0u64;
        let mut i = 0;
        while i < n {
            let delay = self.grown(i).as_micros();
            if delay == last {
                break;
            }
            if i == ONE_BY_ONE {
                let end = self.growth_ends(i, n, last);
                sum = sum.saturating_add(self.most_between(i, end));
                i = end;
                break;
            }
            sum = sum.saturating_add(self.jitter.most(delay));
            i += 1;
        }
        sum.saturating_add(self.jitter.most(last).saturating_mul((n - i) as u64))
    }

    /// The first index above `low` whose delay has grown to `last`, or `high`.
    const fn growth_ends(&self, mut low: u32, mut high: u32, last: u64) -> u32 {
        // `low` still grows, `high` does not, or is where we stop.
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.grown(middle).as_micros() < last {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// The delays from index `from` to before `end`, all of them still growing, and at least one.
    const fn most_between(&self, from: u32, end: u32) -> u64 {
        let count = (end - from) as u128;
        let lowest = self.grown(from).as_micros() as u128;
        let highest = self.grown(end - 1).as_micros() as u128;
        let bases = match self.shape {
            // As many times the mean of both ends.
            Shape::Linear { .. } => count * (lowest + highest) / 2,
            Shape::Exponential { factor } => geometric(factor, self.first.as_micros(), from, end),
            Shape::Constant | Shape::Fibonacci => count * highest,
        };
        let total = match self.jitter {
            Jitter::PlusMinus(percent) => bases + (bases * percent as u128).div_ceil(100),
            _ => bases,
        };
        if total > u64::MAX as u128 {
            u64::MAX
        } else {
            total as u64
        }
    }
}

/// At least the sum of `first` times the factor to the powers from `from` to before `end`, each rounded to the
/// nearest whole number. The factor is above 1 and the last summand below 2^64.
///
/// With exact powers E, the sum of a geometric series is the last summand, and the way from the first to
/// the last over (f - 1): E(end - 1) + (E(end - 1) - E(from)) / (f - 1). Rounding adds at most 1/2 to each summand.
const fn geometric(factor: Factor, first: u64, from: u32, end: u32) -> u128 {
    // With 32 bits behind the point. Powers are cut short: the lower one is a lower bound as it is; the upper
    // one lacks less than 2^-40 of it and one last place.
    let lower = factor.times_power_fixed(first, from);
    let upper = factor.times_power_fixed(first, end - 1) + 1;
    let upper = upper + (upper >> 40) + 1;
    // Below 2^97 * 2^16.
    let way = (upper - lower) * factor.denominator as u128;
    let excess = (factor.numerator - factor.denominator) as u128;
    // Never zero, which the compiler cannot know.
    let sum = upper + way.div_ceil(if excess == 0 { 1 } else { excess });
    sum.div_ceil(1 << 32) + ((end - from) as u128).div_ceil(2)
}
