//! Why each ordering is there: the shortest histories that go wrong without it.
//!
//! In all of them one thread goes through several instances while another, in one operation, holds on to what
//! it read of an earlier one.

use std::sync::Arc;

use loom::thread::{JoinHandle, spawn};
use watertight::Instant;
use watertight::breaker::protocol::{Forced, Place};
use watertight::breaker::word::State as Phase;

use crate::bench::{BEFORE_LEASE, BOUND, Bench, COOL_DOWN, EARLY, FAILURE, LEASE, RULES, Strong, join};
use crate::caller::Caller;
use crate::common::{State, model};
use crate::subjects::*;

/// A thread that goes through four instances, the last of them open.
fn four_instances_on<S: Subject>(bench: &Arc<Bench>) -> JoinHandle<()> {
    let bench = bench.clone();
    spawn(move || {
        let caller = bench.at::<S>(500);
        for _ in 0..3 {
            caller.force(Forced::Closed);
        }
        let ticket = caller.admit().expect("closed");
        caller.settle(ticket, FAILURE);
    })
}

/// The timer words carry two bits of count: those of four instances ago look like the present ones.
fn four_instances_by_verdicts<S: Subject>([refused]: [State; 1], weakened: Option<Strong>) {
    let bench = Bench::weakened(RULES, 0, weakened);
    let changing = four_instances_on::<S>(&bench);
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            if bench.at::<S>(500).attempt() == Some(None) {
                refused.seen();
            }
        })
    };
    join([changing, asking]);
    bench.audit();
}

/// The same, where the last three instances are begun by probes.
fn four_instances_by_probes<S: Subject>([refused]: [State; 1], weakened: Option<Strong>) {
    let bench = Bench::weakened(RULES, 0, weakened);
    let ticket = bench.at::<S>(0).admit().expect("closed");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.settle(ticket, FAILURE);
            for wait in [COOL_DOWN, LEASE, LEASE] {
                bench.pass(wait);
                caller.admit();
            }
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            if bench.asking::<S>().attempt() == Some(None) {
                refused.seen();
            }
        })
    };
    join([changing, asking]);
    bench.audit();
}

/// A helper that takes the present timer words for unset ones of an instance that is over dates the next one. Low
/// and high differ between the two, since the clock passes 2^30.
fn late_helper<S: Subject>([refused]: [State; 1], weakened: Option<Strong>) {
    const FIRST: u64 = (1 << 30) - 1500;
    const SECOND: u64 = 1 << 30;
    let bench = Bench::weakened(RULES, FIRST, weakened);
    let caller = bench.at::<S>(FIRST - COOL_DOWN);
    let ticket = caller.admit().expect("closed");
    caller.settle(ticket, FAILURE);
    let probe = bench.at::<S>(FIRST).admit().expect("the cool-down is over");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.settle(probe, FAILURE);
            bench.pass(SECOND - FIRST);
            caller.admit();
            caller.admit();
        })
    };
    let helping = {
        let bench = bench.clone();
        spawn(move || {
            if bench.asking::<S>().attempt() == Some(None) {
                refused.seen();
            }
        })
    };
    join([changing, helping]);
    bench.audit();
}

/// Who takes the timer words of an instance four later for those of the one he saw names a time that never was.
fn between_four_instances<S: Subject + 'static>(
    [waited]: [State; 1],
    waits: fn(&Caller<S, Instant>) -> bool,
    weakened: Option<Strong>,
) {
    let bench = Bench::weakened(RULES, 0, weakened);
    let caller = bench.at::<S>(0);
    let ticket = caller.admit().expect("closed");
    caller.settle(ticket, FAILURE);
    let changing = four_instances_on::<S>(&bench);
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            if waits(&bench.at::<S>(0)) {
                waited.seen();
            }
        })
    };
    join([changing, asking]);
    bench.audit();
}

fn refused<S: Subject>(caller: &Caller<S, Instant>) -> bool {
    caller.attempt() == Some(None)
}

fn open_in_snapshot<S: Subject>(caller: &Caller<S, Instant>) -> bool {
    caller
        .observe()
        .is_some_and(|reading| reading.word.state() == Phase::Open)
}

