//! One thread of a model of a bucket whose terms change: its operations over the words of a bench, each step of them seen.

use core::cell::{Cell, RefCell};
use std::sync::Arc;

use watertight::bucket::adjustable::change::{self, Slots};
use watertight::bucket::adjustable::slot::WORDS;
use watertight::bucket::protocol::{self, Ask, Place};
use watertight::models::{Attempt, Memory, Ordering, Timed, fence, rmw_loads};
use watertight::{Busy, Clock, Instant, Reason, Rejected, RetryAfter};

use crate::adjust_bench::{Bench, Held, NO_CAUSE, STRETCH, TORN};
use crate::adjust_faults::{Fault, Operation};
use crate::adjust_history::Change;

/// The clock that moves.
pub struct Asked(pub Arc<Bench>);

impl Clock for Asked {
    fn now(&self) -> Instant {
        // ORDERING: Relaxed; a clock orders nothing.
        let time = self.0.time.load(Ordering::Relaxed);
        Instant::from_micros(self.0.start + u64::from(time))
    }
}

/// A thread was stopped for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// One thread's way to the words, with its clock: the memory that the protocol runs on.
pub struct Caller<C> {
    bench: Arc<Bench>,
    clock: C,
    operation: Cell<Operation>,
    /// What a switch is to set.
    wanted: Cell<(u64, u32)>,
    /// Steps until it is stopped.
    left: Cell<Option<u32>>,
    /// The last clock reading, and the one that a faulty writer goes by.
    now: Cell<u64>,
    kept: Cell<Option<Instant>>,
    /// `spent` as it was first loaded in this attempt.
    seen: Cell<Option<u32>>,
    /// The words as they were last loaded, or swapped.
    spent: Cell<u32>,
    dated: Cell<u32>,
    slot: Cell<[u32; WORDS]>,
    written: Cell<[u32; WORDS]>,
    late: RefCell<Vec<(Place, u32)>>,
    /// Whether the last attempt swapped `spent`, and how often it swapped anything.
    swapped: Cell<bool>,
    swaps: Cell<usize>,
    /// Attempts of the last operation, and how many of them read a mixture of two slots, or of a slot and another's generation.
    attempts: Cell<u32>,
    mixtures: Cell<u32>,
}

/// With so few other steps in a model, nobody starts again more often than this.
const ATTEMPTS: u32 = 20;

impl<C: Clock> Caller<C> {
    pub fn new(bench: Arc<Bench>, clock: C) -> Self {
        Self {
            bench,
            clock,
            operation: Cell::new(Operation::Acquire),
            wanted: Cell::default(),
            left: Cell::default(),
            now: Cell::default(),
            kept: Cell::default(),
            seen: Cell::default(),
            spent: Cell::default(),
            dated: Cell::default(),
            slot: Cell::default(),
            written: Cell::default(),
            late: RefCell::default(),
            swapped: Cell::default(),
            swaps: Cell::default(),
            attempts: Cell::default(),
            mixtures: Cell::default(),
        }
    }

    /// It is stopped after so many steps.
    pub fn stopped_after(self, steps: u32) -> Self {
        self.left.set(Some(steps));
        self
    }

    /// Whether somebody else came between, in the last operation.
    pub fn was_raced(&self) -> bool {
        self.attempts.get() > 1
    }

    /// Whether the last operation read a mixture, and threw it away.
    pub fn saw_a_mixture(&self) -> bool {
        self.mixtures.get() > 0
    }

    /// Whether it is a change of the terms that it was dated to, or would have been.
    pub fn was_behind_a_change(&self) -> bool {
        self.bench.since() > self.date()
    }

    /// Whether a change was under way when the last decision was made.
    pub fn saw_busy(&self) -> bool {
        self.spent.get() & 2 != 0
    }

    /// Takes so many tokens; `None` is a refusal.
    pub fn acquire(&self, tokens: u32) -> Option<Held> {
        let answer = self.decide(Operation::Acquire, || {
            let ask = Ask::All { tokens, wait: 0 };
            let attempt = protocol::acquire(self, &self.bench.quota, ask);
            if let (Ok(None), true) = (&attempt, self.swapped.get()) {
                self.bench.begun(self.spent.get(), self.date());
            }
            attempt
        });
        match answer.expect("it is not stopped") {
            Ok(receipt) => Some(self.bench.granted(self.spent.get(), receipt, self.date())),
            Err(rejected) => {
                self.refused(&rejected, tokens);
                None
            }
        }
    }

