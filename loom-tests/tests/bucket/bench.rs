//! What the models run on: the two words with a clock, and beside them a history that loom does not see and that is
//! checked at every step, in numbers so wide that nothing comes round.

use std::sync::{Arc, Mutex, MutexGuard};

use watertight::Instant;
use watertight::bucket::rate::Rate;
use watertight::bucket::terms::{Fixed, Wanted};
use watertight::bucket::word::{Real, Terms};
use watertight::models::{AtomicU32, Ordering};

use crate::caller::{Asked, Caller};
use crate::common::{Model, model};
use crate::faults::Fault;
use crate::subjects::{Bucket, Given, ShippedBucket};

/// What the bench says when a window gets too much, or when the words do not say what was handed out.
pub const OVER: &str = "too much: more in a window than burst and rate allow";
pub const NOT_INITIAL: &str = "too much: more than there was at first";
pub const ASTRAY: &str = "too much or too little: the words are not what was handed out";
pub const NOT_ITS_OWN: &str = "too much: a refund of what another took";
/// Any of these, where it depends on the loads which comes first.
pub const TOO_MUCH: &str = "too much";
pub const NO_CAUSE: &str = "a refusal without a cause";

/// What a bucket of a model keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub tokens: u64,
    /// In microseconds.
    pub period: u64,
    pub burst: u32,
    pub initial: u32,
}

/// One token a millisecond, which is one drop a microsecond, and two at once.
pub const PLAN: Plan = Plan {
    tokens: 1,
    period: TOKEN,
    burst: 2,
    initial: 2,
};

/// In so many microseconds comes a token of [`PLAN`].
pub const TOKEN: u64 = 1_000;
/// A stretch of [`PLAN`], in microseconds: 34 s.
pub const STRETCH: u64 = 1 << 25;
/// So many make a bucket of [`PLAN`] full, whatever is in it.
pub const STALE: u64 = 3;
/// When its index comes round, in microseconds: 36 min.
pub const CIRCLE: u64 = 1 << 31;

/// The clock may step back by so much.
pub const BEFORE: u32 = 1 << 28;

/// The words of one bucket and all that happened to them in this execution.
pub struct Bench<S: Bucket = ShippedBucket> {
    /// What the bench goes by.
    terms: Fixed<Real>,
    /// What the subject goes by.
    pub own: S::Terms<Real>,
    plan: Plan,
    words: [AtomicU32; 2],
    pub time: AtomicU32,
    pub start: u64,
    pub fault: Option<Fault>,
    history: Mutex<History>,
}

/// What loom does not see.
pub struct History {
    /// Everything that `spent` ever was.
    versions: Vec<Version>,
    /// Since the bucket was last as new.
    grants: Vec<Grant>,
    /// The date from which on it fills.
    begun: Option<u64>,
    /// What was first seen to be wrong in the words. It is told at the end: by then, a window has more than it may.
    astray: Option<String>,
}

/// A value of `spent`.
#[derive(Clone, Copy, Debug)]
struct Version {
    bits: u32,
    /// The number that it stands for, in drops.
    number: Number,
    /// Which grant is on top.
    top: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Unset,
    Of(i128),
    /// `dated` was set back under it, and it may be taken for anything.
    Forgotten,
}

#[derive(Clone, Copy, Debug)]
struct Grant {
    /// When its tokens may be used.
    act: u64,
    tokens: u32,
    /// Its number: of which version it made `spent`.
    version: usize,
    /// Up to where all was handed out before, and which grant was on top.
    base: i128,
    below: usize,
}

/// What a thread has in its hand: the receipt, and which grant it is of.
#[derive(Debug)]
pub struct Held<R> {
    pub receipt: R,
    version: usize,
    /// What it made of `spent`.
    spent: u32,
}

impl<R: Given> Held<R> {
    pub fn version(&self) -> usize {
        self.version
    }

    pub fn spent(&self) -> u32 {
        self.spent
    }

    pub fn waits(&self) -> bool {
        self.receipt.act_at() != self.receipt.date()
    }
}

impl<S: Bucket> Bench<S> {
    /// A bucket that nobody has asked, whose clock stands at `start`.
    pub fn new(plan: Plan, start: u64, fault: Option<Fault>) -> Arc<Self> {
        let rate = Rate::of(plan.tokens, u128::from(plan.period) * 1_000).expect("a rate");
        let wanted = Wanted {
            rate,
            burst: plan.burst,
            initial: plan.initial,
            longest_wait: None,
            varies: false,
        };
        Arc::new(Self {
            terms: Fixed::of(&wanted).expect("a quota"),
            own: S::terms(&wanted).expect("a quota"),
            plan,
            words: core::array::from_fn(|_| AtomicU32::new(0)),
            time: AtomicU32::new(BEFORE),
            start,
            fault,
            history: Mutex::new(History {
                versions: vec![Version {
                    bits: 0,
                    number: Number::Unset,
                    top: 0,
                }],
                grants: Vec::new(),
                begun: None,
                astray: None,
            }),
        })
    }

