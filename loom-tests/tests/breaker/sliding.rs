//! Slide against slide: every outcome is written once, whoever else writes, over the end of a strip and into and out of
//! clean. What a window ought to hold, and that every step agrees, is checked in every model (see `ledger`).

use loom::thread::spawn;
use watertight::breaker::protocol::{Ended, Forced};
use watertight::breaker::window::FailureRate;
use watertight::breaker::window::tape::Mode;

use crate::bench::{BOUND, FAILURE, SUCCESS, join};
use crate::common::{State, model};
use crate::ledger::NOT_CLEAN;
use crate::subjects::*;
use crate::tapes::{ALL, BAD, GOOD, Rate, Taped, Tapes, call};

const NOT_WRITTEN: &str = "an outcome was not written";

/// Two threads report two outcomes each to a window of 20 that has these; `raced`: one of them lost a CAS.
fn two_recorders<T: Tapes>([raced]: [State; 1], has: usize, outcomes: [[Ended; 2]; 2]) {
    let taped = Taped::<T>::holding(ALL, 20, &[[BAD; 1].as_slice(), &vec![GOOD; has]].concat());
    let ticket = taped.at::<Shipped>(0).admit().expect("closed");
    let threads = outcomes.map(|outcomes| {
        let (taped, raced) = (taped.clone(), raced.clone());
        spawn(move || {
            let caller = taped.at::<Shipped>(0);
            for outcome in outcomes {
                caller.settle(ticket, outcome);
                if caller.raced() {
                    raced.seen();
                }
            }
        })
    });
    join(threads);
    assert_eq!(taped.written(), 4, "{NOT_WRITTEN}");
    taped.audit();
}

/// Of 18 and 19 the second success makes the window clean, unless somebody else's failure is there before.
fn into_clean<T: Tapes>([clean, soiled]: [State; 2]) {
    let taped = Taped::<T>::holding(ALL, 19, &[GOOD; 17]);
    let failing = {
        let taped = taped.clone();
        spawn(move || call::<Shipped, T>(&taped, 0, &[FAILURE]))
    };
    let succeeding = {
        let taped = taped.clone();
        spawn(move || call::<Shipped, T>(&taped, 0, &[SUCCESS, SUCCESS, SUCCESS]))
    };
    join([failing, succeeding]);
    match taped.bench.history().ledger_mut().cursor().mode() {
        // Three successes come after the failure, and it counts.
        Mode::Counting => soiled.seen(),
        // The failure came after all of them, or after the tape was clean.
        Mode::Full | Mode::Clean => clean.seen(),
    }
    taped.audit();
}

/// A clean window has a failure and two successes to come, of which those that come before it are not written.
fn out_of_clean<T: Tapes>([quiet, written]: [State; 2]) {
    let taped = Taped::<T>::clean(ALL);
    let ticket = taped.at::<Shipped>(0).admit().expect("closed");
    let failing = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<Shipped>(0);
            caller.settle(ticket, FAILURE);
            caller.settle(ticket, SUCCESS);
        })
    };
    let succeeding = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<Shipped>(0);
            for _ in 0..2 {
                caller.settle(ticket, SUCCESS);
                if caller.wrote() {
                    written.seen()
                } else {
                    quiet.seen()
                }
            }
        })
    };
    join([failing, succeeding]);
    taped.audit();
    let failures = taped.bench.history().ledger_mut().counts().failures;
    assert_eq!(failures, 1, "{NOT_WRITTEN}");
}

/// Two failures at once on a clean window: one of them moves the cursor, and both count.
fn two_soil<T: Tapes>([raced]: [State; 1]) {
    let taped = Taped::<T>::clean(ALL);
    let ticket = taped.at::<Shipped>(0).admit().expect("closed");
    let threads = [(); 2].map(|()| {
        let (taped, raced) = (taped.clone(), raced.clone());
        spawn(move || {
            let caller = taped.at::<Shipped>(0);
            caller.settle(ticket, FAILURE);
            if caller.raced() {
                raced.seen();
            }
        })
    });
    join(threads);
    assert_eq!(taped.written(), 2, "{NOT_WRITTEN}");
    taped.audit();
}

