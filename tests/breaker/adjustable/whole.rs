//! What is taken over from a configuration that is set, in which unit, and what is not.

use watertight::breaker::AdjustError;
use watertight::{Backoff, Random};

use super::*;

#[test]
fn a_wait_that_does_not_fit_the_first_unit_is_refused_and_changes_nothing() {
    let hour = three().open_for(common::constant(Duration::from_secs(3_600)));
    let (clock, policy) = (clock(), Adjustable::new(three().build()));
    let error = policy.set(&hour.build()).expect_err("it counts in microseconds");
    assert_eq!(error, AdjustError::TooLong);
    assert_eq!(
        error.to_string(),
        "a wait is too long for the unit of the first configuration: let that one say longest_wait"
    );
    assert!(core::error::Error::source(&error).is_none());
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    trip(&breaker);
    assert_eq!(
        refusal(&breaker).retry_after(),
        RetryAfter::In(secs(1)),
        "as before"
    );

    // The first one can say how long waits may become: in units of 16 us, then.
    let policy = Adjustable::new(three().longest_wait(Duration::from_secs(3_600)).build());
    policy.set(&hour.build()).expect("it fits");
    let day = three().open_for(common::constant(Duration::from_secs(86_400)));
    assert_eq!(policy.set(&day.build()), Err(AdjustError::TooLong));
    let clock = ManualClock::starting_at(Instant::from_micros(1 << 20));
    let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
    trip(&breaker);
    assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(3_600)));
}

#[test]
fn a_wait_that_is_set_later_is_rounded_up_to_the_first_unit() {
    let policy = Adjustable::new(three().longest_wait(Duration::from_secs(3_600)).build());
    let short = |micros| three().open_for(common::constant(Duration::from_micros(micros)));
    for (wait, rounded) in [(1, 16), (16, 16), (17, 32), (1_000_001, 1_000_016)] {
        set(&policy, short(wait));
        let clock = ManualClock::starting_at(Instant::from_micros(1 << 20));
        let breaker: Adjusted<'_> = Breaker::new(&clock, &policy);
        trip(&breaker);
        assert_eq!(
            refusal(&breaker).retry_after(),
            RetryAfter::In(micros(rounded)),
            "{wait} us"
        );
    }
}

/// Always the same number.
#[derive(Clone, Copy)]
struct Fixed(u32);

impl Random for Fixed {
    fn next(&self) -> u32 {
        self.0
    }
}

#[test]
fn the_first_random_source_is_the_one_for_good() {
    let jittered = |random| {
        Config::consecutive(1)
            .open_for(common::jittered(SECOND, Duration::from_secs(8)))
            .random(random)
            .build()
    };
    let policy = Adjustable::new(jittered(Fixed(0)));
    policy.set(&jittered(Fixed(u32::MAX))).unwrap();
    let clock = clock();
    let breaker = Breaker::new(&clock, &policy);
    breaker.try_acquire().unwrap().failure().expect("it opens");
    let wait = breaker.try_acquire().expect_err("open").retry_after();
    assert_eq!(
        wait,
        RetryAfter::In(common::millis(500)),
        "the least of an equal jitter"
    );
}

#[test]
fn every_setting_is_taken_over() {
    // One that says everything, first as it is and then as one that was set: the same in all that follows.
    let all = || {
        Config::consecutive(2)
            .probes_by_ratio(3, 5, 60)
            .probe_lease(Duration::from_secs(7))
            .open_for(
                Backoff::exponential(SECOND, Duration::from_secs(3))
                    .max_hint(Duration::from_secs(9))
                    .build(),
            )
            .stable_after(Duration::from_secs(11))
            .recover_over(Duration::from_secs(13))
            .abandoned_after(Duration::from_secs(5))
            .enforced(40)
            .build()
    };
    let policy = Adjustable::new(Config::consecutive(77).build());
    policy.set(&all()).unwrap();
    let clock = clock();
    let (set, built) = (Breaker::new(&clock, &policy), Breaker::new(&clock, all()));
    let mut refused = 0;
    for step in 0_u64..if cfg!(miri) { 100 } else { 3_000 } {
        let key = step % 5;
        let (one, other) = (set.caller(key).try_acquire(), built.caller(key).try_acquire());
        match (one, other) {
            (Ok(one), Ok(other)) => {
                assert_eq!(one.shadow(), other.shadow());
                advance(&clock, common::millis(step * 7 % 6 * 997));
                match step * 5 % 13 {
                    0..=3 => assert_eq!(one.success(), other.success()),
                    4..=7 => assert_eq!(one.failure(), other.failure()),
                    8 => {
                        let wait = secs(step % 20);
                        assert_eq!(one.failure_retry_after(wait), other.failure_retry_after(wait));
                    }
                    9 => core::mem::forget((one, other)),
                    _ => drop((one, other)),
                }
            }
            (Err(one), Err(other)) => {
                refused += 1;
                assert_eq!(one, other);
            }
            (one, other) => panic!("{step}: {one:?}, but {other:?}"),
        }
        assert_eq!(set.snapshot(), built.snapshot(), "step {step}");
        advance(&clock, common::millis(step % 17 * 100));
    }
    assert!(refused > 100 || cfg!(miri), "{refused} refusals");
}

#[test]
fn it_shows_the_rules_that_hold() {
    let policy = Adjustable::new(three().build());
    assert!(format!("{policy:?}").contains("threshold: 3"));
    set(&policy, Config::consecutive(9));
    assert!(format!("{policy:?}").contains("threshold: 9"));
}
