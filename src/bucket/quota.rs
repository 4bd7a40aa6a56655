//! How a bucket is told what to keep to.

use core::time::Duration;

use super::InvalidQuota;
use super::adjustable::quota::AdjustableQuota;
use super::rate::Rate;
use super::terms::{Fixed, Wanted};
use super::word::Real;
use crate::time::Micros;

/// How many tokens, how fast, and how many at once: checked and ready, plain data that can live in flash and serve
/// any number of buckets.
///
/// ```
/// use core::time::Duration;
/// use watertight::Quota;
///
/// static UPLOADS: Quota = Quota::per(600, Duration::from_secs(60 * 60)).burst(20).build();
/// ```
///
/// # Exact
///
/// Every rate is kept exactly: what is rounded off, downward, is less than a part of a token in 35 years that any
/// clock could tell (2^-65 *drops* a microsecond). A bucket counts in drops, whose number per token is chosen so that
/// a microsecond brings a whole number of them, if there is such a number up to 2^28 for the burst and 8 for a
/// microsecond; then every token comes in the microsecond in which it is due.
///
/// Where there is none (the burst takes more than about four minutes to fill, or the rate is an odd one, such as
/// 1,316 per second), a drop is a part of a microsecond's own, or several of them: at most a 2^27th of the time in
/// which the bucket fills, 27 us for an hour. A token comes up to a drop later then, never earlier, when the bucket
/// has been full: of a burst that is taken one by one in one microsecond, the last may have to wait so long. The
/// first one of a bucket that begins with less than the burst may come up to a drop earlier; no window gets more than
/// it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub(super) terms: Fixed<Real>,
}

impl Quota {
    /// `tokens` a second, up to 8,000,000. Zero is a rate too: what there is at first, and no more.
    ///
    /// If nothing else is said, the burst is `tokens` too.
    pub const fn per_second(tokens: u32) -> Builder {
        Self::per(tokens, Duration::from_secs(1))
    }

    /// `tokens` in every `span`, which is at most 407 days (2^45 us) and may be a fraction of a microsecond; up to 8
    /// tokens a microsecond.
    ///
    /// If nothing else is said, the burst is `tokens` too.
    pub const fn per(tokens: u32, span: Duration) -> Builder {
        Builder {
            tokens: Tokens::Rate(tokens),
            span,
            burst: tokens,
            initial: None,
            longest_wait: None,
        }
    }

    /// Never more than `tokens` in *any* `window`, wherever one lays it; its end does not belong to it.
    ///
    /// A bucket hands out at most its burst and what its rate brings, in any time: `burst + rate * time`. With a rate
    /// of `tokens` per `window`, a caller who comes late in one window and early in the next gets nearly twice what
    /// was meant. Here the rate is therefore `(tokens - burst + 1) / window`: from the first grant in a window to the
    /// last, less time passes than the window is long, so that less than `burst + (tokens - burst + 1)` are handed
    /// out, which for whole tokens is at most `tokens`.
    ///
    /// The burst is 1 if nothing else is said, which leaves the most to the rate: `tokens` per `window`, evenly spread.
    ///
    /// ```
    /// use core::time::Duration;
    /// use watertight::Quota;
    ///
    /// // 36 seconds of transmission in any hour: ten at once, and 26 more in the course of it.
    /// static DUTY_CYCLE: Quota = Quota::at_most(36, Duration::from_secs(3_600)).burst(10).build();
    /// ```
    pub const fn at_most(tokens: u32, window: Duration) -> Builder {
        Builder {
            tokens: Tokens::Window(tokens),
            span: window,
            burst: 1,
            initial: None,
            longest_wait: None,
        }
    }

    /// Most tokens that there can be.
    pub const fn burst(&self) -> u32 {
        self.terms.most_tokens()
    }
}

/// A [`Quota`] being put together.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is decided before build() or try_build()"]
pub struct Builder {
    tokens: Tokens,
    span: Duration,
    burst: u32,
    initial: Option<u32>,
    longest_wait: Option<Duration>,
}

