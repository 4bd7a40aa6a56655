//! What was expected and what was got: how the two are compared.

use core::fmt;

use serde_json::{Number, Value};

/// What a primitive shows under a name.
#[derive(Clone, Debug, PartialEq)]
pub enum Got {
    /// Yes or no.
    Flag(bool),
    /// A count.
    Whole(i128),
    /// A rate, or a time in a unit that it is not a whole number of.
    Real(f64),
    /// A word.
    Text(String),
    /// One after the other.
    List(Vec<Self>),
    /// That there is none.
    Null,
}

impl Got {
    /// A span in milliseconds.
    pub fn millis(micros: u64) -> Self {
        Self::Real(micros as f64 / 1e3)
    }

    fn number(&self) -> Option<f64> {
        match *self {
            Self::Whole(whole) => Some(whole as f64),
            Self::Real(real) => Some(real),
            _ => None,
        }
    }
}

impl From<bool> for Got {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Got {
    fn from(count: u32) -> Self {
        Self::Whole(count.into())
    }
}

impl From<&str> for Got {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Real(real) => write!(f, "{real}"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::List(list) => {
                let items: Vec<_> = list.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Null => f.write_str("null"),
        }
    }
}

/// The ends of a range, each of which may be left out.
const ENDS: [&str; 4] = ["gt", "lt", "ge", "le"];

/// How far off a number with a fraction may be where nothing is said: a part in a million.
const RELATIVE: f64 = 1e-6;

/// Says what is wrong with something to be expected, if it could never be compared.
pub fn check(expected: &Value) -> Result<(), String> {
    match expected {
        Value::Object(range) => {
            if range.is_empty() {
                return Err("expects a range without an end".into());
            }
            for (end, limit) in range {
                if !ENDS.contains(&end.as_str()) {
                    return Err(format!(
                        "expects a range with the end '{end}': there are gt, lt, ge and le"
                    ));
                }
                if !limit.is_number() {
                    return Err(format!("expects a range whose end '{end}' is not a number"));
                }
            }
            Ok(())
        }
        Value::Array(list) => list.iter().try_for_each(check),
        _ => Ok(()),
    }
}

/// Whether `got` is what was expected; numbers within `tol`.
pub fn satisfies(expected: &Value, got: &Got, tol: Option<f64>) -> bool {
    match (expected, got) {
        (Value::Null, Got::Null) => true,
        (Value::Bool(expected), Got::Flag(got)) => expected == got,
        (Value::Number(expected), got) => is_near(expected, got, tol),
        (Value::String(expected), Got::Text(got)) => expected == got,
        // Beyond what a JSON number keeps: exactly.
        (Value::String(expected), Got::Whole(got)) => expected.parse::<i128>() == Ok(*got),
        (Value::Object(range), got) => got
            .number()
            .is_some_and(|got| range.iter().all(|(end, limit)| is_within(got, end, limit))),
        (Value::Array(expected), Got::List(got)) => {
            expected.len() == got.len()
                && expected
                    .iter()
                    .zip(got)
                    .all(|(expected, got)| satisfies(expected, got, tol))
        }
        _ => false,
    }
}

/// Whether the two can be compared at all: of a number there may be none, and a word may stand for a number.
pub fn is_of_kind(expected: &Value, got: &Got) -> bool {
    match got {
        Got::Flag(_) => expected.is_boolean(),
        Got::List(_) => expected.is_array(),
        Got::Whole(_) | Got::Real(_) | Got::Text(_) | Got::Null => {
            !expected.is_boolean() && !expected.is_array()
        }
    }
}

fn is_near(expected: &Number, got: &Got, tol: Option<f64>) -> bool {
    if let (Some(expected), Got::Whole(got), None) = (expected.as_i128(), got, tol) {
        return expected == *got;
    }
    let (Some(wanted), Some(got)) = (expected.as_f64(), got.number()) else {
        return false;
    };
    let off = match tol {
        Some(tol) => tol,
        None if expected.is_f64() => RELATIVE * wanted.abs(),
        None => 0.0,
    };
    (got - wanted).abs() <= off
}

fn is_within(got: f64, end: &str, limit: &Value) -> bool {
    let Some(limit) = limit.as_f64() else {
        return false;
    };
    match end {
        "gt" => got > limit,
        "lt" => got < limit,
        "ge" => got >= limit,
        "le" => got <= limit,
        _ => false,
    }
}

/// A decimal number as digits and how many of them stand behind the point: `-1.25` is -125 and 2.
pub fn decimal(text: &str) -> Option<(i128, u32)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = format!("{whole}{fraction}").parse::<i128>().ok()?;
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    match u32::try_from(scale) {
        Ok(scale) if scale <= 30 => Some((digits, scale)),
        Ok(_) => None,
        Err(_) => Some((digits.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?, 0)),
    }
}
