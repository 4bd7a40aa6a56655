//! What threads do, and where they stand in it: plain data. And what must be seen, or a claim was not tried.

use std::fmt;

use watertight::bulkhead::waiting::protocol::Step;
use watertight::bulkhead::waiting::word::{Ticket, Widths};

use crate::explore::Answers;

/// Tickets of so many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits<const TICKET: u32>;

impl<const TICKET: u32> Widths for Bits<TICKET> {
    const TICKET: u32 = TICKET;
}

/// One operation of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Takes so many places, or is refused at once.
    Enter(u32),
    /// Waits for a place, and is polled when it is woken.
    Wait,
    /// The same, and is polled unasked.
    Fidget,
    /// The same as `Wait`, and may be dropped whenever it is not being polled.
    MayGiveUp,
    /// Gives back all places that are held, one after the other.
    Leave,
    Resize(u32),
}

impl Op {
    pub fn waits(self) -> bool {
        matches!(self, Self::Wait | Self::Fidget | Self::MayGiveUp)
    }
}

/// What a thread does, one after the other: any of these each time. In the end it gives back what it holds.
pub type Script = &'static [&'static [Op]];

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Claims {
    /// Only what a user could see.
    Harm,
    /// And how it is made.
    All,
    /// And that whoever is told "room full" is told so only if, at some moment, every seat was taken, lay under a hole
    /// that others wait behind, or somebody was busy: which is not so.
    Full,
}

/// Most threads; and one more, who comes when all of them have stopped.
pub const THREADS: usize = 4;
/// Most seats.
pub const SEATS: usize = 4;
/// The gate, the seats, the cells of their wakers; and nothing, which is touched when a waker is called.
pub const WORDS: usize = 2 + 2 * SEATS;
pub type Words = [u32; WORDS];

/// What is touched, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Gate,
    Seat(u32),
    Register(u32),
    Take(u32),
    Wake(u32),
}

/// What an attempt is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attempt {
    Enter(u32),
    Leave(u32),
    Resize(u32),
    Step(Step),
}

/// A place that was given to somebody who is still to be woken.
#[derive(Clone, Copy, Hash)]
pub struct Gift {
    pub ticket: u32,
    /// Whose.
    pub waker: u32,
    /// What was taken out of his cell.
    pub taken: Option<u32>,
    /// The giver is done with the seat.
    pub done: bool,
}

#[derive(Clone, Copy, Default, Hash)]
pub struct Thread {
    pub slot: u8,
    pub op: Option<Op>,
    /// In the middle of this; `None`: at rest.
    pub attempt: Option<Attempt>,
    pub answers: Answers,
    /// In the queue, as it was told.
    pub ticket: Option<Ticket>,
    /// Its poll has ended, and it is pending.
    pub asleep: bool,
    pub woken: bool,
    /// It was dropped.
    pub gives_up: bool,
    /// So many places are still to be given back by this operation.
    pub leaving: u32,
    /// So many places it holds, as it was told.
    pub slots: u32,
    /// At some moment of the attempt "room full" was so.
    pub full: bool,

    // What the words tell of it.
    /// Places that it holds or has in hand.
    pub places: u32,
    /// Its seat, by the ticket.
    pub claimed: Option<u32>,
    /// Where that ticket is in the queue, counted from the beginning of all.
    pub position: Option<u8>,
    /// The seat that it holds closed, by the ticket.
    pub closed: Option<u32>,
    /// For whom there is a place in its hand: the ticket, and where it was in the queue.
    pub in_hand: Option<(u32, u8)>,
    pub gift: Option<Gift>,
    /// Who was in the queue when it began to wait or to enter, and still waits: a bit for each thread.
    pub behind: u8,
}

impl Thread {
    /// At rest: an operation, a poll, or a drop is over.
    pub fn rests(&self) -> bool {
        self.attempt.is_none()
    }

    /// From the first load again, of this.
    pub fn go_on(&mut self, attempt: Attempt) {
        self.attempt = Some(attempt);
        self.answers = Answers::default();
        self.full = false;
    }

    /// The operation is over.
    pub fn end(&mut self) {
        self.slot = self.slot.wrapping_add(1);
        self.op = None;
        self.rest();
        self.ticket = None;
        self.asleep = false;
        self.woken = false;
        self.gives_up = false;
        self.behind = 0;
    }

    pub fn rest(&mut self) {
        self.attempt = None;
        self.answers = Answers::default();
        self.full = false;
    }

    /// Its waker, while it waits.
    pub fn waker(&self, number: usize) -> u32 {
        u32::from(self.slot) << 4 | (number as u32 + 1)
    }
}

#[derive(Clone, Hash)]
pub struct Moment {
    pub words: Words,
    /// How many tickets have been taken out at the head.
    pub heads: u8,
    /// Somebody was given a place out of turn, all tickets after it: the documented limit.
    pub aliased: bool,
    pub threads: [Thread; THREADS + 1],
}

/// Scripts, and all that they run under.
#[derive(Clone, Copy)]
pub struct Plan {
    pub claims: Claims,
    /// A power of two.
    pub seats: u32,
    pub limit: u32,
    /// The first ticket.
    pub head: u32,
    /// What was done before, each to its end or until it sleeps, with nobody else there.
    pub before: &'static [(usize, Op)],
    /// One for each thread.
    pub scripts: &'static [Script],
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?}, {} seats, limit {}, head {}, after {:?}: {:?}",
            self.claims, self.seats, self.limit, self.head, self.before, self.scripts
        )
    }
}

/// Something that a step showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sight {
    Entered,
    Refused,
    Queued,
    /// Somebody got another's ticket into the queue for him.
    Helped,
    /// A ticket was claimed that was in the queue already.
    ClaimedHole,
    /// And one whose turn had come, that somebody had in hand.
    ClaimedInHand,
    Withdrawn,
    /// Who would withdraw was given a place.
    WithdrawnTooLate,
    HoleMade,
    GivenToSleeper,
    GivenToWakeful,
    WokeSleeper,
    WokeNobody,
    /// Who was given a place took it before the giver was done with the waker.
    Gone,
    Collected,
    HoleSkipped,
    CancelledWaiting,
    CancelledGranted,
    TrimmedHead,
    TrimmedLast,
    /// Nobody is busy, and the head is a hole.
    HoleAtHead,
    /// Or the last.
    HoleAtLast,
    LoweredBelow,
    LeftAboveLimit,
    RaisedOne,
    RaisedFree,
    FullTaken,
    FullHoles,
    FullForAMoment,
    /// Of holes, of which one is the last in the queue, and nobody is about to take it out.
    FullOfLeftHoles,
    /// What was true of the gate once, and of the seats later, and of both together never.
    FullTorn,
    PolledInVain,
    SeatLost,
    GateLost,
    /// Given out of turn, all tickets after it.
    Aliased,
}

impl Sight {
    /// Its bit, if it is on.
    pub const fn when(self, on: bool) -> u64 {
        (on as u64) << self as u8
    }

    pub const fn bit(self) -> u64 {
        self.when(true)
    }
}
