//! What is known when the program is compiled: sizes, `Send` and `Sync`, and that everything can be a `static`.

mod common;

use core::cell::Cell;
use core::future::Future;
use core::time::Duration;

use watertight::breaker::{
    AdjustError, Adjustable, At, Builder, CallerKey, Consecutive, FailureAndSlowRate, FailureRate,
    InvalidConfig, LastCalls, LastTime, NoRandom, NoStats, Outcome, Statistics, Stats,
};
use watertight::bucket::{AdjustableBucket, AdjustableQuota, AdjustableState, InvalidQuota};
use watertight::bulkhead::{
    Enter, InvalidLimit, InvalidShare, Statistics as BulkheadStatistics, Stats as BulkheadStats, TokenSlot,
    Waiting,
};
use watertight::{
    Backoff, Breaker, Bulkhead, Busy, Clock, Config, Error, Instant, Jitter, ManualClock, Micros, Permit,
    Quota, Random, Reason, Receipt, Reconnect, Rejected, RetryAfter, Share, SharedRandom, Slot, Snapshot,
    State, StdClock, TokenBucket, TokenBulkhead, Transition, last_calls, last_time,
};

/// A clock that takes no room, as on most targets.
#[derive(Clone, Copy)]
struct Nowhere;

impl Clock for Nowhere {
    fn now(&self) -> Instant {
        Instant::from_micros(0)
    }
}

/// A configuration that is reached without a pointer.
struct Link;

static LINK: Config = Config::consecutive(5).build();

impl core::ops::Deref for Link {
    type Target = Config;

    fn deref(&self) -> &Config {
        &LINK
    }
}

/// The same for a rate, and with slow calls.
struct ByRate;
struct BySlowRate;

static BY_RATE: Config<NoRandom, FailureRate> = Config::failure_rate(50, 20)
    .probes_by_ratio(3, 5, 60)
    .recover_over(Duration::from_secs(64))
    .enforced(10)
    .build();
static BY_SLOW_RATE: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(50, 20)
    .slow_calls(80, Duration::from_secs(2))
    .longest_wait(Duration::from_secs(86_400))
    .build();

impl core::ops::Deref for ByRate {
    type Target = Config<NoRandom, FailureRate>;

    fn deref(&self) -> &Self::Target {
        &BY_RATE
    }
}

impl core::ops::Deref for BySlowRate {
    type Target = Config<NoRandom, FailureAndSlowRate>;

    fn deref(&self) -> &Self::Target {
        &BY_SLOW_RATE
    }
}

static RANDOM: SharedRandom = SharedRandom::seeded(1);
static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(0));
static JITTERED: Config<&SharedRandom> = Config::consecutive(5)
    .probes(2, 3)
    .probe_lease(Duration::from_secs(1))
    .open_for(
        Backoff::fibonacci(Duration::from_secs(1), Duration::from_secs(60))
            .jitter(Jitter::Full)
            .build(),
    )
    .stable_after(Duration::from_secs(10))
    .abandoned_after(Duration::from_secs(10))
    .random(&RANDOM)
    .build();
static MODEM: Breaker<Nowhere> = Breaker::new(Nowhere, &LINK);
static RADIO: Breaker<&ManualClock, &Config<&SharedRandom>> = Breaker::new(&CLOCK, &JITTERED);
static SERVER: Breaker<StdClock, Config> = Breaker::new(StdClock, Config::consecutive(2).build());
static SENSOR: Breaker<Nowhere, ByRate, last_calls!(100)> =
    Breaker::with_window(Nowhere, ByRate, LastCalls::new());
static BROKER: Breaker<&ManualClock, &Config<NoRandom, FailureAndSlowRate>, last_calls!(50, slow), Stats> =
    Breaker::with_stats(&CLOCK, &BY_SLOW_RATE, LastCalls::new(), Stats::new());
static METER: Breaker<Nowhere, ByRate, last_time!(10_000, 16)> =
    Breaker::with_window(Nowhere, ByRate, LastTime::new());
static LIMITS: Adjustable<&SharedRandom> = Adjustable::new(JITTERED);
static GATEWAY: Breaker<&ManualClock, &Adjustable<&SharedRandom>> = Breaker::new(&CLOCK, &LIMITS);
static RATES: Adjustable<NoRandom, FailureRate> = Adjustable::new(BY_RATE);
static TENANT: Breaker<StdClock, &Adjustable<NoRandom, FailureRate>, last_calls!(2_413), Stats> =
    Breaker::with_stats(StdClock, &RATES, LastCalls::new(), Stats::new());
