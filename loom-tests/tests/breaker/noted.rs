//! What is kept of transitions beside what decides: the last one, whoever notes his late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use loom::thread::spawn;
use watertight::breaker::{Consecutive, Keep, Stats};
use watertight::models::{AtomicU32, Slots, Words};
use watertight::{Breaker, Clock, Config, Instant, Transition};

use crate::bench::{BOUND, join};
use crate::common::{State, model};

const WENT_BACK: &str = "a transition was noted over a later one";

/// A clock that moves by a microsecond each time it is asked; loom does not see it.
#[derive(Clone, Default)]
struct Moving(Arc<AtomicU64>);

impl Clock for Moving {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.fetch_add(1, Relaxed))
    }
}

/// One failure opens.
fn breaker<S: Keep>(stats: S) -> Arc<Breaker<Moving, Config, Consecutive, S>> {
    let config = Config::consecutive(1).build();
    Arc::new(Breaker::with_stats(Moving::default(), config, Consecutive, stats))
}

/// One thread opens and another resets; what the second finds noted after his own does not go back to the first's.
fn two_transitions<S: Keep + Send + Sync + 'static>(
    stats: S,
    last: impl Fn(&Breaker<Moving, Config, Consecutive, S>) -> Option<u16> + Clone + Send + 'static,
) -> Arc<Breaker<Moving, Config, Consecutive, S>> {
    let breaker = breaker(stats);
    let permit = Breaker::try_acquire_owned(breaker.clone()).expect("closed");
    let opening = spawn(move || _ = permit.failure());
    let found = Arc::new(AtomicU64::new(0));
    let resetting = {
        let (breaker, last, found) = (breaker.clone(), last.clone(), found.clone());
        spawn(move || {
            breaker.reset();
            found.store(last(&breaker).map_or(0, u64::from), Relaxed);
        })
    };
    join([opening, resetting]);
    let noted = last(&breaker).map_or(0, u64::from);
    assert!(noted >= found.load(Relaxed), "{WENT_BACK}");
    breaker
}

fn shipped([in_order, overtaken, kept_out]: [State; 3]) {
    let breaker = two_transitions(Stats::new(), |breaker| {
        let last = breaker.statistics().last_transition();
        last.map(|made| made.generation())
    });
    let generation = breaker.snapshot().generation();
    let statistics = breaker.statistics();
    let last = statistics.last_transition().expect("somebody noted his");
    assert_eq!(statistics.is_noted(), last.generation() == generation);
    if generation == 1 {
        // The reset came first: the failure was late.
        assert_eq!((last.generation(), statistics.late()), (1, 1));
        return;
    }
    let open = statistics.time_open().as_micros();
    match last.generation() {
        // Open for the statistics, which say that they are not up to date.
        1 => kept_out.seen(),
        _ if open > 0 => in_order.seen(),
        _ => overtaken.seen(),
    }
}

/// Twin: whoever comes last is the last.
#[derive(Clone)]
struct Careless(Arc<Slots<1>>);

#[derive(Clone, Copy)]
struct Generation(u32);

impl Words<1> for Generation {
    fn to_words(self) -> [u32; 1] {
        [self.0]
    }

    fn from_words([generation]: [u32; 1]) -> Self {
        Self(generation)
    }
}

impl Keep for Careless {
    fn note<C: Clock>(&self, made: Option<Transition>, _: &C) {
        if let Some(made) = made {
            let next = |_| Generation(u32::from(made.generation()));
            let _lost = self.0.change(next);
        }
    }
}

fn careless() {
    let kept = Careless(Arc::new(Slots::new([(); 2].map(|()| [AtomicU32::new(0)]))));
    let slots = kept.0.clone();
    two_transitions(kept, move |_| Some(slots.read::<Generation>().0 as u16));
}

#[test]
fn the_last_transition_noted_is_never_followed_by_an_earlier_one() {
    model("two transitions are noted")
        .at_least(5_900, 2_400)
        .bound(3, BOUND)
        .holds(["in order", "overtaken", "kept out"], shipped);
    model("twin: whoever notes last")
        .bound(3, BOUND)
        .breaks(WENT_BACK, careless);
}
