use core::fmt;
use core::time::Duration;

/// A span of time in whole microseconds, from 0 to 2^64 - 1 (584,542 years).
///
/// Arithmetic saturates at both ends. [`Micros::MAX`] also stands for everything longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(u64);

impl Micros {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span.
    pub const MAX: Self = Self(u64::MAX);

    /// A span of `micros` microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A span of `millis` milliseconds; saturates at [`Micros::MAX`].
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A span of `secs` seconds; saturates at [`Micros::MAX`].
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// A [`Duration`], rounded *up* to a whole microsecond, so that a wait is never shorter than what was
    /// asked for; saturates at [`Micros::MAX`].
    pub const fn from_duration(duration: Duration) -> Self {
        // Not `as_micros`, which multiplies in 128 bits and rounds down.
        let whole = duration.as_secs().saturating_mul(1_000_000);
        let rest = duration.subsec_nanos().div_ceil(1_000);
        Self(whole.saturating_add(rest as u64))
    }

    /// The number of microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The same span as a [`Duration`]; exact.
    pub const fn as_duration(self) -> Duration {
        Duration::from_micros(self.0)
    }

    /// The sum; saturates at [`Micros::MAX`].
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; saturates at zero.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The span `times` times; saturates at [`Micros::MAX`].
    pub const fn saturating_mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// The shorter of the two.
    pub const fn min(self, other: Self) -> Self {
        if self.0 < other.0 { self } else { other }
    }

    /// The longer of the two.
    pub const fn max(self, other: Self) -> Self {
        if self.0 > other.0 { self } else { other }
    }
}

/// As [`Micros::from_duration`]: rounded up, saturating.
impl From<Duration> for Micros {
    fn from(duration: Duration) -> Self {
        Self::from_duration(duration)
    }
}

/// As [`Micros::as_duration`]: exact.
impl From<Micros> for Duration {
    fn from(micros: Micros) -> Self {
        micros.as_duration()
    }
}

/// Whole seconds as `12 s`, whole milliseconds as `1500 ms`, anything else as `1234567 us`. Exact: parsed, it is the
/// same span again.
impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0 s"),
            us if us % 1_000_000 == 0 => write!(f, "{} s", us / 1_000_000),
            us if us % 1_000 == 0 => write!(f, "{} ms", us / 1_000),
            us => write!(f, "{us} us"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn durations_round_up_and_saturate() {
        for (duration, micros) in [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1), 1),
            (Duration::from_nanos(1_000), 1),
            (Duration::from_nanos(1_001), 2),
            (Duration::new(1, 999_999_999), 2_000_000),
            (Duration::from_micros(u64::MAX), u64::MAX),
            (
                Duration::from_micros(u64::MAX) + Duration::from_nanos(1),
                u64::MAX,
            ),
            (Duration::MAX, u64::MAX),
        ] {
            assert_eq!(
                Micros::from_duration(duration).as_micros(),
                micros,
                "{duration:?}"
            );
        }
        assert_eq!(Micros::MAX.as_duration(), Duration::from_micros(u64::MAX));
        assert_eq!(Micros::from_duration(Micros::MAX.as_duration()), Micros::MAX);
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Micros::from_secs(u64::MAX), Micros::MAX);
        assert_eq!(Micros::from_millis(u64::MAX), Micros::MAX);
        assert_eq!(Micros::MAX.saturating_add(Micros::from_micros(1)), Micros::MAX);
        assert_eq!(Micros::ZERO.saturating_sub(Micros::from_micros(1)), Micros::ZERO);
        assert_eq!(Micros::MAX.saturating_mul(2), Micros::MAX);
    }

    #[test]
    fn reads_in_the_largest_whole_unit() {
        for (micros, text) in [
            (0, "0 s"),
            (12_000_000, "12 s"),
            (1_500_000, "1500 ms"),
            (7, "7 us"),
        ] {
            assert_eq!(Micros::from_micros(micros).to_string(), text);
        }
    }
}
