//! The circuit breaker through its public API, one behaviour a test, on a clock that the test moves.

mod common;

use core::time::Duration;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use common::{micros, millis, secs};
use watertight::breaker::{At, NoRandom};
use watertight::{
    Backoff, Breaker, Clock, Config, Error, Instant, ManualClock, Micros, Reason, Rejected, RetryAfter,
    State, Transition,
};

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> ManualClock {
    ManualClock::starting_at(Instant::from_micros(u64::MAX - 1_234_567))
}

fn advance(clock: &ManualClock, span: Micros) {
    clock.advance(span).expect("nobody else sets it");
}

/// Opens after three failures in a row, for one second, then two, then four.
static THREE: Config = Config::consecutive(3)
    .open_for(common::exponential(SECOND, Duration::from_secs(4)))
    .probe_lease(Duration::from_secs(30))
    .stable_after(Duration::from_secs(10))
    .build();

fn breaker<'a>(clock: &'a ManualClock, config: &'static Config) -> Breaker<&'a ManualClock> {
    Breaker::new(clock, config)
}

/// Fails calls until the breaker opens.
fn trip(breaker: &Breaker<&ManualClock>) -> Transition {
    (0..3)
        .find_map(|_| breaker.try_acquire().expect("it is closed").failure())
        .expect("three failures in a row open every breaker here")
}

fn refusal(breaker: &Breaker<&ManualClock>) -> Rejected {
    breaker.try_acquire().expect_err("it refuses")
}

fn states(transition: Option<Transition>) -> Option<(State, State)> {
    transition.map(|transition| (transition.from(), transition.to()))
}

#[test]
fn it_opens_at_the_configured_number_of_failures_in_a_row() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    for _ in 0..2 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
    assert_eq!(breaker.snapshot().failures(), 2);
    assert_eq!(breaker.try_acquire().unwrap().success(), None);
    assert_eq!(
        breaker.snapshot().failures(),
        0,
        "a success ends the failures in a row"
    );
    for _ in 0..2 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
    let opened = breaker.try_acquire().unwrap().failure();
    assert_eq!(states(opened), Some((State::Closed, State::Open)));
    assert_eq!(opened.unwrap().generation(), 1);
    assert_eq!(breaker.snapshot().state(), State::Open);
}

#[test]
fn it_refuses_until_the_very_microsecond_at_which_the_cool_down_is_over() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    assert_eq!(refusal(&breaker).reason(), Reason::Open);
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(1)));
    advance(&clock, micros(999_999));
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(micros(1)));
    assert_eq!(breaker.snapshot().retry_after(), Some(RetryAfter::In(micros(1))));
    advance(&clock, micros(1));
    assert_eq!(breaker.snapshot().retry_after(), None);
    let probe = breaker.try_acquire().unwrap();
    assert!(probe.is_probe());
    assert_eq!(states(probe.transition()), Some((State::Open, State::HalfOpen)));
}

#[test]
fn coarse_ticks_refuse_until_the_instant_they_name_and_admit_at_it() {
    // An hour at the most: a tick is 16 us.
    static HOURS: Config = Config::consecutive(1)
        .open_for(common::exponential(SECOND, Duration::from_secs(3600)))
        .build();
    for offset in 0..40 {
        let clock = clock();
        advance(&clock, micros(offset));
        let breaker = breaker(&clock, &HOURS);
        trip(&breaker);
        advance(&clock, micros(offset * 31));
        let RetryAfter::In(wait) = refusal(&breaker).retry_after() else {
            panic!("time ends it")
        };
        let total = wait.saturating_add(micros(offset * 31));
        assert!(
            total >= secs(1) && total <= secs(1).saturating_add(micros(31)),
            "{total:?}"
        );
        advance(&clock, wait.saturating_sub(micros(1)));
        assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(micros(1)));
        advance(&clock, micros(1));
        breaker.try_acquire().unwrap().ignore();
    }
}

#[test]
fn no_time_at_all_is_over_at_once_whatever_the_tick() {
    // A tick is 2^18 us.
    static YEARS: Config = Config::consecutive(1)
        .open_for(common::exponential(SECOND, Duration::from_secs(4)))
        .probe_lease(Duration::from_secs(700 * 86_400))
        .stable_after(Duration::ZERO)
        .build();
    let clock = ManualClock::starting_at(Instant::from_micros((1 << 18) + 1));
    let breaker = breaker(&clock, &YEARS);
    trip(&breaker);
    advance(&clock, secs(2));
    breaker.try_acquire().unwrap().success().expect("it closes");
    trip(&breaker);
    assert_eq!(breaker.snapshot().openings_in_a_row(), 1, "stable at once");
}

