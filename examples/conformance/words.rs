//! Words that several systems share: fractions, outcomes.

use core::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer};
use serde_json::Number;
use watertight::Jitter;

use super::file::Time;
use super::value;

/// A number from 0 on, as the fraction that its decimal digits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// In lowest terms.
    pub numerator: u64,
    /// Not zero.
    pub denominator: u64,
}

impl Ratio {
    /// The fraction, in lowest terms.
    pub fn new(numerator: u64, denominator: u64) -> Option<Self> {
        let (mut divisor, mut rest) = (denominator, numerator);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        Some(Self {
            numerator: numerator.checked_div(divisor)?,
            denominator: denominator.checked_div(divisor)?,
        })
    }

    /// Twice a hundredth is 2: a whole number of percent.
    ///
    /// # Errors
    /// A sentence if there are not as many.
    pub fn percent(self) -> Result<u32, String> {
        let hundred = u128::from(self.numerator) * 100;
        let whole = hundred % u128::from(self.denominator) == 0;
        let percent = u32::try_from(hundred / u128::from(self.denominator));
        match percent {
            Ok(percent) if whole => Ok(percent),
            _ => Err(format!(
                "{}/{} is not a whole number of percent",
                self.numerator, self.denominator
            )),
        }
    }

    /// A jitter of so much more or less.
    ///
    /// # Errors
    /// As [`percent`](Self::percent).
    pub fn plus_minus(self) -> Result<Jitter, String> {
        let percent = self.percent()?;
        let percent =
            u8::try_from(percent).map_err(|_| format!("a jitter of {percent} percent is too much"))?;
        Ok(Jitter::PlusMinus(percent))
    }

    /// Both numbers of the fraction as the crate takes them.
    ///
    /// # Errors
    /// A sentence if they are too large.
    pub fn pair(self) -> Result<(u32, u32), String> {
        match (u32::try_from(self.numerator), u32::try_from(self.denominator)) {
            (Ok(numerator), Ok(denominator)) => Ok((numerator, denominator)),
            _ => Err(format!(
                "{}/{} has too many digits",
                self.numerator, self.denominator
            )),
        }
    }

    /// So many a second, as a number of tokens and the span in which they come. A fraction with too many digits is
    /// that of one token to the next nanosecond.
    pub fn per_second(self) -> (u32, Duration) {
        match self.pair() {
            Ok((tokens, seconds)) => (tokens, Duration::from_secs(seconds.into())),
            Err(_) => {
                let each = u128::from(self.denominator) * 1_000_000_000 / u128::from(self.numerator.max(1));
                (1, Time { nanos: each }.duration())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Number::deserialize(deserializer)?.to_string();
        let fraction = value::decimal(&text)
            .and_then(|(digits, scale)| Self::new(u64::try_from(digits).ok()?, 10_u64.checked_pow(scale)?));
        fraction.ok_or_else(|| {
            de::Error::custom(format_args!(
                "{text} is not a number from 0 on, of at most 18 digits"
            ))
        })
    }
}

/// A part of one, uniform at random in the system that drew it: the draw that comes to the same here.
pub fn draw(unit: f64) -> u32 {
    (unit.clamp(0.0, 1.0) * f64::from(u32::MAX)).ceil() as u32
}

/// How a call ended, in the words of all systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The service did what it should.
    Success,
    /// It did not, or nobody heard of it again; or it panicked, see row S14.
    #[serde(alias = "error", alias = "panic", alias = "timeout")]
    Failure,
    /// The call says nothing about the service: an excluded error, a cancelled call.
    #[serde(
        alias = "unhandled",
        alias = "excluded",
        alias = "cancelled",
        alias = "canceled",
        alias = "neutral"
    )]
    Ignored,
}
