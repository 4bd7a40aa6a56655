//! The queue: one behaviour at a time, with futures polled by hand.

pub mod model;
mod pair;
mod properties;
mod wakers;

use core::task::Poll;
use std::sync::Arc;
use std::thread;

use watertight::bulkhead::{InvalidLimit, Stats, Waiting};
use watertight::{Reason, Rejected, RetryAfter, Share, Slot};

use crate::hands::{Woken, glance, poll};

fn given<T>(answer: Poll<Result<T, Rejected>>) -> T {
    match answer {
        Poll::Ready(Ok(slot)) => slot,
        Poll::Ready(Err(refusal)) => panic!("{refusal}"),
        Poll::Pending => panic!("still waiting"),
    }
}

fn refused<T>(answer: Poll<Result<T, Rejected>>) -> Rejected {
    match answer {
        Poll::Ready(Err(refusal)) => refusal,
        Poll::Ready(Ok(_)) => panic!("let in"),
        Poll::Pending => panic!("still waiting"),
    }
}

#[test]
fn who_finds_a_place_does_not_wait() {
    let room = Waiting::<2>::new(1);
    let mut enter = room.enter();
    assert_eq!(
        (room.in_flight(), room.waiting()),
        (0, 0),
        "nothing before the first poll"
    );
    let slot = given(glance(&mut enter));
    assert_eq!((slot.places(), room.in_flight(), room.waiting()), (1, 1, 0));
    drop(enter);
    assert_eq!(room.in_flight(), 1, "the future has done its part");
    slot.leave();
    assert_eq!(room.in_flight(), 0);
}

#[test]
fn places_go_to_those_who_wait_in_the_order_in_which_they_came() {
    static ROOM: Waiting<4> = Waiting::new(1);
    let inside = ROOM.try_enter().unwrap();
    let (mut made_first, mut first, mut second) = (ROOM.enter(), ROOM.enter(), ROOM.enter());
    let woken = [Woken::new(), Woken::new(), Woken::new()];
    let times = || woken.each_ref().map(|woken| woken.times());
    assert!(poll(&mut first, &woken[0]).is_pending());
    assert!(poll(&mut second, &woken[1]).is_pending());
    assert!(
        poll(&mut made_first, &woken[2]).is_pending(),
        "first come is who was first polled"
    );
    assert_eq!(ROOM.waiting(), 3);
    drop(inside);
    assert_eq!(times(), [1, 0, 0]);
    assert_eq!(ROOM.in_flight(), 1, "the place is given, if not taken yet");
    assert_eq!(
        ROOM.try_enter().unwrap_err().reason(),
        Reason::Full,
        "nobody overtakes"
    );
    assert!(poll(&mut second, &woken[1]).is_pending());
    drop(given(poll(&mut first, &woken[0])));
    assert_eq!(times(), [1, 1, 0]);
    drop(given(poll(&mut second, &woken[1])));
    drop(given(poll(&mut made_first, &woken[2])));
    assert_eq!(times(), [1, 1, 1], "once for each place");
    assert_eq!((ROOM.in_flight(), ROOM.waiting()), (0, 0));
}

#[test]
fn nobody_overtakes_where_a_place_is_free_for_who_waits() {
    // Given, and not taken yet; and somebody behind.
    let room = Waiting::<4>::new(1);
    let inside = room.try_enter().unwrap();
    let (mut first, mut second) = (room.enter(), room.enter());
    assert!(glance(&mut first).is_pending());
    assert!(glance(&mut second).is_pending());
    drop(inside);
    let mut late = room.enter();
    assert!(glance(&mut late).is_pending(), "queues up behind them");
    for share in [Share::ALL, Share::percent(1)] {
        assert!(room.try_enter_as(share, 1).is_err());
    }
    drop(given(glance(&mut first)));
    assert!(glance(&mut late).is_pending());
    drop(given(glance(&mut second)));
    given(glance(&mut late)).leave();
}

