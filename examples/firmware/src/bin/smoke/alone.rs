//! What `main` has for itself, on a clock that moves when it is told to: the answers are the same on every board.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use watertight::breaker::{Adjustable, FailureRate, LastCalls, LastTime, NoRandom, Stats};
use watertight::bucket::{AdjustableBucket, AdjustableQuota};
use watertight::bulkhead::Waiting;
use watertight::{
    Backoff, Breaker, Bulkhead, Config, Instant, Jitter, ManualClock, Micros, Quota, Reason, Reconnect,
    RetryAfter, SharedRandom, State, TokenBucket, TokenBulkhead, last_calls, last_time,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(u64::MAX - 1_500_000));
static RANDOM: SharedRandom = SharedRandom::seeded(0x5eed);

/// All of them.
pub fn each() {
    windows();
    adjustable();
    buckets();
    bulkheads();
    backoffs();
}

fn pass(millis: u64) {
    CLOCK
        .advance(Micros::from_millis(millis))
        .expect("nobody else sets the clock");
}

static HALF: Config<NoRandom, FailureRate> = Config::failure_rate(50, 4).build();
static OF_CALLS: Breaker<&ManualClock, &Config<NoRandom, FailureRate>, last_calls!(4), Stats> =
    Breaker::with_stats(&CLOCK, &HALF, LastCalls::new(), Stats::new());
static OF_TIME: Breaker<&ManualClock, &Config<NoRandom, FailureRate>, last_time!(1_000, 4)> =
    Breaker::with_window(&CLOCK, &HALF, LastTime::new());

fn windows() {
    // The last four slide: two failures among five calls, never two among the last four.
    for good in [false, true, true, true, false] {
        let _ = OF_CALLS.call(|| good.then_some(()).ok_or(()));
    }
    assert_eq!(
        (OF_CALLS.snapshot().state(), OF_CALLS.snapshot().failures()),
        (State::Closed, 1)
    );
    let _ = OF_CALLS.call(|| Err::<(), ()>(()));
    let refused = OF_CALLS.try_acquire().expect_err("two of the last four failed");
    assert_eq!(refused.retry_after(), RetryAfter::In(Micros::from_secs(1)));
    assert_eq!(OF_CALLS.statistics().refused(Reason::Open), 1);

    // What is older than a second and two of its quarters is forgotten.
    let _ = OF_TIME.call(|| Err::<(), ()>(()));
    pass(2_000);
    for good in [false, true, true, false] {
        assert_eq!(OF_TIME.snapshot().state(), State::Closed);
        let _ = OF_TIME.call(|| good.then_some(()).ok_or(()));
    }
    assert_eq!(OF_TIME.snapshot().state(), State::Open);
    pass(1_000);
    let probe = OF_TIME.try_acquire().expect("the cool-down is over");
    let closed = probe.success().expect("one success closes");
    assert_eq!(
        (closed.from(), closed.to(), closed.generation()),
        (State::HalfOpen, State::Closed, 3)
    );
}

const STRICT: Config = Config::consecutive(1).build();
static LENIENT: Config = Config::consecutive(3).build();
static POLICY: Adjustable = Adjustable::new(STRICT);
static ADJUSTED: Breaker<&ManualClock, &Adjustable> = Breaker::new(&CLOCK, &POLICY);

fn adjustable() {
    POLICY.set(&LENIENT).expect("nobody else sets it");
    for state in [State::Closed, State::Closed, State::Open] {
        let _ = ADJUSTED.call(|| Err::<(), ()>(()));
        assert_eq!(ADJUSTED.snapshot().state(), state);
    }
}

static QUOTA: Quota = Quota::per_second(10).burst(4).build();
static BUCKET: TokenBucket<&ManualClock> = TokenBucket::new(&CLOCK, &QUOTA);
static UP_TO: AdjustableQuota = Quota::per_second(10).burst(4).build_adjustable(100, SECOND, 8);
static ADJUSTABLE: AdjustableBucket<&ManualClock> = AdjustableBucket::new(&CLOCK, &UP_TO);

fn buckets() {
    assert!(BUCKET.try_acquire_many(4).is_ok());
    let refused = BUCKET.try_acquire().expect_err("the burst is taken");
    assert_eq!(refused.retry_after(), RetryAfter::In(Micros::from_millis(100)));
    let turn = BUCKET
        .reserve(2, Micros::from_secs(1))
        .expect("two within a second");
    assert_eq!(turn.act_at().since(turn.date()), Micros::from_millis(200));
    assert_eq!(BUCKET.refund(turn), 2);
    pass(150);
    assert_eq!(BUCKET.acquire_up_to(4).map(|receipt| receipt.tokens()), Ok(1));

    assert!(ADJUSTABLE.try_acquire_many(4).is_ok());
    ADJUSTABLE.set(100, SECOND, 8).expect("nobody else sets it");
    pass(55);
    assert_eq!(ADJUSTABLE.available(), 5);
}

static BOTH: TokenBulkhead<Bulkhead, TokenBucket<&ManualClock>> =
    TokenBulkhead::new(Bulkhead::new(1), TokenBucket::new(&CLOCK, &QUOTA));
static ROOM: Waiting<2> = Waiting::new(1);

fn bulkheads() {
    let inside = BOTH.try_enter().expect("nobody is inside");
    assert_eq!(
        BOTH.try_enter().map(drop).map_err(|refused| refused.reason()),
        Err(Reason::Full)
    );
    inside.leave();
    for _ in 1..4 {
        BOTH.try_enter().expect("there are tokens").leave();
    }
    let refused = BOTH.try_enter().map(drop).map_err(|refused| refused.reason());
    assert_eq!(refused, Err(Reason::RateLimited));
    assert_eq!(BOTH.bulkhead().in_flight(), 0);

    // No executor: it is polled by hand.
    let mut context = Context::from_waker(Waker::noop());
    let inside = ROOM.try_enter().expect("nobody is inside");
    let mut waits = pin!(ROOM.enter());
    assert!(waits.as_mut().poll(&mut context).is_pending());
    inside.leave();
    let Poll::Ready(Ok(slot)) = waits.as_mut().poll(&mut context) else {
        panic!("the place is free")
    };
    assert_eq!(ROOM.in_flight(), 1);
    slot.leave();
    assert_eq!(ROOM.in_flight(), 0);
}

static DELAYS: Backoff = Backoff::exponential(SECOND, MINUTE).jitter(Jitter::Equal).build();

fn backoffs() {
    // From this seed, and no other.
    let millis = DELAYS
        .delays(&RANDOM)
        .take(8)
        .map(|delay| delay.as_micros() / 1_000);
    let mut sum = 0;
    for (retry, millis) in millis.enumerate() {
        let base = DELAYS.base_delay(retry as u32).as_micros() / 1_000;
        assert!((base / 2..=base).contains(&millis), "{millis} ms of {base}");
        sum += millis;
    }
    assert_eq!(sum, 133_566);

    let mut link = Reconnect::new(Backoff::exponential(SECOND, MINUTE).build(), MINUTE);
    let now = Instant::from_micros(0);
    for seconds in [1, 2, 4] {
        assert_eq!(link.next_delay(now, &RANDOM), Some(Micros::from_secs(seconds)));
    }
    link.connected(now);
    let lost = now.after(Micros::from_secs(60));
    assert_eq!(link.next_delay(lost, &RANDOM), Some(Micros::from_secs(1)));
}