static UPLOADS: Quota = Quota::per(600, Duration::from_secs(3_600))
    .burst(20)
    .initial(5)
    .build();
const DUTY_CYCLE: Quota = Quota::at_most(36, Duration::from_secs(3_600))
    .burst(10)
    .longest_wait(Duration::from_secs(60))
    .build();
static UPLOAD: TokenBucket<Nowhere> = TokenBucket::new(Nowhere, &UPLOADS);
static REQUEST: TokenBucket<StdClock, Quota> = TokenBucket::new(StdClock, Quota::per_second(50).build());
static SENDER: TokenBucket<&ManualClock, &Quota> = TokenBucket::new(&CLOCK, &DUTY_CYCLE);
static CHANGING: AdjustableQuota =
    Quota::per_second(100)
        .burst(20)
        .build_adjustable(1_000, Duration::from_secs(1), 200);
static CRAWLER: AdjustableBucket<Nowhere> = AdjustableBucket::new(Nowhere, &CHANGING);
static FEED: AdjustableBucket<StdClock, AdjustableQuota> = AdjustableBucket::new(
    StdClock,
    Quota::per_second(1)
        .burst(1)
        .build_adjustable(2, Duration::from_secs(1), 2),
);
static BACKEND: Bulkhead = Bulkhead::new(20);
static NOBODY: Bulkhead<BulkheadStats> = Bulkhead::with_stats(0, BulkheadStats::new());
static ROOM: Waiting<8> = Waiting::new(1_023);
static SMALL_ROOM: Waiting<1, BulkheadStats> = Waiting::with_stats(0, BulkheadStats::new());
static BOTH: TokenBulkhead<Bulkhead, TokenBucket<Nowhere>> =
    TokenBulkhead::new(Bulkhead::new(3), TokenBucket::new(Nowhere, &UPLOADS));
static BOTH_SHARED: TokenBulkhead<&Waiting<8>, &AdjustableBucket<Nowhere>> =
    TokenBulkhead::new(&ROOM, &CRAWLER);
const BACKGROUND: Share = Share::percent(70);
const SHORT: Micros = Micros::from_duration(Duration::from_millis(1));

#[test]
fn everything_can_be_a_static_and_works_as_one() {
    assert!(MODEM.try_acquire().unwrap().success().is_none());
    assert!(RADIO.try_acquire().unwrap().failure().is_none());
    assert!(SERVER.try_acquire().unwrap().failure().is_none());
    assert_eq!(SERVER.snapshot().failures(), 1);
    assert!(SENSOR.try_acquire().unwrap().failure().is_none());
    assert_eq!((SENSOR.snapshot().calls(), SENSOR.snapshot().failures()), (1, 1));
    assert!(BROKER.try_acquire().unwrap().success().is_none());
    assert_eq!(BROKER.statistics().snapshot().calls(), 1);
    assert!(METER.try_acquire().unwrap().failure().is_none());
    assert_eq!((METER.snapshot().calls(), METER.snapshot().failures()), (1, 1));
    LIMITS.set(&JITTERED).unwrap();
    assert!(GATEWAY.caller(7).try_acquire().unwrap().failure().is_none());
    RATES.set(&BY_RATE).unwrap();
    assert!(TENANT.call(|| Ok::<_, ()>(())).is_ok());
    assert_eq!(UPLOAD.acquire_up_to(9).unwrap().tokens(), 5);
    assert_eq!(REQUEST.try_acquire().unwrap().tokens(), 1);
    assert_eq!(SENDER.at(Nowhere).try_acquire_many(10).unwrap().tokens(), 10);
    CRAWLER.set(50, Duration::from_secs(1), 7).unwrap();
    assert_eq!(CRAWLER.acquire_up_to(9).unwrap().tokens(), 7);
    FEED.set(2, Duration::from_secs(1), 2).unwrap();
    assert_eq!(FEED.try_acquire().unwrap().tokens(), 1);
    assert_eq!(SHORT, common::millis(1));
    assert_eq!(BACKEND.try_enter_as(BACKGROUND, 14).unwrap().places(), 14);
    assert!(NOBODY.try_enter().is_err());
    assert_eq!(NOBODY.statistics().refused(Reason::MoreThanLimit), 1);
    assert_eq!(ROOM.try_enter_many(1_023).unwrap().places(), 1_023);
    assert!(SMALL_ROOM.try_enter().is_err());
    assert_eq!(BOTH.try_enter().unwrap().refund(), 1);
    assert_eq!(BOTH_SHARED.reserve(0, SHORT).unwrap().receipt().tokens(), 0);
}

