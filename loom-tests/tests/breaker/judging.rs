//! A window that is over opens the breaker: once, by exactly one caller, whoever was stopped on the way. What a window
//! ought to hold, and that it is over when it opens and not over when it does not, is checked in every model (see `ledger`).

use loom::thread::spawn;
use watertight::breaker::Outcome;
use watertight::breaker::protocol::Ended;
use watertight::breaker::rules::Rules;
use watertight::breaker::window::{FailureAndSlowRate, FailureRate, Mark};
use watertight::breaker::word::State as Phase;

use crate::bench::{BOUND, FAILURE, ONE_EVENT, RULES, SUCCESS, join};
use crate::common::{State, model};
use crate::ledger::{MISSED, UNJUDGED};
use crate::subjects::*;
use crate::tapes::{BAD, BOTH, GOOD, Rate, Rates, Taped, Tapes};

/// Half of at least two calls.
const HALF: Rules = Rules {
    failure_percent: 50,
    minimum: 2,
    ..RULES
};

/// A third of the calls slow, or all of them failed.
const THIRD_SLOW: Rules = Rules {
    failure_percent: 100,
    slow_percent: 34,
    minimum: 3,
    ..RULES
};

const SLOW: Ended = Ended {
    outcome: Outcome::Success,
    slow: true,
};

