//! What a breaker tells about itself: transitions as values, and a snapshot.

use core::fmt;

use super::operations::retry_after;
use super::protocol::Reading;
use super::rules::Rules;
use super::window::Counts;
use super::word::{Real, State, Widths, Word};
use crate::rejected::{Reason, RetryAfter};

/// A change of state, handed to the one caller whose compare-and-swap made it.
///
/// The new round of probes that begins when a lease runs out is one too, from half-open to half-open. Every
/// generation begins with exactly one `Transition`; the end of a ramp, from recovering to closed, is the one that
/// stays in its generation.
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
    /// out of order. 0 follows 511. Of two of one generation, the one from recovering to closed is the later.
    pub const fn generation(&self) -> u16 {
        self.generation
    }

    /// Whether this one was made after `other`, less than 256 generations apart.
    pub const fn follows(&self, other: Self) -> bool {
        let ahead = self.generation.wrapping_sub(other.generation) & 511;
        match ahead {
            0 => matches!(self.from, State::Recovering) && !matches!(other.from, State::Recovering),
            _ => ahead < 256,
        }
    }

    /// As a number, never 0.
    pub(super) fn to_bits(self) -> u32 {
        1 << 31 | self.from.number() << 20 | self.to.number() << 16 | u32::from(self.generation)
    }

    /// The transition of a number; 0 is none.
    pub(super) fn from_bits(bits: u32) -> Option<Self> {
        (bits != 0).then(|| Self {
            from: State::of_number(bits >> 20 & 15),
            to: State::of_number(bits >> 16 & 15),
            generation: bits as u16,
        })
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
            Self::Recovering => "recovering",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
            Self::ForcedOpen => "forced open",
            Self::Disabled => "disabled",
        })
    }
}

/// A breaker at one moment: everything in it was true together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    word: Word<Real>,
    retry_after: Option<RetryAfter>,
    counts: Counts,
}

impl Snapshot {
    pub(super) fn of(reading: Reading<Real>, rules: &Rules) -> Self {
        let refused = |reason| Some(retry_after(rules, reason, reading.wait));
        Self {
            word: reading.word,
            retry_after: match reading.word.state() {
                State::ForcedOpen => refused(Reason::ForcedOpen),
                _ if reading.wait.is_none() => None,
                State::HalfOpen => refused(Reason::ProbesInFlight),
                _ => refused(Reason::Open),
            },
            counts: reading.counts,
        }
    }

    /// Where the breaker stands. One whose cool-down, or ramp, is over stays open, or recovering, until somebody calls.
    pub const fn state(&self) -> State {
        self.word.state()
    }

    /// The generation, 0 to 511: every transition but the end of a ramp begins a new one. 0 follows 511.
    pub const fn generation(&self) -> u16 {
        self.word.generation() as u16
    }

    /// When a call would be admitted; `None` when one would be now.
    pub const fn retry_after(&self) -> Option<RetryAfter> {
        self.retry_after
    }

    /// Failures: in the window, or in a row, as the breaker counts them. Zero unless closed or recovering, as all counts
    /// of calls.
    pub const fn failures(&self) -> u32 {
        self.counts.failures
    }

    /// Calls in the window; of a breaker that counts failures in a row, these.
    pub const fn calls(&self) -> u32 {
        self.counts.calls
    }

    /// Slow calls in the window, failed ones too; zero without a rule for them.
    pub const fn slow_calls(&self) -> u32 {
        self.counts.slow
    }

    /// The percentage of failures in the window, rounded down; `None` if there are no calls in it.
    pub const fn failure_percent(&self) -> Option<u32> {
        self.counts.percent(self.counts.failures)
    }

    /// The percentage of slow calls in the window, rounded down; `None` if there are no calls in it.
    pub const fn slow_percent(&self) -> Option<u32> {
        self.counts.percent(self.counts.slow)
    }

    /// Successes of probes in this half-open period; zero unless half-open.
    pub const fn probe_successes(&self) -> u32 {
        match self.state() {
            State::HalfOpen => self.word.successes(),
            _ => 0,
        }
    }

    /// Failures of probes in this half-open period; zero unless half-open.
    pub const fn probe_failures(&self) -> u32 {
        match self.state() {
            State::HalfOpen => self.word.failed_probes(),
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
            State::Open | State::HalfOpen => self.word.next_attempt(),
            _ => self.word.attempt(),
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("state", &self.state())
            .field("generation", &self.generation())
            .field("retry_after", &self.retry_after())
            .field("calls", &self.calls())
            .field("failures", &self.failures())
            .field("slow_calls", &self.slow_calls())
            .field("probe_successes", &self.probe_successes())
            .field("probe_failures", &self.probe_failures())
            .field("probes_in_flight", &self.probes_in_flight())
            .field("openings_in_a_row", &self.openings_in_a_row())
            .finish()
    }
}
