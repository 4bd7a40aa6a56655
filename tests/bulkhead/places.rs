//! Places as the documentation tells them, counted in numbers without an end. No function of the crate's is used.

use watertight::bulkhead::Statistics;
use watertight::{Reason, RetryAfter};

/// Every reason of a bulkhead, and two that are none of its own.
const REASONS: [Reason; 8] = [
    Reason::Full,
    Reason::ShareFull,
    Reason::MoreThanLimit,
    Reason::RoomFull,
    Reason::RateLimited,
    Reason::MoreThanBurst,
    Reason::Open,
    Reason::Recovering,
];

#[derive(Clone, Debug)]
pub struct Places {
    pub limit: u64,
    pub inside: u64,
    most: u64,
    refused: Vec<Reason>,
}

impl Places {
    pub fn new(limit: u16) -> Self {
        Self {
            limit: limit.into(),
            inside: 0,
            most: 0,
            refused: Vec::new(),
        }
    }

    /// What somebody is told who wants so many places, and may use so many percent of the limit.
    pub fn ask(&mut self, places: u32, percent: u8) -> Result<(), (Reason, RetryAfter)> {
        let places = u64::from(places);
        if places == 0 {
            return Ok(());
        }
        let share = self.limit * u64::from(percent) / 100;
        if self.inside + places <= share {
            self.take(places);
            return Ok(());
        }
        let (reason, retry_after) = if places > share {
            (Reason::MoreThanLimit, RetryAfter::Never)
        } else if self.inside + places <= self.limit {
            (Reason::ShareFull, RetryAfter::OnRelease(None))
        } else {
            (Reason::Full, RetryAfter::OnRelease(None))
        };
        self.refuse(reason);
        Err((reason, retry_after))
    }

    pub fn take(&mut self, places: u64) {
        self.inside += places;
        self.most = self.most.max(self.inside);
    }

    pub fn leave(&mut self, places: u64) {
        self.inside -= places;
    }

    pub fn refuse(&mut self, reason: Reason) {
        self.refused.push(reason);
    }

    /// How many are left.
    pub fn available(&self) -> u64 {
        self.limit.saturating_sub(self.inside)
    }

    /// What was kept is what has happened.
    pub fn check(&self, kept: &Statistics) {
        let counts = (kept.limit(), kept.in_flight(), kept.most_in_flight());
        let counts = (u64::from(counts.0), u64::from(counts.1), u64::from(counts.2));
        assert_eq!(counts, (self.limit, self.inside, self.most));
        for reason in REASONS {
            let refused = self.refused.iter().filter(|refused| **refused == reason);
            assert_eq!(kept.refused(reason) as usize, refused.count(), "{reason:?}");
        }
    }
}
