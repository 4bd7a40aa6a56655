//! What a bucket goes by for good, worked out from a rate, a burst and a longest wait.

use core::marker::PhantomData;
use core::num::{NonZeroU32, NonZeroU64};

use super::InvalidQuota;
use super::rate::{Rate, Speed, capacity, fraction_bits};
use super::word::{Terms, Widths};
use crate::passage::Passage;
use crate::time::Instant;

/// Plain data; drops, indices and stretches as they stand in the words. What each is for is told in `word`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed<W> {
    speed: Speed,
    longest_wait: u64,
    /// Microseconds after the seam in which nothing drips in.
    seam: u64,
    stretches: u32,
    most: u32,
    token: NonZeroU32,
    burst: u32,
    initial: u32,
    debt: u32,
    stale: u32,
    /// rc of `word`.
    rounding: u32,
    recognised_for: u32,
    widths: PhantomData<W>,
}

/// Where the position does not go on evenly if a microsecond's step has a fine part, which does not divide the
/// clock's circle as the whole part does. It has to be somewhere, at the beginning of a stretch of any length; here,
/// 413,000 years after a clock's zero, no clock begins. The time in which a bucket fills stands still behind it, so
/// that nobody gets too much.
const SEAM: u64 = 0xB504_F334 << 32;

impl<W: Widths> Fixed<W> {
    /// A stretch is 2 to the power of this, in microseconds.
    pub const fn stretch_log(&self) -> u32 {
        64 - W::STRETCH - self.stretches.trailing_zeros()
    }

    /// How far the position moves in a microsecond.
    pub const fn speed(&self) -> Speed {
        self.speed
    }

    /// Most tokens there can be.
    pub const fn most_tokens(&self) -> u32 {
        self.most
    }

    /// Drops of a token, as a plain number.
    pub const fn token_drops(&self) -> u64 {
        (self.token.get() >> Self::ONE) as u64
    }
}

/// What a bucket is asked to keep to, in tokens and microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub rate: Rate,
    pub burst: u32,
    pub initial: u32,
    /// That of a whole burst, if it is not said.
    pub longest_wait: Option<u64>,
    /// Whether this is the most of a rate that changes: at most one drop a microsecond then, and otherwise 8.
    pub varies: bool,
}

impl<W: Widths> Fixed<W> {
    /// Where one drop stands in the word.
    const ONE: u32 = 32 - W::INDEX;
    const CAPACITY: u64 = capacity(W::INDEX);
    const FRACTION: u32 = fraction_bits(W::INDEX);

    /// Terms that keep to what is wanted, or why there are none.
    pub const fn of(wanted: &Wanted) -> Result<Self, InvalidQuota> {
        let Wanted {
            rate,
            burst,
            initial,
            longest_wait,
            varies,
        } = *wanted;
        let most_a_micro = if varies { 1 } else { 8 };
        let Some(tokens) = NonZeroU64::new(burst as u64) else {
            return Err(InvalidQuota::Burst);
        };
        if tokens.get() > Self::CAPACITY {
            return Err(InvalidQuota::Burst);
        }
        if initial > burst {
            return Err(InvalidQuota::Initial);
        }
        if rate.most_drops(tokens, None, most_a_micro, Self::CAPACITY) == 0 {
            return Err(InvalidQuota::TooFast);
        }
        let most = rate.most_drops(tokens, longest_wait, most_a_micro, Self::CAPACITY);
        if most == 0 {
            return Err(InvalidQuota::LongestWait);
        }
        let drops = rate.drops(most, W::INDEX);
        let mut speed = rate.speed(drops, Self::FRACTION);
        if varies {
            // What is set later has no room for it.
            speed.fine = 0;
        }
        match Self::with(drops, speed, wanted) {
            Some(terms) => Ok(terms),
            None => Err(InvalidQuota::TooSlow),
        }
    }

