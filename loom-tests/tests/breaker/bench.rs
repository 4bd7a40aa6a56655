//! What the models run on: the three words with a clock, and beside them a history that loom does not see and
//! that is checked at every step.

use std::sync::{Arc, Mutex, MutexGuard};

use watertight::breaker::Outcome;
use watertight::breaker::protocol::{Ended, Place, event};
use watertight::breaker::rules::Rules;
use watertight::breaker::word::{Deadline, Real, State as Phase, Word as WordOf};
use watertight::models::{AtomicU32, Ordering};
use watertight::{Instant, Jitter, Micros, Transition};

use crate::caller::{Asked, Caller};
use crate::ledger::Ledger;
use crate::rings::RingLedger;
use crate::subjects::Subject;

pub type Word = WordOf<Real>;

pub const SUCCESS: Ended = ended(Outcome::Success);
pub const FAILURE: Ended = ended(Outcome::Failure);
pub const NEUTRAL: Ended = ended(Outcome::Ignored);

const fn ended(outcome: Outcome) -> Ended {
    Ended { outcome, slow: false }
}

/// Every cool-down of the models, in ticks of 1 us.
pub const COOL_DOWN: u64 = 1_000;
/// Every lease.
pub const LEASE: u64 = 100;
/// Every ramp, where there is one: one tick for each rank.
pub const RAMP: u64 = 64;

/// One failure trips, one probe at a time, one success closes.
pub const RULES: Rules = Rules {
    threshold: 1,
    failure_percent: 0,
    slow_percent: 0,
    minimum: 1,
    slow_after: Micros::MAX,
    enforced: 100,
    probes: 1,
    successes: 1,
    probe_failures: 1,
    tick: 0,
    lease: LEASE as u32,
    ramp: 0,
    stable: 10,
    cool_downs: [COOL_DOWN as u32; 16],
    jitter: Jitter::None,
    cap: COOL_DOWN as u32,
    longest_hint: COOL_DOWN as u32,
    abandoned_after: None,
};

/// The same with a ramp.
pub const RAMPED: Rules = Rules {
    ramp: RAMP as u32,
    ..RULES
};

/// What the bench says of the deadline, of the lease, of the slots and of the events, when they are not kept.
pub const EARLY: &str = "a probe before the deadline";
pub const BEFORE_LEASE: &str = "before the lease is over";
pub const TOO_MANY: &str = "more probes than slots";
pub const ONE_EVENT: &str = "one event a transition";
pub const BEFORE_RAMP: &str = "before the ramp is over";

/// Why models have a bound on preemptions.
pub const BOUND: &str = "without one, more than 70,000 executions one of the two ways";

/// An operation of the protocol that is stronger than Relaxed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strong {
    /// Of any strip, if of one.
    Load(Place),
    /// Of a timer word, or one of the window's.
    Swap(Place),
    /// Made one of Acquire and Release.
    Fence,
    /// Of the state, when a call is admitted as a probe.
    SwapByProbe,
    /// Of the state, when it is settled, or reset.
    SwapByVerdict,
}

/// The words of one breaker and all that happened to them in this execution.
pub struct Bench {
    pub rules: Rules,
    words: [AtomicU32; 3],
    window: Vec<AtomicU32>,
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
    /// Whether any thread was stopped at all.
    pub stopped: bool,
    /// What the window holds, where there is one.
    pub ledger: Option<Ledger>,
    /// The same of a window of time.
    pub ring: Option<RingLedger>,
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

    /// A transition begins a generation, except for the end of a ramp.
    pub fn is_transition(self) -> bool {
        self.begins_generation() || self.new.state() != self.old.state()
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
        Arc::new(Self::made(rules, start, weakened, &[]))
    }

    /// A closed breaker whose clock stands at 0, and whose window has these words, of which the ledger knows.
    pub fn with_window(rules: Rules, ledger: Ledger, words: &[u32], weakened: Option<Strong>) -> Arc<Self> {
        let mut bench = Self::made(rules, 0, weakened, words);
        bench.history.get_mut().expect("just made").ledger = Some(ledger);
        Arc::new(bench)
    }

    /// The same with a window of time.
    pub fn with_ring(rules: Rules, ledger: RingLedger, words: &[u32], weakened: Option<Strong>) -> Arc<Self> {
        let mut bench = Self::made(rules, 0, weakened, words);
        bench.history.get_mut().expect("just made").ring = Some(ledger);
        Arc::new(bench)
    }

