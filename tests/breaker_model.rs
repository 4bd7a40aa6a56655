//! The circuit breaker against a naive model: written from the rows of the design in wide integers and a `Vec`,
//! with no function of the crate's.

mod common;

use core::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use watertight::breaker::{At, Permit, Settling};
use watertight::{
    Backoff, Breaker, Config, Instant, ManualClock, Micros, Reason, RetryAfter, State, Transition,
};

/// What a breaker is told, in whole ticks.
#[derive(Clone, Copy, Debug)]
struct Settings {
    tick: i128,
    threshold: i128,
    probes: usize,
    successes: i128,
    lease: i128,
    first: i128,
    cap: i128,
    stable: i128,
    longest_hint: i128,
    abandoned_after: Option<i128>,
}

impl Settings {
    fn config(&self) -> Config {
        let span = |ticks: i128| Duration::from_micros((ticks * self.tick) as u64);
        let mut builder = Config::consecutive(self.threshold as u32)
            .probes(self.probes as u32, self.successes as u32)
            .probe_lease(span(self.lease))
            .open_for(
                Backoff::exponential(span(self.first), span(self.cap))
                    .max_hint(span(self.longest_hint))
                    .build(),
            )
            .stable_after(span(self.stable));
        if let Some(held) = self.abandoned_after {
            builder = builder.abandoned_after(Duration::from_micros(held as u64));
        }
        builder.try_build().expect("the settings make sense")
    }

    fn cool_down(&self, openings_before: i128) -> i128 {
        let mut wait = self.first;
        for _ in 0..openings_before {
            wait = (wait * 2).min(self.cap);
        }
        wait
    }
}

/// Every time is a whole number of microseconds from nought, on a line without end.
#[derive(Debug)]
struct Model {
    settings: Settings,
    generation: i128,
    openings: i128,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Closed {
        failures: i128,
        stable_at: i128,
    },
    Open {
        until: i128,
    },
    HalfOpen {
        rounds_before: i128,
        successes: i128,
        in_flight: usize,
        lease_until: i128,
    },
}

#[derive(Clone, Copy, Debug)]
struct ModelPermit {
    generation: i128,
    probe: bool,
    since: i128,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Success,
    Failure { hint: i128 },
    Neutral,
}

type Event = (State, State, i128);

impl Model {
    fn new(settings: Settings) -> Self {
        let phase = Phase::Closed {
            failures: 0,
            stable_at: 0,
        };
        Self {
            settings,
            generation: 0,
            openings: 0,
            phase,
        }
    }

    fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// The end of a timer of so many ticks: in whole ticks, rounded up. No time at all is over at once.
    fn timer(&self, now: i128, ticks: i128) -> i128 {
        let tick = self.settings.tick;
        if ticks == 0 {
            return now;
        }
        ((now + tick - 1).div_euclid(tick) + ticks) * tick
    }

    /// What is left of a timer, as documented: it is told from now modulo 2^46 ticks, and nothing further ahead
    /// than 2^29 is waited for.
    fn left(&self, until: i128, now: i128) -> Option<i128> {
        let tick = self.settings.tick;
        let left = (until.div_euclid(tick) - now.div_euclid(tick)).rem_euclid(1 << 46);
        (left > 0 && left <= 1 << 29).then(|| left * tick - now.rem_euclid(tick))
    }

    fn change(&mut self, phase: Phase) -> Event {
        let from = self.state();
        self.phase = phase;
        self.generation += 1;
        (from, self.state(), self.generation)
    }