/// A quota that is reached without a pointer.
struct Upload;

impl core::ops::Deref for Upload {
    type Target = Quota;

    fn deref(&self) -> &Quota {
        &UPLOADS
    }
}

#[test]
fn a_token_bucket_is_eight_bytes_of_state() {
    assert_eq!(size_of::<watertight::bucket::State>(), 8);
    assert_eq!(size_of::<TokenBucket<Nowhere, Upload>>(), 8);
    assert_eq!(align_of::<TokenBucket<Nowhere, Upload>>(), 4);
    assert_eq!(size_of::<TokenBucket<StdClock, Upload>>(), 8);
    let pointer = size_of::<usize>();
    assert_eq!(
        size_of::<TokenBucket<Nowhere>>(),
        (8 + pointer).next_multiple_of(pointer)
    );
    // With another clock it is borrowed.
    let bucket = TokenBucket::new(Nowhere, Upload);
    assert_eq!(size_of_val(&bucket.at(Nowhere)), 2 * pointer);
    assert_eq!(bucket.at(Nowhere).acquire_up_to(9).unwrap().tokens(), 5);
}

/// An adjustable quota that is reached without a pointer.
struct Crawler;

impl core::ops::Deref for Crawler {
    type Target = AdjustableQuota;

    fn deref(&self) -> &AdjustableQuota {
        &CHANGING
    }
}

#[test]
fn an_adjustable_bucket_is_56_bytes_of_state() {
    // The two words, and twice a step and a burst, a phase, and since when.
    assert_eq!(size_of::<AdjustableState>(), 4 * (2 + 2 * 6));
    assert_eq!(align_of::<AdjustableState>(), 4);
    assert_eq!(size_of::<AdjustableBucket<Nowhere, Crawler>>(), 56);
    let pointer = size_of::<usize>();
    assert_eq!(size_of::<AdjustableBucket<Nowhere>>(), 56 + pointer);
    let bucket = AdjustableBucket::new(Nowhere, Crawler);
    assert_eq!(size_of_val(&bucket.at(Nowhere)), 2 * pointer);
    bucket.at(Nowhere).set(1, Duration::from_secs(1), 3).unwrap();
    assert_eq!(bucket.acquire_up_to(9).unwrap().tokens(), 3);
    assert_eq!(size_of::<watertight::bucket::AdjustError>(), 1);
}

#[test]
fn what_a_token_bucket_hands_out_is_small() {
    // An instant, a distance and a speed, each with a fine part: 32 bytes; two words and a number: 12.
    assert_eq!(
        size_of::<Receipt>(),
        (32_usize + 12).next_multiple_of(align_of::<u64>())
    );
    assert_eq!(size_of::<InvalidQuota>(), 1);
    assert_eq!(size_of_rejected(), size_of::<Rejected>());
    assert!(size_of::<Result<Receipt, Rejected>>() <= 56);
    assert!(size_of::<Quota>() <= 72, "{}", size_of::<Quota>());
}

/// A distance and a speed, each with a fine part: 24 bytes; why, and which of two it is.
fn size_of_rejected() -> usize {
    (24_usize + 2).next_multiple_of(align_of::<u64>())
}

#[test]
fn a_breaker_is_twelve_bytes_of_state() {
    assert_eq!(size_of::<Breaker<Nowhere, Link>>(), 12);
    assert_eq!(align_of::<Breaker<Nowhere, Link>>(), 4);
    assert_eq!(size_of::<Breaker<StdClock, Link>>(), 12);
    // And a pointer to the configuration, where it is not a type of its own (padded on 64 bits).
    let pointer = size_of::<usize>();
    assert_eq!(
        size_of::<Breaker<Nowhere>>(),
        (12 + pointer).next_multiple_of(pointer)
    );
}

