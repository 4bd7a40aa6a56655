//! A token bucket as the documentation tells it, in whole numbers without an end: time is a line, and credit
//! is counted in the fraction of a token that a microsecond brings, so that every rate is exact. No function
//! of the crate's is used.

use core::time::Duration;

use watertight::Quota;
use watertight::bucket::{Builder, InvalidQuota};

/// Drops of a burst, at most; and drops a microsecond.
const CAPACITY: i128 = 1 << 28;
const MOST_A_MICRO: i128 = 8;
/// Longest span of a rate, in nanoseconds.
const LONGEST_SPAN: i128 = (1 << 45) * 1_000;
/// Where the position of a bucket of an odd rate does not go on evenly: 413,000 years after the clock's zero.
const SEAM: i128 = 0xB504_F334 << 32;

/// What a quota is built from.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub tokens: u32,
    /// In nanoseconds.
    pub span: u64,
    /// Whether `tokens` is the most of any window, and not the rate.
    pub window: bool,
    pub burst: u32,
    pub initial: Option<u32>,
    /// In microseconds.
    pub longest_wait: Option<u64>,
}

impl Settings {
    pub const fn new(tokens: u32, span: Duration, burst: u32) -> Self {
        Self {
            tokens,
            span: span.as_nanos() as u64,
            window: false,
            burst,
            initial: None,
            longest_wait: None,
        }
    }

    pub fn builder(&self) -> Builder {
        let span = Duration::from_nanos(self.span);
        let mut builder = if self.window {
            Quota::at_most(self.tokens, span)
        } else {
            Quota::per(self.tokens, span)
        };
        builder = builder.burst(self.burst);
        if let Some(initial) = self.initial {
            builder = builder.initial(initial);
        }
        if let Some(wait) = self.longest_wait {
            builder = builder.longest_wait(Duration::from_micros(wait));
        }
        builder
    }

    /// Credit a microsecond and credit of a token, in lowest terms.
    pub fn rate(&self) -> (i128, i128) {
        let rest = i128::from(self.burst) - 1;
        let tokens = i128::from(self.tokens) - if self.window { rest } else { 0 };
        let (rate, token) = (tokens * 1_000, i128::from(self.span));
        let (mut a, mut b) = (rate, token);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        (rate / a, token / a)
    }

    /// Everything that is wrong with them, but for a rate that is not exact enough.
    pub fn faults(&self) -> Vec<InvalidQuota> {
        let mut faults = Vec::new();
        let mut wrong = |fault, is| {
            if is {
                faults.push(fault);
            }
        };
        let (burst, span) = (i128::from(self.burst), i128::from(self.span));
        let over = self.window && self.burst > self.tokens;
        wrong(InvalidQuota::BurstOverWindow, over);
        wrong(InvalidQuota::Span, span == 0 || span > LONGEST_SPAN);
        wrong(InvalidQuota::Burst, burst == 0 || burst > CAPACITY);
        wrong(
            InvalidQuota::Initial,
            self.initial.is_some_and(|initial| initial > self.burst),
        );
        if span > 0 && !over {
            let (rate, token) = self.rate();
            let wait = i128::from(self.longest_wait.unwrap_or(0));
            wrong(InvalidQuota::TooFast, rate > MOST_A_MICRO * token);
            wrong(InvalidQuota::LongestWait, rate * wait > CAPACITY * token);
        }
        faults
    }

    /// Whether they have a seam, and a clock comes to it on this way.
    pub fn meet_the_seam(&self, start: i128, span: i128) -> bool {
        self.exact_drops().is_none() && (SEAM - start).rem_euclid(1 << 64) <= span
    }

    /// Most drops that can make a token. For settings without a fault.
    pub fn most_drops(&self) -> i128 {
        let (rate, token) = self.rate();
        if rate == 0 {
            return 1;
        }
        let mut most = (CAPACITY / i128::from(self.burst)).min(MOST_A_MICRO * token / rate);
        if let Some(wait) = self.longest_wait.filter(|wait| *wait > 0) {
            most = most.min(CAPACITY * token / (rate * i128::from(wait)));
        }
        most
    }

    /// Drops of a token, where a microsecond brings a number of drops that ends within 33 binary places: the
    /// most, as long as a microsecond does not bring a whole number of them.
    pub fn exact_drops(&self) -> Option<i128> {
        let (_, token) = self.rate();
        let most = self.most_drops();
        let twos = token.trailing_zeros();
        let odd = token >> twos;
        (twos.saturating_sub(33)..=twos)
            .rev()
            .map(|b| odd << b)
            .find(|drops| *drops <= most)
    }
}

/// The bucket.
#[derive(Clone, Debug)]
pub struct Model {
    /// Credit of a microsecond, of a token, and of a drop.
    pub rate: i128,
    pub token: i128,
    drop: i128,
    /// Whether drops are known to be of this size; at most, otherwise.
    pub exact: bool,
    /// Tokens.
    pub burst: i128,
    pub initial: i128,
    longest_wait: i128,
    rounding: i128,
    /// Microseconds of the unit that dates are kept in.
    stretch: i128,
    /// Up to which credit all was handed out.
    spent: Option<i128>,
    /// No date is before this moment.
    start: i128,
    /// When it was begun, and what it may have lost beside the rounding.
    began: i128,
    slipped: i128,
}

