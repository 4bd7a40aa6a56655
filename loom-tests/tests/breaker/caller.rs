//! One thread of a model: the operations of the breaker over the words of a bench, each step of them seen.

use core::cell::Cell;
use core::marker::PhantomData;
use std::sync::Arc;

use watertight::breaker::protocol::{
    self, Admission, Attempt, Ended, Forced, Former, Memory, Place, Reading, Settled, Wait,
};
use watertight::breaker::window::{Counting, InARow};
use watertight::breaker::word::{Real, State as Phase};
use watertight::models::{self, Ordering, fence};
use watertight::{Clock, Instant, Reason, Transition};

use crate::bench::{BEFORE_LEASE, Bench, SUCCESS, Step, Strong, Word};
use crate::ledger::COUNTED_TWICE;
use crate::subjects::Subject;

/// The thread was stopped for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// The clock that moves.
pub struct Asked(pub Arc<Bench>);

impl Clock for Asked {
    fn now(&self) -> Instant {
        // ORDERING: Relaxed; a clock orders nothing.
        let time = self.0.time.load(Ordering::Relaxed);
        Instant::from_micros(self.0.start + u64::from(time))
    }
}

/// One thread's way to the words, with its clock: the memory that the protocol runs on.
pub struct Caller<S: ?Sized, C, N = InARow> {
    bench: Arc<Bench>,
    clock: C,
    counting: N,
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
    /// The generation of the permit that is being settled.
    settling: Cell<u32>,
    /// Outcomes that the last one to be settled wrote into a window.
    written: Cell<u32>,
    /// Whether a CAS of his on a window failed meanwhile.
    raced: Cell<bool>,
    subject: PhantomData<S>,
}

/// With so few other steps in a model, nobody starts again more often than this.
const ATTEMPTS: u32 = 30;

impl<S: Subject, C: Clock> Caller<S, C> {
    pub fn new(bench: Arc<Bench>, clock: C) -> Self {
        Self::counting(bench, clock, InARow)
    }
}

impl<S: Subject, C: Clock, N: Counting> Caller<S, C, N> {
    pub fn counting(bench: Arc<Bench>, clock: C, counting: N) -> Self {
        Self {
            bench,
            clock,
            counting,
            now: Cell::new(0),
            seen: Cell::new(Word::from_bits(0)),
            steps: Cell::new(None),
            attempts: Cell::new(0),
            until: Cell::new(0),
            untold: Cell::new(false),
            settling: Cell::new(0),
            written: Cell::new(0),
            raced: Cell::new(false),
            subject: PhantomData,
        }
    }

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

    /// Whether the last outcome was written into a window.
    pub fn wrote(&self) -> bool {
        self.written.get() > 0
    }

