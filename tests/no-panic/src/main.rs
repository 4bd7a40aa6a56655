//! Calls everything in watertight with values that the compiler cannot know, and links only if no panic can be
//! reached: the panic handler calls a function that does not exist. It is not run.
#![no_std]
#![no_main]

use core::borrow::Borrow;
use core::future::Future;
use core::hint::black_box;
use core::panic::PanicInfo;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use watertight::breaker::{
    Adjustable, FailureAndSlowRate, FailureRate, LastCalls, LastTime, NoRandom, Outcome, Saved, Stats,
};
use watertight::bucket::{AdjustableBucket, AdjustableQuota, Builder, Policy};
use watertight::bulkhead::{Places, TokenSlot, Tokens, Waiting};
use watertight::random::up_to;
use watertight::{
    Backoff, Breaker, Bulkhead, Clock, Config, Instant, Jitter, ManualClock, Micros, Quota, Random, Reason,
    Reconnect, Rejected, Share, SharedRandom, Slot, TokenBucket, TokenBulkhead, last_calls, last_time,
};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn watertight_can_panic() -> !;
    }
    // SAFETY: it does not exist; if this were reached the program would not have been linked.
    unsafe { watertight_can_panic() }
}

#[link(name = "c")]
unsafe extern "C" {}

static RANDOM: SharedRandom = SharedRandom::seeded(1);
static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(0));
static LINK: Config<&SharedRandom> = Config::consecutive(3)
    .probes(2, 3)
    .open_for(
        Backoff::linear(SECOND, SECOND, Duration::from_secs(15))
            .jitter(Jitter::PlusMinus(50))
            .build(),
    )
    .abandoned_after(MINUTE)
    .random(&RANDOM)
    .build();
static MODEM: Breaker<&ManualClock, &Config<&SharedRandom>> = Breaker::new(&CLOCK, &LINK);

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    #[cfg(feature = "can-panic")]
    assert!(black_box(1) == 1);
    let _ = black_box(ground());
    let _ = black_box(backoff());
    let _ = black_box(breaker());
    let _ = black_box(windows());
    let _ = black_box(windows_of_time());
    let _ = black_box(classified_future());
    let _ = black_box(bucket());
    let _ = black_box(adjustable_bucket());
    let _ = black_box(bulkhead());
    let _ = black_box(waiting());
    tokens();
    let _ = black_box(waits_for_tokens());
    #[allow(clippy::empty_loop, reason = "there is nowhere to return to")]
    loop {}
}

fn any<T: Copy>(value: T) -> T {
    black_box(value)
}

fn duration() -> Duration {
    // `Duration::new` carries whole seconds, and can panic by itself.
    Duration::from_micros(any(0)).saturating_add(Duration::from_nanos(any(0)))
}

fn ground() -> Option<()> {
    let micros = Micros::from_duration(duration()).saturating_add(Micros::from_secs(any(1)));
    let micros = micros
        .saturating_mul(any(3))
        .saturating_sub(Micros::from_millis(any(2)));
    black_box(micros.as_duration());
    CLOCK.advance(micros).ok()?;
    CLOCK.step_back(micros).ok()?;
    CLOCK.set(Instant::from_micros(any(7))).ok()?;
    black_box(CLOCK.now().since(Instant::from_micros(any(9)).before(micros)));
    RANDOM.reseed(any(5));
    black_box(up_to(RANDOM.next(), any(9)));
    Some(())
}

