//! The format: a file of cases, each of them steps with times, operations and what is expected of them.
//!
//! `tests/vectors/FORMAT.md` describes it. What is wrong with a file is found here, before anything runs, and said with its place.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::de::{self, Deserializer};
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

/// One case: a primitive, as a system configures it, and what it does step by step.
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
    /// Whole microseconds; what is finer is cut, as a clock of microseconds does.
    pub const fn micros(self) -> u64 {
        (self.nanos / 1_000) as u64
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
        let file: Self = serde_json::from_str(text).map_err(|error| Malformed(error.to_string()))?;
        let mut ids = BTreeSet::new();
        for case in &file.cases {
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
        if self.tol.is_some_and(|tol| !(tol.is_finite() && tol >= 0.0)) {
            return Err("'tol' is a number from 0 on".into());
        }
        for (key, expected) in &self.expect {
            value::check(expected).map_err(|error| format!("'{key}' {error}"))?;
        }
        Ok(())
    }
}
