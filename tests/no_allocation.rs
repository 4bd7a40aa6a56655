//! A counting allocator over the whole public API: nothing allocates.

use core::time::Duration;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};

use watertight::breaker::{Adjustable, LastCalls, LastTime, Outcome, Stats};
use watertight::bucket::AdjustableBucket;
use watertight::bulkhead::{self, Waiting};
use watertight::random::up_to;
use watertight::{
    Backoff, Breaker, Bulkhead, Clock, Config, Instant, Jitter, ManualClock, Micros, Quota, Random,
    Reconnect, Share, SharedRandom, StdClock, TokenBucket, TokenBulkhead, last_calls, last_time,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every method passes its arguments on to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(run: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(black_box(Box::new(1)))) > 0);
}

#[test]
fn nothing_allocates() {
    assert_eq!(allocations(breaker), 0, "breaker");
    assert_eq!(allocations(breaker_with_everything), 0, "breaker with everything");
    assert_eq!(allocations(backoff), 0, "backoff");
    assert_eq!(allocations(bucket), 0, "token bucket");
    assert_eq!(allocations(adjustable_bucket), 0, "adjustable token bucket");
    assert_eq!(allocations(alone), 0, "bulkhead");
    assert_eq!(allocations(waiting), 0, "bulkhead with waiters");
    assert_eq!(allocations(with_tokens), 0, "bulkhead with a bucket");
    assert_eq!(allocations(ground), 0, "time, random, refusals");
}

struct Nothing;

impl core::fmt::Write for Nothing {
    fn write_str(&mut self, _: &str) -> core::fmt::Result {
        Ok(())
    }
}

/// Formats without keeping the text.
macro_rules! show {
    ($($value:expr),+) => {{
        use core::fmt::Write;
        $(write!(Nothing, "{:?}", $value).unwrap();)+
    }};
}

fn breaker() {
    let random = SharedRandom::seeded(3);
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let cool_down = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60))
        .jitter(Jitter::PlusMinus(20))
        .max_hint(Duration::from_secs(90))
        .try_build()
        .unwrap();
    let config = Config::consecutive(2)
        .probes(2, 2)
        .probe_lease(Duration::from_secs(5))
        .open_for(cool_down)
        .stable_after(Duration::from_secs(5))
        .abandoned_after(Duration::from_secs(5))
        .random(&random)
        .try_build()
        .unwrap();
    let breaker = Breaker::new(&clock, &config);
    let mut context = Context::from_waker(Waker::noop());
    for round in 0..50 {
        let _ = breaker.call(|| Err::<(), _>(()));
        let _ = breaker.call_observed(|| Ok::<_, ()>(()));
        assert!(
            pin!(breaker.call_async(core::future::pending::<Result<(), ()>>()))
                .poll(&mut context)
                .is_pending()
        );
        for _ in 0..2 {
            if let Ok(permit) = breaker.try_acquire() {
                show!(permit, permit.transition());
                permit.failure_retry_after(Micros::from_secs(round));
            }
        }
        let refused = breaker.at(clock.now()).try_acquire();
        if let Err(rejected) = refused {
            show!(rejected, rejected.reason(), rejected.retry_after());
        }
        clock.advance(Micros::from_secs(100)).unwrap();
        drop(breaker.try_acquire());
        core::mem::forget(breaker.try_acquire());
        if let Ok(permit) = breaker.at(clock.now()).try_acquire() {
            permit.at(clock.now()).success();
        }
        clock.advance(Micros::from_secs(100)).unwrap();
        if let Ok(permit) = Breaker::try_acquire_owned(&breaker) {
            permit.ignore();
        }
        show!(breaker, breaker.snapshot(), breaker.reset());
    }
    assert!(Config::consecutive(0).try_build().is_err());
}

/// A window with slow calls, a ramp, a ratio, shadow, statistics, a configuration that changes.
fn breaker_with_everything() {
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let config = |enforced| {
        Config::failure_rate(50, 4)
            .slow_calls(50, Duration::from_secs(1))
            .probes_by_ratio(2, 3, 50)
            .recover_over(Duration::from_secs(64))
            .longest_wait(Duration::from_secs(3_600))
            .enforced(enforced)
            .try_build()
            .unwrap()
    };
    let policy = Adjustable::new(config(100));
    let breaker: Breaker<_, _, last_calls!(25, slow), _> =
        Breaker::with_stats(&clock, &policy, LastCalls::new(), Stats::new());
    let timed: Breaker<_, _, last_time!(10_000, 16, slow)> =
        Breaker::with_window(&clock, &policy, LastTime::new());
    let mut context = Context::from_waker(Waker::noop());
    for round in 0..200_u64 {
        let _ = timed.call(|| if round % 3 == 0 { Err(()) } else { Ok(()) });
        show!(timed);
        let _ = breaker.call_classified(|_| Outcome::Failure, || Ok::<_, ()>(()));
        let _ = breaker.caller(round).call_classified(
            |_| Outcome::FailureRetryAfter(Micros::from_secs(round)),
            || Ok::<_, ()>(()),
        );
        let ready = core::future::ready(Ok::<_, ()>(()));
        assert!(
            pin!(breaker.call_async_classified(|_| Outcome::Ignored, ready))
                .poll(&mut context)
                .is_ready()
        );
        if let Ok(permit) = breaker.caller(round).try_acquire() {
            clock.advance(Micros::from_millis(round * 20)).unwrap();
            show!(permit.shadow(), permit.success());
        }
        clock.advance(Micros::from_secs(round % 40)).unwrap();
        policy.set(&config(round as u32 % 101)).unwrap();
        match round % 20 {
            7 => show!(breaker.force_open()),
            8 => show!(breaker.disable()),
            9 => show!(breaker.reset()),
            _ => {}
        }
        let statistics = breaker.statistics();
        show!(
            breaker,
            policy,
            statistics,
            statistics.is_noted(),
            breaker.snapshot().slow_percent()
        );
    }
}

