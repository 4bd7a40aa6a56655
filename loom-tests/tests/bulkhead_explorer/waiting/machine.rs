//! What a caller does with the protocol: as the future, the slot and the bulkhead do it, one access at a time.

use std::marker::PhantomData;

use watertight::bulkhead::Share;
use watertight::bulkhead::waiting::protocol::{Left, Next, Outcome, Place, Resized, Room, Step};
use watertight::bulkhead::waiting::word::Widths;
use watertight::models::{Memory, Ordering};

use super::script::{At, Attempt, Op, SEATS, Sight, Thread, WORDS, Words};
use crate::explore::{Access, Player, Stopped};
use crate::subjects::Waiting;

/// The words and cells in the hands of one caller.
pub struct Played<W> {
    pub player: Player<At, WORDS>,
    seats: u32,
    waker: u32,
    widths: PhantomData<W>,
}

impl<W> Played<W> {
    /// Puts this into a cell: always one step, whatever is there.
    fn touch(&self, at: At, seat: u32, waker: u32) -> Result<u32, Stopped> {
        self.player.exchange(at, 1 + SEATS + seat as usize, waker)
    }
}

fn index(place: Place) -> (At, usize) {
    match place {
        Place::Gate => (At::Gate, 0),
        Place::Seat(number) => (At::Seat(number), 1 + number as usize),
    }
}

impl<W> Memory for Played<W> {
    type Place = Place;
    type Stop = Stopped;

    fn load(&self, place: Place, _: Ordering) -> Result<u32, Stopped> {
        let (at, index) = index(place);
        self.player.load(at, index)
    }

    fn swap_if(&self, place: Place, seen: u32, new: u32, _: Ordering) -> Result<bool, Stopped> {
        let (at, index) = index(place);
        self.player.swap_if(at, index, seen, new)
    }

    /// Every step is seen by everybody at once.
    fn fence(&self, _: Ordering) {}
}

impl<W: Widths> Room for Played<W> {
    type Widths = W;
    /// Whose; 0: none.
    type Waker = u32;

    fn seats(&self) -> u32 {
        self.seats
    }

    fn register(&self, seat: u32) -> Result<(), Stopped> {
        self.touch(At::Register(seat), seat, self.waker).map(|_| ())
    }

    fn take(&self, seat: u32) -> Result<u32, Stopped> {
        self.touch(At::Take(seat), seat, 0)
    }

    fn wake(&self, waker: u32) -> Result<(), Stopped> {
        match waker {
            0 => Ok(()),
            _ => self.player.exchange(At::Wake(waker), WORDS - 1, 0).map(|_| ()),
        }
    }
}

/// What an attempt decided.
#[derive(Clone, Copy, Debug)]
pub enum Done {
    /// Whether it is inside.
    Entered(bool),
    Resized(Resized),
    Left(Left),
    Next(Next),
}

/// What one access led to.
pub struct Made {
    pub access: Option<Access<At>>,
    pub done: Option<Done>,
    pub sights: u64,
}

impl Thread {
    /// Begins an operation.
    pub fn begin(&mut self, op: Op) {
        self.op = Some(op);
        self.leaving = if op == Op::Leave { self.slots } else { 0 };
        self.go_on(match op {
            Op::Enter(places) => Attempt::Enter(places),
            Op::Wait | Op::Fidget | Op::MayGiveUp => Attempt::Step(Step::Arrive),
            Op::Leave => Attempt::Leave(self.slots),
            Op::Resize(limit) => Attempt::Resize(limit),
        });
    }

    /// It is polled again.
    pub fn poll(&mut self) {
        let ticket = self.ticket.expect("it waits");
        (self.asleep, self.woken) = (false, false);
        self.go_on(Attempt::Step(Step::Poll(ticket)));
    }

    /// It is dropped.
    pub fn give_up(&mut self) {
        let ticket = self.ticket.take().expect("it waits");
        (self.asleep, self.woken, self.gives_up) = (false, false, true);
        self.go_on(Attempt::Step(Step::Cancel(ticket)));
    }

