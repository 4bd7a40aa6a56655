//! What must be caught: each broken twin, by the claim that it breaks.
//!
//! Each twin is looked at twice where it can be. Against all claims, most are caught at once, by the first word that
//! they write. Against the decisions alone, what is found is the harm that they do to a caller.

use std::any::type_name;

use watertight::breaker::window::InARow;
use watertight::breaker::word::Widths;

use crate::breaker::Set;
use crate::explore::{Found, explore, shortest};
use crate::model::Claims;
use crate::script::Op::{Admit, Failure, Forget, Ignored, Reset};
use crate::script::{Clock, Plan, Script};
use crate::scripts::{CALL, CALLS, FORGOTTEN, Narrow, OPEN, PLAN, rules};
use crate::subjects::*;

/// Explores until a claim is broken, breadth first, so that a shortest way is printed; and compares the sentence.
pub fn caught<S: Subject, W: Widths>(plan: Plan, claim: &str) {
    caught_counting::<S, InARow, W>(plan, claim);
}

/// The same with this way to count.
pub fn caught_counting<S: Subject, N: Windowed, W: Widths>(plan: Plan, claim: &str) {
    let set = Set::<S, N, W>::new(plan);
    let found = match set.begin() {
        Ok(begin) => shortest(&set, &begin).expect("a broken twin keeps every claim"),
        Err(sentence) => Found {
            sentence,
            way: Vec::new(),
        },
    };
    let name = [S::NAME, type_name::<N>()].join(", ");
    println!("{name}, {:?}: {found:?}", plan.claims);
    assert!(
        found.sentence.contains(claim),
        "not caught by `{claim}`, but by: {}",
        found.sentence
    );
}

/// The same by what callers see.
pub fn harms<S: Subject, W: Widths>(plan: Plan, claim: &str) {
    caught::<S, W>(decisions(plan), claim);
}

const fn decisions(plan: Plan) -> Plan {
    Plan {
        claims: Claims::Decisions,
        clock: Clock::Moved(&[0, 2, 3]),
        ..plan
    }
}

const NEW: Plan = Plan {
    scripts: &[CALL, CALL],
    ..PLAN
};
const OPENED: Plan = Plan { before: OPEN, ..NEW };
const TWO_PROBES: Plan = Plan {
    rules: rules(1, 2, 2),
    ..OPENED
};
const FULL: Plan = Plan {
    before: FORGOTTEN,
    ..NEW
};
/// A maker's deadline lies before a change of the high bits, a helper's beyond.
const AT_CARRY: Plan = Plan { start: 58, ..OPENED };

#[test]
fn a_timer_written_before_the_transition() {
    caught::<TimerBeforeTransition, Narrow>(NEW, "low was written a second time");
    let plan = Plan {
        scripts: &[CALL, CALLS],
        ..NEW
    };
    harms::<TimerBeforeTransition, Narrow>(plan, "a probe was admitted 2 ticks before the deadline");
}

#[test]
fn a_lease_written_before_its_probe() {
    caught::<LeaseBeforeProbe, Narrow>(OPENED, "low was written a second time");
    harms::<LeaseBeforeProbe, Narrow>(
        OPENED,
        "Some(1) ticks are said to be left, where it must be Some(3)",
    );
}

#[test]
fn a_lease_moved_under_the_same_tag() {
    caught::<MovedUnderSameTag, Narrow>(TWO_PROBES, "says tag");
    let plan = Plan {
        scripts: &[&[&[Admit], &[Forget], &[Admit]], &[&[Admit]]],
        ..TWO_PROBES
    };
    harms::<MovedUnderSameTag, Narrow>(
        plan,
        "Some(1) ticks are said to be left, where it must be Some(3)",
    );
}

#[test]
fn a_helper_that_does_not_look_again() {
    caught::<HelperLooksOnce, Narrow>(OPENED, "low was written a second time");
    // A cool-down that begins from the first again, within the stable period.
    harms::<HelperLooksOnce, Narrow>(OPENED, "carried bits 1, where it must be 2");
}

#[test]
fn a_helper_that_dates_an_opening() {
    caught::<HelperDatesOpening, Narrow>(NEW, "low says");
    let plan = Plan {
        scripts: &[&[&[Admit], &[Failure(5)]], &[&[Admit], &[Admit]]],
        ..PLAN
    };
    harms::<HelperDatesOpening, Narrow>(
        plan,
        "Some(2) ticks are said to be left, where it must be Some(3)",
    );
}

#[test]
fn high_from_the_helpers_clock() {
    caught::<HighFromClock, Narrow>(AT_CARRY, "high says");
    harms::<HighFromClock, Narrow>(AT_CARRY, "a probe was admitted");
}

#[test]
fn high_from_the_makers_deadline() {
    caught::<HighFromMaker, Narrow>(AT_CARRY, "high says");
    harms::<HighFromMaker, Narrow>(AT_CARRY, "a probe was admitted");
}