/// What a number of tokens in a span of time means.
#[derive(Clone, Copy, Debug)]
enum Tokens {
    /// So many drip in.
    Rate(u32),
    /// So many are handed out at most, wherever the span lies.
    Window(u32),
}

impl Builder {
    /// Most tokens that there can be, and so the most that can be had at a time: 1 to 2^28; of an adjustable quota,
    /// 2^21.
    pub const fn burst(mut self, tokens: u32) -> Self {
        self.burst = tokens;
        self
    }

    /// Tokens that there are when the bucket is asked for the first time, and after a reset: 0 to the burst, which it
    /// is if nothing is said.
    pub const fn initial(mut self, tokens: u32) -> Self {
        self.initial = Some(tokens);
        self
    }

    /// The longest that [`reserve`](super::TokenBucket::reserve) lets anybody wait; a longer wait is cut to it. What
    /// drips in during it is at most 2^28 drops, as is the burst, so that a long wait makes the drops coarser. If
    /// nothing is said, the time in which a whole burst drips in, rounded up to a drop, so that about as much waits as
    /// fits into the bucket; of an adjustable quota, the largest burst, at the rate of now.
    pub const fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = Some(wait);
        self
    }

    /// The quota, for `const` and `static`.
    ///
    /// # Panics
    /// When it cannot be kept, with the sentence of the [`InvalidQuota`]; in a `const` or `static` that is a compile
    /// error. At run time use [`try_build`](Self::try_build).
    pub const fn build(self) -> Quota {
        match self.try_build() {
            Ok(quota) => quota,
            Err(error) => panic!("{}", error.sentence()),
        }
    }

    /// The quota, or why it cannot be kept.
    pub const fn try_build(self) -> Result<Quota, InvalidQuota> {
        let wanted = match self.wanted() {
            Ok(wanted) => wanted,
            Err(error) => return Err(error),
        };
        match Fixed::of(&wanted) {
            Ok(terms) => Ok(Quota { terms }),
            Err(error) => Err(error),
        }
    }

    /// A quota that can be changed while a bucket keeps to it, but never above `most_tokens` in a `span` and a burst
    /// of `most_burst`; for `const` and `static`.
    ///
    /// # Panics
    /// As [`build`](Self::build); at run time use [`try_build_adjustable`](Self::try_build_adjustable).
    pub const fn build_adjustable(
        self,
        most_tokens: u32,
        span: Duration,
        most_burst: u32,
    ) -> AdjustableQuota {
        match self.try_build_adjustable(most_tokens, span, most_burst) {
            Ok(quota) => quota,
            Err(error) => panic!("{}", error.sentence()),
        }
    }

    /// The same, or why it cannot be kept.
    pub const fn try_build_adjustable(
        self,
        most_tokens: u32,
        span: Duration,
        most_burst: u32,
    ) -> Result<AdjustableQuota, InvalidQuota> {
        let first = match self.wanted() {
            Ok(first) => first,
            Err(error) => return Err(error),
        };
        match Rate::of(most_tokens as u64, span.as_nanos()) {
            Ok(rate) => AdjustableQuota::of(&first, rate, most_burst),
            Err(error) => Err(error),
        }
    }

    const fn wanted(&self) -> Result<Wanted, InvalidQuota> {
        let tokens = match self.tokens {
            Tokens::Rate(tokens) => tokens,
            Tokens::Window(tokens) => match tokens.checked_sub(self.burst) {
                // At most 2^32 - 1, since a burst of none is refused below.
                Some(rest) => rest.saturating_add(1),
                None => return Err(InvalidQuota::BurstOverWindow),
            },
        };
        let rate = match Rate::of(tokens as u64, self.span.as_nanos()) {
            Ok(rate) => rate,
            Err(error) => return Err(error),
        };
        let initial = match self.initial {
            Some(initial) => initial,
            None => self.burst,
        };
        let longest_wait = match self.longest_wait {
            Some(wait) => Some(Micros::from_duration(wait).as_micros()),
            None => None,
        };
        Ok(Wanted {
            rate,
            burst: self.burst,
            initial,
            longest_wait,
            varies: false,
        })
    }
}

#[cfg(test)]
mod tests;