fn backoff() -> Option<()> {
    let jitter = match any(0) {
        0 => Jitter::None,
        1 => Jitter::Full,
        2 => Jitter::Equal,
        3 => Jitter::Decorrelated,
        _ => Jitter::PlusMinus(any(0)),
    };
    let builder = match any(0) {
        0 => Backoff::constant(duration()),
        1 => Backoff::linear(duration(), duration(), duration()),
        2 => Backoff::fibonacci(duration(), duration()),
        3 => Backoff::exponential(duration(), duration()),
        _ => Backoff::exponential(duration(), duration()).factor(any(3), any(2)),
    };
    let builder = builder
        .jitter(jitter)
        .max_hint(duration())
        .max_attempts(any(3))
        .max_total(duration());
    let backoff = if any(true) {
        builder.first_at_once()
    } else {
        builder
    }
    .try_build()
    .ok()?;
    black_box(backoff.delay(any(1), Micros::from_micros(any(1)), any(1)));
    black_box(backoff.at_least(Micros::from_micros(any(1)), Micros::from_micros(any(1))));
    black_box(backoff.worst_case_total(any(1)));
    let mut delays = backoff.delays(&RANDOM);
    black_box((delays.next(), delays.next(), delays.total()));
    let mut reconnect = Reconnect::new(backoff, duration());
    reconnect.connected(Instant::from_micros(any(0)));
    black_box(reconnect.next_delay(Instant::from_micros(any(0)), &RANDOM));
    let hint = Micros::from_micros(any(1));
    black_box(reconnect.next_delay_at_least(Instant::from_micros(any(0)), hint, &RANDOM));
    black_box((delays.next_at_least(hint), reconnect.retries()));
    reconnect.reset();
    Some(())
}

fn configured() -> Option<Config<&'static SharedRandom>> {
    let cool_down = Backoff::exponential(duration(), duration())
        .factor(any(3), any(2))
        .jitter(Jitter::Equal);
    Config::consecutive(any(1))
        .probes(any(1), any(1))
        .probe_lease(duration())
        .open_for(cool_down.try_build().ok()?)
        .stable_after(duration())
        .abandoned_after(duration())
        .recover_over(duration())
        .longest_wait(duration())
        .enforced(any(100))
        .random(&RANDOM)
        .try_build()
        .ok()
}

fn breaker() -> Option<()> {
    let owned = Breaker::new(CLOCK.now(), configured()?);
    black_box(owned.snapshot());
    if let Ok(permit) = owned.try_acquire() {
        black_box(
            permit
                .at(Instant::from_micros(any(1)))
                .failure_retry_after(Micros::from_micros(any(1))),
        );
    }
    black_box(MODEM.reset());
    black_box(MODEM.call(|| if any(true) { Ok(1) } else { Err(2) })).ok();
    black_box(MODEM.call_observed(|| if any(true) { Ok(1) } else { Err(2) }))
        .0
        .ok();
    drop(MODEM.try_acquire());
    if let Ok(permit) = Breaker::try_acquire_owned(&MODEM) {
        black_box((permit.transition(), permit.is_probe()));
        permit.ignore();
    }
    match MODEM.at(Instant::from_micros(any(1))).try_acquire() {
        Ok(permit) => {
            black_box(permit.at(Instant::from_micros(any(1))).success()).map(|made| made.generation())
        }
        Err(rejected) => {
            black_box((rejected.reason(), rejected.retry_after()));
            None
        }
    };
    if let Some(saved) = Saved::from_words(any([1, 2, 3, 4])) {
        black_box(
            MODEM
                .at(Instant::from_micros(any(1)))
                .restore(&saved, Micros::from_micros(any(2))),
        )
        .ok();
    }
    black_box(MODEM.at(Instant::from_micros(any(1))).save().to_words());
    let snapshot = MODEM.at(Instant::from_micros(any(1))).snapshot();
    black_box((
        snapshot.state(),
        snapshot.retry_after(),
        snapshot.failures(),
        snapshot.openings_in_a_row(),
    ));
    black_box((
        snapshot.probe_successes(),
        snapshot.probes_in_flight(),
        snapshot.generation(),
    ));
    let call = pin!(MODEM.call_async(ready()));
    black_box(call.poll(&mut Context::from_waker(Waker::noop())))
        .is_ready()
        .then_some(())
}

static RATES: Adjustable<NoRandom, FailureAndSlowRate> = Adjustable::new(
    Config::failure_rate(50, 10)
        .slow_calls(50, SECOND)
        .recover_over(MINUTE)
        .build(),
);
static BROKER: Breaker<
    &ManualClock,
    &Adjustable<NoRandom, FailureAndSlowRate>,
    last_calls!(100, slow),
    Stats,
