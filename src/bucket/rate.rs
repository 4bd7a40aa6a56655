//! How fast a bucket fills, in the drops that its words count: how many drops make a token, and how far the index
//! moves in a microsecond.

use super::InvalidQuota;

/// Tokens per time, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Zero for a bucket that never fills.
    tokens: u64,
    /// Microseconds, times what is needed to make it a whole number.
    period: u64,
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

impl Rate {
    /// `tokens` in `nanos`. Exact: nothing is rounded.
    pub const fn of(tokens: u64, nanos: u128) -> Result<Self, InvalidQuota> {
        if nanos == 0 || nanos > LONGEST_SPAN as u128 * 1_000 {
            return Err(InvalidQuota::Span);
        }
        // Up to 2^32 tokens and 2^55 ns.
        let (tokens, nanos) = (tokens * 1_000, nanos as u64);
        let (mut a, mut b) = (tokens, nanos);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Ok(Self {
            tokens: tokens / a,
            period: nanos / a,
        })
    }

    /// Whether the bucket never fills.
    pub const fn is_zero(self) -> bool {
        self.tokens == 0
    }

    /// Whether this rate is above `other`.
    pub const fn is_above(self, other: Self) -> bool {
        self.tokens as u128 * other.period as u128 > other.tokens as u128 * self.period as u128
    }

    /// How far the position moves in a microsecond if a token is so many drops, and what the rounding down took off:
    /// that many `period`ths of the last bit.
    pub const fn step(self, drops: u64, fraction_bits: u32) -> (u64, u64) {
        // At most 8 whole drops a microsecond, so that nothing here overflows. Bit by bit: no 128-bit division where a
        // rate is set on a microcontroller.
        let product = self.tokens * drops;
        let (mut step, mut rest) = (product / self.period, product % self.period);
        let mut bits = fraction_bits;
        while bits > 0 {
            rest <<= 1;
            step <<= 1;
            if rest >= self.period {
                rest -= self.period;
                step |= 1;
            }
            bits -= 1;
        }
        (step, rest)
    }

    /// Whether a step that lost so much in rounding stays behind the rate by less than a part in `capacity`: by less, in
    /// the time that a full bucket takes to fill, than the drop that it counts in.
    pub const fn is_close(self, step: u64, rest: u64, capacity: u64) -> bool {
        (rest as u128) * (capacity as u128) < (self.period as u128) * (step as u128) || rest == 0
    }

    /// How many drops make a token, at most `most`, so that the step of a microsecond is exact; or, where no number does
    /// that, so that the bucket stays behind by less than one token in 2^50 us (35 years), and is [close](Self::is_close).
    pub const fn drops(self, most: u64, index_bits: u32) -> Option<u64> {
        let fraction = fraction_bits(index_bits);
        // With this many drops, the period divides what the position moves by in a microsecond.
        let twos = self.period.trailing_zeros();
        let odd = self.period >> twos;
        let shift = twos.saturating_sub(fraction);
        if odd <= most >> shift {
            let mut drops = odd << shift;
            // A finer drop serves, as long as a microsecond may have a part of one.
            while drops * 2 <= most && drops < self.period {
                drops *= 2;
            }
            return Some(drops);
        }
        // Few drops to a token lose more to rounding, and are worth a search: on average as many tries as the last bit
        // is too coarse by, at most so many.
        let mut tries = 1 << 12;
        let mut drops = most;
        while drops > most / 2 && tries > 0 {
            let (step, rest) = self.step(drops, fraction);
            let loss = (rest as u128) << 50;
            if loss < ((self.period as u128) << fraction) * drops as u128
                && self.is_close(step, rest, capacity(index_bits))
            {
                return Some(drops);
            }
            drops -= 1;
            tries -= 1;
        }
        None
    }

    /// The most drops that may make a token: a burst, and what comes in the longest wait, are to be within the capacity,
    /// and a microsecond may bring at most `most_a_micro` drops. No limit by the wait where it is `None`.
    pub const fn most_drops(
        self,
        burst: u32,
        longest_wait: Option<u64>,
        most_a_micro: u64,
        capacity: u64,
    ) -> u64 {
        let by_burst = capacity / burst as u64;
        if self.tokens == 0 {
            return if by_burst > 0 { 1 } else { 0 };
        }
        let period = self.period as u128;
        let by_rate = period * most_a_micro as u128 / self.tokens as u128;
        let by_wait = match longest_wait {
            Some(wait) if wait > 0 => period * capacity as u128 / (self.tokens as u128 * wait as u128),
            _ => u128::MAX,
        };
        let mut most = by_burst as u128;
        if by_rate < most {
            most = by_rate;
        }
        if by_wait < most {
            most = by_wait;
        }
        most as u64
    }
}