impl Model {
    pub fn new(settings: &Settings) -> Self {
        let (rate, token) = settings.rate();
        let exact = settings.exact_drops();
        let drop = match exact {
            Some(drops) => token / drops,
            None => token / settings.most_drops() + 1,
        };
        let burst = i128::from(settings.burst);
        // By how much a microsecond passes what is waited for: less than its credit, and no part of it that
        // divides all others.
        let common = (rate & -rate).min(drop);
        let rounding = if exact.is_some() {
            -(common - rate).div_euclid(drop) * drop
        } else {
            (rate / drop + 1) * drop
        };
        let of_a_burst = match rate {
            0 => 0,
            _ => -(-burst * token - rounding - drop).div_euclid(rate),
        };
        // A quarter of the capacity.
        let fits = |k: &u32| rate << k < drop << 26;
        Self {
            rate,
            token,
            drop,
            exact: exact.is_some(),
            burst,
            initial: settings.initial.map_or(burst, i128::from),
            longest_wait: settings.longest_wait.map_or(of_a_burst, i128::from),
            rounding,
            stretch: 1 << (0..=33).rev().find(fits).expect("8 drops a microsecond at most"),
            spent: None,
            start: i128::MIN / 2,
            began: 0,
            slipped: 0,
        }
    }

    /// How far two moments of a run may be apart: half the circle of the units that dates are kept in. At
    /// least 2^52 us.
    pub fn far(&self) -> i128 {
        let stretch = if self.exact { self.stretch } else { 1 << 22 };
        (stretch << 30) - 2 * stretch
    }

    /// Credit at a moment, as far as it is whole drops.
    fn low(&self, at: i128) -> i128 {
        let credit = self.rate * at;
        if self.exact {
            credit.div_euclid(self.drop) * self.drop
        } else {
            credit
        }
    }

    /// The same, rounded up.
    fn high(&self, at: i128) -> i128 {
        if self.exact {
            -(-self.rate * at).div_euclid(self.drop) * self.drop
        } else {
            self.low(at)
        }
    }

    /// By how much the bucket may be behind: nothing, where the size of a drop is known.
    fn slack(&self, at: i128) -> i128 {
        if self.exact {
            return 0;
        }
        // Rounding at the beginning, and less than a token in 2^50 us.
        let lag = (((at - self.began).max(0) * self.token) >> 50) + 1;
        2 * self.drop + self.rate + self.slipped + lag
    }

    /// By how much it may be ahead: what a slower bucket has lost less, at a moment before the latest that it
    /// knows.
    fn ahead(&self, at: i128) -> i128 {
        if self.exact || at >= self.start {
            return 0;
        }
        (((self.start - at) * self.token) >> 50) + 1
    }

    /// By how much the longest wait may be longer than the time of a burst, if it is not said: a drop, and
    /// what is rounded off.
    fn late(&self) -> i128 {
        if self.exact || self.rate == 0 {
            return 0;
        }
        self.drop / self.rate
            + 2
            + self.longest_wait * self.drop / ((self.rate << 33) - self.drop).max(1)
            + self.drop / self.rate
    }

    /// The date of a call with this reading. `None`: one of several.
    pub fn date(&self, now: i128) -> Option<i128> {
        (self.exact || now >= self.start).then_some(now.max(self.start))
    }

    /// From where on credit counts for whoever takes at this date.
    fn base(&self, date: i128) -> i128 {
        match self.spent {
            // It is not full, and so begins with the drop that has begun.
            None if self.initial < self.burst => {
                let begun = if self.exact { 0 } else { self.drop };
                self.low(date) - begun - self.initial * self.token
            }
            None => self.high(date) - self.burst * self.token,
            Some(spent) => spent.max(self.high(date) - self.burst * self.token),
        }
    }

    /// Credit that is there for whoever takes at this date.
    fn there(&self, date: i128) -> i128 {
        match self.spent {
            None => self.initial * self.token,
            Some(spent) => (self.low(date) - spent).min(self.burst * self.token),
        }
    }

    /// Whether all is there that it holds.
    pub fn is_full(&self, date: i128) -> bool {
        self.there(date) >= self.burst * self.token
    }

    fn move_to(&mut self, date: i128) {
        let start = if self.exact {
            date.div_euclid(self.stretch) * self.stretch
        } else {
            date
        };
        self.start = self.start.max(start);
    }

    pub fn is_begun(&self) -> bool {
        self.spent.is_some()
    }

    /// What a refusal begins with: an unasked bucket starts to fill.
    fn begin(&mut self, date: i128) {
        if self.spent.is_none() {
            (self.began, self.slipped) = (date, 0);
            self.spent = Some(self.base(date));
            self.move_to(date);
        }
    }

