//! A waiting room and its model, step by step.

use core::task::Poll;
use std::sync::Arc;

use watertight::bulkhead::{Enter, Stats, Waiting};
use watertight::{Rejected, Share, Slot};

use super::model::{Model, Told};
use crate::hands::{Woken, poll};

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Makes a future; owned, if so.
    Make(bool),
    /// The same, and polls it.
    Come(bool),
    /// Polls one of the futures that are still there, ready or not; with a waker of its own, if so.
    Poll(usize, bool),
    /// Drops one of them.
    Drop(usize),
    /// So many places at once, for so many percent; owned, if so.
    Try(u32, u8, bool),
    /// Drops one of the slots.
    Leave(usize),
    Resize(u16),
}

type Room<const N: usize> = Waiting<N, Stats>;

enum Future<'a, const N: usize> {
    Borrowed(Enter<&'a Room<N>>),
    Owned(Enter<Arc<Room<N>>>),
}

#[derive(Debug)]
enum Held<'a, const N: usize> {
    Borrowed(Slot<&'a Room<N>>),
    Owned(Slot<Arc<Room<N>>>),
}

impl<const N: usize> Held<'_, N> {
    fn places(&self) -> u32 {
        match self {
            Self::Borrowed(slot) => slot.places(),
            Self::Owned(slot) => slot.places(),
        }
    }
}

struct Guest<'a, const N: usize> {
    future: Future<'a, N>,
    who: usize,
    /// Which waker it was polled with last.
    waker: Option<usize>,
    is_done: bool,
}

/// What a run has met.
#[derive(Clone, Copy, Debug, Default)]
pub struct Met {
    pub given: u64,
    pub given_up: u64,
    pub passed_on: u64,
    pub room_full: u64,
    pub refused: u64,
    pub holes: u64,
}

struct Pair<'a, const N: usize> {
    room: &'a Arc<Room<N>>,
    model: Model,
    guests: Vec<Guest<'a, N>>,
    slots: Vec<Held<'a, N>>,
    /// Each waker, and how often it is to be woken.
    wakers: Vec<(Arc<Woken>, usize)>,
    came: usize,
    met: Met,
}

impl<'a, const N: usize> Pair<'a, N> {
    fn make(&mut self, owned: bool) {
        let future = if owned {
            Future::Owned(Waiting::enter_owned(Arc::clone(self.room)))
        } else {
            Future::Borrowed(self.room.enter())
        };
        self.guests.push(Guest {
            future,
            who: self.came,
            waker: None,
            is_done: false,
        });
        self.came += 1;
    }

    /// These are woken, with the wakers of their last polls.
    fn given(&mut self, given: &[usize]) {
        for who in given {
            let guest = self.guests.iter().find(|guest| guest.who == *who);
            let waker = guest.and_then(|guest| guest.waker);
            self.wakers[waker.expect("who waits has been polled")].1 += 1;
        }
        self.met.given += given.len() as u64;
    }

    fn poll(&mut self, at: usize, fresh: bool) {
        let guest = &mut self.guests[at];
        if fresh || guest.waker.is_none() {
            guest.waker = Some(self.wakers.len());
            self.wakers.push((Woken::new(), 0));
        }
        let waker = &self.wakers[guest.waker.expect("as above")].0;
        let answer = match &mut guest.future {
            Future::Borrowed(future) => poll(future, waker).map_ok(Held::Borrowed),
            Future::Owned(future) => poll(future, waker).map_ok(Held::Owned),
        };
        let told = if guest.is_done || self.model.waits(guest.who) {
            Told::Wait
        } else if self.model.is_seated(guest.who) {
            self.model.collect(guest.who);
            Told::ComeIn
        } else {
            self.model.come(guest.who)
        };
        guest.is_done |= told != Told::Wait;
        match (told, answer) {
            (Told::Wait, Poll::Pending) => {}
            (Told::ComeIn, Poll::Ready(Ok(slot))) => {
                assert_eq!(slot.places(), 1);
                self.slots.push(slot);
            }
            (Told::RoomFull, Poll::Ready(Err(refusal))) => {
                assert_eq!(refusal.reason(), watertight::Reason::RoomFull);
                assert_eq!(refusal.retry_after(), watertight::RetryAfter::OnRelease(None));
                self.met.room_full += 1;
            }
            (told, answer) => panic!("{told:?}, and not {answer:?}"),
        }
    }

    fn drop(&mut self, at: usize) {
        let guest = self.guests.remove(at);
        let (waits, seated) = (self.model.waits(guest.who), self.model.is_seated(guest.who));
        let given = if waits || seated {
            self.model.give_up(guest.who)
        } else {
            Vec::new()
        };
        drop(guest.future);
        self.met.given_up += u64::from(waits);
        self.met.passed_on += given.len() as u64;
        self.given(&given);
    }

