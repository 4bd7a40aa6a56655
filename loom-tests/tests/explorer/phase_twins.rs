//! What must be caught of the ramp, the verdict by ratio and the forced states; see `twins`.

use crate::phases::{RAMP, RATIO};
use crate::script::Op::{Admit, Disable, Failure, ForceOpen, Ignored, Reset, Success};
use crate::script::{Clock, Plan};
use crate::scripts::{ADMIT, CALL, CALLS, FORGOTTEN, Narrow, OPEN, PLAN};
use crate::subjects::*;
use crate::twins::{caught, harms};

const RAMP_DECISIONS: Plan = Plan {
    scripts: &[CALLS, ADMIT],
    ..RAMP
};
const BY_RATIO: Plan = Plan {
    rules: RATIO,
    before: OPEN,
    scripts: &[CALL, CALL],
    ..PLAN
};

#[test]
fn a_ramp_that_ends_the_generation() {
    caught::<RampEndsGeneration, Narrow>(RAMP, "the state word says generation");
    harms::<RampEndsGeneration, Narrow>(RAMP_DECISIONS, "the state word says generation");
}

#[test]
fn a_ramp_that_ends_within_its_instance() {
    caught::<RampEndsInInstance, Narrow>(RAMP, "the state word says tag");
    // The stable period is over at once.
    harms::<RampEndsInInstance, Narrow>(RAMP_DECISIONS, "attempt");
}

#[test]
fn a_refusal_that_a_ramp_does_not_see() {
    caught::<RampRefusalUnseen, Narrow>(
        RAMP,
        "a lone caller is refused for 3 ticks at 2, and after 3 the answer is Some(0)",
    );
    harms::<RampRefusalUnseen, Narrow>(
        RAMP_DECISIONS,
        "a lone caller is refused for 3 ticks at 2, and after 3 the answer is Some(0)",
    );
}

#[test]
fn who_loses_the_race_in_a_ramp() {
    caught::<RampDecidesUnseen, Narrow>(RAMP, "a call was admitted without a slot");
}

#[test]
fn a_ramp_by_the_rank_of_the_next_call() {
    caught::<RampRankOfNext, Narrow>(
        RAMP,
        "a lone caller is refused for 4 ticks at 2, and after 3 the answer is None",
    );
    harms::<RampRankOfNext, Narrow>(
        RAMP_DECISIONS,
        "a lone caller is refused for 4 ticks at 2, and after 3 the answer is None",
    );
}

#[test]
fn a_ramp_as_long_as_the_stable_period() {
    caught::<RampDatedAsStable, Narrow>(PLAN_OF_RAMP, "low says");
    caught::<HelperDatesRampAsStable, Narrow>(PLAN_OF_RAMP, "low says");
}

const PLAN_OF_RAMP: Plan = Plan {
    before: OPEN,
    clock: Clock::Any(&[2, 5]),
    scripts: &[CALL, ADMIT],
    ..RAMP
};

#[test]
fn a_ramp_that_counts_as_stable() {
    caught::<RampIsStable, Narrow>(RAMP, "carried bits");
    harms::<RampIsStable, Narrow>(RAMP_DECISIONS, "carried bits");
}

#[test]
fn a_failed_probe_that_keeps_its_slot() {
    caught::<FailedProbeKeepsSlot, Narrow>(BY_RATIO, "in flight 1, where it must be 0");
}

#[test]
fn a_late_failure_that_gives_a_slot_back() {
    let plan = Plan {
        before: FORGOTTEN,
        clock: Clock::Held(&[2, 6]),
        ..BY_RATIO
    };
    caught::<LateFailureGivesSlotBack, Narrow>(plan, "in flight 0, where it must be 1");
}

#[test]
fn one_failure_more_than_is_borne() {
    caught::<OneFailureMore, Narrow>(BY_RATIO, "an instance began without asking the clock");
}

const FORCES: Plan = Plan {
    scripts: &[
        &[&[ForceOpen, Disable]],
        &[&[Reset], &[Admit], &[Success, Failure(0), Ignored]],
    ],
    clock: Clock::Any(&[0]),
    ..PLAN
};

#[test]
fn a_forced_state_that_is_left_unset() {
    caught::<ForcedLeavesUnset, Narrow>(FORCES, "an instance was left whose timer is not set");
}

#[test]
fn a_forced_state_that_ends_by_itself() {
    caught::<ForcedOpenEnds, Narrow>(FORCES, "admitting wrote to a breaker that is forced open");
}
