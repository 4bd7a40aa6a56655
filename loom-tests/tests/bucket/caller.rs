//! One thread of a model: the operations of the bucket over the words of a bench, each step of them seen.

use core::cell::Cell;
use core::convert::Infallible;
use std::sync::Arc;

use watertight::bucket::protocol::{Ask, Place};
use watertight::models::{Attempt, Memory, Ordering, Timed, fence};
use watertight::{Clock, Instant, Reason, RetryAfter};

use crate::bench::{BEFORE, Bench, Held, NO_CAUSE};
use crate::faults::Operation;
use crate::subjects::{Bucket, Given, Refused};

/// The clock that moves.
pub struct Asked<S: Bucket>(pub Arc<Bench<S>>);

impl<S: Bucket> Clock for Asked<S> {
    fn now(&self) -> Instant {
        // ORDERING: Relaxed; a clock orders nothing.
        let time = self.0.time.load(Ordering::Relaxed);
        Instant::from_micros(self.0.start + u64::from(time) - u64::from(BEFORE))
    }
}

/// One thread's way to the words, with its clock: the memory that the protocol runs on.
pub struct Caller<S: Bucket, C> {
    bench: Arc<Bench<S>>,
    clock: C,
    operation: Cell<Operation>,
    /// The last clock reading.
    now: Cell<u64>,
    /// The words as they were last loaded, or swapped.
    spent: Cell<u32>,
    dated: Cell<u32>,
    /// Whether the last attempt swapped `spent`.
    swapped: Cell<bool>,
    /// Attempts of the last operation.
    attempts: Cell<u32>,
    mistaken: Cell<bool>,
    tolerant: Cell<bool>,
}

/// With so few other steps in a model, nobody starts again more often than this.
const ATTEMPTS: u32 = 30;

impl<S: Bucket, C: Clock> Caller<S, C> {
    pub fn new(bench: Arc<Bench<S>>, clock: C) -> Self {
        Self {
            bench,
            clock,
            operation: Cell::new(Operation::Acquire),
            now: Cell::new(0),
            spent: Cell::new(0),
            dated: Cell::new(0),
            swapped: Cell::new(false),
            attempts: Cell::new(0),
            mistaken: Cell::new(false),
            tolerant: Cell::new(false),
        }
    }

    /// Its refusals may be mistaken.
    pub fn tolerant(self) -> Self {
        self.tolerant.set(true);
        self
    }

    /// Whether somebody else came between, in the last operation.
    pub fn was_raced(&self) -> bool {
        self.attempts.get() > 1
    }

    /// Whether the last date is later than the clock said.
    pub fn was_behind(&self) -> bool {
        self.date() > self.now.get()
    }

    /// Whether the last refusal took `spent` for what it was not: see [`Caller::refused`].
    pub fn was_mistaken(&self) -> bool {
        self.mistaken.get()
    }

    /// Whether nobody has changed `spent` since this thread saw it.
    pub fn stood(&self) -> bool {
        self.bench.is_last(self.spent.get())
    }

    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// Takes so many tokens; `None` is a refusal.
    pub fn acquire(&self, tokens: u32) -> Option<Held<S::Receipt>> {
        self.ask(Ask::All { tokens, wait: 0 })
    }

    /// Takes so many tokens to use them within the wait.
    pub fn reserve(&self, tokens: u32, wait: u64) -> Option<Held<S::Receipt>> {
        self.ask(Ask::All { tokens, wait })
    }

    /// Takes what is there.
    pub fn acquire_up_to(&self, tokens: u32) -> Option<Held<S::Receipt>> {
        self.ask(Ask::UpTo(tokens))
    }

