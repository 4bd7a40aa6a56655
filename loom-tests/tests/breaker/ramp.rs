//! The ramp: each call that it decides on is one CAS on the state word, against outcomes that open, and against its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom::thread::spawn;
use watertight::breaker::rules::Rules;
use watertight::breaker::word::State as Phase;

use crate::bench::{BEFORE_RAMP, BOUND, Bench, COOL_DOWN, FAILURE, RAMP, RAMPED, SUCCESS, Word, join};
use crate::common::{State, model};
use crate::subjects::*;
use crate::tapes::{ALL, Rate, Taped, Tapes};

const SHARE: &str = "more than the ramp's share";
const NOT_OPEN: &str = "a failure that must open did not";

/// A breaker that began to recover just now.
fn recovering<S: Subject>(rules: Rules) -> Arc<Bench> {
    let bench = Bench::new(rules, 0);
    let caller = bench.asking::<S>();
    let ticket = caller.admit().expect("closed");
    for outcome in 0..rules.threshold {
        assert_eq!(
            caller.settle(ticket, FAILURE).is_some(),
            outcome + 1 == rules.threshold
        );
    }
    bench.pass(COOL_DOWN);
    let probe = caller.admit().expect("the cool-down is over");
    caller.settle(probe, SUCCESS);
    assert_eq!(bench.word().state(), Phase::Recovering);
    bench
}

/// Two callers at the very beginning, when only one call of 64 is admitted.
fn two_at_the_beginning<S: Subject>([raced]: [State; 1]) {
    let bench = recovering::<S>(RAMPED);
    let admitted = Arc::new(AtomicUsize::new(0));
    let threads = [(); 2].map(|()| {
        let (bench, admitted, raced) = (bench.clone(), admitted.clone(), raced.clone());
        spawn(move || {
            let caller = bench.asking::<S>();
            if caller.admit().is_some() {
                admitted.fetch_add(1, Relaxed);
            }
            if caller.attempts() > 1 {
                raced.seen();
            }
        })
    });
    join(threads);
    assert_eq!(admitted.load(Relaxed), 1, "{SHARE}");
    assert_eq!(bench.word().state(), Phase::Recovering);
    bench.audit();
}

/// A failure that opens, against calls that the ramp decides on: they move the word under it.
fn reopened<S: Subject>([raced, refused]: [State; 2]) {
    let bench = recovering::<S>(RAMPED);
    let ticket = bench.asking::<S>().admit().expect("the first is admitted");
    let failing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.settle(ticket, FAILURE);
            if caller.attempts() > 1 {
                raced.seen();
            }
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(RAMP / 2);
            let caller = bench.asking::<S>();
            for _ in 0..2 {
                if caller.admit().is_none() && caller.seen().state() == Phase::Open {
                    refused.seen();
                }
            }
        })
    };
    join([failing, asking]);
    assert_eq!(bench.word().state(), Phase::Open, "{NOT_OPEN}");
    bench.audit();
}

/// Two failures in a row open; the ramp ends between them, before the first, or after both.
fn ended<S: Subject>([before, between, after]: [State; 3]) {
    let bench = recovering::<S>(Rules {
        threshold: 2,
        ..RAMPED
    });
    let ticket = bench.asking::<S>().admit().expect("the first is admitted");
    let failing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            assert_eq!(caller.settle(ticket, FAILURE), None, "the first of two");
            let first = caller.seen().state();
            let opened = caller.settle(ticket, FAILURE).map(|made| made.from());
            match (first, opened) {
                (Phase::Closed, _) => before.seen(),
                (_, Some(Phase::Closed)) => between.seen(),
                _ => after.seen(),
            }
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(RAMP);
            let caller = bench.asking::<S>();
            if let Some(ticket) = caller.admit() {
                assert!(ticket.is_closed(), "admitted past the ramp's end");
            }
        })
    };
    join([failing, asking]);
    assert_eq!(bench.word().state(), Phase::Open, "{NOT_OPEN}");
    bench.audit();
}

/// The window of a recovering breaker, which stays when the ramp ends; the ledger sees to it.
fn window_over_the_end<T: Tapes>([recovering, closed]: [State; 2]) {
    let taped = Taped::<T>::holding(
        Rules {
            ramp: RAMPED.ramp,
            minimum: 3,
            ..ALL
        },
        3,
        &[],
    );
    let caller = taped.asking::<Shipped>();
    let ticket: Word = caller.admit().expect("closed");
    for _ in 0..3 {
        caller.settle(ticket, FAILURE);
    }
    taped.bench.pass(COOL_DOWN);
    let probe = caller.admit().expect("the cool-down is over");
    caller.settle(probe, SUCCESS);
    let ticket = caller.admit().expect("the first is admitted");
    caller.settle(ticket, FAILURE);
    let failing = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.asking::<Shipped>();
            for _ in 0..2 {
                caller.settle(ticket, FAILURE);
                assert!(caller.wrote(), "an outcome was not written");
                if caller.seen().is_closed() {
                    closed.seen()
                } else {
                    recovering.seen()
                }
            }
        })
    };
    let asking = {
        let taped = taped.clone();
        spawn(move || {
            taped.bench.pass(RAMP);
            taped.asking::<Shipped>().admit();
        })
    };
    join([failing, asking]);
    assert_eq!(taped.bench.word().state(), Phase::Open, "{NOT_OPEN}");
    taped.audit();
}

#[test]
fn each_call_has_its_own_place_in_the_share() {
    model("two callers as the ramp begins")
        .at_least(27, 2_700)
        .holds(["raced"], two_at_the_beginning::<Shipped>);
    model("twin: a share that nobody claims")
        .bound(3, BOUND)
        .breaks(SHARE, || {
            two_at_the_beginning::<RampDecidesUnseen>(Default::default())
        });
}

#[test]
fn a_failure_opens_whatever_the_ramp_decides_meanwhile() {
    model("a failure in a ramp")
        .at_least(4_000, 2_000)
        .bound(3, BOUND)
        .holds(["raced", "refused"], reopened::<Shipped>);
    model("twin: who is to open gives up")
        .bound(3, BOUND)
        .breaks(NOT_OPEN, || reopened::<OpenerGivesUp>(Default::default()));
}

#[test]
fn the_end_of_a_ramp_forgets_nothing() {
    model("two failures as a ramp ends")
        .at_least(8_000, 2_100)
        .bound(3, BOUND)
        .holds(["it ended before", "between", "after"], ended::<Shipped>);
    model("twin: the end of a ramp forgets")
        .bound(3, BOUND)
        .breaks(NOT_OPEN, || ended::<RampEndForgets>(Default::default()));
    model("twin: the ramp's end before its time")
        .bound(3, BOUND)
        .breaks(BEFORE_RAMP, || ended::<RampNeverWaits>(Default::default()));
    model("a window as a ramp ends")
        .at_least(4_100, 2_200)
        .bound(3, BOUND)
        .holds(["recovering", "closed"], window_over_the_end::<Rate>);
}
