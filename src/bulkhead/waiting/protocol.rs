//! How the words of a bulkhead with waiters change while others change them too: every load, every compare-and-swap,
//! every touch of a waker, and nothing else. What the words mean is in `word`.
//!
//! ```text
//! ENTER    the queue not empty, or full: refuse. CAS gate: in flight + 1.
//! ARRIVE   free: ENTER. As many tickets as seats: TRIM, and again; nothing to trim: "room full".
//!          t = the next ticket. Its seat
//!            free:             CAS seat -> {t, Waiting}; LINE UP.
//!            {t, Waiting}:     its claimer is on the way: CAS gate: length + 1, for him; again.
//!            anything else:    taken. Another seat further on is free: CAS gate: length + 1, a hole; again.
//!                              Otherwise "room full".
//! LINE UP  t in the queue (somebody else did it): CAS gate to what it is; done. t next: CAS gate: length + 1; done.
//!          Otherwise withdraw: CAS seat {t, Waiting} -> Free, and ARRIVE again. It fails: a place was given: COLLECT.
//! POLL     load the seat; still {t, Waiting}: register the waker, THEN load it again. Given: COLLECT.
//! COLLECT  waker out, THEN CAS seat {t, Granted} -> Free, or {t, Waking} -> {t, Gone}. The place is mine.
//! LEAVE    the queue empty, or in flight above the limit: CAS gate: in flight - n, as far as that goes.
//!          Otherwise CAS gate: head + 1, length - 1. A place is in my hand, for the ticket that was the head: HAND OVER.
//! HAND     CAS seat {t, Waiting} -> {t, Waking}. It fails: a hole: LEAVE, with the same place.
//! OVER     Waker out; THEN CAS seat {t, Waking} -> {t, Granted}. It fails: CAS {t, Gone} -> Free. THEN wake.
//! CANCEL   waker out, THEN CAS seat {t, Waiting} -> Free: t is a hole; TRIM, at most 2 N times.
//!          It fails: a place was given: COLLECT, and LEAVE with it.
//! TRIM     the head, or the last: its seat is free: CAS seat -> {t, Closed}; CAS gate without it; CAS seat -> Free.
//! RESIZE   nobody waits, or no place comes free by it: CAS gate: limit. Otherwise one place at a time:
//!          CAS gate: limit = in flight + 1, in flight + 1, head + 1, length - 1. A place is in my hand: HAND OVER; again.
//! ```
//!
//! Who changes what:
//!
//! | word | change | who |
//! |---|---|---|
//! | gate | in flight + 1 | who enters, having found the queue empty |
//! | gate | in flight - n | who leaves, having found the queue empty, or the limit passed |
//! | gate | length + 1 | who arrives, for himself, for whoever claimed the seat, or to get past a seat that is taken |
//! | gate | head + 1, length - 1 | who leaves or raises the limit, with a place in hand; who trims, without, holding the seat closed |
//! | gate | length - 1 | who trims, holding the seat closed |
//! | seat | Free -> Waiting | who arrives; then it is his |
//! | seat | Waiting -> Waking -> Granted | who has a place in hand for this ticket |
//! | seat | Waiting, Granted -> Free; Waking -> Gone | its owner |
//! | seat | Gone -> Free | who gave the place |
//! | seat | Free -> Closed -> Free | who trims |
//!
//! A thread stopped for ever, or an interrupt, leaves
//!
//! | after | and that costs |
//! |---|---|
//! | any load | nothing |
//! | claiming a seat | the seat. Others get his ticket into the queue for him, or past it; if it is in the queue, a place may come to rest there |
//! | its ticket in the queue | the same: a waiter that is never polled |
//! | gate without the head, places in hand | those places, and the seat if somebody waits there; he can still give up |
//! | Waking | the seat, until he goes on; the waiter takes his place all the same, if anything polls him |
//! | Closed, Gone | the seat |
//! | giving up, before he trims | nothing: who finds the room full trims it |
//! | a step of a resize | that place; the limit is on the way |
//!
//! So at most the places that he held, and one seat, and everybody else goes on: nothing waits for anybody. A lone
//! caller is done after at most N + 1 rounds: he takes a ticket out, or in, in each, and there are no more than N.
//!
//! Why it is right:
//! - *Never one too many.* In flight rises only below the limit, by a CAS on the word that holds both; a place that is
//!   handed over is never out of the count.
//! - *Nobody overtakes.* The order of the queue is that of the CAS that makes it longer, places are taken out of it
//!   for its head, and nobody enters past a queue. Who was given a place has it then; where the giver is held up
//!   before he has said so, others may be inside earlier, with places of their own.
//! - *Nobody is forgotten.* A ticket leaves the queue with a place for whoever waits under it, or while its seat is
//!   closed, so that nobody does. Between the two: who claims a seat makes a CAS on the gate afterwards, and who takes
//!   the ticket out looks at the seat afterwards, with a CAS; so one of the two sees the other, the claimer that his
//!   ticket is gone, or the leaver that somebody waits. That is why even a ticket that is found in the queue is
//!   confirmed with a CAS.
//! - *No wake-up is lost.* The seat says "given" before the wake, and is looked at again after the waker was
//!   registered.
//! - *Nobody else's waker.* Nobody touches the waker of a seat but its owner and who gave him his place, and the seat is
//!   not free before both are done. Wakers are called with nothing held, so that they may do what they like.
//! - *A room does not stay full.* Whoever finds as many tickets as seats takes the holes away at both ends. What is left
//!   are holes between two that wait, until those before them are gone. Only while others come and go may somebody be
//!   told "room full" when it never was, from seats that he looked at one after the other.
//!
//! Limits. Tickets come round after 64. A leaver that is stopped between taking the head and handing over, while exactly
//! that many others come and go (or a multiple), may find under the same ticket somebody who has just come, and gives
//! him the place out of turn; nothing is lost. Who arrives and is held up in between may come in under a ticket that
//! became a hole in the meantime: before those who came after he began. A waker that panics when it is cloned or
//! dropped may cost the seat and the place; one that panics when it is called costs nothing.

