//! What a breaker must do, for an observer who sees every step: in whole numbers that do not come round, and with no
//! function of the sources but the accessors of a word's fields. Time is in ticks since the start.
//!
//! Each successful compare-and-swap of what is explored must be the step that the model takes there, and each
//! decision must be true of the model at the step that ends it.

use watertight::State;
use watertight::breaker::protocol::Outcome;
use watertight::breaker::rules::Rules;
use watertight::breaker::word::{Deadline, Widths, Word};

/// What must be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    /// Everything: each word that is written, when, and by whom.
    All,
    /// What callers see: who is admitted when, who is refused for how long, what is counted. The timer words may say
    /// what they like. For clocks that do not step back.
    Decisions,
}

/// How much of an instance's timer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    Unset,
    Low,
    Set,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Model {
    /// Only decisions are looked at: timers are taken for set as soon as their instance begins.
    pub decisions: bool,
    pub state: State,
    /// Transitions and rounds so far.
    pub generation: u16,
    /// Timers so far.
    pub instance: u16,
    pub attempt: u8,
    pub failures: u8,
    pub successes: u8,
    /// Rounds of this half-open period before the present one.
    pub late: u8,
    /// Probes of this round that are not settled.
    pub in_flight: u8,
    pub timer: Timer,
    /// Whether low was written by a helper, until high is.
    pub helped: bool,
    /// The deadline: an opening's from the beginning, any other's from when low is written.
    pub deadline: i32,
}

/// A tick so long ago that nothing waits for it.
pub const LONG_PAST: i32 = i32::MIN;

/// What a claim is about: it must be seen, or the claim was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sight {
    Counted,
    LateCounted,
    Released,
    Probed,
    Filled,
    Renewed,
    HalfOpened,
    Tripped,
    Reopened,
    Closed,
    Reset,
    HelperSetLow,
    HelperSetHigh,
    HelperRounded,
    MakerSetHighForHelper,
    SwapLost,
    RefusedOpen,
    RefusedFull,
    LookedAgainInVain,
    CameTooLate,
    SawWait,
}

/// A sentence that says what is wrong.
type Wrong = String;

fn wrong<T>(sentence: impl Into<String>) -> Result<T, Wrong> {
    Err(sentence.into())
}

impl Model {
    /// Of three words that are zero.
    pub const fn new(claims: Claims) -> Self {
        Self {
            decisions: matches!(claims, Claims::Decisions),
            state: State::Closed,
            generation: 0,
            instance: 0,
            attempt: 0,
            failures: 0,
            successes: 0,
            late: 0,
            in_flight: 0,
            timer: Timer::Set,
            helped: false,
            deadline: LONG_PAST,
        }
    }

    /// Ticks until the deadline; `None` if it is over.
    ///
    /// Only where the documented limits are not met: no reading is further from a deadline than timers reach.
    pub fn left<W: Widths>(&self, reading: i32) -> Result<Option<u32>, Wrong> {
        if self.timer != Timer::Set {
            return wrong("the timer of this instance is not set, and something was decided by it");
        }
        if self.deadline == LONG_PAST {
            return Ok(None);
        }
        let left = i64::from(self.deadline) - i64::from(reading);
        let reach = i64::from(Deadline::<W>::REACH);
        if left > reach || left <= reach - (1 << (W::LOW + W::HIGH)) {
            return wrong("limit: a reading is too far from a deadline; choose other widths or times");
        }
        Ok((left > 0).then_some(left as u32))
    }

    fn begin(&mut self, state: State, deadline: i32) {
        (self.state, self.generation) = (state, self.generation + 1);
        (self.failures, self.successes, self.late, self.in_flight) = (0, 0, 0, 0);
        self.begin_instance(deadline);
    }

    /// `deadline` is what the maker of the instance decided on.
    fn begin_instance(&mut self, deadline: i32) {
        self.instance += 1;
        self.helped = false;
        self.timer = if self.decisions { Timer::Set } else { Timer::Unset };
        self.deadline = if self.decisions || self.state == State::Open {
            deadline
        } else {
            0
        };
    }

    fn may_leave(&self, reading: Option<i32>) -> Result<i32, Wrong> {
        match (self.timer, reading) {
            (Timer::Set, Some(reading)) => Ok(reading),
            (Timer::Set, None) => wrong("an instance began without asking the clock"),
            _ => wrong("an instance was left whose timer is not set"),
        }
    }

