//! A breaker that is saved before a deep sleep, and restored after it: by words alone, on a clock that began anew.

use watertight::breaker::{AlreadyUsed, LastCalls, Saved};
use watertight::{Reason, RetryAfter, last_calls};

use super::common::{millis, secs};
use super::*;

/// The device sleeps, and everything but these words is lost: a new clock from zero, a new breaker.
fn slept<'a>(
    before: &Breaker<&ManualClock>,
    clock: &'a ManualClock,
    asleep: Micros,
) -> Breaker<&'a ManualClock> {
    let saved = Saved::from_words(before.save().to_words()).expect("these are its words");
    assert_eq!(saved, before.save());
    let after = breaker(clock, &THREE);
    let made = after.restore(&saved, asleep).expect("it is new");
    assert_eq!((made.from(), made.generation()), (State::Closed, 1));
    assert_eq!(made.to(), after.snapshot().state());
    after
}

fn from_zero() -> ManualClock {
    ManualClock::starting_at(Instant::from_micros(0))
}

#[test]
fn the_rest_of_a_cool_down_is_waited_for_less_the_time_asleep() {
    for (asleep, left) in [(0, 700), (1, 699), (699, 1), (700, 0), (701, 0), (86_400_000, 0)] {
        let (clock, anew) = (clock(), from_zero());
        let before = breaker(&clock, &THREE);
        trip(&before);
        advance(&clock, millis(300));
        let after = slept(&before, &anew, millis(asleep));
        assert_eq!(after.snapshot().state(), State::Open);
        if left > 0 {
            assert_eq!(refusal(&after).reason(), Reason::Open);
            assert_eq!(refusal(&after).retry_after(), RetryAfter::In(millis(left)));
            advance(&anew, millis(left));
        }
        let probe = after.try_acquire().expect("the cool-down is over");
        assert!(probe.is_probe());
        // The next one is the second.
        probe.failure();
        assert_eq!(refusal(&after).retry_after(), RetryAfter::In(secs(2)));
    }
}

#[test]
fn failures_in_a_row_are_kept() {
    let (clock, anew) = (clock(), from_zero());
    let before = breaker(&clock, &THREE);
    trip_but_one(&before);
    let after = slept(&before, &anew, secs(60));
    assert_eq!(after.snapshot().failures(), 2);
    let made = after.try_acquire().unwrap().failure();
    assert_eq!(states(made), Some((State::Closed, State::Open)));
    assert_eq!(refusal(&after).retry_after(), RetryAfter::In(secs(1)));
}

/// Closed, after two openings in a row.
fn opened_twice(clock: &ManualClock) -> Breaker<&ManualClock> {
    let breaker = breaker(clock, &THREE);
    trip(&breaker);
    advance(clock, secs(1));
    breaker.try_acquire().unwrap().failure();
    advance(clock, secs(2));
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.snapshot().openings_in_a_row(), 2);
    breaker
}

#[test]
fn openings_in_a_row_are_kept_also_by_a_closed_breaker_until_it_was_stable_again() {
    for (stable_for, next) in [(0, 4), (9_999, 4), (10_000, 1)] {
        let (clock, anew) = (clock(), from_zero());
        let before = opened_twice(&clock);
        // Whatever of the stable period was over before.
        advance(&clock, secs(9));
        let after = slept(&before, &anew, secs(3_600));
        assert_eq!(
            (after.snapshot().state(), after.snapshot().openings_in_a_row()),
            (State::Closed, 2)
        );
        advance(&anew, millis(stable_for));
        trip(&after);
        assert_eq!(refusal(&after).retry_after(), RetryAfter::In(secs(next)));
    }
}

#[test]
fn a_half_open_or_recovering_breaker_probes_again() {
    static RAMP: Config = Config::consecutive(3)
        .open_for(common::exponential(SECOND, Duration::from_secs(4)))
        .recover_over(Duration::from_secs(64))
        .probes(2, 2)
        .build();
    for successes in [0, 1, 2] {
        let (clock, anew) = (clock(), from_zero());
        let before = breaker(&clock, &RAMP);
        trip(&before);
        advance(&clock, secs(1));
        for _ in 0..successes {
            before.try_acquire().unwrap().success();
        }
        if successes < 2 {
            std::mem::forget(before.try_acquire().unwrap());
        }
        if successes == 2 {
            // In the ramp: one is admitted, and the next would have to wait.
            before.try_acquire().unwrap().success();
            assert!(matches!(before.snapshot().retry_after(), Some(RetryAfter::In(_))));
        }
        let of = [State::HalfOpen, State::HalfOpen, State::Recovering];
        assert_eq!(before.snapshot().state(), of[successes]);
        let after = breaker(&anew, &RAMP);
        let made = after.restore(&before.save(), Micros::ZERO).expect("it is new");
        assert_eq!(made.to(), State::Open);
        let probe = after.try_acquire().expect("a probe");
        assert_eq!(states(probe.transition()), Some((State::Open, State::HalfOpen)));
        assert_eq!(after.snapshot().probe_successes(), 0);
        probe.failure();
        assert_eq!(refusal(&after).retry_after(), RetryAfter::In(secs(2)));
    }
}

