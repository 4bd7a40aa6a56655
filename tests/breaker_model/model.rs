//! The naive model: the rows of the design in wide integers, on a line of time without end.

use std::collections::VecDeque;

use watertight::{Reason, RetryAfter, State};

use crate::common;
use crate::settings::{JudgedBy, Settings, Verdict};

/// Every time is a whole number of microseconds from nought, on a line without end.
#[derive(Debug)]
pub struct Model {
    pub settings: Settings,
    pub generation: i128,
    pub openings: i128,
    pub phase: Phase,
    /// What is counted of the calls of a closed or recovering breaker, newest last.
    pub calls: VecDeque<Call>,
    pub kept: Kept,
}

#[derive(Clone, Copy, Debug)]
pub enum Phase {
    Closed {
        stable_at: i128,
    },
    Recovering {
        until: i128,
        seen: usize,
    },
    Open {
        until: i128,
    },
    HalfOpen {
        rounds_before: i128,
        successes: i128,
        failures: i128,
        in_flight: usize,
        lease_until: i128,
    },
    ForcedOpen,
    Disabled,
}

#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub failed: bool,
    pub slow: bool,
}

/// What statistics keep.
#[derive(Debug, Default)]
pub struct Kept {
    pub late: u32,
    pub refused: Vec<Reason>,
    pub shadowed: Vec<Reason>,
    /// The last transition, and when it was made.
    pub last: Option<(Event, i128)>,
    /// Of the openings that are over.
    pub open: i128,
}

#[derive(Clone, Copy, Debug)]
pub struct ModelPermit {
    pub generation: i128,
    pub probe: bool,
    /// Of a disabled breaker, which counts nothing: nor is it ever late.
    pub disabled: bool,
    pub shadow: Option<Reason>,
    pub since: i128,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Success,
    Failure { hint: i128 },
    Neutral,
}

pub type Event = (State, State, i128);
type Refused = (Reason, RetryAfter);

const STEPS: i128 = 64;

/// The place of a call of a ramp among 64: 39 places after that of the call before, round and round.
fn place(seen: usize) -> i128 {
    (0..seen).fold(0, |place, _| (place + 39) % STEPS)
}

