//! What is claimed of each access: of what it does to the gate, to a seat, to the cell of a waker.

use watertight::bulkhead::waiting::protocol::Step;
use watertight::bulkhead::waiting::word::{Gate, Seat, Widths};

use super::script::{At, Attempt, Claims, Gift, Moment, Op, SEATS, Sight, THREADS};
use super::system::Set;
use crate::explore::Access;
use crate::subjects::{Waiting, ticket};

pub type Wrong = String;

/// What a seat's word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sits {
    Free,
    Waiting(u32),
    Waking(u32),
    Granted(u32),
    Gone(u32),
    Closed(u32),
    /// Nothing that a seat ever says.
    Odd(u32),
}

impl Sits {
    pub fn of(bits: u32) -> Self {
        let number = bits >> 3;
        let its = ticket(number);
        match Seat::from_bits(bits) {
            seat if seat == Seat::FREE => Self::Free,
            seat if seat == Seat::waiting(its) => Self::Waiting(number),
            seat if seat == Seat::waking(its) => Self::Waking(number),
            seat if seat == Seat::granted(its) => Self::Granted(number),
            seat if seat == Seat::gone(its) => Self::Gone(number),
            seat if seat == Seat::closed(its) => Self::Closed(number),
            _ => Self::Odd(bits),
        }
    }
}

impl<S: Waiting, W: Widths> Set<S, W> {
    pub const TICKETS: u32 = 1 << W::TICKET;

    pub fn gate(moment: &Moment) -> Gate<W> {
        Gate::from_bits(moment.words[0])
    }

    pub fn seat(moment: &Moment, seat: u32) -> Sits {
        Sits::of(moment.words[1 + seat as usize])
    }

    pub fn seat_of(&self, ticket: u32) -> u32 {
        ticket & (self.plan.seats - 1)
    }

    /// What only those claim who know how it is made.
    pub fn claim(&self, holds: bool, sentence: impl FnOnce() -> String) -> Result<(), Wrong> {
        match holds || self.plan.claims == Claims::Harm {
            true => Ok(()),
            false => Err(sentence()),
        }
    }

    /// What this access did, by the words alone.
    pub fn account(
        &self,
        moment: &mut Moment,
        number: usize,
        attempt: Attempt,
        access: Access<At>,
    ) -> Result<u64, Wrong> {
        let Access::Swap {
            place,
            seen,
            new,
            won,
        } = access
        else {
            return Ok(0);
        };
        match place {
            At::Gate if !won => Ok(Sight::GateLost.bit()),
            At::Gate => self.gate_changed(moment, number, (Gate::from_bits(seen), Gate::from_bits(new))),
            At::Seat(_) if !won => Ok(Sight::SeatLost.bit()),
            At::Seat(seat) => {
                self.seat_changed(moment, number, attempt, seat, (Sits::of(seen), Sits::of(new)))
            }
            At::Take(seat) if self.takes(moment, number, seat, seen)? => Ok(0),
            At::Register(seat) | At::Take(seat) => {
                let thread = &moment.threads[number];
                let mine = thread.claimed.map(|ticket| self.seat_of(ticket));
                self.claim(mine == Some(seat), || {
                    "touches the waker of a seat that is not his".into()
                })?;
                self.claim(seen == 0 || seen == thread.waker(number), || {
                    "takes somebody else's waker out".into()
                })?;
                Ok(0)
            }
            At::Wake(waker) => self.wakes(moment, number, waker),
        }
    }

    /// Takes the waker out of who was given a place, if that is what it does.
    fn takes(&self, moment: &mut Moment, number: usize, seat: u32, seen: u32) -> Result<bool, Wrong> {
        let gift = moment.threads[number].gift.as_mut();
        let Some(gift) = gift.filter(|gift| self.seat_of(gift.ticket) == seat && gift.taken.is_none()) else {
            return Ok(false);
        };
        gift.taken = Some(seen);
        let own = seen == 0 || seen == gift.waker;
        self.claim(own, || {
            "takes the waker of somebody else than who was given the place".into()
        })?;
        Ok(true)
    }

    fn wakes(&self, moment: &mut Moment, number: usize, waker: u32) -> Result<u64, Wrong> {
        let gift = moment.threads[number].gift.take();
        let gives = gift.is_some_and(|gift| gift.taken == Some(waker));
        self.claim(gives, || "wakes, and has given nobody a place".into())?;
        self.claim(gift.is_some_and(|gift| gift.done), || {
            "wakes, and is not done with the seat".into()
        })?;
        let woken = (0..THREADS).find(|&other| moment.threads[other].waker(other) == waker);
        let Some(thread) = woken.map(|other| &mut moment.threads[other]) else {
            return Ok(Sight::WokeNobody.bit());
        };
        thread.woken = true;
        Ok(Sight::WokeSleeper.when(thread.asleep))
    }

