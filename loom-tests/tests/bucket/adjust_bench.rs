//! What the models of a bucket run on whose terms change: its 14 words with a clock, and beside them a history that loom does
//! not see: every `spent` there ever was and every slot that it ever named, in numbers so wide that nothing comes round.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard};

use watertight::bucket::adjustable::quota::Varying;
use watertight::bucket::adjustable::slot::{Narrow, WORDS};
use watertight::bucket::protocol::Place;
use watertight::bucket::word::Terms;
use watertight::bucket::{AdjustableQuota, Receipt};
use watertight::models::{AtomicU32, Ordering};
use watertight::{Instant, Quota};

use crate::adjust_caller::{Asked, Caller};
use crate::adjust_faults::{Fault, Twin};
use crate::adjust_history::{Change, Epoch, Grant, History, PARTS, Version, below, is, step};
use crate::common::{Model, model};

/// What the bench says when something is wrong.
pub const OVER: &str = "too much: more in a window than the bursts and rates allow";
pub const NOT_INITIAL: &str = "too much: more than there was at first";
/// Any of these, where it depends on the loads which comes first.
pub const TOO_MUCH: &str = "too much";
pub const ASTRAY: &str = "too much or too little: the words are not what was handed out";
pub const NOT_ITS_OWN: &str = "too much: a refund of what another took";
pub const TORN: &str = "terms that nobody ever set";
pub const NO_CAUSE: &str = "a refusal without a cause";

/// Rates are tokens in so many microseconds.
pub const PERIOD: u64 = 4_000;
/// The largest rate: a token a millisecond, which is a drop a microsecond.
pub const FAST: u64 = 4;
pub const SLOW: u64 = 1;
/// In so many microseconds comes a token at the largest rate.
pub const TOKEN: u64 = PERIOD / FAST;
/// Most tokens at a time.
pub const MOST: u32 = 3;
/// A stretch, in microseconds: 262 ms.
pub const STRETCH: u64 = 1 << 18;

/// What a bucket keeps to at first.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub rate: u64,
    pub burst: u32,
    pub initial: u32,
}

/// The words of one bucket and all that happened to them in this execution.
pub struct Bench {
    pub quota: AdjustableQuota,
    words: [AtomicU32; 2 + 2 * WORDS],
    pub time: AtomicU32,
    pub start: u64,
    twin: Option<Twin>,
    plan: Plan,
    /// Drops of a token.
    token: i128,
    history: Mutex<History>,
}

/// What a thread has in its hand: the receipt, and which grant it is of.
#[derive(Debug)]
pub struct Held {
    pub receipt: Receipt,
    version: usize,
}

impl Held {
    pub fn version(&self) -> usize {
        self.version
    }
}

impl Bench {
    /// A bucket that nobody has asked, whose clock stands at `start`.
    pub fn new(plan: Plan, start: u64, twin: Option<Twin>) -> Arc<Self> {
        let period = Duration::from_micros(PERIOD);
        let quota = Quota::per(plan.rate as u32, period)
            .burst(plan.burst)
            .initial(plan.initial)
            .build_adjustable(FAST as u32, period, MOST);
        let terms = Varying::<Narrow>::new(&quota, None);
        assert_eq!(1 << (33 - terms.stretches().trailing_zeros()), STRETCH);
        let token = i128::from(terms.token().get() >> (32 - 24));
        let first = Epoch {
            since: 0,
            rate: plan.rate,
            burst: plan.burst,
            position: 0,
            step: step(token, plan.rate),
            words: [0; WORDS],
        };
        Arc::new(Self {
            quota,
            words: core::array::from_fn(|_| AtomicU32::new(0)),
            time: AtomicU32::new(0),
            start,
            twin,
            plan,
            token,
            history: Mutex::new(History {
                epochs: vec![first],
                versions: vec![Version {
                    bits: 0,
                    number: None,
                    epoch: 0,
                    top: 0,
                }],
                grants: Vec::new(),
                begun: None,
                swaps: 0,
                astray: None,
            }),
        })
    }

    pub fn word(&self, place: Place) -> &AtomicU32 {
        match place {
            Place::Spent => &self.words[0],
            Place::Dated => &self.words[1],
            Place::Slot { slot, word } => &self.words[2 + slot as usize * WORDS + word],
        }
    }

    /// A caller whose clock says the same for ever: time by value, so long after the start.
    pub fn at(self: &Arc<Self>, after: u64) -> Caller<Instant> {
        Caller::new(self.clone(), Instant::from_micros(self.start + after))
    }