    /// With so many drops to a token.
    const fn with(token: u64, speed: Speed, wanted: &Wanted) -> Option<Self> {
        let Some(token_in_word) = NonZeroU32::new((token as u32) << Self::ONE) else {
            return None;
        };
        let (burst, initial) = (wanted.burst, wanted.initial);
        let drops = token * burst as u64;
        // In what follows, the step rounded down or up, whichever is worse.
        let least = speed.step as u128;
        let most = least + (speed.fine > 0) as u128;
        // The longest stretch in which less than a quarter of the capacity comes; of all that divide the clock's
        // circle.
        let mut log = 59 - (64 - (most as u64).leading_zeros());
        if log > 64 - W::STRETCH {
            log = 64 - W::STRETCH;
        }
        let Some(stretches) = 1u32.checked_shl(64 - W::STRETCH - log) else {
            return None;
        };
        // How far the index may pass, in a microsecond, what it is waited for: less than a step, and no part of one
        // that divides all positions.
        let rounding = if wanted.varies {
            most.div_ceil(1 << Self::FRACTION) as u64
        } else if speed.fine > 0 {
            (speed.step >> Self::FRACTION) + 1
        } else {
            let mut common = speed.step & speed.step.wrapping_neg();
            if common > 1 << Self::FRACTION {
                common = 1 << Self::FRACTION;
            }
            (speed.step - common).div_ceil(1 << Self::FRACTION)
        };
        let longest_wait = match wanted.longest_wait {
            Some(wait) => wait,
            None if least == 0 => 0,
            // All of them, whatever is lost by rounding.
            None => (((drops + rounding + 1) as u128) << Self::FRACTION).div_ceil(least) as u64,
        };
        let waited = ((longest_wait as u128 * most) >> Self::FRACTION) as u64 + 1;
        let debt = waited + ((most << log) >> Self::FRACTION) as u64 + 1 + rounding + 1;
        // As many stretches as a signed distance has, if the bucket is never certain to be full.
        let ever = 1u128 << (W::STRETCH - 1);
        let certain = (drops + waited + rounding + 2) as u128;
        let mut stale = ever;
        if least > 0 {
            stale = 2 + (certain << Self::FRACTION).div_ceil(least << log);
        }
        if stale > ever {
            stale = ever;
        }
        let seam = if speed.fine == 0 { 0 } else { stale << log };
        let circle = 1u128 << W::INDEX;
        let room = drops as u128 + debt as u128 + 2;
        if seam > LONGEST_SEAM || ((stale * (most << log)) >> Self::FRACTION) + 1 + room > circle {
            return None;
        }
        // How long after a grant it may be given back: then the bucket still is stale before the index has come
        // round. That is at least the time of the burst and the longest wait, since the circle has room for eight
        // times the capacity.
        let mut recognised = ever - 1;
        if most > 0 {
            let round = ((circle - room) << Self::FRACTION) / (most << log);
            let longest = round.saturating_sub(stale + 2);
            if longest < recognised {
                recognised = longest;
            }
        }
        Some(Self {
            speed,
            longest_wait,
            seam: seam as u64,
            stretches,
            most: burst,
            token: token_in_word,
            burst: (drops as u32) << Self::ONE,
            initial: ((token * initial as u64) as u32) << Self::ONE,
            debt: (debt as u32) << Self::ONE,
            stale: (stale as u32) << (32 - W::STRETCH),
            rounding: (rounding as u32) << Self::ONE,
            recognised_for: (recognised as u32) << (32 - W::STRETCH),
            widths: PhantomData,
        })
    }
}

/// A bucket that takes longer to be certain to be full, and has a seam, is refused: 36,500 years.
const LONGEST_SEAM: u128 = 1 << 60;

impl<W: Widths> Terms for Fixed<W> {
    type Widths = W;

    #[inline]
    fn position(&self, at: Instant) -> u64 {
        let whole = at.as_micros().wrapping_mul(self.speed.step);
        if self.speed.fine == 0 {
            return whole;
        }
        let since = at.as_micros().wrapping_sub(SEAM);
        let part = (u128::from(since) * u128::from(self.speed.fine)) >> 32;
        whole.wrapping_add(part as u64)
    }

    #[inline]
    fn passage(&self, left: u64, from: Instant) -> Passage {
        Passage {
            left,
            // The lower half of the seam is zero.
            done: (from.as_micros() as u32).wrapping_mul(self.speed.fine),
            step: self.speed.step,
            fine: self.speed.fine,
        }
    }

    #[inline]
    fn date(&self, now: Instant) -> Instant {
        if now.as_micros().wrapping_sub(SEAM) < self.seam {
            Instant::from_micros(SEAM - 1)
        } else {
            now
        }
    }

    #[inline]
    fn stretches(&self) -> u32 {
        self.stretches
    }

    #[inline]
    fn since(&self) -> Option<Instant> {
        None
    }

    #[inline]
    fn most(&self) -> u32 {
        self.most
    }

    #[inline]
    fn token(&self) -> NonZeroU32 {
        self.token
    }

    #[inline]
    fn burst(&self) -> u32 {
        self.burst
    }

    #[inline]
    fn initial(&self) -> u32 {
        self.initial
    }

    #[inline]
    fn debt(&self) -> u32 {
        self.debt
    }

    #[inline]
    fn is_stale(&self, age: u32) -> bool {
        age >= self.stale
    }

    #[inline]
    fn rounding(&self) -> u32 {
        self.rounding
    }

    #[inline]
    fn longest_wait(&self) -> u64 {
        self.longest_wait
    }

    #[inline]
    fn recognised_for(&self) -> u32 {
        self.recognised_for
    }
}

#[cfg(test)]
mod tests;
