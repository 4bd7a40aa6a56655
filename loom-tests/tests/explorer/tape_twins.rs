//! What must be caught of the last calls; see `twins`.

use watertight::breaker::window::{FailureAndSlowRate, FailureRate};

use crate::script::Op::{Admit, Failure, Observe, Reset, SlowSuccess, Success};
use crate::script::{Clock, Op, Plan, Script};
use crate::scripts::keeps_counting;
use crate::sights::Sight;
use crate::subjects::*;
use crate::tapes::{Double, ENDS, ENDS_TWICE, OneBit, Single, Slow, Strips, TAPE, lived, rate};
use crate::twins::caught_counting;

/// Two calls, of which two failures open.
const TWO: Plan = Plan {
    rules: rate(100, 0, 2),
    scripts: &[ENDS_TWICE, ENDS],
    ..TAPE
};
const RESETS: Plan = Plan {
    scripts: &[
        &[
            &[Reset],
            &[Admit],
            &[Success, Failure(0)],
            &[Reset],
            &[Admit],
            &[Success],
        ],
        ENDS,
    ],
    ..TWO
};

/// By a twin of the window, with one bit for each outcome.
macro_rules! caught {
    ($module:ident, $widths:ty, $plan:expr, $claim:expr) => {
        caught_counting::<Shipped, $module::Tape<FailureRate>, $widths>($plan, $claim)
    };
}

#[test]
fn an_outcome_that_nobody_judges_after() {
    caught!(
        not_judged_after,
        Double,
        TWO,
        "nobody is about to open, and the breaker is not open"
    );
}

#[test]
fn an_outcome_that_nobody_judges_before_the_next() {
    caught!(
        not_judged_before,
        Double,
        TWO,
        "a window calls for opening, and who reports leaves the breaker closed"
    );
}

#[test]
fn a_quick_success_on_a_failure_that_nobody_judged() {
    // The seventh outcome is the first of its strip, in a full window of three.
    let plan = Plan {
        rules: rate(60, 0, 3),
        calls: 3,
        before: lived("sfssfs"),
        ..TWO
    };
    caught!(
        quick_success_not_judged,
        Double,
        plan,
        "a window calls for opening, and who reports leaves the breaker closed"
    );
}

#[test]
fn a_success_that_does_not_complete_the_minimum() {
    let plan = Plan {
        rules: rate(50, 0, 2),
        ..TWO
    };
    caught!(
        success_completes_nothing,
        Double,
        plan,
        "a window calls for opening, and who reports leaves the breaker closed"
    );
}

#[test]
fn a_generation_that_begins_on_the_same_lap() {
    caught!(started_on_the_same_lap, Double, RESETS, "the window stands for");
}

#[test]
fn a_window_that_goes_on_in_the_same_lap() {
    let plan = Plan {
        calls: 3,
        before: lived("sfsssss"),
        ..TWO
    };
    caught!(
        soiled_on_the_same_lap,
        Double,
        plan,
        "does not end, though nobody else does anything"
    );
}

#[test]
fn a_strip_that_is_begun_at_first_look() {
    caught!(begins_at_first_look, Double, RESETS, "the window stands for");
}

#[test]
fn a_sum_at_first_look() {
    const FOUR: Script = &[
        &[Admit],
        &[Failure(0)],
        &[Admit],
        &[Success],
        &[Admit],
        &[Failure(0)],
        &[Admit],
        &[Success],
    ];
    let plan = Plan {
        before: lived("sfs"),
        scripts: &[FOUR, &[&[Observe]]],
        ..TWO
    };
    caught!(sums_at_first_look, Single, plan, "which never was so");
}

#[test]
fn a_window_that_is_clean_too_early() {
    let plan = Plan {
        calls: 4,
        before: lived("s"),
        ..TWO
    };
    caught!(clean_too_early, Double, plan, "the window stands for");
}

#[test]
fn a_window_that_is_clean_though_calls_were_slow() {
    const SLOW: Script = &[
        &[Admit],
        &[SlowSuccess],
        &[Admit],
        &[Success],
        &[Admit],
        &[Success],
    ];
    let plan = Plan {
        rules: rate(100, 100, 2),
        scripts: &[SLOW],
        ..TWO
    };
    caught_counting::<Shipped, clean_though_slow::Tape<FailureAndSlowRate>, Slow>(
        plan,
        "the window stands for",
    );
}

