//! A bucket and its model, step by step.

use core::borrow::Borrow;

use watertight::bucket::Policy;
use watertight::{
    Clock, Instant, ManualClock, Micros, Quota, Reason, Receipt, Rejected, RetryAfter, TokenBucket,
};

use crate::model::{Model, Settings};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    Many(Number),
    UpTo(Number),
    Reserve(Number, Wait),
}

/// A number of tokens.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Few(u32),
    /// So many `u32::MAX`ths of the burst.
    Share(u32),
    /// The burst, and so many more.
    Burst(i32),
    Any(u32),
}

#[derive(Clone, Copy, Debug)]
pub enum Wait {
    Micros(u64),
    /// So many 16ths of the time of a burst.
    Bursts(u8),
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Asks the clock; or with a reading in hand that is so old.
    Ask(Ask, Option<u64>),
    /// The last refused call again, so many microseconds after it was told to come back.
    Again(i8),
    /// Gives back one of the receipts that are still there.
    Refund(usize),
    Advance(u64),
    /// So many 16ths of the time of a burst.
    AdvanceBursts(u8),
    GoBack(u64),
    Look,
    Reset,
}

/// A receipt, and what the model knows of it.
struct Kept {
    receipt: Receipt,
    number: usize,
    before: i128,
    after: i128,
}

struct Grant {
    at: i128,
    tokens: i128,
    number: usize,
}

pub struct Pair<'a> {
    pub model: Model,
    pub bucket: TokenBucket<&'a ManualClock, &'a Quota>,
    clock: &'a ManualClock,
    /// The earliest and the latest moment so far.
    reached: (i128, i128),
    now: i128,
    kept: Vec<Kept>,
    /// Since the last reset, but for those given back.
    grants: Vec<Grant>,
    number: usize,
    /// The number of the grant that was the last change.
    last: Option<usize>,
    refused: Option<(Ask, i128)>,
    pub operations: u64,
    pub granted: u64,
}

pub fn instant(at: i128) -> Instant {
    Instant::from_micros(at.rem_euclid(1 << 64) as u64)
}

/// No reading in hand is older than this.
const OLD: i128 = 1 << 46;

impl<'a> Pair<'a> {
    pub fn new(settings: &Settings, quota: &'a Quota, clock: &'a ManualClock, start: i128) -> Self {
        clock.set(instant(start)).expect("one thread sets it");
        Self {
            model: Model::new(settings),
            bucket: TokenBucket::new(clock, quota),
            clock,
            reached: (start, start),
            now: start,
            kept: Vec::new(),
            grants: Vec::new(),
            number: 0,
            last: None,
            refused: None,
            operations: 0,
            granted: 0,
        }
    }

    fn can_reach(&self, now: i128) -> bool {
        let (first, last) = (self.reached.0.min(now), self.reached.1.max(now));
        last - first < self.model.far() - OLD
    }

    fn set(&mut self, now: i128) {
        if self.can_reach(now) {
            self.reached = (self.reached.0.min(now), self.reached.1.max(now));
            self.now = now;
            self.clock.set(instant(now)).expect("one thread sets it");
        }
    }

    fn of_a_burst(&self, sixteenths: u8) -> i128 {
        let model = &self.model;
        if model.rate == 0 {
            return i128::from(sixteenths);
        }
        (model.burst * model.token * i128::from(sixteenths) / (16 * model.rate)).min(model.far())
    }

    fn number(&self, number: Number) -> u32 {
        let burst = self.model.burst;
        match number {
            Number::Few(n) | Number::Any(n) => n,
            Number::Share(share) => ((burst * i128::from(share)) >> 32) as u32,
            Number::Burst(more) => (burst + i128::from(more)).clamp(0, i128::from(u32::MAX)) as u32,
        }
    }

    /// So many tokens, within such a wait.
    pub fn numbers(&self, ask: Ask) -> (u32, u64) {
        match ask {
            Ask::Many(n) | Ask::UpTo(n) => (self.number(n), 0),
            Ask::Reserve(n, Wait::Micros(wait)) => (self.number(n), wait),
            Ask::Reserve(n, Wait::Bursts(sixteenths)) => (self.number(n), self.of_a_burst(sixteenths) as u64),
        }
    }

    /// This moment on the line, which is near the present.
    fn place(&self, at: Instant) -> i128 {
        let off = at.as_micros().wrapping_sub(instant(self.now).as_micros()) as i64;
        self.now + i128::from(off)
    }

    pub fn step(&mut self, step: Step) {
        self.operations += 1;
        match step {
            Step::Ask(ask, age) => {
                self.ask(ask, age);
            }
            Step::Again(off) => {
                if let Some((ask, at)) = self.refused {
                    let now = at + i128::from(off);
                    if now >= self.now && self.can_reach(now) {
                        self.set(now);
                        let admitted = self.ask(ask, None);
                        assert_eq!(admitted, off >= 0, "{off} us after retry_after");
                    }
                }
            }
            Step::Refund(which) => self.refund(which),
            Step::Advance(by) => self.set(self.now + i128::from(by)),
            Step::AdvanceBursts(sixteenths) => self.set(self.now + self.of_a_burst(sixteenths)),
            Step::GoBack(by) => {
                self.refused = None;
                self.set(self.now - i128::from(by));
            }
            Step::Look => self.look(),
            Step::Reset => {
                self.check();
                self.bucket.reset();
                self.model.reset(self.now);
                self.grants.clear();
                self.kept.clear();
                (self.last, self.refused) = (None, None);
            }
        }
    }