    /// A call is admitted by a compare-and-swap, by this clock reading.
    pub fn admit<W: Widths>(&mut self, rules: &Rules, reading: Option<i32>) -> Result<Sight, Wrong> {
        let (probes, lease) = (rules.probes as u8, rules.lease as i32);
        match self.state {
            State::Closed => return wrong("admitting wrote to a closed breaker"),
            State::Open => {
                let reading = self.is_over::<W>(reading)?;
                self.begin(State::HalfOpen, reading + lease);
                self.in_flight = 1;
                return Ok(Sight::HalfOpened);
            }
            State::HalfOpen => {}
        }
        if self.in_flight >= probes {
            let reading = self.is_over::<W>(reading)?;
            let (late, successes) = (self.late, self.successes);
            self.begin(State::HalfOpen, reading + lease);
            (self.late, self.successes, self.in_flight) = (most(W::LATE).min(late + 1), successes, 1);
            return Ok(Sight::Renewed);
        }
        if self.in_flight + 1 == probes {
            let reading = self.may_leave(reading)?;
            self.begin_instance(reading + lease);
        }
        self.in_flight += 1;
        Ok(if self.in_flight == probes {
            Sight::Filled
        } else {
            Sight::Probed
        })
    }

    fn is_over<W: Widths>(&self, reading: Option<i32>) -> Result<i32, Wrong> {
        let reading = self.may_leave(reading)?;
        match self.left::<W>(reading)? {
            None => Ok(reading),
            Some(left) => wrong(format!("a probe was admitted {left} ticks before the deadline")),
        }
    }

    /// Whether a refusal, or an observer, by this clock reading may say that so many ticks are left.
    pub fn waits<W: Widths>(&self, rules: &Rules, left: Option<u32>, reading: i32) -> Result<(), Wrong> {
        let least = self.left::<W>(reading)?;
        let most = match self.state {
            _ if !self.decisions => least,
            // A helper knows less of the deadline than its maker, and rounds it up.
            State::Open => Self {
                deadline: self.deadline + ones(W::LOW - W::CARRIED) as i32,
                ..*self
            }
            .left::<W>(reading)?,
            // A helper may come at any time, and dates a lease with its own clock.
            _ => Some(rules.lease),
        };
        if (least..=most).contains(&left) {
            return Ok(());
        }
        wrong(format!(
            "{left:?} ticks are said to be left, where it must be {least:?} to {most:?}"
        ))
    }

    /// Whether the outcome of a call that was admitted in `generation` changes nothing.
    pub fn ignores(&self, generation: u16, outcome: Outcome) -> bool {
        let age = self.generation - generation;
        match self.state {
            State::Closed => {
                age > 0 || outcome == Outcome::Neutral || outcome == Outcome::Success && self.failures == 0
            }
            State::Open => true,
            State::HalfOpen => {
                age > if outcome == Outcome::Neutral {
                    0
                } else {
                    self.late.into()
                }
            }
        }
    }

    /// The outcome of a call that was admitted in `generation` is counted, by this clock reading; an opening says
    /// that it has got the cool-down of `attempt`.
    pub fn settle<W: Widths>(
        &mut self,
        rules: &Rules,
        generation: u16,
        outcome: Outcome,
        reading: Option<i32>,
        attempt: u32,
    ) -> Result<Sight, Wrong> {
        if self.ignores(generation, outcome) {
            return wrong("an outcome that comes too late, or says nothing, changed the state");
        }
        let late = self.generation != generation;
        match (self.state, outcome) {
            (State::Open, _) => unreachable!("it ignores every outcome"),
            (_, Outcome::Neutral) => {
                self.in_flight -= 1;
                Ok(Sight::Released)
            }
            (State::Closed, Outcome::Success) => {
                self.failures = 0;
                Ok(Sight::Counted)
            }
            (State::Closed, Outcome::Failure(_)) if u32::from(self.failures) + 1 < rules.threshold => {
                self.failures += 1;
                Ok(Sight::Counted)
            }
            (State::Closed, Outcome::Failure(hint)) => {
                let reading = self.may_leave(reading)?;
                let attempt = match self.left::<W>(reading)? {
                    // The stable period may have been dated by a helper later.
                    None if self.decisions && attempt == self.attempt.into() => self.attempt,
                    None => 0,
                    Some(_) => self.attempt,
                };
                self.open(rules, attempt, hint.as_micros(), reading);
                Ok(Sight::Tripped)
            }
            (State::HalfOpen, Outcome::Failure(hint)) => {
                let reading = self.may_leave(reading)?;
                let attempt = most(W::ATTEMPT).min(self.attempt + 1);
                self.open(rules, attempt, hint.as_micros(), reading);
                Ok(Sight::Reopened)
            }
            (State::HalfOpen, Outcome::Success) if u32::from(self.successes) + 1 < rules.successes => {
                self.successes += 1;
                self.in_flight -= u8::from(!late);
                Ok(if late { Sight::LateCounted } else { Sight::Counted })
            }
            (State::HalfOpen, Outcome::Success) => {
                let reading = self.may_leave(reading)?;
                self.begin(State::Closed, reading + rules.stable as i32);
                self.attempt = most(W::ATTEMPT).min(self.attempt + 1);
                Ok(Sight::Closed)
            }
        }
    }

