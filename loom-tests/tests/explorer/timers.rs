//! What the timer words must say, and what is decided by them.

use watertight::State;
use watertight::breaker::rules::Rules;
use watertight::breaker::word::{Deadline, Widths};

use crate::model::{LONG_PAST, Model, Timer, Wrong, ones, wrong};

impl Model {
    /// Ticks until the deadline; `None` if it is over.
    ///
    /// Only where the documented limits are not met: no reading is further from a deadline than timers reach.
    pub fn left<W: Widths>(&self, reading: i32) -> Result<Option<u32>, Wrong> {
        if self.timer != Timer::Set {
            return wrong("the timer of this instance is not set, and something was decided by it");
        }
        if self.deadline == LONG_PAST {
            return Ok(None);
        }
        let left = i64::from(self.deadline) - i64::from(reading);
        let reach = i64::from(Deadline::<W>::REACH);
        if left > reach || left <= reach - (1 << (W::LOW + W::HIGH)) {
            return wrong("limit: a reading is too far from a deadline; choose other widths or times");
        }
        Ok((left > 0).then_some(left as u32))
    }

    pub(crate) fn may_leave(&self, reading: Option<i32>) -> Result<i32, Wrong> {
        match (self.timer, reading) {
            (Timer::Set, Some(reading)) => Ok(reading),
            (Timer::Set, None) => wrong("an instance began without asking the clock"),
            _ => wrong("an instance was left whose timer is not set"),
        }
    }

    pub(crate) fn is_over<W: Widths>(&self, reading: Option<i32>) -> Result<i32, Wrong> {
        let reading = self.may_leave(reading)?;
        match self.left::<W>(reading)? {
            None => Ok(reading),
            Some(left) => wrong(format!("a probe was admitted {left} ticks before the deadline")),
        }
    }

    /// Whether a refusal, or an observer, by this clock reading may say that so many ticks are left.
    pub fn waits<W: Widths>(&self, rules: &Rules, left: Option<u32>, reading: i32) -> Result<(), Wrong> {
        let least = self.left::<W>(reading)?;
        let most = match self.state {
            _ if !self.decisions => least,
            // A helper knows less of the deadline than its maker, and rounds it up.
            State::Open => Self {
                deadline: self.deadline + ones(W::LOW - W::CARRIED) as i32,
                ..*self
            }
            .left::<W>(reading)?,
            State::Recovering => Some(rules.ramp),
            // A helper may come at any time, and dates a lease with its own clock.
            _ => Some(rules.lease),
        };
        let share = |left: Option<u32>| match self.state {
            State::Recovering => left
                .map(|left| self.until_share::<W>(rules, left))
                .filter(|left| *left > 0),
            _ => left,
        };
        let (least, most) = (share(least), share(most));
        if (least..=most).contains(&left) {
            return Ok(());
        }
        wrong(format!(
            "{left:?} ticks are said to be left, where it must be {least:?} to {most:?}"
        ))
    }

    /// A low word is written by a caller whose newest clock reading this is.
    pub fn set_low<W: Widths>(
        &mut self,
        rules: &Rules,
        word: u32,
        start: u64,
        reading: i32,
    ) -> Result<(), Wrong> {
        if self.decisions {
            return Ok(());
        }
        if self.timer != Timer::Unset {
            return wrong("low was written a second time in one instance");
        }
        let at = |offset: i32| start.wrapping_add_signed(offset.into());
        let low = |offset: i32| at(offset) as u32 & ones(W::LOW);
        let said = word & ones(W::LOW);
        self.deadline = match self.state {
            State::Open => {
                // The maker's deadline, or what a helper knows of it.
                let rest = u64::from(ones(W::LOW - W::CARRIED));
                let rounded = self.deadline + (rest - (at(self.deadline) & rest)) as i32;
                if said == low(self.deadline) {
                    self.deadline
                } else {
                    rounded
                }
            }
            State::HalfOpen => reading + rules.lease as i32,
            State::Recovering => reading + rules.ramp as i32,
            State::Closed => reading + rules.stable as i32,
            State::ForcedOpen | State::Disabled => reading,
        };
        self.timer = Timer::Low;
        if said != low(self.deadline) {
            return wrong(format!(
                "low says {said}, where it must be {}",
                low(self.deadline)
            ));
        }
        self.near::<W>(reading)?;
        self.counts_timers("low", word >> W::LOW, W::LOW_COUNT)
    }

    /// A high word is written by a caller whose newest clock reading this is.
    pub fn set_high<W: Widths>(&mut self, word: u32, start: u64, reading: i32) -> Result<(), Wrong> {
        match self.timer {
            _ if self.decisions => return Ok(()),
            Timer::Unset => return wrong("high was written before low"),
            Timer::Set => return wrong("high was written a second time in one instance"),
            Timer::Low => self.timer = Timer::Set,
        }
        self.near::<W>(reading)?;
        let high = (start.wrapping_add_signed(self.deadline.into()) >> W::LOW) as u32 & ones(W::HIGH);
        let said = word & ones(W::HIGH);
        if said != high {
            return wrong(format!("high says {said}, where it must be {high}"));
        }
        self.counts_timers("high", word >> W::HIGH, W::HIGH_COUNT)
    }

    fn near<W: Widths>(&self, reading: i32) -> Result<(), Wrong> {
        match self.deadline.abs_diff(reading) < Deadline::<W>::REACH {
            true => Ok(()),
            false => {
                wrong("limit: a helper's reading is too far from the deadline; choose other widths or times")
            }
        }
    }

    fn counts_timers(&self, name: &str, said: u32, width: u32) -> Result<(), Wrong> {
        let count = u32::from(self.instance) & ones(width);
        match said == count {
            true => Ok(()),
            false => wrong(format!("{name} counts {said} timers, where it must be {count}")),
        }
    }
}
