//! What must be caught of the last span of time; see `twins`.

use watertight::breaker::window::{FailureAndSlowRate, FailureRate};

use crate::rings::{Few, OneBit, RING, lived_at};
use crate::script::Op::{Admit, Failure, Observe, Reset, SlowFailure, SlowSuccess, Success};
use crate::script::{Clock, Plan, Script};
use crate::subjects::*;
use crate::tapes::{ENDS, ENDS_TWICE, rate};
use crate::twins::caught_counting;

/// Two calls, of which two failures open, while time moves by a bucket, or by the ring.
const TWO: Plan = Plan {
    rules: rate(100, 0, 2),
    clock: Clock::Any(&[0, 2, 4]),
    scripts: &[ENDS_TWICE, ENDS],
    ..RING
};
const RESETS: Plan = Plan {
    clock: Clock::Any(&[0]),
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
    ($module:ident, $plan:expr, $claim:expr) => {
        caught_counting::<Shipped, $module::Ring<FailureRate>, Few>($plan, $claim)
    };
}

#[test]
fn a_sweep_at_first_look() {
    caught!(sweeps_at_first_look, TWO, "outcomes that count were swept away");
}

#[test]
fn a_tally_that_is_begun_at_first_look() {
    caught!(counts_at_first_look, TWO, "outcomes that count were overwritten");
}

#[test]
fn a_verdict_at_first_look() {
    // The oldest bucket's successes give way after its failures were read.
    let plan = Plan {
        before: lived_at(&[(0, "sf")]),
        clock: Clock::Any(&[2, 4]),
        scripts: &[ENDS, ENDS],
        ..TWO
    };
    caught!(judges_at_first_look, plan, "a window that never called for it");
}

#[test]
fn a_snapshot_at_first_look() {
    let plan = Plan {
        before: lived_at(&[(0, "sf"), (2, "f")]),
        clock: Clock::Any(&[2, 4]),
        scripts: &[ENDS, &[&[Observe]]],
        ..TWO
    };
    caught!(snapshot_at_first_look, plan, "which never was so");
}

#[test]
fn a_tally_that_is_counted_on_whatever_its_round() {
    let plan = Plan {
        before: lived_at(&[(0, "s"), (2, "s")]),
        ..TWO
    };
    caught!(counts_whatever_the_round, plan, "a tally became something else");
}

#[test]
fn a_tally_that_is_summed_up_whatever_its_round() {
    let plan = Plan {
        before: lived_at(&[(0, "f"), (2, "s")]),
        ..TWO
    };
    caught!(sums_whatever_the_round, plan, "a lone observer reads");
}

#[test]
fn an_old_outcome_in_its_own_slot() {
    caught!(counts_in_own_slot, TWO, "in the place of another bucket");
}

#[test]
fn successes_first() {
    caught!(successes_first, TWO, "a window that never called for it");
}

#[test]
fn bad_ones_once() {
    // A slow success is missed, and a slow failure that came after it is not.
    const SLOW: Script = &[&[Admit], &[SlowSuccess], &[Admit], &[SlowFailure]];
    let plan = Plan {
        clock: Clock::Any(&[0]),
        scripts: &[ENDS, SLOW],
        ..TWO
    };
    caught_counting::<Shipped, bad_ones_once::Ring<FailureAndSlowRate>, Few>(
        plan,
        "a window that never called for it",
    );
}

#[test]
fn a_snapshot_that_reads_bad_ones_once() {
    let plan = Plan {
        clock: Clock::Any(&[0]),
        scripts: &[ENDS_TWICE, &[&[Observe]]],
        ..TWO
    };
    caught!(snapshot_bad_ones_once, plan, "which never was so");
}

#[test]
fn a_hand_that_leaves_what_is_there() {
    // A failure, and then successes for as many rounds as there are: in the first place of each only.
    let before = lived_at(&[
        (0, "f"),
        (2, "s"),
        (4, "s"),
        (6, "s"),
        (8, "s"),
        (10, "s"),
        (12, "s"),
        (14, "s"),
    ]);
    let plan = Plan {
        before,
        clock: Clock::Any(&[14, 16]),
        ..TWO
    };
    caught!(moves_without_sweep, plan, "the window stands for");
}

#[test]
fn a_version_that_leaves_what_is_there() {
    let before = lived_at(&[(0, "frsrsrsrs")]);
    let plan = Plan { before, ..RESETS };
    caught!(begins_without_sweep, plan, "the window stands for");
}

#[test]
fn a_generation_in_the_same_version() {
    caught!(
        follows_in_same_version,
        RESETS,
        "a version was begun before the hand had"
    );
}

#[test]
fn a_generation_whose_number_comes_round() {
    let plan = Plan {
        before: lived_at(&[(0, "srrrrrrr")]),
        ..RESETS
    };
    caught!(ring_is_not_prepared, plan, "the window stands for");
}

#[test]
fn a_state_that_is_read_before_the_era() {
    caught_counting::<StateBeforeCursor, OneBit, Few>(
        RESETS,
        "what counts was forgotten by who comes too late",
    );
}

#[test]
fn a_bad_outcome_that_nobody_judges() {
    caught!(bad_ones_not_judged, TWO, "a window calls for opening");
}

#[test]
fn a_success_that_nobody_judges() {
    let plan = Plan {
        rules: rate(50, 0, 2),
        ..TWO
    };
    caught!(successes_not_judged, plan, "a window calls for opening");
}

#[test]
fn a_first_success_that_nobody_judges() {
    // What the successes of the oldest bucket made up for.
    let plan = Plan {
        rules: rate(50, 0, 2),
        before: lived_at(&[(0, "ssf"), (2, "f")]),
        ..TWO
    };
    caught!(first_success_not_judged, plan, "a window calls for opening");
}

#[test]
fn a_full_tally_that_is_counted_on() {
    let plan = Plan {
        before: lived_at(&[(0, "sss")]),
        ..TWO
    };
    caught!(full_tally_wraps, plan, "a full tally was counted on");
}

#[test]
fn one_kind_that_is_counted_alone() {
    let plan = Plan {
        before: lived_at(&[(0, "sss")]),
        ..TWO
    };
    caught!(full_alone, plan, "in a bucket that was full");
}

#[test]
fn a_hand_that_steps_back() {
    caught!(hand_steps_back, TWO, "for a reading that is not newer");
}
