//! What an adjustable bucket keeps to, and what that comes to with the slot that is live.

use core::num::{NonZeroU32, NonZeroU64};

use super::slot::{Changing, Narrow, Slot};
use crate::bucket::InvalidQuota;
use crate::bucket::rate::{Rate, Speed, capacity, fraction_bits};
use crate::bucket::terms::{Fixed, Wanted};
use crate::bucket::word::Terms;
use crate::passage::Passage;
use crate::time::Instant;

/// What an [`AdjustableBucket`](super::AdjustableBucket) keeps to at first, and how far it may be changed.
///
/// ```
/// use core::time::Duration;
/// use watertight::Quota;
/// use watertight::bucket::AdjustableQuota;
///
/// static QUOTA: AdjustableQuota = Quota::per_second(100)
///     .burst(20)
///     .build_adjustable(1_000, Duration::from_secs(1), 200); // never more than that
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdjustableQuota<W = Narrow> {
    most_rate: Rate,
    /// For the largest rate and burst: drops of a token, stretches, debt.
    most: Fixed<W>,
    waits_as_said: bool,
    first: Slot,
}

impl<W: Changing> AdjustableQuota<W> {
    /// At first as wanted, and never above the other rate and burst.
    pub(in crate::bucket) const fn of(first: &Wanted, rate: Rate, burst: u32) -> Result<Self, InvalidQuota> {
        let wanted = Wanted {
            rate,
            burst,
            initial: first.initial,
            longest_wait: first.longest_wait,
            varies: true,
        };
        if first.burst > burst {
            return Err(InvalidQuota::BurstOverMost);
        }
        if first.initial > first.burst {
            return Err(InvalidQuota::Initial);
        }
        let most = match Fixed::<W>::of(&wanted) {
            Ok(most) => most,
            Err(InvalidQuota::Burst) => return Err(InvalidQuota::MostBurst),
            Err(InvalidQuota::TooFast) => return Err(InvalidQuota::MostRate),
            Err(error) => return Err(error),
        };
        let mut quota = Self {
            most_rate: rate,
            most,
            waits_as_said: first.longest_wait.is_some(),
            first: Slot {
                step: 0,
                burst: first.burst,
                phase: 0,
                since: Instant::from_micros(0),
            },
        };
        match quota.step(first.rate, first.burst) {
            Ok(step) => quota.first.step = step,
            Err(error) => return Err(error),
        }
        Ok(quota)
    }

    /// The step for a rate, if that and the burst are within what was said.
    pub(in crate::bucket) const fn step(&self, rate: Rate, burst: u32) -> Result<u64, InvalidQuota> {
        if burst == 0 || burst > self.most.most_tokens() {
            return Err(InvalidQuota::BurstOverMost);
        }
        if rate.is_above(self.most_rate) {
            return Err(InvalidQuota::RateOverMost);
        }
        let Speed { step, fine } = rate.speed(self.most.token_drops(), fraction_bits(W::INDEX));
        // What is cut off is less than one: of so many, a smaller part than a drop is of a full bucket.
        if fine > 0 && step < capacity(W::INDEX) {
            return Err(InvalidQuota::TooSlowToAdjust);
        }
        Ok(step)
    }
}

/// A door for the models.
#[cfg(watertight_loom)]
impl<W: Changing> AdjustableQuota<W> {
    pub const fn at_these_widths(first: &Wanted, rate: Rate, burst: u32) -> Result<Self, InvalidQuota> {
        Self::of(first, rate, burst)
    }
}

/// What a bucket goes by whose terms change.
#[derive(Clone, Copy, Debug)]
pub struct Varying<W> {
    fixed: Fixed<W>,
    waits_as_said: bool,
    slot: Slot,
    /// Not before the first change.
    since: Option<Instant>,
}

impl<W: Changing> Varying<W> {
    /// As the quota says, and the slot that is live.
    #[inline]
    pub fn new(quota: &AdjustableQuota<W>, slot: Option<Slot>) -> Self {
        Self {
            fixed: quota.most,
            waits_as_said: quota.waits_as_said,
            slot: slot.unwrap_or(quota.first),
            since: slot.map(|slot| slot.since),
        }
    }
}

/// Bits of a position that [`Terms::is_stale`] leaves out.
const FINE: u32 = 24;

impl<W: Changing> Terms for Varying<W> {
    type Widths = W;

    #[inline]
    fn position(&self, at: Instant) -> u64 {
        at.as_micros()
            .wrapping_mul(self.slot.step)
            .wrapping_add(self.slot.phase)
    }

    #[inline]
    fn passage(&self, left: u64, _: Instant) -> Passage {
        Passage {
            left,
            done: 0,
            step: self.slot.step,
            fine: 0,
        }
    }

    #[inline]
    fn stretches(&self) -> u32 {
        self.fixed.stretches()
    }

    #[inline]
    fn since(&self) -> Option<Instant> {
        self.since
    }

    #[inline]
    fn most(&self) -> u32 {
        self.slot.burst
    }

    #[inline]
    fn token(&self) -> NonZeroU32 {
        self.fixed.token()
    }

    #[inline]
    fn burst(&self) -> u32 {
        self.fixed.token().get().wrapping_mul(self.slot.burst)
    }

    /// Above the burst, it counts as full.
    #[inline]
    fn initial(&self) -> u32 {
        self.fixed.initial()
    }

    #[inline]
    fn debt(&self) -> u32 {
        self.fixed.debt()
    }

    /// In the stretch of `dated` another step may have held: it is not counted.
    #[inline]
    fn is_stale(&self, age: u32) -> bool {
        let stretches = u64::from(age >> (32 - W::STRETCH));
        if stretches < 2 {
            return false;
        }
        // What comes in one, and a drop, in units that are small enough for what is cut off, and let both be 64 bits
        // wide.
        let in_one = (self.slot.step << self.fixed.stretch_log()) >> FINE;
        let drop = 1 << (64 - W::INDEX - FINE);
        let certain = u64::from(self.burst() >> (32 - W::INDEX)) + u64::from(self.debt() >> (32 - W::INDEX));
        in_one.saturating_mul(stretches - 1) >= certain * drop
    }

    #[inline]
    fn rounding(&self) -> u32 {
        self.fixed.rounding()
    }

    /// If it was not said, what the debt allows for comes in a longer time now than at the largest rate.
    #[cold]
    fn longest_wait(&self) -> u64 {
        let most = self.fixed.longest_wait();
        match NonZeroU64::new(self.slot.step) {
            Some(step) if !self.waits_as_said => {
                let allowed = u128::from(most) * u128::from(self.fixed.speed().step);
                (allowed / u128::from(step.get())) as u64
            }
            _ => most,
        }
    }

    #[inline]
    fn recognised_for(&self) -> u32 {
        self.fixed.recognised_for()
    }
}