/// The same model over the protocol that ships with one of its orderings Relaxed.
fn relaxed(weakened: Strong, bound: Option<usize>, message: &str, body: fn([State; 1], Option<Strong>)) {
    let twin = model(match weakened {
        Strong::Load(Place::State) => "twin: state loaded Relaxed",
        Strong::Load(Place::Low) => "twin: low loaded Relaxed",
        Strong::Load(Place::High) => "twin: high loaded Relaxed",
        Strong::Swap(Place::High) => "twin: high swapped Relaxed",
        Strong::Swap(Place::Low) => "twin: low swapped Relaxed",
        Strong::SwapByProbe => "twin: state swapped Relaxed by a probe",
        Strong::SwapByVerdict => "twin: state swapped Relaxed by a verdict",
        other => unreachable!("{other:?} is of a window"),
    });
    let twin = match bound {
        Some(preemptions) => twin.bound(preemptions, BOUND),
        None => twin,
    };
    twin.breaks(message, move || body(Default::default(), Some(weakened)));
}

#[test]
fn timer_words_of_four_instances_ago_do_not_pass_for_present_ones() {
    model("four instances, begun by verdicts and resets")
        .at_least(1_300, 16_000)
        .holds(["refused"], |states| {
            four_instances_by_verdicts::<Shipped>(states, None);
        });
    for weakened in [Strong::Load(Place::State), Strong::SwapByVerdict] {
        relaxed(weakened, None, EARLY, four_instances_by_verdicts::<Shipped>);
    }
    model("four instances, begun by probes")
        .at_least(36_000, 5_600)
        .bound(3, BOUND)
        .holds(["refused"], |states| {
            four_instances_by_probes::<Shipped>(states, None);
        });
    for weakened in [Strong::Load(Place::State), Strong::SwapByProbe] {
        relaxed(
            weakened,
            Some(3),
            BEFORE_LEASE,
            four_instances_by_probes::<Shipped>,
        );
    }
}

#[test]
fn a_late_helper_does_not_date_the_next_instance() {
    model("a late helper")
        .at_least(3_700, 2_700)
        .bound(3, BOUND)
        .holds(["refused"], |states| late_helper::<Shipped>(states, None));
    for place in [Place::Low, Place::High] {
        for weakened in [Strong::Load(place), Strong::Swap(place)] {
            relaxed(weakened, Some(3), BEFORE_LEASE, late_helper::<Shipped>);
        }
    }
    model("twin: a helper that does not look at the state again")
        .bound(3, BOUND)
        .breaks(BEFORE_LEASE, || {
            late_helper::<HelperLooksOnce>(Default::default(), None);
        });
}

#[test]
fn no_wait_is_named_that_never_was() {
    model("a refusal between four instances")
        .at_least(15_000, 1_000)
        .bound(3, BOUND)
        .holds(["refused"], |states| {
            between_four_instances::<Shipped>(states, refused, None);
        });
    model("a snapshot between four instances")
        .at_least(15_000, 1_000)
        .bound(3, BOUND)
        .holds(["open"], |states| {
            between_four_instances::<Shipped>(states, open_in_snapshot, None);
        });
    for weakened in [Strong::Load(Place::Low), Strong::Swap(Place::Low)] {
        relaxed(weakened, Some(3), "a wait until", |states, weakened| {
            between_four_instances::<Shipped>(states, refused, weakened);
        });
        relaxed(weakened, Some(3), "a wait until", |states, weakened| {
            between_four_instances::<Shipped>(states, open_in_snapshot, weakened);
        });
    }
    model("twin: a refusal at first look")
        .bound(3, BOUND)
        .breaks("a wait until", || {
            between_four_instances::<RefusesAtFirstLook>(Default::default(), refused, None);
        });
    model("twin: a snapshot at first look")
        .bound(3, BOUND)
        .breaks("a wait until", || {
            between_four_instances::<ObservesAtFirstLook>(Default::default(), open_in_snapshot, None);
        });
}