    /// Whether somebody else changed the window while he did.
    pub fn raced(&self) -> bool {
        self.raced.get()
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
    pub fn settle(&self, ticket: Word, ended: Ended) -> Option<Transition> {
        self.try_settle(ticket, ended)
            .expect("nobody stopped this thread")
    }

    /// Resets, or forces to something else.
    pub fn force(&self, to: Forced) {
        self.try_force(to).expect("nobody stopped this thread");
    }

    /// Makes the breaker what another was; `None` if it was used.
    pub fn restore(&self, former: Former) -> Option<Transition> {
        let attempt = || protocol::restore(self, self.counting, &self.bench.rules, former);
        let made = self.decide(attempt).expect("nobody stopped this thread");
        self.tell(made);
        made
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
    pub fn try_settle(&self, ticket: Word, ended: Ended) -> Result<Option<Transition>, Stopped> {
        self.bench.history().give_back(ticket.generation());
        self.settling.set(ticket.generation());
        self.written.set(0);
        self.raced.set(false);
        if ended == SUCCESS && self.counting.succeed_quickly(self, ticket)? {
            return Ok(None);
        }
        let rules = &self.bench.rules;
        let mut counted = false;
        loop {
            match self.decide(|| S::settle(self, self.counting, rules, ticket, ended, counted))? {
                Settled::Counted => counted = true,
                Settled::Done(made) => {
                    self.tell(made);
                    return Ok(made);
                }
                Settled::Late => return Ok(None),
            }
        }
    }

    /// As `force`, in a thread that may be stopped.
    pub fn try_force(&self, to: Forced) -> Result<(), Stopped> {
        let made = self.decide(|| S::force(self, self.counting, &self.bench.rules, to))?;
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
            Admission::Refused { reason, wait } => {
                self.check_wait(reason, wait);
                None
            }
        }
    }

    /// One attempt at a snapshot; `None` if it would start again.
    pub fn observe(&self) -> Option<Reading<Real>> {
        let attempt = S::observe(self, self.counting, &self.bench.rules).expect("nobody stopped this thread");
        attempt.inspect(|reading| {
            let reason = match reading.word.state() {
                Phase::Open => Reason::Open,
                Phase::Recovering => Reason::Recovering,
                _ => Reason::ProbesInFlight,
            };
            if reading.wait.is_some() {
                self.check_wait(reason, reading.wait);
            }
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
    fn check_wait(&self, reason: Reason, wait: Option<Wait>) {
        let word = self.seen();
        let Some(Wait { left, now }) = wait else {
            assert_eq!(reason, Reason::ForcedOpen, "a refusal that names no wait");
            return;
        };
        assert_eq!(now.as_micros(), self.now.get(), "from the last clock reading on");
        let until = self.now.get() + u64::from(left);
        self.until.set(until);
        let deadline = self.bench.history().deadline(&self.bench.rules, word);
        match reason {
            Reason::Open => assert!(
                until == deadline || until == deadline | 0xffff,
                "a wait until {until}, not {deadline}, in {word:?}"
            ),
            Reason::Recovering => assert!(
                until <= deadline,
                "a wait until {until}, past the ramp's end at {deadline}, in {word:?}"
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
                let mut history = self.bench.history();
                history.stopped = true;
                history.untold += usize::from(self.untold.take());
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

impl<S: Subject, C: Clock, N: Counting> models::Memory for Caller<S, C, N> {
    type Place = Place;
    type Stop = Stopped;

    fn load(&self, place: Place, order: Ordering) -> Result<u32, Stopped> {
        self.step()?;
        let order = self.bench.order(Strong::Load(place), order);
        let bits = self.bench.at_place(place).load(order);
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
        let word = self.bench.at_place(place);
        let swapped = word.compare_exchange(seen, new, order, Ordering::Relaxed).is_ok();
        if !swapped {
            if matches!(place, Place::Window(_)) {
                self.raced.set(true);
            }
            return Ok(false);
        }
        match place {
            Place::State => {
                let step = Step {
                    old: Word::from_bits(seen),
                    new: Word::from_bits(new),
                    now: self.now.get(),
                };
                self.untold.set(step.is_transition());
                self.bench.record(step);
            }
            Place::Low | Place::High => {}
            Place::Window(number) => {
                let wrote = self
                    .bench
                    .window_swapped(number, (seen, new), self.settling.get());
                self.written.set(self.written.get() + u32::from(wrote));
                assert!(self.written.get() < 2, "{COUNTED_TWICE}");
            }
        }
        Ok(true)
    }

    fn fence(&self, order: Ordering) {
        fence(self.bench.order(Strong::Fence, order));
    }
}

impl<S: Subject, C: Clock, N: Counting> models::Timed for Caller<S, C, N> {
    fn now(&self) -> Result<Instant, Stopped> {
        self.step()?;
        let now = self.clock.now();
        self.now.set(now.as_micros());
        Ok(now)
    }
}

impl<S: Subject, C: Clock, N: Counting> Memory for Caller<S, C, N> {
    type Widths = Real;

    fn draw(&self) -> u32 {
        0
    }
}
