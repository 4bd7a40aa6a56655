//! What must be caught: each broken twin, by the claim that is named; and where it does not take a reset or a receipt of another age, by what
//! a user could see of it, under a plan that what ships keeps.

use super::plans::{EMPTY, Narrow, ONE_OF_THREE, PLAN, THREE};
use super::script::Op::{Observe, Refund, Reserve, Reset, Take, UpTo};
use super::script::{Claims, Clock, Op, Plan, Script};
use super::subjects::*;
use super::system::Set;
use crate::explore::{Found, shortest};

/// What is found wrong first.
fn found<S: Bucket>(plan: Plan, claims: Claims) -> Option<Found> {
    let set = Set::<S, Narrow>::new(Plan { claims, ..plan });
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
fn fails<S: Bucket>(plan: Plan, claims: Claims, sentence: &str) {
    if let Some(found) = found::<ShippedBucket>(plan, claims) {
        panic!("what ships keeps every claim: {found:?}");
    }
    let found = found::<S>(plan, claims).expect("the twin is caught");
    println!("{} {claims:?}: {found:?}", S::NAME);
    assert!(
        found.sentence.contains(sentence),
        "{} is caught, but so: {found:?}",
        S::NAME
    );
}

#[track_caller]
fn caught<S: Bucket>(plan: Plan, sentence: &str) {
    fails::<S>(plan, Claims::All, sentence);
}

#[track_caller]
fn harms<S: Bucket>(plan: Plan, sentence: &str) {
    fails::<S>(plan, Claims::Harm, sentence);
}

/// Some window gets too much.
#[track_caller]
fn gives_too_much<S: Bucket>(plan: Plan) {
    fails::<S>(plan, Claims::Windows, TOO_MUCH);
}

const TOO_MUCH: &str = "tokens were granted from";
const TAKE: Script = &[&[Take(1), Take(2)]];
const AGAIN: &[Op] = &[Take(2)];
const WHOLE: Script = &[AGAIN];

/// Somebody takes all at once, and again.
const RACE: Plan = Plan {
    scripts: &[TAKE, TAKE],
    ..PLAN
};

/// All was taken at 0. At 96 ticks there are 48 drops, which look as if they were 16 before 0.
const BEHIND: Plan = Plan {
    clock: Clock::Any(&[0, 9, 96]),
    before: &[(Take(2), 0)],
    scripts: &[WHOLE, TAKE],
    ..PLAN
};

#[test]
fn spent_before_dated() {
    let plan = Plan {
        clock: Clock::Any(&[40, 139]),
        scripts: &[WHOLE, &[AGAIN, AGAIN]],
        ..BEHIND
    };
    caught::<SpentBeforeDated>(plan, "spent has a date in stretch 0, and dated says None");
    gives_too_much::<SpentBeforeDated>(plan);
}

#[test]
fn dated_read_before_spent() {
    caught::<DatedReadFirst>(BEHIND, "spent was taken for -8, where it is 48");
    gives_too_much::<DatedReadFirst>(BEHIND);
}

#[test]
fn a_store_in_place_of_either_swap() {
    caught::<SpentStored>(RACE, "spent was taken for -8, where it is -4");
    gives_too_much::<SpentStored>(RACE);
    caught::<DatedStored>(BEHIND, "dated says");
    gives_too_much::<DatedStored>(BEHIND);
}

#[test]
fn nobody_loses_either_race() {
    caught::<SpentLostUnseen>(RACE, "granted, and nothing was written");
    gives_too_much::<SpentLostUnseen>(RACE);
    caught::<DatedLostUnseen>(BEHIND, "spent has a date in stretch");
    gives_too_much::<DatedLostUnseen>(BEHIND);
}

#[test]
fn one_word() {
    caught::<OneWord>(RACE, "spent has a date in stretch 0, and dated says None");
    gives_too_much::<OneWord>(BEHIND);
}

#[test]
fn a_burst_at_first() {
    let empty = Plan {
        scripts: &[TAKE],
        start: 20 << 24,
        ..EMPTY
    };
    caught::<FullAtFirst>(empty, "spent was taken for 12, where it is 20");
    gives_too_much::<FullAtFirst>(empty);
    caught::<ZeroAtFirst>(empty, "spent was taken for 12, where it is 20");
    gives_too_much::<ZeroAtFirst>(empty);
    caught::<NeverBegins>(empty, "a lone caller at 0 is refused");
    harms::<NeverBegins>(empty, "a lone caller at 0 is refused");
}

#[test]
fn no_second_look() {
    let plan = Plan {
        scripts: &[&[&[Take(2)], &[Refund]], &[&[Take(1), Observe]]],
        ..PLAN
    };
    caught::<RefusedAtFirstLook>(plan, "refused by what was not so any more");
    harms::<RefusedAtFirstLook>(plan, "refused, though there are");
    caught::<LookedAtOnce>(plan, "observed what was not so any more");
    harms::<LookedAtOnce>(plan, "observed");
}

#[test]
fn more_is_given_back_than_is_on_top() {
    let plan = Plan {
        clock: Clock::Any(&[0, 9]),
        scripts: &[
            &[&[Take(1)], &[Refund], &[Take(2)]],
            &[&[Take(1), Take(2)], &[Refund]],
        ],
        ..PLAN
    };
    caught::<RefundByCount>(plan, "a grant up to");
    gives_too_much::<RefundByCount>(plan);
    caught::<RefundWhileThereIsRoom>(plan, "a grant up to");
    gives_too_much::<RefundWhileThereIsRoom>(plan);
    let circle = Plan {
        clock: Clock::Any(&[0, 128]),
        scripts: &[&[&[Take(1)], &[Refund]], &[&[Take(1)]]],
        ..PLAN
    };
    caught::<RefundOfAnyAge>(circle, "a grant up to -4 was given back, though Some(60)");
}

#[test]
fn a_reset_that_leaves_dated_ahead() {
    let plan = Plan {
        clock: Clock::Any(&[0, 9]),
        scripts: &[&[&[Take(1)], &[Reset]]],
        ..PLAN
    };
    caught::<ResetLeavesDated>(plan, "reset in stretch 0, and dated says Some(4)");
}

#[test]
fn a_full_bucket_is_dated_down_or_overflows() {
    let plan = Plan {
        clock: Clock::Any(&[0, 1, 9]),
        scripts: &[&[&[Take(1), Take(2)], &[Take(1), Reserve(2, 8)]], TAKE],
        ..PLAN
    };
    caught::<DatedDown>(plan, "spent was taken for -8, where it is -7");
    gives_too_much::<DatedDown>(plan);
    let later = Plan {
        clock: Clock::Any(&[48]),
        before: &[(Take(2), 0)],
        scripts: &[&[AGAIN, AGAIN]],
        ..PLAN
    };
    caught::<Overflows>(later, "spent was taken for 0, ahead of -8, without a reason");
    gives_too_much::<Overflows>(later);
}

#[test]
fn an_old_reading_is_a_date() {
    caught::<OldDate>(BEHIND, "refused, though there are 8 drops of 4 at 805306368 us");
    gives_too_much::<OldDate>(BEHIND);
}

#[test]
fn the_nearest_number_that_spent_may_be() {
    let plan = Plan {
        clock: Clock::Any(&[90]),
        scripts: &[WHOLE, &[AGAIN, AGAIN]],
        ..BEHIND
    };
    caught::<Nearest>(plan, "spent was taken for 0, where it is 37");
    gives_too_much::<Nearest>(plan);
}

#[test]
fn stale_too_late_or_too_early() {
    let plan = Plan {
        clock: Clock::Any(&[134]),
        scripts: &[&[&[Take(1), UpTo(2)]]],
        ..BEHIND
    };
    caught::<StaleTooLate>(plan, "refused, though there are 8 drops of 4");
    harms::<StaleTooLate>(plan, "refused, though there are 8 drops of 4");
    let early = Plan {
        clock: Clock::Any(&[26]),
        before: &[(Take(2), 0), (Reserve(2, 16), 0)],
        scripts: &[WHOLE],
        ..PLAN
    };
    caught::<StaleTooEarly>(early, "spent was taken for 5, where it is 8");
    gives_too_much::<StaleTooEarly>(early);
}

#[test]
fn no_slip() {
    let plan = Plan {
        clock: Clock::Any(&[3, 24]),
        before: &[(Take(1), 2)],
        scripts: &[&[&[Reserve(1, 11)], &[Take(1)]]],
        ..ONE_OF_THREE
    };
    caught::<NoSlip>(plan, "spent was taken for");
    gives_too_much::<NoSlip>(plan);
}

#[test]
fn a_debt_that_is_too_small() {
    let plan = Plan {
        before: &[(Take(2), 3), (Reserve(2, 13), 3)],
        scripts: &[WHOLE],
        ..THREE
    };
    caught::<DebtWithoutStretch>(plan, "spent was taken for -6, where it is 12");
    gives_too_much::<DebtWithoutStretch>(plan);
    caught::<DebtWithoutWait>(plan, "spent was taken for -6, where it is 12");
    gives_too_much::<DebtWithoutWait>(plan);
}

#[test]
fn a_circle_of_drops_while_somebody_is_stopped_is_the_documented_limit() {
    let plan = Plan {
        clock: Clock::Moved(&[0, 16]),
        before: &[(Take(2), 0)],
        scripts: &[WHOLE, &[AGAIN; 8]],
        ..PLAN
    };
    let found = found::<ShippedBucket>(plan, Claims::Windows).expect("the limit is met");
    assert!(found.sentence.contains(TOO_MUCH), "{found:?}");
}

#[test]
fn an_idle_of_exactly_the_circle_counts_as_handed_out() {
    // Who is stopped in a refund before its swap takes another grant, which ends at the same drop of the circle, for his own.
    let plan = Plan {
        clock: Clock::Any(&[0, 128]),
        scripts: &[&[&[Take(1)], &[Refund]], &[&[Take(1)], AGAIN]],
        ..PLAN
    };
    let limit = found::<ShippedBucket>(plan, Claims::Windows).expect("the limit is met");
    println!("{limit:?}");
    assert!(limit.sentence.contains(TOO_MUCH), "{limit:?}");
    let near = Plan {
        clock: Clock::Any(&[0, 120]),
        ..plan
    };
    assert!(found::<ShippedBucket>(near, Claims::Windows).is_none());
}