    fn ask(&mut self, ask: Ask, age: Option<u64>) -> bool {
        let now = self.now - i128::from(age.unwrap_or(0));
        if !self.model.exact && self.model.date(now).is_none() && !self.model.is_begun() {
            return false;
        }
        let (n, wait) = self.numbers(ask);
        let answer = match age {
            None => call(&self.bucket, ask, n, wait),
            Some(_) => call(&self.bucket.at(instant(now)), ask, n, wait),
        };
        match answer {
            Ok(receipt) => {
                self.granted(ask, n, wait, now, receipt);
                true
            }
            Err(rejected) => {
                self.was_refused(ask, n, wait, now, rejected);
                false
            }
        }
    }

    fn granted(&mut self, ask: Ask, n: u32, wait: u64, now: i128, receipt: Receipt) {
        self.granted += 1;
        let (date, act_at) = (self.place(receipt.date()), self.place(receipt.act_at()));
        if n == 0 {
            assert_eq!((receipt.tokens(), date, act_at), (0, now, now));
            return;
        }
        match self.model.date(now) {
            Some(expected) => assert_eq!(date, expected),
            None => assert!(date >= now),
        }
        let tokens = i128::from(receipt.tokens());
        if let Ask::UpTo(_) = ask {
            assert!((1..=i128::from(n)).contains(&tokens), "{tokens} of {n}");
            if tokens < i128::from(n) {
                self.model.was_all(tokens, date);
            }
        } else {
            assert_eq!(tokens, i128::from(n));
        }
        let (before, after) = self.model.granted(tokens, i128::from(wait), now, date, act_at);
        self.number += 1;
        let number = self.number;
        self.grants.push(Grant {
            at: act_at,
            tokens,
            number,
        });
        if self.kept.len() > 5 {
            self.kept.remove(0);
        }
        self.kept.push(Kept {
            receipt,
            number,
            before,
            after,
        });
        (self.last, self.refused) = (Some(number), None);
    }

    fn was_refused(&mut self, ask: Ask, n: u32, wait: u64, now: i128, rejected: Rejected) {
        if !matches!(ask, Ask::UpTo(_)) && i128::from(n) > self.model.burst {
            assert_eq!(rejected.reason(), Reason::MoreThanBurst);
            assert_eq!(rejected.retry_after(), RetryAfter::Never);
            return;
        }
        assert_eq!(rejected.reason(), Reason::RateLimited);
        let after = match rejected.retry_after() {
            RetryAfter::In(after) => Some(i128::from(after.as_micros())),
            RetryAfter::Never => None,
            RetryAfter::OnRelease(_) => panic!("nobody is under way"),
        };
        let tokens = if let Ask::UpTo(_) = ask { 1 } else { i128::from(n) };
        self.model.refused(tokens, i128::from(wait), now, after);
        let Some(after) = after else { return };
        // A refusal changes nothing: the last microsecond before can be tried at once.
        let early = self.bucket.at(instant(now + after - 1));
        let again = call(&early, ask, n, wait).expect_err("a microsecond too early");
        assert_eq!(again.retry_after(), RetryAfter::In(Micros::from_micros(1)));
        self.refused = Some((ask, now + after));
    }

    fn refund(&mut self, which: usize) {
        if self.kept.is_empty() {
            return;
        }
        let Kept {
            receipt,
            number,
            before,
            after,
        } = self.kept.remove(which % self.kept.len());
        let (tokens, date) = (receipt.tokens(), self.place(receipt.date()));
        let back = self.bucket.refund(receipt);
        let is_last = self.last == Some(number);
        if self.model.is_on_top(after).unwrap_or(is_last) {
            // Or nothing, when it is full again without, or that was long ago.
            let nothing = self.model.is_full(self.now) || self.model.is_old(date, self.now);
            assert!(
                back == tokens || back == 0 && nothing,
                "{tokens} are not given back"
            );
        } else if self.model.exact {
            assert_eq!(back, 0);
        }
        assert!(back == 0 || back == tokens);
        if back > 0 {
            assert!(
                self.grants.iter().all(|grant| grant.number <= number),
                "given back under a later grant"
            );
            self.grants.retain(|grant| grant.number != number);
            self.model.give_back(before);
            (self.last, self.refused) = (None, None);
        }
    }

    fn look(&self) {
        if self.model.date(self.now).is_some() {
            let (least, most) = self.model.available(self.now);
            let available = i128::from(self.bucket.available());
            assert!(
                (least..=most).contains(&available),
                "{available}: {least} to {most}"
            );
            if let Some(pristine) = self.model.is_pristine(self.now) {
                assert_eq!(self.bucket.is_pristine(), pristine);
            }
        }
    }

    pub fn check(&self) {
        let grants = self.grants.iter();
        self.model
            .check_windows(grants.map(|grant| (grant.at, grant.tokens)));
    }
}

pub fn call<C: Clock, P: Policy, S: Borrow<P::State>>(
    bucket: &TokenBucket<C, P, S>,
    ask: Ask,
    n: u32,
    wait: u64,
) -> Result<Receipt, Rejected> {
    match ask {
        Ask::Many(_) if n == 1 => bucket.try_acquire(),
        Ask::Many(_) => bucket.try_acquire_many(n),
        Ask::UpTo(_) => bucket.acquire_up_to(n),
        Ask::Reserve(..) => bucket.reserve(n, Micros::from_micros(wait)),
    }
}

/// Runs the steps. Gives how many of them did something, and how many were granted.
pub fn run(settings: &Settings, quota: &Quota, start: i128, steps: &[Step]) -> (u64, u64) {
    let clock = ManualClock::starting_at(instant(start));
    let mut pair = Pair::new(settings, quota, &clock, start);
    for step in steps {
        pair.step(*step);
    }
    pair.check();
    (pair.operations, pair.granted)
}