fn backoff() {
    let random = SharedRandom::seeded(3);
    let start = Instant::from_micros(0);
    for jitter in [
        Jitter::None,
        Jitter::Full,
        Jitter::Equal,
        Jitter::PlusMinus(10),
        Jitter::Decorrelated,
    ] {
        let backoff = Backoff::exponential(Duration::from_millis(1), Duration::from_secs(1))
            .jitter(jitter)
            .max_attempts(20)
            .max_total(Duration::from_secs(30))
            .try_build()
            .unwrap();
        black_box(backoff.delays(&random).map(Micros::as_micros).sum::<u64>());
        black_box(backoff.worst_case_total(7));
        black_box(backoff.at_least(Micros::ZERO, Micros::MAX));
        let mut reconnect = Reconnect::new(backoff, Duration::from_secs(1));
        reconnect.connected(start);
        reconnect.reset();
        show!(backoff, reconnect);
    }
}

fn bucket() {
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let quota = Quota::per(3, Duration::from_secs(1))
        .burst(5)
        .initial(2)
        .longest_wait(Duration::from_secs(9))
        .try_build()
        .unwrap();
    let bucket = TokenBucket::new(&clock, &quota);
    for round in 0..50 {
        for answer in [
            bucket.try_acquire(),
            bucket.try_acquire_many(9),
            bucket.acquire_up_to(round),
            bucket.reserve(2, Micros::MAX),
            bucket.at(clock.now()).try_acquire(),
        ] {
            match answer {
                Ok(receipt) => {
                    show!(receipt, receipt.act_at(), receipt.date(), receipt.tokens());
                    black_box(bucket.refund(receipt));
                }
                Err(rejected) => show!(rejected, rejected.reason(), rejected.retry_after()),
            }
        }
        drop(bucket.acquire_up_to(round % 3));
        show!(bucket, quota, bucket.available(), bucket.is_pristine());
        clock.advance(Micros::from_millis(u64::from(round) * 20)).unwrap();
        if round % 20 == 7 {
            bucket.reset();
        }
    }
    let refused = Quota::at_most(1, Duration::from_secs(1)).burst(2).try_build();
    show!(refused);
}

fn adjustable_bucket() {
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let second = Duration::from_secs(1);
    let quota = Quota::per_second(3)
        .burst(5)
        .initial(2)
        .try_build_adjustable(100, second, 50)
        .unwrap();
    let bucket = AdjustableBucket::new(&clock, &quota);
    for round in 0..50 {
        show!(bucket.set(round * 3, second, round), bucket, quota);
        for answer in [
            bucket.try_acquire(),
            bucket.acquire_up_to(round),
            bucket.reserve(2, Micros::MAX),
            bucket.at(clock.now()).try_acquire(),
        ] {
            match answer {
                Ok(receipt) => {
                    black_box(bucket.refund(receipt));
                }
                Err(rejected) => show!(rejected),
            }
        }
        clock.advance(Micros::from_millis(u64::from(round) * 20)).unwrap();
        if round % 20 == 7 {
            bucket.reset();
        }
    }
    show!(Quota::per_second(3).try_build_adjustable(2, second, 3));
}

fn ground() {
    let random = SharedRandom::seeded(1);
    random.reseed(2);
    black_box(up_to(random.next(), 10));
    let clock = ManualClock::starting_at(Instant::from_micros(0));
    clock.set(Instant::from_micros(9)).unwrap();
    clock.step_back(Micros::from_secs(1)).unwrap();
    black_box(StdClock.now());
    show!(
        random,
        clock,
        StdClock,
        Micros::from_duration(Duration::MAX),
        clock.now()
    );
}

fn alone() {
    let bulkhead = Bulkhead::with_stats(4, bulkhead::Stats::new());
    for round in 0..50 {
        let _slot = bulkhead.try_enter();
        let _owned = Bulkhead::try_enter_owned(&bulkhead);
        for answer in [
            bulkhead.try_enter_many(round % 6),
            bulkhead.try_enter_as(Share::percent(50), round % 3),
            Bulkhead::try_enter_owned_as(&bulkhead, Share::ALL, 1),
        ] {
            match answer {
                Ok(slot) => {
                    show!(slot, slot.places());
                    slot.leave();
                }
                Err(rejected) => show!(rejected, rejected.retry_after()),
            }
        }
        bulkhead.resize(round as u16 % 6);
        let statistics = bulkhead.statistics();
        show!(bulkhead, statistics, bulkhead.limit(), bulkhead.in_flight());
    }
    show!(Share::try_percent(0));
}

