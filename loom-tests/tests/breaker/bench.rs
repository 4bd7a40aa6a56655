//! What the models run on: the three words with a clock, and beside them a history that loom does not see and
//! that is checked at every step.

use std::sync::{Arc, Mutex, MutexGuard};

use watertight::breaker::protocol::{Outcome, Place, event};
use watertight::breaker::rules::Rules;
use watertight::breaker::word::{Deadline, Real, State as Phase, Word as WordOf};
use watertight::models::{AtomicU32, Ordering};
use watertight::{Instant, Jitter, Micros, Transition};

use crate::caller::{Asked, Caller};
use crate::subjects::Subject;

pub type Word = WordOf<Real>;

pub const SUCCESS: Outcome = Outcome::Success;
pub const FAILURE: Outcome = Outcome::Failure(Micros::ZERO);
pub const NEUTRAL: Outcome = Outcome::Neutral;

/// Every cool-down of the models, in ticks of 1 us.
pub const COOL_DOWN: u64 = 1_000;
/// Every lease.
pub const LEASE: u64 = 100;

/// One failure trips, one probe at a time, one success closes.
pub const RULES: Rules = Rules {
    threshold: 1,
    probes: 1,
    successes: 1,
    tick: 0,
    lease: LEASE as u32,
    stable: 10,
    cool_downs: [COOL_DOWN as u32; 16],
    jitter: Jitter::None,
    cap: COOL_DOWN as u32,
    longest_hint: COOL_DOWN as u32,
    abandoned_after: None,
};

/// What the bench says of the deadline, of the lease, of the slots and of the events, when they are not kept.
pub const EARLY: &str = "a probe before the deadline";
pub const BEFORE_LEASE: &str = "before the lease is over";
pub const TOO_MANY: &str = "more probes than slots";
pub const ONE_EVENT: &str = "one event a transition";

/// Why models have a bound on preemptions.
pub const BOUND: &str = "without one, more than 70,000 executions one of the two ways";

/// An operation of the protocol that is stronger than Relaxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strong {
    Load(Place),
    /// Of a timer word.
    Swap(Place),
    /// Of the state, when a call is admitted as a probe.
    SwapByProbe,
    /// Of the state, when it is settled, or reset.
    SwapByVerdict,
}

/// The words of one breaker and all that happened to them in this execution.
pub struct Bench {
    pub rules: Rules,
    pub words: [AtomicU32; 3],
    pub time: AtomicU32,
    pub start: u64,
    /// What is made Relaxed, for a twin.
    weakened: Option<Strong>,
    history: Mutex<History>,
}

/// What loom does not see.
#[derive(Default)]
pub struct History {
    /// Every successful CAS on the state word, in order.
    steps: Vec<Step>,
    /// The transitions that operations returned.
    pub told: Vec<Transition>,
    /// Of the probes that are under way: the round in which each got its slot.
    held: Vec<u32>,
    /// How many threads were stopped after their transition, before they returned it.
    pub untold: usize,
}

/// A successful CAS on the state word.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub old: Word,
    pub new: Word,
    /// The last clock reading of its thread.
    pub now: u64,
}

impl Step {
    pub fn begins_generation(self) -> bool {
        self.new.generation() != self.old.generation()
    }

    fn takes_slot(self) -> bool {
        self.new.state() == Phase::HalfOpen
            && (self.begins_generation() || self.new.in_flight() > self.old.in_flight())
    }
}

impl Bench {
    /// A closed breaker whose clock stands at `start`.
    pub fn new(rules: Rules, start: u64) -> Arc<Self> {
        Self::weakened(rules, start, None)
    }

    /// The same, with one ordering of the protocol made Relaxed.
    pub fn weakened(rules: Rules, start: u64, weakened: Option<Strong>) -> Arc<Self> {
        Arc::new(Self {
            rules,
            words: core::array::from_fn(|_| AtomicU32::new(0)),
            time: AtomicU32::new(0),
            start,
            weakened,
            history: Mutex::default(),
        })
    }

    /// A caller whose clock says the same for ever: time by value.
    pub fn at<S: Subject>(self: &Arc<Self>, now: u64) -> Caller<S, Instant> {
        Caller::new(self.clone(), Instant::from_micros(now))
    }