    /// Makes its next access, and goes on from there.
    pub fn play<S: Waiting, W: Widths>(&mut self, words: &mut Words, seats: u32, number: usize) -> Made {
        let played = Played::<W> {
            player: Player::new(*words, self.answers, 0),
            seats,
            waker: self.waker(number),
            widths: PhantomData,
        };
        let attempt = self.attempt.expect("it is in the middle of something");
        let answer = match attempt {
            Attempt::Enter(places) => {
                let answer = S::enter(&played, places, Share::ALL);
                answer.map(|answer| answer.map(|answer| Done::Entered(answer.is_ok())))
            }
            Attempt::Resize(limit) => S::resize(&played, limit).map(|answer| answer.map(Done::Resized)),
            Attempt::Leave(places) => S::leave(&played, places).map(|answer| answer.map(Done::Left)),
            Attempt::Step(step) => S::step(&played, step).map(|answer| answer.map(Done::Next)),
        };
        *words = played.player.words.get();
        let mut made = Made {
            access: played.player.access.get(),
            done: None,
            sights: 0,
        };
        match answer {
            Err(Stopped) => self.answers = played.player.answers.get(),
            Ok(None) => self.go_on(attempt),
            Ok(Some(done)) => {
                made.sights = self.decided(attempt, done);
                made.done = Some(done);
            }
        }
        made
    }

    /// On from what was decided.
    fn decided(&mut self, attempt: Attempt, done: Done) -> u64 {
        match (attempt, done) {
            (Attempt::Enter(places), Done::Entered(true)) => {
                self.slots += places;
                self.end();
                Sight::Entered.bit()
            }
            (_, Done::Entered(_)) => {
                self.end();
                Sight::Refused.bit()
            }
            (_, Done::Left(Left::Gone(places))) => self.left(places),
            (_, Done::Left(Left::InHand(ticket))) => {
                self.go_on(Attempt::Step(Step::HandOver(ticket)));
                0
            }
            (_, Done::Resized(Resized::There)) => {
                self.end();
                0
            }
            (_, Done::Resized(Resized::InHand { ticket, .. })) => {
                self.go_on(Attempt::Step(Step::HandOver(ticket)));
                Sight::RaisedOne.bit()
            }
            (Attempt::Step(from), Done::Next(Next::Go(to))) => {
                self.go_on(Attempt::Step(to));
                match (from, to) {
                    (Step::HandOver(_), _) => Sight::HoleSkipped.bit(),
                    (Step::LineUp(_), Step::Collect(_)) => Sight::WithdrawnTooLate.bit(),
                    (Step::Cancel(_), Step::Collect(_)) => Sight::CancelledGranted.bit(),
                    _ => 0,
                }
            }
            (_, Done::Next(Next::Done(outcome))) => self.came_to(outcome),
            _ => unreachable!("another decision than was asked for"),
        }
    }

    fn came_to(&mut self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Entered(_) => {
                self.slots += 1;
                self.end();
                Sight::Entered.bit()
            }
            // Arrived: its poll goes on.
            Outcome::Queued(ticket) if self.ticket.is_none() => {
                self.ticket = Some(ticket);
                self.go_on(Attempt::Step(Step::Poll(ticket)));
                Sight::Queued.bit()
            }
            Outcome::Queued(_) => {
                self.rest();
                self.asleep = true;
                Sight::PolledInVain.bit()
            }
            Outcome::Given if self.gives_up => {
                self.leaving = 1;
                self.go_on(Attempt::Leave(1));
                0
            }
            Outcome::Given => {
                self.slots += 1;
                self.end();
                0
            }
            Outcome::RoomFull => {
                self.end();
                0
            }
            // It was in another room, as it seems: from the start.
            Outcome::Left if self.op.is_some_and(Op::waits) && !self.gives_up => {
                self.ticket = None;
                self.go_on(Attempt::Step(Step::Arrive));
                0
            }
            Outcome::Left => self.left(1),
        }
    }

    /// So many places were given back or handed over, or nothing was there to give up.
    fn left(&mut self, places: u32) -> u64 {
        match self.op.expect("it does something") {
            Op::Resize(limit) => {
                self.go_on(Attempt::Resize(limit));
                return 0;
            }
            Op::Leave => self.slots = self.slots.saturating_sub(places),
            _ => {}
        }
        self.leaving = self.leaving.saturating_sub(places);
        if self.leaving > 0 {
            self.go_on(Attempt::Leave(self.leaving));
        } else {
            self.end();
        }
        0
    }
}
