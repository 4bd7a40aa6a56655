//! A bulkhead's word, as a plain integer: who may enter, and what is then written. No atomics.
//!
//! ```text
//! word = {limit 16 | in flight 16}
//! ```
//!
//! Every pair is valid: in flight is above the limit after a resize to below what is inside, until enough have left.
//! Entering never brings it there. Leaving takes as much off the word as was added to it when entering, which carries nothing
//! into the limit.

use super::Share;
use crate::rejected::{Reason, Rejected, RetryAfter};

/// The word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(u32);

const IN_FLIGHT: u32 = 0xffff;
const LIMIT_AT: u32 = 16;

impl Word {
    /// Nobody inside.
    pub const fn new(limit: u16) -> Self {
        Self((limit as u32) << LIMIT_AT)
    }

    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub const fn bits(self) -> u32 {
        self.0
    }

    pub const fn limit(self) -> u32 {
        self.0 >> LIMIT_AT
    }

    pub const fn in_flight(self) -> u32 {
        self.0 & IN_FLIGHT
    }

    /// With so many more inside.
    #[inline]
    pub const fn entered(self, places: u32, share: Share) -> Result<Self, Rejected> {
        match admit(self.limit(), self.in_flight(), places, share) {
            // At most the limit, so that nothing is carried into it.
            Ok(()) => Ok(Self(self.0.wrapping_add(places))),
            Err(refusal) => Err(refusal),
        }
    }

    /// With another limit.
    pub const fn resized(self, limit: u16) -> Self {
        Self(self.in_flight() | Self::new(limit).0)
    }
}

/// Whether so many more may enter.
#[inline]
pub const fn admit(limit: u32, in_flight: u32, places: u32, share: Share) -> Result<(), Rejected> {
    let most = share.of(limit);
    // In this order nothing overflows.
    if in_flight < most && places <= most - in_flight {
        return Ok(());
    }
    Err(refusal(limit, in_flight, places, most))
}

/// Why they may not.
#[cold]
const fn refusal(limit: u32, in_flight: u32, places: u32, most: u32) -> Rejected {
    if places > most {
        return Rejected::new(Reason::MoreThanLimit, RetryAfter::Never);
    }
    let reason = if in_flight <= limit && places <= limit - in_flight {
        Reason::ShareFull
    } else {
        Reason::Full
    };
    Rejected::new(reason, RetryAfter::OnRelease(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(limit: u16, in_flight: u32) -> Word {
        Word::new(limit)
            .entered(in_flight, Share::ALL)
            .unwrap_or(Word::new(limit))
    }

    fn why(limit: u16, in_flight: u32, places: u32, share: Share) -> (Reason, RetryAfter) {
        let refusal = inside(limit, in_flight).entered(places, share).unwrap_err();
        (refusal.reason(), refusal.retry_after())
    }

    #[test]
    fn as_many_enter_as_the_limit_says() {
        for limit in [1, 2, 3, 0x7fff, 0xffff] {
            let full = inside(limit, u32::from(limit));
            assert_eq!(
                (full.limit(), full.in_flight()),
                (u32::from(limit), u32::from(limit))
            );
            assert!(full.entered(1, Share::ALL).is_err());
        }
    }

    #[test]
    fn many_enter_together_or_not_at_all() {
        let word = inside(10, 7);
        assert_eq!(word.entered(3, Share::ALL).map(Word::in_flight), Ok(10));
        assert_eq!(
            why(10, 7, 4, Share::ALL),
            (Reason::Full, RetryAfter::OnRelease(None))
        );
        for never in [11, 0x1_0000, 0xffff_fff9, u32::MAX] {
            assert_eq!(
                why(10, 7, never, Share::ALL),
                (Reason::MoreThanLimit, RetryAfter::Never)
            );
        }
    }

    #[test]
    fn a_share_is_rounded_down_and_leaves_the_last_places() {
        let share = Share::percent(70);
        assert_eq!(inside(10, 6).entered(1, share).map(Word::in_flight), Ok(7));
        assert_eq!(
            why(10, 7, 1, share),
            (Reason::ShareFull, RetryAfter::OnRelease(None))
        );
        assert_eq!(why(10, 10, 1, share), (Reason::Full, RetryAfter::OnRelease(None)));
        assert_eq!(why(10, 0, 8, share), (Reason::MoreThanLimit, RetryAfter::Never));
        // 70 % of one place is none.
        assert_eq!(why(1, 0, 1, share), (Reason::MoreThanLimit, RetryAfter::Never));
        assert_eq!(share.of(0xffff), 45_874);
    }

    #[test]
    fn below_what_is_inside_nobody_enters_until_enough_have_left() {
        let word = inside(10, 8).resized(5);
        assert_eq!((word.limit(), word.in_flight()), (5, 8));
        assert_eq!(
            word.entered(1, Share::ALL).map_err(|refusal| refusal.reason()),
            Err(Reason::Full)
        );
        assert!(inside(10, 5).resized(5).entered(1, Share::ALL).is_err());
        assert_eq!(
            inside(10, 4)
                .resized(5)
                .entered(1, Share::ALL)
                .map(Word::in_flight),
            Ok(5)
        );
        assert_eq!(word.resized(10), inside(10, 8));
    }

    #[test]
    fn nobody_enters_where_there_is_no_place() {
        assert_eq!(
            why(0, 0, 1, Share::ALL),
            (Reason::MoreThanLimit, RetryAfter::Never)
        );
    }

    #[test]
    fn a_share_is_a_percentage() {
        assert_eq!(Share::try_percent(0).unwrap_err(), crate::bulkhead::InvalidShare);
        assert!(Share::try_percent(101).is_err());
        assert_eq!(Share::try_percent(100), Ok(Share::ALL));
        for limit in [0, 1, 99, 100, 101, 0xffff] {
            for percent in 1..=100 {
                assert_eq!(
                    u64::from(Share::percent(percent).of(limit)),
                    u64::from(limit) * u64::from(percent) / 100
                );
            }
        }
    }
}
