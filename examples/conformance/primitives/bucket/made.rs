//! A bucket of either kind.

use watertight::bucket::{AdjustableBucket, AdjustableQuota};
use watertight::{Quota, TokenBucket};

use super::plan::{LongestWait, Needs, Plan};

/// A bucket whose rate is fixed, or one whose rate a step changes.
pub enum Made {
    /// The first.
    Fixed(TokenBucket<(), Quota>),
    /// The other.
    Varying(AdjustableBucket<(), AdjustableQuota>),
}

/// Calls a method of either, with this clock.
macro_rules! on {
    ($made:expr, $clock:expr, |$bucket:ident| $what:expr) => {
        match $made {
            Made::Fixed(bucket) => {
                let $bucket = bucket.at($clock);
                $what
            }
            Made::Varying(bucket) => {
                let $bucket = bucket.at($clock);
                $what
            }
        }
    };
}
pub(super) use on;

impl Made {
    /// The bucket that is planned, with waits that are long enough for its case.
    ///
    /// # Errors
    /// A sentence, if that cannot be kept.
    pub fn new(plan: &Plan, needs: &Needs) -> Result<Self, String> {
        let builder = Quota::per(plan.tokens, plan.span)
            .burst(plan.burst)
            .initial(plan.initial);
        let builder = match plan.longest_wait {
            LongestWait::Unsaid => builder,
            LongestWait::Said(wait) => builder.longest_wait(wait),
            LongestWait::AsNeeded => builder.longest_wait(needs.wait),
        };
        let made = if needs.changes {
            let (tokens, span) = needs.fastest;
            builder
                .try_build_adjustable(tokens, span, needs.burst)
                .map(|quota| Self::Varying(AdjustableBucket::new((), quota)))
        } else {
            builder
                .try_build()
                .map(|quota| Self::Fixed(TokenBucket::new((), quota)))
        };
        made.map_err(|error| error.to_string())
    }
}