    /// Gives back what was taken, if that can be, and says whether it was.
    pub fn refund(&self, held: Held) -> bool {
        let refund = || protocol::refund(self, &self.bench.quota, &held.receipt);
        match self.decide(Operation::Refund, refund).expect("it is not stopped") {
            0 => false,
            tokens => {
                assert_eq!(tokens, held.receipt.tokens(), "not all that was taken");
                self.bench.refunded(self.spent.get(), held.version());
                true
            }
        }
    }

    /// Makes the bucket as new.
    pub fn reset(&self) {
        let reset = || protocol::reset(self, &self.bench.quota);
        self.decide(Operation::Reset, reset).expect("it is not stopped");
        if self.swapped.get() {
            self.bench.reset(self.spent.get());
        }
    }

    /// So many tokens in a period from now on, and so many at once.
    pub fn set(&self, rate: u64, burst: u32) -> Result<(), Busy> {
        self.set_or_stop(rate, burst).expect("it is not stopped")
    }

    /// The same, of one who may be stopped.
    pub fn set_or_stop(&self, rate: u64, burst: u32) -> Result<Result<(), Busy>, Stopped> {
        self.wanted.set((rate, burst));
        self.kept.set(None);
        if self.bench.fault() == Some(Fault::ClockFirst) {
            self.kept.set(Some(self.clock.now()));
        }
        if self.bench.fault() != Some(Fault::NeverBusy) {
            if let Err(busy) = self.decide(Operation::Claim, || change::claim(self))? {
                assert_eq!(self.swaps.get(), 0, "busy, and something is changed");
                return Ok(Err(busy));
            }
        }
        let step = self.bench.step(rate);
        self.decide(Operation::Switch, || {
            change::switch(self, &self.bench.quota, step, burst)
        })?;
        Ok(Ok(()))
    }

    fn decide<T>(&self, operation: Operation, attempt: impl Fn() -> Attempt<T, Self>) -> Result<T, Stopped> {
        self.operation.set(operation);
        self.mixtures.set(0);
        for attempts in 1..=ATTEMPTS {
            self.attempts.set(attempts);
            self.swapped.set(false);
            self.seen.set(None);
            self.swaps.set(0);
            self.late.borrow_mut().clear();
            let swaps = self.bench.swaps();
            let decision = attempt()?;
            let went_by = operation != Operation::Claim && self.went_by_what_was_set(decision.is_some());
            if let Some(decision) = decision {
                return Ok(decision);
            }
            if !went_by {
                self.mixtures.set(self.mixtures.get() + 1);
            }
            // With plain loads, an attempt may begin with a `spent` from long ago.
            let moved = self.bench.swaps() - swaps > self.swaps.get();
            let own = self.swapped.get() || operation == Operation::Reset;
            assert!(moved || own || !rmw_loads(), "again, and nobody came between");
        }
        panic!("wedged: {ATTEMPTS} attempts");
    }

    /// Whether the slot that was read is the one that somebody set. It is, if something came of it.
    fn went_by_what_was_set(&self, decided: bool) -> bool {
        let seen = self.seen.get().expect("every attempt begins with it");
        let acted = self.swapped.get();
        let is_set = match self.operation.get() {
            // Its change is in the history already.
            Operation::Switch if acted => self.bench.is_set(&self.slot.get(), 1),
            _ if acted => self.bench.is_set(&self.slot.get(), 0),
            _ => self.bench.was_set(seen, &self.slot.get()),
        };
        assert!(
            is_set || !(decided || acted) || !self.bench.is_strict(),
            "{TORN}: {:x?} at {seen:#x}",
            self.slot.get()
        );
        is_set
    }

    /// By which moment a decision on the words that were last seen goes, if no change of the terms is later.
    fn date(&self) -> u64 {
        self.now.get().max(self.stretch())
    }

    /// The beginning of the stretch that `dated` names.
    fn stretch(&self) -> u64 {
        u64::from(self.dated.get() >> 1) * STRETCH
    }

    /// It names the first microsecond at which what was asked for is there, if it ever will be.
    fn refused(&self, rejected: &Rejected, tokens: u32) {
        let until = match (rejected.reason(), rejected.retry_after()) {
            (Reason::RateLimited, RetryAfter::In(left)) => Some(self.now.get() + left.as_micros()),
            (Reason::RateLimited | Reason::MoreThanBurst, RetryAfter::Never) => None,
            _ => panic!("{NO_CAUSE}: {rejected:?}"),
        };
        let seen = self.seen.get().expect("every attempt begins with it");
        let later = until.is_none_or(|until| until > self.date());
        let caused = later && self.bench.is_caused(seen, tokens, until);
        assert!(
            caused || !self.bench.is_strict(),
            "{NO_CAUSE}: {tokens} at {until:?}"
        );
    }