use super::word::{Gate, Seat, Ticket, Towards, Widths};
use crate::bulkhead::{Share, word};
use crate::memory::{Attempt, Memory};
use crate::rejected::Rejected;
use crate::sync::Ordering;

/// Which word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The gate.
    Gate,
    /// The seat of this number.
    Seat(u32),
}

/// The words, and a waker beside each seat.
pub trait Room: Memory<Place = Place> {
    /// How wide the fields are.
    type Widths: Widths;
    /// A waker, or none.
    type Waker;
    /// How many seats there are, a power of two.
    fn seats(&self) -> u32;
    /// Puts the caller's waker there, in place of the one that is.
    fn register(&self, seat: u32) -> Result<(), Self::Stop>;
    /// Takes the waker out, if there is one.
    fn take(&self, seat: u32) -> Result<Self::Waker, Self::Stop>;
    /// Calls one that was taken out.
    fn wake(&self, waker: Self::Waker) -> Result<(), Self::Stop>;
}

/// Where a caller is in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Arrive,
    LineUp(Ticket),
    Poll(Ticket),
    Collect(Ticket),
    Cancel(Ticket),
    /// So many times at most.
    Trim(u32),
    Leave,
    HandOver(Ticket),
}

/// What comes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// On with this.
    Go(Step),
    /// That was all.
    Done(Outcome),
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// There was a place, and nobody waited. So many are inside now.
    Entered(u32),
    /// Waiting under this ticket.
    Queued(Ticket),
    /// A place was given to the caller.
    Given,
    /// As many wait as can.
    RoomFull,
    /// Nothing is left in the caller's hands.
    Left,
}

use Next::{Done, Go};

