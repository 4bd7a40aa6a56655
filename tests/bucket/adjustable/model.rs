//! An adjustable bucket as the documentation tells it, in whole numbers without an end: time is a line, and
//! so is what drips in, in 2^-40 of a drop. Each rate holds from its own instant on. No function of the
//! crate's is used.

use core::time::Duration;

use watertight::bucket::{AdjustableQuota, InvalidQuota};
use watertight::{Quota, Reason, RetryAfter};

/// Drops of the largest burst, at most; at the largest rate at most one comes in a microsecond.
const CAPACITY: i128 = 1 << 21;
/// A drop.
const DROP: i128 = 1 << 40;
/// Longest span of a rate, in nanoseconds.
const LONGEST_SPAN: i128 = (1 << 45) * 1_000;

/// So many tokens in so many nanoseconds, and a burst.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub tokens: u32,
    pub span: u64,
    pub burst: u32,
}

impl Terms {
    pub const fn new(tokens: u32, span: Duration, burst: u32) -> Self {
        Self {
            tokens,
            span: span.as_nanos() as u64,
            burst,
        }
    }

    pub const fn duration(&self) -> Duration {
        Duration::from_nanos(self.span)
    }

    /// Tokens in a microsecond, as a fraction.
    fn rate(&self) -> (i128, i128) {
        (i128::from(self.tokens) * 1_000, i128::from(self.span))
    }

    fn is_above(&self, other: &Self) -> bool {
        self.rate().0 * other.rate().1 > other.rate().0 * self.rate().1
    }
}

/// What a quota is built from.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub first: Terms,
    pub most: Terms,
    pub initial: Option<u32>,
    /// In microseconds.
    pub longest_wait: Option<u64>,
}

impl Settings {
    pub const fn new(first: Terms, most: Terms) -> Self {
        Self {
            first,
            most,
            initial: None,
            longest_wait: None,
        }
    }

    pub fn build(&self) -> Result<AdjustableQuota, InvalidQuota> {
        let mut builder = Quota::per(self.first.tokens, self.first.duration()).burst(self.first.burst);
        if let Some(initial) = self.initial {
            builder = builder.initial(initial);
        }
        if let Some(wait) = self.longest_wait {
            builder = builder.longest_wait(Duration::from_micros(wait));
        }
        builder.try_build_adjustable(self.most.tokens, self.most.duration(), self.most.burst)
    }

    /// Drops of a token: as many as make a microsecond of the largest rate end within 40 binary places, as
    /// fine as can be; as many as may be, if there is no such number.
    fn drops(&self) -> i128 {
        let (rate, token) = self.most.rate();
        if rate == 0 {
            return 1;
        }
        let (mut a, mut b) = (rate, token);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let (rate, token) = (rate / a, token / a);
        let mut most = (CAPACITY / i128::from(self.most.burst)).min(token / rate);
        if let Some(wait) = self.longest_wait.filter(|wait| *wait > 0) {
            most = most.min(CAPACITY * token / (rate * i128::from(wait)));
        }
        let twos = token.trailing_zeros();
        let odd = token >> twos;
        (twos.saturating_sub(40)..=twos)
            .rev()
            .map(|b| odd << b)
            .find(|drops| *drops <= most)
            .unwrap_or(most)
    }
}

/// What the bucket is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Granted {
        tokens: u32,
        date: i128,
        act_at: i128,
    },
    /// Until so many microseconds are over, or for ever.
    Refused(Reason, Option<u64>),
}

/// What a receipt is to give back for.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    date: i128,
    generation: u32,
    before: i128,
    after: i128,
}

/// The bucket.
#[derive(Clone, Debug)]
pub struct Model {
    settings: Settings,
    drops: i128,
    most_step: i128,
    /// Microseconds of the unit that dates are kept in.
    stretch: i128,
    rounding: i128,
    longest: i128,
    /// What holds now, from `since` on.
    step: i128,
    pub burst: i128,
    phase: i128,
    since: Option<i128>,
    generation: u32,
    /// Up to which drop all was handed out, and the unit of time in which that was written.
    spent: Option<i128>,
    dated: Option<i128>,
    /// Since when which terms hold.
    history: Vec<(i128, Terms)>,
}