#[test]
fn who_gives_up_leaves_the_queue_and_wakes_nobody() {
    let room = Waiting::<4>::new(1);
    let inside = room.try_enter().unwrap();
    let woken = [Woken::new(), Woken::new()];
    let mut first = Box::new(room.enter());
    let mut second = room.enter();
    assert!(poll(&mut *first, &woken[0]).is_pending());
    assert!(poll(&mut second, &woken[1]).is_pending());
    drop(first);
    assert_eq!(room.waiting(), 1);
    assert_eq!(Arc::strong_count(&woken[0]), 1, "nor keeps his waker");
    drop(inside);
    assert_eq!([woken[0].times(), woken[1].times()], [0, 1]);
    given(glance(&mut second)).leave();
}

#[test]
fn who_gives_up_with_a_place_passes_it_on() {
    let room = Waiting::<2>::new(1);
    let inside = room.try_enter().unwrap();
    let (woken, mut first, mut second) = (Woken::new(), Box::new(room.enter()), room.enter());
    assert!(glance(&mut *first).is_pending());
    assert!(poll(&mut second, &woken).is_pending());
    drop(inside);
    assert_eq!(woken.times(), 0);
    drop(first);
    assert_eq!((woken.times(), room.in_flight()), (1, 1));
    drop(given(glance(&mut second)));
    // And if nobody waits, it is free.
    let inside = room.try_enter().unwrap();
    let mut last = room.enter();
    assert!(glance(&mut last).is_pending());
    drop(inside);
    drop(last);
    assert_eq!((room.in_flight(), room.waiting()), (0, 0));
}

#[test]
fn a_full_waiting_room_refuses_at_once() {
    let room = Waiting::<2, Stats>::with_stats(1, Stats::new());
    let inside = room.try_enter().unwrap();
    let (mut first, mut second, mut third) = (room.enter(), room.enter(), room.enter());
    assert!(glance(&mut first).is_pending());
    assert!(glance(&mut second).is_pending());
    let refusal = refused(glance(&mut third));
    assert_eq!(
        (refusal.reason(), refusal.retry_after()),
        (Reason::RoomFull, RetryAfter::OnRelease(None))
    );
    assert_eq!(room.statistics().refused(Reason::RoomFull), 1);
    // A seat is taken until its place is fetched, too.
    drop(inside);
    assert_eq!(room.waiting(), 1);
    assert_eq!(refused(glance(&mut room.enter())).reason(), Reason::RoomFull);
    let slot = given(glance(&mut first));
    let mut fourth = room.enter();
    assert!(glance(&mut fourth).is_pending());
    assert_eq!(room.statistics().refused(Reason::RoomFull), 2);
    drop((second, fourth, slot));
    assert_eq!((room.in_flight(), room.waiting()), (0, 0));
}

#[test]
fn the_seat_between_two_who_wait_is_free_when_those_before_it_have_given_up() {
    let room = Waiting::<4>::new(0);
    let mut waiting: Vec<_> = (0..4).map(|_| room.enter()).collect();
    for enter in &mut waiting {
        assert!(glance(enter).is_pending());
    }
    drop(waiting.remove(1));
    assert_eq!(room.waiting(), 3);
    assert_eq!(refused(glance(&mut room.enter())).reason(), Reason::RoomFull);
    drop(waiting.remove(0));
    assert_eq!(room.waiting(), 2);
    let (mut next, mut after) = (room.enter(), room.enter());
    assert!(glance(&mut next).is_pending() && glance(&mut after).is_pending());
    // And those at the end at once.
    drop(next);
    drop(after);
    assert_eq!(room.waiting(), 2);
}

#[test]
fn polled_again_after_it_was_ready_it_is_pending_for_ever() {
    let room = Waiting::<1>::new(1);
    let (mut enter, woken) = (room.enter(), Woken::new());
    let slot = given(glance(&mut enter));
    for _ in 0..3 {
        assert!(poll(&mut enter, &woken).is_pending());
    }
    assert_eq!((room.in_flight(), room.waiting()), (1, 0));
    let mut waits = room.enter();
    assert!(glance(&mut waits).is_pending());
    let mut no_seat = room.enter();
    refused(glance(&mut no_seat));
    slot.leave();
    given(glance(&mut waits)).leave();
    assert!(
        poll(&mut no_seat, &woken).is_pending(),
        "a refusal is an answer, too"
    );
    assert!(poll(&mut waits, &woken).is_pending());
    drop((enter, waits, no_seat));
    assert_eq!((room.in_flight(), room.waiting(), woken.times()), (0, 0, 0));
    assert_eq!(Arc::strong_count(&woken), 1);
}