    /// The giver is done with the seat; and altogether, if there is nobody to wake.
    fn done(&self, moment: &mut Moment, number: usize, its: u32) -> Result<u64, Wrong> {
        let thread = &mut moment.threads[number];
        let gift = thread
            .gift
            .filter(|gift| gift.ticket == its && gift.taken.is_some());
        self.claim(gift.is_some(), || {
            "is done with the waker, and has not taken it out".into()
        })?;
        thread.gift = thread.gift.filter(|gift| gift.taken != Some(0));
        if let Some(gift) = &mut thread.gift {
            gift.done = true;
        }
        Ok(0)
    }

    fn gate_changed(
        &self,
        moment: &mut Moment,
        number: usize,
        (was, is): (Gate<W>, Gate<W>),
    ) -> Result<u64, Wrong> {
        let mut sights = 0;
        let head = was.head().number();
        let advanced = is.head().number().wrapping_sub(head) & (Self::TICKETS - 1);
        let popped = advanced == 1 && is.length() + 1 == was.length();
        let (inside, before) = (is.in_flight(), was.in_flight());
        if inside > before && inside > is.limit() {
            return Err(format!("{inside} are inside, of at most {}", is.limit()));
        }
        self.claim(is.length() == 0 || inside >= is.limit(), || {
            "places are free, and somebody is in the queue".into()
        })?;
        self.claim(is.length() <= self.plan.seats, || {
            "more tickets than seats".into()
        })?;
        let resizes = matches!(moment.threads[number].op, Some(Op::Resize(_)));
        self.claim(is.limit() == was.limit() || resizes, || {
            "the limit is changed by who does not resize".into()
        })?;
        sights |= Sight::LoweredBelow.when(is.limit() < was.limit() && is.limit() < inside);
        sights |= Sight::RaisedFree.when(is.limit() > was.limit() && !popped);
        sights |= Sight::LeftAboveLimit.when(inside < before && before > was.limit());
        let thread = &mut moment.threads[number];
        thread.places = thread.places.wrapping_add(inside).wrapping_sub(before);
        let places = thread.places as i32;
        self.claim(places >= 0, || "gives a place back that he has not".into())?;
        if popped {
            let position = moment.heads;
            moment.heads = moment.heads.wrapping_add(1);
            if thread.closed == Some(head) {
                self.claim(inside == before, || "trims, and changes what is inside".into())?;
                return Ok(sights | Sight::TrimmedHead.bit());
            }
            self.claim(places > 0 && thread.in_hand.is_none(), || {
                "takes the head out without a place in hand, or holding its seat closed".into()
            })?;
            if inside > is.limit() {
                return Err(format!(
                    "a place is passed on, and {inside} are inside, of at most {}",
                    is.limit()
                ));
            }
            thread.in_hand = Some((head, position));
            return Ok(sights);
        }
        self.claim(advanced == 0, || "the head moves, and nobody is taken out".into())?;
        if is.length() + 1 == was.length() {
            let last = was.last().number();
            self.claim(thread.closed == Some(last), || {
                "takes the last out without holding its seat closed".into()
            })?;
            return Ok(sights | Sight::TrimmedLast.bit());
        }
        if is.length() == was.length() + 1 {
            return Ok(sights | self.joined(moment, number, was));
        }
        self.claim(is.length() == was.length(), || "the queue jumps".into())?;
        if inside > before {
            self.claim(was.length() == 0, || "enters past a queue".into())?;
            self.overtakes(moment, number, None)?;
        }
        Ok(sights)
    }

    /// A ticket has come into the queue: whose?
    fn joined(&self, moment: &mut Moment, number: usize, was: Gate<W>) -> u64 {
        let next = was.next().number();
        let position = moment.heads.wrapping_add(was.length() as u8);
        let sits = Self::seat(moment, self.seat_of(next)) == Sits::Waiting(next);
        match self.owner(moment, next).filter(|_| sits) {
            Some(owner) => {
                moment.threads[owner].position = Some(position);
                Sight::Helped.when(owner != number)
            }
            None => Sight::HoleMade.bit(),
        }
    }

    /// Whose seat it is.
    pub fn owner(&self, moment: &Moment, ticket: u32) -> Option<usize> {
        (0..THREADS).find(|&number| moment.threads[number].claimed == Some(ticket))
    }

    /// Somebody gets in; those who were in the queue before he began have their places, or somebody has them in hand.
    fn overtakes(&self, moment: &Moment, number: usize, but: Option<usize>) -> Result<(), Wrong> {
        let behind = moment.threads[number].behind;
        for other in (0..THREADS).filter(|other| behind & 1 << other != 0 && !moment.aliased) {
            let position = moment.threads[other].position;
            let called = (0..THREADS).any(|giver| {
                Some(giver) != but
                    && position.is_some()
                    && moment.threads[giver].in_hand.map(|(_, position)| position) == position
            });
            if !called {
                return Err(format!("{} overtakes {}", NAMES[number], NAMES[other]));
            }
        }
        Ok(())
    }

    /// It waits no more.
    fn waits_no_more(moment: &mut Moment, number: usize) {
        moment.threads[number].position = None;
        for thread in &mut moment.threads {
            thread.behind &= !(1 << number);
        }
    }

