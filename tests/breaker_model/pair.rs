//! A breaker and the model side by side: each step is made by both, and they must agree on everything.

use watertight::breaker::{Consecutive, NoRandom, Stats, Window};
use watertight::{Breaker, Config, Instant, ManualClock, Reason, Rejected, State, Transition, last_calls};

use crate::held::{Asked, ByValue, Ending, Held};
use crate::model::{Event, Model, ModelPermit, Outcome, Phase};
use crate::settings::{Begun, JudgedBy, Settings};

type Of<'a, W> = Breaker<&'a ManualClock, Config<NoRandom, <W as Window>::Rule>, W, Stats>;

/// Both side by side.
pub struct Pair<'a, W: Window<Rule: Begun>> {
    breaker: &'a Of<'a, W>,
    clock: &'a ManualClock,
    model: Model,
    now: i128,
    permits: Vec<(Box<dyn Held + 'a>, ModelPermit)>,
    /// Who of the callers with these keys is refused calls.
    enforced: [bool; KEYS],
}

pub const KEYS: usize = 8;

#[derive(Clone, Debug)]
pub enum Step {
    Acquire(Way),
    /// Which permit, how, and the age of the reading it is settled with.
    Settle(usize, Ending, Option<u32>),
    /// Both at once, so many microseconds apart.
    Call(Ending, u64),
    Drop(usize),
    Forget(usize),
    Force(State),
    Advance(u64),
    AdvanceToDeadline(i8),
    /// To so many 64ths of a ramp before its end.
    AdvanceInRamp(u8, i8),
    GoBack(u32),
}

/// How a permit is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// By a reading that was held for so long; or else by the clock.
    pub age: Option<u32>,
    pub key: Option<usize>,
}

pub fn instant(now: i128) -> Instant {
    Instant::from_micros(now.rem_euclid(1 << 64) as u64)
}

fn flat(event: Transition) -> Event {
    (event.from(), event.to(), i128::from(event.generation()))
}

fn round((from, to, generation): Event) -> Event {
    (from, to, generation % 512)
}

fn same_event(real: Option<Transition>, model: Option<Event>) {
    assert_eq!(real.map(flat), model.map(round));
}

impl<'a, W: Window<Rule: Begun>> Pair<'a, W> {
    fn new(breaker: &'a Of<'a, W>, clock: &'a ManualClock, settings: Settings, now: i128) -> Self {
        // Asked of another breaker, so that what is compared is that a key's side is always the same.
        let other = Breaker::new(clock, settings_of_sides(settings));
        other.force_open();
        let enforced = core::array::from_fn(|key| other.caller(key as u64).try_acquire().is_err());
        Self {
            breaker,
            clock,
            model: Model::new(settings),
            now,
            permits: Vec::new(),
            enforced,
        }
    }

    fn same_state(&self) {
        let statistics = self.breaker.statistics();
        let snapshot = statistics.snapshot();
        let model = &self.model;
        assert_eq!(snapshot.state(), model.state());
        assert_eq!(i128::from(snapshot.generation()), model.generation % 512);
        let (successes, failures, in_flight) = match model.phase {
            Phase::HalfOpen {
                successes,
                failures,
                in_flight,
                ..
            } => (successes, failures, in_flight),
            _ => (0, 0, 0),
        };
        assert_eq!(i128::from(snapshot.probe_successes()), successes);
        assert_eq!(i128::from(snapshot.probe_failures()), failures);
        assert_eq!(snapshot.probes_in_flight() as usize, in_flight);
        assert_eq!(i128::from(snapshot.openings_in_a_row()), model.openings.min(15));
        assert_eq!(snapshot.retry_after(), model.retry_after(self.now));

        let (calls, failures, slow) = (model.calls.len(), model.failures(), model.slow_calls());
        assert_eq!(snapshot.calls() as usize, calls);
        assert_eq!(i128::from(snapshot.failures()), failures);
        assert_eq!(i128::from(snapshot.slow_calls()), slow);
        let percent = |part: i128| (part * 100).checked_div(calls as i128);
        assert_eq!(snapshot.failure_percent().map(i128::from), percent(failures));
        assert_eq!(snapshot.slow_percent().map(i128::from), percent(slow));

        assert_eq!(statistics.late(), model.kept.late);
        for reason in [
            Reason::Open,
            Reason::ProbesInFlight,
            Reason::Recovering,
            Reason::ForcedOpen,
        ] {
            let times = |kept: &[Reason]| kept.iter().filter(|kept| **kept == reason).count();
            assert_eq!(statistics.refused(reason) as usize, times(&model.kept.refused));
            assert_eq!(statistics.shadowed(reason) as usize, times(&model.kept.shadowed));
        }
        same_event(
            statistics.last_transition(),
            model.kept.last.map(|(event, _)| event),
        );
        assert_eq!(
            statistics.since(),
            model.kept.last.map(|(_, since)| instant(since))
        );
        assert!(statistics.is_noted());
        assert_eq!(
            i128::from(statistics.time_open().as_micros()),
            model.time_open(self.now)
        );
    }

    fn move_to(&mut self, now: i128) {
        self.now = now;
        self.clock.set(instant(now)).expect("nobody else sets it");
    }