/// Two threads with outcomes of their own, on a window of so many calls that has these.
fn two_callers<S: Subject, T: Tapes>(
    [opened, raced]: [State; 2],
    rules: Rules,
    calls: u32,
    has: &[Mark],
    outcomes: [&'static [Ended]; 2],
) {
    let taped = Taped::<T>::holding(rules, calls, has);
    let ticket = taped.at::<S>(0).admit().expect("closed");
    let threads = outcomes.map(|outcomes| {
        let (taped, raced) = (taped.clone(), raced.clone());
        spawn(move || {
            let caller = taped.at::<S>(0);
            for outcome in outcomes {
                caller.settle(ticket, *outcome);
                if caller.raced() {
                    raced.seen();
                }
            }
        })
    });
    join(threads);
    if taped.bench.transitions(Phase::Closed, Phase::Open) == 1 {
        opened.seen();
    }
    taped.audit();
}

/// A caller is stopped for ever before its step number `steps`; its failure was the second. The next who reports opens,
/// if it was counted; and who comes after him never has to.
fn stopped<T: Tapes>([stopped, opens]: [State; 2], steps: u32, has: &[Mark], next: Ended) {
    let taped = Taped::<T>::holding(BOTH, 2, has);
    let ticket = taped.at::<Shipped>(0).admit().expect("closed");
    let stopping = {
        let taped = taped.clone();
        spawn(move || {
            let caller = taped.at::<Shipped>(0).stopped_after(steps);
            if caller.try_settle(ticket, FAILURE).is_err() {
                stopped.seen();
            }
        })
    };
    let next_one = {
        let taped = taped.clone();
        spawn(move || {
            if taped.at::<Shipped>(0).settle(ticket, next).is_some() {
                opens.seen();
            }
        })
    };
    join([stopping, next_one]);
    // Alone: whatever the window holds by now, he does not leave it over.
    taped.at::<Shipped>(0).settle(ticket, SUCCESS);
    taped.bench.history().stopped = false;
    taped.audit();
}

/// The steps of a failure that opens when nobody interferes: to its CAS on the strip, to its CAS on the state, the timer.
const STEPS: u32 = 16;
/// The outcome is in, and nothing else is done: the cursor, the state, the strip, the CAS.
const IN: u32 = 4;

#[test]
fn two_failers_open_once_and_never_miss() {
    const FAILERS: [&[Ended]; 2] = [&[FAILURE, SUCCESS], &[FAILURE]];
    const ALONE: [&[Ended]; 2] = [&[FAILURE], &[FAILURE]];
    model("two failers in a window of 2")
        .at_least(410, 2_500)
        .bound(3, BOUND)
        .holds(["opened", "raced"], |states| {
            two_callers::<Shipped, Rate>(states, BOTH, 2, &[], FAILERS);
        });
    model("twin: not judged after")
        .bound(3, BOUND)
        .breaks(MISSED, || {
            two_callers::<Shipped, not_judged_after::Tape<FailureRate>>(
                Default::default(),
                BOTH,
                2,
                &[],
                ALONE,
            );
        });
    model("twin: nobody loses").bound(3, BOUND).breaks(ONE_EVENT, || {
        two_callers::<NobodyLoses, Rate>(Default::default(), BOTH, 2, &[], FAILERS);
    });
}

#[test]
fn failers_over_the_end_of_a_strip_open_once_and_never_miss() {
    // The second failure is the first on the next strip, or the last on this one.
    const FAILERS: [&[Ended]; 2] = [&[FAILURE], &[FAILURE]];
    let has = [GOOD; 18];
    model("two failers over the end of a strip")
        .at_least(230, 3_700)
        .bound(4, BOUND)
        .holds(["opened", "raced"], move |states| {
            two_callers::<Shipped, Rate>(states, BOTH, 2, &has, FAILERS);
        });
    model("twin: not judged after")
        .bound(3, BOUND)
        .breaks(MISSED, move || {
            two_callers::<Shipped, not_judged_after::Tape<FailureRate>>(
                Default::default(),
                BOTH,
                2,
                &has,
                FAILERS,
            );
        });
}

#[test]
fn a_success_that_completes_the_minimum_opens() {
    const MIXED: [&[Ended]; 2] = [&[FAILURE], &[SUCCESS]];
    model("a success that completes the minimum")
        .at_least(130, 4_400)
        .bound(4, BOUND)
        .holds(["opened", "raced"], |states| {
            two_callers::<Shipped, Rate>(states, HALF, 3, &[], MIXED);
        });
    model("twin: not judged after")
        .bound(3, BOUND)
        .breaks(MISSED, || {
            two_callers::<Shipped, not_judged_after::Tape<FailureRate>>(
                Default::default(),
                HALF,
                3,
                &[],
                MIXED,
            );
        });
}

#[test]
fn a_slow_success_counts_beside_a_failure() {
    const MIXED: [&[Ended]; 2] = [&[SLOW, FAILURE], &[SLOW]];
    model("two slow calls and a failure")
        .at_least(210, 2_000)
        .bound(3, BOUND)
        .holds(["opened", "raced"], |states| {
            two_callers::<Shipped, Rates>(states, THIRD_SLOW, 3, &[], MIXED);
        });
    model("twin: not judged after")
        .bound(3, BOUND)
        .breaks(MISSED, || {
            two_callers::<Shipped, not_judged_after::Tape<FailureAndSlowRate>>(
                Default::default(),
                THIRD_SLOW,
                3,
                &[],
                MIXED,
            );
        });
}

#[test]
fn the_next_caller_opens_for_one_who_was_stopped() {
    for next in [SUCCESS, FAILURE] {
        for steps in 0..STEPS {
            model("stopped while its failure opens")
                .at_least(5, 5)
                .bound(3, BOUND)
                .holds(["stopped"], move |[was]| {
                    stopped::<Rate>([was, State::default()], steps, &[BAD], next);
                });
        }
        model("stopped between its outcome and the opening")
            .at_least(36, 660)
            .bound(4, BOUND)
            .holds(["stopped", "the next one opens"], move |states| {
                stopped::<Rate>(states, IN, &[BAD], next);
            });
    }
    model("twin: not judged before")
        .bound(3, BOUND)
        .breaks(UNJUDGED, || {
            stopped::<not_judged_before::Tape<FailureRate>>(Default::default(), IN, &[BAD], SUCCESS);
        });
}

#[test]
fn a_quick_success_does_not_slide_a_trip_away() {
    // Full, so that a success needs no rules; and the call before is on another strip: one more load.
    let has = [vec![GOOD; 38], vec![BAD]].concat();
    let full = has.clone();
    model("a quick success on a window that is to open")
        .at_least(27, 2_100)
        .holds(["stopped", "the next one opens"], move |states| {
            stopped::<Rate>(states, IN + 1, &full, SUCCESS);
        });
    model("twin: quick, and not judged")
        .bound(3, BOUND)
        .breaks(UNJUDGED, move || {
            stopped::<quick_success_not_judged::Tape<FailureRate>>(Default::default(), IN + 1, &has, SUCCESS);
        });
}
