//! The public API with its own words and wakers, and futures that a loom thread waits for.

use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread::spawn;
use watertight::bulkhead::Waiting;

use crate::caller::Bell;
use crate::common::{State, model};
use crate::room::{BOUND, FORGOTTEN};

/// One at a time: two wait with their threads until the first leaves. If a wake-up is lost, loom says "deadlock".
fn one_after_the_other([both]: [State; 1]) {
    let bulkhead = Arc::new(Waiting::<2>::new(1));
    let kept = Arc::new(UnsafeCell::new(0));
    let slot = Waiting::try_enter_owned(bulkhead.clone()).expect("nobody is inside");
    let waiting = [(); 2].map(|()| {
        let (bulkhead, kept) = (bulkhead.clone(), kept.clone());
        spawn(move || {
            let _slot = block_on(bulkhead.enter()).expect("there are two seats");
            kept.with_mut(|_| ());
        })
    });
    kept.with_mut(|_| ());
    drop(slot);
    waiting.into_iter().for_each(|waiting| waiting.join().unwrap());
    both.seen();
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (0, 0));
}

/// A future that waits is dropped, or forgotten, while the place comes free; another waits behind it.
fn dropped([waited, free]: [State; 2], forget: bool) {
    let bulkhead = Arc::new(Waiting::<2>::new(1));
    let slot = Waiting::try_enter_owned(bulkhead.clone()).expect("nobody is inside");
    let mut first = Box::pin(Waiting::enter_owned(bulkhead.clone()));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    let giving_up = spawn(move || match forget {
        true => mem::forget(first),
        false => drop(first),
    });
    let bell = Arc::new(Bell::default());
    let waiting = {
        let (bulkhead, waker) = (bulkhead.clone(), Waker::from(bell.clone()));
        spawn(move || {
            let mut second = Box::pin(Waiting::enter_owned(bulkhead));
            let polled = second.as_mut().poll(&mut Context::from_waker(&waker));
            (second, polled.is_ready())
        })
    };
    drop(slot);
    giving_up.join().unwrap();
    let (mut second, ready) = waiting.join().unwrap();
    if ready {
        free.seen();
    } else {
        waited.seen();
        assert_eq!(bell.rings(), 1, "{FORGOTTEN}");
        let polled = second.as_mut().poll(&mut context);
        assert!(polled.is_ready(), "{FORGOTTEN}");
    }
    drop(second);
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (0, 0));
}

/// A limit that is raised, for one who waits.
fn raised([waited]: [State; 1]) {
    let bulkhead = Arc::new(Waiting::<1>::new(0));
    let waiting = {
        let bulkhead = bulkhead.clone();
        spawn(move || {
            let mut future = pin!(bulkhead.enter());
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(slot) = future.as_mut().poll(&mut context) {
                drop(slot.expect("there is a seat"));
                return;
            }
            waited.seen();
            drop(block_on(future).expect("it waits"));
        })
    };
    bulkhead.resize(1).expect("at most 1023");
    waiting.join().unwrap();
    assert_eq!((bulkhead.in_flight(), bulkhead.waiting()), (0, 0));
}

#[test]
fn two_threads_wait_one_after_the_other() {
    model("two futures in turn")
        .at_least(19_000, 800)
        .bound(2, BOUND)
        .holds(["both were inside"], one_after_the_other);
}

#[test]
fn a_future_that_is_dropped_was_never_there() {
    model("a future is dropped")
        .at_least(2_200, 230)
        .bound(2, BOUND)
        .holds(["the other waited", "the other entered"], |states| {
            dropped(states, false)
        });
    model("twin: a future is forgotten")
        .bound(2, BOUND)
        .breaks(FORGOTTEN, || dropped(Default::default(), true));
}

#[test]
fn a_limit_that_is_raised_wakes() {
    model("a limit is raised")
        .at_least(1_100, 180)
        .bound(3, BOUND)
        .holds(["it waited"], raised);
}
