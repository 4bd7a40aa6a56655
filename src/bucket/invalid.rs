use core::fmt;

/// Why a [`Quota`](super::Quota) cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidQuota {
    /// The burst is 0 or too large.
    Burst,
    /// More tokens at first than the bucket holds.
    Initial,
    /// The span is zero or too long.
    Span,
    /// More than the bucket can count in a microsecond.
    TooFast,
    /// In the longest wait comes more than the bucket can count.
    LongestWait,
    /// The bucket would take tens of thousands of years to fill.
    TooSlow,
    /// The burst alone is more than the window may have.
    BurstOverWindow,
    /// The most that an [`AdjustableQuota`](super::AdjustableQuota) may have of a burst is none, or too many.
    MostBurst,
    /// The most that an [`AdjustableQuota`](super::AdjustableQuota) may have of a rate is more than it can count.
    MostRate,
    /// A burst of none, or above the most that an [`AdjustableQuota`](super::AdjustableQuota) may have.
    BurstOverMost,
    /// A rate above the most that an [`AdjustableQuota`](super::AdjustableQuota) may have.
    RateOverMost,
    /// A rate so far below the most that an [`AdjustableQuota`](super::AdjustableQuota) may have that the drops which
    /// serve that are too coarse for it.
    TooSlowToAdjust,
}

impl InvalidQuota {
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::Burst => {
                "a token bucket holds 1 to 268435456 tokens: say .burst(n), where no number of tokens stands for it"
            }
            Self::Initial => "a token bucket has at first at most as many tokens as it holds",
            Self::Span => "the span of a rate is longer than zero and at most 407 days",
            Self::TooFast => "a token bucket gets at most 8 tokens a microsecond",
            Self::LongestWait => {
                "so many tokens drip in during the longest wait that a token bucket cannot count them: shorten it"
            }
            Self::TooSlow => {
                "a token bucket that takes 18000 years to fill cannot count that long: make its burst smaller"
            }
            Self::BurstOverWindow => {
                "a window that has at most so many tokens has a burst of at most so many"
            }
            Self::MostBurst => "the most of an adjustable burst is 1 to 2097152 tokens",
            Self::MostRate => "the most of an adjustable rate is one token a microsecond",
            Self::BurstOverMost => {
                "an adjustable burst is at least 1 and at most what was said to be its most"
            }
            Self::RateOverMost => "an adjustable rate is at most what was said to be its most",
            Self::TooSlowToAdjust => {
                "this rate is so far below the most of an adjustable one that it cannot be kept exactly: lower that, or its burst"
            }
        }
    }
}

impl fmt::Display for InvalidQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for InvalidQuota {}