    fn made(rules: Rules, start: u64, weakened: Option<Strong>, window: &[u32]) -> Self {
        Self {
            rules,
            words: core::array::from_fn(|_| AtomicU32::new(0)),
            window: window.iter().copied().map(AtomicU32::new).collect(),
            time: AtomicU32::new(0),
            start,
            weakened,
            history: Mutex::default(),
        }
    }

    pub fn at_place(&self, place: Place) -> &AtomicU32 {
        let [state, low, high] = &self.words;
        match place {
            Place::State => state,
            Place::Low => low,
            Place::High => high,
            Place::Window(number) => &self.window[number as usize],
        }
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
        // Of its strips, or tallies, the first stands for all.
        let first = 1 + u32::from(self.history().ring.is_some());
        let operation = match operation {
            Strong::Load(Place::Window(number)) => Strong::Load(Place::Window(number.min(first))),
            Strong::Swap(Place::Window(number)) => Strong::Swap(Place::Window(number.min(first))),
            other => other,
        };
        match operation {
            _ if self.weakened != Some(operation) => order,
            Strong::Fence => Ordering::AcqRel,
            _ => Ordering::Relaxed,
        }
    }

    /// The state word as the last step left it.
    pub fn word(&self) -> Word {
        self.history()
            .steps
            .last()
            .map_or(Word::from_bits(0), |step| step.new)
    }

    /// How many transitions there were from `from` to `to`.
    pub fn transitions(&self, from: Phase, to: Phase) -> usize {
        let history = self.history();
        let transitions = history.steps.iter().filter(|step| step.is_transition());
        transitions
            .filter(|step| step.old.state() == from && step.new.state() == to)
            .count()
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect("a failed execution is the last")
    }

    /// At the end, with no operation under way: each transition was returned to exactly one caller, the generations
    /// are consecutive, and no window was left that is over.
    pub fn audit(&self) {
        let word = self.word();
        let history = self.history();
        let transitions = history.steps.iter().filter(|step| step.is_transition());
        let made: Vec<Transition> = transitions.map(|step| event(step.old, step.new)).collect();
        let mut told = history.told.clone();
        told.sort_by_key(|made| {
            (
                made.generation(),
                made.from() == Phase::Recovering && made.to() == Phase::Closed,
            )
        });
        if history.untold == 0 {
            assert_eq!(told, made, "{ONE_EVENT}");
        } else {
            assert_eq!(told.len() + history.untold, made.len(), "{ONE_EVENT}");
        }
        let begun = history.steps.iter().filter(|step| step.begins_generation());
        for (generation, step) in (1..).zip(begun) {
            assert_eq!(step.new.generation(), generation, "generations are consecutive");
        }
        if let Some(ledger) = &history.ledger {
            ledger.audit(&self.rules, word, history.stopped);
        }
        if let Some(ring) = &history.ring {
            ring.audit(&self.rules, word);
        }
    }

    /// A word of the window was replaced, by a caller whose permit is of `generation`. Answers whether that wrote an
    /// outcome.
    pub fn window_swapped(&self, number: u32, swap: (u32, u32), generation: u32) -> bool {
        let word = self.word();
        let mut history = self.history();
        if let Some(ring) = &mut history.ring {
            return ring.swapped(number, swap, generation);
        }
        let ledger = history.ledger_mut();
        match number {
            0 => ledger.cursor_moved(swap.0, swap.1),
            _ => ledger.strip_written(number - 1, swap, generation, (&self.rules, word)),
        }
        number > 0
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
            (Phase::Recovering, Phase::Closed) if !step.begins_generation() => {
                assert!(step.now >= deadline, "{BEFORE_RAMP}");
            }
            (Phase::Closed | Phase::Recovering, Phase::Open) => {
                if let Some(ledger) = &history.ledger {
                    ledger.opened(rules, step.old);
                }
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
    pub fn ledger_mut(&mut self) -> &mut Ledger {
        self.ledger
            .as_mut()
            .expect("a window is written that there is not")
    }

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
                Phase::Recovering => u64::from(rules.ramp),
                Phase::ForcedOpen | Phase::Disabled => 0,
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
