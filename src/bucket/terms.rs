//! What a bucket goes by for good, worked out from a rate, a burst and a longest wait.

use core::marker::PhantomData;

use super::InvalidQuota;
use super::rate::{Rate, capacity, fraction_bits};
use super::word::{Terms, Widths};
use crate::time::Instant;

/// Plain data; drops, indices and stretches as they stand in the words. What each is for is told in `word`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed<W> {
    step: u64,
    longest_wait: u64,
    stretches: u32,
    most: u32,
    token: u32,
    burst: u32,
    initial: u32,
    debt: u32,
    stale: u32,
    /// rc of `word`.
    rounding: u32,
    recognised_for: u32,
    widths: PhantomData<W>,
}

impl<W: Widths> Fixed<W> {
    /// A stretch is 2 to the power of this, in microseconds.
    pub const fn stretch_log(&self) -> u32 {
        64 - W::STRETCH - self.stretches.trailing_zeros()
    }

    /// Most tokens there can be.
    pub const fn most_tokens(&self) -> u32 {
        self.most
    }

    /// Drops of a token, as a plain number.
    pub const fn token_drops(&self) -> u64 {
        (self.token >> Self::ONE) as u64
    }

    /// Drops at first, as they stand in the word.
    pub const fn initial_drops(&self) -> u32 {
        self.initial
    }

    /// Most drops that `spent` is ahead of the date it was written with, and one for the rounding of the index: W + rc + 2 of `word`, as a
    /// plain number.
    pub const fn ahead(&self) -> u64 {
        let waited = (self.longest_wait as u128 * self.step as u128) >> Self::FRACTION;
        waited as u64 + 1 + (self.rounding >> Self::ONE) as u64 + 2
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
        if burst == 0 || burst as u64 > Self::CAPACITY {
            return Err(InvalidQuota::Burst);
        }
        if initial > burst {
            return Err(InvalidQuota::Initial);
        }
        if rate.most_drops(burst, None, most_a_micro, Self::CAPACITY) == 0 {
            return Err(InvalidQuota::TooFast);
        }
        let most = rate.most_drops(burst, longest_wait, most_a_micro, Self::CAPACITY);
        if most == 0 {
            return Err(InvalidQuota::LongestWait);
        }
        let Some(token) = rate.drops(most, W::INDEX) else {
            return Err(InvalidQuota::Inexact);
        };
        let (step, _) = rate.step(token, Self::FRACTION);
        match Self::with(token, step, wanted) {
            Some(terms) => Ok(terms),
            None => Err(InvalidQuota::Inexact),
        }
    }

    /// With so many drops to a token, and so many of the position to a microsecond.
    const fn with(token: u64, step: u64, wanted: &Wanted) -> Option<Self> {
        let (burst, initial) = (wanted.burst, wanted.initial);
        let drops = token * burst as u64;
        // The longest stretch in which less than half the capacity comes; of all that divide the clock's circle.
        let mut log = 60 - (64 - step.leading_zeros());
        if log > 64 - W::STRETCH {
            log = 64 - W::STRETCH;
        }
        let Some(stretches) = 1u32.checked_shl(64 - W::STRETCH - log) else {
            return None;
        };
        let longest_wait = match wanted.longest_wait {
            Some(wait) => wait,
            None if step == 0 => 0,
            None => ((drops as u128) << Self::FRACTION).div_ceil(step as u128) as u64,
        };
        let waited = ((longest_wait as u128 * step as u128) >> Self::FRACTION) as u64 + 1;
        let in_stretch = (step << log) as u128;
        let is_even = step == 0 || step.is_power_of_two() && step <= 1 << Self::FRACTION;
        let rounding = if is_even && !wanted.varies {
            0
        } else {
            (step >> Self::FRACTION) + 1
        };
        let debt = waited + (in_stretch >> Self::FRACTION) as u64 + 1 + rounding + 1;
        // As many stretches as a signed distance has, if the bucket is never certain to be full.
        let ever = 1u128 << (W::STRETCH - 1);
        let mut stale = ever;
        let mut apart = ever;
        let circle = 1u128 << W::INDEX;
        let room = drops as u128 + debt as u128 + 2;
        if room > circle {
            return None;
        }
        if step > 0 {
            let certain = (drops + waited + rounding + 2) as u128;
            stale = 2 + (certain << Self::FRACTION).div_ceil(in_stretch);
            apart = ((circle - room) << Self::FRACTION) / in_stretch;
            if stale > ever {
                stale = ever;
            }
        }
        if apart < 2 || ((stale * in_stretch) >> Self::FRACTION) + 1 + room > circle {
            return None;
        }
        let mut recognised = apart - 2;
        if recognised >= ever {
            recognised = ever - 1;
        }
        Some(Self {
            step,
            longest_wait,
            stretches,
            most: burst,
            token: (token as u32) << Self::ONE,
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

impl<W: Widths> Terms for Fixed<W> {
    type Widths = W;

    #[inline]
    fn step(&self) -> u64 {
        self.step
    }

    #[inline]
    fn position(&self, at: Instant) -> u64 {
        at.as_micros().wrapping_mul(self.step)
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
    fn token(&self) -> u32 {
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
