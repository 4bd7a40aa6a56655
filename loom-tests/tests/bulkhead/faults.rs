//! What is wrong, for twins: the protocol as it ships, with one change of a word made otherwise. Twins of its source are
//! the explorer's.

use std::cmp::Ordering::{Equal, Greater, Less};

use watertight::bulkhead::waiting::protocol::Place;
use watertight::bulkhead::waiting::word::Seat;
use watertight::models::Ordering;

use crate::caller::Caller;
use crate::room::RealGate;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This change is made with a weaker ordering.
    Order(Change, Ordering),
    /// A ticket that is found in the queue is not confirmed.
    NoConfirmation,
    /// The second look at the seat comes before the waker is registered.
    LooksBefore,
    /// The wake comes before the seat says that a place was given.
    WakesFirst,
    /// Who takes a place while its giver is busy with the waker frees the seat himself.
    FreesAtOnce,
    /// Who takes a hole away does not close the seat.
    TrimsOpen,
    /// Who gives up leaves his ticket in the queue.
    NeverTrims,
    /// Who gives up keeps the place that he was given.
    KeepsPlace,
    /// Who leaves leaves first, and then looks who waits.
    LeavesFirst,
    /// Who leaves gives his place to the last of the queue.
    LastFirst,
    /// A limit is raised all at once.
    RaisesAtOnce,
}

/// What is written to a word, by what stood there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Enter,
    Leave,
    /// The queue is longer by one.
    Join,
    /// The queue is what it was.
    Confirm,
    /// A ticket is taken out, with a place in hand for it, or as a hole.
    Shorten,
    /// Another limit, and with `InHand` a place under it for the head.
    Limit,
    InHand,
    Claim,
    Withdraw,
    Give,
    Woken,
    Collect,
    Go,
    /// Gone -> Free.
    Follow,
    /// Waiting -> Free, by who gives up.
    GiveUp,
    /// Free -> Closed, by who trims.
    Close,
    /// Closed -> Free.
    Reopen,
    /// Anything else at a seat.
    Free,
}

/// The state in a seat's word.
fn state(bits: u32) -> u32 {
    bits & 7
}

impl Change {
    pub fn of(place: Place, seen: u32, new: u32) -> Self {
        match place {
            Place::Gate => Self::of_gate(RealGate::from_bits(seen), RealGate::from_bits(new)),
            Place::Seat(_) => match (state(seen), state(new)) {
                (0, 1) => Self::Claim,
                (1, 0) => Self::Withdraw,
                (1, 2) => Self::Give,
                (2, 3) => Self::Woken,
                (3, 0) => Self::Collect,
                (2, 4) => Self::Go,
                (4, 0) => Self::Follow,
                (0, 5) => Self::Close,
                (5, 0) => Self::Reopen,
                _ => Self::Free,
            },
        }
    }

    fn of_gate(old: RealGate, new: RealGate) -> Self {
        if old.limit() != new.limit() {
            return if old.length() > new.length() {
                Self::InHand
            } else {
                Self::Limit
            };
        }
        match (
            old.in_flight().cmp(&new.in_flight()),
            old.length().cmp(&new.length()),
        ) {
            (Less, _) => Self::Enter,
            (Greater, _) => Self::Leave,
            (Equal, Less) => Self::Join,
            (Equal, Equal) => Self::Confirm,
            (Equal, Greater) => Self::Shorten,
        }
    }
}

impl Fault {
    pub fn order(self, change: Change, order: Ordering) -> Ordering {
        match self {
            Self::Order(weakened, weaker) if weakened == change => weaker,
            _ => order,
        }
    }
}

impl Caller {
    /// What this caller writes in place of `new`, if anything.
    pub fn really(&self, place: Place, change: Change, new: u32) -> Option<u32> {
        if let (Some(Fault::WakesFirst), Place::Seat(number), Change::Give) =
            (self.bench.fault, place, change)
        {
            self.wake_now(number);
        }
        match (self.bench.fault, change) {
            (Some(Fault::NoConfirmation), Change::Confirm)
            | (Some(Fault::TrimsOpen), Change::Close)
            | (Some(Fault::TrimsOpen), Change::Reopen) => None,
            (Some(Fault::FreesAtOnce), Change::Go) => Some(Seat::FREE.bits()),
            _ => Some(new),
        }
    }
}