    /// So many tokens were granted at this date, to be used from `act_at` on. Gives what was spent before and
    /// after.
    pub fn granted(&mut self, n: i128, wait: i128, now: i128, date: i128, act_at: i128) -> (i128, i128) {
        let at_once = n * self.token <= self.there(date) + self.ahead(date);
        if !at_once {
            self.begin(date);
        }
        let (base, slack) = (self.base(date), self.slack(act_at));
        let before = if self.is_full(date) {
            let begun = if self.exact { 0 } else { self.drop };
            self.low(date) - begun - self.burst * self.token
        } else {
            base
        };
        let needed = base + n * self.token;
        let mut spent = needed;
        if act_at == date {
            assert!(at_once, "granted {n} too early, at {date}: {self:?}");
        } else {
            assert!(
                self.low(act_at) + self.ahead(act_at) >= needed,
                "granted too early: {} of {needed} at {act_at}, {self:?}",
                self.low(act_at)
            );
            assert!(self.low(act_at - 1) < needed + slack, "granted for too late");
            assert!(self.low(date) < needed + slack, "had been there at once");
            let late = self.late();
            assert!(act_at - now <= wait.min(self.longest_wait + late));
            // Who acts at a whole microsecond may have let a part of one run over.
            let slip = (n * self.token + self.rounding - self.burst * self.token).max(0);
            if self.exact {
                spent += slip;
            } else {
                self.slipped += slip + self.rate + self.drop;
            }
        }
        if self.spent.is_none() {
            (self.began, self.slipped) = (date, 0);
        }
        self.spent = Some(spent);
        self.move_to(date);
        (before, spent)
    }

    /// No more than so many tokens were granted, at once, of more that were asked for.
    pub fn was_all(&self, n: i128, date: i128) {
        assert!(
            self.there(date) < (n + 1) * self.token + self.slack(date),
            "one more had been there"
        );
    }

    /// So many tokens, within this wait, were refused: until `after` this reading, or for ever.
    pub fn refused(&mut self, n: i128, wait: i128, now: i128, after: Option<i128>) {
        let date = now.max(self.start);
        if self.spent.is_none() {
            self.begin(date);
        }
        let slack = self.slack(date);
        // Who is refused has not met a full bucket.
        let needed = self.spent.unwrap_or(0) + n * self.token;
        let Some(after) = after else {
            assert_eq!(self.rate, 0, "refused for ever");
            assert!(self.low(date) < needed, "refused what was there");
            return;
        };
        assert!(after > 0, "the same call would be admitted");
        let reached = now + after + wait.min(self.longest_wait);
        assert!(
            self.low(reached + self.late()) + self.ahead(reached) >= needed,
            "admitted too early, {after} us later: {self:?}"
        );
        if reached > self.start + i128::from(!self.exact) {
            assert!(
                self.low(reached - 1) < needed + slack + self.slack(reached),
                "refused for too long, {after} us: {self:?}"
            );
        }
    }

    /// Whether a grant is given back that ended here, where that is known.
    pub fn is_on_top(&self, after: i128) -> Option<bool> {
        self.exact.then_some(self.spent == Some(after))
    }

    /// Whether a grant of this date is so old that it may be of no use to give it back: older than a burst
    /// and what comes in the longest wait take to drip in.
    pub fn is_old(&self, date: i128, now: i128) -> bool {
        let age = now.max(self.start) - date - self.longest_wait;
        self.rate > 0 && age * self.rate > self.burst * self.token
    }

    pub fn give_back(&mut self, before: i128) {
        self.spent = Some(before);
    }

    pub fn reset(&mut self, now: i128) {
        self.spent = None;
        let stretch = if self.exact { self.stretch } else { 1 };
        self.start = self.start.min(now.div_euclid(stretch) * stretch);
    }

    /// The least and the most that may be available.
    pub fn available(&self, now: i128) -> (i128, i128) {
        let date = now.max(self.start);
        let most = self.there(date).max(0);
        let unsure = if self.is_begun() { self.slack(date) } else { 0 };
        let least = (most - unsure).max(0);
        (least / self.token, most / self.token)
    }

    /// Whether it is as new, where that is known.
    pub fn is_pristine(&self, now: i128) -> Option<bool> {
        let Some(spent) = self.spent else {
            return Some(true);
        };
        let date = now.max(self.start);
        let there = self.low(date) - spent;
        let full = self.burst * self.token;
        if self.initial < self.burst || there < full {
            return Some(false);
        }
        (there >= full + self.slack(date)).then_some(true)
    }

    /// That no window has more than the burst and what comes in during it, of grants with these dates.
    pub fn check_windows(&self, grants: impl Iterator<Item = (i128, i128)>) {
        let mut grants: Vec<_> = grants.collect();
        grants.sort();
        // All up to b, less all before a, is at most burst + rate * (b - a): for the a that leaves the most.
        let (mut sum, mut least) = (0, i128::MAX);
        for (at, tokens) in grants {
            least = least.min(sum - self.rate * at);
            sum += tokens * self.token;
            let most = sum - self.rate * at - least;
            assert!(
                most <= self.burst * self.token,
                "a window that ends at {at} has {most} beside its rate, {self:?}"
            );
        }
    }
}
