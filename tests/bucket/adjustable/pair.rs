//! An adjustable bucket and its model, step by step: every answer is known to the microsecond, so that each
//! refusal is checked from both sides.

use core::time::Duration;

use proptest::prelude::*;
use watertight::bucket::{AdjustError, AdjustableBucket, AdjustableQuota};
use watertight::{ManualClock, Receipt};

use super::model::{Answer, Model, Settings, Taken, Terms, said};
use crate::pair::{Ask, Number, Wait, call, instant};
use crate::properties::{ask, of_any_size};

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Asks the clock; or with a reading in hand that is so old.
    Ask(Ask, Option<u64>),
    /// The last refused call again, so many microseconds after it was told to come back.
    Again(i8),
    Refund(usize),
    /// Lets these hold, whatever they are.
    Set(Change),
    Advance(u64),
    /// So many 16ths of the time of a burst.
    AdvanceBursts(u8),
    GoBack(u64),
    Reset,
}

/// Other terms.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// So many `u32::MAX`ths of the most.
    Shares(u32, u32),
    Any(Terms),
}

impl Change {
    fn of(self, settings: &Settings) -> Terms {
        let most = settings.most;
        let share = |of: u32, share: u32| ((u64::from(of) * u64::from(share)).div_ceil(1 << 32)) as u32;
        match self {
            Self::Shares(rate, burst) => Terms {
                tokens: share(most.tokens, rate),
                span: most.span,
                burst: share(most.burst, burst).max(1),
            },
            Self::Any(terms) => terms,
        }
    }
}

struct Grant {
    at: i128,
    tokens: i128,
    number: usize,
    changes: usize,
}

struct Kept {
    receipt: Receipt,
    taken: Taken,
    number: usize,
}

pub struct Pair<'a> {
    settings: Settings,
    pub model: Model,
    pub bucket: AdjustableBucket<&'a ManualClock, &'a AdjustableQuota>,
    clock: &'a ManualClock,
    /// The earliest and the latest moment so far, and now.
    reached: (i128, i128),
    pub now: i128,
    kept: Vec<Kept>,
    /// Since the last reset, but for those given back.
    grants: Vec<Grant>,
    /// Whether the last change was made with a clock that was the latest.
    in_order: bool,
    refused: Option<(Ask, i128)>,
    pub met: Met,
}

/// What a run has met.
#[derive(Clone, Copy, Debug, Default)]
pub struct Met {
    pub operations: u64,
    pub granted: u64,
    pub later: u64,
    pub given_back: u64,
    pub changes: u64,
    pub windows: u64,
}

/// No reading in hand is older than this, and no run longer than that, both in microseconds.
const OLD: i128 = 1 << 44;
const LONG: i128 = 1 << 52;

impl<'a> Pair<'a> {
    pub fn new(settings: &Settings, quota: &'a AdjustableQuota, clock: &'a ManualClock, start: i128) -> Self {
        clock.set(instant(start)).expect("one thread sets it");
        Self {
            settings: *settings,
            model: Model::new(settings),
            bucket: AdjustableBucket::new(clock, quota),
            clock,
            reached: (start, start),
            now: start,
            kept: Vec::new(),
            grants: Vec::new(),
            in_order: true,
            refused: None,
            met: Met::default(),
        }
    }

    fn go_to(&mut self, now: i128) -> bool {
        let (first, last) = (self.reached.0.min(now), self.reached.1.max(now));
        let can = last - first < (self.model.far() - 2 * OLD).min(LONG);
        if can {
            self.reached = (first, last);
            self.now = now;
            self.clock.set(instant(now)).expect("one thread sets it");
        }
        can
    }

    fn number(&self, number: Number) -> u32 {
        let burst = self.model.burst;
        match number {
            Number::Few(n) | Number::Any(n) => n,
            Number::Share(share) => ((burst * i128::from(share)) >> 32) as u32,
            Number::Burst(more) => (burst + i128::from(more)).clamp(0, i128::from(u32::MAX)) as u32,
        }
    }