> = Breaker::with_stats(&CLOCK, &RATES, LastCalls::new(), Stats::new());

/// A future that is ready; `core::future::ready` panics if it is polled again.
fn ready() -> impl Future<Output = Result<i32, i32>> {
    core::future::poll_fn(|_| Poll::Ready(if any(true) { Ok(1) } else { Err(2) }))
}

fn outcome() -> Outcome {
    match any(0) {
        0 => Outcome::Success,
        1 => Outcome::Failure,
        2 => Outcome::FailureRetryAfter(Micros::from_micros(any(1))),
        _ => Outcome::Ignored,
    }
}

fn by_rate() -> Option<Config<NoRandom, FailureRate>> {
    Config::failure_rate(any(50), any(10))
        .probes_by_ratio(any(1), any(1), any(1))
        .recover_over(duration())
        .enforced(any(1))
        .try_build()
        .ok()
}

fn by_both() -> Option<Config<NoRandom, FailureAndSlowRate>> {
    Config::failure_rate(any(50), any(10))
        .slow_calls(any(50), duration())
        .probes(any(1), any(1))
        .longest_wait(duration())
        .try_build()
        .ok()
}

fn windows_of_time() -> Option<()> {
    let timed: Breaker<_, _, last_time!(10_000, 16)> =
        Breaker::with_window(&CLOCK, by_rate()?, LastTime::new());
    black_box(timed.call(|| if any(true) { Ok(1) } else { Err(2) })).ok();
    black_box((timed.snapshot().calls(), timed.reset()));
    let timed: Breaker<_, _, last_time!(60_000, 8, slow)> =
        Breaker::with_window(&CLOCK, by_both()?, LastTime::new());
    black_box(timed.call(|| if any(true) { Ok(1) } else { Err(2) })).ok();
    drop(timed.try_acquire());
    black_box((timed.snapshot().slow_calls(), timed.reset()));
    Some(())
}

fn windows() -> Option<()> {
    black_box(RATES.set(&by_both()?)).ok();
    let owned: Breaker<_, _, last_calls!(1_000)> = Breaker::with_window(&CLOCK, by_rate()?, LastCalls::new());
    black_box(owned.call(|| if any(true) { Ok(1) } else { Err(2) })).ok();
    black_box(owned.snapshot().calls());
    black_box((owned.force_open(), owned.disable(), owned.reset()));

    black_box(BROKER.call_classified(|_| outcome(), || if any(true) { Ok(1) } else { Err(2) })).ok();
    let caller = BROKER.caller(any(1));
    black_box(caller.call_classified(|_| outcome(), || if any(true) { Ok(1) } else { Err(2) })).ok();
    if let Ok(permit) = caller.try_acquire() {
        black_box((permit.shadow(), permit.success()));
    }
    drop(caller.try_acquire());
    black_box((caller.force_open(), caller.disable(), caller.reset()));
    let at = BROKER.at(Instant::from_micros(any(1)));
    if let Ok(permit) = at.caller(any(1)).try_acquire() {
        black_box(permit.at(Instant::from_micros(any(1))).failure());
    }
    let snapshot = BROKER.snapshot();
    black_box((snapshot.calls(), snapshot.slow_calls(), snapshot.probe_failures()));
    black_box((snapshot.failure_percent(), snapshot.slow_percent()));
    let statistics = BROKER.statistics();
    black_box((
        statistics.last_transition(),
        statistics.since(),
        statistics.is_noted(),
    ));
    black_box((statistics.time_open(), statistics.late(), *statistics.snapshot()));
    for reason in [
        Reason::Open,
        Reason::ProbesInFlight,
        Reason::Recovering,
        Reason::ForcedOpen,
    ] {
        black_box((statistics.refused(reason), statistics.shadowed(reason)));
    }
    Some(())
}

