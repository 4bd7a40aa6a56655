//! What a breaker is told, what it refuses to be told, and what it shows.

use std::sync::Arc;

use watertight::breaker::NoRandom;
use watertight::{Backoff, Clock};

use super::common::secs;
use super::*;

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
    let too_long =
        "no cool-down, hint, lease, ramp, stable period or longest wait may be longer than 814 days";
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
