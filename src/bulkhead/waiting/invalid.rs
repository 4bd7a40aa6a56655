use core::fmt;

/// A limit that a [`Waiting`](super::Waiting) cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLimit;

impl InvalidLimit {
    pub(super) const SENTENCE: &'static str = "the limit of a bulkhead with waiters is at most 1023";
}

impl fmt::Display for InvalidLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::SENTENCE)
    }
}

impl core::error::Error for InvalidLimit {}