/// Waits, is woken, gives up, with a place and without; and finds the room full.
fn waiting() {
    let room = Waiting::<2, bulkhead::Stats>::with_stats(1, bulkhead::Stats::new());
    let mut context = Context::from_waker(Waker::noop());
    for round in 0..200_u32 {
        let inside = room.try_enter().unwrap();
        let mut first = pin!(room.enter());
        let mut gives_up = Some(room.enter());
        assert!(first.as_mut().poll(&mut context).is_pending());
        if let Some(gives_up) = &mut gives_up {
            assert!(pin!(gives_up).poll(&mut context).is_pending());
        }
        assert!(
            pin!(Waiting::enter_owned(&room)).poll(&mut context).is_ready(),
            "refused"
        );
        show!(room, first, room.try_enter());
        let _ = black_box(room.try_enter_as(Share::percent(50), round));
        if round % 2 == 0 {
            drop(gives_up.take());
        }
        inside.leave();
        assert!(first.as_mut().poll(&mut context).is_ready(), "and gone again");
        // With a place by now, which nobody wants.
        drop(gives_up);
        assert_eq!((room.in_flight(), room.waiting()), (0, 0));
        room.resize(0).unwrap();
        let mut raised = pin!(room.enter());
        assert!(raised.as_mut().poll(&mut context).is_pending());
        room.resize(1).unwrap();
        assert!(raised.as_mut().poll(&mut context).is_ready());
        show!(room.statistics(), room.resize(u16::MAX));
    }
    show!(Waiting::<8>::try_new(2_000));
}

fn with_tokens() {
    let clock = ManualClock::starting_at(Instant::from_micros(7));
    let quota = Quota::per_second(10).burst(2).try_build().unwrap();
    let both = TokenBulkhead::new(Waiting::<2>::new(1), TokenBucket::new(&clock, &quota));
    let mut context = Context::from_waker(Waker::noop());
    let sleep = |_: Instant| core::future::pending::<()>();
    for round in 0..50 {
        for answer in [
            both.try_enter(),
            both.try_enter_many(round),
            both.reserve(1, Micros::MAX),
            both.reserve_as(Share::percent(50), 1, Micros::ZERO),
            TokenBulkhead::try_enter_owned(&both),
        ] {
            match answer {
                Ok(permit) => {
                    show!(permit, permit.receipt());
                    if round % 2 == 0 {
                        black_box(permit.refund());
                    }
                }
                Err(rejected) => show!(rejected, rejected.retry_after()),
            }
        }
        // Asleep or refused, and then given up.
        let _ = pin!(both.enter(1, Micros::MAX, sleep))
            .poll(&mut context)
            .is_ready();
        let inside = both.bulkhead().try_enter();
        {
            let mut waits = pin!(both.enter(1, Micros::MAX, sleep));
            assert!(waits.as_mut().poll(&mut context).is_pending());
            drop(inside);
            let _ = waits.as_mut().poll(&mut context).is_ready();
        }
        show!(both);
        clock.advance(Micros::from_millis(u64::from(round) * 20)).unwrap();
    }
}

/// The waker of a thread is made once, and kept.
#[test]
fn a_thread_that_waits_allocates_only_the_first_time() {
    let waits = || {
        let room = Waiting::<2>::new(1);
        let inside = room.try_enter().unwrap();
        let wait = || allocations(|| drop(black_box(room.enter_blocking(Micros::from_millis(1)))));
        // The waker, at most with what stands for the thread.
        let first = wait();
        assert!((1..=2).contains(&first), "{first} the first time");
        assert_eq!([wait(), wait()], [0, 0]);
        assert_eq!(allocations(|| drop(inside)), 0);
        assert_eq!(wait(), 0, "it did not have to wait");
        let quota = Quota::per_second(1_000).burst(1).try_build().unwrap();
        let both = TokenBulkhead::new(Waiting::<1>::new(1), TokenBucket::new(StdClock, &quota));
        for _ in 0..3 {
            let enter = || drop(black_box(both.enter_blocking(1, Micros::from_secs(1))));
            assert_eq!(allocations(enter), 0, "and sleeps");
        }
    };
    // In a thread of its own, where nobody has waited.
    std::thread::spawn(waits).join().unwrap();
}

#[test]
fn who_wakes_a_thread_allocates_nothing() {
    let room = Waiting::<1>::new(1);
    let inside = room.try_enter().unwrap();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| room.enter_blocking(Micros::MAX).map(drop));
        while room.waiting() == 0 {
            std::thread::yield_now();
        }
        assert_eq!(allocations(|| drop(inside)), 0);
        assert!(other.join().unwrap().is_ok());
    });
}
