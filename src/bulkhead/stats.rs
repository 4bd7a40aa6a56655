//! What is kept beside what decides: how full it ever was, and how many were refused. Only where it is asked for.

use crate::rejected::Reason;
use crate::stats::NoStats;
use crate::sync::{AtomicU32, Ordering, zeroes};

/// What a bulkhead keeps beside what decides: [`NoStats`] or [`Stats`].
pub trait Keep {
    /// Somebody entered, and so many were inside then.
    #[doc(hidden)]
    #[inline]
    fn entered(&self, _: u32) {}

    /// Somebody was refused.
    #[doc(hidden)]
    #[inline]
    fn refused(&self, _: Reason) {}
}

impl Keep for NoStats {}

/// Keeps what [`Statistics`] tell: 28 bytes. Entering costs one load more, and where the highest mark rises, one
/// more write; a refusal costs one atomic addition; leaving costs nothing.
#[derive(Debug)]
pub struct Stats {
    most: AtomicU32,
    refused: [AtomicU32; KINDS],
}

/// For what a bulkhead, alone or with waiters or a bucket, refuses.
const KINDS: usize = 6;

/// Where refusals for this reason are counted.
const fn number(reason: Reason) -> usize {
    match reason {
        Reason::Full => 0,
        Reason::ShareFull => 1,
        Reason::MoreThanLimit => 2,
        Reason::RoomFull => 3,
        Reason::RateLimited => 4,
        Reason::MoreThanBurst => 5,
        _ => KINDS,
    }
}

impl Stats {
    const_fn! {
        /// Nothing has happened yet.
        pub const fn new() -> Self {
            Self { most: AtomicU32::new(0), refused: zeroes() }
        }
    }

    /// What was kept, beside what the word says.
    pub(super) fn report(&self, limit: u32, in_flight: u32) -> Statistics {
        Statistics {
            limit,
            in_flight,
            // ORDERING: Relaxed; a mark alone, which orders nothing. Who reads between another's entering and noting it
            // sees more inside.
            most: self.most.load(Ordering::Relaxed).max(in_flight),
            refused: core::array::from_fn(|number| {
                let count = self.refused.get(number);
                // ORDERING: Relaxed; a count alone, which orders nothing.
                count.map_or(0, |count| count.load(Ordering::Relaxed))
            }),
        }
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

impl Keep for Stats {
    #[inline]
    fn entered(&self, in_flight: u32) {
        // ORDERING: Relaxed, both; a mark alone, which orders nothing. It only rises, so that a stale reading of it
        // costs one write.
        if self.most.load(Ordering::Relaxed) < in_flight {
            self.most.fetch_max(in_flight, Ordering::Relaxed);
        }
    }

    #[inline]
    fn refused(&self, reason: Reason) {
        if let Some(count) = self.refused.get(number(reason)) {
            // ORDERING: Relaxed; a count alone, which orders nothing.
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What a bulkhead's [`Stats`] kept, beside its limit and what is inside.
///
/// The counts are of 32 bits and come round: two readings less than 2^32 refusals apart differ by as many as there
/// were. They are read one by one, so that an event of this moment may be in one and not yet in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    limit: u32,
    in_flight: u32,
    most: u32,
    refused: [u32; KINDS],
}

impl Statistics {
    /// The limit.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// How many places are taken.
    pub const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// The most places that were ever taken at a time; also by those who were then refused a token and gave theirs
    /// back, and for one who had just given up waiting.
    pub const fn most_in_flight(&self) -> u32 {
        self.most
    }

    /// Calls that were refused for this reason.
    pub fn refused(&self, reason: Reason) -> u32 {
        self.refused.get(number(reason)).map_or(0, |count| *count)
    }
}
