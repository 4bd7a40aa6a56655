//! How delays grow from one retry to the next, before cap and jitter.

use core::num::NonZeroU32;

use crate::wide::wide_product;

/// The largest number that a factor's fraction may be made of. The error of [`Factor::times_power`] rests on it.
pub(super) const FINEST: u32 = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Constant,
    Linear { step: u64 },
    Exponential { factor: Factor },
    Fibonacci,
}

impl Shape {
    /// The delay before retry `n`, counted from 0; saturates. Never shorter than the one before.
    pub(super) const fn delay(self, first: u64, n: u32) -> u64 {
        match self {
            Self::Constant => first,
            Self::Linear { step } => first.saturating_add(step.saturating_mul(n as u64)),
            Self::Exponential { factor } => factor.times_power(first, n),
            Self::Fibonacci => first.saturating_mul(fibonacci(n)),
        }
    }
}

/// 1, 1, 2, 3, 5, ... from `n` = 0; saturates from 93 on.
const fn fibonacci(n: u32) -> u64 {
    if n >= 93 {
        return u64::MAX;
    }
    let (mut this, mut next) = (1u64, 1u64);
    let mut i = 0;
    while i < n {
        // The last `next`, which nobody looks at, is the one that would not fit.
        (this, next) = (next, next.wrapping_add(this));
        i += 1;
    }
    this
}

/// A growth factor: a fraction of at least 1, of numbers up to [`FINEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Factor {
    pub(super) numerator: u32,
    pub(super) denominator: u32,
    power: Power,
}

/// `mantissa` * 2^(`exponent` - 63), the mantissa with its top bit set: at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Power {
    mantissa: u64,
    exponent: u32,
}

impl Factor {
    /// The caller has checked that `denominator` <= `numerator` <= [`FINEST`].
    pub(super) const fn new(numerator: u32, denominator: NonZeroU32) -> Self {
        let divisor = denominator.get() as u64;
        let whole = numerator as u64 / divisor;
        // 64 bits behind the point, 32 at a time.
        let first = (numerator as u64 % divisor) << 32;
        let second = (first % divisor) << 32;
        let fraction = ((first / divisor) << 32) | (second / divisor);
        // At least 1 as it is, which the compiler cannot know.
        let exponent = 63 - (whole | 1).leading_zeros();
        let mantissa = whole << (63 - exponent) | fraction >> exponent >> 1;
        Self {
            numerator,
            denominator: denominator.get(),
            power: Power { mantissa, exponent },
        }
    }

    /// `first` times the factor to the power `n`, to the nearest whole number; saturates.
    ///
    /// Below the cap the result is off the exact value by at most 1/2 and 2^-40 of it: the mantissa of the
    /// factor and of each product is cut after 64 bits, which loses less than 2^-63 of it, and a power is made of
    /// its base 2n - 1 cuts deep. No power above n = 2^21.5 matters: 65536/65535, the smallest factor above 1, has by
    /// then grown beyond 2^64. As that factor is above 1 + 2^-16, the powers never fall from one to the next.
    ///
    /// At most 31 squarings, 31 multiplications by the factor, and one by `first`.
    const fn times_power(self, first: u64, n: u32) -> u64 {
        match self.power.raised(n) {
            Some(power) => power.times(first),
            None if first == 0 => 0,
            None => u64::MAX,
        }
    }

    /// `first` times the factor to the power `n` with 32 bits behind the point, cut; for results below 2^64 only.
    pub(super) const fn times_power_fixed(self, first: u64, n: u32) -> u128 {
        match self.power.raised(n) {
            Some(power) => {
                let product = first as u128 * power.mantissa as u128;
                match power.exponent {
                    0..31 => product >> (31 - power.exponent),
                    up => product << (up - 31),
                }
            }
            None => (u64::MAX as u128) << 32,
        }
    }
}

impl Power {
    const ONE: Self = Self {
        mantissa: 1 << 63,
        exponent: 0,
    };

    /// To the power `n`, by its bits from the top; `None` from 2^64 on.
    const fn raised(self, n: u32) -> Option<Self> {
        if n == 0 {
            return Some(Self::ONE);
        }
        let mut power = self;
        let mut bit = n.ilog2();
        while bit > 0 {
            bit -= 1;
            power = power.product(power);
            if n >> bit & 1 == 1 {
                power = power.product(self);
            }
            if power.exponent >= 64 {
                return None;
            }
        }
        Some(power)
    }

    const fn product(self, other: Self) -> Self {
        let (high, low) = wide_product(self.mantissa, other.mantissa);
        let exponent = self.exponent + other.exponent;
        if high >> 63 == 1 {
            Self {
                mantissa: high,
                exponent: exponent + 1,
            }
        } else {
            Self {
                mantissa: high << 1 | low >> 63,
                exponent,
            }
        }
    }

    /// `by` times this, to the nearest whole number, halves up; saturates.
    const fn times(self, by: u64) -> u64 {
        let (high, low) = wide_product(by, self.mantissa);
        let shift = 63 - self.exponent;
        if shift == 0 {
            return if high == 0 { low } else { u64::MAX };
        }
        let (low, carry) = low.overflowing_add(1 << (shift - 1));
        let high = high + carry as u64;
        if high >> shift == 0 {
            high << (64 - shift) | low >> shift
        } else {
            u64::MAX
        }
    }
}
