//! The breaker's three words as types, and every step that they can take, on plain integers: no atomics here.
//!
//! ```text
//! state = {phase 3 | generation 9 | attempt 4 | fill 2 | body 14}
//!         closed:     body = failures in a row 14
//!         recovering: body = seen 6 | failures in a row 8
//!         open:       body = bits 16..30 of the deadline
//!         half-open:  body = late 2 (saturating) | successes 4 | failures 4 | in flight 4
//!         forced open, disabled: body = 0
//! low   = {count 2  | deadline bits 0..30}
//! high  = {count 16 | deadline bits 30..46}
//! ```
//!
//! | field | meaning |
//! |---|---|
//! | generation | counts transitions and rounds of probes, modulo 512; a permit carries the one it was issued in |
//! | attempt | which cool-down an opening gets (in an open word: has got); stays at the last |
//! | fill | counts how often the last free probe slot was taken, modulo 4; kept across transitions |
//! | failures in a row | where they are what a breaker counts; with a window, which counts in words of its own, always 0 |
//! | seen | calls that the ramp decided on, modulo 64, which gives the next one its rank: see [`Word::rank`] |
//! | late | rounds of this half-open period before the present one: permits of these still count for the verdict |
//! | successes, failures | of probes, in this half-open period |
//! | in flight | probe slots of the present round that are taken |
//! | deadline | the phase's timer, in ticks, modulo 2^46: the end of the cool-down (open), of the lease (half-open), of the ramp (recovering), of the stable period (closed); of nothing where a state was forced |
//! | count | of the timers written, so that one can tell whether the present one is: see [`Word::tag`] |
//!
//! All words zero: closed, with its timer set, and the timer long past or (once in 2.2 years) of no consequence,
//! since the attempt is zero too.
//!
//! The whole state machine; what is not in the table does not happen. An *instance* is a stretch with one timer:
//! {phase, generation, fill}. "New" says that the step begins one.
//!
//! | from | what happens | to | new | method |
//! |---|---|---|---|---|
//! | closed, recovering | success, failures > 0 | failures 0 | | [`Word::without_failures`] |
//! | closed, recovering | failure below the threshold | failures + 1 | | [`Word::with_failure`] |
//! | closed, recovering | failure at the threshold, or the window says so | open, generation + 1, attempt 0 if stable | yes | [`Word::opened`] |
//! | recovering | a call before the end of the ramp, admitted or not | seen + 1 | | [`Word::with_seen`] |
//! | recovering | a call after it | closed, fill + 1, failures kept | yes | [`Word::ramped`] |
//! | open | a call after the deadline | half-open, generation + 1, in flight 1 | yes | [`Word::half_opened`] |
//! | half-open | a call, two or more slots free | in flight + 1 | | [`Word::probed`] |
//! | half-open | a call, one slot free | in flight + 1, fill + 1 | yes | [`Word::filled`] |
//! | half-open, full | a call after the lease | generation + 1, late + 1, in flight 1 | yes | [`Word::renewed`] |
//! | half-open | success, not the last needed | successes + 1; of this round: in flight - 1 | | [`Word::with_success`], [`Word::released`] |
//! | half-open | failure, not the last that is borne | failures + 1; of this round: in flight - 1 | | [`Word::with_failed_probe`], [`Word::released`] |
//! | half-open | the last success needed | closed or recovering, generation + 1, attempt + 1 | yes | [`Word::closed`], [`Word::recovering`] |
//! | half-open | the failure that is one too many, of this round or an earlier one | open, generation + 1, attempt + 1 | yes | [`Word::opened`] |
//! | half-open | probe of this round cancelled or ignored | in flight - 1 | | [`Word::released`] |
//! | any | reset | closed, generation + 1, attempt 0 | yes | [`Word::closed`] |
//! | any | forced open, or disabled | that, generation + 1, attempt 0 | yes | [`Word::forced_open`], [`Word::disabled`] |
//!
//! The end of a ramp is the one transition that keeps the generation: what was counted, and the calls that are under
//! way, still count.

mod timer;

use core::fmt;
use core::marker::PhantomData;

pub use timer::{Deadline, High, Low};

