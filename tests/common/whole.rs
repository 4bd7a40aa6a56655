//! That a waiting room has lost nothing, and kept nothing.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use watertight::Reason;
use watertight::bulkhead::{Enter, Keep, Waiting};

/// Nobody is inside, nobody waits, and all its places and seats can be taken, and are given on in order.
pub fn assert_whole<const N: usize, S: Keep>(room: &Waiting<N, S>) {
    assert_eq!((room.in_flight(), room.waiting()), (0, 0), "somebody is left");
    let mut context = Context::from_waker(Waker::noop());
    let mut poll = |wait: &mut Enter<_>| Future::poll(Pin::new(wait), &mut context);

    let mut inside: Vec<_> = (0..room.limit()).map(|_| room.try_enter()).collect();
    assert!(inside.iter().all(Result::is_ok), "a place is lost: {room:?}");
    let mut waiting: Vec<_> = (0..N).map(|_| room.enter()).collect();
    for wait in &mut waiting {
        assert!(
            poll(wait).is_pending(),
            "a seat is lost, or a place too many: {room:?}"
        );
    }
    let Poll::Ready(Err(refusal)) = poll(&mut room.enter()) else {
        panic!("a seat too many: {room:?}");
    };
    assert_eq!(refusal.reason(), Reason::RoomFull);

    for wait in &mut waiting {
        drop(inside.pop());
        let Poll::Ready(answer) = poll(wait) else {
            panic!("passed over: {room:?}");
        };
        inside.insert(0, answer);
    }
    drop(inside);
    assert_eq!((room.in_flight(), room.waiting()), (0, 0));
}