/// As the compiler makes them, futures panic if they are polled after their end. Each is polled once here, in a function
/// that is so small that the compiler sees it.
fn classified_future() -> Option<()> {
    let call = pin!(BROKER.call_async_classified(|_| outcome(), ready()));
    black_box(call.poll(&mut Context::from_waker(Waker::noop())))
        .is_ready()
        .then_some(())
}

static QUOTA: Quota = Quota::per_second(50).burst(10).build();
static REQUESTS: TokenBucket<&ManualClock> = TokenBucket::new(&CLOCK, &QUOTA);

static ADJUSTED: AdjustableQuota = Quota::per_second(50).burst(10).build_adjustable(999, SECOND, 77);
static CHANGING: AdjustableBucket<&ManualClock> = AdjustableBucket::new(&CLOCK, &ADJUSTED);

fn quota() -> Builder {
    let builder = match any(0) {
        0 => Quota::per_second(any(1)),
        1 => Quota::per(any(1), duration()),
        _ => Quota::at_most(any(1), duration()),
    };
    builder.burst(any(1)).initial(any(1)).longest_wait(duration())
}

fn bucket() -> Option<()> {
    let quota = quota().try_build().ok()?;
    black_box(quota.burst());
    let bucket = TokenBucket::new(CLOCK.now(), quota);
    asked(&bucket);
    asked(&REQUESTS);
    black_box((bucket.is_pristine(), REQUESTS.is_pristine()));
    Some(())
}

fn adjustable_bucket() -> Option<()> {
    let quota = quota().try_build_adjustable(any(1), duration(), any(1)).ok()?;
    let bucket = AdjustableBucket::new(CLOCK.now(), quota);
    asked(&bucket);
    asked(&CHANGING);
    let set = bucket
        .at(Instant::from_micros(any(1)))
        .set(any(1), duration(), any(1));
    black_box((set.is_ok(), CHANGING.set(any(1), duration(), any(1)).is_ok()));
    Some(())
}

fn asked<C: Clock, P: Policy, S: Borrow<P::State>>(bucket: &TokenBucket<C, P, S>) {
    let at = bucket.at(Instant::from_micros(any(1)));
    for answer in [
        bucket.try_acquire(),
        at.try_acquire_many(any(1)),
        at.acquire_up_to(any(1)),
        at.reserve(any(1), Micros::from_micros(any(1))),
    ] {
        match answer {
            Ok(receipt) => {
                black_box((receipt.tokens(), receipt.date(), receipt.act_at()));
                black_box(bucket.refund(receipt));
            }
            Err(rejected) => drop(black_box((rejected.reason(), rejected.retry_after()))),
        }
    }
    black_box(at.available());
    at.reset();
}

static BACKEND: Bulkhead = Bulkhead::new(20);
static ROOM: Waiting<8, watertight::bulkhead::Stats> =
    Waiting::with_stats(20, watertight::bulkhead::Stats::new());
static PACED: TokenBulkhead<Bulkhead, TokenBucket<&ManualClock>> =
    TokenBulkhead::new(Bulkhead::new(20), TokenBucket::new(&CLOCK, &QUOTA));
static RADIO: TokenBulkhead<Waiting<8>, &AdjustableBucket<&ManualClock>> =
    TokenBulkhead::new(Waiting::new(1), &CHANGING);

fn taken<H: Places>(answer: Result<Slot<H>, Rejected>) {
    match answer {
        Ok(slot) if any(true) => {
            black_box(slot.places());
            slot.leave();
        }
        Ok(slot) => drop(black_box(slot)),
        Err(rejected) => drop(black_box((rejected.reason(), rejected.retry_after()))),
    }
}

