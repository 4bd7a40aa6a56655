//! Calls, futures and permits: every way in which one ends.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use watertight::breaker::At;
use watertight::{Clock, Error, RetryAfter};

use super::common::{micros, secs};
use super::*;

#[test]
fn a_call_maps_its_result_and_its_panic_to_an_outcome() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    assert_eq!(breaker.call(|| Ok::<_, ()>(7)), Ok(7));
    assert_eq!(breaker.call(|| Err::<(), _>("no")), Err(Error::Inner("no")));
    assert_eq!(breaker.snapshot().failures(), 1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        breaker.call(|| -> Result<(), ()> { panic!("the caller's") })
    }));
    assert!(panicked.is_err());
    assert_eq!(breaker.snapshot().failures(), 2, "a panic is a failure");
    let (result, transitions) = breaker.call_observed(|| Err::<(), _>(()));
    assert_eq!(result, Err(Error::Inner(())));
    assert_eq!(
        transitions.map(states),
        [None, Some((State::Closed, State::Open))]
    );
    let mut called = false;
    let refused = breaker.call(|| {
        called = true;
        Ok::<_, ()>(())
    });
    assert!(matches!(refused, Err(Error::Rejected(_))) && !called);
    advance(&clock, secs(1));
    let (_, transitions) = breaker.call_observed(|| Ok::<_, ()>(()));
    let both = [
        Some((State::Open, State::HalfOpen)),
        Some((State::HalfOpen, State::Closed)),
    ];
    assert_eq!(transitions.map(states), both);
}

/// Ready at the second poll, unless it panics there.
struct Slow {
    polled: bool,
    result: Option<Result<u8, &'static str>>,
}

impl Future for Slow {
    type Output = Result<u8, &'static str>;

    fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::replace(&mut self.polled, true) {
            Poll::Ready(self.result.take().expect("the caller's panic"))
        } else {
            Poll::Pending
        }
    }
}

fn slow(result: Option<Result<u8, &'static str>>) -> Slow {
    Slow {
        polled: false,
        result,
    }
}

#[test]
fn an_async_call_is_admitted_when_polled_settled_when_ready_and_cancelled_when_dropped() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    let mut context = Context::from_waker(Waker::noop());
    trip(&breaker);
    {
        let _never_polled = breaker.call_async(slow(Some(Ok(1))));
        advance(&clock, secs(1));
    }
    assert_eq!(
        breaker.snapshot().state(),
        State::Open,
        "a future that is not polled asks for nothing"
    );
    {
        let mut call = pin!(breaker.call_async(slow(Some(Ok(1)))));
        assert!(call.as_mut().poll(&mut context).is_pending());
        assert_eq!(breaker.snapshot().probes_in_flight(), 1);
    }
    assert_eq!(
        breaker.snapshot().probes_in_flight(),
        0,
        "dropped: neutral, and the slot is back"
    );
    assert_eq!(breaker.snapshot().state(), State::HalfOpen);
    {
        let mut call = pin!(breaker.call_async(slow(None)));
        assert!(call.as_mut().poll(&mut context).is_pending());
        let panicked = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(&mut context)));
        assert!(panicked.is_err());
        assert_eq!(
            breaker.snapshot().state(),
            State::Open,
            "a panic out of a poll is a failure"
        );
    }
    advance(&clock, secs(2));
    let mut call = pin!(breaker.call_async(slow(Some(Ok(9)))));
    assert!(call.as_mut().poll(&mut context).is_pending());
    assert_eq!(call.as_mut().poll(&mut context), Poll::Ready(Ok(9)));
    assert_eq!(breaker.snapshot().state(), State::Closed);
    let mut call = pin!(breaker.call_async(slow(Some(Err("no")))));
    assert!(call.as_mut().poll(&mut context).is_pending());
    assert_eq!(
        call.as_mut().poll(&mut context),
        Poll::Ready(Err(Error::Inner("no")))
    );
    assert_eq!(breaker.snapshot().failures(), 1);
}