/// One step, from its first load.
pub fn step<R: Room>(room: &R, step: Step) -> Attempt<Next, R> {
    match step {
        Step::Arrive => arrive(room),
        Step::LineUp(ticket) => line_up(room, ticket),
        Step::Poll(ticket) => poll(room, ticket),
        Step::Collect(ticket) => collect(room, ticket),
        Step::Cancel(ticket) => cancel(room, ticket),
        Step::Trim(times) => trim_ends(room, times),
        Step::Leave => Ok(leave(room, 1)?.map(|left| match left {
            Left::Gone(_) => Done(Outcome::Left),
            Left::InHand(ticket) => Go(Step::HandOver(ticket)),
        })),
        Step::HandOver(ticket) => hand_over(room, ticket),
    }
}

/// Takes so many places, if there are as many for this class of calls and nobody waits. Answers how many are inside
/// then.
#[inline]
pub fn enter<R: Room>(room: &R, places: u32, share: Share) -> Attempt<Result<u32, Rejected>, R> {
    let gate = Gate::<R::Widths>::load(room)?;
    // While somebody waits all places are taken.
    match word::admit(gate.limit(), gate.in_flight(), places, share) {
        Ok(()) => {
            let to = gate.entered(places);
            // ORDERING: Acquire pairs with the Release in `leave`: what was done inside happened before.
            let won = gate.swap(room, to, Ordering::Acquire)?;
            Ok(won.then_some(Ok(to.in_flight())))
        }
        Err(refusal) => Ok(Some(Err(refusal))),
    }
}

fn arrive<R: Room>(room: &R) -> Attempt<Next, R> {
    let gate = Gate::<R::Widths>::load(room)?;
    if gate.is_free() {
        let to = gate.entered(1);
        // ORDERING: Acquire, as in `enter`.
        let won = gate.swap(room, to, Ordering::Acquire)?;
        return Ok(won.then_some(Done(Outcome::Entered(to.in_flight()))));
    }
    if gate.length() >= room.seats() {
        let trimmed = trim(room, gate)?;
        return Ok((!trimmed).then_some(Done(Outcome::RoomFull)));
    }
    let ticket = gate.next();
    let seat = Seat::load(room, ticket, Ordering::Relaxed)?;
    if seat == Seat::FREE {
        // ORDERING: Acquire pairs with the Release of whoever freed it: what he did to the gate and to the waker came
        // before.
        let won = Seat::FREE.swap(room, ticket, Seat::waiting(ticket), Ordering::Acquire)?;
        return Ok(won.then_some(Go(Step::LineUp(ticket))));
    }
    if seat != Seat::waiting(ticket) && !is_any_free(room, gate)? {
        return Ok(Some(Done(Outcome::RoomFull)));
    }
    // ORDERING: Relaxed; it publishes nothing.
    gate.swap(room, gate.joined(), Ordering::Relaxed)?;
    Ok(None)
}

/// Whether any seat after the next ticket's is free.
fn is_any_free<R: Room>(room: &R, gate: Gate<R::Widths>) -> Result<bool, R::Stop> {
    for number in gate.length().wrapping_add(1)..room.seats() {
        // ORDERING: Relaxed; whoever claims it looks again.
        if Seat::load(room, gate.after_head(number), Ordering::Relaxed)? == Seat::FREE {
            return Ok(true);
        }
    }
    Ok(false)
}

fn line_up<R: Room>(room: &R, ticket: Ticket) -> Attempt<Next, R> {
    let gate = Gate::<R::Widths>::load(room)?;
    let is_queued = gate.holds(ticket);
    if is_queued || gate.next() == ticket && gate.length() < room.seats() && !gate.is_free() {
        let to = if is_queued { gate } else { gate.joined() };
        // ORDERING: Release pairs with the Acquire in `leave`: whoever takes the ticket out after this sees the claimed
        // seat.
        let won = gate.swap(room, to, Ordering::Release)?;
        return Ok(won.then_some(Done(Outcome::Queued(ticket))));
    }
    // ORDERING: Relaxed; it publishes nothing, and passes on what was published when the seat was freed before.
    let withdrew = Seat::waiting(ticket).swap(room, ticket, Seat::FREE, Ordering::Relaxed)?;
    Ok(Some(Go(if withdrew {
        Step::Arrive
    } else {
        Step::Collect(ticket)
    })))
}