    fn seat_changed(
        &self,
        moment: &mut Moment,
        number: usize,
        attempt: Attempt,
        seat: u32,
        (was, is): (Sits, Sits),
    ) -> Result<u64, Wrong> {
        let thread = &mut moment.threads[number];
        let sights = match (was, is) {
            (Sits::Free, Sits::Waiting(its)) if self.seat_of(its) == seat => {
                self.claim(thread.claimed.is_none(), || "claims a second seat".into())?;
                thread.claimed = Some(its);
                return Ok(self.claimed(moment, number, its));
            }
            (Sits::Waiting(its), Sits::Free) if thread.claimed == Some(its) => {
                thread.claimed = None;
                let gives_up = thread.gives_up;
                Self::waits_no_more(moment, number);
                Sight::CancelledWaiting.when(gives_up) | Sight::Withdrawn.when(!gives_up)
            }
            (Sits::Waiting(its), Sits::Waking(waking)) if its == waking => {
                return self.given(moment, number, its);
            }
            (Sits::Waking(its), Sits::Granted(granted)) if its == granted => {
                return self.done(moment, number, its);
            }
            (Sits::Waking(its), Sits::Gone(gone)) if its == gone && thread.claimed == Some(its) => {
                (thread.claimed, thread.places) = (None, thread.places.wrapping_add(1));
                Sight::Gone.bit()
            }
            (Sits::Granted(its), Sits::Free) if thread.claimed == Some(its) => {
                (thread.claimed, thread.places) = (None, thread.places.wrapping_add(1));
                Sight::Collected.bit()
            }
            (Sits::Gone(its), Sits::Free) => self.done(moment, number, its)?,
            (Sits::Free, Sits::Closed(its)) if self.seat_of(its) == seat => {
                let tidies =
                    matches!(attempt, Attempt::Step(Step::Trim(_) | Step::Arrive)) && thread.closed.is_none();
                self.claim(tidies, || "closes a seat, and does not trim".into())?;
                thread.closed = Some(its);
                0
            }
            (Sits::Closed(its), Sits::Free) if thread.closed == Some(its) => {
                thread.closed = None;
                0
            }
            _ => {
                self.claim(false, || {
                    format!("a seat goes from {was:?} to {is:?}, where that is not his to do")
                })?;
                0
            }
        };
        let cell = moment.words[1 + SEATS + seat as usize];
        self.claim(is != Sits::Free || cell == 0, || {
            "a seat is free, and there is a waker in it".into()
        })?;
        Ok(sights)
    }

    /// A seat was claimed: under a ticket that comes next, that is a hole in the queue, or that somebody has in hand.
    fn claimed(&self, moment: &mut Moment, number: usize, its: u32) -> u64 {
        let gate = Self::gate(moment);
        let nth = its.wrapping_sub(gate.head().number()) & (Self::TICKETS - 1);
        let in_hand = (0..THREADS).filter(|&other| other != number);
        let mut in_hand = in_hand.filter_map(|other| moment.threads[other].in_hand);
        let in_hand = in_hand.find(|(in_hand, _)| *in_hand == its);
        let (position, sights) = match in_hand {
            _ if nth < gate.length() => (Some(moment.heads.wrapping_add(nth as u8)), Sight::ClaimedHole),
            Some((_, position)) => (Some(position), Sight::ClaimedInHand),
            None => return 0,
        };
        moment.threads[number].position = position;
        sights.bit()
    }

    /// A place was given to whoever waits under a ticket.
    fn given(&self, moment: &mut Moment, number: usize, its: u32) -> Result<u64, Wrong> {
        let mut sights = 0;
        let in_hand = moment.threads[number].in_hand;
        let Some(owner) = self.owner(moment, its) else {
            return self.claim(false, || "gives a place to nobody".into()).map(|()| 0);
        };
        let place = in_hand.is_some() && moment.threads[number].places as i32 > 0;
        self.claim(place, || "gives a place that he has not in hand".into())?;
        let position = moment.threads[owner].position;
        let called = in_hand.map(|(_, position)| position);
        if position != called {
            let apart = position
                .zip(called)
                .map(|(position, called)| position.wrapping_sub(called));
            let alias = apart.is_some_and(|apart| u32::from(apart) % Self::TICKETS == 0);
            let its_own = in_hand.is_some_and(|(in_hand, _)| in_hand == its);
            self.claim(its_own && (alias || moment.aliased), || {
                format!("a place that is for {called:?} is given to {position:?}, out of turn")
            })?;
            moment.aliased |= its_own;
            sights |= Sight::Aliased.when(its_own);
        }
        self.overtakes(moment, owner, Some(number))?;
        Self::waits_no_more(moment, owner);
        let to = &moment.threads[owner];
        sights |= Sight::GivenToSleeper.when(to.asleep) | Sight::GivenToWakeful.when(!to.asleep);
        let waker = to.waker(owner);
        let thread = &mut moment.threads[number];
        thread.places = thread.places.wrapping_sub(1);
        thread.in_hand = None;
        thread.gift = Some(Gift {
            ticket: its,
            waker,
            taken: None,
            done: false,
        });
        Ok(sights)
    }
}

pub const NAMES: [&str; THREADS + 1] = ["A", "B", "C", "D", "the last"];
