//! What the models run on: the three words with a clock, and beside them a history that loom does not see and
//! that is checked at every step.

use core::cell::Cell;
use core::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard};

use watertight::breaker::protocol::{Admission, Attempt, Memory, Outcome, Place, event};
use watertight::breaker::rules::Rules;
use watertight::breaker::word::{Deadline, Real, State as Phase, Word as WordOf};
use watertight::models::{AtomicU32, Ordering};
use watertight::{Clock, Instant, Jitter, Micros, Reason, Transition};

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

/// The thread was stopped for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// What the bench says of the deadline, of the lease, of the slots and of the events, when they are not kept.
pub const EARLY: &str = "a probe before the deadline";
pub const BEFORE_LEASE: &str = "before the lease is over";
pub const TOO_MANY: &str = "more probes than slots";
pub const ONE_EVENT: &str = "one event a transition";

/// Why models have a bound on preemptions.
pub const BOUND: &str = "without one, more than 150,000 executions of plain loads";

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
    rules: Rules,
    words: [AtomicU32; 3],
    time: AtomicU32,
    start: u64,
    /// What is made Relaxed, for a twin.
    weakened: Option<Strong>,
    history: Mutex<History>,
}

#[derive(Default)]
struct History {
    /// Every successful CAS on the state word, in order.
    steps: Vec<Step>,
    /// The transitions that operations returned.
    told: Vec<Transition>,
    /// Of the probes that are under way: the round in which each got its slot.
    held: Vec<u32>,
    /// How many threads were stopped after their transition, before they returned it.
    untold: usize,
}

/// A successful CAS on the state word.
#[derive(Clone, Copy, Debug)]
struct Step {
    old: Word,
    new: Word,
    /// The last clock reading of its thread.
    now: u64,
}

impl Step {
    fn begins_generation(self) -> bool {
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
        self.with_clock(Instant::from_micros(now))
    }

    /// A caller that asks the clock which moves.
    pub fn asking<S: Subject>(self: &Arc<Self>) -> Caller<S, Asked> {
        self.with_clock(Asked(self.clone()))
    }

    fn with_clock<S: Subject, C: Clock>(self: &Arc<Self>, clock: C) -> Caller<S, C> {
        Caller {
            bench: self.clone(),
            clock,
            now: Cell::new(0),
            seen: Cell::new(Word::from_bits(0)),
            steps: Cell::new(None),
            attempts: Cell::new(0),
            until: Cell::new(0),
            untold: Cell::new(false),
            subject: PhantomData,
        }
    }

    /// Moves the clock.
    pub fn pass(&self, micros: u64) {
        // ORDERING: Relaxed; a clock orders nothing.
        self.time.fetch_add(micros as u32, Ordering::Relaxed);
    }

