//! How a call ended, as its caller says.

use crate::time::Micros;

/// How a call ended: what a classifier answers, see [`Breaker::call_classified`](super::Breaker::call_classified).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service did what it should.
    Success,
    /// The service failed.
    Failure,
    /// It failed, and asked to be left alone for this long: if the failure opens the breaker, it stays open for at least
    /// that long, up to the [`max_hint`](crate::backoff::Builder::max_hint) of the configured cool-down.
    FailureRetryAfter(Micros),
    /// It says nothing about the service, as when the caller's own request was wrong: as if the call had never been made.
    Ignored,
}

impl Outcome {
    /// `Ok` is a success, `Err` a failure.
    pub const fn of<T, E>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(_) => Self::Failure,
        }
    }

    /// Whether the service failed.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failure | Self::FailureRetryAfter(_))
    }

    /// For how long the service asked to be left alone; zero if it did not say.
    pub const fn hint(self) -> Micros {
        match self {
            Self::FailureRetryAfter(wait) => wait,
            _ => Micros::ZERO,
        }
    }
}