#[test]
fn one_success_of_a_probe_closes_it_and_one_failure_reopens_it() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    let reopened = breaker.try_acquire().unwrap().failure();
    assert_eq!(states(reopened), Some((State::HalfOpen, State::Open)));
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(2)),
        "the second opening in a row"
    );
    advance(&clock, secs(2));
    let closed = breaker.try_acquire().unwrap().success();
    assert_eq!(states(closed), Some((State::HalfOpen, State::Closed)));
    assert_eq!(closed.unwrap().generation(), 5);
    assert_eq!(breaker.try_acquire().unwrap().transition(), None);
}

#[test]
fn cool_downs_grow_with_openings_in_a_row_up_to_the_cap_and_fall_back_after_a_stable_period() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    for wait in [1, 2, 4, 4, 4] {
        // Close and open again before the breaker is stable.
        trip(&breaker);
        assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(wait)));
        advance(&clock, secs(wait));
        breaker.try_acquire().unwrap().success().expect("it closes");
        advance(&clock, micros(9_999_999));
    }
    assert_eq!(breaker.snapshot().openings_in_a_row(), 5);
    advance(&clock, micros(1));
    trip(&breaker);
    assert_eq!(breaker.snapshot().openings_in_a_row(), 1);
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(1)),
        "closed for ten seconds: the first again"
    );
}

#[test]
fn at_most_so_many_probes_are_under_way_and_so_many_successes_close() {
    static TWO_OF_THREE: Config = Config::consecutive(1)
        .probes(2, 3)
        .open_for(common::constant(SECOND))
        .probe_lease(Duration::from_secs(30))
        .build();
    let clock = clock();
    let breaker = breaker(&clock, &TWO_OF_THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    let first = breaker.try_acquire().unwrap();
    let second = breaker.try_acquire().unwrap();
    assert_eq!(refusal(&breaker).reason(), Reason::ProbesInFlight);
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::OnRelease(Some(secs(30)))
    );
    assert_eq!(breaker.snapshot().probes_in_flight(), 2);
    assert_eq!(first.success(), None);
    assert_eq!(
        (
            breaker.snapshot().probes_in_flight(),
            breaker.snapshot().probe_successes()
        ),
        (1, 1)
    );
    assert_eq!(second.success(), None);
    let third = breaker.try_acquire().unwrap().success();
    assert_eq!(states(third), Some((State::HalfOpen, State::Closed)));
}

#[test]
fn a_dropped_or_ignored_probe_gives_its_slot_back_and_decides_nothing() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    drop(breaker.try_acquire().unwrap());
    assert_eq!(breaker.snapshot().probes_in_flight(), 0);
    assert_eq!(breaker.try_acquire().unwrap().ignore(), None);
    assert_eq!(breaker.snapshot().state(), State::HalfOpen);
    assert_eq!(
        states(breaker.try_acquire().unwrap().success()),
        Some((State::HalfOpen, State::Closed))
    );
    // While closed, neither counts.
    trip_but_one(&breaker);
    drop(breaker.try_acquire().unwrap());
    breaker.try_acquire().unwrap().ignore();
    assert_eq!(breaker.snapshot().failures(), 2);
}

fn trip_but_one(breaker: &Breaker<&ManualClock>) {
    for _ in 0..2 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
    }
}

#[test]
fn a_forgotten_probe_loses_its_slot_when_its_lease_is_over() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    std::mem::forget(breaker.try_acquire().unwrap());
    advance(&clock, micros(29_999_999));
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::OnRelease(Some(micros(1)))
    );
    advance(&clock, micros(1));
    let probe = breaker.try_acquire().unwrap();
    assert_eq!(
        states(probe.transition()),
        Some((State::HalfOpen, State::HalfOpen)),
        "a new round"
    );
    assert_eq!(states(probe.success()), Some((State::HalfOpen, State::Closed)));
}

#[test]
fn a_probe_slower_than_its_lease_still_counts_and_gives_no_slot_back() {
    static TWO_SUCCESSES: Config = Config::consecutive(1)
        .probes(1, 2)
        .open_for(common::constant(SECOND))
        .probe_lease(Duration::from_secs(5))
        .build();
    let clock = clock();
    let breaker = breaker(&clock, &TWO_SUCCESSES);
    trip(&breaker);
    advance(&clock, secs(1));
    let slow = breaker.try_acquire().unwrap();
    advance(&clock, secs(5));
    let slower = breaker.try_acquire().unwrap();
    assert_eq!(slow.success(), None);
    assert_eq!(
        (
            breaker.snapshot().probe_successes(),
            breaker.snapshot().probes_in_flight()
        ),
        (1, 1)
    );
    assert_eq!(
        refusal(&breaker).reason(),
        Reason::ProbesInFlight,
        "the slot is the present round's"
    );
    advance(&clock, secs(5));
    let _third = breaker.try_acquire().unwrap();
    assert_eq!(states(slower.success()), Some((State::HalfOpen, State::Closed)));
}

