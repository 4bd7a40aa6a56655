//! What is known when the program is compiled: sizes, `Send` and `Sync`, and that everything can be a `static`.

mod common;

use core::cell::Cell;
use core::time::Duration;

use watertight::breaker::{At, Builder, InvalidConfig, NoRandom};
use watertight::{
    Backoff, Breaker, Busy, Clock, Config, Error, Instant, Jitter, ManualClock, Micros, Permit, Random,
    Reason, Reconnect, Rejected, RetryAfter, SharedRandom, Snapshot, State, StdClock, Transition,
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
const SHORT: Micros = Micros::from_duration(Duration::from_millis(1));

#[test]
fn everything_can_be_a_static_and_works_as_one() {
    assert!(MODEM.try_acquire().unwrap().success().is_none());
    assert!(RADIO.try_acquire().unwrap().failure().is_none());
    assert!(SERVER.try_acquire().unwrap().failure().is_none());
    assert_eq!(SERVER.snapshot().failures(), 1);
    assert_eq!(SHORT, common::millis(1));
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

#[test]
fn small_things_are_small() {
    assert_eq!(size_of::<Transition>(), 4);
    assert_eq!(size_of::<Option<Transition>>(), 4);
    assert_eq!(size_of::<SharedRandom>(), 4);
    assert_eq!(size_of::<ManualClock>(), 20);
    assert_eq!(size_of::<InvalidConfig>(), 1);
    assert!(size_of::<Rejected>() <= 32);
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