#[test]
fn a_permit_held_too_long_counts_as_a_failure_when_it_is_dropped() {
    static IMPATIENT: Config = Config::consecutive(2)
        .abandoned_after(Duration::from_secs(3))
        .build();
    let clock = clock();
    let breaker = breaker(&clock, &IMPATIENT);
    let permit = breaker.try_acquire().unwrap();
    advance(&clock, micros(2_999_999));
    drop(permit);
    assert_eq!(breaker.snapshot().failures(), 0);
    let permit = breaker.try_acquire().unwrap();
    advance(&clock, secs(3));
    drop(permit);
    assert_eq!(breaker.snapshot().failures(), 1);
    let permit = breaker.try_acquire().unwrap();
    clock.step_back(secs(100)).unwrap();
    drop(permit);
    assert_eq!(
        breaker.snapshot().failures(),
        1,
        "a clock that stepped back has measured nothing"
    );
    let permit = breaker.at(clock.now()).try_acquire().unwrap();
    advance(&clock, secs(100));
    drop(permit);
    assert_eq!(
        breaker.snapshot().failures(),
        1,
        "nobody knows how long it was held"
    );
    let permit = breaker.at(clock.now()).try_acquire().unwrap();
    drop(permit.at(clock.now().after(secs(3))));
    assert_eq!(breaker.snapshot().state(), State::Open, "now somebody says so");
    breaker.reset();
    breaker.try_acquire().unwrap().failure();
    // The same for a future, and a settled permit is settled however long it took.
    let permit = breaker.try_acquire().unwrap();
    advance(&clock, secs(100));
    permit.success();
    assert_eq!(breaker.snapshot().failures(), 0);
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut call = pin!(breaker.call_async(slow(Some(Ok(1)))));
        assert!(call.as_mut().poll(&mut context).is_pending());
        advance(&clock, secs(3));
    }
    assert_eq!(breaker.snapshot().failures(), 1);
}

#[test]
fn an_instant_in_hand_is_a_clock_for_admitting_and_names_itself_for_settling() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    let start = clock.now();
    for _ in 0..3 {
        let permit = breaker.at(start).try_acquire().unwrap();
        permit.at(start.after(secs(1))).failure();
    }
    assert_eq!(
        breaker.at(start).try_acquire().unwrap_err().retry_after(),
        RetryAfter::In(secs(2)),
        "the cool-down runs from the instant that settled"
    );
    let due = start.after(secs(2));
    assert_eq!(breaker.at(due).snapshot().retry_after(), None);
    let probe = breaker.at(due).try_acquire().unwrap();
    assert_eq!(
        states(probe.at(due).success()),
        Some((State::HalfOpen, State::Closed))
    );
    drop(breaker.at(due).try_acquire().unwrap());
    assert_eq!(breaker.at(due).reset().to(), State::Closed);
}

#[test]
fn a_breaker_without_a_clock_is_used_with_named_ones() {
    let breaker = Breaker::new((), &THREE);
    let now = clock().now();
    let at = breaker.at(now);
    for _ in 0..3 {
        at.try_acquire().unwrap().at(now).failure();
    }
    assert_eq!(at.snapshot().retry_after(), Some(RetryAfter::In(secs(1))));
    let later = ManualClock::starting_at(now.after(secs(1)));
    assert_eq!(breaker.at(&later).call(|| Ok::<_, ()>(1)), Ok(1));
}

#[test]
fn an_owned_permit_keeps_the_breaker_alive_and_lets_it_go() {
    let breaker = Arc::new(Breaker::new(clock(), &THREE));
    let permit = Breaker::try_acquire_owned(Arc::clone(&breaker)).unwrap();
    let dropped = Breaker::try_acquire_owned(Arc::clone(&breaker)).unwrap();
    assert_eq!(Arc::strong_count(&breaker), 3);
    assert_eq!(permit.failure(), None);
    drop(dropped);
    assert_eq!(Arc::strong_count(&breaker), 1);
    assert_eq!(breaker.snapshot().failures(), 1);
    let now = Instant::from_micros(3);
    let elsewhere = At::new(Arc::clone(&breaker), now).try_acquire().unwrap();
    assert_eq!(elsewhere.at(now).failure(), None);
    assert_eq!(breaker.snapshot().failures(), 2);
    breaker.reset();
    breaker.try_acquire().unwrap().failure();
    let moved = Breaker::try_acquire_owned(Arc::clone(&breaker)).unwrap();
    std::thread::spawn(move || moved.failure()).join().unwrap();
    assert_eq!(breaker.snapshot().failures(), 2);
}
