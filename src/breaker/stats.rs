//! What is kept beside what decides: since when, how often, by what refused. Only where it is asked for.

use core::fmt;

use super::{Snapshot, Transition, reasons};
use crate::rejected::Reason;
use crate::slots::{Slots, Words};
pub use crate::stats::NoStats;
use crate::sync::{AtomicU32, Ordering, zeroes};
use crate::time::{Clock, Instant, Micros};

/// What a breaker keeps beside what decides: [`NoStats`] or [`Stats`].
pub trait Keep {
    /// A transition that the caller made.
    #[doc(hidden)]
    #[inline]
    fn note<C: Clock>(&self, _: Option<Transition>, _: &C) {}

    /// A call was refused.
    #[doc(hidden)]
    #[inline]
    fn refused(&self, _: Reason) {}

    /// A call in shadow would have been refused.
    #[doc(hidden)]
    #[inline]
    fn shadowed(&self, _: Reason) {}

    /// An outcome came too late.
    #[doc(hidden)]
    #[inline]
    fn late(&self) {}
}

impl Keep for NoStats {}

/// Keeps what [`Statistics`] tell: 80 bytes. A call through a closed breaker costs nothing of it; a transition costs one more
/// reading of the clock, a refusal and a late outcome one atomic addition.
#[derive(Debug)]
pub struct Stats {
    late: AtomicU32,
    refused: [AtomicU32; reasons::COUNT],
    shadowed: [AtomicU32; reasons::COUNT],
    last: Slots<NOTE>,
}

const NOTE: usize = 5;

/// The last transition that was noted, and what it added up to.
#[derive(Clone, Copy)]
struct Note {
    /// `None`: there was none.
    transition: Option<Transition>,
    since: Instant,
    /// Of all the time open that is over.
    open: Micros,
}

impl Words<NOTE> for Note {
    fn to_words(self) -> [u32; NOTE] {
        let (since, open) = (self.since.as_micros(), self.open.as_micros());
        [
            self.transition.map_or(0, Transition::to_bits),
            since as u32,
            (since >> 32) as u32,
            open as u32,
            (open >> 32) as u32,
        ]
    }

    fn from_words([transition, since, since_high, open, open_high]: [u32; NOTE]) -> Self {
        let wide = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
        Self {
            transition: Transition::from_bits(transition),
            since: Instant::from_micros(wide(since, since_high)),
            open: Micros::from_micros(wide(open, open_high)),
        }
    }
}

impl Note {
    /// After `made`, at `now`.
    fn and(self, made: Transition, now: Instant) -> Self {
        if self.transition.is_some_and(|last| !made.follows(last)) {
            // Whoever made it was overtaken.
            return self;
        }
        Self {
            transition: Some(made),
            since: now,
            open: self.open_until(now),
        }
    }

    /// The time open, up to `now`.
    fn open_until(self, now: Instant) -> Micros {
        match self.transition {
            Some(last) if last.to().is_open() => self.open.saturating_add(now.since(self.since)),
            _ => self.open,
        }
    }
}

impl Stats {
    const_fn! {
        /// Nothing has happened yet.
        pub const fn new() -> Self {
            Self { late: AtomicU32::new(0), refused: zeroes(), shadowed: zeroes(), last: Slots::new([zeroes(), zeroes()]) }
        }
    }

    /// What was kept, beside a snapshot, as it is at `now`.
    pub(super) fn report(&self, snapshot: Snapshot, now: Instant) -> Statistics {
        let read = |counts: &[AtomicU32; reasons::COUNT]| {
            // ORDERING: Relaxed; a count alone, which orders nothing.
            core::array::from_fn(|number| {
                counts
                    .get(number)
                    .map_or(0, |count| count.load(Ordering::Relaxed))
            })
        };
        let note: Note = self.last.read();
        Statistics {
            snapshot,
            last: note.transition,
            since: note.transition.map(|_| note.since),
            open: note.open_until(now),
            // ORDERING: Relaxed; as above.
            late: self.late.load(Ordering::Relaxed),
            refused: read(&self.refused),
            shadowed: read(&self.shadowed),
        }
    }
}

impl Default for Stats {
    fn default() -> Self {
        Self::new()
    }
}

fn count(counts: &[AtomicU32; reasons::COUNT], reason: Reason) {
    if let Some(count) = counts.get(reasons::number(reason) as usize) {
        // ORDERING: Relaxed; a count alone, which orders nothing.
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Keep for Stats {
    fn note<C: Clock>(&self, made: Option<Transition>, clock: &C) {
        if let Some(made) = made {
            let now = clock.now();
            // Somebody who notes another at this moment keeps this one out: see `Statistics`.
            let _lost = self.last.change(|note: Note| note.and(made, now));
        }
    }

    fn refused(&self, reason: Reason) {
        count(&self.refused, reason);
    }

    fn shadowed(&self, reason: Reason) {
        count(&self.shadowed, reason);
    }

    fn late(&self) {
        // ORDERING: Relaxed; a count alone, which orders nothing.
        self.late.fetch_add(1, Ordering::Relaxed);
    }
}

/// A breaker's [`Snapshot`] and what its [`Stats`] kept.
///
/// The counts are of 32 bits, and come round: two readings less than 2^32 events apart differ by as many as there were.
/// They are read one by one, so an event of this moment may be in one and not yet in another.
///
/// A transition is noted a moment after it was made, by whoever made it. While he has not yet,
/// [`is_noted`](Self::is_noted) is false. If he is interrupted there, and a transition is made in the interrupt, that one is not noted;
/// nor is any more if whoever notes is stopped for ever. The next one that is noted mends it, except for the time open
/// in between; if he was stopped over 256 transitions or more, up to 256 further ones are not noted either.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    snapshot: Snapshot,
    last: Option<Transition>,
    since: Option<Instant>,
    open: Micros,
    late: u32,
    refused: [u32; reasons::COUNT],
    shadowed: [u32; reasons::COUNT],
}

impl Statistics {
    /// The breaker itself.
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The last transition that was noted; `None` before the first.
    pub const fn last_transition(&self) -> Option<Transition> {
        self.last
    }

    /// When it was made, by the clock of its maker.
    pub const fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Whether the last transition that was noted is the one that led to the snapshot's state.
    pub fn is_noted(&self) -> bool {
        match self.last {
            Some(last) => {
                last.generation() == self.snapshot.generation() && last.to() == self.snapshot.state()
            }
            None => self.snapshot.generation() == 0,
        }
    }

    /// How long the breaker has been open, or forced open, since it was made, all in all.
    pub const fn time_open(&self) -> Micros {
        self.open
    }

    /// Outcomes that came too late, and were dropped.
    pub const fn late(&self) -> u32 {
        self.late
    }

    /// Calls that were refused for this reason.
    pub fn refused(&self, reason: Reason) -> u32 {
        self.refused
            .get(reasons::number(reason) as usize)
            .map_or(0, |count| *count)
    }

    /// Calls of callers in shadow that were let through and would have been refused for this reason.
    pub fn shadowed(&self, reason: Reason) -> u32 {
        self.shadowed
            .get(reasons::number(reason) as usize)
            .map_or(0, |count| *count)
    }
}

impl fmt::Debug for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statistics")
            .field("snapshot", &self.snapshot)
            .field("last_transition", &self.last)
            .field("since", &self.since)
            .field("time_open", &self.open)
            .field("late", &self.late)
            .field("refused", &self.refused)
            .field("shadowed", &self.shadowed)
            .finish()
    }
}
