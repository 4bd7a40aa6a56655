//! A bucket of one token a millisecond as the documentation tells it, in microseconds without an end. No function of
//! the crate's is used.

use core::ops::RangeInclusive;

use watertight::{Reason, RetryAfter};

/// Microseconds in which a token comes.
pub const TOKEN: i128 = 1_000;
/// What every longer wait is cut to, in microseconds.
pub const LONGEST_WAIT: u64 = 3_500;

/// What was granted: the moment from which on it may be used, and up to where tokens were handed out before and after.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    pub tokens: u32,
    pub act_at: i128,
    before: i128,
    after: i128,
}

/// As the microseconds go by since the clock was made.
#[derive(Clone, Debug)]
pub struct Tokens {
    burst: i128,
    pub now: i128,
    /// Up to which moment all that came was handed out; a burst before it is there at first.
    spent: i128,
}

impl Tokens {
    pub fn new(burst: u32) -> Self {
        let burst = i128::from(burst);
        Self {
            burst,
            now: 0,
            spent: -burst * TOKEN,
        }
    }

    /// Nothing that came more than a burst ago is kept.
    fn kept_from(&self) -> i128 {
        self.spent.max(self.now - self.burst * TOKEN)
    }

    pub fn available(&self) -> u32 {
        ((self.now - self.kept_from()) / TOKEN).max(0) as u32
    }

    pub fn reserve(&mut self, tokens: u32, max_wait: u64) -> Result<Grant, (Reason, RetryAfter)> {
        let before = self.kept_from();
        let after = before + i128::from(tokens) * TOKEN;
        if tokens == 0 {
            return Ok(Grant {
                tokens,
                act_at: self.now,
                before,
                after,
            });
        }
        if i128::from(tokens) > self.burst {
            return Err((Reason::MoreThanBurst, RetryAfter::Never));
        }
        let reached = self.now + i128::from(max_wait.min(LONGEST_WAIT));
        if after > reached {
            let wait = watertight::Micros::from_micros((after - reached) as u64);
            return Err((Reason::RateLimited, RetryAfter::In(wait)));
        }
        self.spent = after;
        Ok(Grant {
            tokens,
            act_at: after.max(self.now),
            before,
            after,
        })
    }

    /// All, if nobody has taken any since, and else none; of a full bucket maybe none, which is all the same.
    pub fn refund(&mut self, grant: Grant) -> RangeInclusive<u32> {
        if grant.tokens == 0 || self.spent != grant.after {
            return 0..=0;
        }
        let is_full = self.kept_from() > self.spent;
        self.spent = grant.before;
        if is_full {
            0..=grant.tokens
        } else {
            grant.tokens..=grant.tokens
        }
    }
}
