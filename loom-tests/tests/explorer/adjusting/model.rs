//! Which terms held when, and what was granted under them, in numbers without a modulus.
//!
//! Moments are microseconds since the start of a plan; positions and all amounts of drops that have fractions are whole numbers of a
//! drop's parts, of which 2^`fraction` are a drop.

use std::hash::{Hash, Hasher};

use super::script::SlotWords;

pub type Wrong = String;

pub fn wrong<T>(sentence: impl Into<String>) -> Result<T, Wrong> {
    Err(sentence.into())
}

/// Most grants that count at a time, and most terms that hold one after the other.
const MOST: usize = 8;

/// What never changes.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub fraction: u32,
    /// A stretch is 2^this microseconds.
    pub stretch: u32,
    pub start: i128,
    /// Indices on the circle.
    pub circle: i64,
    /// Drops of a token, and at first.
    pub token: i64,
    pub initial: i64,
    pub debt: i64,
    /// rc.
    pub rounding: i64,
}

impl Scale {
    /// The stretch of a moment.
    pub fn stretch(&self, at: i64) -> i64 {
        ((self.start + i128::from(at)) >> self.stretch) as i64
    }

    /// When a stretch begins.
    pub fn begin(&self, stretch: i64) -> i64 {
        ((i128::from(stretch) << self.stretch) - self.start) as i64
    }

    /// The largest number up to `most` that has this index.
    pub fn largest(&self, index: i64, most: i64) -> i64 {
        most - (most - index).rem_euclid(self.circle)
    }

    pub fn drops(&self, drops: i64) -> i128 {
        i128::from(drops) << self.fraction
    }

    /// Whole drops.
    pub fn down(&self, position: i128) -> i64 {
        (position >> self.fraction) as i64
    }

    /// The same, rounded up.
    pub fn up(&self, position: i128) -> i64 {
        -((-position >> self.fraction) as i64)
    }
}

/// A rate and a burst, and from when on they hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Terms {
    pub since: i64,
    /// The position then, and all that the rates have brought until then.
    pub position: i128,
    brought: i128,
    /// In a microsecond.
    pub step: i128,
    /// In tokens.
    pub burst: u32,
}

impl Terms {
    pub fn position(&self, at: i64) -> i128 {
        self.position + i128::from(at - self.since) * self.step
    }
}

/// Tokens that may be used at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Grant {
    at: i64,
    tokens: u32,
    reserved: bool,
}

/// What the words stand for, the terms so far, and all that was granted and not given back since the bucket was made or reset.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Z: up to where all was handed out; `None`: nobody has asked.
    pub spent: Option<i64>,
    /// The stretch of the date that it was written with.
    pub written: i64,
    /// The stretch that `dated` names; `None`: none.
    pub dated: Option<i64>,
    pub resets: u8,
    /// Who is about to change the terms.
    pub claimant: Option<u8>,
    /// What the words of a slot must be for each of the terms.
    slots: [SlotWords; MOST],
    terms: [Terms; MOST],
    changes: u8,
    /// What had been brought when it began to fill, less what there was at first, if that is known.
    began: Option<i128>,
    /// In the order of time.
    grants: [Grant; MOST],
    count: u8,
}

impl Hash for Model {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.spent, self.written, self.dated, self.resets).hash(hasher);
        (self.claimant, self.began).hash(hasher);
        self.terms[..=usize::from(self.changes)].hash(hasher);
        self.grants().hash(hasher);
    }
}

impl Model {
    pub fn new(scale: &Scale, step: i128, burst: u32) -> Self {
        let mut terms = [Terms::default(); MOST];
        terms[0] = Terms {
            since: 0,
            position: scale.start * step,
            brought: 0,
            step,
            burst,
        };
        Self {
            spent: None,
            written: 0,
            dated: None,
            resets: 0,
            claimant: None,
            slots: [SlotWords::default(); MOST],
            terms,
            changes: 0,
            began: None,
            grants: [Grant::default(); MOST],
            count: 0,
        }
    }

    /// How often the terms have changed.
    pub fn changes(&self) -> u8 {
        self.changes
    }

    /// Those that hold.
    pub fn terms(&self) -> Terms {
        self.terms[usize::from(self.changes)]
    }

    fn grants(&self) -> &[Grant] {
        &self.grants[..usize::from(self.count)]
    }

    /// What the rates have brought up to a moment, from the plan's start on.
    fn brought(&self, at: i64) -> i128 {
        let terms = &self.terms[..=usize::from(self.changes)];
        let held = terms.iter().rposition(|terms| terms.since <= at).unwrap_or(0);
        terms[held].brought + i128::from(at - terms[held].since) * terms[held].step
    }

