//! A span as text: how people write it, and how it is read back.

use core::fmt;
use core::str::FromStr;

use super::Micros;

/// Numbers with units, the longest unit first and each once: `250ms`, `1min 30s`, `1.5 h`. What
/// [`Display`](fmt::Display) writes is read back as it was.
///
/// The units are `us` (or `µs`), `ms`, `s`, `min`, `h` and `d` (24 hours). A number without a unit is refused. Decimals
/// are exact: 3 of `ms`, 6 of `s`, 7 of `min`, 8 of `h` and `d`, and more are refused unless they are zeros. Spaces may
/// stand around each number and each unit.
///
/// No panic and no allocation; the time it takes grows with the text. Not meant for hot paths: decimals cost a division
/// of 64 bits each.
///
/// ```
/// use watertight::Micros;
///
/// assert_eq!("1min 30s".parse(), Ok(Micros::from_secs(90)));
/// assert_eq!("0.25 s".parse(), Ok(Micros::from_millis(250)));
/// assert_eq!(
///     "5".parse::<Micros>().unwrap_err().to_string(),
///     "a time needs a unit after each number: us, ms, s, min, h or d"
/// );
/// ```
///
/// # Errors
/// [`InvalidMicros`] says what is wrong. When several things are, it says the first.
impl FromStr for Micros {
    type Err = InvalidMicros;

    fn from_str(text: &str) -> Result<Self, InvalidMicros> {
        let mut rest = after_spaces(text.as_bytes());
        let mut total = 0u64;
        let mut longer = u64::MAX;
        loop {
            let (whole, tail) = whole(rest)?;
            let (decimals, tail) = decimals(tail)?;
            let (unit, tail) = unit(after_spaces(tail))?;
            if unit >= longer {
                return Err(InvalidMicros::UnitsOutOfOrder);
            }
            longer = unit;
            let part = whole.and_then(|whole| whole.checked_mul(unit));
            let sum = part.and_then(|part| part.checked_add(total));
            let fraction = fraction(decimals, unit)?;
            let sum = sum.and_then(|sum| sum.checked_add(fraction));
            total = sum.ok_or(InvalidMicros::TooLong)?;
            rest = after_spaces(tail);
            if rest.is_empty() {
                return Ok(Self::from_micros(total));
            }
        }
    }
}

const MILLISECOND: u64 = 1_000;
const SECOND: u64 = 1_000 * MILLISECOND;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

fn after_spaces(mut text: &[u8]) -> &[u8] {
    while let [b' ', tail @ ..] = text {
        text = tail;
    }
    text
}

/// The number that the text begins with, if it fits, and what follows.
fn whole(text: &[u8]) -> Result<(Option<u64>, &[u8]), InvalidMicros> {
    let (digits, rest) = digits(text)?;
    let append = |number: u64, digit: &u8| number.checked_mul(10)?.checked_add(value(*digit));
    Ok((digits.iter().try_fold(0, append), rest))
}

/// The digits after a point, if there is one, and what follows.
fn decimals(text: &[u8]) -> Result<(&[u8], &[u8]), InvalidMicros> {
    match text {
        [b'.', rest @ ..] => digits(rest),
        rest => Ok((&[], rest)),
    }
}

/// At least one digit, and what follows.
fn digits(text: &[u8]) -> Result<(&[u8], &[u8]), InvalidMicros> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit());
    match text.split_at_checked(end.unwrap_or(text.len())) {
        None | Some(([], _)) => Err(InvalidMicros::NotATime),
        Some(split) => Ok(split),
    }
}

const fn value(digit: u8) -> u64 {
    digit.wrapping_sub(b'0') as u64
}

/// The microseconds that the decimals come to; less than the unit.
fn fraction(decimals: &[u8], mut unit: u64) -> Result<u64, InvalidMicros> {
    let mut sum = 0u64;
    for digit in decimals {
        let digit = value(*digit);
        if digit > 0 && (unit == 0 || unit % 10 > 0) {
            return Err(InvalidMicros::TooFine);
        }
        unit /= 10;
        sum = sum.saturating_add(digit.saturating_mul(unit));
    }
    Ok(sum)
}

/// The microseconds of the unit that the text begins with, and what follows.
fn unit(text: &[u8]) -> Result<(u64, &[u8]), InvalidMicros> {
    let (unit, rest) = match text {
        // The sign for micro, and the Greek letter, which looks the same.
        [b'u', b's', rest @ ..] | [0xC2, 0xB5, b's', rest @ ..] | [0xCE, 0xBC, b's', rest @ ..] => (1, rest),
        [b'm', b's', rest @ ..] => (MILLISECOND, rest),
        [b's', rest @ ..] => (SECOND, rest),
        [b'm', b'i', b'n', rest @ ..] => (MINUTE, rest),
        [b'h', rest @ ..] => (HOUR, rest),
        [b'd', rest @ ..] => (DAY, rest),
        [] | [b'0'..=b'9', ..] => return Err(InvalidMicros::NoUnit),
        _ => return Err(InvalidMicros::UnknownUnit),
    };
    match rest {
        [] | [b' ' | b'0'..=b'9', ..] => Ok((unit, rest)),
        _ => Err(InvalidMicros::UnknownUnit),
    }
}