    pub fn words(&self) -> &[AtomicU32; 2] {
        &self.words
    }

    /// A caller whose clock says the same for ever: time by value, so long after the start.
    pub fn at(self: &Arc<Self>, after: u64) -> Caller<S, Instant> {
        Caller::new(self.clone(), Instant::from_micros(self.start + after))
    }

    /// A caller that asks the clock which moves.
    pub fn asking(self: &Arc<Self>) -> Caller<S, Asked<S>> {
        Caller::new(self.clone(), Asked(self.clone()))
    }

    /// Moves the clock.
    pub fn pass(&self, micros: u64) {
        // ORDERING: Relaxed; a clock orders nothing.
        self.time.fetch_add(micros as u32, Ordering::Relaxed);
    }

    /// Moves the clock back.
    pub fn step_back(&self, micros: u64) {
        self.time
            .fetch_add((micros as u32).wrapping_neg(), Ordering::Relaxed);
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect("a failed execution is the last")
    }

    /// The beginning of the stretch that a `dated` names.
    pub fn start_of(&self, dated: u32) -> u64 {
        let length = (1 << 33) / u64::from(self.terms.stretches());
        u64::from(dated >> 1) * length
    }

    /// Drops that have come at `at`, and the same rounded up.
    fn index(&self, at: u64) -> (i128, i128) {
        let position = i128::from(at) * i128::from(self.terms.speed().step);
        (position >> 33, (position + (1 << 33) - 1) >> 33)
    }

    /// The first microsecond at which so many drops have come.
    fn reaches(&self, drops: i128) -> i128 {
        let step = i128::from(self.terms.speed().step);
        ((drops << 33) + step - 1).div_euclid(step)
    }

    fn token(&self) -> i128 {
        i128::from(self.terms.token().get() >> 1)
    }

    fn full(&self) -> i128 {
        self.token() * i128::from(self.plan.burst)
    }

    /// Up to where all was handed out, as far as it counts at `date`.
    fn base(&self, number: Number, date: u64) -> i128 {
        let (low, high) = self.index(date);
        let full = high - self.full();
        match number {
            Number::Unset => high - self.token() * i128::from(self.plan.initial),
            Number::Of(number) => number.max(full),
            Number::Forgotten => full.min(low),
        }
    }
}

impl<S: Bucket> Bench<S> {
    /// `spent` was swapped for `new`, as at first at `date`.
    pub fn begun(&self, new: u32, date: u64) {
        let mut history = self.history();
        let Version { number, top, .. } = history.last();
        if number != Number::Unset {
            history.astray("begun again".into());
        }
        let number = self.base(Number::Unset, date);
        if !same(number, new) {
            history.astray(format!("begun at {date} with {new:#x}"));
        }
        history.begun = Some(date);
        history.becomes(new, Number::Of(number), top);
    }

    /// `spent` was swapped for `new`, and the receipt was given for it.
    pub fn granted(&self, new: u32, receipt: S::Receipt) -> Held<S::Receipt> {
        let mut history = self.history();
        let date = receipt.date().as_micros();
        let act = receipt.act_at().as_micros();
        let seen = history.last();
        let drops = i128::from(receipt.tokens()) * self.token();
        let low = self.index(date).0;
        let base = match seen.number {
            // Whatever it took it for, it gave no more than there is in a full bucket.
            Number::Forgotten => below(low, new) - drops,
            number => self.base(number, date),
        };
        let version = history.versions.len();
        history.begun.get_or_insert(date);
        history.grants.push(Grant {
            act,
            tokens: receipt.tokens(),
            version,
            base,
            below: seen.top,
        });
        history.check_windows(&self.plan);
        let mut number = base + drops;
        let mut acts = i128::from(date);
        if number > low {
            acts = self.reaches(number);
            number += (drops + i128::from(self.terms.rounding() >> 1) - self.full()).max(0);
        }
        if !same(number, new) || acts != i128::from(act) {
            history.astray(format!("{drops} drops at {date}, for {act}, after {seen:?}"));
            number = below(low, new);
        }
        history.becomes(new, Number::Of(number), version);
        Held {
            receipt,
            version,
            spent: new,
        }
    }

    /// How many tokens there are at `date` after what `spent` is now.
    pub fn there(&self, date: u64) -> i128 {
        let base = self.base(self.history().last().number, date);
        (self.index(date).0 - base).max(0) / self.token()
    }

    pub fn is_astray(&self) -> bool {
        self.history().astray.is_some()
    }