/// How wide the fields are. [`Real`] is what ships; the explorer makes them narrow, to see every value.
pub trait Widths: Copy + Eq + fmt::Debug {
    /// Of the generation; at least 2, so that it counts on where the tag does.
    const GENERATION: u32;
    /// Of the attempt.
    const ATTEMPT: u32;
    /// Of the fill.
    const FILL: u32 = 2;
    /// Of the rounds before the present one.
    const LATE: u32;
    /// Of the successes, the failures and the probes in flight: three fields.
    const PROBES: u32;
    /// Of the calls that a ramp decided on; the rest of the body counts failures meanwhile.
    const SEEN: u32;
    /// Of the laps of the [last calls](super::window::LastCalls).
    const LAP: u32;
    /// Of the index of a strip of theirs.
    const INDEX: u32;
    /// Of the outcomes in a strip, with the marker.
    const TAPE: u32;
    /// Of the version of the [last span of time](super::window::LastTime); at least 2, as the round.
    const VERSION: u32;
    /// Of the rounds of its buckets.
    const ROUND: u32;
    /// Of the count in one of its tallies, beside version and round.
    const COUNT: u32;
    /// Of the number of one of its buckets; at least what tells the buckets apart, and the round.
    const NUMBER: u32;
    /// Of the turn, beside the number; at most the version.
    const TURN: u32;
    /// Of the part of the deadline that an open word carries, which ends where [`LOW`](Self::LOW) does.
    const CARRIED: u32;
    /// Of the count of timers in the low word.
    const LOW_COUNT: u32 = 2;
    /// Of the deadline in the low word.
    const LOW: u32;
    /// Of the count of timers in the high word.
    const HIGH_COUNT: u32;
    /// Of the deadline in the high word.
    const HIGH: u32;
}

/// The widths that ship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Real;

impl Widths for Real {
    const GENERATION: u32 = 9;
    const ATTEMPT: u32 = 4;
    const LATE: u32 = 2;
    const PROBES: u32 = 4;
    const SEEN: u32 = 6;
    const LAP: u32 = 12;
    const INDEX: u32 = 7;
    const TAPE: u32 = 20;
    const VERSION: u32 = 5;
    const ROUND: u32 = 4;
    const COUNT: u32 = 23;
    const NUMBER: u32 = 29;
    const TURN: u32 = 3;
    const CARRIED: u32 = 14;
    const LOW: u32 = 30;
    const HIGH_COUNT: u32 = 16;
    const HIGH: u32 = 16;
}

/// The first so many bits.
pub(in crate::breaker) const fn ones(width: u32) -> u32 {
    // Never asked for 32.
    (1 << width) - 1
}

/// Where the breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
// The models are to be told of every new one.
#[cfg_attr(not(watertight_loom), non_exhaustive)]
pub enum State {
    /// Calls are admitted, and their outcomes are counted.
    Closed,
    /// Just closed again: a growing share of the calls is admitted, and their outcomes are counted.
    Recovering,
    /// Calls are refused until the cool-down is over.
    Open,
    /// A few calls at a time are admitted as probes; their outcomes decide.
    HalfOpen,
    /// Somebody forced it open: calls are refused until it is reset.
    ForcedOpen,
    /// Somebody disabled it: calls are admitted and not counted until it is reset.
    Disabled,
}

impl State {
    /// Whether all calls are refused.
    pub(in crate::breaker) const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::ForcedOpen)
    }

    /// What stands for it in a word.
    pub(in crate::breaker) const fn number(self) -> u32 {
        // The two that count the outcomes of calls come first.
        match self {
            Self::Closed => 0,
            Self::Recovering => 1,
            Self::Open => 2,
            Self::HalfOpen => 3,
            Self::ForcedOpen => 4,
            Self::Disabled => 5,
        }
    }

    /// The state of a number.
    pub(in crate::breaker) const fn of_number(number: u32) -> Self {
        match number {
            0 => Self::Closed,
            1 => Self::Recovering,
            2 => Self::Open,
            3 => Self::HalfOpen,
            4 => Self::ForcedOpen,
            _ => Self::Disabled,
        }
    }
}

/// The state word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Word<W> {
    bits: u32,
    widths: PhantomData<W>,
}