    fn acquire(&mut self, now: i128) -> Result<(ModelPermit, Option<Event>), (Reason, RetryAfter)> {
        let settings = self.settings;
        let lease_until = self.timer(now, settings.lease);
        let mut event = None;
        match self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until } => {
                if let Some(left) = self.left(until, now) {
                    return Err((Reason::Open, RetryAfter::In(common::micros(left as u64))));
                }
                event = Some(self.change(Phase::HalfOpen {
                    rounds_before: 0,
                    successes: 0,
                    in_flight: 1,
                    lease_until,
                }));
            }
            Phase::HalfOpen {
                rounds_before,
                successes,
                in_flight,
                lease_until: until,
            } => {
                if in_flight == settings.probes {
                    if let Some(left) = self.left(until, now) {
                        let wait = RetryAfter::OnRelease(Some(common::micros(left as u64)));
                        return Err((Reason::ProbesInFlight, wait));
                    }
                    event = Some(self.change(Phase::HalfOpen {
                        rounds_before: rounds_before + 1,
                        successes,
                        in_flight: 1,
                        lease_until,
                    }));
                } else {
                    let full = in_flight + 1 == settings.probes;
                    let lease_until = if full { lease_until } else { until };
                    self.phase = Phase::HalfOpen {
                        rounds_before,
                        successes,
                        in_flight: in_flight + 1,
                        lease_until,
                    };
                }
            }
        }
        let probe = self.state() == State::HalfOpen;
        Ok((
            ModelPermit {
                generation: self.generation,
                probe,
                since: now,
            },
            event,
        ))
    }

    fn open(&mut self, now: i128, again: bool, hint: i128) -> Event {
        let openings_before = if again { self.openings.min(15) } else { 0 };
        let hint = (hint + self.settings.tick - 1).div_euclid(self.settings.tick);
        let wait = self
            .settings
            .cool_down(openings_before)
            .max(hint.min(self.settings.longest_hint));
        self.openings = openings_before + 1;
        let until = self.timer(now, wait);
        self.change(Phase::Open { until })
    }

    fn settle(&mut self, permit: ModelPermit, outcome: Outcome, now: i128) -> Option<Event> {
        let age = self.generation - permit.generation;
        match self.phase {
            Phase::Closed { failures, stable_at } if age == 0 => match outcome {
                Outcome::Success => {
                    self.phase = Phase::Closed {
                        failures: 0,
                        stable_at,
                    };
                    None
                }
                Outcome::Failure { hint } if failures + 1 >= self.settings.threshold => {
                    let stable = self.left(stable_at, now).is_none();
                    Some(self.open(now, !stable, hint))
                }
                Outcome::Failure { .. } => {
                    self.phase = Phase::Closed {
                        failures: failures + 1,
                        stable_at,
                    };
                    None
                }
                Outcome::Neutral => None,
            },
            Phase::HalfOpen {
                rounds_before,
                successes,
                in_flight,
                lease_until,
            } if age <= rounds_before.min(3) => {
                let in_flight = if age == 0 { in_flight - 1 } else { in_flight };
                match outcome {
                    Outcome::Success if successes + 1 == self.settings.successes => {
                        let stable_at = self.timer(now, self.settings.stable);
                        Some(self.change(Phase::Closed {
                            failures: 0,
                            stable_at,
                        }))
                    }
                    Outcome::Failure { hint } => Some(self.open(now, true, hint)),
                    _ => {
                        let successes = successes + i128::from(outcome == Outcome::Success);
                        self.phase = Phase::HalfOpen {
                            rounds_before,
                            successes,
                            in_flight,
                            lease_until,
                        };
                        None
                    }
                }
            }
            _ => None,
        }
    }

    fn drop(&mut self, permit: ModelPermit, now: i128) {
        let held = (now - permit.since).max(0);
        let abandoned = self.settings.abandoned_after.is_some_and(|limit| held >= limit);
        let outcome = if abandoned {
            Outcome::Failure { hint: 0 }
        } else {
            Outcome::Neutral
        };
        self.settle(permit, outcome, now);
    }

    fn reset(&mut self, now: i128) -> Event {
        self.openings = 0;
        let stable_at = self.timer(now, self.settings.stable);
        self.change(Phase::Closed {
            failures: 0,
            stable_at,
        })
    }
}

/// Both side by side.
struct Pair<'a> {
    breaker: &'a Breaker<&'a ManualClock, Config>,
    clock: &'a ManualClock,
    model: Model,
    now: i128,
    permits: Vec<(RealPermit<'a>, ModelPermit)>,
}

enum RealPermit<'a> {
    Asked(Permit<&'a Breaker<&'a ManualClock, Config>>),
    ByValue(Permit<At<&'a Breaker<&'a ManualClock, Config>, Instant>>),
}