impl Model {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            generation: 0,
            openings: 0,
            phase: Phase::Closed { stable_at: 0 },
            calls: VecDeque::new(),
            kept: Kept::default(),
        }
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Recovering { .. } => State::Recovering,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
            Phase::ForcedOpen => State::ForcedOpen,
            Phase::Disabled => State::Disabled,
        }
    }

    /// The end of a timer of so many ticks: in whole ticks, rounded up. No time at all is over at once.
    pub fn timer(&self, now: i128, ticks: i128) -> i128 {
        let tick = self.settings.tick;
        if ticks == 0 {
            return now;
        }
        ((now + tick - 1).div_euclid(tick) + ticks) * tick
    }

    /// The ticks left of a timer, as documented: it is told from now modulo 2^46 ticks, and nothing further ahead
    /// than 2^29 is waited for.
    pub fn ticks_left(&self, until: i128, now: i128) -> Option<i128> {
        let tick = self.settings.tick;
        let left = (until.div_euclid(tick) - now.div_euclid(tick)).rem_euclid(1 << 46);
        (left > 0 && left <= 1 << 29).then_some(left)
    }

    /// Until the tick that comes so many after the present one.
    fn micros(&self, ticks: i128, now: i128) -> i128 {
        let tick = self.settings.tick;
        (ticks * tick - now.rem_euclid(tick)).max(0)
    }

    pub fn left(&self, until: i128, now: i128) -> Option<i128> {
        self.ticks_left(until, now).map(|left| self.micros(left, now))
    }

    /// Ticks until a ramp admits the call of this number, which may be none; or that the ramp is over.
    ///
    /// The first of 64 is admitted at once; also by a clock that has not come to the ramp's beginning yet.
    fn until_admitted(&self, until: i128, seen: usize, now: i128) -> Option<i128> {
        let ramp = self.settings.ramp;
        let over = ramp - self.ticks_left(until, now)?;
        let due = (place(seen) * ramp).div_euclid(STEPS);
        Some(if due == 0 { 0 } else { (due - over).max(0) })
    }

    /// When a call would be admitted.
    pub fn retry_after(&self, now: i128) -> Option<RetryAfter> {
        let span = |left: i128| common::micros(left as u64);
        match self.phase {
            Phase::Closed { .. } | Phase::Disabled => None,
            Phase::ForcedOpen => Some(RetryAfter::Never),
            Phase::Open { until } => self.left(until, now).map(span).map(RetryAfter::In),
            Phase::Recovering { until, seen } => {
                let wait = self.until_admitted(until, seen, now).filter(|wait| *wait > 0);
                wait.map(|wait| RetryAfter::In(span(self.micros(wait, now))))
            }
            Phase::HalfOpen {
                in_flight,
                lease_until,
                ..
            } => {
                let full = in_flight == self.settings.probes;
                let left = self.left(lease_until, now).filter(|_| full);
                left.map(|left| RetryAfter::OnRelease(Some(span(left))))
            }
        }
    }

    fn noted(&mut self, event: Event, now: i128) -> Event {
        self.kept.open = self.time_open(now);
        self.kept.last = Some((event, now));
        event
    }

    pub fn time_open(&self, now: i128) -> i128 {
        match self.kept.last {
            Some(((_, State::Open | State::ForcedOpen, _), since)) => self.kept.open + (now - since).max(0),
            _ => self.kept.open,
        }
    }

    /// A new generation, in which nothing is counted yet.
    fn change(&mut self, phase: Phase, now: i128) -> Event {
        let from = self.state();
        self.phase = phase;
        self.generation += 1;
        self.calls.clear();
        self.noted((from, self.state(), self.generation), now)
    }

    /// A caller who is enforced is refused; another is in shadow.
    pub fn acquire(&mut self, now: i128, enforced: bool) -> Result<(ModelPermit, Option<Event>), Refused> {
        let mut permit = ModelPermit {
            generation: self.generation,
            probe: false,
            disabled: self.state() == State::Disabled,
            shadow: None,
            since: now,
        };
        match self.admit(now) {
            Ok(event) => {
                permit.generation = self.generation;
                permit.probe = self.state() == State::HalfOpen;
                Ok((permit, event))
            }
            Err((reason, _)) if !enforced => {
                self.kept.shadowed.push(reason);
                permit.shadow = Some(reason);
                Ok((permit, None))
            }
            Err(refused) => {
                self.kept.refused.push(refused.0);
                Err(refused)
            }
        }
    }

    fn admit(&mut self, now: i128) -> Result<Option<Event>, Refused> {
        let lease = self.timer(now, self.settings.lease);
        let refused = self.retry_after(now);
        match &mut self.phase {
            Phase::Closed { .. } | Phase::Disabled => Ok(None),
            Phase::ForcedOpen => Err((Reason::ForcedOpen, RetryAfter::Never)),
            Phase::Open { .. } => match refused {
                Some(wait) => Err((Reason::Open, wait)),
                None => Ok(Some(self.change(
                    Phase::HalfOpen {
                        rounds_before: 0,
                        successes: 0,
                        failures: 0,
                        in_flight: 1,
                        lease_until: lease,
                    },
                    now,
                ))),
            },
            Phase::Recovering { until, seen } => {
                let until = *until;
                *seen += 1;
                let next = *seen;
                if self.ticks_left(until, now).is_none() {
                    let stable_at = self.timer(now, self.settings.stable);
                    self.phase = Phase::Closed { stable_at };
                    let event = (State::Recovering, State::Closed, self.generation);
                    return Ok(Some(self.noted(event, now)));
                }
                if refused.is_none() {
                    return Ok(None);
                }
                let wait = self.until_admitted(until, next, now).expect("it is not over");
                let wait = common::micros(self.micros(wait, now) as u64);
                Err((Reason::Recovering, RetryAfter::In(wait)))
            }
            Phase::HalfOpen {
                rounds_before,
                successes,
                failures,
                in_flight,
                lease_until,
            } => {
                if *in_flight < self.settings.probes {
                    *in_flight += 1;
                    if *in_flight == self.settings.probes {
                        *lease_until = lease;
                    }
                    return Ok(None);
                }
                if let Some(wait) = refused {
                    return Err((Reason::ProbesInFlight, wait));
                }
                let phase = Phase::HalfOpen {
                    rounds_before: *rounds_before + 1,
                    successes: *successes,
                    failures: *failures,
                    in_flight: 1,
                    lease_until: lease,
                };
                Ok(Some(self.change(phase, now)))
            }
        }
    }

    fn open(&mut self, now: i128, again: bool, outcome: Outcome) -> Event {
        let hint = match outcome {
            Outcome::Failure { hint } => hint,
            _ => 0,
        };
        let openings_before = if again { self.openings.min(15) } else { 0 };
        let hint = (hint + self.settings.tick - 1).div_euclid(self.settings.tick);
        let wait = self
            .settings
            .cool_down(openings_before)
            .max(hint.min(self.settings.longest_hint));
        self.openings = openings_before + 1;
        let until = self.timer(now, wait);
        self.change(Phase::Open { until }, now)
    }

    /// Counts the call of a closed or recovering breaker, and says whether it opens.
    fn count(&mut self, call: Call) -> bool {
        self.calls.push_back(call);
        match self.settings.judged_by {
            JudgedBy::FailuresInARow(threshold) => {
                if !call.failed {
                    self.calls.clear();
                }
                self.calls.len() as i128 >= threshold
            }
            JudgedBy::LastCalls {
                size,
                minimum,
                failure_percent,
                slow,
            } => {
                if self.calls.len() > size {
                    self.calls.pop_front();
                }
                let calls = self.calls.len() as i128;
                let slow_percent = slow.map_or(101, |slow| slow.percent);
                calls >= minimum.min(size as i128)
                    && (self.failures() * 100 >= failure_percent * calls
                        || self.slow_calls() * 100 >= slow_percent * calls)
            }
        }
    }

    pub fn failures(&self) -> i128 {
        self.calls.iter().filter(|call| call.failed).count() as i128
    }

    pub fn slow_calls(&self) -> i128 {
        self.calls.iter().filter(|call| call.slow).count() as i128
    }

    pub fn settle(&mut self, permit: ModelPermit, outcome: Outcome, now: i128) -> Option<Event> {
        if permit.shadow.is_some() || permit.disabled || outcome == Outcome::Neutral && !permit.probe {
            return None;
        }
        let age = self.generation - permit.generation;
        let took = (now - permit.since).max(0);
        let call = Call {
            failed: outcome != Outcome::Success,
            slow: self.settings.slow().is_some_and(|slow| took > slow.after),
        };
        match self.phase {
            Phase::Closed { .. } | Phase::Recovering { .. } if age == 0 => {
                if !self.count(call) {
                    return None;
                }
                let stable = match self.phase {
                    Phase::Closed { stable_at } => self.left(stable_at, now).is_none(),
                    _ => false,
                };
                return Some(self.open(now, !stable, outcome));
            }
            Phase::HalfOpen { rounds_before, .. } if age <= rounds_before.min(3) => {
                return self.report(age == 0, call, outcome, now);
            }
            _ => self.kept.late += u32::from(outcome != Outcome::Neutral),
        }
        None
    }

    /// A probe reports.
    fn report(&mut self, this_round: bool, call: Call, outcome: Outcome, now: i128) -> Option<Event> {
        let Phase::HalfOpen {
            successes,
            failures,
            in_flight,
            ..
        } = &mut self.phase
        else {
            unreachable!("only a probe's permit reports")
        };
        *in_flight -= usize::from(this_round);
        if outcome == Outcome::Neutral {
            return None;
        }
        if call.failed || call.slow {
            *failures += 1;
        } else {
            *successes += 1;
        }
        let (opens, closes) = match self.settings.verdict {
            Verdict::Successes(needed) => (*failures > 0, *successes == needed),
            // As soon as the rest could not change it: if all of them succeeded, or all failed.
            Verdict::Ratio { calls, percent } => (
                *failures * 100 >= percent * calls,
                (calls - *successes) * 100 < percent * calls,
            ),
        };
        if opens {
            Some(self.open(now, true, outcome))
        } else if closes {
            let phase = if self.settings.ramp > 0 {
                Phase::Recovering {
                    until: self.timer(now, self.settings.ramp),
                    seen: 0,
                }
            } else {
                Phase::Closed {
                    stable_at: self.timer(now, self.settings.stable),
                }
            };
            Some(self.change(phase, now))
        } else {
            None
        }
    }

    pub fn drop(&mut self, permit: ModelPermit, now: i128, timed: bool) {
        let held = (now - permit.since).max(0);
        let limit = self.settings.abandoned_after.filter(|_| timed);
        let outcome = if limit.is_some_and(|limit| held >= limit) {
            Outcome::Failure { hint: 0 }
        } else {
            Outcome::Neutral
        };
        self.settle(permit, outcome, now);
    }

    /// To closed, forced open or disabled.
    pub fn force(&mut self, to: State, now: i128) -> Event {
        self.openings = 0;
        let phase = match to {
            State::Closed => Phase::Closed {
                stable_at: self.timer(now, self.settings.stable),
            },
            State::ForcedOpen => Phase::ForcedOpen,
            State::Disabled => Phase::Disabled,
            other => unreachable!("nobody forces a breaker to be {other}"),
        };
        self.change(phase, now)
    }
}
