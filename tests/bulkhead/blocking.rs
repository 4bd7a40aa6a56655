//! Waiting with a thread.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use watertight::bulkhead::{Stats, Waiting};
use watertight::{
    Clock, ManualClock, Micros, Quota, Reason, RetryAfter, StdClock, TokenBucket, TokenBulkhead,
};

fn until(what: impl Fn() -> bool) {
    while !what() {
        thread::yield_now();
    }
}

#[test]
fn a_thread_waits_for_so_long_and_no_longer() {
    let room = Waiting::<2, Stats>::with_stats(1, Stats::new());
    let inside = room.try_enter().unwrap();
    let began = Instant::now();
    let refusal = room.enter_blocking(Micros::from_millis(5)).unwrap_err();
    assert!(began.elapsed() >= Duration::from_millis(5));
    assert_eq!(
        (refusal.reason(), refusal.retry_after()),
        (Reason::Full, RetryAfter::OnRelease(None))
    );
    assert_eq!(room.waiting(), 0, "he has given up");
    assert_eq!(room.statistics().refused(Reason::Full), 1);
    thread::scope(|scope| {
        let other = scope.spawn(|| room.enter_blocking(Micros::MAX).map(drop));
        until(|| room.waiting() == 1);
        drop(inside);
        assert_eq!(other.join().unwrap(), Ok(()));
    });
    assert_eq!(room.in_flight(), 0);
}

#[test]
fn without_a_wait_it_is_a_place_at_once_or_none() {
    let room = Waiting::<2>::new(1);
    let slot = room.enter_blocking(Micros::ZERO).unwrap();
    assert_eq!(
        room.enter_blocking(Micros::ZERO).unwrap_err().reason(),
        Reason::Full
    );
    assert_eq!((slot.places(), room.waiting()), (1, 0));
}

#[test]
fn threads_come_in_in_the_order_in_which_they_came() {
    let room = Waiting::<4>::new(1);
    let inside = room.try_enter().unwrap();
    let order = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for number in 0..4 {
            let (room, order) = (&room, &order);
            scope.spawn(move || {
                let slot = room.enter_blocking(Micros::MAX).unwrap();
                order.lock().unwrap().push(number);
                drop(slot);
            });
            until(|| room.waiting() == number + 1);
        }
        let full = room.enter_blocking(Micros::MAX).unwrap_err();
        assert_eq!(full.reason(), Reason::RoomFull, "at once");
        drop(inside);
    });
    assert_eq!(order.into_inner().unwrap(), [0, 1, 2, 3]);
}

#[test]
fn a_thread_waits_for_tokens_too_and_only_for_what_is_left_of_its_time() {
    let quota = Quota::per(1, Duration::from_millis(300)).burst(1).build();
    let both = TokenBulkhead::new(Waiting::<2>::new(1), TokenBucket::new(StdClock, &quota));
    drop(both.enter_blocking(1, Micros::ZERO).unwrap());
    // 300 ms until the next: not within 1 ms, and within a second.
    let refusal = both.enter_blocking(1, Micros::from_millis(1)).unwrap_err();
    assert_eq!(refusal.reason(), Reason::RateLimited);
    assert_eq!(both.bulkhead().in_flight(), 0, "the place is given back");
    let permit = both.enter_blocking(1, Micros::from_secs(1)).unwrap();
    assert_eq!(permit.receipt().tokens(), 1);
    let early = permit.receipt().act_at().since(StdClock.now());
    assert_eq!(early, Micros::ZERO, "not to be used before");
    // The place is not to be had: no token is taken.
    let full = both.enter_blocking(1, Micros::from_millis(2)).unwrap_err();
    assert_eq!(full.reason(), Reason::Full);
    drop(permit);
}

#[test]
fn who_waits_for_a_place_in_vain_takes_no_tokens() {
    let clock = ManualClock::starting_at(watertight::Instant::from_micros(0));
    let quota = Quota::per_second(1).burst(3).build();
    let both = TokenBulkhead::new(Waiting::<2>::new(1), TokenBucket::new(&clock, &quota));
    let inside = both.try_enter().unwrap();
    let refusal = both.enter_blocking(1, Micros::from_millis(2)).unwrap_err();
    assert_eq!((refusal.reason(), both.bucket().available()), (Reason::Full, 2));
    drop(inside);
}