    fn step(&self) -> Result<(), Stopped> {
        if let Some(left) = self.left.get() {
            self.left.set(Some(left.checked_sub(1).ok_or(Stopped)?));
        }
        Ok(())
    }
}

impl<C: Clock> Memory for Caller<C> {
    type Place = Place;
    type Stop = Stopped;

    fn load(&self, place: Place, order: Ordering) -> Result<u32, Stopped> {
        self.step()?;
        let order = match self.bench.fault() {
            Some(Fault::LoadRelaxed(relaxed)) if relaxed == self.operation.get() => Ordering::Relaxed,
            _ => order,
        };
        let mut bits = self.bench.word(place).load(order);
        match place {
            Place::Spent => {
                match self.seen.get() {
                    Some(seen) if self.bench.fault() == Some(Fault::LookedAtOnce) => bits = seen,
                    Some(_) => {}
                    None => self.seen.set(Some(bits)),
                }
                self.spent.set(bits);
            }
            Place::Dated => self.dated.set(bits),
            Place::Slot { word, .. } => {
                let mut slot = self.slot.get();
                slot[word] = bits;
                self.slot.set(slot);
            }
        }
        Ok(bits)
    }

    fn swap_if(&self, place: Place, seen: u32, new: u32, order: Ordering) -> Result<bool, Stopped> {
        self.step()?;
        let operation = self.operation.get();
        let (mut order, mut new) = (order, new);
        let word = self.bench.word(place);
        match self.bench.fault() {
            Some(Fault::SwapRelaxed(relaxed)) if relaxed == operation => order = Ordering::Relaxed,
            Some(Fault::OneBitOfGeneration) if place == Place::Spent => new &= !0xf8,
            Some(Fault::NoCap) if operation == Operation::Switch && place == Place::Spent => {
                new = new & 0xff | seen & !0xff;
            }
            Some(Fault::BeginsByAChange) if operation == Operation::Switch => new |= 1,
            Some(Fault::ResetOfAll) if operation == Operation::Reset => new = 0,
            _ => {}
        }
        let swapped = if self.bench.fault() == Some(Fault::Stores) && place == Place::Spent {
            word.store(new, order);
            true
        } else {
            word.compare_exchange(seen, new, order, Ordering::Relaxed).is_ok()
        };
        if swapped {
            self.swaps.set(self.swaps.get() + 1);
            self.bench.swapped();
        }
        match place {
            Place::Spent if swapped => {
                self.spent.set(new);
                self.swapped.set(true);
                match operation {
                    Operation::Claim => self.bench.claimed(new),
                    Operation::Switch => self.switched(new),
                    _ => {}
                }
            }
            Place::Dated if swapped => self.dated.set(new),
            _ => {}
        }
        Ok(swapped)
    }

    fn fence(&self, order: Ordering) {
        if self.bench.fault() != Some(Fault::NoFence(order)) {
            fence(order);
        }
    }
}

impl<C: Clock> Timed for Caller<C> {
    fn now(&self) -> Result<Instant, Stopped> {
        self.step()?;
        let now = match self.kept.get() {
            Some(kept) if self.operation.get() == Operation::Switch => kept,
            _ => self.clock.now(),
        };
        self.now.set(now.as_micros());
        Ok(now)
    }
}

impl<C: Clock> Slots for Caller<C> {
    fn store(&self, place: Place, value: u32) -> Result<(), Stopped> {
        self.step()?;
        let mut value = value;
        if let Place::Slot { word, .. } = place {
            if self.bench.fault() == Some(Fault::NoSince) && word >= 4 {
                value = 0;
            }
            let mut written = self.written.get();
            written[word] = value;
            self.written.set(written);
        }
        if self.bench.fault() == Some(Fault::SlotAfterSpent) {
            self.late.borrow_mut().push((place, value));
        } else {
            self.bench.word(place).store(value, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl<C: Clock> Caller<C> {
    /// The change is made.
    fn switched(&self, new: u32) {
        let (rate, burst) = self.wanted.get();
        self.bench.switched(
            new,
            &Change {
                rate,
                burst,
                now: self.now.get(),
                stretch: self.stretch(),
                words: self.written.get(),
            },
        );
        for (place, value) in self.late.take() {
            self.bench.word(place).store(value, Ordering::Relaxed);
        }
    }
}