#[derive(Clone, Debug)]
enum Step {
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
enum Ending {
    Success,
    Failure,
    FailureWithHint(u64),
    Ignore,
}

fn instant(now: i128) -> Instant {
    Instant::from_micros(now.rem_euclid(1 << 64) as u64)
}

impl<'a> Pair<'a> {
    fn same_event(&self, real: Option<Transition>, model: Option<Event>) {
        let real = real.map(|event| (event.from(), event.to(), i128::from(event.generation())));
        assert_eq!(
            real,
            model.map(|(from, to, generation)| (from, to, generation % 512))
        );
    }

    fn same_state(&self) {
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

    fn move_to(&mut self, now: i128) {
        self.now = now;
        self.clock.set(instant(now)).expect("nobody else sets it");
    }

    fn acquire(&mut self, age: Option<u32>) {
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

    fn settle(&mut self, which: usize, ending: Ending, age: Option<u32>) {
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

    fn step(&mut self, step: &Step) {
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

fn end<H: watertight::breaker::Handle>(permit: Permit<H>, ending: Ending) -> Option<Transition> {
    match ending {
        Ending::Success => permit.success(),
        Ending::Failure => permit.failure(),
        Ending::FailureWithHint(hint) => permit.failure_retry_after(Micros::from_micros(hint)),
        Ending::Ignore => permit.ignore(),
    }
}

fn end_at<H: watertight::breaker::Handle>(
    permit: Permit<At<H, Settling<Instant>>>,
    ending: Ending,
) -> Option<Transition> {
    end(permit, ending)
}

fn run(settings: Settings, start: i128, steps: &[Step]) {
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

fn settings() -> impl Strategy<Value = Settings> {
    let tick = prop_oneof![3 => Just(0_u32), 1 => 0..=18_u32];
    let wait = || {
        prop_oneof![
            1..=20_i128,
            1..=5_000_000_i128,
            Just((1_i128 << 28) - (1 << 16) - 1)
        ]
    };
    (
        (
            tick,
            1..=4_i128,
            1..=4_usize,
            1..=4_i128,
            wait(),
            wait(),
            0..=15_u32,
            wait(),
        ),
        (
            0..=20_000_000_i128,
            proptest::option::weighted(0.2, 0..=5_000_000_i128),
            any::<bool>(),
        ),
    )
        .prop_map(
            |(
                (tick, threshold, probes, successes, lease, first, doublings, stable),
                (hint, abandoned_after, unstable),
            )| {
                let longest = (1_i128 << 28) - (1 << 16) - 1;
                let cap = (first << doublings).min(longest);
                let settings = Settings {
                    tick: 1 << tick,
                    threshold,
                    probes,
                    successes,
                    lease,
                    first,
                    cap,
                    stable: if unstable { 0 } else { stable },
                    longest_hint: hint,
                    abandoned_after,
                };
                // The tick is the finest that fits, so something must need the coarse one.
                if tick == 0 {
                    settings
                } else {
                    Settings {
                        lease: longest,
                        ..settings
                    }
                }
            },
        )
}

/// Within a few ticks of every place where something comes round, and anywhere else.
fn start() -> impl Strategy<Value = i128> {
    let wraps = [0_u32, 14, 16, 28, 29, 30, 31, 32, 45, 46, 47, 48, 60, 63, 64];
    prop_oneof![
        4 => (prop::sample::select(wraps.to_vec()), -8..=8_i128, 0..=18_u32)
            .prop_map(|(bit, off, tick)| (((1_i128 << bit) + off) << tick).rem_euclid(1 << 64)),
        1 => any::<u64>().prop_map(i128::from),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<usize>;
    let age = || proptest::option::weighted(0.3, prop_oneof![0..=3_u32, 0..=5_000_000_u32]);
    let ending = prop_oneof![
        3 => Just(Ending::Success),
        4 => Just(Ending::Failure),
        1 => prop_oneof![0..=40_000_000_u64, Just(u64::MAX)].prop_map(Ending::FailureWithHint),
        1 => Just(Ending::Ignore),
    ];
    prop_oneof![
        8 => age().prop_map(Step::Acquire),
        6 => (which(), ending, age()).prop_map(|(which, ending, age)| Step::Settle(which, ending, age)),
        1 => which().prop_map(Step::Drop),
        1 => which().prop_map(Step::Forget),
        1 => Just(Step::Reset),
        2 => prop_oneof![0..=3_u64, 0..=10_000_000_u64].prop_map(Step::Advance),
        1 => (0..=47_u32, -1..=1_i64).prop_map(|(bit, off)| Step::Advance(((1_i64 << bit) + off) as u64)),
        5 => (-2..=2_i8).prop_map(Step::AdvanceToDeadline),
        1 => prop_oneof![0..=3_u32, 0..=10_000_000_u32].prop_map(Step::GoBack),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 5 } else { 2_000 },
        failure_persistence: (!cfg!(miri))
            .then(|| Box::new(FileFailurePersistence::WithSource("regressions")) as _),
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_does_what_the_naive_model_does(
        settings in settings(),
        start in start(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        run(settings, start, &steps);
    }
}

const PLAIN: Settings = Settings {
    tick: 1,
    threshold: 1,
    probes: 1,
    successes: 1,
    lease: 3_000_000,
    first: 1_000_000,
    cap: 60_000_000,
    stable: 10_000_000,
    longest_hint: 0,
    abandoned_after: None,
};

/// Brings a breaker into each phase, leaves it alone for `idle`, and then trips it once more.
fn left_alone(settings: Settings, start: i128, idle: i128) {
    let fail = Step::Settle(0, Ending::Failure, None);
    let succeed = Step::Settle(0, Ending::Success, None);
    let to_open = vec![Step::Acquire(None), fail.clone()];
    let to_half_open = [
        to_open.clone(),
        vec![Step::AdvanceToDeadline(0), Step::Acquire(None)],
    ]
    .concat();
    let to_closed = [to_half_open.clone(), vec![succeed]].concat();
    for prefix in [vec![], to_open, to_half_open, to_closed] {
        let mut steps = prefix;
        steps.push(Step::Advance(idle as u64));
        steps.extend([
            Step::Acquire(None),
            Step::Acquire(None),
            fail.clone(),
            Step::Acquire(None),
        ]);
        steps.extend([
            Step::AdvanceToDeadline(0),
            Step::Acquire(None),
            fail.clone(),
            Step::Acquire(None),
        ]);
        run(settings, start, &steps);
    }
}

#[test]
fn left_alone_in_each_phase_for_every_power_of_two() {
    for bit in 0..=48 {
        for off in -1..=1 {
            let idle = (1_i128 << bit) + off;
            for start in [
                0,
                (1 << 30) - 2,
                (1 << 46) - 2,
                (1_i128 << 64) - 2,
                (1_i128 << 64) - 4_000_000,
            ] {
                left_alone(PLAIN, start, idle);
            }
        }
    }
}

#[test]
fn an_opening_left_alone_is_over_for_good_until_its_deadline_comes_round_after_two_years() {
    for bit in 20..46 {
        for off in [-1, 0, 1] {
            let settings = PLAIN;
            let model = Model::new(settings);
            let until = 1_000_000;
            let now = until + (1_i128 << bit) + off;
            assert_eq!(
                model.left(until, now),
                None,
                "the model itself: 2^{bit} + {off} later"
            );
        }
    }
    let round = 1_i128 << 46;
    assert_eq!(round / 1_000_000 / 86_400, 814, "days, with ticks of 1 us");
    let model = Model::new(PLAIN);
    assert_eq!(
        model.left(1_000_000, 1_000_000 + round - (1 << 29)),
        Some(1 << 29)
    );
    assert_eq!((1_i128 << 29) / 1_000_000, 536, "seconds: 8.9 minutes");
}

/// All-zero words, used for the first time at any clock value.
#[test]
fn the_first_use_at_any_clock_value() {
    for bit in 0..=64 {
        for off in -2..=2 {
            let start = ((1_i128 << bit) + off).rem_euclid(1 << 64);
            left_alone(PLAIN, start, 0);
            left_alone(
                Settings {
                    lease: (1 << 28) - (1 << 16) - 1,
                    tick: 1 << 18,
                    ..PLAIN
                },
                start,
                0,
            );
        }
    }
}