impl<W: Widths> Word<W> {
    const BODY: u32 = {
        let half_open = W::LATE + 3 * W::PROBES;
        if half_open > W::CARRIED {
            half_open
        } else {
            W::CARRIED
        }
    };
    const IN_FLIGHT_AT: u32 = 0;
    const FAILED_PROBES_AT: u32 = W::PROBES;
    const SUCCESSES_AT: u32 = 2 * W::PROBES;
    const LATE_AT: u32 = 3 * W::PROBES;
    const FILL_AT: u32 = Self::BODY;
    const ATTEMPT_AT: u32 = Self::FILL_AT + W::FILL;
    const GENERATION_AT: u32 = Self::ATTEMPT_AT + W::ATTEMPT;
    const PHASE_AT: u32 = Self::GENERATION_AT + W::GENERATION;

    const SEEN_AT: u32 = Self::BODY - W::SEEN;

    /// As many failures in a row as a closed word holds.
    pub const MOST_FAILURES: u32 = ones(Self::BODY);
    /// As many failures in a row as a recovering word holds.
    pub const MOST_FAILURES_RECOVERING: u32 = ones(Self::SEEN_AT);
    /// As many probes in flight, or successes, as their fields hold.
    pub const MOST_PROBES: u32 = ones(W::PROBES);

    /// The number after the states', of tickets only.
    const SHADOW: u32 = 7;