/// A success of the new generation meets the cursor of the old one, which was clean.
fn quiet_after_reset<T: Tapes>([late, written]: [State; 2]) {
    let taped = Taped::<T>::clean(ALL);
    let old = taped.at::<Shipped>(0).admit().expect("closed");
    let resetting = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<Shipped>(0);
            caller.force(Forced::Closed);
            let ticket = caller.admit().expect("closed");
            caller.settle(ticket, SUCCESS);
            assert!(caller.wrote(), "{NOT_WRITTEN}");
            written.seen();
        })
    };
    let succeeding = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<Shipped>(0);
            for _ in 0..2 {
                caller.settle(old, SUCCESS);
                assert!(!caller.wrote(), "a success of the generation before");
                if caller.seen().generation() != old.generation() {
                    late.seen();
                }
            }
        })
    };
    join([resetting, succeeding]);
    assert_eq!(taped.written(), 1, "{NOT_WRITTEN}");
    taped.audit();
}

#[test]
fn two_recorders_on_one_strip_both_count() {
    const MIXED: [[Ended; 2]; 2] = [[FAILURE, SUCCESS], [SUCCESS, FAILURE]];
    model("two recorders on one strip")
        .at_least(220, 2_400)
        .bound(3, BOUND)
        .holds(["raced"], |states| {
            two_recorders::<Rate>(states, 3, MIXED);
        });
    model("twin: an outcome lost in a race")
        .bound(3, BOUND)
        .breaks(NOT_WRITTEN, || {
            two_recorders::<outcome_lost_in_race::Tape<FailureRate>>(Default::default(), 3, MIXED);
        });
}

#[test]
fn two_recorders_over_the_end_of_a_strip_both_count() {
    const MIXED: [[Ended; 2]; 2] = [[FAILURE, SUCCESS], [SUCCESS, FAILURE]];
    model("two recorders over the end of a strip")
        .at_least(1_200, 7_900)
        .bound(3, BOUND)
        .holds(["raced"], |states| {
            two_recorders::<Rate>(states, 17, MIXED);
        });
    model("twin: who moves the cursor writes on")
        .bound(3, BOUND)
        .breaks(NOT_WRITTEN, || {
            two_recorders::<writes_on_after_move::Tape<FailureRate>>(Default::default(), 17, MIXED);
        });
}

#[test]
fn a_window_gets_clean_by_all_its_calls() {
    model("into clean")
        .at_least(220, 1_900)
        .bound(3, BOUND)
        .holds(["clean", "soiled"], into_clean::<Rate>);
    model("twin: clean by the newest")
        .bound(3, BOUND)
        .breaks(NOT_CLEAN, || {
            into_clean::<clean_by_newest::Tape<FailureRate>>(Default::default());
        });
}

#[test]
fn a_success_on_a_clean_window_is_quiet_and_the_first_failure_counts() {
    model("out of clean")
        .at_least(420, 4_000)
        .bound(3, BOUND)
        .holds(["quiet", "written"], out_of_clean::<Rate>);
    model("twin: an outcome lost in a race")
        .bound(3, BOUND)
        .breaks(NOT_WRITTEN, || {
            two_soil::<outcome_lost_in_race::Tape<FailureRate>>(Default::default());
        });
    model("two failures out of clean")
        .at_least(290, 3_400)
        .bound(3, BOUND)
        .holds(["raced"], two_soil::<Rate>);
    model("quiet against a reset")
        .at_least(150, 3_800)
        .bound(4, BOUND)
        .holds(["late", "written"], quiet_after_reset::<Rate>);
    model("twin: quiet by the cursor of a generation that is over")
        .bound(3, BOUND)
        .breaks(NOT_WRITTEN, || {
            quiet_after_reset::<quiet_by_old_cursor::Tape<FailureRate>>(Default::default());
        });
}
