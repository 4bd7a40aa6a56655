//! Why a call was refused, and when to come back: the one refusal that every primitive answers with.

use core::fmt;

use crate::passage::Passage;
use crate::time::Micros;

/// A refusal: why, and where time alone can end it, when.
///
/// When to come back is worked out when it is asked for.
#[derive(Clone, Copy)]
pub struct Rejected(Told);

/// Why, and from what it is worked out when. The reason twice, so that neither takes more room than it must.
#[derive(Clone, Copy)]
enum Told {
    Known(Reason, RetryAfter),
    /// When this is over.
    Over(Reason, Passage),
}

/// What refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The circuit breaker is open: its cool-down is not over.
    Open,
    /// The circuit breaker is half-open, and as many probes as it admits at a time are under way.
    ProbesInFlight,
    /// The circuit breaker has just closed again, and does not admit all calls yet.
    Recovering,
    /// Somebody forced the circuit breaker open.
    ForcedOpen,
    /// The token bucket has not as many tokens now, or within the longest wait.
    RateLimited,
    /// More tokens were asked for at a time than the token bucket ever holds.
    MoreThanBurst,
    /// All places of the bulkhead are taken, or too many for what was asked.
    Full,
    /// The bulkhead has places left, and none that this class of calls may take.
    ShareFull,
    /// More places were asked for than the bulkhead has for this class of calls, as long as its limit is what it is.
    MoreThanLimit,
    /// All places of the bulkhead are taken, and all seats for those who wait for one.
    RoomFull,
}

/// When the same call, with nobody else calling, would be admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryAfter {
    /// Once this much time has passed (zero: the next call is admitted), counted from the clock reading of the refused call; not a microsecond
    /// earlier.
    In(Micros),
    /// When a call that is now under way has reported and so made room; and where a time is given, by then even if
    /// none does.
    OnRelease(Option<Micros>),
    /// Never, however long one waits.
    Never,
}

impl Rejected {
    pub(crate) const fn new(reason: Reason, retry_after: RetryAfter) -> Self {
        Self(Told::Known(reason, retry_after))
    }

    /// To come back when that is over, if it ever is.
    #[inline]
    pub(crate) const fn until(reason: Reason, passage: Passage) -> Self {
        Self(Told::Over(reason, passage))
    }

    /// What refused the call.
    pub const fn reason(&self) -> Reason {
        match self.0 {
            Told::Known(reason, _) | Told::Over(reason, _) => reason,
        }
    }

    /// When to come back. Where that takes a division, it is made here, and not when the call was refused.
    pub const fn retry_after(&self) -> RetryAfter {
        match self.0 {
            Told::Known(_, retry_after) => retry_after,
            Told::Over(_, passage) => match passage.takes() {
                Some(wait) => RetryAfter::In(wait),
                None => RetryAfter::Never,
            },
        }
    }
}

/// Equal if they say the same.
impl PartialEq for Rejected {
    fn eq(&self, other: &Self) -> bool {
        self.reason() == other.reason() && self.retry_after() == other.retry_after()
    }
}

impl Eq for Rejected {}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("reason", &self.reason())
            .field("retry_after", &self.retry_after())
            .finish()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "the circuit breaker is open",
            Self::ProbesInFlight => "the circuit breaker is half-open and its probes are under way",
            Self::Recovering => "the circuit breaker is recovering and admits only a share of the calls",
            Self::ForcedOpen => "the circuit breaker is forced open",
            Self::RateLimited => "the token bucket has too few tokens",
            Self::MoreThanBurst => "the token bucket never holds so many tokens at a time",
            Self::Full => "the bulkhead is full",
            Self::ShareFull => "the share of the bulkhead that is for such calls is full",
            Self::MoreThanLimit => "the bulkhead has not so many places for such calls",
            Self::RoomFull => "the bulkhead is full, and so is its waiting room",
        })
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(wait) => write!(f, "retry in {wait}"),
            Self::OnRelease(None) => f.write_str("retry when a call that is under way has reported"),
            Self::OnRelease(Some(wait)) => {
                write!(
                    f,
                    "retry when a call that is under way has reported, or in {wait}"
                )
            }
            Self::Never => f.write_str("waiting does not help"),
        }
    }
}

/// Reads as a sentence: `the circuit breaker is open: retry in 12 s`.
impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason(), self.retry_after())
    }
}

impl core::error::Error for Rejected {}

/// What a guarded call returns when it does not return its value: the refusal, or the call's own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The call was not made.
    Rejected(Rejected),
    /// The call was made and failed with this.
    Inner(E),
}

impl<E> From<Rejected> for Error<E> {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for Error<E> {
    // Both print the sentence of what they hold, so the chain goes on behind it.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Rejected(_) => None,
            Self::Inner(error) => error.source(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::error::Error as _;
    use std::string::ToString;

    #[test]
    fn a_refusal_reads_as_a_sentence() {
        let sentences = [
            (
                Reason::Open,
                RetryAfter::In(Micros::from_secs(12)),
                "the circuit breaker is open: retry in 12 s",
            ),
            (
                Reason::ProbesInFlight,
                RetryAfter::OnRelease(Some(Micros::from_millis(250))),
                "the circuit breaker is half-open and its probes are under way: retry when a call that is under way has reported, or in 250 ms",
            ),
            (
                Reason::Open,
                RetryAfter::Never,
                "the circuit breaker is open: waiting does not help",
            ),
        ];
        for (reason, retry_after, sentence) in sentences {
            let rejected = Rejected::new(reason, retry_after);
            assert_eq!(rejected.to_string(), sentence);
            assert_eq!(Error::<core::fmt::Error>::from(rejected).to_string(), sentence);
        }
    }

    #[test]
    fn the_chain_of_errors_goes_on_behind_the_calls_own() {
        #[derive(Debug)]
        struct Outer(core::fmt::Error);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outer")
            }
        }
        impl core::error::Error for Outer {
            fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let inner = Error::Inner(Outer(core::fmt::Error));
        assert_eq!(inner.to_string(), "outer");
        assert_eq!(inner.source().unwrap().to_string(), core::fmt::Error.to_string());
        assert!(
            Error::<Outer>::Rejected(Rejected::new(Reason::Open, RetryAfter::Never))
                .source()
                .is_none()
        );
    }
}
