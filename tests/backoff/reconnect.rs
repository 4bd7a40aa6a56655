//! Connections that come and go, and clocks that do what clocks should not.

use core::time::Duration;
use watertight::{Backoff, Instant, Micros, Reconnect, SharedRandom};

static RANDOM: SharedRandom = SharedRandom::seeded(1);

fn at(secs: u64) -> Instant {
    Instant::from_micros(secs * 1_000_000)
}

/// 1, 2, 4, 8, 16, 30 s; stable after 30 s.
const fn link() -> Reconnect {
    let secs = Duration::from_secs;
    Reconnect::new(Backoff::exponential(secs(1), secs(30)).build(), secs(30))
}

fn lost(link: &mut Reconnect, now: Instant) -> Option<u64> {
    link.next_delay(now, &RANDOM)
        .map(|delay| delay.as_micros() / 1_000_000)
}

#[test]
fn a_connection_that_flaps_does_not_bring_the_first_delay_back() {
    let mut link = link();
    let mut now = 0;
    for expected in [1, 2, 4, 8, 16, 30, 30] {
        assert_eq!(lost(&mut link, at(now)), Some(expected));
        now += expected;
        link.connected(at(now));
        // It dies one second short of being stable.
        now += 29;
    }
    assert_eq!(link.retries(), 7);
}

#[test]
fn a_stable_connection_does_to_the_microsecond() {
    for (lived, expected) in [(29_999_999, 4), (30_000_000, 1), (u64::MAX / 2, 1)] {
        let mut link = link();
        lost(&mut link, at(0));
        lost(&mut link, at(1));
        link.connected(at(3));
        let died = at(3).after(Micros::from_micros(lived));
        assert_eq!(lost(&mut link, died), Some(expected), "after {lived} us");
        assert_eq!(link.retries(), if expected == 1 { 1 } else { 3 });
    }
}

#[test]
fn only_the_last_connection_counts_and_only_once() {
    let mut link = link();
    lost(&mut link, at(0));
    link.connected(at(1));
    link.connected(at(20));
    assert_eq!(lost(&mut link, at(31)), Some(2));
    // The attempts after the loss fail at once: no connection, nothing to be stable.
    assert_eq!(lost(&mut link, at(1_000)), Some(4));
    link.connected(at(1_010));
    assert_eq!(lost(&mut link, at(1_040)), Some(1));
    assert_eq!(lost(&mut link, at(2_000)), Some(2));
}

#[test]
fn a_clock_that_stands_or_steps_back_makes_nothing_stable() {
    let mut link = link();
    for expected in [1, 2, 4, 8] {
        assert_eq!(lost(&mut link, at(100)), Some(expected));
        link.connected(at(100));
    }
    assert_eq!(lost(&mut link, at(50)), Some(16));
    link.connected(at(50));
    // It runs again.
    assert_eq!(lost(&mut link, at(80)), Some(1));
}

#[test]
fn a_clock_may_come_round() {
    let mut link = link();
    lost(&mut link, at(0));
    let late = Instant::from_micros(u64::MAX - 10_000_000);
    link.connected(late);
    assert_eq!(lost(&mut link, late.after(Micros::from_secs(29))), Some(2));
    link.connected(late);
    assert_eq!(lost(&mut link, late.after(Micros::from_secs(30))), Some(1));
}

#[test]
fn limits_count_on_through_connections_that_are_not_stable() {
    let secs = Duration::from_secs;
    let backoff = Backoff::exponential(secs(1), secs(30)).max_attempts(3).build();
    let mut link = Reconnect::new(backoff, secs(30));
    assert_eq!(lost(&mut link, at(0)), Some(1));
    link.connected(at(1));
    assert_eq!(lost(&mut link, at(2)), Some(2));
    assert_eq!(lost(&mut link, at(4)), None);
    assert_eq!(lost(&mut link, at(500)), None);
    link.connected(at(600));
    assert_eq!(lost(&mut link, at(601)), None);
    // Someone connected in spite of it, and it held.
    link.connected(at(700));
    assert_eq!(lost(&mut link, at(730)), Some(1));
    lost(&mut link, at(731));
    assert_eq!(lost(&mut link, at(733)), None);
    link.reset();
    assert_eq!(lost(&mut link, at(734)), Some(1));
}

#[test]
fn a_server_is_heeded_and_a_period_of_zero_is_any_success() {
    let secs = Duration::from_secs;
    let mut link = Reconnect::new(Backoff::exponential(secs(1), secs(30)).build(), Duration::ZERO);
    assert_eq!(
        link.next_delay_at_least(at(0), Micros::from_secs(7), &RANDOM),
        Some(Micros::from_secs(7))
    );
    assert_eq!(
        link.next_delay_at_least(at(7), Micros::from_secs(99), &RANDOM),
        Some(Micros::from_secs(30))
    );
    assert_eq!(lost(&mut link, at(40)), Some(4));
    link.connected(at(44));
    assert_eq!(lost(&mut link, at(44)), Some(1));
}
