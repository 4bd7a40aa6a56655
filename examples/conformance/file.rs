//! The format: a file of cases, each of them steps with times, operations and what is expected of them.
//!
//! `tests/vectors/FORMAT.md` describes it. What is wrong with a file is found here, before anything runs, and said
//! with its place.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::value;

/// What a system said under names: a configuration, arguments, expectations.
pub type Said = Map<String, Value>;

/// A file of cases.
#[derive(Debug, Deserialize)]
pub struct File {
    /// Where the cases are from, and under which licences; for readers.
    #[serde(default, rename = "meta")]
    _meta: Value,
    /// The cases.
    #[serde(rename = "vectors")]
    pub cases: Vec<Case>,
}

/// One case: a primitive, as a system configures it, and what it does step by step. What else it says is for readers.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its name in all reports.
    pub id: String,
    /// What it is about: `circuit_breaker`, say.
    pub primitive: String,
    /// Who is to satisfy it.
    pub portability: Portability,
    /// Whose words the configuration is in.
    #[serde(default)]
    pub dialect: String,
    /// The configuration, in these words.
    #[serde(default)]
    pub config: Said,
    /// What is done, in this order.
    pub steps: Vec<Step>,
}

/// Who is to satisfy a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Portability {
    /// Every sound implementation.
    Core,
    /// Whoever chose as this system did.
    Dialect,
    /// Nobody: it shows what not to do, and its note says what is right.
    Hazard,
}

/// One operation at one time, and what it must show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, from 0 on.
    pub at_ms: Time,
    /// What is done.
    pub op: String,
    /// With what.
    #[serde(default)]
    pub args: Said,
    /// What must show afterwards, under each name; other names are free.
    pub expect: Said,
    /// How far off a number may be.
    pub tol: Option<f64>,
    /// For readers.
    #[serde(default, rename = "note")]
    _note: Value,
}

/// A time or a span in milliseconds, to the nanosecond: a number, or a decimal string where it is a large one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// In nanoseconds.
    pub nanos: u128,
}

impl Time {
    /// The latest at which anything is done: no clock that begins near its own zero comes round before.
    const LATEST: Self = Self {
        nanos: (1 << 63) * 1_000,
    };

    /// Whole microseconds; what is finer is cut, as a clock of microseconds does.
    pub const fn micros(self) -> u64 {
        let micros = self.nanos / 1_000;
        if micros < u64::MAX as u128 {
            micros as u64
        } else {
            u64::MAX
        }
    }

    /// The same as a span.
    pub fn duration(self) -> Duration {
        let seconds = u64::try_from(self.nanos / 1_000_000_000).unwrap_or(u64::MAX);
        Duration::new(seconds, (self.nanos % 1_000_000_000) as u32)
    }

    fn of_decimal(text: &str) -> Option<Self> {
        let (digits, scale) = value::decimal(text)?;
        // 10^-scale milliseconds each: to nanoseconds.
        let nanos = match scale {
            0..=6 => digits.checked_mul(10_i128.pow(6 - scale))?,
            _ => digits / 10_i128.pow(scale - 6),
        };
        Some(Self {
            nanos: u128::try_from(nanos).ok()?,
        })
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(Number),
            Text(String),
        }
        let text = match Written::deserialize(deserializer) {
            Ok(Written::Number(number)) => number.to_string(),
            Ok(Written::Text(text)) => text,
            Err(_) => return Err(de::Error::custom("a time is a number of milliseconds")),
        };
        Self::of_decimal(&text).ok_or_else(|| {
            de::Error::custom(format_args!("'{text}' is not a time in milliseconds from 0 on"))
        })
    }
}

/// Any JSON in which no object has a name twice: of two expectations under one name, only the last would count.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while let Some(Self) = list.next_element()? {}
        Ok(Self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, Self)) = object.next_entry::<String, Self>()? {
            if names.contains(&name) {
                return Err(de::Error::custom(format_args!(
                    "the name '{name}' is given twice"
                )));
            }
            names.insert(name);
        }
        Ok(Self)
    }
}

/// Why there is nothing to run, with the place.
#[derive(Debug)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Malformed`] if it cannot be read, or is not in the format.
    pub fn read(path: &Path) -> Result<Self, Malformed> {
        let text = fs::read_to_string(path)
            .map_err(|error| Malformed(format!("cannot read '{}': {error}", path.display())))?;
        Self::parse(&text).map_err(|Malformed(error)| Malformed(format!("{}: {error}", path.display())))
    }

    /// Takes a text for such a file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed = |error: serde_json::Error| Malformed(error.to_string());
        let Unambiguous = serde_json::from_str(text).map_err(malformed)?;
        let file: Self = serde_json::from_str(text).map_err(malformed)?;
        if file.cases.is_empty() {
            return Err(Malformed("there are no cases".into()));
        }
        let mut ids = BTreeSet::new();
        for case in &file.cases {
            if case.id.trim().is_empty() || case.id.contains(char::is_control) {
                return Err(Malformed(format!("{:?} is no name of a case", case.id)));
            }
            if !ids.insert(&case.id) {
                return Err(Malformed(format!("two cases are called '{}'", case.id)));
            }
            if case.steps.is_empty() {
                return Err(Malformed(format!("{}: there are no steps", case.id)));
            }
            for (number, step) in case.steps.iter().enumerate() {
                step.check()
                    .map_err(|error| Malformed(format!("{}, step {number}: {error}", case.id)))?;
            }
        }
        Ok(file)
    }
}

impl Step {
    fn check(&self) -> Result<(), String> {
        if self.at_ms > Time::LATEST {
            return Err("'at_ms' is at most 2^63 microseconds".into());
        }
        if self.tol.is_some_and(|tol| !(tol.is_finite() && tol >= 0.0)) {
            return Err("'tol' is a number from 0 on".into());
        }
        for (key, expected) in &self.expect {
            value::check(expected).map_err(|error| format!("'{key}' {error}"))?;
        }
        Ok(())
    }
}