    pub fn step(&mut self, step: Step) {
        self.met.operations += 1;
        match step {
            Step::Ask(ask, age) => {
                self.ask(ask, self.now - i128::from(age.unwrap_or(0)));
            }
            Step::Again(off) => {
                if let Some((ask, at)) = self.refused {
                    let now = at + i128::from(off);
                    if now >= self.now && self.go_to(now) {
                        assert_eq!(self.ask(ask, now), off >= 0, "{off} us after retry_after");
                    }
                }
            }
            Step::Refund(which) => self.refund(which),
            Step::Set(change) => self.set(&change.of(&self.settings)),
            Step::Advance(by) => {
                self.go_to(self.now + i128::from(by));
            }
            Step::AdvanceBursts(sixteenths) => {
                self.go_to(self.now + self.model.of_a_burst(sixteenths));
            }
            Step::GoBack(by) => {
                self.refused = None;
                self.go_to(self.now - i128::from(by));
            }
            Step::Reset => {
                self.check();
                self.bucket.reset();
                self.model.reset(self.now);
                self.grants.clear();
                self.kept.clear();
                self.refused = None;
                // Else readings from before it may be dated before the change.
                self.in_order &= self.now == self.reached.1;
            }
        }
        let available = self.model.available(self.now);
        assert_eq!(i128::from(self.bucket.available()), available, "{:?}", self.model);
    }

    /// This moment on the line, which is near the present.
    fn place(&self, at: watertight::Instant) -> i128 {
        self.now + i128::from(at.as_micros().wrapping_sub(instant(self.now).as_micros()) as i64)
    }

    pub fn ask(&mut self, ask: Ask, now: i128) -> bool {
        let up_to = matches!(ask, Ask::UpTo(_));
        let (n, wait) = match ask {
            Ask::Many(n) | Ask::UpTo(n) => (self.number(n), 0),
            Ask::Reserve(n, Wait::Micros(wait)) => (self.number(n), wait),
            Ask::Reserve(n, Wait::Bursts(sixteenths)) => {
                (self.number(n), self.model.of_a_burst(sixteenths) as u64)
            }
        };
        let asked = |now| call(&self.bucket.at(instant(now)), ask, n, wait);
        let answer = if now == self.now {
            call(&self.bucket, ask, n, wait)
        } else {
            asked(now)
        };
        let is = match &answer {
            Ok(receipt) => Answer::Granted {
                tokens: receipt.tokens(),
                date: self.place(receipt.date()),
                act_at: self.place(receipt.act_at()),
            },
            Err(rejected) => Answer::Refused(rejected.reason(), said(rejected.retry_after())),
        };
        let before = self.model.clone();
        let (expected, taken) = self.model.ask(n, up_to, wait, now);
        assert_eq!(is, expected, "{n} within {wait} at {now}: {before:?}");
        match (answer, expected) {
            (Ok(receipt), Answer::Granted { date, act_at, tokens }) => {
                let Some(taken) = taken else { return true };
                self.met.granted += 1;
                self.met.later += u64::from(act_at > date);
                let number = self.met.granted as usize;
                self.grants.push(Grant {
                    at: act_at,
                    tokens: i128::from(tokens),
                    number,
                    changes: self.model.changes(),
                });
                if self.kept.len() > 5 {
                    self.kept.remove(0);
                }
                self.kept.push(Kept {
                    receipt,
                    taken,
                    number,
                });
                self.refused = None;
                true
            }
            (_, Answer::Refused(_, Some(after))) if !self.model.is_before_the_change(now) => {
                // A refusal changes nothing: the last microsecond before can be tried at once.
                if after > 0 && i128::from(after) < LONG {
                    asked(now + i128::from(after) - 1).expect_err("a microsecond too early");
                }
                self.refused = Some((ask, now + i128::from(after)));
                false
            }
            _ => false,
        }
    }

    fn refund(&mut self, which: usize) {
        if self.kept.is_empty() {
            return;
        }
        let Kept {
            receipt,
            taken,
            number,
        } = self.kept.remove(which % self.kept.len());
        let tokens = receipt.tokens();
        let back = self.bucket.refund(receipt);
        match self.model.refund(&taken, self.now) {
            Some(is) => assert_eq!(back, if is { tokens } else { 0 }, "{:?}", self.model),
            None => assert!(back == tokens || back == 0),
        }
        if back > 0 {
            self.met.given_back += 1;
            assert!(self.grants.iter().all(|grant| grant.number <= number));
            self.grants.retain(|grant| grant.number != number);
            self.model.give_back(&taken);
            self.refused = None;
        }
    }

    fn set(&mut self, terms: &Terms) {
        let is = self.bucket.set(terms.tokens, terms.duration(), terms.burst);
        let expected = self.model.set(terms, self.now);
        assert_eq!(is, expected.map_err(AdjustError::Invalid));
        if is.is_ok() {
            self.met.changes += 1;
            self.in_order &= self.now == self.reached.1;
            self.refused = None;
        }
    }

