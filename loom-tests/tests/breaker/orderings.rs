//! Why each ordering is there: the shortest histories that go wrong without it.
//!
//! In all of them one thread goes through several instances while another, in one operation, holds on to what
//! it read of an earlier one.

use loom::thread::spawn;
use watertight::Instant;
use watertight::breaker::word::State as Phase;

use crate::bench::{BOUND, Bench, COOL_DOWN, Caller, EARLY, EARLY_ROUND, FAILURE, LEASE, RULES, join};
use crate::common::{State, model};
use crate::subjects::*;

/// The timer words carry two bits of count: those of four instances ago look like the present ones.
fn four_instances_by_verdicts<S: Subject>([refused]: [State; 1]) {
    let bench = Bench::new(RULES, 0);
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at::<S>(500);
            for _ in 0..3 {
                caller.reset();
            }
            let ticket = caller.admit().expect("closed");
            caller.settle(ticket, FAILURE);
        })
    };
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
fn four_instances_by_probes<S: Subject>([refused]: [State; 1]) {
    let bench = Bench::new(RULES, 0);
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
fn late_helper<S: Subject>([refused]: [State; 1]) {
    const FIRST: u64 = (1 << 30) - 1500;
    const SECOND: u64 = 1 << 30;
    let bench = Bench::new(RULES, FIRST);
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
) {
    let bench = Bench::new(RULES, 0);
    let caller = bench.at::<S>(0);
    let ticket = caller.admit().expect("closed");
    caller.settle(ticket, FAILURE);
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at::<S>(500);
            for _ in 0..3 {
                caller.reset();
            }
            let ticket = caller.admit().expect("closed");
            caller.settle(ticket, FAILURE);
        })
    };
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
    caller.observe().is_some_and(|word| word.state() == Phase::Open)
}

#[test]
fn timer_words_of_four_instances_ago_do_not_pass_for_present_ones() {
    model("four instances, begun by verdicts and resets")
        .at_least(1, 1)
        .holds(["refused"], four_instances_by_verdicts::<Shipped>);
    model("twin: state loaded Relaxed").breaks(EARLY, || {
        four_instances_by_verdicts::<StateLoadedRelaxed>(Default::default());
    });
    model("twin: state swapped Relaxed by a verdict").breaks(EARLY, || {
        four_instances_by_verdicts::<ChangeSwappedRelaxed>(Default::default());
    });
    model("four instances, begun by probes")
        .at_least(1, 1)
        .bound(3, BOUND)
        .holds(["refused"], four_instances_by_probes::<Shipped>);
    model("twin: state loaded Relaxed")
        .bound(3, BOUND)
        .breaks(EARLY_ROUND, || {
            four_instances_by_probes::<StateLoadedRelaxed>(Default::default());
        });
    model("twin: state swapped Relaxed by a probe")
        .bound(3, BOUND)
        .breaks(EARLY_ROUND, || {
            four_instances_by_probes::<ProbeSwappedRelaxed>(Default::default());
        });
}

#[test]
fn a_late_helper_does_not_date_the_next_instance() {
    model("a late helper")
        .at_least(1, 1)
        .bound(3, BOUND)
        .holds(["refused"], late_helper::<Shipped>);
    fn twin<S: Subject>(claim: &'static str) {
        model(claim).bound(3, BOUND).breaks(EARLY_ROUND, || {
            late_helper::<S>(Default::default());
        });
    }
    twin::<LowLoadedRelaxed>("twin: low loaded Relaxed");
    twin::<LowSwappedRelaxed>("twin: low swapped Relaxed");
    twin::<HighLoadedRelaxed>("twin: high loaded Relaxed");
    twin::<HighSwappedRelaxed>("twin: high swapped Relaxed");
    twin::<HelperLooksOnce>("twin: a helper that does not look at the state again");
}

#[test]
fn no_wait_is_named_that_never_was() {
    model("a refusal between four instances")
        .at_least(1, 1)
        .bound(3, BOUND)
        .holds(["refused"], |states| {
            between_four_instances::<Shipped>(states, refused);
        });
    model("a snapshot between four instances")
        .at_least(1, 1)
        .bound(3, BOUND)
        .holds(["open"], |states| {
            between_four_instances::<Shipped>(states, open_in_snapshot);
        });
    fn twin<S: Subject + 'static>(claim: &'static str, waits: fn(&Caller<S, Instant>) -> bool) {
        model(claim).bound(3, BOUND).breaks("a wait until", move || {
            between_four_instances::<S>(Default::default(), waits);
        });
    }
    twin::<LowLoadedRelaxed>("twin: low loaded Relaxed", refused);
    twin::<LowSwappedRelaxed>("twin: low swapped Relaxed", refused);
    twin::<RefusesAtFirstLook>("twin: a refusal at first look", refused);
    twin::<LowLoadedRelaxed>("twin: low loaded Relaxed", open_in_snapshot);
    twin::<ObservesAtFirstLook>("twin: a snapshot at first look", open_in_snapshot);
}
