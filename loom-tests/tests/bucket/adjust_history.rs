//! What happened to a bucket whose terms change, in numbers so wide that nothing comes round.

use watertight::bucket::adjustable::slot::WORDS;

use crate::adjust_bench::{MOST, NOT_INITIAL, OVER, PERIOD, Plan};

/// What loom does not see.
pub struct History {
    pub epochs: Vec<Epoch>,
    pub versions: Vec<Version>,
    /// Since the bucket was last as new.
    pub grants: Vec<Grant>,
    /// The date from which on it fills.
    pub begun: Option<u64>,
    pub swaps: usize,
    /// What was first seen to be wrong in the words. It is told at the end: by then, a window has more than it may.
    pub astray: Option<String>,
}

/// From one change to the next.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    pub since: u64,
    pub rate: u64,
    pub burst: u32,
    /// The position at that moment, and by how much it moves in a microsecond, in parts of a drop.
    pub position: i128,
    pub step: i128,
    /// The words of its slot.
    pub words: [u32; WORDS],
}

/// Of a drop, in a position.
pub const PARTS: u32 = 40;

impl Epoch {
    pub fn position(&self, at: u64) -> i128 {
        self.position + (i128::from(at) - i128::from(self.since)) * self.step
    }

    pub fn low(&self, at: u64) -> i128 {
        self.position(at) >> PARTS
    }

    pub fn high(&self, at: u64) -> i128 {
        (self.position(at) + (1 << PARTS) - 1) >> PARTS
    }

    /// The first microsecond at which so many drops have come.
    pub fn reaches(&self, drops: i128) -> i128 {
        let ahead = (drops << PARTS) - self.position;
        i128::from(self.since) + (ahead + self.step - 1).div_euclid(self.step)
    }
}

/// A value of `spent`.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    pub bits: u32,
    /// The number that it stands for, in drops; `None`: nobody has asked.
    pub number: Option<i128>,
    pub epoch: usize,
    /// Which grant is on top.
    pub top: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct Grant {
    pub date: u64,
    pub tokens: u32,
    /// Its number: of which version it made `spent`.
    pub version: usize,
    /// Up to where all was handed out before, and which grant was on top.
    pub back: i128,
    pub below: usize,
}

/// What a writer has put together.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub rate: u64,
    pub burst: u32,
    /// The reading of the clock, and the beginning of the stretch that `dated` names.
    pub now: u64,
    pub stretch: u64,
    pub words: [u32; WORDS],
}

impl History {
    pub fn becomes(&mut self, version: Version) {
        self.versions.push(version);
    }

    pub fn astray(&mut self, what: String) {
        self.astray.get_or_insert(what);
    }

    /// What may be granted from `first` to `last`, in tokens times [`PERIOD`]: the largest burst that was in force, or `at_most`, and
    /// each rate for as long as it held.
    pub fn allowed(&self, first: u64, last: u64, at_most: u32) -> i128 {
        let (mut burst, mut dripped) = (0, 0);
        for (number, epoch) in self.epochs.iter().enumerate() {
            let next = self.epochs.get(number + 1).map_or(u64::MAX, |next| next.since);
            let (from, to) = (epoch.since.max(first), next.min(last));
            if from <= to {
                burst = epoch.burst.max(burst);
                dripped += i128::from(to - from) * i128::from(epoch.rate);
            }
        }
        i128::from(burst.min(at_most)) * i128::from(PERIOD) + dripped
    }

    /// No window has more than that; nor has the time since the bucket began more than what it had at first and what came.
    pub fn check_windows(&self, plan: &Plan) {
        for last in self.grants.iter().map(|grant| grant.date) {
            let granted = |from: u64| {
                let within = self
                    .grants
                    .iter()
                    .filter(|grant| (from..=last).contains(&grant.date));
                within
                    .map(|grant| i128::from(grant.tokens) * i128::from(PERIOD))
                    .sum::<i128>()
            };
            for first in self.grants.iter().map(|grant| grant.date) {
                if first <= last {
                    let allowed = self.allowed(first, last, MOST);
                    assert!(granted(first) <= allowed, "{OVER}: {:?}", self.grants);
                }
            }
            let dates = self.grants.iter().map(|grant| grant.date).chain(self.begun);
            let allowed = self.allowed(dates.min().unwrap_or(last), last, plan.initial);
            assert!(granted(0) <= allowed, "{NOT_INITIAL}: {:?}", self.grants);
        }
    }
}

/// By how much the position moves in a microsecond.
pub fn step(token: i128, rate: u64) -> i128 {
    ((token * i128::from(rate)) << PARTS) / i128::from(PERIOD)
}

/// Whether `spent` stands for this number.
pub fn is(number: i128, spent: u32) -> bool {
    number as u32 & 0xff_ffff == spent >> 8 && spent & 1 == 1
}

/// The largest number up to this one for which `spent` may stand.
pub fn below(most: i128, spent: u32) -> i128 {
    most - i128::from((most as u32).wrapping_sub(spent >> 8) & 0xff_ffff)
}
