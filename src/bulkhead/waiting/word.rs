//! The words of a bulkhead with waiters, as plain integers: what they mean, and what may be written next. No atomics.
//!
//! ```text
//! gate      = {limit 10 | in flight 10 | head 6 | length 6}
//! seat[0..N] = {ticket 6 | state 3}                            N <= 32, a power of two
//! ```
//!
//! Who waits has a *ticket*, a number that comes round after 64. The tickets from `head` on, `length` of them, are the
//! queue. Ticket t sits at seat t mod N. A ticket may be a *hole*, with nobody waiting under it: whoever had it has
//! given up, or the seat was still taken when its turn came. Under a ticket somebody waits if, and only if, it is in the
//! queue and its seat says `{t, Waiting}`.
//!
//! Always: places that are free, and a queue that is not empty, never both. `length <= N`.
//!
//! | seat | who is there |
//! |---|---|
//! | `Free` | nobody |
//! | `{t, Waiting}` | somebody who waits under t, or is about to get t into the queue |
//! | `{t, Waking}` | the same, who was given a place by somebody who is about to take the waker out |
//! | `{t, Granted}` | the same, and the waker is out |
//! | `{t, Gone}` | who was given the place took it; who gave it is still about to take the waker out, and frees the seat |
//! | `{t, Closed}` | nobody, and nobody may come: somebody takes the hole t out of the queue |

use core::fmt;
use core::marker::PhantomData;

/// How wide a ticket is: 6 bits in what ships, fewer in the explorer.
pub trait Widths: Copy + Eq {
    /// Bits of a ticket, at most 6. The seats are fewer than half of the tickets, or half.
    const TICKET: u32;
}

/// What ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Real;

impl Widths for Real {
    const TICKET: u32 = 6;
}

/// A number in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u32);

impl Ticket {
    /// Its seat, where there are so many (a power of two).
    pub const fn seat(self, seats: u32) -> u32 {
        self.0 & seats.wrapping_sub(1)
    }

    pub const fn number(self) -> u32 {
        self.0
    }
}

/// The word at the gate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Gate<W>(u32, PhantomData<W>);

const LENGTH: u32 = 0x3f;
const HEAD_AT: u32 = 6;
const IN_FLIGHT_AT: u32 = 12;
const LIMIT_AT: u32 = 22;
const TEN_BITS: u32 = 0x3ff;

/// The largest limit.
pub const MOST: u32 = TEN_BITS;

impl<W> Gate<W> {
    /// Nobody inside, nobody waiting. Of the limit, the lowest ten bits.
    pub const fn new(limit: u32) -> Self {
        Self(limit << LIMIT_AT, PhantomData)
    }

    #[inline]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits, PhantomData)
    }

    #[inline]
    pub const fn bits(self) -> u32
    where
        W: Copy,
    {
        self.0
    }
}

impl<W: Widths> Gate<W> {
    const TICKETS: u32 = (1 << W::TICKET) - 1;

    #[inline]
    pub const fn limit(self) -> u32 {
        self.0 >> LIMIT_AT
    }

    #[inline]
    pub const fn in_flight(self) -> u32 {
        self.0 >> IN_FLIGHT_AT & TEN_BITS
    }

    /// How many tickets are in the queue.
    #[inline]
    pub const fn length(self) -> u32 {
        self.0 & LENGTH
    }

    /// The first in the queue, if it is not empty.
    pub const fn head(self) -> Ticket {
        Ticket(self.0 >> HEAD_AT & Self::TICKETS)
    }

    /// So many after the head.
    pub const fn after_head(self, number: u32) -> Ticket {
        Ticket(self.head().0.wrapping_add(number) & Self::TICKETS)
    }

    /// The one that comes next into the queue.
    pub const fn next(self) -> Ticket {
        self.after_head(self.length())
    }

    /// The last in the queue, if it is not empty.
    pub const fn last(self) -> Ticket {
        self.after_head(self.length().wrapping_sub(1))
    }

