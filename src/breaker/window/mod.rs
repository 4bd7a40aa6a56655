//! What a closed breaker counts, and when that opens it: failures in a row, the last calls, or the last span of time.
//!
//! A window has words of its own beside the breaker's three; failures in a row need none. Which one a breaker has is
//! part of its type, and so is the kind of [`Config`](super::Config) that goes with it.

mod consecutive;
mod last_calls;
mod last_time;
#[cfg(watertight_loom)]
pub mod ring;
#[cfg(not(watertight_loom))]
mod ring;
#[cfg(watertight_loom)]
pub mod tape;
#[cfg(not(watertight_loom))]
mod tape;

pub use consecutive::Consecutive;
#[cfg(watertight_loom)]
pub use consecutive::InARow;
#[cfg(watertight_loom)]
pub use last_calls::Tape;
pub use last_calls::{LastCalls, words_for};
#[cfg(watertight_loom)]
pub use last_time::Ring;
pub use last_time::{LastTime, words_for_buckets};

use super::memory::Memory;
use super::rules::Rules;
use super::word::{Widths, Word};
use crate::memory::Attempt;
use crate::sync::AtomicU32;

/// What a configuration judges a closed breaker by.
///
/// There are three: [`Consecutive`], [`FailureRate`] and [`FailureAndSlowRate`].
pub trait Rule: Copy {
    /// How many things are to be known of a call: whether it failed, and perhaps whether it was slow.
    #[doc(hidden)]
    const BITS: u32;
    /// Whether rates decide.
    #[doc(hidden)]
    const IS_RATE: bool;
    /// Whether it is to be known how long a call took.
    #[doc(hidden)]
    const IS_TIMED: bool = Self::BITS > 1;
}

/// The rule of [`Config::failure_rate`](super::Config::failure_rate): a percentage of failures, from a minimum of
/// calls on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureRate;

/// The rule of [`Builder::slow_calls`](super::Builder::slow_calls): a percentage of failures, and another of slow calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureAndSlowRate;

impl Rule for FailureRate {
    const BITS: u32 = 1;
    const IS_RATE: bool = true;
}

impl Rule for FailureAndSlowRate {
    const BITS: u32 = 2;
    const IS_RATE: bool = true;
}

/// Where a breaker keeps what it counts.
///
/// There are three: [`Consecutive`], [`LastCalls`] and [`LastTime`].
pub trait Window {
    /// The rule that it counts for.
    type Rule: Rule;
    /// Nobody else can implement this: its type has no public name.
    #[doc(hidden)]
    type Counting: Counting;
    #[doc(hidden)]
    const COUNTING: Self::Counting;
    #[doc(hidden)]
    fn words(&self) -> &[AtomicU32];
}

/// What is counted of a call that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// It failed.
    pub failed: bool,
    /// It took longer than the rule for slow calls says; never without one.
    pub slow: bool,
}

impl Mark {
    /// Of a success in good time.
    pub const SUCCESS: Self = Self {
        failed: false,
        slow: false,
    };

    /// Whether it is anything but a success in good time.
    pub const fn is_bad(self) -> bool {
        self.failed || self.slow
    }

    /// As bits, of which a window without a rule for slow calls keeps the lowest.
    pub const fn bits(self) -> u32 {
        self.failed as u32 | (self.slow as u32) << 1
    }

    /// The mark of these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            failed: bits & 1 != 0,
            slow: bits & 2 != 0,
        }
    }
}

/// What a window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls.
    pub calls: u32,
    /// Of these, the ones that failed.
    pub failures: u32,
    /// And the ones that were slow.
    pub slow: u32,
}

impl Counts {
    /// How many percent of the calls `part` is, rounded down.
    pub const fn percent(self, part: u32) -> Option<u32> {
        match (part as u64 * 100).checked_div(self.calls as u64) {
            Some(percent) => Some(percent as u32),
            None => None,
        }
    }

    /// Whether so much opens a breaker, from so many calls on.
    ///
    /// Both rates are compared crosswise: `failures / calls >= percent / 100`, without a division.
    pub const fn is_over(self, rules: &Rules, minimum: u32) -> bool {
        self.calls >= minimum
            && (is_at_least(self.failures, rules.failure_percent, self.calls)
                || is_at_least(self.slow, rules.slow_percent, self.calls))
    }
}

/// Whether `part` is at least so many percent of `whole`; 0 percent stands for no rule.
const fn is_at_least(part: u32, percent: u32, whole: u32) -> bool {
    percent != 0 && part as u64 * 100 >= percent as u64 * whole as u64
}

/// What recording an outcome came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is counted, and nothing follows.
    Done,
    /// It is counted, and the window is to be looked at: [`Counting::is_over`].
    Check,
    /// The breaker is to be opened first. The outcome is not counted; if somebody else opens it, it is late.
    Trip,
}

/// How a closed or recovering breaker counts, over a [`Memory`]: each function is one attempt or a part of one.
///
/// `head` is loaded before the state word, so that a window never takes an old state for a newer one: a head of the
/// window that belongs to a later generation than the state that is read after it does not exist.
pub trait Counting: Copy {
    /// What is read before the state.
    type Head<W: Widths>: Copy;

    /// Reads it.
    fn head<M: Memory>(self, memory: &M) -> Result<Self::Head<M::Widths>, M::Stop>;

    /// Counts an outcome of `word`'s generation.
    fn record<M: Memory>(
        self,
        memory: &M,
        rules: &Rules,
        head: Self::Head<M::Widths>,
        word: Word<M::Widths>,
        mark: Mark,
    ) -> Attempt<Recorded, M>;

    /// Sees to it that nothing is taken for counted in the generation of `next`, a closed or recovering word, before it
    /// begins: its number may have been another's, 512 generations ago. `None`: again.
    fn prepare<M: Memory>(
        self,
        memory: &M,
        head: Self::Head<M::Widths>,
        word: Word<M::Widths>,
        next: Word<M::Widths>,
    ) -> Attempt<(), M>;

    /// Whether what is counted opens the breaker.
    fn is_over<M: Memory>(
        self,
        memory: &M,
        rules: &Rules,
        head: Self::Head<M::Widths>,
        word: Word<M::Widths>,
    ) -> Attempt<bool, M>;

    /// What is counted in `word`'s generation.
    fn count<M: Memory>(
        self,
        memory: &M,
        head: Self::Head<M::Widths>,
        word: Word<M::Widths>,
    ) -> Attempt<Counts, M>;

    /// Counts a success in good time of a call with this ticket, where that needs no rules and at most one
    /// compare-and-swap. `false`: nothing was done, and it takes the long way.
    fn succeed_quickly<M: Memory>(self, memory: &M, ticket: Word<M::Widths>) -> Result<bool, M::Stop>;
}
