//! An outcome from another generation changes nothing; a reset makes everything under way such a one.

use loom::thread::spawn;
use watertight::breaker::protocol::{Ended, Forced};
use watertight::breaker::rules::Rules;
use watertight::breaker::word::State as Phase;

use crate::bench::{BOUND, Bench, COOL_DOWN, FAILURE, ONE_EVENT, RULES, SUCCESS, join};
use crate::common::{State, model};
use crate::subjects::*;

/// Two calls of the first closed generation report while the breaker goes from half-open back to open and to
/// half-open again, or to closed.
fn late_outcome<S: Subject>([half_open, closed]: [State; 2], late: Ended, of_probe: Ended) {
    let bench = Bench::new(RULES, 0);
    let caller = bench.asking::<S>();
    let [first, old, older] = [(); 3].map(|()| caller.admit().expect("closed"));
    caller.settle(first, FAILURE);
    bench.pass(COOL_DOWN);
    let probe = caller.admit().expect("the cool-down is over");
    let probing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.settle(probe, of_probe);
            bench.pass(COOL_DOWN);
            caller.admit();
        })
    };
    let reporting = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            for ticket in [old, older] {
                assert_eq!(caller.settle(ticket, late), None, "a late outcome");
                match caller.seen().state() {
                    Phase::HalfOpen => half_open.seen(),
                    Phase::Closed => closed.seen(),
                    _ => {}
                }
            }
        })
    };
    join([probing, reporting]);
    let word = bench.word();
    assert_eq!((word.failures(), word.successes()), (0, 0), "a late outcome");
    bench.audit();
}

/// A reset comes between a call and its failure.
fn reset_against_failure<S: Subject>([before, after]: [State; 2]) {
    let bench = Bench::new(RULES, 0);
    let caller = bench.asking::<S>();
    let [one, other] = [(); 2].map(|()| caller.admit().expect("closed"));
    let failing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            match caller.settle(one, FAILURE) {
                Some(tripped) => {
                    assert_eq!(tripped.generation(), 1, "a failure from before the reset");
                    before.seen();
                }
                None => after.seen(),
            }
            bench.pass(1);
            caller.admit();
        })
    };
    let resetting = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.force(Forced::Closed);
            assert_eq!(
                caller.settle(other, FAILURE),
                None,
                "a failure from before the reset"
            );
        })
    };
    join([failing, resetting]);
    assert!(bench.word().is_closed() && bench.word().failures() == 0);
    bench.audit();
}

/// A reset comes between a probe and its success, which would close the breaker too.
fn reset_against_success<S: Subject>([before, after]: [State; 2]) {
    let bench = Bench::new(RULES, 0);
    let caller = bench.asking::<S>();
    let ticket = caller.admit().expect("closed");
    caller.settle(ticket, FAILURE);
    bench.pass(COOL_DOWN);
    let probe = caller.admit().expect("the cool-down is over");
    let probing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            match caller.settle(probe, SUCCESS) {
                Some(_) => before.seen(),
                None => after.seen(),
            }
            bench.pass(1);
            if let Some(ticket) = caller.admit() {
                caller.settle(ticket, SUCCESS);
            }
        })
    };
    let resetting = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.force(Forced::Closed);
            caller.force(Forced::Closed);
        })
    };
    join([probing, resetting]);
    assert!(bench.word().is_closed());
    assert_eq!(bench.word().attempt(), 0, "what was reset came back");
    bench.audit();
}

/// Two probes report opposite outcomes, and each goes on.
fn opposite_verdicts<S: Subject>([closed, reopened]: [State; 2]) {
    let bench = Bench::new(Rules { probes: 2, ..RULES }, 0);
    let caller = bench.asking::<S>();
    let ticket = caller.admit().expect("closed");
    caller.settle(ticket, FAILURE);
    bench.pass(COOL_DOWN);
    let probes = [(); 2].map(|()| caller.admit().expect("the cool-down is over"));
    let mut of = [(SUCCESS, closed), (FAILURE, reopened)].into_iter();
    let threads = probes.map(|probe| {
        let bench = bench.clone();
        let (outcome, state) = of.next().expect("as many as probes");
        spawn(move || {
            let caller = bench.asking::<S>();
            if caller.settle(probe, outcome).is_some() {
                state.seen();
            }
            bench.pass(1);
            caller.admit();
        })
    });
    join(threads);
    bench.audit();
}

#[test]
fn a_late_success_does_not_close() {
    model("a late success").at_least(54, 680).holds(
        ["reported to half-open", "reported to closed"],
        |states| {
            late_outcome::<Shipped>(states, SUCCESS, SUCCESS);
        },
    );
    model("twin: an outcome of any generation counts").breaks("a late outcome", || {
        late_outcome::<OutcomeOfAnyGeneration>(Default::default(), SUCCESS, SUCCESS);
    });
}

#[test]
fn a_late_failure_does_not_reopen() {
    model("a late failure").at_least(24, 150).holds(
        ["reported to half-open", "reported to closed"],
        |states| {
            late_outcome::<Shipped>(states, FAILURE, SUCCESS);
        },
    );
    model("twin: an outcome of any generation counts").breaks("a late outcome", || {
        late_outcome::<OutcomeOfAnyGeneration>(Default::default(), FAILURE, SUCCESS);
    });
}

#[test]
fn a_reset_leaves_nothing_to_what_is_under_way() {
    model("a reset against a failure")
        .at_least(19_000, 2_300)
        .bound(3, BOUND)
        .holds(
            ["failed before", "failed after"],
            reset_against_failure::<Shipped>,
        );
    model("twin: an outcome of any generation counts")
        .bound(3, BOUND)
        .breaks("a failure from before the reset", || {
            reset_against_failure::<OutcomeOfAnyGeneration>(Default::default());
        });
    model("a reset against a success")
        .at_least(21_000, 2_400)
        .bound(3, BOUND)
        .holds(
            ["succeeded before", "succeeded after"],
            reset_against_success::<Shipped>,
        );
    model("twin: nobody loses").bound(3, BOUND).breaks(ONE_EVENT, || {
        reset_against_success::<NobodyLoses>(Default::default());
    });
}

#[test]
fn opposite_verdicts_make_one_event_each_generation() {
    model("opposite verdicts of two probes")
        .at_least(5_900, 2_800)
        .bound(3, BOUND)
        .holds(["closed", "reopened"], opposite_verdicts::<Shipped>);
    model("twin: nobody loses")
        .bound(3, BOUND)
        .breaks(ONE_EVENT, || opposite_verdicts::<NobodyLoses>(Default::default()));
}