fn bulkhead() -> Option<()> {
    let owned = Bulkhead::with_stats(any(1), watertight::bulkhead::Stats::new());
    for bulkhead in [&owned, &owned] {
        taken(bulkhead.try_enter());
        taken(bulkhead.try_enter_many(any(1)));
        taken(bulkhead.try_enter_as(Share::try_percent(any(1)).ok()?, any(1)));
        taken(Bulkhead::try_enter_owned(bulkhead));
        taken(Bulkhead::try_enter_owned_as(bulkhead, Share::ALL, any(1)));
    }
    owned.resize(any(1));
    let statistics = owned.statistics();
    black_box((
        statistics.limit(),
        statistics.in_flight(),
        statistics.most_in_flight(),
    ));
    for reason in [Reason::Full, Reason::RoomFull, Reason::Open] {
        black_box(statistics.refused(reason));
    }
    core::mem::forget(BACKEND.try_enter());
    BACKEND.resize(any(1));
    black_box((BACKEND.limit(), BACKEND.in_flight(), BACKEND.available()));
    Some(())
}

fn waiting() -> Option<()> {
    let owned = Waiting::<4>::try_new(any(1)).ok()?;
    let stated = Waiting::<1, _>::try_with_stats(any(1), watertight::bulkhead::Stats::new()).ok()?;
    taken(stated.try_enter());
    taken(ROOM.try_enter());
    taken(ROOM.try_enter_many(any(1)));
    taken(ROOM.try_enter_as(Share::try_percent(any(1)).ok()?, any(1)));
    taken(Waiting::try_enter_owned(&ROOM));
    taken(Waiting::try_enter_owned_as(&ROOM, Share::ALL, any(1)));
    let mut context = Context::from_waker(Waker::noop());
    let mut enter = pin!(ROOM.enter());
    // As often as anybody wants, also after its end.
    while any(true) {
        if let Poll::Ready(answer) = black_box(enter.as_mut().poll(&mut context)) {
            taken(answer);
        }
        black_box(ROOM.resize(any(1))).ok()?;
    }
    let mut last = pin!(Waiting::enter_owned(&owned));
    black_box(last.as_mut().poll(&mut context)).is_ready();
    black_box((ROOM.limit(), ROOM.in_flight(), ROOM.waiting(), ROOM.available()));
    black_box((ROOM.statistics().refused(Reason::RoomFull), owned.waiting()));
    Some(())
}

fn permitted<H, B: Places, K: Tokens>(answer: Result<TokenSlot<H>, Rejected>)
where
    H: Places + core::ops::Deref<Target = TokenBulkhead<B, K>>,
{
    match answer {
        Ok(permit) => {
            black_box((permit.receipt().tokens(), permit.receipt().act_at()));
            match any(0) {
                0 => drop(black_box(permit.refund())),
                1 => permit.leave(),
                2 => drop(black_box(permit.into_receipt())),
                _ => drop(black_box(permit)),
            }
        }
        Err(rejected) => drop(black_box((rejected.reason(), rejected.retry_after()))),
    }
}

fn tokens() {
    let wait = Micros::from_micros(any(1));
    permitted(PACED.try_enter());
    permitted(PACED.try_enter_many(any(1)));
    permitted(PACED.reserve(any(1), wait));
    permitted(TokenBulkhead::try_enter_owned(&PACED));
    if let Ok(share) = Share::try_percent(any(1)) {
        permitted(PACED.reserve_as(share, any(1), wait));
        permitted(TokenBulkhead::reserve_owned_as(&RADIO, share, any(1), wait));
    }
    permitted(RADIO.try_enter());
    PACED.bulkhead().resize(any(1));
    black_box(PACED.bucket().available());
}

/// As `classified_future`: polled and dropped.
fn waits_for_tokens() -> Option<()> {
    let sleep = |until: Instant| {
        black_box(until);
        core::future::poll_fn(|_| if any(true) { Poll::Ready(()) } else { Poll::Pending })
    };
    let mut enter = pin!(RADIO.enter(any(1), Micros::from_micros(any(1)), sleep));
    let mut context = Context::from_waker(Waker::noop());
    match black_box(enter.as_mut().poll(&mut context)) {
        Poll::Ready(answer) => permitted(answer),
        Poll::Pending => {}
    }
    Some(())
}