/// As the first of these: the configuration is a type, and the clock takes no room. With `&'static Config` it is a
/// pointer more.
#[test]
fn a_breaker_of_the_last_calls_is_twelve_bytes_and_its_words() {
    type Of<P, W> = Breaker<Nowhere, P, W>;
    // A word for every 19 calls, one more, and the cursor.
    assert_eq!(size_of::<Of<ByRate, last_calls!(1)>>(), 12 + 12);
    assert_eq!(size_of::<Of<ByRate, last_calls!(100)>>(), 12 + 32);
    assert!(
        size_of::<Of<ByRate, last_calls!(100)>>() <= 48,
        "what was promised"
    );
    assert_eq!(size_of::<Of<ByRate, last_calls!(1_000)>>(), 12 + 220);
    assert_eq!(size_of::<Of<ByRate, last_calls!(2_413)>>(), 12 + 4 * (127 + 2));
    // With slow calls a word for every 9.
    assert_eq!(size_of::<Of<BySlowRate, last_calls!(1, slow)>>(), 12 + 12);
    assert_eq!(size_of::<Of<BySlowRate, last_calls!(100, slow)>>(), 12 + 56);
    assert_eq!(size_of::<Of<BySlowRate, last_calls!(1_000, slow)>>(), 12 + 456);
    let pointer = size_of::<usize>();
    assert_eq!(
        size_of::<Breaker<Nowhere, &Config<NoRandom, FailureRate>, last_calls!(100)>>(),
        (44 + pointer).next_multiple_of(pointer)
    );
}

#[test]
fn a_breaker_of_the_last_span_of_time_is_twelve_bytes_and_its_words() {
    // Two words, and two for every bucket, or four with slow calls.
    assert_eq!(
        size_of::<Breaker<Nowhere, ByRate, last_time!(10_000, 16)>>(),
        12 + 4 * 34
    );
    assert_eq!(
        size_of::<Breaker<Nowhere, BySlowRate, last_time!(10_000, 16, slow)>>(),
        12 + 4 * 66
    );
    assert_eq!(
        size_of::<Breaker<Nowhere, ByRate, last_time!(100, 2)>>(),
        12 + 4 * 6
    );
}

#[test]
fn no_statistics_take_no_room_and_some_take_80_bytes() {
    assert_eq!(size_of::<NoStats>(), 0);
    assert_eq!(size_of::<Consecutive>(), 0);
    assert_eq!(size_of::<Stats>(), 80);
    assert_eq!(size_of::<Breaker<Nowhere, Link, Consecutive, NoStats>>(), 12);
    assert_eq!(size_of::<Breaker<Nowhere, Link, Consecutive, Stats>>(), 12 + 80);
}

#[test]
fn an_adjustable_configuration_is_60_words_beside_its_random_source() {
    assert_eq!(size_of::<Adjustable>(), 4 * 60);
    assert_eq!(size_of::<Adjustable<NoRandom, FailureAndSlowRate>>(), 4 * 60);
}

#[test]
fn a_bulkhead_is_four_bytes_of_state() {
    assert_eq!(size_of::<Bulkhead>(), 4);
    assert_eq!(align_of::<Bulkhead>(), 4);
    assert_eq!(size_of::<BulkheadStats>(), 28);
    assert_eq!(size_of::<Bulkhead<BulkheadStats>>(), 32);
    // With a bucket: its words, and its pointer.
    assert_eq!(
        size_of::<TokenBulkhead<Bulkhead, TokenBucket<Nowhere, Upload>>>(),
        4 + 8
    );
    assert_eq!(
        size_of::<TokenBulkhead<Bulkhead, AdjustableBucket<Nowhere, Crawler>>>(),
        4 + 56
    );
    // What leads there, and how many places.
    let pointer = size_of::<usize>();
    assert_eq!(size_of::<Slot<&Bulkhead>>(), 2 * pointer);
    assert_eq!(size_of::<Slot<std::sync::Arc<Bulkhead>>>(), 2 * pointer);
    assert_eq!(size_of::<Share>(), 1);
    assert_eq!(size_of::<(InvalidShare, InvalidLimit)>(), 0);
}

