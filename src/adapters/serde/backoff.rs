//! A backoff.

use core::fmt;
use core::time::Duration;

use serde::de::{Deserializer, Error, Visitor};

use super::tables::{Fields, table};
use super::values::{Number, Place, Text, Value};
use crate::backoff::{Backoff, Jitter};
use crate::time::Micros;

/// A factor, as numerator and denominator.
struct Factor(u32, u32);

struct NumberOrFraction(Place<'static>);

impl Visitor<'_> for NumberOrFraction {
    type Value = Factor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .expects("a whole number, or a fraction as text, such as \"3/2\"", f)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Factor, E> {
        Ok(Factor(Number(self.0).fit(number)?, 1))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Factor, E> {
        Ok(Factor(Number(self.0).fit(number)?, 1))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Factor, E> {
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        // Only digits: `parse` would take a plus sign too.
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        match (numerator.parse(), denominator.parse()) {
            (Ok(n), Ok(d)) if digits(numerator) && digits(denominator) => Ok(Factor(n, d)),
            _ => Err(self
                .0
                .error("a factor as text is a whole number or a fraction of two, such as 3/2")),
        }
    }
}

impl Value for Factor {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error> {
        from.deserialize_any(NumberOrFraction(place))
    }
}

#[derive(Clone, Copy)]
enum Shape {
    Constant,
    Linear,
    Exponential,
    Fibonacci,
}

impl Value for Shape {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error> {
        from.deserialize_str(Text {
            place,
            what: "\"constant\", \"linear\", \"exponential\" or \"fibonacci\"",
            meaning: |text| match text {
                "constant" => Ok(Self::Constant),
                "linear" => Ok(Self::Linear),
                "exponential" => Ok(Self::Exponential),
                "fibonacci" => Ok(Self::Fibonacci),
                _ => Err("the shapes are constant, linear, exponential and fibonacci"),
            },
        })
    }
}

/// Of plus/minus the percentage is another field, and not yet known.
impl Value for Jitter {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error> {
        from.deserialize_str(Text {
            place,
            what: "\"none\", \"full\", \"equal\", \"decorrelated\" or \"plus_minus\"",
            meaning: |text| match text {
                "none" => Ok(Self::None),
                "full" => Ok(Self::Full),
                "equal" => Ok(Self::Equal),
                "decorrelated" => Ok(Self::Decorrelated),
                "plus_minus" => Ok(Self::PlusMinus(0)),
                _ => Err("the jitters are none, full, equal, decorrelated and plus_minus"),
            },
        })
    }
}

table!(BackoffFields {
    shape: Shape,
    delay: Micros,
    first: Micros,
    step: Micros,
    cap: Micros,
    factor: Factor,
    jitter: Jitter,
    percent: u32,
    first_at_once: bool,
    max_attempts: u32,
    max_total: Micros,
    max_hint: Micros,
});

impl Value for Backoff {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error> {
        let mut said: BackoffFields = Fields::read(from, "Backoff", place, "a backoff by its fields")?;
        let needs = |field, time: &mut Option<Micros>| -> Result<Duration, D::Error> {
            Ok(place.then(field).needs(time.take())?.as_duration())
        };
        let mut builder = match place.then("shape").needs(said.shape)? {
            Shape::Constant => Self::constant(needs("delay", &mut said.delay)?),
            Shape::Linear => Self::linear(
                needs("first", &mut said.first)?,
                needs("step", &mut said.step)?,
                needs("cap", &mut said.cap)?,
            ),
            Shape::Exponential => {
                Self::exponential(needs("first", &mut said.first)?, needs("cap", &mut said.cap)?)
            }
            Shape::Fibonacci => {
                Self::fibonacci(needs("first", &mut said.first)?, needs("cap", &mut said.cap)?)
            }
        };
        // The shape has taken what it needs.
        for (field, time) in [
            ("delay", said.delay),
            ("first", said.first),
            ("step", said.step),
            ("cap", said.cap),
        ] {
            if time.is_some() {
                return Err(place
                    .then(field)
                    .error("a backoff of this shape has no such field"));
            }
        }
        if let Some(Factor(numerator, denominator)) = said.factor {
            builder = builder.factor(numerator, denominator);
        }
        builder = builder.jitter(match (said.jitter.unwrap_or_default(), said.percent) {
            (Jitter::PlusMinus(_), percent) => {
                let percent = place.then("percent").needs(percent)?;
                // What does not fit is as much out of range as the largest that does.
                Jitter::PlusMinus(percent.try_into().unwrap_or(u8::MAX))
            }
            (_, Some(_)) => {
                let place = place.then("percent");
                return Err(place.error("only the jitter plus_minus has a percentage"));
            }
            (jitter, None) => jitter,
        });
        if said.first_at_once == Some(true) {
            builder = builder.first_at_once();
        }
        if let Some(attempts) = said.max_attempts {
            builder = builder.max_attempts(attempts);
        }
        if let Some(total) = said.max_total {
            builder = builder.max_total(total.as_duration());
        }
        if let Some(hint) = said.max_hint {
            builder = builder.max_hint(hint.as_duration());
        }
        builder
            .try_build()
            .map_err(|invalid| place.then(invalid.field()).error(invalid))
    }
}