#[test]
fn a_slow_probe_that_fails_reopens_and_one_four_leases_late_does_not_count() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    for leases_late in 1..=4 {
        breaker.reset();
        trip(&breaker);
        advance(&clock, secs(1));
        let slow = breaker.try_acquire().unwrap();
        for _ in 0..leases_late {
            advance(&clock, secs(30));
            std::mem::forget(breaker.try_acquire().unwrap());
        }
        let expected = (leases_late < 4).then_some((State::HalfOpen, State::Open));
        assert_eq!(states(slow.failure()), expected, "{leases_late} leases late");
    }
}

#[test]
fn an_outcome_from_before_the_trip_changes_nothing() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    let (late_success, late_failure) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    let (later_success, later_failure) = (breaker.try_acquire().unwrap(), breaker.try_acquire().unwrap());
    trip(&breaker);
    assert_eq!(late_success.success(), None);
    assert_eq!(late_failure.failure(), None);
    assert_eq!(breaker.snapshot().state(), State::Open);
    advance(&clock, secs(1));
    let probe = breaker.try_acquire().unwrap();
    assert_eq!(later_success.success(), None, "does not close");
    assert_eq!(later_failure.failure(), None, "does not reopen");
    assert_eq!(breaker.snapshot().state(), State::HalfOpen);
    assert_eq!(breaker.snapshot().probes_in_flight(), 1);
    assert_eq!(states(probe.success()), Some((State::HalfOpen, State::Closed)));
}

#[test]
fn the_service_may_ask_for_a_longer_opening_up_to_the_configured_one() {
    static HINTED: Config = Config::consecutive(1)
        .open_for(
            Backoff::constant(SECOND)
                .max_hint(Duration::from_secs(20))
                .build(),
        )
        .build();
    for (hint, wait) in [
        (Micros::ZERO, secs(1)),
        (millis(999), secs(1)),
        (millis(1_500), millis(1_500)),
        (secs(20), secs(20)),
        (secs(21), secs(20)),
        (Micros::MAX, secs(20)),
    ] {
        let clock = clock();
        let breaker = breaker(&clock, &HINTED);
        breaker
            .try_acquire()
            .unwrap()
            .failure_retry_after(hint)
            .expect("it opens");
        assert_eq!(
            refusal(&breaker).retry_after(),
            RetryAfter::In(wait),
            "asked for {hint}"
        );
    }
    // Not said: up to the longest cool-down of its own.
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip_but_one(&breaker);
    breaker
        .try_acquire()
        .unwrap()
        .failure_retry_after(Micros::MAX)
        .expect("it opens");
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(4)));
}

#[test]
fn reset_closes_it_and_makes_everything_under_way_late() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    advance(&clock, secs(1));
    breaker.try_acquire().unwrap().failure().expect("it reopens");
    advance(&clock, secs(2));
    let probe = breaker.try_acquire().unwrap();
    let transition = breaker.reset();
    assert_eq!(
        (transition.from(), transition.to()),
        (State::HalfOpen, State::Closed)
    );
    assert_eq!(probe.failure(), None);
    assert_eq!(breaker.snapshot().failures(), 0);
    assert_eq!(breaker.snapshot().openings_in_a_row(), 0);
    trip(&breaker);
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(1)),
        "the first cool-down"
    );
}

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

#[test]
fn a_configuration_can_be_owned_shared_or_reached_without_a_pointer() {
    let built = Config::consecutive(1).try_build().unwrap();
    let clock = clock();
    let owned: Breaker<&ManualClock, Config> = Breaker::new(&clock, built);
    let shared: Breaker<&ManualClock, Arc<Config>> = Breaker::new(&clock, Arc::new(built));
    assert!(owned.try_acquire().unwrap().failure().is_some());
    assert!(shared.try_acquire().unwrap().failure().is_some());

    struct Named;
    impl std::ops::Deref for Named {
        type Target = Config<NoRandom>;
        fn deref(&self) -> &Self::Target {
            &THREE
        }
    }
    let named = Breaker::new(&clock, Named);
    assert_eq!(named.try_acquire().unwrap().failure(), None);
}