    fn order(&self, operation: Strong, order: Ordering) -> Ordering {
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

    fn history(&self) -> MutexGuard<'_, History> {
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
    fn record(&self, step: Step) {
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
    fn give_back(&mut self, round: u32) {
        if let Some(at) = self.held.iter().position(|held| *held == round) {
            self.held.swap_remove(at);
        }
    }

    /// When the timer of `word` is over, from the clock reading of the thread that began it: with the phase, or in
    /// a half-open one by taking the last slot.
    fn deadline(&self, rules: &Rules, word: Word) -> u64 {
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

/// The clock that moves.
pub struct Asked(Arc<Bench>);

impl Clock for Asked {
    fn now(&self) -> Instant {
        // ORDERING: Relaxed; a clock orders nothing.
        let time = self.0.time.load(Ordering::Relaxed);
        Instant::from_micros(self.0.start + u64::from(time))
    }
}

/// One thread's way to the words, with its clock: the memory that the protocol runs on.
pub struct Caller<S: ?Sized, C> {
    bench: Arc<Bench>,
    clock: C,
    /// The last clock reading.
    now: Cell<u64>,
    /// The last state word that was loaded.
    seen: Cell<Word>,
    /// Steps until the thread is stopped for ever.
    steps: Cell<Option<u32>>,
    /// Attempts of the last operation.
    attempts: Cell<u32>,
    /// When the last wait that was named is over.
    until: Cell<u64>,
    /// A transition was made and not yet returned.
    untold: Cell<bool>,
    subject: PhantomData<S>,
}

/// With so few other steps in a model, nobody starts again more often than this.
const ATTEMPTS: u32 = 30;

impl<S: Subject, C: Clock> Caller<S, C> {
    /// Stops the thread for ever before its step number `steps`.
    pub fn stopped_after(self, steps: u32) -> Self {
        self.steps.set(Some(steps));
        self
    }

    /// The state word on which the last operation decided.
    pub fn seen(&self) -> Word {
        self.seen.get()
    }

    /// How often the last operation began.
    pub fn attempts(&self) -> u32 {
        self.attempts.get()
    }

    /// Whether the deadline that the last refusal named is one that a helper rounded up.
    pub fn waited_for_a_helper(&self) -> bool {
        self.until.get() & 0xffff == 0xffff
    }

    /// Asks for a permit; `None` is a refusal.
    pub fn admit(&self) -> Option<Word> {
        self.try_admit().expect("nobody stopped this thread")
    }

    /// Settles a permit.
    pub fn settle(&self, ticket: Word, outcome: Outcome) -> Option<Transition> {
        self.try_settle(ticket, outcome)
            .expect("nobody stopped this thread")
    }

    /// Resets.
    pub fn reset(&self) {
        self.try_reset().expect("nobody stopped this thread");
    }

    /// As `admit`, in a thread that may be stopped.
    pub fn try_admit(&self) -> Result<Option<Word>, Stopped> {
        if let Some(ticket) = S::admit_closed(self)? {
            return Ok(Some(ticket));
        }
        let admission = self.decide(|| S::admit(self, &self.bench.rules))?;
        Ok(self.admission(admission))
    }

    /// As `settle`, in a thread that may be stopped.
    pub fn try_settle(&self, ticket: Word, outcome: Outcome) -> Result<Option<Transition>, Stopped> {
        self.bench.history().give_back(ticket.generation());
        if outcome == SUCCESS && S::is_quiet_success(self, ticket)? {
            return Ok(None);
        }
        let made = self.decide(|| S::settle(self, &self.bench.rules, ticket, outcome))?;
        self.tell(made);
        Ok(made)
    }

    /// As `reset`, in a thread that may be stopped.
    pub fn try_reset(&self) -> Result<(), Stopped> {
        let made = self.decide(|| S::reset(self, &self.bench.rules))?;
        self.tell(Some(made));
        Ok(())
    }

    /// One attempt at `admit`, for a breaker that is not closed; `None` if it would start again. That keeps a model
    /// with many old values to read small: a second attempt reads what a first one later could have read.
    pub fn attempt(&self) -> Option<Option<Word>> {
        let attempt = S::admit(self, &self.bench.rules).expect("nobody stopped this thread");
        attempt.map(|admission| self.admission(admission))
    }

    fn admission(&self, admission: Admission<Real>) -> Option<Word> {
        match admission {
            Admission::Admitted { ticket, made } => {
                self.tell(made);
                Some(ticket)
            }
            Admission::Refused { reason, left, .. } => {
                self.check_wait(reason, left);
                None
            }
        }
    }

    /// One attempt at a snapshot; `None` if it would start again.
    pub fn observe(&self) -> Option<Word> {
        let attempt = S::observe(self, &self.bench.rules).expect("nobody stopped this thread");
        attempt.map(|reading| {
            let reason = match reading.word.state() {
                Phase::Open => Reason::Open,
                _ => Reason::ProbesInFlight,
            };
            if let Some(left) = reading.left {
                self.check_wait(reason, left);
            }
            reading.word
        })
    }

    fn decide<T>(&self, attempt: impl Fn() -> Attempt<T, Self>) -> Result<T, Stopped> {
        for attempts in 1..=ATTEMPTS {
            self.attempts.set(attempts);
            if let Some(decision) = attempt()? {
                return Ok(decision);
            }
        }
        panic!("wedged: {ATTEMPTS} attempts");
    }

    fn tell(&self, made: Option<Transition>) {
        self.untold.set(false);
        self.bench.history().told.extend(made);
    }

    /// What is left is left of the timer of the instance that was seen: its maker's, and of an opening that
    /// somebody helped its maker's with ones for the low half.
    fn check_wait(&self, reason: Reason, left: u32) {
        let word = self.seen();
        let until = self.now.get() + u64::from(left);
        self.until.set(until);
        let deadline = self.bench.history().deadline(&self.bench.rules, word);
        match reason {
            Reason::Open => assert!(
                until == deadline || until == deadline | 0xffff,
                "a wait until {until}, not {deadline}, in {word:?}"
            ),
            _ => assert!(
                until >= deadline,
                "a wait until {until}, {BEFORE_LEASE} at {deadline}, in {word:?}"
            ),
        }
    }

    /// One step of the protocol is about to be made.
    fn step(&self) -> Result<(), Stopped> {
        match self.steps.get() {
            Some(0) => {
                self.bench.history().untold += usize::from(self.untold.take());
                Err(Stopped)
            }
            Some(left) => {
                self.steps.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl<S: Subject, C: Clock> Memory for Caller<S, C> {
    type Widths = Real;
    type Stop = Stopped;

    fn load(&self, place: Place, order: Ordering) -> Result<u32, Stopped> {
        self.step()?;
        let order = self.bench.order(Strong::Load(place), order);
        let bits = self.bench.words[place as usize].load(order);
        if place == Place::State {
            self.seen.set(Word::from_bits(bits));
        }
        Ok(bits)
    }

    fn swap_if(&self, place: Place, seen: u32, new: u32, order: Ordering) -> Result<bool, Stopped> {
        self.step()?;
        let operation = match place {
            Place::State if Word::from_bits(new).state() == Phase::HalfOpen => Strong::SwapByProbe,
            Place::State => Strong::SwapByVerdict,
            _ => Strong::Swap(place),
        };
        let order = self.bench.order(operation, order);
        let word = &self.bench.words[place as usize];
        let swapped = word.compare_exchange(seen, new, order, Ordering::Relaxed).is_ok();
        if swapped && place == Place::State {
            let step = Step {
                old: Word::from_bits(seen),
                new: Word::from_bits(new),
                now: self.now.get(),
            };
            self.untold.set(step.begins_generation());
            self.bench.record(step);
        }
        Ok(swapped)
    }

    fn now(&self) -> Result<Instant, Stopped> {
        self.step()?;
        let now = self.clock.now();
        self.now.set(now.as_micros());
        Ok(now)
    }

    fn draw(&self) -> u32 {
        0
    }
}

const _: () = assert!(COOL_DOWN < Deadline::<Real>::LONGEST_WAIT as u64);
