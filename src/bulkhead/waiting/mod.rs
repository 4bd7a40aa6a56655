//! A bulkhead with a waiting room: see [`Waiting`].

mod enter;
mod invalid;
#[cfg(watertight_loom)]
pub mod protocol;
#[cfg(not(watertight_loom))]
mod protocol;
mod room;
mod tokens;
#[cfg(watertight_loom)]
pub mod word;
#[cfg(not(watertight_loom))]
mod word;

use core::fmt;
use core::ops::Deref;

pub use self::enter::Enter;
pub use self::invalid::InvalidLimit;
use self::protocol::{Left, Resized, Step};
pub use self::room::Queue;
use self::room::{LiveRoom, Seat, run};
use self::word::{Gate, Real};
use super::slot::{Places, sealed};
use super::stats::{Keep, Statistics, Stats};
use super::{Share, Slot};
use crate::memory::decide;
use crate::rejected::{Reason, Rejected};
use crate::stats::NoStats;
use crate::sync::{AtomicU32, Ordering};

/// A bulkhead with a waiting room: when it is full, up to `N` callers wait for a place, first come, first served.
///
/// ```
/// use watertight::bulkhead::Waiting;
///
/// static BACKEND: Waiting<8> = Waiting::new(20);
///
/// async fn ask() -> Result<(), watertight::Rejected> {
///     let _slot = BACKEND.enter().await?; // or, with a deadline: select it against your timer
///     // inside, until the slot is dropped
///     Ok(())
/// }
/// ```
///
/// `N` is a power of two up to 32, the limit is at most 1023. The state is four bytes, and a word and a waker for each
/// seat: 132 bytes for eight seats on a 32-bit target, 264 on one of 64 bits.
///
/// Nobody overtakes: who comes while others wait is refused by [`try_enter`](Self::try_enter), and queues up behind
/// them with [`enter`](Self::enter). Each place that comes free is for the head of the queue, and wakes him. (Whoever
/// gives it may be held up in between; then others, with places of their own, may be inside before him.) Who gives up,
/// by dropping the future, leaves the queue; if a place had been given to him already, it goes to the next.
///
/// If all seats are taken, `enter` refuses at once. A seat is taken from the first poll until the future has its place
/// and is polled, or is dropped. What is left in the middle of the queue, by one who gave up or because a seat was
/// still taken when its turn came, takes up a seat until those before it are gone. While others are coming and going at
/// that very moment, a room that is nearly full may look full. A future that is never polled again, and never
/// dropped, keeps its seat for ever, and when its turn comes, a place.
pub struct Waiting<const N: usize, S = NoStats> {
    gate: AtomicU32,
    seats: [Seat; N],
    stats: S,
}

impl<const N: usize> Waiting<N> {
    const_fn! {
        /// So many calls at a time, at most 1023; for constants, else see [`try_new`](Self::try_new).
        ///
        /// # Panics
        /// If the limit is more than 1023, which in a `static` is an error of the compiler.
        #[track_caller]
        pub const fn new(limit: u16) -> Self {
            Self::with_stats(limit, NoStats)
        }
    }

    /// So many calls at a time.
    ///
    /// # Errors
    /// [`InvalidLimit`] if that is more than 1023.
    pub fn try_new(limit: u16) -> Result<Self, InvalidLimit> {
        Self::try_with_stats(limit, NoStats)
    }
}

impl<const N: usize, S> Waiting<N, S> {
    const_fn! {
        /// As [`new`](Self::new), with [`Stats`](super::Stats) beside it.
        ///
        /// # Panics
        /// As [`new`](Self::new).
        #[track_caller]
        pub const fn with_stats(limit: u16, stats: S) -> Self {
            assert!(limit as u32 <= word::MOST, "{}", InvalidLimit::SENTENCE);
            Self::unchecked(limit, stats)
        }
    }