    /// A caller that asks the clock which moves.
    pub fn asking<S: Subject>(self: &Arc<Self>) -> Caller<S, Asked> {
        Caller::new(self.clone(), Asked(self.clone()))
    }

    /// Moves the clock.
    pub fn pass(&self, micros: u64) {
        // ORDERING: Relaxed; a clock orders nothing.
        self.time.fetch_add(micros as u32, Ordering::Relaxed);
    }

    pub fn order(&self, operation: Strong, order: Ordering) -> Ordering {
        if self.weakened == Some(operation) {
            Ordering::Relaxed
        } else {
            order
        }
    }

    /// The state word as the last step left it.
    pub fn word(&self) -> Word {
        self.history()
            .steps
            .last()
            .map_or(Word::from_bits(0), |step| step.new)
    }

    /// How many steps on the state word there were from `from` to `to`.
    pub fn transitions(&self, from: Phase, to: Phase) -> usize {
        let history = self.history();
        let transitions = history.steps.iter().filter(|step| step.begins_generation());
        transitions
            .filter(|step| step.old.state() == from && step.new.state() == to)
            .count()
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect("a failed execution is the last")
    }

    /// At the end, with no operation under way: each transition was returned to exactly one caller, and the
    /// generations are consecutive.
    pub fn audit(&self) {
        let history = self.history();
        let transitions = history.steps.iter().filter(|step| step.begins_generation());
        let made: Vec<Transition> = transitions.map(|step| event(step.old, step.new)).collect();
        let mut told = history.told.clone();
        told.sort_by_key(Transition::generation);
        if history.untold == 0 {
            assert_eq!(told, made, "{ONE_EVENT}");
        } else {
            assert_eq!(told.len() + history.untold, made.len(), "{ONE_EVENT}");
        }
        for (generation, transition) in (1..).zip(&made) {
            assert_eq!(transition.generation(), generation, "generations are consecutive");
        }
    }

    /// A state word was replaced: is that what the breaker promises?
    pub fn record(&self, step: Step) {
        let mut history = self.history();
        let rules = &self.rules;
        if let Some(last) = history.steps.last() {
            assert_eq!(last.new.bits(), step.old.bits(), "a CAS from another word");
        }
        let deadline = history.deadline(rules, step.old);
        match (step.old.state(), step.new.state()) {
            (Phase::Open, Phase::HalfOpen) => {
                assert!(step.now >= deadline, "{EARLY}");
            }
            (Phase::HalfOpen, Phase::HalfOpen) if step.begins_generation() => {
                assert!(step.now >= deadline, "a new round {BEFORE_LEASE}");
            }
            _ => {}
        }
        if step.takes_slot() {
            let round = step.new.generation();
            history.held.push(round);
            let held = history.held.iter().filter(|held| **held == round).count();
            assert!(held <= rules.probes as usize, "{TOO_MANY}");
        }
        history.steps.push(step);
    }
}

impl History {
    pub fn give_back(&mut self, round: u32) {
        if let Some(at) = self.held.iter().position(|held| *held == round) {
            self.held.swap_remove(at);
        }
    }

    /// When the timer of `word` is over, from the clock reading of the thread that began it: with the phase, or in
    /// a half-open one by taking the last slot.
    pub fn deadline(&self, rules: &Rules, word: Word) -> u64 {
        let begun = self.steps.iter().rfind(|step| {
            step.new.same_instance(word) && (step.takes_slot() || !step.old.same_instance(step.new))
        });
        let Some(step) = begun else { return 0 };
        step.now
            + match word.state() {
                Phase::Open => u64::from(rules.cool_downs[word.attempt() as usize]),
                Phase::HalfOpen => u64::from(rules.lease),
                Phase::Closed => u64::from(rules.stable),
            }
    }
}

/// Waits for threads that must not fail.
pub fn join<const N: usize>(threads: [loom::thread::JoinHandle<()>; N]) {
    for thread in threads {
        thread.join().expect("a thread fails by failing the model");
    }
}

const _: () = assert!(COOL_DOWN < Deadline::<Real>::LONGEST_WAIT as u64);