#[test]
fn high_before_low() {
    caught::<HighBeforeLow, Narrow>(NEW, "high was written before low");
    harms::<HighBeforeLow, Narrow>(AT_CARRY, "a probe was admitted");
}

#[test]
fn a_reset_that_leaves_an_instance_unset() {
    // The harm takes four threads that are stopped, one for each instance that the counts fall behind.
    let resets = Plan {
        scripts: &[CALL, &[&[Reset], &[Admit]]],
        ..OPENED
    };
    caught::<ResetLeavesUnset, Narrow>(resets, "an instance was left");
}

#[test]
fn a_refusal_without_a_second_look() {
    caught::<RefusesAtFirstLook, Narrow>(FULL, "something was decided by it");
    harms::<RefusesAtFirstLook, Narrow>(FULL, "a call was refused though a slot is free");
}

#[test]
fn nobody_helps() {
    caught::<NobodyHelps, Narrow>(NEW, "does not end");
    harms::<NobodyHelps, Narrow>(NEW, "does not end");
}

#[test]
fn a_probe_without_a_slot() {
    caught::<ProbeWithoutSlot, Narrow>(TWO_PROBES, "in flight 0, where it must be 1");
}

#[test]
fn an_outcome_of_any_generation() {
    let plan = Plan {
        scripts: &[CALL, CALLS],
        ..NEW
    };
    caught::<OutcomeOfAnyGeneration, Narrow>(plan, "an outcome that comes too late");
}

#[test]
fn a_late_probe_that_gives_a_slot_back() {
    let plan = Plan {
        rules: rules(1, 1, 2),
        scripts: &[CALL, CALLS],
        ..OPENED
    };
    caught::<LateProbeGivesSlotBack, Narrow>(plan, "in flight 0, where it must be 1");
}

/// As [`Narrow`], with other widths of generation, count of low, and count of high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Other<const GENERATION: u32, const LOW_COUNT: u32, const HIGH_COUNT: u32>;

impl<const GENERATION: u32, const LOW_COUNT: u32, const HIGH_COUNT: u32> Widths
    for Other<GENERATION, LOW_COUNT, HIGH_COUNT>
{
    const GENERATION: u32 = GENERATION;
    const ATTEMPT: u32 = Narrow::ATTEMPT;
    const LATE: u32 = Narrow::LATE;
    const PROBES: u32 = Narrow::PROBES;
    const SEEN: u32 = Narrow::SEEN;
    const LAP: u32 = Narrow::LAP;
    const INDEX: u32 = Narrow::INDEX;
    const TAPE: u32 = Narrow::TAPE;
    const VERSION: u32 = Narrow::VERSION;
    const ROUND: u32 = Narrow::ROUND;
    const COUNT: u32 = Narrow::COUNT;
    const NUMBER: u32 = Narrow::NUMBER;
    const TURN: u32 = Narrow::TURN;
    const CARRIED: u32 = Narrow::CARRIED;
    const LOW_COUNT: u32 = LOW_COUNT;
    const LOW: u32 = Narrow::LOW;
    const HIGH_COUNT: u32 = HIGH_COUNT;
    const HIGH: u32 = Narrow::HIGH;
}

#[test]
fn two_bits_of_round() {
    // A probe that comes back after four rounds gives the slot of somebody else's back.
    const ROUNDS: Script = &[
        &[Admit],
        &[Forget],
        &[Admit],
        &[Forget],
        &[Admit],
        &[Forget],
        &[Admit],
        &[Forget],
        &[Admit],
    ];
    const PROBE: Script = &[&[Admit], &[Ignored]];
    // Each reading is a lease after the one before.
    let plan = Plan {
        clock: Clock::Moved(&[3]),
        before: OPEN,
        scripts: &[PROBE, ROUNDS],
        ..PLAN
    };
    caught::<Shipped, Other<2, 4, 4>>(plan, "an outcome that comes too late");
    kept::<Other<3, 4, 4>>(plan);
}

/// One who is stopped anywhere in a reset, and four instances in the same tick.
const STANDS: Plan = Plan {
    clock: Clock::Any(&[0]),
    scripts: &[&[&[Reset]], &[&[Reset], &[Reset], &[Reset], &[Reset]]],
    ..PLAN
};

#[test]
fn two_bits_of_count_on_high() {
    caught::<Shipped, Other<3, 4, 2>>(STANDS, "high was written a second time");
    kept::<Other<3, 4, 4>>(STANDS);
}

#[test]
fn two_bits_of_count_on_low_are_enough_unless_the_deadline_is_the_same() {
    // The documented limit.
    caught::<Shipped, Other<3, 2, 4>>(STANDS, "low was written a second time");
    kept::<Other<3, 2, 4>>(Plan {
        clock: Clock::Moved(&[1]),
        ..STANDS
    });
}

/// What ships, with the widths that it needs, keeps every claim.
fn kept<W: Widths>(plan: Plan) {
    let set = Set::<Shipped, InARow, W>::new(plan);
    let begin = set.begin().expect("what was done before was right");
    explore(&set, &begin).expect("what ships keeps every claim");
}