/// On 32 bits: `tests/sizes`.
#[test]
fn a_waiting_room_is_a_word_and_a_word_and_a_waker_for_each_seat() {
    // The waker's cell is a word of the machine and a waker, which is two of them.
    let (pointer, cell) = (size_of::<usize>(), 3 * size_of::<usize>());
    let seat = (4 + cell).next_multiple_of(pointer);
    let room = |seats: usize| (4 + seats * seat).next_multiple_of(pointer);
    assert_eq!(size_of::<Waiting<1>>(), room(1));
    assert_eq!(size_of::<Waiting<2>>(), room(2));
    assert_eq!(size_of::<Waiting<4>>(), room(4));
    assert_eq!(size_of::<Waiting<8>>(), room(8));
    assert_eq!(size_of::<Waiting<16>>(), room(16));
    assert_eq!(size_of::<Waiting<32>>(), room(32));
    assert_eq!(
        size_of::<Waiting<8, BulkheadStats>>(),
        (room(8) + 28 - 4).next_multiple_of(pointer)
    );
    #[cfg(target_pointer_width = "64")]
    assert_eq!(size_of::<Waiting<8>>(), 264);
    // Where it waits, and a ticket.
    assert!(size_of::<Enter<&Waiting<8>>>() <= 2 * pointer.max(8));
}

#[test]
fn small_things_are_small() {
    assert_eq!(size_of::<Transition>(), 4);
    assert_eq!(size_of::<Option<Transition>>(), 4);
    assert_eq!(size_of::<SharedRandom>(), 4);
    assert_eq!(size_of::<ManualClock>(), 20);
    assert_eq!(size_of::<InvalidConfig>(), 1);
    assert!(size_of::<Permit<&Breaker<Nowhere>>>() <= 40);
}

#[test]
fn everything_is_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Breaker<StdClock>>();
    check::<Breaker<StdClock, Config<&SharedRandom>>>();
    check::<At<&Breaker<StdClock>, Instant>>();
    check::<Permit<&Breaker<StdClock>>>();
    check::<Permit<std::sync::Arc<Breaker<StdClock>>>>();
    check::<(
        Config,
        Builder,
        InvalidConfig,
        NoRandom,
        Snapshot,
        State,
        Transition,
    )>();
    check::<(
        Backoff,
        Jitter,
        Reconnect,
        SharedRandom,
        ManualClock,
        StdClock,
        Instant,
        Micros,
    )>();
    check::<(Rejected, Reason, RetryAfter, Error<()>, Busy)>();
    check::<(Quota, watertight::bucket::Builder, InvalidQuota, Receipt)>();
    check::<(TokenBucket<StdClock>, TokenBucket<&ManualClock, Quota>)>();
    check::<TokenBucket<StdClock, std::sync::Arc<Quota>>>();
    check::<(AdjustableQuota, watertight::bucket::AdjustError)>();
    check::<(
        AdjustableBucket<StdClock>,
        AdjustableBucket<&ManualClock, AdjustableQuota>,
    )>();
    check::<AdjustableBucket<StdClock, std::sync::Arc<AdjustableQuota>>>();
    check::<(
        Adjustable,
        AdjustError,
        Outcome,
        Stats,
        Statistics,
        Consecutive,
        NoStats,
    )>();
    check::<(last_calls!(100), last_calls!(100, slow))>();
    check::<(last_time!(10_000, 16), last_time!(10_000, 16, slow))>();
    check::<Breaker<StdClock, &Adjustable<NoRandom, FailureRate>, last_calls!(100), Stats>>();
    check::<At<&Breaker<StdClock>, &StdClock, CallerKey>>();
    check::<Permit<At<&Breaker<StdClock>, &StdClock, CallerKey>>>();
    check::<(
        Bulkhead,
        Bulkhead<BulkheadStats>,
        Waiting<8>,
        Waiting<1, BulkheadStats>,
    )>();
    check::<(
        Share,
        InvalidShare,
        InvalidLimit,
        BulkheadStatistics,
        BulkheadStats,
    )>();
    check::<TokenBulkhead<Waiting<8>, TokenBucket<StdClock>>>();
    check::<(Slot<&Bulkhead>, Slot<std::sync::Arc<Bulkhead>>)>();
    check::<(
        Slot<&Waiting<8>>,
        Enter<&Waiting<8>>,
        Enter<std::sync::Arc<Waiting<8>>>,
    )>();
    check::<TokenSlot<&TokenBulkhead<Bulkhead, TokenBucket<StdClock>>>>();
}

