//! A breaker and the model side by side: each step is made by both, and they must agree on everything.

use watertight::breaker::{At, Handle, Permit, Settling};
use watertight::{Breaker, Config, Instant, ManualClock, Micros, RetryAfter, State, Transition};

use crate::common;
use crate::model::{Event, Model, ModelPermit, Outcome, Phase, Settings};

/// Both side by side.
pub struct Pair<'a> {
    pub breaker: &'a Breaker<&'a ManualClock, Config>,
    pub clock: &'a ManualClock,
    pub model: Model,
    pub now: i128,
    pub permits: Vec<(RealPermit<'a>, ModelPermit)>,
}

pub enum RealPermit<'a> {
    Asked(Permit<&'a Breaker<&'a ManualClock, Config>>),
    ByValue(Permit<At<&'a Breaker<&'a ManualClock, Config>, Instant>>),
}

#[derive(Clone, Debug)]
pub enum Step {
    /// By the clock, or by a reading that was held for so long.
    Acquire(Option<u32>),
    /// Which permit, how, and the age of the reading it is settled with.
    Settle(usize, Ending, Option<u32>),
    Drop(usize),
    Forget(usize),
    Reset,
    Advance(u64),
    AdvanceToDeadline(i8),
    GoBack(u32),
}

#[derive(Clone, Copy, Debug)]
pub enum Ending {
    Success,
    Failure,
    FailureWithHint(u64),
    Ignore,
}

pub fn instant(now: i128) -> Instant {
    Instant::from_micros(now.rem_euclid(1 << 64) as u64)
}

impl<'a> Pair<'a> {
    pub fn same_event(&self, real: Option<Transition>, model: Option<Event>) {
        let real = real.map(|event| (event.from(), event.to(), i128::from(event.generation())));
        assert_eq!(
            real,
            model.map(|(from, to, generation)| (from, to, generation % 512))
        );
    }

    pub fn same_state(&self) {
        let snapshot = self.breaker.snapshot();
        let model = &self.model;
        assert_eq!(snapshot.state(), model.state());
        assert_eq!(i128::from(snapshot.generation()), model.generation % 512);
        let (failures, successes, in_flight, until) = match model.phase {
            Phase::Closed { failures, .. } => (failures, 0, 0, None),
            Phase::Open { until } => (0, 0, 0, Some(until)),
            Phase::HalfOpen {
                successes,
                in_flight,
                lease_until,
                ..
            } => (
                0,
                successes,
                in_flight,
                (in_flight == model.settings.probes).then_some(lease_until),
            ),
        };
        assert_eq!(i128::from(snapshot.failures()), failures);
        assert_eq!(i128::from(snapshot.probe_successes()), successes);
        assert_eq!(snapshot.probes_in_flight() as usize, in_flight);
        assert_eq!(i128::from(snapshot.openings_in_a_row()), model.openings.min(15));
        let left = until
            .and_then(|until| model.left(until, self.now))
            .map(|left| common::micros(left as u64));
        let expected = left.map(|left| match model.state() {
            State::Open => RetryAfter::In(left),
            _ => RetryAfter::OnRelease(Some(left)),
        });
        assert_eq!(snapshot.retry_after(), expected);
    }

    pub fn move_to(&mut self, now: i128) {
        self.now = now;
        self.clock.set(instant(now)).expect("nobody else sets it");
    }

    pub fn acquire(&mut self, age: Option<u32>) {
        let now = self.now - i128::from(age.unwrap_or(0));
        let (real, event) = match age {
            None => match self.breaker.try_acquire() {
                Ok(permit) => {
                    let event = permit.transition();
                    (Ok(RealPermit::Asked(permit)), event)
                }
                Err(rejected) => (Err(rejected), None),
            },
            Some(_) => match self.breaker.at(instant(now)).try_acquire() {
                Ok(permit) => {
                    let event = permit.transition();
                    (Ok(RealPermit::ByValue(permit)), event)
                }
                Err(rejected) => (Err(rejected), None),
            },
        };
        match (real, self.model.acquire(now)) {
            (Ok(real), Ok((model, expected))) => {
                self.same_event(event, expected);
                let is_probe = match &real {
                    RealPermit::Asked(permit) => permit.is_probe(),
                    RealPermit::ByValue(permit) => permit.is_probe(),
                };
                assert_eq!(is_probe, model.probe);
                self.permits.push((real, model));
            }
            (Err(rejected), Err(expected)) => {
                assert_eq!((rejected.reason(), rejected.retry_after()), expected);
            }
            (real, model) => panic!("admitted: {}, but the model says {model:?}", real.is_ok()),
        }
    }