impl Model {
    pub fn new(settings: &Settings) -> Self {
        let drops = settings.drops();
        let of = |terms: &Terms| terms.rate().0 * drops * DROP / terms.rate().1;
        let most_step = of(&settings.most);
        // A quarter of the capacity.
        let fits = |k: &u32| most_step << k < (CAPACITY / 4) * DROP;
        let rounding = i128::from(most_step > 0);
        let of_a_burst = match most_step {
            0 => 0,
            step => -(-(i128::from(settings.most.burst) * drops + rounding + 1) * DROP).div_euclid(step),
        };
        Self {
            settings: *settings,
            drops,
            most_step,
            stretch: 1 << (0..=33).rev().find(fits).expect("a drop a microsecond at most"),
            rounding,
            longest: settings.longest_wait.map_or(of_a_burst, i128::from),
            step: of(&settings.first),
            burst: i128::from(settings.first.burst),
            phase: 0,
            since: None,
            generation: 0,
            spent: None,
            dated: None,
            history: vec![(i128::MIN, settings.first)],
        }
    }

    /// How far two moments of a run may be apart.
    pub fn far(&self) -> i128 {
        (self.stretch << 30) - 2 * self.stretch
    }

    /// Microseconds of the largest burst, at the rate of now.
    pub fn of_a_burst(&self, sixteenths: u8) -> i128 {
        let drops = i128::from(self.settings.most.burst) * self.drops * i128::from(sixteenths);
        match self.step {
            0 => i128::from(sixteenths) << 20,
            step => (drops * DROP / (16 * step)).min(self.far()),
        }
    }

    fn position(&self, at: i128) -> i128 {
        at * self.step + self.phase
    }

    fn low(&self, at: i128) -> i128 {
        self.position(at).div_euclid(DROP)
    }

    fn high(&self, at: i128) -> i128 {
        -(-self.position(at)).div_euclid(DROP)
    }

    fn full(&self) -> i128 {
        self.burst * self.drops
    }

    fn initial(&self) -> i128 {
        let initial = self.settings.initial.unwrap_or(self.settings.first.burst);
        (i128::from(initial) * self.drops).min(self.full())
    }

    /// The date of a call with this reading, and the unit of time that it is in.
    fn date(&self, now: i128) -> (i128, i128) {
        let (mut date, mut dated) = (now, now.div_euclid(self.stretch));
        if let Some(seen) = self.dated.filter(|seen| *seen > dated) {
            (date, dated) = (seen * self.stretch, seen);
        }
        // Nobody is dated to before a change; but for a reset by a clock that is far behind.
        if let Some(since) = self.since.filter(|since| since.div_euclid(self.stretch) <= dated) {
            date = date.max(since);
        }
        (date, dated)
    }

    /// Whether a reset by a clock that is behind has gone back to before the last change: when the clock
    /// comes there, a date may be moved up by less than a unit, which is said.
    pub fn is_before_the_change(&self, now: i128) -> bool {
        self.since.is_some_and(|since| since > self.date(now).0)
    }

    /// Drops that are there.
    fn there(&self, date: i128) -> i128 {
        match self.spent {
            None => self.initial(),
            Some(spent) => (self.low(date) - spent).min(self.full()),
        }
    }

    fn is_full(&self, date: i128) -> bool {
        self.there(date) >= self.full()
    }

    fn base(&self, date: i128) -> i128 {
        match self.spent {
            _ if self.is_full(date) => self.high(date) - self.full(),
            None => self.low(date) - self.initial(),
            Some(spent) => spent,
        }
    }

    pub fn available(&self, now: i128) -> i128 {
        self.there(self.date(now).0).max(0) / self.drops
    }

    /// What drips in while somebody waits is at most what the largest rate brings in the longest wait, unless
    /// that was said.
    fn longest_wait(&self) -> i128 {
        match (self.settings.longest_wait, self.step) {
            (None, step) if step > 0 => self.longest * self.most_step / step,
            _ => self.longest,
        }
    }

    /// So many tokens, all or up to so many, within a wait.
    pub fn ask(&mut self, n: u32, up_to: bool, wait: u64, now: i128) -> (Answer, Option<Taken>) {
        if n == 0 {
            let granted = Answer::Granted {
                tokens: 0,
                date: now,
                act_at: now,
            };
            return (granted, None);
        }
        if !up_to && i128::from(n) > self.burst {
            return (Answer::Refused(Reason::MoreThanBurst, None), None);
        }
        let (date, dated) = self.date(now);
        let there = self.there(date);
        let n = if up_to {
            i128::from(n).min(there / self.drops).max(1)
        } else {
            i128::from(n)
        };
        let before = if self.is_full(date) {
            self.low(date) - self.full()
        } else {
            self.base(date)
        };
        let needed = self.base(date) + n * self.drops;
        let (mut after, mut act_at) = (needed, date);
        if n * self.drops > there {
            if self.spent.is_none() {
                (self.spent, self.dated) = (Some(self.base(date)), Some(dated));
            }
            let left = needed * DROP - self.position(date);
            let takes = |left: i128| (self.step > 0).then(|| -(-left).div_euclid(self.step));
            let wait = i128::from(wait).min(self.longest_wait());
            let rest = left - self.step * (wait - (date - now)).max(0);
            if rest > 0 || wait <= date - now {
                let after = takes(rest).map(|rest| (rest + (date - now - wait).max(0)) as u64);
                return (Answer::Refused(Reason::RateLimited, after), None);
            }
            act_at += takes(left).expect("it comes within the wait");
            // Who acts at a whole microsecond may have let a part of one run over.
            after += (n * self.drops + self.rounding - self.full()).max(0);
        }
        (self.spent, self.dated) = (Some(after), Some(dated));
        let granted = Answer::Granted {
            tokens: n as u32,
            date,
            act_at,
        };
        let taken = Taken {
            date,
            generation: self.generation,
            before,
            after,
        };
        (granted, Some(taken))
    }

