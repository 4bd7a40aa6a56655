//! embassy-time's clock, over the driver that a test moves. What is said here holds at every tick rate; that driver's is
//! 1 MHz, and the other rates are tested beside the conversion.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use embassy_time::{MockDriver, TICK_HZ, Timer};
use watertight::{
    Backoff, Breaker, Clock, Config, EmbassyClock, Instant, Micros, Quota, RetryAfter, State, TokenBucket,
};

/// The driver, which every test of this binary moves: for one at a time, and from tick 0.
fn driver() -> (MutexGuard<'static, ()>, &'static MockDriver) {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    MockDriver::get().reset();
    (alone, MockDriver::get())
}

fn ticks(ticks: u64) -> embassy_time::Duration {
    embassy_time::Duration::from_ticks(ticks)
}

fn secs(secs: u64) -> embassy_time::Duration {
    ticks(secs * TICK_HZ)
}

#[test]
fn reads_the_ticks_as_whole_microseconds_rounded_down() {
    let (_alone, driver) = driver();
    assert_eq!(size_of::<EmbassyClock>(), 0);
    assert_eq!(EmbassyClock.now(), Instant::from_micros(0));
    let mut passed = 0;
    for step in [1, 1, 1, 60, TICK_HZ, 1_000 * TICK_HZ + 1, 1 << 40] {
        driver.advance(ticks(step));
        passed += step;
        let micros = u128::from(passed) * 1_000_000 / u128::from(TICK_HZ);
        assert_eq!(
            u128::from(EmbassyClock.now().as_micros()),
            micros,
            "{passed} ticks"
        );
    }
}

#[test]
fn a_breaker_in_a_static_cools_down_to_the_tick() {
    static LINK: Config = Config::consecutive(3)
        .open_for(Backoff::constant(Duration::from_secs(30)).build())
        .build();
    static MODEM: Breaker<EmbassyClock, &Config> = Breaker::new(EmbassyClock, &LINK);
    let (_alone, driver) = driver();

    driver.advance(secs(7));
    for _ in 0..3 {
        assert!(MODEM.call(|| Err::<(), _>("no carrier")).is_err());
    }
    let refusal = MODEM.try_acquire().unwrap_err();
    assert_eq!(refusal.retry_after(), RetryAfter::In(Micros::from_secs(30)));

    driver.advance(secs(30) - ticks(1));
    assert!(MODEM.try_acquire().is_err(), "one tick too early");
    driver.advance(ticks(1));
    assert!(MODEM.call(|| Ok::<_, &str>(-71)).is_ok());
    assert_eq!(MODEM.snapshot().state(), State::Closed);
}

#[test]
fn a_token_bucket_in_a_static_refills_to_the_tick() {
    static QUOTA: Quota = Quota::per(6, Duration::from_secs(60)).burst(2).build();
    static REPORTS: TokenBucket<EmbassyClock> = TokenBucket::new(EmbassyClock, &QUOTA);
    let (_alone, driver) = driver();

    for _ in 0..3 {
        assert!(REPORTS.try_acquire().is_ok());
        assert!(REPORTS.try_acquire().is_ok());
        let refusal = REPORTS.try_acquire().unwrap_err();
        assert_eq!(refusal.retry_after(), RetryAfter::In(Micros::from_secs(10)));

        driver.advance(secs(10) - ticks(1));
        assert!(REPORTS.try_acquire().is_err(), "one tick too early");
        driver.advance(ticks(1));
        assert!(REPORTS.try_acquire().is_ok());
        assert!(REPORTS.try_acquire().is_err());

        // To the burst, and no further.
        driver.advance(secs(1_000));
    }
}

/// As the documentation of the clock has it.
async fn sleep_until(instant: Instant) {
    let left = instant.since(EmbassyClock.now());
    Timer::after(embassy_time::Duration::from_micros(left.as_micros())).await;
}

#[test]
fn a_sleep_for_what_is_left_is_neither_too_short_nor_a_tick_too_long() {
    static QUOTA: Quota = Quota::per(7, Duration::from_secs(10)).burst(1).build();
    static REPORTS: TokenBucket<EmbassyClock> = TokenBucket::new(EmbassyClock, &QUOTA);
    let (_alone, driver) = driver();
    let mut context = Context::from_waker(Waker::noop());

    // At another place between two ticks each time.
    for _ in 0..10 {
        assert!(REPORTS.try_acquire().is_ok());
        let RetryAfter::In(wait) = REPORTS.try_acquire().unwrap_err().retry_after() else {
            panic!("time alone ends it");
        };
        let mut sleep = pin!(sleep_until(EmbassyClock.now().after(wait)));
        assert_eq!(sleep.as_mut().poll(&mut context), Poll::Pending);

        let needed = (u128::from(wait.as_micros()) * u128::from(TICK_HZ)).div_ceil(1_000_000) as u64;
        driver.advance(ticks(needed - 1));
        assert_eq!(sleep.as_mut().poll(&mut context), Poll::Pending);
        driver.advance(ticks(1));
        assert_eq!(sleep.as_mut().poll(&mut context), Poll::Ready(()));
    }
    assert!(REPORTS.try_acquire().is_ok());
}