#[test]
fn what_was_forced_stays_forced() {
    let (clock, anew) = (clock(), from_zero());
    let before = breaker(&clock, &THREE);
    before.force_open();
    let after = slept(&before, &anew, secs(1 << 40));
    assert_eq!(refusal(&after).reason(), Reason::ForcedOpen);
    before.disable();
    let after = slept(&before, &anew, Micros::ZERO);
    assert_eq!(after.snapshot().state(), State::Disabled);
    before.reset();
    let after = slept(&before, &anew, Micros::ZERO);
    assert_eq!(
        (after.snapshot().state(), after.snapshot().failures()),
        (State::Closed, 0)
    );
}

#[test]
fn a_window_begins_empty() {
    static HALF: Config<watertight::breaker::NoRandom, watertight::breaker::FailureRate> =
        Config::failure_rate(50, 2)
            .open_for(common::constant(SECOND))
            .build();
    let clock = clock();
    let new = || Breaker::with_window(&clock, &HALF, <last_calls!(4)>::new());
    let before: Breaker<_, _, LastCalls<4, 3>> = new();
    assert_eq!(before.try_acquire().unwrap().failure(), None);
    let after = new();
    // What was counted before it is restored is forgotten too.
    assert_eq!(after.try_acquire().unwrap().failure(), None);
    after
        .restore(&before.save(), Micros::ZERO)
        .expect("its state is as it was made");
    assert_eq!(after.snapshot().calls(), 0);
    assert_eq!(after.try_acquire().unwrap().failure(), None);
    assert!(after.try_acquire().unwrap().failure().is_some());
}

#[test]
fn only_a_new_breaker_is_restored() {
    let clock = clock();
    let before = breaker(&clock, &THREE);
    trip(&before);
    let saved = before.save();
    assert_eq!(before.restore(&saved, Micros::ZERO), Err(AlreadyUsed));
    let uses: [fn(&Breaker<&ManualClock>); 4] = [
        |breaker| assert_eq!(trip(breaker).to(), State::Open),
        |breaker| assert_eq!(breaker.try_acquire().unwrap().failure(), None),
        |breaker| assert_eq!(breaker.reset().to(), State::Closed),
        |breaker| assert_eq!(breaker.force_open().to(), State::ForcedOpen),
    ];
    for used in uses {
        let after = breaker(&clock, &THREE);
        used(&after);
        let was = after.snapshot();
        assert_eq!(after.restore(&saved, Micros::ZERO), Err(AlreadyUsed));
        assert_eq!(after.snapshot(), was);
    }
    let after = breaker(&clock, &THREE);
    after.restore(&saved, Micros::ZERO).expect("it is new");
    assert_eq!(after.restore(&saved, Micros::ZERO), Err(AlreadyUsed));
    assert_eq!(
        AlreadyUsed.to_string(),
        "the circuit breaker was used before: only a new one is restored"
    );
}

#[test]
fn words_that_nobody_kept_are_not_taken_for_a_breaker() {
    let clock = clock();
    let before = breaker(&clock, &THREE);
    trip(&before);
    let words = before.save().to_words();
    for word in 0..4 {
        for bit in 0..32 {
            let mut changed = words;
            changed[word] ^= 1 << bit;
            assert_eq!(Saved::from_words(changed), None, "{word}, {bit}");
        }
    }
    for (one, other) in [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)] {
        for bit in 0..32 {
            let mut changed = words;
            changed[one] ^= 1 << bit;
            changed[other] ^= 1 << bit;
            assert_eq!(Saved::from_words(changed), None, "{one} and {other}, {bit}");
        }
    }
    for fill in [0, u32::MAX, 0xAAAA_AAAA, 0x5555_5555, 0xB100_0000, 0xDEAD_BEEF] {
        assert_eq!(Saved::from_words([fill; 4]), None);
    }
}

/// Another configuration may be in the firmware that wakes up.
#[test]
fn the_configuration_may_have_changed_meanwhile() {
    static ONE: Config = Config::consecutive(1).open_for(common::constant(SECOND)).build();
    static SLOW: Config = Config::consecutive(3)
        .open_for(common::constant(Duration::from_secs(86_400)))
        .build();
    let (clock, anew) = (clock(), from_zero());
    let before = breaker(&clock, &THREE);
    trip_but_one(&before);
    let after = breaker(&anew, &ONE);
    after.restore(&before.save(), Micros::ZERO).expect("it is new");
    assert_eq!(
        (after.snapshot().state(), after.snapshot().failures()),
        (State::Closed, 0)
    );

    let before = breaker(&clock, &SLOW);
    trip(&before);
    let waits = |breaker: &Breaker<&ManualClock>| match refusal(breaker).retry_after() {
        RetryAfter::In(wait) => wait,
        other => panic!("{other:?}"),
    };
    // As long as the finer unit allows, and never longer than it was.
    static TEN_MINUTES: Config = Config::consecutive(3)
        .open_for(common::constant(Duration::from_secs(600)))
        .build();
    let ten_minutes = breaker(&clock, &TEN_MINUTES);
    trip(&ten_minutes);
    for longer in [&before, &ten_minutes] {
        let after = breaker(&anew, &ONE);
        after.restore(&longer.save(), Micros::ZERO).expect("it is new");
        assert!(waits(&after) > secs(240) && waits(&after) < secs(600));
    }
    let after = breaker(&anew, &SLOW);
    after.restore(&before.save(), Micros::ZERO).expect("it is new");
    assert!(waits(&after) >= secs(86_400) && waits(&after) < secs(86_401));
    let after = breaker(&anew, &SLOW);
    after.restore(&before.save(), Micros::MAX).expect("it is new");
    assert!(after.try_acquire().unwrap().is_probe());
}
