use crate::passage::Passage;
use crate::time::Instant;

/// For tokens that were taken: how many, from when on they may be used, and how to give them back.
///
/// Dropping it keeps the tokens taken, and is what most callers do.
#[derive(Debug)]
pub struct Receipt {
    pub(super) date: Instant,
    /// How far the position has to go from the date's until they may be used.
    pub(super) wait: Passage,
    /// `spent` as it would have been without.
    pub(super) before: u32,
    /// `spent` as it was with it.
    pub(super) after: u32,
    pub(super) tokens: u32,
}

impl Receipt {
    /// For no tokens.
    pub(crate) const fn of_none(now: Instant) -> Self {
        Self {
            date: now,
            wait: Passage::NONE,
            before: 0,
            after: 0,
            tokens: 0,
        }
    }

    /// How many tokens were taken.
    pub const fn tokens(&self) -> u32 {
        self.tokens
    }

    /// The date of the grant: the clock's reading when it was made, or a later one that the bucket was already dated
    /// by.
    pub const fn date(&self) -> Instant {
        self.date
    }

    /// The instant from which on the tokens may be used: the date of the grant if they were there; for a reservation,
    /// the earliest microsecond at which they are. Worked out when it is asked for, with one division.
    pub const fn act_at(&self) -> Instant {
        match self.wait.takes() {
            Some(wait) => self.date.after(wait),
            None => self.date,
        }
    }
}
