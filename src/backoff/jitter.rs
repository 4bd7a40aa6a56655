//! What spreads the delays of many callers: from one delay and one random number to the delay that is waited.

use crate::random::up_to;
use crate::wide::wide_product;

/// How a delay is spread at random, so that callers who failed together do not come back together.
///
/// The first four are the ones of the article "Exponential Backoff And Jitter" (Marc Brooker, AWS Architecture
/// Blog, 2015) and of its simulator (`aws-samples/aws-arch-backoff-simulator`). All ranges include both ends;
/// `d` is the delay of the shape, already capped. Whatever the jitter, no delay is above the cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// The delay as it is. Callers who failed together come back together.
    #[default]
    None,
    /// From 0 to `d`: the widest spread and the least load, and now and then no wait at all.
    Full,
    /// Half of `d`, and from 0 to the other half on top: never less than half of the wait.
    Equal,
    /// From the first delay to three times the *previous* one, then capped. The delays grow by this rule
    /// alone: it goes with an exponential backoff without a factor.
    ///
    /// This is the article's rule to the letter: once the previous delay is at the cap, about two of three
    /// delays are the cap itself, and what spreads a fleet is the history before. Where every single delay
    /// has to be spread, also at the cap, take [`Full`](Self::Full) or [`Equal`](Self::Equal).
    Decorrelated,
    /// From `d` less so many percent to `d` plus as many; 1 to 100.
    ///
    /// It is `d` that is limited, to the longest delay whose *upper* end is within the cap: with 25 % and a
    /// cap of 10 s the delays end between 6 s and 10 s, at a mean of 8 s. To have them end around 10 s, as in
    /// systems that jitter after the cap, make the cap 12.5 s.
    PlusMinus(u8),
}

impl Jitter {
    /// `delay` spread by `draw`, for the jitters that need no memory; `Decorrelated` leaves it as it is.
    ///
    /// In any unit. At most [`self.most(delay)`](Self::most). No division, and no more than five
    /// multiplications of 64 bits.
    pub(crate) const fn spread(self, delay: u64, draw: u32) -> u64 {
        match self {
            Self::None | Self::Decorrelated => delay,
            Self::Full => up_to(draw, delay),
            Self::Equal => {
                let half = delay / 2;
                half + up_to(draw, delay - half)
            }
            Self::PlusMinus(percent) => {
                let share = share(delay, percent);
                (delay - share).saturating_add(up_to(draw, share.saturating_mul(2)))
            }
        }
    }

    /// The longest that [`spread`](Self::spread) makes of `delay`; saturates.
    pub(crate) const fn most(self, delay: u64) -> u64 {
        match self {
            Self::None | Self::Full | Self::Equal | Self::Decorrelated => delay,
            Self::PlusMinus(percent) => delay.saturating_add(share(delay, percent)),
        }
    }

    /// The longest delay that is not above `cap` however it is spread: the inverse of [`most`](Self::most).
    pub(crate) const fn ceiling(self, cap: u64) -> u64 {
        match self {
            Self::None | Self::Full | Self::Equal | Self::Decorrelated => cap,
            Self::PlusMinus(percent) => {
                // d + d * p / 100, rounded down, is at most c as long as d (100 + p) < 100 (c + 1).
                // That is (100 c + 99) / (100 + p), taken apart so that it fits.
                let divisor = 100 + percent as u64;
                let (whole, rest) = (cap / divisor, cap % divisor);
                whole * 100 + (rest * 100 + 99) / divisor
            }
        }
    }
}

/// So many percent of a value, rounded down; at most the value.
const fn share(value: u64, percent: u8) -> u64 {
    let percent = if percent < 100 { percent as u64 } else { 100 };
    let whole = hundredth(value);
    let rest = value - whole * 100;
    whole * percent + hundredth(rest * percent)
}

/// A hundredth, rounded down. A 32-bit target has no 64-bit division, and the smallest ones have none at all.
const fn hundredth(value: u64) -> u64 {
    // A quarter, then a 25th by its reciprocal, which is too large by 11 / (25 * 2^66). Of a number below
    // 2^62 that makes less than 1/25, the least that is missing to the next whole number.
    const RECIPROCAL: u64 = 0x28F5_C28F_5C28_F5C3;
    wide_product(value >> 2, RECIPROCAL).0 >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> impl Iterator<Item = u64> {
        (0..64)
            .flat_map(|k| [(1u64 << k) - 1, 1 << k, (1 << k) + 1])
            .chain(0..=1_000)
            .chain((0..100).map(|k| u64::MAX - k))
            .chain((0..1_000u64).map(|k| k.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    #[test]
    fn a_hundredth_and_a_share_are_exact() {
        for value in values() {
            assert_eq!(hundredth(value), value / 100);
            for percent in 0..=100 {
                let exact = u128::from(value) * u128::from(percent) / 100;
                assert_eq!(u128::from(share(value, percent)), exact, "{percent} % of {value}");
            }
        }
    }

    #[test]
    fn the_ceiling_is_the_longest_delay_whose_upper_end_is_within_the_cap() {
        for cap in values() {
            for percent in [1, 25, 50, 99, 100] {
                let jitter = Jitter::PlusMinus(percent);
                let ceiling = jitter.ceiling(cap);
                let upper = |delay: u64| u128::from(delay) + u128::from(delay) * u128::from(percent) / 100;
                assert!(upper(ceiling) <= u128::from(cap), "{percent} % within {cap}");
                assert!(
                    ceiling == u64::MAX || upper(ceiling + 1) > u128::from(cap),
                    "{percent} % within {cap}"
                );
            }
        }
    }

    #[test]
    fn both_ends_are_reached_and_nothing_beyond() {
        for delay in values() {
            let half = delay / 2;
            let quarter = (u128::from(delay) * 25 / 100) as u64;
            for (jitter, least, most) in [
                (Jitter::None, delay, delay),
                (Jitter::Full, 0, delay),
                (Jitter::Equal, half, delay),
                (
                    Jitter::PlusMinus(25),
                    delay - quarter,
                    delay.saturating_add(quarter),
                ),
            ] {
                assert_eq!(jitter.spread(delay, 0), least, "{jitter:?} of {delay}");
                assert_eq!(jitter.spread(delay, u32::MAX), most, "{jitter:?} of {delay}");
                assert_eq!(jitter.most(delay), most, "{jitter:?} of {delay}");
            }
        }
    }
}
