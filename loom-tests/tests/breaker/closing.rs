//! A generation that closes anew against outcomes of the one before: none is counted in the new one, none of the new one is
//! lost, and nobody takes the tape back to the old one.

use loom::thread::spawn;
use watertight::breaker::protocol::{Ended, Forced, Place};
use watertight::breaker::window::FailureRate;

use crate::bench::{BOUND, COOL_DOWN, FAILURE, SUCCESS, Strong, join};
use crate::common::{State, model};
use crate::ledger::{LOST, NOT_OVER, STARTED_OLD};
use crate::subjects::*;
use crate::tapes::{BAD, BOTH, Rate, Taped, Tapes};

/// A reset, and the first failure of the new generation, against failures of the old one.
fn reset_against_records<S: Subject, T: Tapes>(
    [recorded, late]: [State; 2],
    old: &'static [Ended],
    weakened: Option<Strong>,
) {
    let taped = Taped::<T>::weakened(BOTH, 2, &[], weakened);
    let ticket = taped.at::<S>(0).admit().expect("closed");
    let resetting = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<S>(0);
            caller.force(Forced::Closed);
            if let Some(ticket) = caller.admit() {
                caller.settle(ticket, FAILURE);
            }
        })
    };
    let reporting = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<S>(0);
            for outcome in old {
                caller.settle(ticket, *outcome);
                if caller.wrote() {
                    recorded.seen()
                } else {
                    late.seen()
                }
            }
        })
    };
    join([resetting, reporting]);
    taped.audit();
}

/// One thread trips, waits, probes, closes and counts in the new generation; a call of the first one reports meanwhile.
fn close_against_record<S: Subject, T: Tapes>([recorded, late, counted]: [State; 3], old: Ended) {
    let taped = Taped::<T>::holding(BOTH, 2, &[BAD]);
    let ticket = taped.at::<S>(0).admit().expect("closed");
    let closing = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.asking::<S>();
            caller.settle(ticket, FAILURE);
            taped.bench.pass(COOL_DOWN);
            let Some(probe) = caller.admit().filter(|ticket| ticket.is_probe()) else {
                return;
            };
            caller.settle(probe, SUCCESS);
            let ticket = caller.admit().expect("closed");
            caller.settle(ticket, FAILURE);
            assert!(caller.wrote(), "an outcome was not written");
            counted.seen();
        })
    };
    let reporting = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.asking::<S>();
            caller.settle(ticket, old);
            if caller.wrote() {
                recorded.seen();
            } else if caller.seen().generation() != ticket.generation() {
                late.seen();
            }
        })
    };
    join([closing, reporting]);
    let word = taped.bench.word();
    if word.generation() >= 3 {
        let failures = taped.bench.history().ledger_mut().counts_of(word).failures;
        assert_eq!(failures, 1, "of the new generation alone");
    }
    taped.audit();
}

const OLD: &[Ended] = &[FAILURE];

#[test]
fn a_reset_begins_with_an_empty_window() {
    model("a reset against a record")
        .at_least(480, 2_700)
        .bound(4, BOUND)
        .holds(["recorded", "late"], |states| {
            reset_against_records::<Shipped, Rate>(states, OLD, None);
        });
    model("a reset against two records")
        .at_least(1_300, 2_200)
        .bound(3, BOUND)
        .holds(["recorded", "late"], |states| {
            reset_against_records::<Shipped, Rate>(states, &[FAILURE, SUCCESS], None);
        });
    model("twin: the state before the cursor")
        .bound(3, BOUND)
        .breaks(STARTED_OLD, || {
            reset_against_records::<StateBeforeCursor, Rate>(Default::default(), OLD, None);
        });
    model("twin: a strip begun at first look")
        .bound(3, BOUND)
        .breaks(LOST, || {
            reset_against_records::<Shipped, begins_at_first_look::Tape<FailureRate>>(
                Default::default(),
                OLD,
                None,
            );
        });
}

#[test]
fn a_close_begins_with_an_empty_window() {
    for old in [FAILURE, SUCCESS] {
        model("a close against a record")
            .at_least(10_000, 460)
            .bound(2, BOUND)
            .holds(
                ["recorded", "late", "counted in the new generation"],
                move |states| {
                    close_against_record::<Shipped, Rate>(states, old);
                },
            );
    }
    model("twin: a start on the same lap")
        .bound(2, BOUND)
        .breaks(NOT_OVER, || {
            close_against_record::<Shipped, started_on_the_same_lap::Tape<FailureRate>>(
                Default::default(),
                FAILURE,
            );
        });
    model("twin: the state before the cursor")
        .bound(2, BOUND)
        .breaks(STARTED_OLD, || {
            close_against_record::<StateBeforeCursor, Rate>(Default::default(), FAILURE);
        });
}

/// Each of the tape's orderings, made Relaxed.
#[test]
fn whoever_sees_a_word_of_the_tape_sees_what_its_writer_saw() {
    const CURSOR: Place = Place::Window(0);
    const STRIP: Place = Place::Window(1);
    for (claim, weakened, message) in [
        (
            "twin: the cursor loaded Relaxed",
            Strong::Load(CURSOR),
            STARTED_OLD,
        ),
        (
            "twin: the cursor swapped Relaxed",
            Strong::Swap(CURSOR),
            STARTED_OLD,
        ),
        ("twin: a strip loaded Relaxed", Strong::Load(STRIP), LOST),
        ("twin: a strip swapped Relaxed", Strong::Swap(STRIP), LOST),
    ] {
        model(claim).bound(4, BOUND).breaks(message, move || {
            reset_against_records::<Shipped, Rate>(Default::default(), OLD, Some(weakened));
        });
    }
}
