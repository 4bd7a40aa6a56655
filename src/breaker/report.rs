//! What a breaker tells about itself: transitions as values, and a snapshot.

use core::fmt;

use super::protocol::Reading;
use super::rules::Rules;
use super::word::{Real, State, Widths, Word};
use crate::rejected::RetryAfter;

/// A change of state, handed to the one caller whose compare-and-swap made it.
///
/// The new round of probes that begins when a lease runs out is one too, from half-open to half-open: every
/// generation has exactly one `Transition`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transition {
    from: State,
    to: State,
    generation: u16,
}

impl Transition {
    pub(super) const fn between<W: Widths>(from: Word<W>, to: Word<W>) -> Self {
        Self {
            from: from.state(),
            to: to.state(),
            generation: to.generation() as u16,
        }
    }

    /// The state before.
    pub const fn from(&self) -> State {
        self.from
    }

    /// The state after.
    pub const fn to(&self) -> State {
        self.to
    }

    /// The generation that began with this transition, 0 to 511: it orders transitions that reach an observer
    /// out of order. 0 follows 511.
    pub const fn generation(&self) -> u16 {
        self.generation
    }
}

/// Reads as `open -> half-open (generation 2)`.
impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} (generation {})", self.from, self.to, self.generation)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        })
    }
}

/// A breaker at one moment: everything in it was true together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    word: Word<Real>,
    retry_after: Option<RetryAfter>,
}

impl Snapshot {
    pub(super) fn of(reading: Reading<Real>, rules: &Rules) -> Self {
        let wait = reading
            .left
            .zip(reading.now)
            .map(|(left, now)| rules.until(now, left));
        let retry_after = match reading.word.state() {
            State::Open => wait.map(RetryAfter::In),
            _ => wait.map(|wait| RetryAfter::OnRelease(Some(wait))),
        };
        Self {
            word: reading.word,
            retry_after,
        }
    }

    /// Closed, open or half-open. A breaker whose cool-down is over stays open until somebody calls.
    pub const fn state(&self) -> State {
        self.word.state()
    }

    /// The generation, 0 to 511: every transition begins a new one. 0 follows 511.
    pub const fn generation(&self) -> u16 {
        self.word.generation() as u16
    }

    /// When a call would be admitted; `None` when one would be now.
    pub const fn retry_after(&self) -> Option<RetryAfter> {
        self.retry_after
    }

    /// Failures in a row; zero unless closed.
    pub const fn failures(&self) -> u32 {
        match self.state() {
            State::Closed => self.word.failures(),
            _ => 0,
        }
    }

    /// Successes of probes in this half-open period; zero unless half-open.
    pub const fn probe_successes(&self) -> u32 {
        match self.state() {
            State::HalfOpen => self.word.successes(),
            _ => 0,
        }
    }

    /// Probes of the present round that are under way; zero unless half-open.
    pub const fn probes_in_flight(&self) -> u32 {
        match self.state() {
            State::HalfOpen => self.word.in_flight(),
            _ => 0,
        }
    }

    /// Openings since the breaker was last stable, 15 standing for any more. It decides the next cool-down,
    /// and falls back at the first opening after a stable period.
    pub const fn openings_in_a_row(&self) -> u32 {
        match self.state() {
            State::Closed => self.word.attempt(),
            _ => self.word.next_attempt(),
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("state", &self.state())
            .field("generation", &self.generation())
            .field("retry_after", &self.retry_after())
            .field("failures", &self.failures())
            .field("probe_successes", &self.probe_successes())
            .field("probes_in_flight", &self.probes_in_flight())
            .field("openings_in_a_row", &self.openings_in_a_row())
            .finish()
    }
}