    /// A caller that asks the clock which moves.
    pub fn asking(self: &Arc<Self>) -> Caller<Asked> {
        Caller::new(self.clone(), Asked(self.clone()))
    }

    /// Moves the clock.
    pub fn pass(&self, micros: u64) {
        // ORDERING: Relaxed; a clock orders nothing.
        self.time.fetch_add(micros as u32, Ordering::Relaxed);
    }

    /// How far the position moves in a microsecond, as a change is told.
    pub fn step(&self, rate: u64) -> u64 {
        step(self.token, rate) as u64
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect("a failed execution is the last")
    }

    fn drops(&self, tokens: u32) -> i128 {
        self.token * i128::from(tokens)
    }

    /// Up to where all was handed out, as far as it counts at `date`.
    fn base(&self, epoch: &Epoch, number: Option<i128>, date: u64) -> i128 {
        let initial = self.plan.initial.min(epoch.burst);
        let full = epoch.high(date) - self.drops(epoch.burst);
        match number {
            Some(number) => number.max(full),
            None if initial < epoch.burst => epoch.low(date) - self.drops(initial),
            None => full,
        }
    }

    /// What `spent` says after the last change of it.
    fn last(&self) -> (Version, Epoch) {
        let history = self.history();
        let last = *history.versions.last().expect("there is a first");
        (last, history.epochs[last.epoch])
    }

    /// `spent` was swapped for `new`, as at first at `date`.
    pub fn begun(&self, new: u32, date: u64) {
        let (last, epoch) = self.last();
        let number = self.base(&epoch, None, date);
        let mut history = self.history();
        if last.number.is_some() || !is(number, new) {
            history.astray(format!("begun at {date} with {new:#x}"));
        }
        history.begun = Some(date);
        history.becomes(Version {
            bits: new,
            number: Some(number),
            ..last
        });
    }

    /// `spent` was swapped for `new`, and the receipt was given for it. `date` is what the words and the clock come to.
    pub fn granted(&self, new: u32, receipt: Receipt, date: u64) -> Held {
        let (last, epoch) = self.last();
        let own = receipt.date().as_micros();
        let tokens = receipt.tokens();
        let mut number = self.base(&epoch, last.number, own) + self.drops(tokens);
        let is_full = match last.number {
            Some(number) => epoch.low(own) - number >= self.drops(epoch.burst),
            None => self.plan.initial >= epoch.burst,
        };
        // What there is of a drop in a full bucket is handed out with it.
        let most = if is_full { epoch.high(own) } else { epoch.low(own) };
        let mut history = self.history();
        history.begun.get_or_insert(own);
        let version = history.versions.len();
        history.grants.push(Grant {
            date: own,
            tokens,
            version,
            back: match is_full {
                true => epoch.low(own) - self.drops(epoch.burst),
                false => number - self.drops(tokens),
            },
            below: last.top,
        });
        history.check_windows(&self.plan);
        if !is(number, new) || number > most || own != date.max(epoch.since) {
            history.astray(format!(
                "{tokens} at {own}, not {date}, after {last:?} in {epoch:?}"
            ));
            number = below(epoch.low(own), new);
        }
        history.becomes(Version {
            bits: new,
            number: Some(number),
            top: version,
            ..last
        });
        Held { receipt, version }
    }

    /// `spent` was swapped for `new`, and with it the tokens of this grant came back.
    pub fn refunded(&self, new: u32, version: usize) {
        let (last, _) = self.last();
        let mut history = self.history();
        assert_eq!(last.top, version, "{NOT_ITS_OWN}");
        let place = history.grants.iter().position(|grant| grant.version == version);
        let grant = history
            .grants
            .remove(place.expect("it was granted since the bucket was as new"));
        if !is(grant.back, new) {
            history.astray(format!("a refund of {grant:?}"));
        }
        history.becomes(Version {
            bits: new,
            number: Some(grant.back),
            top: grant.below,
            ..last
        });
    }

    /// `spent` was unset.
    pub fn reset(&self, new: u32) {
        let (last, _) = self.last();
        let mut history = self.history();
        history.grants.clear();
        history.begun = None;
        let top = history.versions.len();
        history.becomes(Version {
            bits: new,
            number: None,
            top,
            ..last
        });
    }

    /// Somebody is about to change the terms.
    pub fn claimed(&self, new: u32) {
        let (last, _) = self.last();
        self.history().becomes(Version { bits: new, ..last });
    }