    /// Whether the ticket is in the queue.
    pub const fn holds(self, ticket: Ticket) -> bool {
        ticket.0.wrapping_sub(self.head().0) & Self::TICKETS < self.length()
    }

    /// Whether somebody who waits behind nobody may enter.
    #[inline]
    pub const fn is_free(self) -> bool {
        self.length() == 0 && self.in_flight() < self.limit()
    }

    /// With so many more inside, where there is place.
    #[inline]
    pub const fn entered(self, places: u32) -> Self {
        Self(self.0.wrapping_add(places << IN_FLIGHT_AT), PhantomData)
    }

    /// Whether a place that is given back is for the head of the queue.
    #[inline]
    pub const fn passes_on(self) -> bool {
        self.length() > 0 && self.in_flight() <= self.limit()
    }

    /// How many of so many places may be given back at once while none passes on, at least one: all if nobody waits,
    /// otherwise down to the limit.
    #[inline]
    pub const fn may_leave(self, places: u32) -> u32 {
        let most = self.in_flight().saturating_sub(self.limit());
        if self.length() == 0 || places <= most {
            places
        } else {
            most
        }
    }

    /// With so many fewer inside.
    #[inline]
    pub const fn left(self, places: u32) -> Self {
        let inside = self.in_flight();
        let gone = if places <= inside { places } else { inside };
        Self(self.0.wrapping_sub(gone << IN_FLIGHT_AT), PhantomData)
    }

    /// With one more ticket, where there are seats.
    pub const fn joined(self) -> Self {
        Self(self.0.wrapping_add(1), PhantomData)
    }

    /// Without the head of a queue that is not empty.
    pub const fn without_head(self) -> Self {
        let head = self.after_head(1).0 << HEAD_AT;
        Self(
            (self.0 & !(LENGTH << HEAD_AT) | head).wrapping_sub(1),
            PhantomData,
        )
    }

    /// Without the last of a queue that is not empty.
    pub const fn without_last(self) -> Self {
        Self(self.0.wrapping_sub(1), PhantomData)
    }

    /// With another limit, which nobody who waits profits from.
    const fn limited(self, limit: u32) -> Self {
        Self(self.0 & !(TEN_BITS << LIMIT_AT) | Self::new(limit).0, PhantomData)
    }

    /// Towards another limit: all the way if that leaves nobody waiting before a free place, or else one place, taken
    /// at once for the head of the queue.
    pub const fn towards(self, limit: u32) -> Towards<W> {
        if limit <= self.limit() || limit <= self.in_flight() || self.length() == 0 {
            return Towards::There(self.limited(limit));
        }
        let limit = self.in_flight().wrapping_add(1);
        Towards::One(self.limited(limit).entered(1).without_head())
    }
}

/// A step towards another limit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Towards<W> {
    /// The last one.
    There(Gate<W>),
    /// One of several: a place for the head of the queue.
    One(Gate<W>),
}

impl<W: Widths> fmt::Debug for Gate<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("limit", &self.limit())
            .field("in_flight", &self.in_flight())
            .field("head", &self.head().number())
            .field("length", &self.length())
            .finish()
    }
}

/// The word of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat(u32);

const STATE: u32 = 7;
const TICKET_AT: u32 = 3;

impl Seat {
    pub const FREE: Self = Self(0);

    pub const fn waiting(ticket: Ticket) -> Self {
        Self::of(ticket, 1)
    }

    pub const fn waking(ticket: Ticket) -> Self {
        Self::of(ticket, 2)
    }

    pub const fn granted(ticket: Ticket) -> Self {
        Self::of(ticket, 3)
    }

    pub const fn gone(ticket: Ticket) -> Self {
        Self::of(ticket, 4)
    }

    pub const fn closed(ticket: Ticket) -> Self {
        Self::of(ticket, 5)
    }

    const fn of(ticket: Ticket, state: u32) -> Self {
        Self(ticket.0 << TICKET_AT | state & STATE)
    }

    /// Whether somebody waits there, under whatever ticket.
    pub const fn is_waiting(self) -> bool {
        self.0 & STATE == 1
    }

    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub const fn bits(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests;
