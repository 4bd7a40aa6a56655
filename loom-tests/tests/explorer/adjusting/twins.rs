//! What must be caught: each broken twin by the claim that is named, under a plan that what ships keeps, and by a window that gets too much, where
//! one does. And the documented limits, met.

use super::plans::{Bits, Narrow, PLAN};
use super::script::Op::{Change, Refund, Take, UpTo};
use super::script::{Claims, Clock, Plan, Script};
use super::subjects::*;
use super::system::Set;
use crate::explore::{Found, explore, shortest};
use watertight::bucket::adjustable::slot::Changing;

/// What is found wrong first.
fn found<S: Adjustable, W: Changing>(plan: Plan, claims: Claims) -> Option<Found> {
    let set = Set::<S, W>::new(Plan { claims, ..plan });
    match set.begin() {
        Ok(begin) => shortest(&set, &begin),
        Err(sentence) => Some(Found {
            sentence,
            way: Vec::new(),
        }),
    }
}

/// The twin is caught with this sentence, and what ships is not.
#[track_caller]
fn fails<S: Adjustable>(plan: Plan, claims: Claims, sentence: &str) {
    if let Some(found) = found::<Shipped, Narrow>(plan, claims) {
        panic!("what ships keeps every claim: {found:?}");
    }
    let found = found::<S, Narrow>(plan, claims).expect("the twin is caught");
    println!("{} {claims:?}: {found:?}", S::NAME);
    assert!(
        found.sentence.contains(sentence),
        "{} is caught, but so: {found:?}",
        S::NAME
    );
}

#[track_caller]
fn caught<S: Adjustable>(plan: Plan, sentence: &str) {
    fails::<S>(plan, Claims::All, sentence);
}

/// Some window gets too much.
#[track_caller]
fn gives_too_much<S: Adjustable>(plan: Plan) {
    fails::<S>(plan, Claims::Windows, "tokens were granted from");
}

/// Sixteen tokens of one drop, all taken at 0.
const FINE: Plan = Plan {
    period: 1 << 26,
    burst: 16,
    first: (16, 16, 16),
    clock: Clock::Moves(&[0, 7]),
    before: &[(Take(16), 0)],
    ..PLAN
};

const HALT: Script = &[&[Change(0, 16)]];
const TAKE: Script = &[&[Take(1)]];
const TAKE_THREE: Script = &[&[Take(3)]];
const UP_TO_FOUR: Script = &[&[UpTo(4)]];

#[test]
fn nobody_knows_since_when() {
    let plan = Plan {
        clock: Clock::Behind(&[0, 3], 3),
        scripts: &[HALT, TAKE],
        ..FINE
    };
    caught::<NoSince>(plan, "the terms hold since");
    gives_too_much::<NoSince>(plan);
}

#[test]
fn a_larger_burst_is_full_at_once() {
    let plan = Plan {
        clock: Clock::Moves(&[60]),
        before: &[(Take(1), 1)],
        scripts: &[&[&[Change(16, 4)]]],
        ..PLAN
    };
    caught::<NoCap>(plan, "there are 16 drops after the change, and 8 before");
}

#[test]
fn the_clock_is_asked_once() {
    let plan = Plan {
        scripts: &[HALT, TAKE_THREE],
        ..FINE
    };
    caught::<StaleClock>(plan, "by the old ones");
    gives_too_much::<StaleClock>(plan);
}

#[test]
fn two_write_one_slot() {
    let plan = Plan {
        first: (1, 1, 1),
        clock: Clock::Moves(&[7]),
        before: &[(Take(1), 0)],
        scripts: &[&[&[Change(1, 1)]], &[&[Change(16, 4)]], UP_TO_FOUR],
        ..PLAN
    };
    caught::<NoBusy>(plan, "a second one who changes the terms is told Switched");
    let torn = found::<NoBusy, Narrow>(plan, Claims::Windows).expect("the twin is caught");
    println!("no_busy: {torn:?}");
    assert!(torn.sentence.contains("tokens were granted from"), "{torn:?}");
}

#[test]
fn a_slot_that_is_live_is_written() {
    let plan = Plan {
        first: (1, 1, 1),
        before: &[(Take(1), 0)],
        clock: Clock::Moves(&[0, 7]),
        scripts: &[&[&[Change(16, 4)]], UP_TO_FOUR],
        ..PLAN
    };
    caught::<NoGeneration>(plan, "the slot that is live now says None");
    gives_too_much::<NoGeneration>(plan);
    let last = Plan {
        first: (16, 4, 4),
        before: &[],
        scripts: &[&[&[Change(1, 1)]], UP_TO_FOUR],
        ..plan
    };
    caught::<SlotLast>(last, "the slot that is live now says");
    gives_too_much::<SlotLast>(last);
}

#[test]
fn a_refusal_that_nobody_looks_at_again() {
    let plan = Plan {
        before: &[(Take(2), 0)],
        clock: Clock::Moves(&[0, 7]),
        scripts: &[&[&[Change(16, 4)]], TAKE],
        ..PLAN
    };
    caught::<RefusedAtFirstLook>(plan, "acts on terms that do not hold any more");
}

#[test]
fn something_is_given_back_meanwhile() {
    let plan = Plan {
        clock: Clock::Moves(&[0]),
        scripts: &[&[&[Change(16, 4)]], &[&[Take(1)], &[Refund]]],
        ..PLAN
    };
    caught::<RefundWhileBusy>(plan, "given back while the terms change");
}

#[test]
fn a_change_begins_the_bucket() {
    let plan = Plan {
        scripts: &[&[&[Change(16, 4)]]],
        ..PLAN
    };
    caught::<Begins>(plan, "a change has begun the bucket");
}

#[test]
fn the_index_begins_anew() {
    let plan = Plan {
        first: (8, 16, 16),
        scripts: &[&[&[Change(16, 16)]], UP_TO_FOUR],
        ..FINE
    };
    caught::<NoPhase>(plan, "the index goes on from");
    gives_too_much::<NoPhase>(plan);
}

#[test]
fn as_many_changes_as_there_are_generations_are_the_documented_limit() {
    let plan = Plan {
        before: &[(Take(1), 0)],
        scripts: &[&[&[Change(16, 4)], &[Change(1, 1)]], TAKE],
        ..PLAN
    };
    let limit = found::<Shipped, Bits<7, 6, 1>>(plan, Claims::All).expect("the limit is met");
    assert!(
        limit.sentence.contains("that stood for something else by then"),
        "{limit:?}"
    );
    assert!(found::<Shipped, Narrow>(plan, Claims::All).is_none());
}

#[test]
fn readings_ahead_of_a_change_are_the_documented_limit() {
    let (readings, ahead): (&[i32], i128) = (&[0, 7], 7);
    let plan = Plan {
        clock: Clock::Any(readings),
        scripts: &[HALT, &[&[Take(3)], &[UpTo(16)]]],
        ..FINE
    };
    let set = Set::<Shipped, Narrow>::new(plan);
    let begin = set.begin().expect("it begins");
    explore(&set, &begin).unwrap_or_else(|found| panic!("{found:?}"));
    let excess = set.most_excess.get();
    // What the old rate brings up to the reading that is ahead, and what was full.
    let brought = ahead * i128::from(plan.tick) * (set.scale.drops(1) / i128::from(plan.period));
    println!("{excess} too much at most");
    assert!(excess > 0 && excess <= brought + set.scale.drops(16), "{excess}");
}