    fn open(&mut self, rules: &Rules, attempt: u8, hint: u64, reading: i32) {
        let hint = hint.min(rules.longest_hint.into()) as u32;
        self.attempt = attempt;
        self.begin(
            State::Open,
            reading + rules.cool_downs[usize::from(attempt)].max(hint) as i32,
        );
    }

    pub fn reset(&mut self, rules: &Rules, reading: Option<i32>) -> Result<Sight, Wrong> {
        let reading = self.may_leave(reading)?;
        self.begin(State::Closed, reading + rules.stable as i32);
        self.attempt = 0;
        Ok(Sight::Reset)
    }

    /// Whether the state word says what the model does.
    pub fn agrees<W: Widths>(&self, word: Word<W>, start: u64) -> Result<(), Wrong> {
        let deadline = start.wrapping_add_signed(self.deadline.into()) as u32;
        let compare = |name: &str, said: u32, true_one: u32| match said == true_one {
            true => Ok(()),
            false => wrong(format!(
                "the state word says {name} {said}, where it must be {true_one}"
            )),
        };
        if word.state() != self.state {
            return wrong(format!(
                "the state word says {}, where it must be {}",
                word.state(),
                self.state
            ));
        }
        let body = match self.state {
            State::Closed => compare("failures", word.failures(), self.failures.into()),
            State::Open => compare(
                "carried bits",
                word.bits() & ones(W::CARRIED),
                deadline >> (W::LOW - W::CARRIED) & ones(W::CARRIED),
            ),
            State::HalfOpen => compare("in flight", word.in_flight(), self.in_flight.into())
                .and_then(|()| compare("successes", word.successes(), self.successes.into()))
                .and_then(|()| compare("late", word.late(), self.late.into())),
        };
        body.and_then(|()| {
            compare(
                "generation",
                word.generation(),
                u32::from(self.generation) & ones(W::GENERATION),
            )
        })
        .and_then(|()| match self.decisions {
            true => Ok(()),
            false => compare("tag", word.tag(), u32::from(self.instance) & 3),
        })
        .and_then(|()| compare("attempt", word.attempt(), self.attempt.into()))
    }

    /// A low word is written by a caller whose newest clock reading this is.
    pub fn set_low<W: Widths>(
        &mut self,
        rules: &Rules,
        word: u32,
        start: u64,
        reading: i32,
    ) -> Result<(), Wrong> {
        if self.decisions {
            return Ok(());
        }
        if self.timer != Timer::Unset {
            return wrong("low was written a second time in one instance");
        }
        let at = |offset: i32| start.wrapping_add_signed(offset.into());
        let low = |offset: i32| at(offset) as u32 & ones(W::LOW);
        let said = word & ones(W::LOW);
        self.deadline = match self.state {
            State::Open => {
                // The maker's deadline, or what a helper knows of it.
                let rest = u64::from(ones(W::LOW - W::CARRIED));
                let rounded = self.deadline + (rest - (at(self.deadline) & rest)) as i32;
                if said == low(self.deadline) {
                    self.deadline
                } else {
                    rounded
                }
            }
            State::HalfOpen => reading + rules.lease as i32,
            State::Closed => reading + rules.stable as i32,
        };
        self.timer = Timer::Low;
        if said != low(self.deadline) {
            return wrong(format!(
                "low says {said}, where it must be {}",
                low(self.deadline)
            ));
        }
        self.near::<W>(reading)?;
        self.counts("low", word >> W::LOW, W::LOW_COUNT)
    }

    /// A high word is written by a caller whose newest clock reading this is.
    pub fn set_high<W: Widths>(&mut self, word: u32, start: u64, reading: i32) -> Result<(), Wrong> {
        match self.timer {
            _ if self.decisions => return Ok(()),
            Timer::Unset => return wrong("high was written before low"),
            Timer::Set => return wrong("high was written a second time in one instance"),
            Timer::Low => self.timer = Timer::Set,
        }
        self.near::<W>(reading)?;
        let high = (start.wrapping_add_signed(self.deadline.into()) >> W::LOW) as u32 & ones(W::HIGH);
        let said = word & ones(W::HIGH);
        if said != high {
            return wrong(format!("high says {said}, where it must be {high}"));
        }
        self.counts("high", word >> W::HIGH, W::HIGH_COUNT)
    }

    fn near<W: Widths>(&self, reading: i32) -> Result<(), Wrong> {
        match self.deadline.abs_diff(reading) < Deadline::<W>::REACH {
            true => Ok(()),
            false => {
                wrong("limit: a helper's reading is too far from the deadline; choose other widths or times")
            }
        }
    }

    fn counts(&self, name: &str, said: u32, width: u32) -> Result<(), Wrong> {
        let count = u32::from(self.instance) & ones(width);
        match said == count {
            true => Ok(()),
            false => wrong(format!("{name} counts {said} timers, where it must be {count}")),
        }
    }
}

pub const fn ones(width: u32) -> u32 {
    (1 << width) - 1
}

fn most(width: u32) -> u8 {
    ones(width) as u8
}
