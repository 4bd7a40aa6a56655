//! Drops and time without a modulus: the circles of the words, unrolled.
//!
//! Moments are microseconds since the start of a plan, and may lie before it.

use watertight::bucket::terms::{Fixed, Wanted};
use watertight::bucket::word::{Terms, Widths};

use super::script::Plan;

/// The arithmetic of one plan, in whole numbers.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    start: i128,
    step: i128,
    /// Bits of a position that are a fraction of a drop.
    fraction: u32,
    /// A stretch is 2^this microseconds.
    stretch: u32,
    /// Indices on the circle.
    pub circle: i64,
    /// Drops of a token.
    pub token: i64,
    pub burst: i64,
    pub initial: i64,
    pub longest_wait: i64,
    /// Most that comes in the longest wait.
    pub waited: i64,
    /// Most that comes in a stretch.
    pub in_stretch: i64,
    /// rc.
    pub rounding: i64,
    pub debt: i64,
}

impl Line {
    pub fn of<W: Widths>(plan: &Plan, wanted: &Wanted) -> Self {
        let terms = Fixed::<W>::of(wanted).expect("the plan's terms are good");
        let fraction = 64 - W::INDEX;
        let token = terms.token().get() >> (32 - W::INDEX);
        let (tokens, period) = plan.rate;
        let exact = (tokens as i128 * token as i128) << fraction;
        assert_eq!(exact % period as i128, 0, "the plan's rate is kept exactly");
        let step = exact / period as i128;
        assert_eq!((step, 0), (terms.speed().step.into(), terms.speed().fine));
        let stretch = 64 - W::STRETCH - terms.stretches().trailing_zeros();
        // No position is between two multiples of what divides them all.
        let common = (step & -step).min(1 << fraction);
        let rounding = (step - common + (1 << fraction) - 1) >> fraction;
        let burst = i128::from(token) * i128::from(plan.burst);
        let of_burst = -(-((burst + rounding + 1) << fraction)).div_euclid(step.max(1)) as i64;
        let longest_wait = plan
            .longest_wait
            .unwrap_or(if tokens == 0 { 0 } else { of_burst });
        let whole = |micros: i128| ((micros * step) >> fraction) as i64;
        let rounding = rounding as i64;
        let waited = whole(longest_wait.into()) + 1;
        let in_stretch = whole(1 << stretch) + 1;
        let line = Self {
            start: plan.start.into(),
            step,
            fraction,
            stretch,
            circle: 1 << W::INDEX,
            token: token.into(),
            burst: i64::from(token) * i64::from(plan.burst),
            initial: i64::from(token) * i64::from(plan.initial),
            longest_wait,
            waited,
            in_stretch,
            rounding,
            debt: waited + in_stretch + rounding + 1,
        };
        assert_eq!(line.debt, i64::from(terms.debt() >> (32 - W::INDEX)));
        line
    }

    fn position(&self, at: i64) -> i128 {
        (self.start + i128::from(at)) * self.step
    }

    /// Whole drops up to this moment.
    pub fn lo(&self, at: i64) -> i64 {
        (self.position(at) >> self.fraction) as i64
    }

    /// The same, rounded up.
    pub fn hi(&self, at: i64) -> i64 {
        -((-self.position(at) >> self.fraction) as i64)
    }

    /// The stretch of a moment.
    pub fn stretch(&self, at: i64) -> i64 {
        ((self.start + i128::from(at)) >> self.stretch) as i64
    }

    /// When a stretch begins.
    pub fn begin(&self, stretch: i64) -> i64 {
        ((i128::from(stretch) << self.stretch) - self.start) as i64
    }

    /// When a drop came in, rounded down.
    pub fn came(&self, drop: i64) -> Option<i64> {
        let at = (i128::from(drop) << self.fraction).checked_div_euclid(self.step)?;
        Some((at - self.start) as i64)
    }

    /// The largest number up to `most` that has this index.
    pub fn largest(&self, index: i64, most: i64) -> i64 {
        most - (most - index).rem_euclid(self.circle)
    }

    /// What is spent besides, by who acts later.
    pub fn slip(&self, drops: i64) -> i64 {
        (drops + self.rounding - self.burst).max(0)
    }

    /// Microseconds in which so many drops come; `None` if none ever does.
    pub fn time_of(&self, drops: i64) -> Option<i64> {
        if self.step == 0 {
            return None;
        }
        Some(-(-(i128::from(drops) << self.fraction)).div_euclid(self.step) as i64)
    }

    /// After so many drops, with everybody stopped, the bucket is full again whatever has happened.
    pub fn recovery(&self) -> i64 {
        self.burst + self.waited + self.rounding + 2 + 3 * self.in_stretch
    }
}