fn poll<R: Room>(room: &R, ticket: Ticket) -> Attempt<Next, R> {
    let waiting = Seat::waiting(ticket);
    // ORDERING: Relaxed, both: `collect` acquires what was done inside before. The second load is kept behind the
    // registration by the waker's cell: whoever takes a waker out publishes what he did before.
    if Seat::load(room, ticket, Ordering::Relaxed)? == waiting {
        room.register(ticket.seat(room.seats()))?;
        if Seat::load(room, ticket, Ordering::Relaxed)? == waiting {
            return Ok(Some(Done(Outcome::Queued(ticket))));
        }
    }
    Ok(Some(Go(Step::Collect(ticket))))
}

fn collect<R: Room>(room: &R, ticket: Ticket) -> Attempt<Next, R> {
    let (granted, waking) = (Seat::granted(ticket), Seat::waking(ticket));
    // ORDERING: Relaxed; the CAS below decides.
    let seat = Seat::load(room, ticket, Ordering::Relaxed)?;
    let to = match seat {
        _ if seat == granted => Seat::FREE,
        _ if seat == waking => Seat::gone(ticket),
        // The handle has led to another room than before.
        _ => return Ok(Some(Done(Outcome::Left))),
    };
    let _dropped_when_all_is_done = room.take(ticket.seat(room.seats()))?;
    // ORDERING: Acquire pairs with the Release in `hand_over`: what was done inside before happened before. Release:
    // as wherever a seat becomes free.
    let won = seat.swap(room, ticket, to, Ordering::AcqRel)?;
    Ok(won.then_some(Done(Outcome::Given)))
}

fn cancel<R: Room>(room: &R, ticket: Ticket) -> Attempt<Next, R> {
    let _dropped_when_all_is_done = room.take(ticket.seat(room.seats()))?;
    // ORDERING: Release, as wherever a seat becomes free.
    let gave_up = Seat::waiting(ticket).swap(room, ticket, Seat::FREE, Ordering::Release)?;
    Ok(Some(Go(if gave_up {
        Step::Trim(room.seats().saturating_mul(2))
    } else {
        Step::Collect(ticket)
    })))
}

fn trim_ends<R: Room>(room: &R, times: u32) -> Attempt<Next, R> {
    let gate = Gate::<R::Widths>::load(room)?;
    Ok(Some(if times > 0 && trim(room, gate)? {
        Go(Step::Trim(times.wrapping_sub(1)))
    } else {
        Done(Outcome::Left)
    }))
}

