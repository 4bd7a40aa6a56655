//! The public API itself, with its own words and the clock that ships.

use core::time::Duration;
use std::sync::Arc;

use loom::thread::spawn;
use watertight::{Backoff, Breaker, Clock, Config, Instant, ManualClock, State as Phase, Transition};

use crate::bench::{BOUND, join};
use crate::common::{State, model};

#[derive(Clone)]
struct Shared(Arc<ManualClock>);

impl Clock for Shared {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

const COOL_DOWN: Duration = Duration::from_micros(1_000);

/// A failure trips, and whoever comes after the cool-down is a probe, which is dropped.
fn permits([probe, late, refused]: [State; 3]) {
    let clock = Shared(Arc::new(ManualClock::starting_at(Instant::from_micros(7))));
    let config = Config::consecutive(1)
        .open_for(Backoff::constant(COOL_DOWN).build())
        .build();
    let breaker = Arc::new(Breaker::new(clock.clone(), config));
    let told = Arc::new(std::sync::Mutex::new(Vec::<Transition>::new()));
    let permits = [(); 2].map(|()| Breaker::try_acquire_owned(breaker.clone()).expect("closed"));
    let failing = {
        let told = told.clone();
        spawn(move || {
            for permit in permits {
                match permit.failure() {
                    Some(made) => told.lock().expect("a failed execution is the last").push(made),
                    None => late.seen(),
                }
            }
        })
    };
    let probing = {
        let (breaker, told) = (breaker.clone(), told.clone());
        spawn(move || {
            clock.0.advance(COOL_DOWN.into()).expect("nobody else sets it");
            match breaker.try_acquire() {
                Ok(permit) if permit.is_probe() => {
                    probe.seen();
                    told.lock()
                        .expect("a failed execution is the last")
                        .extend(permit.transition());
                }
                Ok(_) => {}
                Err(_) => refused.seen(),
            };
        })
    };
    join([failing, probing]);
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.probes_in_flight(), 0, "a dropped permit keeps its slot");
    let mut told = told.lock().expect("a failed execution is the last");
    told.sort_by_key(Transition::generation);
    let generations: Vec<u16> = told.iter().map(Transition::generation).collect();
    assert_eq!(
        generations,
        (1..=snapshot.generation()).collect::<Vec<_>>(),
        "one event a transition"
    );
    assert_ne!(snapshot.state(), Phase::Closed);
}

#[test]
fn permits_of_the_public_api() {
    model("permits of the public API")
        .at_least(1_300, 1_200)
        .bound(3, BOUND)
        .holds(["a probe", "a late failure", "refused"], permits);
}
