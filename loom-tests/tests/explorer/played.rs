//! An attempt's memory and its clock, for whatever words a protocol has.

use std::marker::PhantomData;

use watertight::models::{Memory, Ordering, Timed};
use watertight::{Instant, breaker, bucket};

use crate::explore::{Player, Stopped};

/// A place among the words of a state.
pub trait Indexed: Copy {
    fn index(self) -> usize;
}

impl Indexed for breaker::protocol::Place {
    fn index(self) -> usize {
        match self {
            Self::State => 0,
            Self::Low => 1,
            Self::High => 2,
            Self::Window(number) => 3 + number as usize,
        }
    }
}

impl Indexed for bucket::protocol::Place {
    fn index(self) -> usize {
        match self {
            Self::Spent => 0,
            Self::Dated => 1,
            Self::Slot { slot, word } => 2 + slot as usize * bucket::adjustable::slot::WORDS + word,
        }
    }
}

/// What the readings of a clock stand for.
#[derive(Clone, Copy)]
pub struct Timing {
    /// The instant of reading 0.
    pub start: u64,
    /// Microseconds from one reading to the next.
    pub tick: i64,
    /// Microseconds after each.
    pub beyond: i64,
}

/// A player whose places are those of a protocol; `W` is for the widths that it is played at.
pub struct Played<P, const WORDS: usize, W = ()> {
    pub player: Player<P, WORDS>,
    timing: Timing,
    widths: PhantomData<W>,
}

impl<P, const WORDS: usize, W> Played<P, WORDS, W> {
    pub fn new(player: Player<P, WORDS>, timing: Timing) -> Self {
        Self {
            player,
            timing,
            widths: PhantomData,
        }
    }
}

impl<P: Indexed, const WORDS: usize, W> Memory for Played<P, WORDS, W> {
    type Place = P;
    type Stop = Stopped;

    fn load(&self, place: P, _: Ordering) -> Result<u32, Stopped> {
        self.player.load(place, place.index())
    }

    fn swap_if(&self, place: P, seen: u32, new: u32, _: Ordering) -> Result<bool, Stopped> {
        self.player.swap_if(place, place.index(), seen, new)
    }

    /// Every step is seen by everybody at once.
    fn fence(&self, _: Ordering) {}
}

impl<P: Indexed, const WORDS: usize, W> Timed for Played<P, WORDS, W> {
    fn now(&self) -> Result<Instant, Stopped> {
        let Timing { start, tick, beyond } = self.timing;
        let since = i64::from(self.player.clock()? as i32) * tick + beyond;
        Ok(Instant::from_micros(start.wrapping_add_signed(since)))
    }
}