    /// As [`try_new`](Self::try_new), with [`Stats`](super::Stats) beside it.
    ///
    /// # Errors
    /// As [`try_new`](Self::try_new).
    pub fn try_with_stats(limit: u16, stats: S) -> Result<Self, InvalidLimit> {
        if u32::from(limit) > word::MOST {
            return Err(InvalidLimit);
        }
        Ok(Self::unchecked(limit, stats))
    }

    const_fn! {
        const fn unchecked(limit: u16, stats: S) -> Self {
            const { assert!(N.is_power_of_two() && N <= 32, "a waiting room has 1, 2, 4, 8, 16 or 32 seats") };
            let gate = Gate::<Real>::new(limit as u32);
            Self { gate: AtomicU32::new(gate.bits()), seats: room::seats(), stats }
        }
    }

    /// The limit; while it is being raised past some who wait, how far that has got.
    pub fn limit(&self) -> u32 {
        self.look().limit()
    }

    /// How many places are taken. More than the limit if that was lowered, until enough have left.
    pub fn in_flight(&self) -> u32 {
        self.look().in_flight()
    }

    /// How many places are left; none, too, while more are taken than the limit says.
    pub fn available(&self) -> u32 {
        let gate = self.look();
        gate.limit().saturating_sub(gate.in_flight())
    }

    /// How many wait, each seat looked at in turn: `N` loads.
    pub fn waiting(&self) -> u32 {
        self.seats.iter().map(|seat| u32::from(seat.is_waited_at())).sum()
    }

    fn look(&self) -> Gate<Real> {
        // ORDERING: Relaxed; the answer is old when it is read, and orders nothing.
        Gate::from_bits(self.gate.load(Ordering::Relaxed))
    }
}

impl<const N: usize, S: Keep> Waiting<N, S> {
    /// Enters, until the slot is dropped, or is refused at once.
    ///
    /// # Errors
    /// [`Full`](Reason::Full), which it is whenever somebody waits. If the limit is 0,
    /// [`MoreThanLimit`](Reason::MoreThanLimit).
    #[inline]
    pub fn try_enter(&self) -> Result<Slot<&Self>, Rejected> {
        Slot::take(self, 1, Share::ALL)
    }

    /// Takes so many places, or is refused at once. Zero are always there. They are given back one after the other.
    ///
    /// # Errors
    /// [`Full`](Reason::Full), and [`MoreThanLimit`](Reason::MoreThanLimit) if it has not so many.
    #[inline]
    pub fn try_enter_many(&self, places: u32) -> Result<Slot<&Self>, Rejected> {
        Slot::take(self, places, Share::ALL)
    }

    /// The same for a call that may use only a share of the limit.
    ///
    /// # Errors
    /// [`Full`](Reason::Full); [`ShareFull`](Reason::ShareFull) if there would be place for calls with a larger
    /// share; and [`MoreThanLimit`](Reason::MoreThanLimit) if the share is not so many places.
    #[inline]
    pub fn try_enter_as(&self, share: Share, places: u32) -> Result<Slot<&Self>, Rejected> {
        Slot::take(self, places, share)
    }

    /// Enters with a slot that holds what leads here, such as an `Arc`, or is refused at once.
    ///
    /// # Errors
    /// As [`try_enter`](Self::try_enter).
    #[inline]
    pub fn try_enter_owned<H: Deref<Target = Self>>(this: H) -> Result<Slot<H>, Rejected> {
        Slot::take(this, 1, Share::ALL)
    }

    /// The same with so many places, for a call that may use only a share of the limit.
    ///
    /// # Errors
    /// As [`try_enter_as`](Self::try_enter_as).
    #[inline]
    pub fn try_enter_owned_as<H: Deref<Target = Self>>(
        this: H,
        share: Share,
        places: u32,
    ) -> Result<Slot<H>, Rejected> {
        Slot::take(this, places, share)
    }

    /// Enters as soon as there is a place and all who came before have theirs. First come is who was first polled.
    ///
    /// It is refused with [`RoomFull`](Reason::RoomFull) if all seats are taken. If it is dropped, it was never
    /// there. A deadline is the caller's: select it against a timer. With a limit of 0 it waits until that is raised.
    #[inline]
    pub fn enter(&self) -> Enter<&Self> {
        Enter::new(self)
    }

