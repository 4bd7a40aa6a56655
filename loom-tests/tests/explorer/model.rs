//! What a breaker must do, for an observer who sees every step: in whole numbers that do not come round, and with no
//! function of the sources but the accessors of a word's fields. Time is in ticks since the start.
//!
//! Each successful compare-and-swap of what is explored must be the step that the model takes there, and each
//! decision must be true of the model at the step that ends it.

use watertight::State;
use watertight::breaker::rules::Rules;
use watertight::breaker::word::{Widths, Word};

use crate::script::Op;
use crate::sights::Sight;
use crate::tape::{List, Size};

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
    /// In a row.
    pub failures: u8,
    pub successes: u8,
    pub failed_probes: u8,
    /// Rounds of this half-open period before the present one.
    pub late: u8,
    /// Probes of this round that are not settled.
    pub in_flight: u8,
    /// Calls that the ramp decided on.
    pub seen: u8,
    /// The last calls, where these are counted.
    pub list: List,
    pub timer: Timer,
    /// Whether low was written by a helper, until high is.
    pub helped: bool,
    /// The deadline: an opening's from the beginning, any other's from when low is written.
    pub deadline: i32,
}

/// A tick so long ago that nothing waits for it.
pub const LONG_PAST: i32 = i32::MIN;

/// A sentence that says what is wrong.
pub type Wrong = String;

pub fn wrong<T>(sentence: impl Into<String>) -> Result<T, Wrong> {
    Err(sentence.into())
}

impl Model {
    /// Of words that are zero.
    pub fn new(claims: Claims) -> Self {
        Self {
            decisions: matches!(claims, Claims::Decisions),
            state: State::Closed,
            generation: 0,
            instance: 0,
            attempt: 0,
            failures: 0,
            successes: 0,
            failed_probes: 0,
            late: 0,
            in_flight: 0,
            seen: 0,
            list: List::default(),
            timer: Timer::Set,
            helped: false,
            deadline: LONG_PAST,
        }
    }

    /// Whether outcomes are counted.
    pub fn counts(&self) -> bool {
        matches!(self.state, State::Closed | State::Recovering)
    }