/// Takes a hole away at either end of the queue. Answers whether there was one.
fn trim<R: Room>(room: &R, gate: Gate<R::Widths>) -> Result<bool, R::Stop> {
    if gate.length() == 0 {
        return Ok(false);
    }
    for (ticket, without) in [
        (gate.head(), gate.without_head()),
        (gate.last(), gate.without_last()),
    ] {
        let closed = Seat::closed(ticket);
        // ORDERING: Relaxed; a hint, for the CAS below.
        if Seat::load(room, ticket, Ordering::Relaxed)? == Seat::FREE
            // ORDERING: Acquire pairs with the Release of whoever freed it: what he did to the gate comes before what
            // follows here. loom cannot show that (load buffering).
            && Seat::FREE.swap(room, ticket, closed, Ordering::Acquire)?
        {
            // Either way: a gate that has changed is somebody else's success.
            // ORDERING: Relaxed; whoever claims the seat after this sees it, see below.
            gate.swap(room, without, Ordering::Relaxed)?;
            // ORDERING: Release pairs with the Acquire of the claim in `arrive`: the claimer's CAS on the gate
            // comes after the one above.
            closed.swap(room, ticket, Seat::FREE, Ordering::Release)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// What comes of a step of leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Left {
    /// So many places are given back.
    Gone(u32),
    /// One place is in the caller's hand, for this ticket.
    InHand(Ticket),
}

/// Gives back some of so many places, at least one; or takes one of them into the hand.
#[inline]
pub fn leave<R: Room>(room: &R, places: u32) -> Attempt<Left, R> {
    let gate = Gate::<R::Widths>::load(room)?;
    if gate.passes_on() {
        // ORDERING: Acquire pairs with the Release in `line_up`: if the ticket's claimer has confirmed it, `hand_over`
        // sees the seat claimed.
        let won = gate.swap(room, gate.without_head(), Ordering::Acquire)?;
        return Ok(won.then_some(Left::InHand(gate.head())));
    }
    let gone = gate.may_leave(places);
    // ORDERING: Release pairs with the Acquire in `enter`. Whatever comes between is a read-modify-write, and passes it
    // on.
    let won = gate.swap(room, gate.left(gone), Ordering::Release)?;
    Ok(won.then_some(Left::Gone(gone)))
}

fn hand_over<R: Room>(room: &R, ticket: Ticket) -> Attempt<Next, R> {
    let (waking, gone) = (Seat::waking(ticket), Seat::gone(ticket));
    // ORDERING: Release pairs with the Acquire in `collect`. Acquire pairs with the Release of whoever freed the seat,
    // which the claim passes on: he has done with the waker.
    if !Seat::waiting(ticket).swap(room, ticket, waking, Ordering::AcqRel)? {
        return Ok(Some(Go(Step::Leave)));
    }
    let waker = room.take(ticket.seat(room.seats()))?;
    // ORDERING: Release pairs with the Acquire in `collect`, which frees the seat: its next owner comes after the waker
    // was taken out.
    if !waking.swap(room, ticket, Seat::granted(ticket), Ordering::Release)? {
        // ORDERING: Release, as wherever a seat becomes free: its next owner comes after this one, and after the one
        // that has gone, whose Release this passes on.
        gone.swap(room, ticket, Seat::FREE, Ordering::Release)?;
    }
    room.wake(waker)?;
    Ok(Some(Done(Outcome::Left)))
}

/// What comes of a step towards a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resized {
    /// That was the last.
    There,
    /// A place is in the caller's hand, for this ticket; so many are inside with it.
    InHand { ticket: Ticket, in_flight: u32 },
}

/// A step towards another limit.
pub fn resize<R: Room>(room: &R, limit: u32) -> Attempt<Resized, R> {
    let gate = Gate::<R::Widths>::load(room)?;
    match gate.towards(limit) {
        Towards::There(to) => {
            // ORDERING: Relaxed; it publishes nothing but itself.
            let won = gate.swap(room, to, Ordering::Relaxed)?;
            Ok(won.then_some(Resized::There))
        }
        Towards::One(to) => {
            // ORDERING: Acquire, as in `leave`.
            let won = gate.swap(room, to, Ordering::Acquire)?;
            Ok(won.then_some(Resized::InHand {
                ticket: gate.head(),
                in_flight: to.in_flight(),
            }))
        }
    }
}

impl<W: Widths> Gate<W> {
    #[inline]
    fn load<R: Room>(room: &R) -> Result<Self, R::Stop> {
        // ORDERING: Relaxed; a CAS on the same word decides everything that rests on it.
        Ok(Self::from_bits(room.load(Place::Gate, Ordering::Relaxed)?))
    }

    #[inline]
    fn swap<R: Room>(self, room: &R, to: Self, order: Ordering) -> Result<bool, R::Stop> {
        room.swap_if(Place::Gate, self.bits(), to.bits(), order)
    }
}

impl Seat {
    fn load<R: Room>(room: &R, ticket: Ticket, order: Ordering) -> Result<Self, R::Stop> {
        let seat = Place::Seat(ticket.seat(room.seats()));
        Ok(Self::from_bits(room.load(seat, order)?))
    }

    /// From this to that, at the seat of this ticket.
    fn swap<R: Room>(self, room: &R, ticket: Ticket, to: Self, order: Ordering) -> Result<bool, R::Stop> {
        let seat = Place::Seat(ticket.seat(room.seats()));
        room.swap_if(seat, self.bits(), to.bits(), order)
    }
}
