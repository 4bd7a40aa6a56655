//! A change of configuration against admitting and settling: every decision goes by one whole configuration, the old or the
//! new, and of two who change it at once each is told what became of it. The public API, with its own words.
//!
//! A copy of a configuration across two changes, which takes half of each, is what `slots` is about.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use loom::thread::spawn;
use watertight::breaker::rules::Rules;
use watertight::breaker::{AdjustError, Adjustable, Consecutive, NoRandom, Policy};
use watertight::{Backoff, Breaker, Busy, Clock, Config, Instant, Micros, RetryAfter};

use crate::bench::{BOUND, join};
use crate::common::{State, model};

const MIXTURE: &str = "a mixture of two configurations";
const SECOND: u64 = 1_000_000;

/// A configuration of which everything is `number`: the failures, and the seconds of the cool-down; the probes, and the
/// seconds of their lease. So it shows whether a decision went by one.
fn all(number: u32) -> Config {
    let seconds = Duration::from_secs(u64::from(number));
    Config::consecutive(number)
        .probes(number, 1)
        .probe_lease(seconds)
        .open_for(Backoff::constant(seconds).build())
        .build()
}

/// A clock that stands still while threads are about; loom does not see it.
#[derive(Clone, Default)]
struct Still(Arc<AtomicU64>);

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Relaxed))
    }
}

/// What ships, or a twin.
trait Adjusts: Policy<Random = NoRandom, Rule = Consecutive> + Send + Sync + 'static {
    fn beginning(config: Config) -> Self;
    fn set(&self, config: &Config) -> Result<(), AdjustError>;
}

impl Adjusts for Adjustable {
    fn beginning(config: Config) -> Self {
        Self::new(config)
    }

    fn set(&self, config: &Config) -> Result<(), AdjustError> {
        Self::set(self, config)
    }
}

/// Twin: a decision reads it in two parts.
struct InParts(Adjustable);

impl Adjusts for InParts {
    fn beginning(config: Config) -> Self {
        Self(Adjustable::new(config))
    }

    fn set(&self, config: &Config) -> Result<(), AdjustError> {
        self.0.set(config)
    }
}

impl Policy for InParts {
    type Random = NoRandom;
    type Rule = Consecutive;

    fn with<T>(&self, read: impl FnOnce(&Rules, &NoRandom) -> T) -> T {
        let first = self.0.with(|rules, _| *rules);
        self.0.with(|rules, random| {
            let mixed = Rules {
                threshold: first.threshold,
                lease: first.lease,
                ..*rules
            };
            read(&mixed, random)
        })
    }

    fn minds_abandoned(&self) -> bool {
        self.0.minds_abandoned()
    }
}

type Adjusted<A> = (Arc<A>, Still, Arc<Breaker<Still, Arc<A>>>);

fn breaker<A: Adjusts>() -> Adjusted<A> {
    let (policy, clock) = (Arc::new(A::beginning(all(1))), Still::default());
    let breaker = Arc::new(Breaker::new(clock.clone(), policy.clone()));
    (policy, clock, breaker)
}

/// One failure opens for a second, or two open for two.
fn change_against_failures<A: Adjusts>([old, new]: [State; 2]) {
    let (policy, _, breaker) = breaker::<A>();
    let permits = [(); 2].map(|()| Breaker::try_acquire_owned(breaker.clone()).expect("closed"));
    let changing = spawn(move || policy.set(&all(2)).expect("nobody else changes it"));
    let failing = spawn(move || {
        let opened = permits.into_iter().position(|permit| permit.failure().is_some());
        let failures = 1 + opened.expect("two failures are enough for both") as u64;
        if failures == 1 {
            old.seen()
        } else {
            new.seen()
        }
        let refused = breaker.try_acquire().expect_err("open");
        let cool_down = RetryAfter::In(Micros::from_micros(failures * SECOND));
        assert_eq!(refused.retry_after(), cool_down, "{MIXTURE}");
    });
    join([changing, failing]);
}

/// A probe is under way, for whose lease of a second there is no other; or there is one, with a lease of two.
fn change_against_probes<A: Adjusts>([old, new]: [State; 2]) {
    let (policy, clock, breaker) = breaker::<A>();
    let failed = breaker.try_acquire().expect("closed").failure();
    assert!(failed.is_some());
    clock.0.store(SECOND, Relaxed);
    let probe = Breaker::try_acquire_owned(breaker.clone()).expect("the cool-down is over");
    let changing = spawn(move || policy.set(&all(2)).expect("nobody else changes it"));
    let probing = spawn(move || {
        let second = breaker.try_acquire();
        if second.is_ok() {
            new.seen()
        } else {
            old.seen()
        }
        let refused = match &second {
            Err(refused) => *refused,
            Ok(_) => breaker.try_acquire().map(drop).expect_err("no more than two"),
        };
        let lease = if second.is_ok() { 2 * SECOND } else { SECOND };
        let until = RetryAfter::OnRelease(Some(Micros::from_micros(lease)));
        assert_eq!(refused.retry_after(), until, "{MIXTURE}");
    });
    join([changing, probing]);
    drop(probe);
}

/// Two set a configuration at once.
fn two_changes([both, busy]: [State; 2]) {
    let policy = Arc::new(Adjustable::new(all(1)));
    let [one, other] = [2, 3].map(|number| {
        let policy = policy.clone();
        spawn(move || policy.set(&all(number)))
    });
    let results = [one, other].map(|thread| thread.join().expect("nothing to fail at"));
    let threshold = policy.with(|rules, _| {
        assert_eq!(
            u64::from(rules.threshold) * SECOND,
            u64::from(rules.cool_downs[15]),
            "{MIXTURE}"
        );
        rules.threshold
    });
    match results {
        [Ok(()), Ok(())] => {
            both.seen();
            assert!(threshold > 1, "a change was lost");
        }
        [Ok(()), Err(AdjustError::Busy(Busy))] => {
            busy.seen();
            assert_eq!(threshold, 2, "a change was lost");
        }
        [Err(AdjustError::Busy(Busy)), Ok(())] => {
            busy.seen();
            assert_eq!(threshold, 3, "a change was lost");
        }
        results => panic!("each turned the other away: {results:?}"),
    }
}

#[test]
fn a_failure_is_judged_by_one_configuration() {
    model("a change of configuration against failures")
        .at_least(120, 2_500)
        .bound(2, BOUND)
        .holds(
            ["by the old one", "by the new one"],
            change_against_failures::<Adjustable>,
        );
    model("twin: a configuration read in two parts")
        .bound(2, BOUND)
        .breaks(MIXTURE, || change_against_failures::<InParts>(Default::default()));
}

#[test]
fn a_probe_is_admitted_by_one_configuration() {
    model("a change of configuration against probes")
        .at_least(44, 1_100)
        .bound(2, BOUND)
        .holds(
            ["by the old one", "by the new one"],
            change_against_probes::<Adjustable>,
        );
    model("twin: a configuration read in two parts")
        .bound(2, BOUND)
        .breaks(MIXTURE, || change_against_probes::<InParts>(Default::default()));
}

#[test]
fn of_two_who_set_a_configuration_each_is_told() {
    model("two changes of a configuration")
        .at_least(51, 56)
        .holds(["both were set", "one was told Busy"], two_changes);
}