#[test]
fn with_a_limit_of_nothing_it_waits_until_that_is_raised() {
    let room = Waiting::<2>::new(0);
    let never = room.try_enter().unwrap_err();
    assert_eq!(
        (never.reason(), never.retry_after()),
        (Reason::MoreThanLimit, RetryAfter::Never)
    );
    let woken = [Woken::new(), Woken::new()];
    let (mut first, mut second) = (room.enter(), room.enter());
    assert!(poll(&mut first, &woken[0]).is_pending());
    assert!(poll(&mut second, &woken[1]).is_pending());
    room.resize(1).unwrap();
    assert_eq!([woken[0].times(), woken[1].times()], [1, 0]);
    let slot = given(glance(&mut first));
    room.resize(3).unwrap();
    assert_eq!([woken[0].times(), woken[1].times()], [1, 1]);
    let other = given(glance(&mut second));
    assert_eq!((room.limit(), room.in_flight()), (3, 2));
    drop((slot, other));
}

#[test]
fn a_lower_limit_relieves_at_once_and_passes_no_place_on_before_it_holds() {
    let room = Waiting::<2>::new(3);
    let mut inside: Vec<_> = (0..3).map(|_| room.try_enter().unwrap()).collect();
    let (mut first, woken) = (room.enter(), Woken::new());
    assert!(poll(&mut first, &woken).is_pending());
    room.resize(1).unwrap();
    assert_eq!((room.limit(), room.in_flight()), (1, 3));
    for left in [2, 1] {
        inside.pop();
        assert_eq!((room.in_flight(), woken.times()), (left, 0));
    }
    inside.pop();
    assert_eq!((room.in_flight(), woken.times()), (1, 1));
    given(glance(&mut first)).leave();
}

#[test]
fn a_heavy_call_gives_its_places_to_as_many_who_wait() {
    let room = Waiting::<4>::new(3);
    let heavy = room.try_enter_many(3).unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| (room.enter(), Woken::new())).collect();
    for (enter, woken) in &mut waiting {
        assert!(poll(enter, woken).is_pending());
    }
    drop(heavy);
    let times: Vec<_> = waiting.iter().map(|(_, woken)| woken.times()).collect();
    assert_eq!(times, [1, 1, 1, 0]);
    assert_eq!((room.in_flight(), room.waiting()), (3, 1));
}

#[test]
fn shares_and_owned_slots_are_as_in_a_bulkhead_alone() {
    let room = Arc::new(Waiting::<2>::new(10));
    let half = Share::percent(50);
    let five = Waiting::try_enter_owned_as(Arc::clone(&room), half, 5).unwrap();
    assert_eq!(
        room.try_enter_as(half, 1).unwrap_err().reason(),
        Reason::ShareFull
    );
    assert_eq!(
        room.try_enter_as(half, 6).unwrap_err().reason(),
        Reason::MoreThanLimit
    );
    let one = Waiting::try_enter_owned(Arc::clone(&room)).unwrap();
    let four = room.try_enter_many(4).unwrap();
    assert_eq!(room.try_enter_many(1).unwrap_err().reason(), Reason::Full);
    drop((one, four));
    thread::spawn(move || drop(five)).join().unwrap();
    assert_eq!(room.in_flight(), 0);
}