    /// Whether it is given back; `None` where it may or may not be: of a bucket that is full without, or
    /// after so long as burst and wait take at the largest rate.
    pub fn refund(&self, taken: &Taken, now: i128) -> Option<bool> {
        if self.generation != taken.generation || self.spent != Some(taken.after) {
            return Some(false);
        }
        let (date, _) = self.date(now);
        let age = date - taken.date - self.longest;
        let is_old = self.most_step > 0
            && age * self.most_step > i128::from(self.settings.most.burst) * self.drops * DROP;
        (!is_old && !self.is_full(date)).then_some(true)
    }

    pub fn give_back(&mut self, taken: &Taken) {
        self.spent = Some(taken.before);
    }

    pub fn reset(&mut self, now: i128) {
        self.spent = None;
        let present = now.div_euclid(self.stretch);
        self.dated = self.dated.map(|dated| dated.min(present));
    }

    /// How far the position moves in a microsecond, or what is wrong with these terms.
    fn step_of(&self, terms: &Terms) -> Result<i128, InvalidQuota> {
        if terms.span == 0 || i128::from(terms.span) > LONGEST_SPAN {
            return Err(InvalidQuota::Span);
        }
        if terms.burst == 0 || terms.burst > self.settings.most.burst {
            return Err(InvalidQuota::BurstOverMost);
        }
        if terms.is_above(&self.settings.most) {
            return Err(InvalidQuota::RateOverMost);
        }
        let (rate, token) = terms.rate();
        let (step, rest) = (rate * self.drops * DROP / token, rate * self.drops * DROP % token);
        // Kept to a part in 2^21, or to less than a drop in the time that the clock has.
        if step < CAPACITY && rest << 32 >= token {
            return Err(InvalidQuota::TooSlowToAdjust);
        }
        Ok(step)
    }

    /// From this reading on, these hold.
    pub fn set(&mut self, terms: &Terms, now: i128) -> Result<(), InvalidQuota> {
        let step = self.step_of(terms)?;
        let (date, dated) = self.date(now);
        // A full bucket has no part of a drop; a drop that has begun goes on, otherwise.
        let position = if self.spent.is_none() || self.is_full(date) {
            self.high(date) * DROP
        } else {
            self.position(date)
        };
        self.spent = self.spent.map(|_| self.base(date));
        self.dated = Some(dated);
        (self.step, self.phase) = (step, position - date * step);
        self.burst = i128::from(terms.burst);
        self.since = Some(date);
        self.generation = (self.generation + 1) % 64;
        self.history.push((date, *terms));
        Ok(())
    }

    /// What a window may have, in 2^-32 of a token: the largest burst that was in force in it, and each rate
    /// for as long as it held. Rounded up at each change.
    pub fn most_in(&self, from: i128, to: i128) -> i128 {
        let mut burst = 0;
        let mut sum = 0;
        for (i, (since, terms)) in self.history.iter().enumerate() {
            let until = self.history.get(i + 1).map_or(i128::MAX, |next| next.0);
            if *since <= to && until >= from {
                burst = burst.max(i128::from(terms.burst));
                let (rate, token) = terms.rate();
                let held = until.min(to) - from.max(*since);
                sum -= (-(held * rate) << 32).div_euclid(token);
            }
        }
        (burst << 32) + sum
    }

    /// How many changes there have been.
    pub fn changes(&self) -> usize {
        self.history.len() - 1
    }

    /// Whether there was another one before that moment.
    pub fn changed_since(&self, changes: usize, before: i128) -> bool {
        self.history
            .iter()
            .skip(changes + 1)
            .any(|(since, _)| *since < before)
    }
}

/// As the crate says it.
pub fn said(retry_after: RetryAfter) -> Option<u64> {
    match retry_after {
        RetryAfter::In(after) => Some(after.as_micros()),
        RetryAfter::Never => None,
        RetryAfter::OnRelease(_) => panic!("nobody is under way"),
    }
}