    pub fn settle(&mut self, which: usize, ending: Ending, age: Option<u32>) {
        if self.permits.is_empty() {
            return;
        }
        let (real, model) = self.permits.swap_remove(which % self.permits.len());
        let (now, real) = match (real, age) {
            (RealPermit::Asked(permit), None) => (self.now, end(permit, ending)),
            (RealPermit::Asked(permit), Some(age)) => {
                let now = self.now - i128::from(age);
                (now, end_at(permit.at(instant(now)), ending))
            }
            (RealPermit::ByValue(permit), age) => {
                let now = self.now - i128::from(age.unwrap_or(0));
                (now, end_at(permit.at(instant(now)), ending))
            }
        };
        let outcome = match ending {
            Ending::Success => Outcome::Success,
            Ending::Failure => Outcome::Failure { hint: 0 },
            Ending::FailureWithHint(hint) => Outcome::Failure { hint: hint.into() },
            Ending::Ignore => Outcome::Neutral,
        };
        let expected = self.model.settle(model, outcome, now);
        self.same_event(real, expected);
    }

    pub fn step(&mut self, step: &Step) {
        match *step {
            Step::Acquire(age) => self.acquire(age),
            Step::Settle(which, ending, age) => self.settle(which, ending, age),
            Step::Drop(which) if !self.permits.is_empty() => {
                let (real, model) = self.permits.swap_remove(which % self.permits.len());
                // A permit got by value is dropped at its own instant, when no time has passed.
                let now = if matches!(real, RealPermit::Asked(_)) {
                    self.now
                } else {
                    model.since
                };
                drop(real);
                self.model.drop(model, now);
            }
            Step::Forget(which) if !self.permits.is_empty() => {
                let (real, _) = self.permits.swap_remove(which % self.permits.len());
                std::mem::forget(real);
            }
            Step::Drop(_) | Step::Forget(_) => {}
            Step::Reset => {
                let expected = self.model.reset(self.now);
                let event = self.breaker.reset();
                self.same_event(Some(event), Some(expected));
            }
            Step::Advance(span) => self.move_to(self.now + i128::from(span)),
            Step::AdvanceToDeadline(off) => {
                let due = match self.model.phase {
                    Phase::Closed { stable_at, .. } => stable_at,
                    Phase::Open { until } => until,
                    Phase::HalfOpen { lease_until, .. } => lease_until,
                };
                if due > self.now && due < self.now + (1_i128 << 60) {
                    self.move_to(due + i128::from(off));
                }
            }
            Step::GoBack(span) => self.move_to(self.now - i128::from(span)),
        }
        self.same_state();
    }
}

pub fn end<H: Handle>(permit: Permit<H>, ending: Ending) -> Option<Transition> {
    match ending {
        Ending::Success => permit.success(),
        Ending::Failure => permit.failure(),
        Ending::FailureWithHint(hint) => permit.failure_retry_after(Micros::from_micros(hint)),
        Ending::Ignore => permit.ignore(),
    }
}

pub fn end_at<H: Handle>(permit: Permit<At<H, Settling<Instant>>>, ending: Ending) -> Option<Transition> {
    end(permit, ending)
}

pub fn run(settings: Settings, start: i128, steps: &[Step]) {
    let clock = ManualClock::starting_at(instant(start));
    let breaker = Breaker::new(&clock, settings.config());
    let model = Model::new(settings);
    let mut pair = Pair {
        breaker: &breaker,
        clock: &clock,
        model,
        now: start,
        permits: Vec::new(),
    };
    for step in steps {
        pair.step(step);
    }
    for (permit, _) in pair.permits.drain(..) {
        std::mem::forget(permit);
    }
}
