//! How fast a bucket fills, in the drops that its words count: how many drops make a token, and how far the index
//! moves in a microsecond.

use core::num::NonZeroU64;

use super::InvalidQuota;

/// Tokens per time, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Zero for a bucket that never fills.
    tokens: u64,
    /// Microseconds, times what is needed to make it a whole number.
    period: NonZeroU64,
}

/// A span longer than this is refused: 2^45 us, 407 days.
const LONGEST_SPAN: u64 = 1 << 45;

/// What a bucket can count at a time: an eighth of the circle of the index. See `word` for why.
pub const fn capacity(index_bits: u32) -> u64 {
    1 << (index_bits - 3)
}

/// Bits of a position that are a fraction of a drop.
pub const fn fraction_bits(index_bits: u32) -> u32 {
    64 - index_bits
}

/// How far the position moves in a microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed {
    /// Whole units of the position.
    pub step: u64,
    /// And parts of one, in units of 2^-32: what is cut off after that is less than a drop in a million years.
    pub fine: u32,
}

impl Rate {
    /// `tokens` in `nanos`. Exact: nothing is rounded.
    pub const fn of(tokens: u64, nanos: u128) -> Result<Self, InvalidQuota> {
        if nanos > LONGEST_SPAN as u128 * 1_000 {
            return Err(InvalidQuota::Span);
        }
        // Up to 2^32 tokens and 2^55 ns.
        let (tokens, nanos) = (tokens * 1_000, nanos as u64);
        let (mut a, mut b) = (nanos, tokens);
        while let Some(divisor) = NonZeroU64::new(b) {
            (a, b) = (b, a % divisor.get());
        }
        let Some(common) = NonZeroU64::new(a) else {
            return Err(InvalidQuota::Span);
        };
        match NonZeroU64::new(nanos / common.get()) {
            Some(period) => Ok(Self {
                tokens: tokens / common.get(),
                period,
            }),
            None => Err(InvalidQuota::Span),
        }
    }

    /// Whether this rate is above `other`.
    pub const fn is_above(self, other: Self) -> bool {
        self.tokens as u128 * other.period.get() as u128 > other.tokens as u128 * self.period.get() as u128
    }

    /// How far the position moves in a microsecond if a token is so many drops, rounded down.
    pub const fn speed(self, drops: u64, fraction_bits: u32) -> Speed {
        // At most 8 whole drops a microsecond, so that nothing here overflows.
        let product = self.tokens * drops;
        let (step, rest) = self.divided(
            product / self.period.get(),
            product % self.period.get(),
            fraction_bits,
        );
        let (fine, _) = self.divided(0, rest, 32);
        Speed {
            step,
            fine: fine as u32,
        }
    }

    /// More binary digits of a quotient, and what is left then. Digit by digit: no 128-bit division where a rate is
    /// set on a microcontroller.
    const fn divided(self, mut quotient: u64, mut rest: u64, digits: u32) -> (u64, u64) {
        let mut digit = 0;
        while digit < digits {
            rest <<= 1;
            quotient <<= 1;
            if rest >= self.period.get() {
                rest -= self.period.get();
                quotient |= 1;
            }
            digit += 1;
        }
        (quotient, rest)
    }

    /// How many drops make a token, at most `most`: as many as make a microsecond's step whole, if there is such a
    /// number, in drops as fine as can be; and as many as may be, if there is none.
    pub const fn drops(self, most: u64, index_bits: u32) -> u64 {
        // With this many drops, the period divides what the position moves by in a microsecond.
        let twos = self.period.trailing_zeros();
        let odd = self.period.get() >> twos;
        let shift = twos.saturating_sub(fraction_bits(index_bits));
        if odd > most >> shift {
            return most;
        }
        let mut drops = odd << shift;
        // A finer drop serves, as long as a microsecond may have a part of one.
        while drops * 2 <= most && drops < self.period.get() {
            drops *= 2;
        }
        drops
    }

    /// The most drops that may make a token: a burst, and what comes in the longest wait, are to be within the
    /// capacity, and a microsecond may bring at most `most_a_micro` drops. No limit by the wait where it is `None`.
    pub const fn most_drops(
        self,
        burst: NonZeroU64,
        longest_wait: Option<u64>,
        most_a_micro: u64,
        capacity: u64,
    ) -> u64 {
        let by_burst = capacity / burst.get();
        if self.tokens == 0 {
            return if by_burst > 0 { 1 } else { 0 };
        }
        let period = self.period.get() as u128;
        let by_rate = period * most_a_micro as u128 / self.tokens as u128;
        let mut most = by_burst as u128;
        if by_rate < most {
            most = by_rate;
        }
        if let Some(wait) = longest_wait {
            let waited = self.tokens as u128 * wait as u128;
            if waited > 0 && period * capacity as u128 / waited < most {
                most = period * capacity as u128 / waited;
            }
        }
        most as u64
    }
}

#[cfg(test)]
mod tests;
