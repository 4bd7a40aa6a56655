//! What was handed out, and when, in numbers without a modulus.

use std::hash::{Hash, Hasher};

pub type Wrong = String;

pub fn wrong<T>(sentence: impl Into<String>) -> Result<T, Wrong> {
    Err(sentence.into())
}

/// Most grants that count at a time.
const MOST_GRANTS: usize = 12;

/// What the words stand for, and all that was granted and not given back since the bucket was made or reset.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Z: up to where all was handed out; `None`: nobody has asked.
    pub spent: Option<i64>,
    /// The stretch of the date that it was written with.
    pub written: i64,
    /// The stretch that `dated` names; `None`: none.
    pub dated: Option<i64>,
    /// How many resets, whole or half, there were.
    pub era: u8,
    /// A reset has set `dated` back, and `spent` may be anywhere.
    pub loose: bool,
    /// The date from which on it has filled, if that is known.
    began: Option<i64>,
    /// When, and how many tokens, in the order of time.
    grants: [(i64, u32); MOST_GRANTS],
    count: u8,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            spent: None,
            written: 0,
            dated: None,
            era: 0,
            loose: false,
            began: None,
            grants: [(0, 0); MOST_GRANTS],
            count: 0,
        }
    }
}

impl Hash for Model {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (
            self.spent,
            self.written,
            self.dated,
            self.era,
            self.loose,
            self.began,
        )
            .hash(hasher);
        self.grants().hash(hasher);
    }
}

impl Model {
    pub fn grants(&self) -> &[(i64, u32)] {
        &self.grants[..usize::from(self.count)]
    }

    /// It begins to fill.
    pub fn begin(&mut self, date: i64) {
        self.began = Some(date);
    }

    /// A grant counts from the moment at which it may be used.
    pub fn grant(&mut self, at: i64, tokens: u32) {
        let place = self.grants().partition_point(|(other, _)| *other < at);
        if self.grants().get(place).is_some_and(|(other, _)| *other == at) {
            self.grants[place].1 += tokens;
            return;
        }
        let count = usize::from(self.count);
        self.grants.copy_within(place..count, place + 1);
        self.grants[place] = (at, tokens);
        self.count += 1;
    }

    /// A grant was given back.
    pub fn give_back(&mut self, at: i64, tokens: u32) {
        let Some(place) = self.grants().iter().position(|(other, _)| *other == at) else {
            return;
        };
        self.grants[place].1 = self.grants[place].1.saturating_sub(tokens);
        if self.grants[place].1 == 0 {
            let count = usize::from(self.count);
            self.grants.copy_within(place + 1..count, place);
            self.count -= 1;
            self.grants[count - 1] = (0, 0);
        }
    }

    /// What was granted before counts no longer.
    pub fn restart(&mut self) {
        self.era += 1;
        self.began = None;
        self.count = 0;
        self.grants = [(0, 0); MOST_GRANTS];
    }

    /// No window holds more than the burst and what its length brings: `burst + tokens * length / period`, exactly. And since it
    /// began, there was no more than the initial tokens and what has come since.
    pub fn is_within(&self, (burst, initial): (u32, u32), (tokens, period): (u64, u64)) -> Result<(), Wrong> {
        let grants = self.grants();
        let within = |sum: i128, most: u32, from: i64, until: i64| {
            let brought = i128::from(until - from) * i128::from(tokens);
            match (sum - i128::from(most)) * i128::from(period) > brought {
                false => Ok(()),
                true => wrong(format!(
                    "{sum} tokens were granted from {from} us to {until} us, where there were {most} and {tokens} in {period} us"
                )),
            }
        };
        for (first, (from, _)) in grants.iter().enumerate() {
            let mut sum = 0;
            for (until, granted) in &grants[first..] {
                sum += i128::from(*granted);
                within(sum, burst, *from, *until)?;
            }
        }
        let mut sum = 0;
        for (until, granted) in grants.iter().filter(|_| self.began.is_some()) {
            sum += i128::from(*granted);
            within(sum, initial, self.began.unwrap_or_default(), *until)?;
        }
        Ok(())
    }
}