/// With a handle that cannot be sent, they cannot either: `tests/ui/src/bin/slot_sent_with_its_rc.rs`, `wait_sent_with_its_rc.rs`.
#[test]
fn the_future_of_a_wait_can_be_sent_when_its_sleep_can() {
    fn check<T: Send>(_: &T) {}
    check(&ROOM.enter());
    check(&BOTH_SHARED.enter(1, SHORT, |_| core::future::ready(())));
}

#[test]
fn the_future_of_a_call_can_be_sent_when_what_it_awaits_can() {
    fn check<T: Send>(_: &T) {}
    check(&SERVER.call_async(async { Ok::<(), ()>(()) }));
    check(&SERVER.at(Nowhere).call_async(async { Ok::<(), ()>(()) }));
}

#[test]
fn the_future_of_a_call_is_about_twice_what_it_awaits() {
    let awaits_1024_bytes = async {
        let kept = core::hint::black_box([1_u8; 1024]);
        core::future::pending::<()>().await;
        Ok::<_, ()>(kept)
    };
    let inner = size_of_val(&awaits_1024_bytes);
    assert!(inner >= 1024);
    let call = SERVER.call_async(awaits_1024_bytes);
    assert!(
        size_of_val(&call) <= 2 * inner + 128,
        "{} for {inner}",
        size_of_val(&call)
    );
}

/// A clock and a random source that count how often they are asked.
struct Counting(Cell<u32>);

impl Clock for Counting {
    fn now(&self) -> Instant {
        self.0.set(self.0.get() + 1);
        Instant::from_micros(0)
    }
}

impl Random for Counting {
    fn next(&self) -> u32 {
        self.0.set(self.0.get() + 1);
        0
    }
}

#[test]
fn a_closed_breaker_never_asks_the_clock_but_to_open() {
    static TWO: Config = Config::consecutive(2).build();
    let clock = Counting(Cell::new(0));
    let breaker = Breaker::new(&clock, &TWO);
    for _ in 0..100 {
        breaker.try_acquire().unwrap().success();
        breaker.try_acquire().unwrap().failure();
        breaker.try_acquire().unwrap().ignore();
        drop(breaker.try_acquire().unwrap());
        breaker.call(|| Ok::<(), ()>(())).unwrap();
        breaker.snapshot();
    }
    assert_eq!(clock.0.get(), 0);
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire().unwrap().failure().expect("it opens");
    assert_eq!(clock.0.get(), 1, "one reading for the transition");
    breaker.try_acquire().unwrap_err();
    assert_eq!(clock.0.get(), 2, "one for the refusal");
}

#[test]
fn a_window_asks_the_clock_only_to_open_and_the_rule_for_slow_calls_twice_a_call() {
    let clock = Counting(Cell::new(0));
    let breaker: Breaker<_, _, last_calls!(20)> =
        Breaker::with_window(&clock, Config::failure_rate(50, 20).build(), LastCalls::new());
    for _ in 0..100 {
        breaker.try_acquire().unwrap().success();
        breaker.try_acquire().unwrap().success();
        breaker.try_acquire().unwrap().failure();
        breaker.snapshot();
    }
    assert_eq!(clock.0.get(), 0);
    let slow = Config::failure_rate(50, 20)
        .slow_calls(50, Duration::from_secs(1))
        .build();
    let breaker: Breaker<_, _, last_calls!(20, slow)> = Breaker::with_window(&clock, slow, LastCalls::new());
    breaker.try_acquire().unwrap().success();
    assert_eq!(clock.0.get(), 2);
    breaker.try_acquire().unwrap().failure();
    assert_eq!(clock.0.get(), 4);
    breaker.try_acquire().unwrap().ignore();
    assert_eq!(clock.0.get(), 5, "how long it took is of no interest");
}

#[test]
fn statistics_ask_the_clock_for_transitions_only() {
    let clock = Counting(Cell::new(0));
    let breaker = Breaker::with_stats(&clock, Config::consecutive(2).build(), Consecutive, Stats::new());
    breaker.try_acquire().unwrap().success();
    breaker.try_acquire().unwrap().failure();
    assert_eq!(clock.0.get(), 0);
    breaker.try_acquire().unwrap().failure().expect("it opens");
    assert_eq!(clock.0.get(), 2, "to open, and to note it");
    breaker.try_acquire().unwrap_err();
    assert_eq!(clock.0.get(), 3, "for the refusal");
}