    /// He has: what is there stays, and the position goes on from where it was.
    pub fn switched(&self, new: u32, change: &Change) {
        let (last, epoch) = self.last();
        let date = change.now.max(change.stretch).max(epoch.since);
        let full = epoch.low(date) - self.drops(epoch.burst);
        let number = last.number.map(|number| self.base(&epoch, Some(number), date));
        let position = match last.number {
            Some(number) if number > full => epoch.position(date),
            _ => epoch.high(date) << PARTS,
        };
        let mut history = self.history();
        let step = step(self.token, change.rate);
        let phase = (position - i128::from(date) * step) as u64;
        let words = [
            step as u32,
            change.burst << 9 | (step >> 32) as u32,
            phase as u32,
            (phase >> 32) as u32,
            date as u32,
            (date >> 32) as u32,
        ];
        if words != change.words || number.is_some_and(|number| !is(number, new)) {
            history.astray(format!("{change:?} to {new:#x} after {last:?} in {epoch:?}"));
        }
        let number = number.map(|number| match is(number, new) {
            true => number,
            false => below(epoch.low(date), new),
        });
        history.epochs.push(Epoch {
            since: date,
            rate: change.rate,
            burst: change.burst,
            position,
            step,
            words: change.words,
        });
        let epoch = history.epochs.len() - 1;
        // What was granted before is dated before.
        history.check_windows(&self.plan);
        let top = history.versions.len();
        history.becomes(Version {
            bits: new,
            number,
            epoch,
            top,
        });
    }

    /// Whether these words are the slot that somebody set for a `spent` that was once this one.
    pub fn was_set(&self, seen: u32, words: &[u32; WORDS]) -> bool {
        let history = self.history();
        history
            .versions
            .iter()
            .any(|version| (version.bits ^ seen) & !2 == 0 && history.epochs[version.epoch].words == *words)
    }

    /// Whether they are the slot of now, or of so many values of `spent` ago.
    pub fn is_set(&self, words: &[u32; WORDS], ago: usize) -> bool {
        let history = self.history();
        let version = history.versions[history.versions.len() - 1 - ago];
        history.epochs[version.epoch].words == *words
    }

    /// What is wrong.
    pub fn fault(&self) -> Option<Fault> {
        self.twin.map(|twin| twin.fault)
    }

    /// Whether the terms that somebody goes by are compared with those that were set.
    pub fn is_strict(&self) -> bool {
        self.twin.is_none_or(|twin| twin.strict)
    }

    /// Whether the words said, when `spent` was `seen`, that so many tokens are there at `until` and no earlier; or, if that is
    /// `None`, never.
    pub fn is_caused(&self, seen: u32, tokens: u32, until: Option<u64>) -> bool {
        let history = self.history();
        let mut seen = history
            .versions
            .iter()
            .filter(|version| (version.bits ^ seen) & !2 == 0);
        seen.any(|version| {
            let epoch = history.epochs[version.epoch];
            let reaches = version
                .number
                .filter(|_| tokens <= epoch.burst && epoch.step > 0)
                .map(|number| epoch.reaches(number + self.drops(tokens)));
            reaches == until.map(i128::from)
        })
    }

    /// Somebody's compare-exchange succeeded.
    pub fn swapped(&self) {
        self.history().swaps += 1;
    }

    /// How often anybody's has.
    pub fn swaps(&self) -> usize {
        self.history().swaps
    }

    /// How often the terms were changed.
    pub fn changes(&self) -> usize {
        self.history().epochs.len() - 1
    }

    /// Whether somebody changes the terms, or never will.
    pub fn is_busy(&self) -> bool {
        self.last().0.bits & 2 != 0
    }

    /// When the last change was.
    pub fn since(&self) -> u64 {
        self.last().1.since
    }

    /// At the end: the words said all the time what was handed out.
    pub fn audit(&self) {
        let history = self.history();
        assert!(history.astray.is_none(), "{ASTRAY}: {:?}", history.astray);
    }
}

/// A model of `claim` that explores all there is with up to three preemptions.
pub fn bounded(claim: &'static str) -> Model {
    model(claim).bound(
        3,
        "without one, more than 100,000 executions: an RMW load of a slot is a write of it",
    )
}

/// Waits for threads that must not fail.
pub fn join<const N: usize>(threads: [loom::thread::JoinHandle<()>; N]) {
    for thread in threads {
        thread.join().expect("a thread fails by failing the model");
    }
}