    /// `spent` was swapped for `new`, and with it the tokens of this grant came back.
    pub fn refunded(&self, new: u32, version: usize) {
        let mut history = self.history();
        assert_eq!(history.last().top, version, "{NOT_ITS_OWN}: {history:?}");
        let place = history.grants.iter().position(|grant| grant.version == version);
        let grant = history
            .grants
            .remove(place.expect("it was granted since the bucket was as new"));
        if !same(grant.base, new) {
            history.astray(format!("a refund of {grant:?}"));
        }
        // Where the bucket had been full, what was granted before is not on top again.
        let same = history.versions[grant.below].number == Number::Of(grant.base);
        let top = if same { grant.below } else { history.versions.len() };
        history.becomes(new, Number::Of(grant.base), top);
    }

    /// `spent` was unset.
    pub fn reset(&self, new: u32) {
        let mut history = self.history();
        history.as_new();
        let top = history.versions.len();
        history.becomes(new, Number::Unset, top);
    }

    /// `dated` was set back, which is half of a reset.
    pub fn set_back(&self) {
        let mut history = self.history();
        history.as_new();
        if let Some(last) = history.versions.last_mut() {
            last.number = Number::Forgotten;
        }
    }

    /// Whether the words said, when `spent` was `seen`, that so many tokens are there `until - now` microseconds
    /// from then on and no earlier.
    pub fn is_caused(&self, seen: u32, tokens: u32, until: u64) -> bool {
        let drops = i128::from(tokens) * self.token();
        let history = self.history();
        history.versions.iter().any(|version| match version.number {
            Number::Of(number) if version.bits == seen => self.reaches(number + drops) == i128::from(until),
            Number::Forgotten => version.bits == seen,
            _ => false,
        }) || history.astray.is_some()
    }

    /// At the end: the words said all the time what was handed out.
    pub fn audit(&self) {
        let history = self.history();
        assert!(history.astray.is_none(), "{ASTRAY}: {:?}", history.astray);
    }

    /// Whether `spent` is still what this thread saw.
    pub fn is_last(&self, seen: u32) -> bool {
        self.history().last().bits == seen
    }

    /// Tokens that were granted since the bucket was as new, and not given back.
    pub fn out(&self) -> u32 {
        self.history().grants.iter().map(|grant| grant.tokens).sum()
    }
}

impl History {
    fn last(&self) -> Version {
        *self.versions.last().expect("there is a first")
    }

    fn becomes(&mut self, bits: u32, number: Number, top: usize) {
        self.versions.push(Version { bits, number, top });
    }

    fn astray(&mut self, what: String) {
        self.astray.get_or_insert(what);
    }

    fn as_new(&mut self) {
        self.grants.clear();
        self.begun = None;
    }

    /// No window has more than the burst and what the rate brings in it; nor has the time since the bucket began more
    /// than what it had at first and what came.
    fn check_windows(&self, plan: &Plan) {
        let rate = |span: u64| i128::from(span) * i128::from(plan.tokens);
        let whole = |tokens: u32| i128::from(tokens) * i128::from(plan.period);
        for last in &self.grants {
            let until = |from: u64| {
                let within = self
                    .grants
                    .iter()
                    .filter(move |grant| (from..=last.act).contains(&grant.act));
                within.map(|grant| whole(grant.tokens)).sum::<i128>()
            };
            for first in &self.grants {
                let span = last.act.saturating_sub(first.act);
                assert!(
                    until(first.act) <= whole(plan.burst) + rate(span),
                    "{OVER}: {self:?}"
                );
            }
            // Dates from before the beginning there are with clocks by value, and then it began before.
            let dates = self.grants.iter().map(|grant| grant.act).chain(self.begun);
            let span = last.act - dates.min().unwrap_or(0).min(last.act);
            assert!(
                until(0) <= whole(plan.initial) + rate(span),
                "{NOT_INITIAL}: {self:?}"
            );
        }
    }
}

impl core::fmt::Debug for History {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(&self.grants).finish()
    }
}

/// Whether `spent` stands for this number.
fn same(number: i128, spent: u32) -> bool {
    (number as u32) << 1 | 1 == spent
}

/// The largest number up to this one for which `spent` may stand.
fn below(most: i128, spent: u32) -> i128 {
    most - i128::from((most as u32).wrapping_sub(spent >> 1) & (u32::MAX >> 1))
}

/// A model of `claim` that explores all there is with up to three preemptions.
pub fn bounded(claim: &'static str) -> Model {
    model(claim).bound(3, "without one, up to 490,000 executions with RMW loads")
}

/// Waits for threads that must not fail.
pub fn join<const N: usize>(threads: [loom::thread::JoinHandle<()>; N]) {
    for thread in threads {
        thread.join().expect("a thread fails by failing the model");
    }
}