    /// The same with a slot that holds what leads here, such as an `Arc`.
    #[inline]
    pub fn enter_owned<H: Deref<Target = Self>>(this: H) -> Enter<H> {
        Enter::new(this)
    }

    /// Sets the limit. Below what is in flight, nobody enters until enough have left; those inside stay. Where it
    /// rises past some who wait, that is done one place at a time, each for the next in the queue.
    ///
    /// # Errors
    /// [`InvalidLimit`] if it is more than 1023; nothing is changed.
    pub fn resize(&self, limit: u16) -> Result<(), InvalidLimit> {
        let limit = u32::from(limit);
        if limit > word::MOST {
            return Err(InvalidLimit);
        }
        let room = self.room();
        while let Resized::InHand { ticket, in_flight } = decide(|| protocol::resize(&room, limit)) {
            self.stats.entered(in_flight);
            let _left = run(&room, Step::HandOver(ticket));
        }
        Ok(())
    }
}

impl<const N: usize> Waiting<N, Stats> {
    /// What was kept.
    pub fn statistics(&self) -> Statistics {
        let gate = self.look();
        self.stats.report(gate.limit(), gate.in_flight())
    }
}

impl<const N: usize, S> sealed::Sealed for Waiting<N, S> {}

impl<const N: usize, S: Keep> Places for Waiting<N, S> {
    #[inline]
    fn take(&self, _: sealed::Key, places: u32, share: Share) -> Result<(), Rejected> {
        if places == 0 {
            return Ok(());
        }
        match decide(|| protocol::enter(&self.room(), places, share)) {
            Ok(in_flight) => {
                self.stats.entered(in_flight);
                Ok(())
            }
            Err(refusal) => {
                self.stats.refused(refusal.reason());
                Err(refusal)
            }
        }
    }

    #[inline]
    fn give_back(&self, _: sealed::Key, places: u32) {
        if places == 0 {
            return;
        }
        let room = self.room();
        match decide(|| protocol::leave(&room, places)) {
            Left::Gone(gone) if gone == places => {}
            left => give_back_one_by_one(room, places, left),
        }
    }

    fn note_entered(&self, _: sealed::Key, in_flight: u32) {
        self.stats.entered(in_flight);
    }

    fn note_refused(&self, _: sealed::Key, reason: Reason) {
        self.stats.refused(reason);
    }
}

/// Where somebody waits. Out of line, so that who leaves an empty room pays nothing for it.
#[cold]
#[inline(never)]
fn give_back_one_by_one(room: LiveRoom<'_>, places: u32, first: Left) {
    let mut rest = GivingBack { room, places };
    rest.after(first);
    rest.go_on();
}

/// Places that are being given back: also if a waker that is called panics.
struct GivingBack<'a> {
    room: LiveRoom<'a>,
    places: u32,
}

impl GivingBack<'_> {
    fn go_on(&mut self) {
        while self.places > 0 {
            let left = decide(|| protocol::leave(&self.room, self.places));
            self.after(left);
        }
    }

    fn after(&mut self, left: Left) {
        match left {
            Left::Gone(gone) => self.places = self.places.saturating_sub(gone),
            Left::InHand(ticket) => {
                self.places = self.places.saturating_sub(1);
                let _left = run(&self.room, Step::HandOver(ticket));
            }
        }
    }
}

impl Drop for GivingBack<'_> {
    fn drop(&mut self) {
        self.go_on();
    }
}

impl<const N: usize, S: Keep> Queue for Waiting<N, S> {
    #[inline]
    fn room(&self) -> LiveRoom<'_> {
        LiveRoom::new(&self.gate, &self.seats)
    }
}

impl<const N: usize, S> fmt::Debug for Waiting<N, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gate = self.look();
        f.debug_struct("Waiting")
            .field("limit", &gate.limit())
            .field("in_flight", &gate.in_flight())
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