    fn begin(&mut self, state: State, deadline: i32) {
        *self = Self {
            state,
            generation: self.generation + 1,
            instance: self.instance,
            attempt: self.attempt,
            ..Self::new(if self.decisions {
                Claims::Decisions
            } else {
                Claims::All
            })
        };
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

    /// A call is admitted by a compare-and-swap, or refused by one in a ramp, by this clock reading; the state word
    /// says `to` then. In a ramp, the answer is for how many ticks it is refused.
    pub fn admit<W: Widths>(
        &mut self,
        rules: &Rules,
        reading: Option<i32>,
        to: State,
    ) -> Result<(Sight, Option<u32>), Wrong> {
        let (probes, lease) = (rules.probes as u8, rules.lease as i32);
        match self.state {
            State::Open => {
                let reading = self.is_over::<W>(reading)?;
                self.begin(State::HalfOpen, reading + lease);
                self.in_flight = 1;
                return Ok((Sight::HalfOpened, None));
            }
            State::Recovering => return self.admit_recovering::<W>(rules, reading, to),
            State::HalfOpen => {}
            state => return wrong(format!("admitting wrote to a breaker that is {state}")),
        }
        if self.in_flight >= probes {
            let reading = self.is_over::<W>(reading)?;
            let before = *self;
            self.begin(State::HalfOpen, reading + lease);
            self.late = most(W::LATE).min(before.late + 1);
            (self.successes, self.failed_probes) = (before.successes, before.failed_probes);
            self.in_flight = 1;
            return Ok((Sight::Renewed, None));
        }
        if self.in_flight + 1 == probes {
            let reading = self.may_leave(reading)?;
            self.begin_instance(reading + lease);
        }
        self.in_flight += 1;
        Ok(match self.in_flight == probes {
            true => (Sight::Filled, None),
            false => (Sight::Probed, None),
        })
    }

    fn admit_recovering<W: Widths>(
        &mut self,
        rules: &Rules,
        reading: Option<i32>,
        to: State,
    ) -> Result<(Sight, Option<u32>), Wrong> {
        let reading = self.may_leave(reading)?;
        let Some(left) = self.left::<W>(reading)?.or(
            // A helper may have dated the ramp later.
            (self.decisions && to == State::Recovering).then_some(0),
        ) else {
            self.state = State::Closed;
            self.seen = 0;
            self.begin_instance(reading + rules.stable as i32);
            return Ok((Sight::Ramped, None));
        };
        if to != State::Recovering {
            return wrong(format!("a ramp was ended {left} ticks before its deadline"));
        }
        let admitted = self.until_share::<W>(rules, left) == 0;
        self.seen = (self.seen + 1) % (1 << W::SEEN);
        Ok(match admitted {
            true => (Sight::RampAdmitted, None),
            false => (Sight::RefusedRecovering, Some(self.until_share::<W>(rules, left))),
        })
    }

    /// The place of the next call among as many as `seen` tells apart: each has another, and neighbours are far apart.
    fn place<W: Widths>(&self) -> u32 {
        u32::from(self.seen) * 39 % (1 << W::SEEN)
    }

    /// Ticks until the next call is in the share of a ramp with so many left: so much of the ramp must be over as its
    /// place is of all places.
    pub fn until_share<W: Widths>(&self, rules: &Rules, left: u32) -> u32 {
        // More may be left than the ramp is long: by an old reading, or by other rules.
        match self.place::<W>() * rules.ramp / (1 << W::SEEN) {
            0 => 0,
            from => (from + left).saturating_sub(rules.ramp),
        }
    }

    /// Whether the outcome of a call that was admitted in `generation` changes nothing.
    pub fn ignores(&self, size: Size, generation: u16, op: Op) -> bool {
        let age = self.generation - generation;
        match (self.state, op.mark()) {
            (State::Closed | State::Recovering, None) => true,
            (State::Closed | State::Recovering, Some(_)) => {
                let nothing_to_end = !op.ended().outcome.is_failure() && self.failures == 0;
                age > 0 || nothing_to_end && !size.is_window()
            }
            (State::HalfOpen, None) => age > 0,
            (State::HalfOpen, Some(_)) => age > self.late.into(),
            _ => true,
        }
    }

    /// Whether it comes too late, rather than says nothing. Of a call that was admitted while disabled nothing is ever
    /// counted.
    pub fn is_late(&self, (generation, disabled): (u16, bool), op: Op) -> bool {
        let age = self.generation - generation;
        let late = match self.state {
            State::Closed | State::Recovering => age > 0,
            State::HalfOpen => age > self.late.into(),
            _ => true,
        };
        op.mark().is_some() && !disabled && late
    }

    /// The outcome of a call that was admitted in `generation` is counted in the state, or opens the breaker because
    /// of what its window holds, by this clock reading; an opening says that it has got the cool-down of `attempt`. Where the rules are `changing`, who
    /// opens may have judged by his before somebody else went on by others.
    pub fn settle<W: Widths>(
        &mut self,
        rules: &Rules,
        (size, changing): (Size, bool),
        (generation, op): (u16, Op),
        reading: Option<i32>,
        attempt: u32,
    ) -> Result<Sight, Wrong> {
        if self.counts() && size.is_window() {
            if generation != self.generation {
                return wrong("an outcome that comes too late opened the breaker");
            }
            if !changing && !size.is_ring && !self.list.is_over(size, rules) {
                return wrong("a breaker was opened by a window that does not call for it");
            }
            self.trip::<W>(rules, op, reading, attempt)?;
            return Ok(Sight::Tripped);
        }
        if self.ignores(size, generation, op) {
            return wrong("an outcome that comes too late, or says nothing, changed the state");
        }
        let late = self.generation != generation;
        let failed = op.ended().outcome.is_failure();
        match (self.state, op.mark()) {
            (_, None) => {
                self.in_flight -= 1;
                Ok(Sight::Released)
            }
            (State::HalfOpen, Some(mark)) if mark.is_bad() => {
                if u32::from(self.failed_probes) + 1 >= rules.probe_failures {
                    let reading = self.may_leave(reading)?;
                    let attempt = most(W::ATTEMPT).min(self.attempt + 1);
                    self.open(rules, attempt, op, reading);
                    return Ok(Sight::Reopened);
                }
                self.failed_probes += 1;
                self.in_flight -= u8::from(!late);
                Ok(if late {
                    Sight::LateFailedProbe
                } else {
                    Sight::FailedProbe
                })
            }
            (State::HalfOpen, Some(_)) if u32::from(self.successes) + 1 < rules.successes => {
                self.successes += 1;
                self.in_flight -= u8::from(!late);
                Ok(if late { Sight::LateCounted } else { Sight::Counted })
            }
            (State::HalfOpen, Some(_)) => {
                let reading = self.may_leave(reading)?;
                let attempt = most(W::ATTEMPT).min(self.attempt + 1);
                let (state, wait) = match rules.ramp {
                    0 => (State::Closed, rules.stable),
                    ramp => (State::Recovering, ramp),
                };
                self.begin(state, reading + wait as i32);
                self.attempt = attempt;
                Ok(match state {
                    State::Recovering => Sight::Recovering,
                    _ => Sight::Closed,
                })
            }
            _ if !failed => {
                self.failures = 0;
                Ok(Sight::Counted)
            }
            _ if u32::from(self.failures) + 1 < rules.threshold => {
                self.failures += 1;
                Ok(Sight::Counted)
            }
            _ => {
                self.trip::<W>(rules, op, reading, attempt)?;
                Ok(Sight::Tripped)
            }
        }
    }

    fn trip<W: Widths>(
        &mut self,
        rules: &Rules,
        op: Op,
        reading: Option<i32>,
        attempt: u32,
    ) -> Result<(), Wrong> {
        let reading = self.may_leave(reading)?;
        let attempt = match self.state {
            State::Recovering => self.attempt,
            _ => match self.left::<W>(reading)? {
                // The stable period may have been dated by a helper later.
                None if self.decisions && attempt == self.attempt.into() => self.attempt,
                None => 0,
                Some(_) => self.attempt,
            },
        };
        self.open(rules, attempt, op, reading);
        Ok(())
    }

    fn open(&mut self, rules: &Rules, attempt: u8, op: Op, reading: i32) {
        let hint = u32::from(op.hint()).min(rules.longest_hint);
        self.attempt = attempt;
        let wait = rules.cool_downs[usize::from(attempt)].max(hint);
        self.begin(State::Open, reading + wait as i32);
    }

    /// Somebody forces a state.
    pub fn force(&mut self, rules: &Rules, op: Op, reading: Option<i32>) -> Result<Sight, Wrong> {
        let reading = self.may_leave(reading)?;
        let (state, wait, sight) = match op {
            Op::ForceOpen => (State::ForcedOpen, 0, Sight::ForcedOpen),
            Op::Disable => (State::Disabled, 0, Sight::Disabled),
            _ => (State::Closed, rules.stable, Sight::Reset),
        };
        self.begin(state, reading + wait as i32);
        self.attempt = 0;
        Ok(sight)
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
        match self.state {
            State::Closed => compare("failures", word.failures(), self.failures.into())?,
            State::Recovering => {
                compare("failures", word.failures(), self.failures.into())?;
                compare("rank", word.rank(), self.place::<W>())?;
            }
            State::Open => compare(
                "carried bits",
                word.bits() & ones(W::CARRIED),
                deadline >> (W::LOW - W::CARRIED) & ones(W::CARRIED),
            )?,
            State::HalfOpen => {
                compare("in flight", word.in_flight(), self.in_flight.into())?;
                compare("successes", word.successes(), self.successes.into())?;
                compare("failed probes", word.failed_probes(), self.failed_probes.into())?;
                compare("late", word.late(), self.late.into())?;
            }
            State::ForcedOpen | State::Disabled => compare("failures", word.failures(), 0)?,
        }
        compare(
            "generation",
            word.generation(),
            u32::from(self.generation) & ones(W::GENERATION),
        )?;
        if !self.decisions {
            compare("tag", word.tag(), u32::from(self.instance) & 3)?;
        }
        compare("attempt", word.attempt(), self.attempt.into())
    }
}

pub const fn ones(width: u32) -> u32 {
    (1 << width) - 1
}

fn most(width: u32) -> u8 {
    ones(width) as u8
}