    fn ask(&self, way: Way, now: i128) -> Result<Box<dyn Held + 'a>, Rejected> {
        let breaker = self.breaker;
        let key = way.key.map(|key| key as u64);
        Ok(match (way.age, key) {
            (None, None) => Box::new(Asked(breaker.try_acquire()?)),
            (None, Some(key)) => Box::new(Asked(breaker.caller(key).try_acquire()?)),
            (Some(_), None) => Box::new(ByValue(breaker.at(instant(now)).try_acquire()?)),
            (Some(_), Some(key)) => Box::new(ByValue(breaker.at(instant(now)).caller(key).try_acquire()?)),
        })
    }

    /// Says whether it was admitted.
    fn acquire(&mut self, way: Way) -> bool {
        let now = self.now - i128::from(way.age.unwrap_or(0));
        let enforced = match way.key {
            Some(key) => self.enforced[key],
            None => self.model.settings.enforced == 100,
        };
        match (self.ask(way, now), self.model.acquire(now, enforced)) {
            (Ok(real), Ok((model, expected))) => {
                same_event(real.transition(), expected);
                assert_eq!(real.is_probe(), model.probe);
                assert_eq!(real.shadow(), model.shadow);
                self.permits.push((real, model));
                true
            }
            (Err(rejected), Err(expected)) => {
                assert_eq!((rejected.reason(), rejected.retry_after()), expected);
                false
            }
            (real, model) => panic!("admitted: {}, but the model says {model:?}", real.is_ok()),
        }
    }

    fn settle(&mut self, which: usize, ending: Ending, age: Option<u32>) {
        if self.permits.is_empty() {
            return;
        }
        let (real, model) = self.permits.swap_remove(which % self.permits.len());
        let age = age.or((!real.is_timed()).then_some(0));
        let now = self.now - i128::from(age.unwrap_or(0));
        let real = real.end(ending, age.map(|_| instant(now)));
        let outcome = match ending {
            Ending::Success => Outcome::Success,
            Ending::Failure => Outcome::Failure { hint: 0 },
            Ending::FailureWithHint(hint) => Outcome::Failure { hint: hint.into() },
            Ending::Ignore => Outcome::Neutral,
        };
        same_event(real, self.model.settle(model, outcome, now));
    }

    pub fn step(&mut self, step: &Step) {
        match *step {
            Step::Acquire(way) => {
                self.acquire(way);
            }
            Step::Settle(which, ending, age) => self.settle(which, ending, age),
            Step::Call(ending, took) => {
                if self.acquire(Way::default()) {
                    self.move_to(self.now + i128::from(took));
                    self.settle(self.permits.len() - 1, ending, None);
                }
            }
            Step::Drop(which) if !self.permits.is_empty() => {
                let (real, model) = self.permits.swap_remove(which % self.permits.len());
                let timed = real.is_timed();
                // One that was got by value is dropped at its own instant, when no time has passed.
                let now = if timed { self.now } else { model.since };
                drop(real);
                self.model.drop(model, now, timed);
            }
            Step::Forget(which) if !self.permits.is_empty() => {
                let (real, _) = self.permits.swap_remove(which % self.permits.len());
                std::mem::forget(real);
            }
            Step::Drop(_) | Step::Forget(_) => {}
            Step::Force(to) => {
                let event = match to {
                    State::ForcedOpen => self.breaker.force_open(),
                    State::Disabled => self.breaker.disable(),
                    _ => self.breaker.reset(),
                };
                let expected = self.model.force(to, self.now);
                same_event(Some(event), Some(expected));
            }
            Step::Advance(span) => self.move_to(self.now + i128::from(span)),
            Step::AdvanceToDeadline(off) => {
                let due = match self.model.phase {
                    Phase::Closed { stable_at } => stable_at,
                    Phase::Open { until } | Phase::Recovering { until, .. } => until,
                    Phase::HalfOpen { lease_until, .. } => lease_until,
                    Phase::ForcedOpen | Phase::Disabled => self.now,
                };
                if due > self.now && due < self.now + (1_i128 << 60) {
                    self.move_to(due + i128::from(off));
                }
            }
            Step::AdvanceInRamp(before, off) => {
                if let Phase::Recovering { until, .. } = self.model.phase {
                    let settings = self.model.settings;
                    let left = settings.ramp * settings.tick * i128::from(before) / 64;
                    self.move_to((until - left + i128::from(off)).max(self.now));
                }
            }
            Step::GoBack(span) => self.move_to(self.now - i128::from(span)),
        }
        self.same_state();
    }
}

fn settings_of_sides(settings: Settings) -> Config {
    Config::consecutive(1)
        .enforced(settings.enforced)
        .try_build()
        .expect("it makes sense")
}

pub fn run(settings: Settings, start: i128, steps: &[Step]) {
    let size = match settings.judged_by {
        JudgedBy::FailuresInARow(_) => 0,
        JudgedBy::LastCalls { size, .. } => size,
    };
    match (size, settings.slow()) {
        (0, None) => run_in(Consecutive, settings, start, steps),
        (1, None) => run_in(<last_calls!(1)>::new(), settings, start, steps),
        (3, None) => run_in(<last_calls!(3)>::new(), settings, start, steps),
        (20, None) => run_in(<last_calls!(20)>::new(), settings, start, steps),
        (2, Some(_)) => run_in(<last_calls!(2, slow)>::new(), settings, start, steps),
        (10, Some(_)) => run_in(<last_calls!(10, slow)>::new(), settings, start, steps),
        other => unreachable!("no such window here: {other:?}"),
    }
}

fn run_in<W: Window<Rule: Begun>>(window: W, settings: Settings, start: i128, steps: &[Step]) {
    let clock = ManualClock::starting_at(instant(start));
    let breaker = Breaker::with_stats(&clock, settings.config(), window, Stats::new());
    let mut pair = Pair::new(&breaker, &clock, settings, start);
    for step in steps {
        pair.step(step);
    }
    for (permit, _) in pair.permits.drain(..) {
        std::mem::forget(permit);
    }
}