#[test]
fn a_clock_that_stands_or_steps_back_makes_openings_longer_and_heals() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    clock.step_back(secs(60)).unwrap();
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(61)));
    advance(&clock, secs(61));
    breaker.try_acquire().unwrap().failure().expect("it reopens");
    // Further back than any timer reaches: the opening is believed to be long past.
    clock.step_back(secs(3600)).unwrap();
    breaker.try_acquire().unwrap().success().expect("it closes");
}

#[test]
fn it_shows_its_snapshot() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    trip(&breaker);
    let shown = format!("{breaker:?}");
    assert!(
        shown.contains("state: Open") && shown.contains("openings_in_a_row: 1"),
        "{shown}"
    );
    assert!(format!("{:?}", breaker.at(clock.now())).contains("state: Open"));
    advance(&clock, secs(1));
    let probe = breaker.try_acquire().unwrap();
    assert!(format!("{probe:?}").contains("is_probe: true"), "{probe:?}");
    probe.failure();
    let transition = breaker.reset();
    assert_eq!(transition.to_string(), "open -> closed (generation 4)");
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused_with_a_sentence() {
    let one = Config::consecutive(1);
    let exponential = |cap| common::exponential(Duration::from_micros(1), Duration::from_micros(cap));
    let constant = Backoff::constant(SECOND);
    let failures = "a breaker opens after 1 to 4095 failures in a row";
    let probes = "a breaker admits 1 to 15 probes at a time and closes after 1 to 15 successes";
    let limited =
        "a cool-down has neither a maximum of attempts nor a maximum total: leave both out of its backoff";
    let too_long = "no cool-down, hint, lease or stable period may be longer than 814 days";
    let days = |days: u64| Duration::from_secs(days * 86_400);
    for (builder, sentence) in [
        (Config::consecutive(0), failures),
        (Config::consecutive(4_096), failures),
        (one.probes(0, 1), probes),
        (one.probes(16, 1), probes),
        (one.probes(1, 0), probes),
        (one.probes(1, 16), probes),
        (
            one.probe_lease(Duration::ZERO),
            "a probe lease must be longer than zero",
        ),
        (one.open_for(constant.max_attempts(2).build()), limited),
        (one.open_for(constant.max_total(SECOND).build()), limited),
        (
            one.open_for(common::jittered(SECOND, Duration::from_secs(60))),
            "a jittered cool-down needs a random source: name one with .random(&SOURCE)",
        ),
        (
            one.open_for(exponential((1 << 15) + 1)),
            "a cool-down must have reached its cap by the 16th opening in a row: lower the cap or grow faster",
        ),
        (one.stable_after(days(815)), too_long),
        (one.probe_lease(days(815)), too_long),
        (one.open_for(common::constant(days(815))), too_long),
        (one.open_for(constant.max_hint(days(815)).build()), too_long),
    ] {
        assert_eq!(builder.try_build().expect_err(sentence).to_string(), sentence);
    }
    for good in [
        Config::consecutive(4_095),
        one.probes(15, 15),
        one.probe_lease(Duration::from_nanos(1)),
        one.stable_after(days(814)),
        one.stable_after(Duration::ZERO),
        one.abandoned_after(Duration::MAX),
        one.open_for(exponential(1 << 15)),
    ] {
        good.try_build().expect("it makes sense");
    }
}

#[test]
fn the_longest_failures_in_a_row_that_can_be_configured() {
    static PATIENT: Config = Config::consecutive(4_095).build();
    let clock = clock();
    let breaker = breaker(&clock, &PATIENT);
    for failures in 1..4_095 {
        assert_eq!(breaker.try_acquire().unwrap().failure(), None);
        assert_eq!(breaker.snapshot().failures(), failures);
    }
    assert!(breaker.try_acquire().unwrap().failure().is_some());
}

#[test]
fn generations_come_round_and_the_breaker_goes_on() {
    static ONE: Config = Config::consecutive(1).open_for(common::constant(SECOND)).build();
    let clock = clock();
    let breaker = breaker(&clock, &ONE);
    let mut generation = 0;
    for _ in 0..2_000 {
        let mut next = || {
            generation = (generation + 1) % 512;
            generation
        };
        assert_eq!(trip(&breaker).generation(), next());
        advance(&clock, secs(1));
        let probe = breaker.try_acquire().unwrap();
        assert_eq!(probe.transition().unwrap().generation(), next());
        assert_eq!(probe.success().unwrap().generation(), next());
    }
}
