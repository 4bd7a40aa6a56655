//! The three words as atomics, and a clock and a random source beside them: what the protocol runs on.

use core::convert::Infallible;

use super::memory::{Memory, Place};
use super::word::Real;
use crate::memory::{self, Timed};
use crate::random::Random;
use crate::sync::AtomicU32;
use crate::time::{Clock, Instant};

/// All the state that a breaker has: twelve bytes. All zero, it is closed.
#[derive(Debug)]
pub struct StateWords {
    state: AtomicU32,
    low: AtomicU32,
    high: AtomicU32,
}

impl StateWords {
    const_fn! {
        /// A closed breaker's.
        pub const fn new() -> Self {
            Self { state: AtomicU32::new(0), low: AtomicU32::new(0), high: AtomicU32::new(0) }
        }
    }
}

/// What a breaker is made of. It has no public name, so that nobody else makes a [`Handle`](super::Handle).
#[derive(Debug)]
pub struct Parts<C, P, W, S> {
    pub clock: C,
    pub words: StateWords,
    pub policy: P,
    pub window: W,
    pub stats: S,
}

/// The words with the clock and the random source of one operation.
#[derive(Debug)]
pub struct Live<'a, C, R> {
    pub words: &'a StateWords,
    pub window: &'a [AtomicU32],
    pub clock: &'a C,
    pub random: &'a R,
}

impl<C, R> memory::Live for Live<'_, C, R> {
    type Place = Place;

    /// No window asks for a word that it has not: its length and its indices come from the same constants.
    #[inline]
    fn word(&self, place: Place) -> Option<&AtomicU32> {
        match place {
            Place::State => Some(&self.words.state),
            Place::Low => Some(&self.words.low),
            Place::High => Some(&self.words.high),
            Place::Window(number) => self.window.get(number as usize),
        }
    }
}

impl<C: Clock, R> Timed for Live<'_, C, R> {
    #[inline]
    fn now(&self) -> Result<Instant, Infallible> {
        Ok(self.clock.now())
    }
}

impl<C: Clock, R: Random> Memory for Live<'_, C, R> {
    type Widths = Real;

    #[inline]
    fn draw(&self) -> u32 {
        self.random.next()
    }
}