    /// That no window has more than the largest burst in it and what each rate brings for as long as it
    /// holds; but for reservations from before a change.
    pub fn check(&mut self) {
        if !self.in_order {
            return;
        }
        let mut grants: Vec<_> = self.grants.iter().collect();
        grants.retain(|grant| !self.model.changed_since(grant.changes, grant.at));
        grants.sort_by_key(|grant| grant.at);
        for (i, first) in grants.iter().enumerate() {
            let mut sum = 0;
            for last in &grants[i..] {
                sum += last.tokens;
                let most = self.model.most_in(first.at, last.at);
                // What was rounded up is less than that.
                let rounded = self.model.changes() as i128 + 1;
                assert!(
                    sum << 32 <= most + rounded,
                    "{sum} from {} to {}: {:?}",
                    first.at,
                    last.at,
                    self.model
                );
                self.met.windows += 1;
            }
        }
    }
}

/// Mostly what can be built.
pub fn any_settings() -> impl Strategy<Value = Settings> {
    let span = prop_oneof![
        3 => prop::sample::select(vec![1_u64, 60, 3_600, 86_400]).prop_map(|seconds| seconds * 1_000_000_000),
        1 => (0..40_u32).prop_map(|k| 1_000 << k),
        1 => of_any_size(50),
    ];
    let tokens = prop_oneof![1 => Just(0), 4 => 1..=1_000_u32, 4 => of_any_size(24).prop_map(|n| n as u32)];
    let burst =
        prop_oneof![3 => 1..=5_u32, 3 => 1..=1_000_u32, 2 => of_any_size(21).prop_map(|n| n as u32 + 1)];
    let initial = proptest::option::weighted(0.5, any::<u32>());
    let longest = proptest::option::weighted(0.3, prop_oneof![0..=5_000_000_u64, of_any_size(40)]);
    (tokens, span, burst, any::<[u32; 2]>(), initial, longest).prop_map(
        |(tokens, span, burst, shares, initial, longest_wait)| {
            // Not more than one a microsecond.
            let tokens = tokens.min((span / 1_000) as u32 | 1);
            let most = Terms { tokens, span, burst };
            let mut settings = Settings::new(most, most);
            settings.first = Change::Shares(shares[0], shares[1]).of(&settings);
            settings.initial = initial.map(|n| n % (settings.first.burst + 1));
            settings.longest_wait = longest_wait;
            settings
        },
    )
}

fn change() -> impl Strategy<Value = Change> {
    let share = || prop_oneof![2 => any::<u32>(), 1 => Just(u32::MAX), 1 => (0..32_u32).prop_map(|k| 1 << k), 1 => Just(0)];
    let any = (
        of_any_size(21),
        prop_oneof![Just(0), Just(1_000_000_000), of_any_size(50), of_any_size(58)],
        of_any_size(22),
    );
    prop_oneof![
        5 => (share(), share()).prop_map(|(rate, burst)| Change::Shares(rate, burst)),
        1 => any.prop_map(|(tokens, span, burst)| {
            Change::Any(Terms::new(tokens as u32, Duration::from_nanos(span), burst as u32))
        }),
    ]
}

fn age() -> impl Strategy<Value = Option<u64>> {
    let age = prop_oneof![2 => Just(0), 2 => 0..=3_u64, 2 => 0..=5_000_000_u64, 1 => of_any_size(44)];
    proptest::option::weighted(0.3, age)
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (ask(), age()).prop_map(|(ask, age)| Step::Ask(ask, age)),
        5 => prop_oneof![3 => Just(0), 1 => -2..=2_i8].prop_map(Step::Again),
        3 => any::<usize>().prop_map(Step::Refund),
        4 => change().prop_map(Step::Set),
        2 => prop_oneof![0..=3_u64, 0..=5_000_000_u64].prop_map(Step::Advance),
        3 => (0..=20_u8).prop_map(Step::AdvanceBursts),
        1 => (0..=46_u32, -1..=1_i64).prop_map(|(bit, off)| Step::Advance(((1_i64 << bit) + off) as u64)),
        1 => prop::bool::weighted(0.3).prop_map(|back| if back { Step::GoBack(1 << 20) } else { Step::Advance(1) }),
        1 => of_any_size(44).prop_map(|by| if by & 7 == 0 { Step::GoBack(by) } else { Step::Advance(by >> 20) }),
        1 => prop::bool::weighted(0.2).prop_map(|reset| if reset { Step::Reset } else { Step::Again(0) }),
    ]
}

impl std::ops::Add for Met {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            granted: self.granted + other.granted,
            later: self.later + other.later,
            given_back: self.given_back + other.given_back,
            changes: self.changes + other.changes,
            windows: self.windows + other.windows,
        }
    }
}