    fn ask(&self, ask: Ask) -> Option<Held<S::Receipt>> {
        self.operation.set(Operation::Acquire);
        let answer = self.decide(|| {
            let attempt = S::acquire(self, &self.bench.own, ask, false);
            if let Ok(None) = attempt {
                if self.swapped.get() {
                    self.bench.begun(self.spent.get(), self.date());
                }
            }
            attempt
        });
        match answer {
            Ok(receipt) => {
                let there = self.bench.there(self.date());
                let tokens = receipt.tokens();
                let held = self.bench.granted(self.spent.get(), receipt);
                if let (Ask::UpTo(most), false) = (ask, self.bench.is_astray()) {
                    assert_eq!(
                        i128::from(tokens),
                        there.min(i128::from(most)),
                        "not as many as there are"
                    );
                }
                Some(held)
            }
            Err(refusal) => {
                let (tokens, wait) = match ask {
                    Ask::All { tokens, wait } => (tokens, wait),
                    Ask::UpTo(_) => (1, 0),
                };
                self.refused(refusal, tokens, wait);
                None
            }
        }
    }

    /// Gives back what was taken, if that can be, and says whether it was.
    pub fn refund(&self, held: Held<S::Receipt>) -> bool {
        self.operation.set(Operation::Refund);
        let tokens = self.decide(|| S::refund(self, &self.bench.own, &held.receipt));
        if tokens == 0 {
            return false;
        }
        assert_eq!(tokens, held.receipt.tokens(), "not all that was taken");
        self.bench.refunded(self.spent.get(), held.version());
        true
    }

    /// Makes the bucket as new.
    pub fn reset(&self) {
        self.operation.set(Operation::Reset);
        self.decide(|| S::reset(self, &self.bench.own));
        if self.swapped.get() {
            self.bench.reset(self.spent.get());
        }
    }

    fn decide<T>(&self, attempt: impl Fn() -> Attempt<T, Self>) -> T {
        for attempts in 1..=ATTEMPTS {
            self.attempts.set(attempts);
            self.swapped.set(false);
            let Ok(decision) = attempt();
            if let Some(decision) = decision {
                return decision;
            }
        }
        panic!("wedged: {ATTEMPTS} attempts");
    }

    /// By which moment a decision on the words that were last seen goes.
    fn date(&self) -> u64 {
        self.now.get().max(self.bench.start_of(self.dated.get()))
    }

    /// It names the first microsecond at which what was asked for is there, after one of the values of `spent` that this
    /// thread saw: or else it is *mistaken*, as it may be after a long idle, while another thread is between its two steps.
    fn refused(&self, refusal: Refused, tokens: u32, wait: u64) {
        assert_eq!(refusal.reason, Reason::RateLimited);
        let RetryAfter::In(left) = refusal.retry_after else {
            panic!("{NO_CAUSE}: {refusal:?}");
        };
        let until = self.now.get() + left.as_micros() + wait;
        let caused = until > self.date() && self.bench.is_caused(self.spent.get(), tokens, until);
        assert!(caused || self.tolerant.get(), "{NO_CAUSE}: until {until}");
        self.mistaken.set(!caused);
    }
}

impl<S: Bucket, C: Clock> Memory for Caller<S, C> {
    type Place = Place;
    type Stop = Infallible;

    fn load(&self, place: Place, order: Ordering) -> Result<u32, Infallible> {
        let bits = self.bench.load(self.operation.get(), place, order);
        match place {
            Place::Spent => self.spent.set(bits),
            Place::Dated => self.dated.set(bits),
            Place::Slot { .. } => {}
        }
        Ok(bits)
    }

    fn swap_if(&self, place: Place, seen: u32, new: u32, order: Ordering) -> Result<bool, Infallible> {
        let swapped = self.bench.swap_if(self.operation.get(), place, seen, new, order);
        if swapped {
            match place {
                Place::Spent => {
                    self.spent.set(new);
                    self.swapped.set(true);
                }
                Place::Dated if self.operation.get() == Operation::Reset => self.bench.set_back(),
                Place::Dated | Place::Slot { .. } => {}
            }
        }
        Ok(swapped)
    }

    fn fence(&self, order: Ordering) {
        fence(order);
    }
}

impl<S: Bucket, C: Clock> Timed for Caller<S, C> {
    fn now(&self) -> Result<Instant, Infallible> {
        let now = self.clock.now();
        self.now.set(now.as_micros());
        Ok(now)
    }
}