#[test]
fn an_owned_wait_goes_to_another_thread() {
    let room = Arc::new(Waiting::<2>::new(1));
    let inside = Waiting::try_enter_owned(Arc::clone(&room)).unwrap();
    let (mut enter, woken) = (Waiting::enter_owned(Arc::clone(&room)), Woken::new());
    assert!(poll(&mut enter, &woken).is_pending());
    thread::spawn(move || drop(inside)).join().unwrap();
    assert_eq!(woken.times(), 1);
    let slot: Slot<Arc<Waiting<2>>> = thread::spawn(move || given(glance(&mut enter))).join().unwrap();
    assert_eq!((room.in_flight(), slot.places()), (1, 1));
    drop(room);
    drop(slot);
}

#[test]
fn a_forgotten_wait_costs_a_seat_and_a_place_and_no_more() {
    let room = Waiting::<2>::new(1);
    let inside = room.try_enter().unwrap();
    let mut forgotten = room.enter();
    assert!(glance(&mut forgotten).is_pending());
    core::mem::forget(forgotten);
    let (mut next, woken) = (room.enter(), Woken::new());
    assert!(poll(&mut next, &woken).is_pending());
    drop(inside);
    // It was his turn.
    assert_eq!((room.in_flight(), woken.times()), (1, 0));
    room.resize(2).unwrap();
    assert_eq!(woken.times(), 1);
    let slot = given(glance(&mut next));
    // One seat is left, and works: through more turns than there are numbers.
    for _ in 0..150 {
        let mut enter = room.enter();
        assert!(glance(&mut enter).is_pending());
        assert_eq!(refused(glance(&mut room.enter())).reason(), Reason::RoomFull);
    }
    let mut last = room.enter();
    assert!(glance(&mut last).is_pending());
    slot.leave();
    given(glance(&mut last)).leave();
}

#[test]
fn a_limit_is_at_most_1023() {
    for wrong in [1_024, 2_000, u16::MAX] {
        assert_eq!(Waiting::<1>::try_new(wrong).unwrap_err(), InvalidLimit);
        assert!(Waiting::<1, Stats>::try_with_stats(wrong, Stats::new()).is_err());
    }
    let sentence = "the limit of a bulkhead with waiters is at most 1023";
    assert_eq!(InvalidLimit.to_string(), sentence);
    let room = Waiting::<1>::try_new(1_023).unwrap();
    let all = room.try_enter_many(1_023).unwrap();
    assert_eq!(room.try_enter().unwrap_err().reason(), Reason::Full);
    assert_eq!(room.resize(1_024), Err(InvalidLimit));
    assert_eq!(room.limit(), 1_023, "nothing is changed");
    drop(all);
    let panicked = std::panic::catch_unwind(|| Waiting::<1>::new(1_024)).unwrap_err();
    let said = panicked.downcast_ref::<String>().map(String::as_str);
    assert_eq!(said.or(panicked.downcast_ref().copied()), Some(sentence));
}

#[test]
fn a_waiting_room_shows_how_many_are_where() {
    let room = Waiting::<2>::new(1);
    let inside = room.try_enter().unwrap();
    let mut enter = room.enter();
    assert_eq!(format!("{enter:?}"), "Enter { queued: false, .. }");
    assert!(glance(&mut enter).is_pending());
    assert_eq!(format!("{enter:?}"), "Enter { queued: true, .. }");
    assert_eq!(
        format!("{room:?}"),
        "Waiting { limit: 1, in_flight: 1, waiting: 1, .. }"
    );
    assert_eq!(format!("{inside:?}"), "Slot { places: 1, .. }");
}

#[test]
fn a_room_that_looks_full_is_trimmed_by_who_finds_it_so() {
    let room = Waiting::<4>::new(1);
    let inside = room.try_enter().unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| room.enter()).collect();
    for enter in &mut waiting {
        assert!(glance(enter).is_pending());
    }
    // What the second leaves behind is at the head once the first has his place.
    drop(waiting.remove(1));
    drop(inside);
    let _slot = given(glance(&mut waiting[0]));
    let (mut next, mut after) = (room.enter(), room.enter());
    assert!(glance(&mut next).is_pending() && glance(&mut after).is_pending());
    assert_eq!(room.waiting(), 4);
    assert_eq!(refused(glance(&mut room.enter())).reason(), Reason::RoomFull);
}
