//! What of a breaker outlives a sleep in which its memory is lost: four words of plain data.

use core::fmt;

use super::Snapshot;
use super::config::MOST_FAILURES;
use super::protocol::Former;
use super::rules::{Rules, mix, ticks_for};
use super::word::{Deadline, Real, State};
use crate::rejected::RetryAfter;
use crate::time::Micros;

/// What a breaker was, to be made again after a deep sleep or a reset: four words for memory that is kept, such as the
/// backup registers of a real-time clock.
///
/// ```
/// use watertight::breaker::Saved;
/// use watertight::{Breaker, Config, Micros, StdClock};
///
/// static LINK: Config = Config::consecutive(3).build();
/// static MODEM: Breaker<StdClock> = Breaker::new(StdClock, &LINK);
/// # fn keep(_: [u32; 4]) {}
/// # fn kept() -> [u32; 4] { [0; 4] }
/// # fn slept_for() -> Micros { Micros::ZERO }
///
/// // Before going to sleep:
/// keep(MODEM.save().to_words());
///
/// // After waking up, before the first call. Whatever was never kept is not taken for something that was.
/// if let Some(saved) = Saved::from_words(kept()) {
///     let _restored = MODEM.restore(&saved, slept_for());
/// }
/// ```
///
/// It holds no instant, only how long there was to wait: so it means the same to a clock that begins anew.
///
/// | was | becomes |
/// |---|---|
/// | closed | closed, with the failures in a row. A window of calls or of time begins empty |
/// | open | open for the rest of its cool-down, less the time asleep; if that is over, the next call is a probe |
/// | half-open, recovering | open with its cool-down over: the next call is a probe. What was counted of probes is forgotten, and so are those that were under way |
/// | forced open, disabled | the same |
///
/// Openings in a row are kept, so that cool-downs go on growing. A stable period begins anew, whatever of it was
/// over. The configuration may be another than before: what is left of a cool-down stays, as far as its unit allows,
/// and failures in a row that would have opened it are one fewer than what opens it now.
///
/// If nobody knows for how long it slept, say zero: the rest of the cool-down is then waited for after waking, and
/// nobody is called too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    state: State,
    /// Which cool-down this is, or the next.
    attempt: u32,
    failures: u32,
    /// The rest of a cool-down.
    wait: Micros,
}

/// Marks words of this format, version 1.
const MARK: u32 = 0xB1 << 24;
const STATE_AT: u32 = 16;
const ATTEMPT_AT: u32 = 12;
const FAILURES: u32 = (1 << ATTEMPT_AT) - 1;
const _: () = assert!(MOST_FAILURES <= FAILURES);

impl Saved {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let openings = snapshot.openings_in_a_row();
        let before = openings.saturating_sub(1);
        let (state, attempt, wait) = match (snapshot.state(), snapshot.retry_after()) {
            (State::Open, Some(RetryAfter::In(wait))) => (State::Open, before, wait),
            (State::Open | State::HalfOpen | State::Recovering, _) => (State::Open, before, Micros::ZERO),
            (state, _) => (state, openings, Micros::ZERO),
        };
        let failures = match state {
            State::Closed => snapshot.failures().min(FAILURES),
            _ => 0,
        };
        Self {
            state,
            attempt,
            failures,
            wait,
        }
    }

    /// As words.
    pub const fn to_words(&self) -> [u32; 4] {
        let head = MARK | self.state.number() << STATE_AT | self.attempt << ATTEMPT_AT | self.failures;
        let wait = self.wait.as_micros();
        let (low, high) = (wait as u32, (wait >> 32) as u32);
        [head, low, high, check(head, low, high)]
    }

    /// What [`to_words`](Self::to_words) made words of; `None` if these are none of its words, as after a loss of
    /// power: any words but one in 2^32 are recognised as such, and every one in which a single word was changed.
    pub const fn from_words(words: [u32; 4]) -> Option<Self> {
        let [head, low, high, sum] = words;
        let number = head >> STATE_AT & 0xFF;
        if head >> 24 != MARK >> 24 || sum != check(head, low, high) || number >= 6 {
            return None;
        }
        Some(Self {
            state: State::of_number(number),
            attempt: head >> ATTEMPT_AT & 0xF,
            failures: head & FAILURES,
            wait: Micros::from_micros((high as u64) << 32 | low as u64),
        })
    }

    /// As what it is to begin again under these rules.
    pub(super) fn after(&self, asleep: Micros, rules: &Rules) -> Former {
        let attempt = self.attempt;
        match self.state {
            State::Closed => Former::Closed {
                attempt,
                // None where a rate opens it: one failure is its threshold.
                failures: self.failures.min(rules.threshold.saturating_sub(1)),
            },
            State::Open | State::HalfOpen | State::Recovering => {
                let left = ticks_for(self.wait.saturating_sub(asleep), rules.tick);
                let longest = Deadline::<Real>::LONGEST_WAIT;
                let left = u32::try_from(left).map_or(longest, |left| left.min(longest));
                Former::Open { attempt, left }
            }
            State::ForcedOpen => Former::ForcedOpen,
            State::Disabled => Former::Disabled,
        }
    }
}

/// Changes with each of the three: a step is one to one in the word that it takes in.
const fn check(head: u32, low: u32, high: u32) -> u32 {
    mix(mix(mix(0x5AFE_D000 ^ head) ^ low) ^ high)
}

/// The breaker was opened, closed or forced before, or has failures in a row: nothing was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyUsed;

impl fmt::Display for AlreadyUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the circuit breaker was used before: only a new one is restored")
    }
}

impl core::error::Error for AlreadyUsed {}
