//! Wakers that do more than to count: inside the wake they poll, give up, or come back; and one that panics.

use core::future::Future;
use core::task::{Context, Poll, Waker};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Wake;

use watertight::Slot;
use watertight::bulkhead::{Enter, Waiting};

use crate::hands::{Woken, glance, poll};

type Room = Arc<Waiting<2>>;

/// Does something when it is woken.
struct Doing<F>(F);

impl<F: Fn() + Send + Sync> Wake for Doing<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn poll_with(enter: &mut Enter<Room>, waker: &Waker) -> Poll<Option<Slot<Room>>> {
    Pin::new(enter)
        .poll(&mut Context::from_waker(waker))
        .map(Result::ok)
}

#[test]
fn who_is_polled_within_his_own_wake_has_his_place() {
    let room: Room = Arc::new(Waiting::new(1));
    let inside = room.try_enter().unwrap();
    let enter = Arc::new(Mutex::new(Waiting::enter_owned(Arc::clone(&room))));
    let taken = Arc::new(Mutex::new(None));
    let waker = {
        let (enter, taken) = (Arc::downgrade(&enter), Arc::clone(&taken));
        Waker::from(Arc::new(Doing(move || {
            let enter = enter.upgrade().expect("it waits");
            let answer = glance(&mut *enter.lock().unwrap());
            *taken.lock().unwrap() = match answer {
                Poll::Ready(Ok(slot)) => Some(slot),
                answer => panic!("{answer:?}"),
            };
        })))
    };
    assert!(poll_with(&mut enter.lock().unwrap(), &waker).is_pending());
    drop(inside);
    let slot = taken.lock().unwrap().take().expect("it was polled inside");
    assert_eq!((room.in_flight(), room.waiting()), (1, 0));
    // His seat is free again, and so is the other one.
    let mut next = [room.enter(), room.enter()];
    for enter in &mut next {
        assert!(glance(enter).is_pending());
    }
    drop(slot);
    assert!(glance(&mut next[0]).is_ready());
}

#[test]
fn who_gives_up_within_his_own_wake_passes_the_place_on() {
    let room: Room = Arc::new(Waiting::new(1));
    let inside = room.try_enter().unwrap();
    let enter = Arc::new(Mutex::new(Some(Waiting::enter_owned(Arc::clone(&room)))));
    let waker = {
        let enter = Arc::downgrade(&enter);
        Waker::from(Arc::new(Doing(move || {
            let enter = enter.upgrade().expect("it is there");
            let given_up = enter.lock().unwrap().take();
            drop(given_up);
        })))
    };
    assert!(poll_with(enter.lock().unwrap().as_mut().unwrap(), &waker).is_pending());
    let (mut next, woken) = (room.enter(), Woken::new());
    assert!(poll(&mut next, &woken).is_pending());
    drop(inside);
    assert_eq!((woken.times(), room.in_flight(), room.waiting()), (1, 1, 0));
    assert!(glance(&mut next).is_ready());
    assert_eq!(room.in_flight(), 0);
    let _inside = room.try_enter().unwrap();
    let mut both = [room.enter(), room.enter()];
    for enter in &mut both {
        assert!(glance(enter).is_pending(), "both seats are free");
    }
}

#[test]
fn who_comes_back_within_a_wake_queues_up() {
    let room: Room = Arc::new(Waiting::new(1));
    let inside = room.try_enter().unwrap();
    let again = Arc::new(Mutex::new(None));
    let waker = {
        let (room, again) = (Arc::downgrade(&room), Arc::clone(&again));
        Waker::from(Arc::new(Doing(move || {
            let room = room.upgrade().expect("it is there");
            assert!(room.try_enter().is_err());
            let mut enter = Waiting::enter_owned(room);
            assert!(glance(&mut enter).is_pending());
            *again.lock().unwrap() = Some(enter);
        })))
    };
    let mut first = Waiting::enter_owned(Arc::clone(&room));
    assert!(poll_with(&mut first, &waker).is_pending());
    drop(inside);
    assert_eq!((room.in_flight(), room.waiting()), (1, 1));
    drop(poll_with(&mut first, &waker));
    let mut again = again.lock().unwrap().take().expect("it came again");
    assert!(glance(&mut again).is_ready());
}

#[test]
fn a_wake_that_panics_takes_nothing_from_who_was_woken() {
    let room: Room = Arc::new(Waiting::new(1));
    let inside = room.try_enter().unwrap();
    let waker = Waker::from(Arc::new(Doing(|| panic!("this waker does"))));
    let mut first = Waiting::enter_owned(Arc::clone(&room));
    assert!(poll_with(&mut first, &waker).is_pending());
    catch_unwind(AssertUnwindSafe(|| drop(inside))).expect_err("it goes through");
    assert_eq!(room.in_flight(), 1);
    assert!(glance(&mut first).is_ready());
    assert_eq!((room.in_flight(), room.waiting()), (0, 0));
    // Not even the seat is lost.
    let _inside = room.try_enter().unwrap();
    let mut both = [room.enter(), room.enter()];
    let answers = both.each_mut().map(|enter| glance(enter).is_pending());
    assert_eq!(answers, [true, true]);
}

#[test]
fn a_wake_that_panics_keeps_no_place_of_those_that_are_given_back_together() {
    let room: Room = Arc::new(Waiting::new(3));
    let inside = room.try_enter_many(3).unwrap();
    let waker = Waker::from(Arc::new(Doing(|| panic!("this waker does"))));
    let mut first = Waiting::enter_owned(Arc::clone(&room));
    assert!(poll_with(&mut first, &waker).is_pending());
    catch_unwind(AssertUnwindSafe(|| drop(inside))).expect_err("it goes through");
    assert_eq!(room.in_flight(), 1, "his who was woken");
    assert!(glance(&mut first).is_ready());
    assert_eq!(room.in_flight(), 0);
}
