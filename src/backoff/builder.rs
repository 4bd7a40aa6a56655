//! How a backoff is put together, and what is wrong with one that is refused.

use core::fmt;
use core::num::NonZeroU32;
use core::time::Duration;

use super::shape::{FINEST, Factor, Shape};
use super::{Backoff, Jitter};
use crate::time::Micros;

/// A [`Backoff`] in the making. Durations are rounded up to whole microseconds.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder is nothing until `build` or `try_build`"]
pub struct Builder {
    growth: Growth,
    first: Micros,
    cap: Micros,
    factor: Option<(u32, u32)>,
    jitter: Jitter,
    at_once: bool,
    max_attempts: Option<u32>,
    max_total: Option<Micros>,
    max_hint: Option<Micros>,
}

#[derive(Clone, Copy, Debug)]
enum Growth {
    Constant,
    Linear { step: Micros },
    Exponential,
    Fibonacci,
}

impl Backoff {
    /// The same delay before every retry. Zero is none at all.
    ///
    /// A constant backoff has no cap of its own: with [`Jitter::PlusMinus`] its delays lie around `delay`.
    pub const fn constant(delay: Duration) -> Builder {
        Builder::new(Growth::Constant, delay, delay)
    }

    /// `first`, then `step` longer each time, up to `cap`. `first` may be zero.
    pub const fn linear(first: Duration, step: Duration, cap: Duration) -> Builder {
        let step = Micros::from_duration(step);
        Builder::new(Growth::Linear { step }, first, cap)
    }

    /// `first`, then twice as long each time, or as [`factor`](Builder::factor) says, up to `cap`.
    pub const fn exponential(first: Duration, cap: Duration) -> Builder {
        Builder::new(Growth::Exponential, first, cap)
    }

    /// `first` times 1, 1, 2, 3, 5, 8, ... up to `cap`: each delay the sum of the two before.
    pub const fn fibonacci(first: Duration, cap: Duration) -> Builder {
        Builder::new(Growth::Fibonacci, first, cap)
    }
}

impl Builder {
    const fn new(growth: Growth, first: Duration, cap: Duration) -> Self {
        Self {
            growth,
            first: Micros::from_duration(first),
            cap: Micros::from_duration(cap),
            factor: None,
            jitter: Jitter::None,
            at_once: false,
            max_attempts: None,
            max_total: None,
            max_hint: None,
        }
    }

    /// The factor of an exponential backoff as a fraction: at least 1, of numbers up to 65,536.
    ///
    /// `factor(3, 2)` makes each delay half as long again as the one before.
    pub const fn factor(mut self, numerator: u32, denominator: u32) -> Self {
        self.factor = Some((numerator, denominator));
        self
    }

    /// How the delays are spread; [`Jitter::None`] unless this is said.
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// The first retry comes without a delay, the second after the first delay, and so on.
    pub const fn first_at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// As many attempts in all, the very first included: `max_attempts(5)` allows four retries. At least 1.
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// The most that all delays together may come to. The first that would exceed it ends the series: no delay
    /// is ever cut short. The time that the attempts take is not counted.
    pub const fn max_total(mut self, total: Duration) -> Self {
        self.max_total = Some(Micros::from_duration(total));
        self
    }

    /// The longest wait that a server may ask for, above the cap or below; the cap unless this is said.
    pub const fn max_hint(mut self, hint: Duration) -> Self {
        self.max_hint = Some(Micros::from_duration(hint));
        self
    }

    /// The finished backoff, for a `const` or a `static`, where a bad one does not compile.
    ///
    /// ```compile_fail,E0080
    /// # use core::time::Duration;
    /// # use watertight::Backoff;
    /// // error: the cap of a backoff is below its first delay
    /// const RETRY: Backoff = Backoff::exponential(Duration::from_secs(60), Duration::from_secs(1)).build();
    /// # let _ = RETRY;
    /// ```
    ///
    /// # Panics
    /// With the sentence of [`InvalidBackoff`], for what [`try_build`](Self::try_build) refuses. It is meant for
    /// `const`; at run time use `try_build`.
    pub const fn build(self) -> Backoff {
        match self.try_build() {
            Ok(backoff) => backoff,
            Err(invalid) => panic!("{}", invalid.sentence()),
        }
    }