#[test]
fn permits_are_timed_only_where_somebody_asks() {
    static TIMED: Config = Config::consecutive(2)
        .abandoned_after(Duration::from_secs(1))
        .build();
    let clock = Counting(Cell::new(0));
    let breaker = Breaker::new(&clock, &TIMED);
    let permit = breaker.try_acquire().unwrap();
    assert_eq!(clock.0.get(), 1, "when it is admitted");
    drop(permit);
    assert_eq!(clock.0.get(), 2, "and when it is dropped");
    breaker.try_acquire().unwrap().success();
    assert_eq!(clock.0.get(), 3, "a success is not timed");
}

#[test]
fn a_token_bucket_asks_the_clock_once_for_each_answer() {
    let clock = Counting(Cell::new(0));
    let quota = Quota::per_second(1).burst(4).build();
    let bucket = TokenBucket::new(&clock, &quota);
    let asked = |run: &dyn Fn()| {
        clock.0.set(0);
        run();
        clock.0.take()
    };
    assert_eq!(
        asked(&|| drop(bucket.try_acquire())),
        2,
        "the first, which takes the long way"
    );
    assert_eq!(asked(&|| drop(bucket.try_acquire())), 1, "a grant");
    assert_eq!(asked(&|| drop(bucket.try_acquire_many(3))), 1, "a refusal");
    assert_eq!(asked(&|| drop(bucket.try_acquire_many(0))), 1, "no token");
    assert_eq!(asked(&|| assert_eq!(bucket.available(), 2)), 1);
    let receipt = bucket.acquire_up_to(2).unwrap();
    assert_eq!(
        asked(&|| assert_eq!(receipt.act_at(), Instant::from_micros(0))),
        0
    );
    assert_eq!(bucket.refund(receipt), 2);
    assert_eq!(clock.0.get(), 1, "whether it is full without");
}

#[test]
fn the_random_source_is_asked_once_for_an_opening_that_jitters() {
    let random = Counting(Cell::new(0));
    let config = Config::consecutive(1)
        .open_for(common::jittered(Duration::from_secs(1), Duration::from_secs(8)))
        .random(&random)
        .try_build()
        .unwrap();
    let breaker = Breaker::new(Nowhere, config);
    breaker.try_acquire().unwrap().success();
    assert_eq!(random.0.get(), 0);
    breaker.try_acquire().unwrap().failure().expect("it opens");
    assert_eq!(random.0.get(), 1);
    breaker.try_acquire().unwrap_err();
    assert_eq!(random.0.get(), 1);

    let plain = Config::consecutive(1).random(&random).try_build().unwrap();
    Breaker::new(Nowhere, plain)
        .try_acquire()
        .unwrap()
        .failure()
        .expect("it opens");
    assert_eq!(random.0.get(), 1, "nothing to spread");
}

#[test]
fn a_bulkhead_never_asks_the_clock_but_for_its_bucket() {
    let clock = Counting(Cell::new(0));
    let quota = Quota::per_second(1).burst(4).build();
    let both = TokenBulkhead::new(Waiting::<2>::new(1), TokenBucket::new(&clock, &quota));
    let asked = || clock.0.take();
    let permit = both.try_enter().unwrap();
    assert_eq!(asked(), 2, "the first of a bucket takes the long way");
    both.try_enter().unwrap_err();
    assert_eq!(asked(), 0, "it is full");
    let waiting = core::pin::pin!(both.enter(1, Micros::ZERO, |_| core::future::ready(())));
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    assert!(waiting.poll(&mut context).is_pending());
    permit.leave();
    both.bulkhead().resize(2).unwrap();
    assert_eq!(asked(), 0, "to wait, to leave, to resize");
    let permit = both.try_enter().unwrap();
    assert_eq!(asked(), 1, "a token");
    assert_eq!(permit.refund(), 1);
    assert_eq!(asked(), 1, "whether it is full without");
    drop(both.bulkhead().try_enter().unwrap());
    assert_eq!(asked(), 0);
}