    fn ask(&mut self, places: u32, percent: u8, owned: bool) {
        let room = self.room;
        let share = Share::try_percent(percent).expect("it is one");
        let answer: Result<Held<'a, N>, Rejected> = match (owned, places, percent) {
            (false, 1, 100) => room.try_enter().map(Held::Borrowed),
            (false, _, 100) => room.try_enter_many(places).map(Held::Borrowed),
            (false, ..) => room.try_enter_as(share, places).map(Held::Borrowed),
            (true, 1, 100) => Waiting::try_enter_owned(Arc::clone(room)).map(Held::Owned),
            (true, ..) => Waiting::try_enter_owned_as(Arc::clone(room), share, places).map(Held::Owned),
        };
        let expected = self.model.places.ask(places, percent);
        match answer {
            Ok(slot) => {
                assert_eq!((expected, slot.places()), (Ok(()), places));
                self.slots.push(slot);
            }
            Err(refusal) => {
                assert_eq!(expected, Err((refusal.reason(), refusal.retry_after())));
                self.met.refused += 1;
            }
        }
    }

    fn leave(&mut self, at: usize) {
        let slot = self.slots.swap_remove(at);
        let given = self.model.leave(slot.places().into());
        drop(slot);
        self.given(&given);
    }

    fn resize(&mut self, limit: u16) {
        let answer = self.room.resize(limit);
        assert_eq!(answer.is_err(), limit > 1_023);
        if limit <= 1_023 {
            let given = self.model.resize(limit);
            self.given(&given);
        }
    }

    fn step(&mut self, step: Step) {
        let (guests, slots) = (self.guests.len(), self.slots.len());
        match step {
            Step::Make(owned) => self.make(owned),
            Step::Come(owned) => {
                self.make(owned);
                self.poll(guests, false);
            }
            Step::Poll(which, fresh) if guests > 0 => self.poll(which % guests, fresh),
            Step::Drop(which) if guests > 0 => self.drop(which % guests),
            Step::Try(places, percent, owned) => self.ask(places, percent, owned),
            Step::Leave(which) if slots > 0 => self.leave(which % slots),
            Step::Resize(limit) => self.resize(limit),
            Step::Poll(..) | Step::Drop(_) | Step::Leave(_) => {}
        }
        self.check();
    }

    fn check(&mut self) {
        self.model.places.check(&self.room.statistics());
        assert_eq!(u64::from(self.room.limit()), self.model.places.limit);
        assert_eq!(u64::from(self.room.in_flight()), self.model.places.inside);
        assert_eq!(u64::from(self.room.available()), self.model.places.available());
        assert_eq!(self.room.waiting() as usize, self.model.waiting());
        let wait = self.guests.iter().filter(|guest| self.model.waits(guest.who));
        self.met.holes += u64::from(self.model.holes() > 0);
        let kept: Vec<_> = wait.filter_map(|guest| guest.waker).collect();
        for (number, (woken, times)) in self.wakers.iter().enumerate() {
            assert_eq!(woken.times(), *times, "waker {number} was woken");
            // It is kept for who waits, and for nobody else.
            let clones = usize::from(kept.contains(&number));
            assert_eq!(Arc::strong_count(woken), 1 + clones, "waker {number} is kept");
        }
    }
}

/// Takes all these steps, begins with so many who come and give up, and ends with everybody's going.
pub fn run<const N: usize>(limit: u16, turns: usize, steps: &[Step]) -> Met {
    let room = Arc::new(Room::<N>::try_with_stats(limit, Stats::new()).expect("so many are allowed"));
    let mut pair = Pair {
        room: &room,
        model: Model::new(limit, N),
        guests: Vec::new(),
        slots: Vec::new(),
        wakers: Vec::new(),
        came: 0,
        met: Met::default(),
    };
    pair.step(Step::Resize(0));
    for _ in 0..turns {
        pair.step(Step::Come(false));
        pair.step(Step::Drop(0));
    }
    pair.step(Step::Resize(limit));
    for step in steps {
        pair.step(*step);
    }
    while !pair.guests.is_empty() {
        pair.step(Step::Drop(pair.guests.len() / 2));
    }
    while !pair.slots.is_empty() {
        pair.step(Step::Leave(0));
    }
    // All chairs are free.
    pair.step(Step::Resize(0));
    for _ in 0..N {
        pair.step(Step::Come(true));
    }
    assert_eq!(pair.model.waiting(), N);
    while !pair.guests.is_empty() {
        pair.step(Step::Drop(0));
    }
    assert_eq!((room.in_flight(), room.waiting()), (0, 0));
    assert_eq!(Arc::strong_count(&room), 1);
    pair.met
}