    /// The finished backoff, for values that are known only at run time.
    ///
    /// # Errors
    /// [`InvalidBackoff`] says what is wrong. When several things are, it says the first.
    pub const fn try_build(self) -> Result<Backoff, InvalidBackoff> {
        if let Jitter::PlusMinus(0 | 101..) = self.jitter {
            return Err(InvalidBackoff::PercentOutOfRange);
        }
        if self.factor.is_some() && !matches!(self.growth, Growth::Exponential) {
            return Err(InvalidBackoff::FactorWithoutExponential);
        }
        let shape = match self.growth {
            Growth::Constant => Shape::Constant,
            Growth::Linear { step } => Shape::Linear {
                step: step.as_micros(),
            },
            Growth::Fibonacci => Shape::Fibonacci,
            Growth::Exponential => {
                let (n, d) = match self.factor {
                    Some(factor) => factor,
                    None => (2, 1),
                };
                let Some(denominator) = NonZeroU32::new(d) else {
                    return Err(InvalidBackoff::ZeroDenominator);
                };
                if n < d {
                    return Err(InvalidBackoff::FactorBelowOne);
                }
                if n > FINEST {
                    return Err(InvalidBackoff::FactorTooFine);
                }
                Shape::Exponential {
                    factor: Factor::new(n, denominator),
                }
            }
        };
        let (first, cap) = (self.first.as_micros(), self.cap.as_micros());
        if matches!(shape, Shape::Exponential { .. } | Shape::Fibonacci) && first == 0 {
            return Err(InvalidBackoff::NeverGrows);
        }
        if cap < first {
            return Err(InvalidBackoff::CapBelowFirst);
        }
        if matches!(self.jitter, Jitter::Decorrelated) {
            if !matches!(self.growth, Growth::Exponential) || self.factor.is_some() {
                return Err(InvalidBackoff::DecorrelatedShape);
            }
            if cap == first {
                return Err(InvalidBackoff::NoSpread);
            }
        }
        if let Some(0) = self.max_attempts {
            return Err(InvalidBackoff::NoAttempts);
        }
        let cap = match shape {
            Shape::Constant => self.jitter.most(cap),
            _ => cap,
        };
        Ok(Backoff {
            shape,
            first: self.first,
            cap: Micros::from_micros(cap),
            ceiling: Micros::from_micros(self.jitter.ceiling(cap)),
            jitter: self.jitter,
            at_once: self.at_once,
            max_attempts: self.max_attempts,
            max_total: self.max_total,
            max_hint: match self.max_hint {
                Some(hint) => hint,
                None => Micros::from_micros(cap),
            },
        })
    }
}

/// Why a [`Builder`] makes no [`Backoff`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidBackoff {
    /// The cap is below the first delay.
    CapBelowFirst,
    /// An exponential or fibonacci backoff starts from a delay of zero, and would stay there.
    NeverGrows,
    /// A factor was given to a backoff that is not exponential.
    FactorWithoutExponential,
    /// The factor's denominator is zero.
    ZeroDenominator,
    /// The factor is below 1.
    FactorBelowOne,
    /// The factor is made of numbers above 65,536.
    FactorTooFine,
    /// Plus/minus jitter of 0 %, or of more than 100 %.
    PercentOutOfRange,
    /// Decorrelated jitter with a shape or a factor, which it would ignore.
    DecorrelatedShape,
    /// Decorrelated jitter between a first delay and a cap that are the same.
    NoSpread,
    /// No attempt is allowed, not even the first.
    NoAttempts,
}

impl InvalidBackoff {
    const fn sentence(self) -> &'static str {
        match self {
            Self::CapBelowFirst => "the cap of a backoff is below its first delay",
            Self::NeverGrows => {
                "an exponential or fibonacci backoff cannot grow from zero: give it a first delay, and `first_at_once` for one retry without any"
            }
            Self::FactorWithoutExponential => "only an exponential backoff has a factor",
            Self::ZeroDenominator => "the factor of a backoff has the denominator zero",
            Self::FactorBelowOne => "the factor of a backoff is below 1: its delays would shrink",
            Self::FactorTooFine => "the factor of a backoff is a fraction of numbers up to 65536",
            Self::PercentOutOfRange => "plus/minus jitter takes 1 to 100 percent",
            Self::DecorrelatedShape => {
                "decorrelated jitter grows by its own rule: it goes with an exponential backoff without a factor"
            }
            Self::NoSpread => "decorrelated jitter needs a cap above the first delay",
            Self::NoAttempts => "a backoff allows at least one attempt",
        }
    }

    /// The field to change, by its name in a backoff that is read from text.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::CapBelowFirst | Self::NoSpread => "cap",
            Self::NeverGrows => "first",
            Self::FactorWithoutExponential
            | Self::ZeroDenominator
            | Self::FactorBelowOne
            | Self::FactorTooFine => "factor",
            Self::PercentOutOfRange => "percent",
            Self::DecorrelatedShape => "jitter",
            Self::NoAttempts => "max_attempts",
        }
    }
}

impl fmt::Display for InvalidBackoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for InvalidBackoff {}
