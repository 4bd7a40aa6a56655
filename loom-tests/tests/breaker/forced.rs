//! A forced state stays, whatever is settled at the moment; and what was under way changes nothing once it is over.

use loom::thread::spawn;
use watertight::breaker::protocol::{Ended, Forced};
use watertight::breaker::window::FailureRate;
use watertight::breaker::word::State as Phase;

use crate::bench::{BOUND, FAILURE, RULES, SUCCESS, join};
use crate::common::{State, model};
use crate::ledger::NOT_OVER;
use crate::probes::half_opened;
use crate::subjects::*;
use crate::tapes::{BAD, BOTH, Rate, Taped, Tapes};

const STAYS: &str = "a forced state was left";

const fn phase_of(to: Forced) -> Phase {
    match to {
        Forced::Closed => Phase::Closed,
        Forced::Open => Phase::ForcedOpen,
        Forced::Disabled => Phase::Disabled,
    }
}

/// A probe's verdict, and another call, against a breaker that is forced.
fn against_verdict<S: Subject>([before, after]: [State; 2], to: Forced, verdict: Ended) {
    let (bench, probe) = half_opened::<S>(RULES);
    let probing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            match caller.settle(probe, verdict) {
                Some(_) => before.seen(),
                None => after.seen(),
            }
            bench.pass(1);
            let admitted = caller.admit();
            if caller.seen().state() == Phase::ForcedOpen {
                assert_eq!(admitted, None, "{STAYS}");
            }
        })
    };
    let forcing = {
        let bench = bench.clone();
        spawn(move || bench.asking::<S>().force(to))
    };
    join([probing, forcing]);
    assert_eq!(bench.word().state(), phase_of(to), "{STAYS}");
    bench.audit();
}

/// A breaker is forced and reset while two failures are reported that would open it; each counts before, or not at all.
fn against_window<S: Subject, T: Tapes>([opened, late]: [State; 2], to: Forced) {
    let taped = Taped::<T>::holding(BOTH, 2, &[BAD]);
    let ticket = taped.at::<S>(0).admit().expect("closed");
    let failing = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<S>(0);
            for _ in 0..2 {
                match caller.settle(ticket, FAILURE) {
                    Some(_) => opened.seen(),
                    None if !caller.wrote() => late.seen(),
                    None => {}
                }
            }
        })
    };
    let forcing = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<S>(0);
            caller.force(to);
            caller.force(Forced::Closed);
        })
    };
    join([failing, forcing]);
    assert_eq!(taped.bench.word().state(), Phase::Closed, "{STAYS}");
    // One failure of the new generation is one.
    let caller = taped.at::<S>(0);
    let ticket = caller.admit().expect("closed");
    assert_eq!(caller.settle(ticket, FAILURE), None, "{NOT_OVER}");
    taped.audit();
}

#[test]
fn a_forced_state_stays_whatever_a_probe_reports() {
    for to in [Forced::Open, Forced::Disabled] {
        for verdict in [SUCCESS, FAILURE] {
            model("forced against a verdict")
                .at_least(4_700, 1_400)
                .bound(3, BOUND)
                .holds(["before", "after"], move |states| {
                    against_verdict::<Shipped>(states, to, verdict);
                });
        }
    }
    model("twin: forced open until a time")
        .bound(3, BOUND)
        .breaks(STAYS, || {
            against_verdict::<ForcedOpenEnds>(Default::default(), Forced::Open, FAILURE);
        });
}

#[test]
fn what_was_under_way_when_a_state_was_forced_is_late() {
    for to in [Forced::Open, Forced::Disabled] {
        model("forced and reset against failures")
            .at_least(3_000, 2_300)
            .bound(3, BOUND)
            .holds(["opened", "late"], move |states| {
                against_window::<Shipped, Rate>(states, to);
            });
    }
    model("twin: a start on the same lap")
        .bound(3, BOUND)
        .breaks(NOT_OVER, || {
            against_window::<Shipped, started_on_the_same_lap::Tape<FailureRate>>(
                Default::default(),
                Forced::Open,
            );
        });
}