    /// The words of the slot that is live.
    pub fn live(&self) -> SlotWords {
        self.slots[usize::from(self.changes)]
    }

    /// Whether these words ever were those of a slot.
    pub fn were_live(&self, words: &SlotWords) -> bool {
        self.slots[..=usize::from(self.changes)].contains(words)
    }

    /// The date of the latest grant that is no reservation.
    pub fn latest(&self) -> Option<i64> {
        let grants = self.grants().iter().rev();
        grants
            .filter(|grant| !grant.reserved)
            .map(|grant| grant.at)
            .next()
    }

    /// Others hold from now on.
    pub fn change(&mut self, (since, position): (i64, i128), step: i128, burst: u32, words: SlotWords) {
        let brought = self.brought(since);
        self.changes += 1;
        self.slots[usize::from(self.changes)] = words;
        self.terms[usize::from(self.changes)] = Terms {
            since,
            position,
            brought,
            step,
            burst,
        };
        // A reservation from before comes in addition.
        self.remove(|grant| grant.reserved && grant.at > since);
    }

    fn remove(&mut self, whether: impl Fn(&Grant) -> bool) {
        let mut kept = [Grant::default(); MOST];
        let mut count = 0;
        for grant in self.grants().iter().filter(|grant| !whether(grant)) {
            kept[count] = *grant;
            count += 1;
        }
        (self.grants, self.count) = (kept, count as u8);
    }

    /// It begins to fill, with so many drops, and what had dripped in after the last whole one.
    pub fn begin(&mut self, scale: &Scale, date: i64, initial: i64) {
        let terms = self.terms();
        let part = terms.position(date) - scale.drops(scale.down(terms.position(date)));
        self.began = Some(self.brought(date) - part - scale.drops(initial));
    }

    /// A grant counts from the moment at which it may be used.
    pub fn grant(&mut self, at: i64, tokens: u32, reserved: bool) {
        let grant = Grant { at, tokens, reserved };
        let place = self.grants().partition_point(|other| other.at <= at);
        let count = usize::from(self.count);
        self.grants.copy_within(place..count, place + 1);
        self.grants[place] = grant;
        self.count += 1;
    }

    /// A grant was given back.
    pub fn give_back(&mut self, at: i64, tokens: u32) {
        let same = |grant: &Grant| grant.at == at && grant.tokens == tokens;
        if let Some(place) = self.grants().iter().position(same) {
            let count = usize::from(self.count);
            self.grants.copy_within(place + 1..count, place);
            self.count -= 1;
            self.grants[count - 1] = Grant::default();
        }
    }

    /// Reset: what was granted before counts no longer.
    pub fn restart(&mut self) {
        self.resets += 1;
        self.spent = None;
        self.forget();
    }

    /// No grant so far is in any window.
    pub fn forget(&mut self) {
        self.began = None;
        self.count = 0;
        self.grants = [Grant::default(); MOST];
    }

    /// The largest burst that was in force between two moments.
    fn burst(&self, from: i64, until: i64) -> u32 {
        let terms = &self.terms[..=usize::from(self.changes)];
        let ends = |number: usize| terms.get(number + 1).map_or(i64::MAX, |next| next.since);
        let in_force = terms
            .iter()
            .enumerate()
            .filter(|&(number, terms)| (number == 0 || terms.since <= until) && (ends(number) >= from));
        in_force.map(|(_, terms)| terms.burst).max().unwrap_or(0)
    }

    /// By how much most there is too much in a window: what was granted, less the largest burst that was in force in it, less what each rate
    /// brought for as long as it held; exactly. And since it began, less the initial tokens.
    pub fn excess(&self, scale: &Scale) -> (i128, String) {
        let mut most = (i128::MIN, String::new());
        let mut keep = |sum: u32, there: i128, from: i64, until: i64| {
            let excess = scale.drops(i64::from(sum) * scale.token) - there;
            if excess > most.0 {
                most = (
                    excess,
                    format!(
                        "{sum} tokens were granted from {from} us to {until} us, where there were {}/{} of one",
                        there >> (scale.fraction - 8),
                        scale.token << 8
                    ),
                );
            }
        };
        for (first, from) in self.grants().iter().enumerate() {
            let mut sum = 0;
            for until in &self.grants()[first..] {
                sum += until.tokens;
                let burst = i64::from(self.burst(from.at, until.at)) * scale.token;
                let brought = self.brought(until.at) - self.brought(from.at);
                keep(sum, scale.drops(burst) + brought, from.at, until.at);
            }
        }
        if let Some(began) = self.began {
            let mut sum = 0;
            for until in self.grants() {
                sum += until.tokens;
                let there = self.brought(until.at) - began;
                keep(sum, there, until.at, until.at);
            }
        }
        most
    }
}