    /// The word of these bits, which were a word's.
    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Self {
            bits,
            widths: PhantomData,
        }
    }

    /// The bits, for the atomic.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.bits
    }

    #[inline]
    const fn field(self, at: u32, width: u32) -> u32 {
        (self.bits >> at) & ones(width)
    }

    #[inline]
    const fn with(self, at: u32, width: u32, value: u32) -> Self {
        let cleared = self.bits & !(ones(width) << at);
        Self::from_bits(cleared | (value & ones(width)) << at)
    }

    /// Where the breaker stands.
    #[inline]
    pub const fn state(self) -> State {
        State::of_number(self.bits >> Self::PHASE_AT)
    }

    /// Whether the breaker is closed: a compare of the whole word, where `state` would first shift it.
    #[inline]
    pub const fn is_closed(self) -> bool {
        self.bits < State::Recovering.number() << Self::PHASE_AT
    }

    /// Whether outcomes are counted: closed or recovering.
    #[inline]
    pub const fn counts_outcomes(self) -> bool {
        self.bits < State::Open.number() << Self::PHASE_AT
    }

    /// The generation.
    pub const fn generation(self) -> u32 {
        self.field(Self::GENERATION_AT, W::GENERATION)
    }

    /// By how many generations this word is ahead of `earlier`.
    pub const fn generations_since(self, earlier: Self) -> u32 {
        self.generation().wrapping_sub(earlier.generation()) & ones(W::GENERATION)
    }

    /// Which cool-down the next opening gets, or in an open word this one has got.
    pub const fn attempt(self) -> u32 {
        self.field(Self::ATTEMPT_AT, W::ATTEMPT)
    }

    /// The attempt after this one; stays at the last.
    pub const fn next_attempt(self) -> u32 {
        let attempt = self.attempt();
        if attempt < ones(W::ATTEMPT) {
            attempt + 1
        } else {
            attempt
        }
    }

    /// How many bits of the body count failures in a row.
    #[inline]
    const fn failure_bits(self) -> u32 {
        if self.is_closed() {
            Self::BODY
        } else {
            Self::SEEN_AT
        }
    }

    /// Closed, recovering: failures in a row.
    pub const fn failures(self) -> u32 {
        self.field(0, self.failure_bits())
    }

    /// Recovering: the rank of the next call, 0 to 63. So many 64ths of the ramp must be over for it to be admitted; rank 0
    /// always is.
    ///
    /// Of any 64 calls in a row each has another rank, and those of any few in a row are far apart: the step is next
    /// to the golden section of 64. It is odd, so that who makes every second call, or every fourth, gets his share
    /// as well, which he would not from the bits of the counter in reverse.
    pub const fn rank(self) -> u32 {
        (self.field(Self::SEEN_AT, W::SEEN) * 39) & ones(W::SEEN)
    }

    /// Half-open: rounds of this period before the present one.
    pub const fn late(self) -> u32 {
        self.field(Self::LATE_AT, W::LATE)
    }

    /// Half-open: successes of probes in this period.
    pub const fn successes(self) -> u32 {
        self.field(Self::SUCCESSES_AT, W::PROBES)
    }

    /// Half-open: failures of probes in this period.
    pub const fn failed_probes(self) -> u32 {
        self.field(Self::FAILED_PROBES_AT, W::PROBES)
    }

    /// Half-open: probe slots of this round that are taken.
    pub const fn in_flight(self) -> u32 {
        self.field(Self::IN_FLIGHT_AT, W::PROBES)
    }

    /// What the counts of both timer words say, modulo 4, once this instance's timer is written.
    ///
    /// Every new instance moves either the generation or the fill on by one, so the tag counts instances. A
    /// timer word that says one less has the timer of the instance before: nobody leaves an instance before
    /// both are written.
    pub const fn tag(self) -> u32 {
        (self.generation() + self.field(Self::FILL_AT, W::FILL)) & 3
    }

    /// Whether both words are of one instance, in which nothing but the body changes.
    pub fn same_instance(self, other: Self) -> bool {
        (self.bits ^ other.bits) & !ones(Self::BODY) == 0
    }

    /// The next generation in this phase, with an empty body.
    const fn in_phase(self, state: State) -> Self {
        let next = self.with(Self::GENERATION_AT, W::GENERATION, self.generation() + 1);
        next.with(0, Self::BODY, 0)
            .with(Self::PHASE_AT, 3, state.number())
    }

    /// What a permit keeps of the word in which it was admitted.
    #[inline]
    #[must_use]
    pub const fn ticket(self) -> Self {
        self.with(0, Self::BODY, 0)
    }

    /// What a permit in shadow has instead: the number of what would have refused it. No word is like it.
    #[must_use]
    pub const fn shadow_ticket(number: u32) -> Self {
        Self::from_bits(Self::SHADOW << Self::PHASE_AT).with(0, Self::BODY, number)
    }

    /// The number in a ticket of a permit in shadow; `None` for any other.
    pub const fn shadow(self) -> Option<u32> {
        if self.bits >> Self::PHASE_AT == Self::SHADOW {
            Some(self.field(0, Self::BODY))
        } else {
            None
        }
    }

    /// Whether this is the ticket of a probe.
    pub const fn is_probe(self) -> bool {
        matches!(self.state(), State::HalfOpen)
    }

    /// Closed, recovering: the failures in a row are over.
    #[must_use]
    pub const fn without_failures(self) -> Self {
        self.with(0, self.failure_bits(), 0)
    }

    /// Closed, recovering: one more failure in a row, of at most [`MOST_FAILURES`](Self::MOST_FAILURES), or
    /// [`MOST_FAILURES_RECOVERING`](Self::MOST_FAILURES_RECOVERING).
    #[must_use]
    pub const fn with_failure(self) -> Self {
        self.with(0, self.failure_bits(), self.failures() + 1)
    }

    /// Closed: so many failures in a row, of at most [`MOST_FAILURES`](Self::MOST_FAILURES).
    #[must_use]
    pub const fn with_failures(self, failures: u32) -> Self {
        self.with(0, self.failure_bits(), failures)
    }

    /// Recovering: the ramp decided on one more call.
    #[must_use]
    pub const fn with_seen(self) -> Self {
        self.with(Self::SEEN_AT, W::SEEN, self.field(Self::SEEN_AT, W::SEEN) + 1)
    }

    /// Recovering: the ramp is over, and all are admitted. What was counted goes on.
    #[must_use]
    pub const fn ramped(self) -> Self {
        self.with(Self::SEEN_AT, W::SEEN, 0)
            .with(Self::PHASE_AT, 3, State::Closed.number())
            .with_next_fill()
    }

    /// Trips or reopens: the cool-down of `attempt` runs until `deadline`.
    #[must_use]
    pub fn opened(self, attempt: u32, deadline: Deadline<W>) -> Self {
        let open = self
            .in_phase(State::Open)
            .with(Self::ATTEMPT_AT, W::ATTEMPT, attempt);
        open.with(0, W::CARRIED, deadline.carried())
    }

    /// Open: the cool-down is over, and this call is the first probe.
    #[must_use]
    pub const fn half_opened(self) -> Self {
        self.in_phase(State::HalfOpen)
            .with(Self::IN_FLIGHT_AT, W::PROBES, 1)
    }

    /// Half-open: one more probe, and another could follow.
    #[must_use]
    pub const fn probed(self) -> Self {
        self.with(Self::IN_FLIGHT_AT, W::PROBES, self.in_flight() + 1)
    }

    /// Half-open: one more probe takes the last slot, and the lease runs anew.
    #[must_use]
    pub const fn filled(self) -> Self {
        self.probed().with_next_fill()
    }

    const fn with_next_fill(self) -> Self {
        self.with(Self::FILL_AT, W::FILL, self.field(Self::FILL_AT, W::FILL) + 1)
    }

    /// Half-open: the lease of a full round ran out. A new round begins with this call as its first probe; what
    /// was counted for the verdict stays.
    #[must_use]
    pub const fn renewed(self) -> Self {
        let late = if self.late() < ones(W::LATE) {
            self.late() + 1
        } else {
            self.late()
        };
        let round = self.in_phase(State::HalfOpen).with(Self::LATE_AT, W::LATE, late);
        round
            .with(Self::SUCCESSES_AT, W::PROBES, self.successes())
            .with(Self::FAILED_PROBES_AT, W::PROBES, self.failed_probes())
            .with(Self::IN_FLIGHT_AT, W::PROBES, 1)
    }

    /// Half-open: one more success, of at most [`MOST_PROBES`](Self::MOST_PROBES).
    #[must_use]
    pub const fn with_success(self) -> Self {
        self.with(Self::SUCCESSES_AT, W::PROBES, self.successes() + 1)
    }

    /// Half-open: one more failure, of at most [`MOST_PROBES`](Self::MOST_PROBES).
    #[must_use]
    pub const fn with_failed_probe(self) -> Self {
        self.with(Self::FAILED_PROBES_AT, W::PROBES, self.failed_probes() + 1)
    }

    /// Half-open: a probe of this round gives its slot back.
    #[must_use]
    pub const fn released(self) -> Self {
        self.with(Self::IN_FLIGHT_AT, W::PROBES, self.in_flight().saturating_sub(1))
    }

    /// Closes; the next opening gets the cool-down of `attempt`.
    #[must_use]
    pub const fn closed(self, attempt: u32) -> Self {
        self.in_phase(State::Closed)
            .with(Self::ATTEMPT_AT, W::ATTEMPT, attempt)
    }

    /// Closes with a ramp before all are admitted; the next opening gets the cool-down of `attempt`.
    #[must_use]
    pub const fn recovering(self, attempt: u32) -> Self {
        self.in_phase(State::Recovering)
            .with(Self::ATTEMPT_AT, W::ATTEMPT, attempt)
    }

    /// Forced open, until it is reset.
    #[must_use]
    pub const fn forced_open(self) -> Self {
        self.in_phase(State::ForcedOpen)
            .with(Self::ATTEMPT_AT, W::ATTEMPT, 0)
    }

    /// Disabled, until it is reset.
    #[must_use]
    pub const fn disabled(self) -> Self {
        self.in_phase(State::Disabled)
            .with(Self::ATTEMPT_AT, W::ATTEMPT, 0)
    }
}

impl<W: Widths> fmt::Debug for Word<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut show = f.debug_struct("Word");
        show.field("state", &self.state())
            .field("generation", &self.generation());
        show.field("attempt", &self.attempt())
            .field("fill", &self.field(Self::FILL_AT, W::FILL));
        match self.state() {
            State::Closed => show.field("failures", &self.failures()),
            State::Recovering => show
                .field("failures", &self.failures())
                .field("rank", &self.rank()),
            State::Open => show.field("carried", &self.field(0, W::CARRIED)),
            State::HalfOpen => show
                .field("late", &self.late())
                .field("successes", &self.successes())
                .field("failures", &self.failed_probes())
                .field("in_flight", &self.in_flight()),
            State::ForcedOpen | State::Disabled => &mut show,
        };
        show.finish()
    }
}

#[cfg(test)]
mod tests;
