//! The queue, one step at a time: futures polled by hand.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use watertight::bulkhead::Waiting;
use watertight::{Micros, Reason};

/// Counts how often it was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counted() -> (Arc<Woken>, Waker) {
    let woken = Arc::new(Woken::default());
    (woken.clone(), Waker::from(woken))
}

#[test]
fn places_go_to_those_who_wait_in_the_order_in_which_they_came() {
    static ROOM: Waiting<4> = Waiting::new(1);
    let inside = ROOM.try_enter().unwrap();
    let (mut first, mut second) = (pin!(ROOM.enter()), pin!(ROOM.enter()));
    let ((woken_first, waker_first), (woken_second, waker_second)) = (counted(), counted());
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(&waker_first))
            .is_pending()
    );
    assert!(
        second
            .as_mut()
            .poll(&mut Context::from_waker(&waker_second))
            .is_pending()
    );
    assert_eq!(ROOM.waiting(), 2);
    drop(inside);
    assert_eq!(
        (
            woken_first.0.load(Ordering::Relaxed),
            woken_second.0.load(Ordering::Relaxed)
        ),
        (1, 0)
    );
    assert_eq!(ROOM.try_enter().unwrap_err().reason(), Reason::Full);
    assert!(
        second
            .as_mut()
            .poll(&mut Context::from_waker(&waker_second))
            .is_pending()
    );
    let Poll::Ready(Ok(slot)) = first.as_mut().poll(&mut Context::from_waker(&waker_first)) else {
        panic!("it was given a place");
    };
    drop(slot);
    assert_eq!(
        (
            woken_first.0.load(Ordering::Relaxed),
            woken_second.0.load(Ordering::Relaxed)
        ),
        (1, 1)
    );
    assert!(
        second
            .as_mut()
            .poll(&mut Context::from_waker(&waker_second))
            .is_ready()
    );
    assert_eq!((ROOM.in_flight(), ROOM.waiting()), (0, 0));
}

#[test]
fn who_is_dropped_with_a_place_passes_it_on() {
    let room = Waiting::<2>::new(1);
    let inside = room.try_enter().unwrap();
    let (_, waker) = counted();
    let mut context = Context::from_waker(&waker);
    let mut first = Box::pin(room.enter());
    let mut second = Box::pin(room.enter());
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    let mut third = Box::pin(room.enter());
    let Poll::Ready(Err(refusal)) = third.as_mut().poll(&mut context) else {
        panic!("the room is full");
    };
    assert_eq!(refusal.reason(), Reason::RoomFull);
    drop(inside);
    drop(first);
    assert!(second.as_mut().poll(&mut context).is_ready());
}

#[test]
fn a_thread_waits_for_so_long_and_no_longer() {
    let room = Waiting::<2>::new(1);
    let inside = room.try_enter().unwrap();
    assert_eq!(
        room.enter_blocking(Micros::from_millis(5)).unwrap_err().reason(),
        Reason::Full
    );
    assert_eq!(room.waiting(), 0);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| room.enter_blocking(Micros::MAX).map(drop));
        while room.waiting() == 0 {
            std::thread::yield_now();
        }
        drop(inside);
        assert_eq!(other.join().unwrap(), Ok(()));
    });
}