#[test]
fn a_clean_window_of_any_generation() {
    let plan = Plan {
        before: lived("sss"),
        ..RESETS
    };
    caught!(
        clean_of_any_generation,
        Double,
        plan,
        "an outcome that counts changed nothing"
    );
}

#[test]
fn a_quick_success_of_any_generation() {
    const FIVE: Script = &[
        &[Reset],
        &[Admit],
        &[Success],
        &[Admit],
        &[Failure(0)],
        &[Admit],
        &[Success],
        &[Admit],
        &[Failure(0)],
        &[Admit],
        &[Success],
    ];
    let plan = Plan {
        scripts: &[FIVE, ENDS],
        ..TWO
    };
    caught!(
        quick_success_of_any_generation,
        Double,
        plan,
        "the window stands for"
    );
}

#[test]
fn a_state_that_is_read_before_the_cursor() {
    caught_counting::<StateBeforeCursor, OneBit, Double>(RESETS, "the window stands for");
}

#[test]
fn a_closer_that_sweeps() {
    let plan = Plan {
        rules: rate(100, 0, 1),
        calls: 2,
        clock: Clock::Any(&[2]),
        before: &[(Admit, 0), (Failure(0), 0)],
        scripts: &[ENDS, ENDS],
        ..TAPE
    };
    caught_counting::<CloserSweeps, OneBit, Double>(plan, "the window stands for");
}

#[test]
fn strips_that_lie_until_their_lap_comes_round() {
    let plan = Plan {
        calls: 4,
        before: lived("sssfrsrsrsr"),
        scripts: &[ENDS_TWICE, ENDS],
        ..TWO
    };
    caught!(nothing_is_cleared, Double, plan, "the window stands for");
    keeps_counting::<OneBit, Double>(plan, 1, &[], 48);
}

#[test]
fn strips_that_are_cleared_to_what_they_were() {
    // One is stopped before he writes the first outcome of a strip; others write it, and on a later lap it is cleared.
    const FIVE: Script = &[
        &[Admit],
        &[Success],
        &[Admit],
        &[Success],
        &[Admit],
        &[Failure(0)],
        &[Admit],
        &[Success],
    ];
    let plan = Plan {
        scripts: &[FIVE, ENDS],
        ..TWO
    };
    caught!(cleared_to_zero, Strips<6, 2>, plan, "the window stands for");
    keeps_counting::<OneBit, Strips<6, 2>>(plan, 1, &[Sight::WindowCleared], 48);
}

#[test]
fn a_window_that_lies_until_its_generation_comes_round() {
    // One outcome, and as many generations as there are without any.
    const RESETS: &[(Op, i32)] = &[
        (Admit, 0),
        (Success, 0),
        (Reset, 0),
        (Reset, 0),
        (Reset, 0),
        (Reset, 0),
        (Reset, 0),
        (Reset, 0),
        (Reset, 0),
    ];
    let plan = Plan {
        before: RESETS,
        scripts: &[&[&[Reset]], ENDS],
        ..TWO
    };
    caught!(nothing_is_prepared, Double, plan, "a lone observer reads");
    keeps_counting::<OneBit, Double>(plan, 1, &[Sight::WindowPrepared], 48);
}

#[test]
fn a_strip_that_is_cleared_at_first_look() {
    // One is stopped before he clears; meanwhile the strip is written by a later generation.
    const TWO_RESETS: Script = &[
        &[Reset],
        &[Admit],
        &[Success],
        &[Reset],
        &[Admit],
        &[Success],
        &[Admit],
        &[Failure(0)],
    ];
    let plan = Plan {
        scripts: &[TWO_RESETS, ENDS],
        ..TWO
    };
    caught!(clears_at_first_look, Strips<6, 2>, plan, "the window stands for");
    keeps_counting::<OneBit, Strips<6, 2>>(plan, 1, &[], 48);
}