/// Why a text is no [`Micros`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidMicros {
    /// There is no number where one belongs.
    NotATime,
    /// A number has no unit.
    NoUnit,
    /// There is no such unit.
    UnknownUnit,
    /// A unit comes after a shorter one, or twice.
    UnitsOutOfOrder,
    /// A number has more decimals than its unit has in whole microseconds.
    TooFine,
    /// It is longer than [`Micros::MAX`].
    TooLong,
}

impl InvalidMicros {
    const fn sentence(self) -> &'static str {
        match self {
            Self::NotATime => "a time is one or more numbers with units, such as 250ms, 30s or 1min 30s",
            Self::NoUnit => "a time needs a unit after each number: us, ms, s, min, h or d",
            Self::UnknownUnit => "the units of a time are us, ms, s, min, h and d",
            Self::UnitsOutOfOrder => "a time names its units from the longest to the shortest, each once",
            Self::TooFine => {
                "a time has more decimals than its unit has in whole microseconds: take a shorter unit"
            }
            Self::TooLong => "a time is at most 18446744073709551615us, some 584542 years",
        }
    }
}

impl fmt::Display for InvalidMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for InvalidMicros {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    #[test]
    fn is_read_as_it_is_written_by_hand() {
        for (text, micros) in [
            ("0s", 0),
            ("0 s", 0),
            ("250ms", 250_000),
            ("30s", 30_000_000),
            ("1min 30s", 90_000_000),
            ("1min30s", 90_000_000),
            ("  1 min  30 s ", 90_000_000),
            ("90min", 5_400_000_000),
            ("2h", 7_200_000_000),
            ("1d", 86_400_000_000),
            ("1d 2h 3min 4s 5ms 6us", 93_784_005_006),
            ("7us", 7),
            ("7\u{b5}s", 7),
            ("7\u{3bc}s", 7),
            ("007us", 7),
            // Exact decimals, also of each unit's last microsecond.
            ("1.5s", 1_500_000),
            ("0.001ms", 1),
            ("0.000001s", 1),
            ("0.0000001min", 6),
            ("0.00000001h", 36),
            ("0.00000001d", 864),
            ("1.50000000000000000000s", 1_500_000),
            ("3.0us", 3),
            ("1.5h 0.5s", 5_400_500_000),
            // The longest, to the microsecond.
            ("18446744073709551615us", u64::MAX),
            ("18446744073709.551615s", u64::MAX),
            ("213503982d 8h 1min 49.551615s", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Micros::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_a_sentence() {
        use InvalidMicros::{NoUnit, NotATime, TooFine, TooLong, UnitsOutOfOrder, UnknownUnit};
        for (text, why) in [
            ("", NotATime),
            ("  ", NotATime),
            ("s", NotATime),
            ("ms 5", NotATime),
            (".5s", NotATime),
            ("5.s", NotATime),
            ("-5s", NotATime),
            ("+5s", NotATime),
            ("soon", NotATime),
            ("5s later", NotATime),
            ("\u{665}s", NotATime),
            ("5s\t", UnknownUnit),
            ("5", NoUnit),
            ("0", NoUnit),
            ("1.5", NoUnit),
            ("1min 30", NoUnit),
            ("1 2s", NoUnit),
            ("5m", UnknownUnit),
            ("5S", UnknownUnit),
            ("5sec", UnknownUnit),
            ("5minutes", UnknownUnit),
            ("5ns", UnknownUnit),
            ("1,5s", UnknownUnit),
            ("1_000s", UnknownUnit),
            ("1e3s", UnknownUnit),
            ("30s 1min", UnitsOutOfOrder),
            ("1s 1s", UnitsOutOfOrder),
            ("0.5us", TooFine),
            ("0.0001ms", TooFine),
            ("0.0000015s", TooFine),
            ("0.00000001min", TooFine),
            ("0.000000001h", TooFine),
            ("0.000000001d", TooFine),
            ("1.00000000000000000001s", TooFine),
            ("18446744073709551616us", TooLong),
            ("99999999999999999999us", TooLong),
            ("999999999999999999999999s", TooLong),
            ("18446744073709552ms", TooLong),
            ("18446744073709.551616s", TooLong),
            ("18446744073709s 552ms", TooLong),
            ("213503982d 8h 1min 49.551616s", TooLong),
        ] {
            assert_eq!(text.parse::<Micros>(), Err(why), "{text:?}");
        }
        assert_eq!(
            InvalidMicros::NoUnit.to_string(),
            "a time needs a unit after each number: us, ms, s, min, h or d"
        );
    }

    #[test]
    fn every_unit_at_its_longest_and_one_beyond() {
        for (name, unit) in [
            ("us", 1),
            ("ms", MILLISECOND),
            ("s", SECOND),
            ("min", MINUTE),
            ("h", HOUR),
            ("d", DAY),
        ] {
            let most = u64::MAX / unit;
            let longest = format!("{most}{name}").parse();
            assert_eq!(longest, Ok(Micros::from_micros(most * unit)), "{name}");
            let beyond = format!("{}{name}", u128::from(most) + 1).parse::<Micros>();
            assert_eq!(beyond, Err(InvalidMicros::TooLong), "{name}");
        }
    }
}
