//! The words as atomics with their wakers: what the protocol runs on.

use core::convert::Infallible;
use core::ops::Deref;
use core::task::Waker;

use super::protocol::{self, Next, Outcome, Place, Room, Step};
use super::word::{self, Real};
use crate::bulkhead::slot::Places;
use crate::memory::{Live, decide};
use crate::sync::{AtomicU32, AtomicWaker, Ordering};

/// A seat: its word, and the waker of who sits there.
///
/// The waker is kept by `atomic-waker`. The other crate that keeps one without a lock, `diatomic-waker`, takes 20 bytes
/// for it on a 32-bit target and not 12, and does not build where the processor has no compare-and-swap; both have the
/// same licences. What it would give, a registration that nobody who wakes disturbs, the states of a seat give already:
/// nobody wakes it who has not just given its owner a place. loom has a model of the former.
#[derive(Debug)]
pub struct Seat {
    word: AtomicU32,
    waker: AtomicWaker,
}

impl Seat {
    pub(super) fn is_waited_at(&self) -> bool {
        // ORDERING: Relaxed; the answer is old when it is read, and orders nothing.
        word::Seat::from_bits(self.word.load(Ordering::Relaxed)).is_waiting()
    }
}

#[cfg(not(watertight_loom))]
pub(super) const fn seats<const N: usize>() -> [Seat; N] {
    [const {
        Seat {
            word: AtomicU32::new(0),
            waker: AtomicWaker::new(),
        }
    }; N]
}

#[cfg(watertight_loom)]
pub(super) fn seats<const N: usize>() -> [Seat; N] {
    core::array::from_fn(|_| Seat {
        word: AtomicU32::new(0),
        waker: AtomicWaker::new(),
    })
}

/// What has a waiting room: a [`Waiting`](super::Waiting), or anything that leads to one, such as a reference or an
/// `Arc`. Nobody else can implement this.
pub trait Queue: Places {
    /// Its words and wakers.
    #[doc(hidden)]
    fn room(&self) -> LiveRoom<'_>;
}

impl<T: Deref<Target: Queue>> Queue for T {
    #[inline]
    fn room(&self) -> LiveRoom<'_> {
        (**self).room()
    }
}

/// The words and wakers, with the waker of one operation. It has no public name.
#[derive(Debug)]
pub struct LiveRoom<'a> {
    gate: &'a AtomicU32,
    seats: &'a [Seat],
    /// Of who polls.
    waker: Option<&'a Waker>,
}

impl<'a> LiveRoom<'a> {
    #[inline]
    pub(super) const fn new(gate: &'a AtomicU32, seats: &'a [Seat]) -> Self {
        Self {
            gate,
            seats,
            waker: None,
        }
    }

    /// For who polls with this waker.
    pub(super) const fn polled_by(mut self, waker: &'a Waker) -> Self {
        self.waker = Some(waker);
        self
    }

    fn waker_at(&self, seat: u32) -> Option<&AtomicWaker> {
        self.seats.get(seat as usize).map(|seat| &seat.waker)
    }
}

impl Live for LiveRoom<'_> {
    type Place = Place;

    #[inline]
    fn word(&self, place: Place) -> Option<&AtomicU32> {
        match place {
            Place::Gate => Some(self.gate),
            Place::Seat(number) => self.seats.get(number as usize).map(|seat| &seat.word),
        }
    }
}

impl Room for LiveRoom<'_> {
    type Widths = Real;
    type Waker = Option<Waker>;

    #[inline]
    fn seats(&self) -> u32 {
        self.seats.len() as u32
    }

    fn register(&self, seat: u32) -> Result<(), Infallible> {
        if let (Some(cell), Some(waker)) = (self.waker_at(seat), self.waker) {
            cell.register(waker);
        }
        Ok(())
    }

    fn take(&self, seat: u32) -> Result<Option<Waker>, Infallible> {
        Ok(self.waker_at(seat).and_then(AtomicWaker::take))
    }

    fn wake(&self, waker: Option<Waker>) -> Result<(), Infallible> {
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

/// Goes on from this step to the end.
pub(super) fn run(room: &LiveRoom<'_>, mut step: Step) -> Outcome {
    loop {
        match decide(|| protocol::step(room, step)) {
            Next::Go(next) => step = next,
            Next::Done(outcome) => return outcome,
        }
    }
}
