//! What must be caught: each broken twin, by the claim that is named; and by what a user could see of it, where he could;
//! under plans that what ships keeps.

use super::plans::PLAN;
use super::script::Op::{Enter, MayGiveUp, Resize, Wait};
use super::script::{Bits, Claims, Plan, Script};
use super::system::Set;
use crate::explore::{Found, explore, shortest};
use crate::subjects::*;

/// What is found wrong first.
fn found<S: Waiting>(plan: Plan, claims: Claims) -> Option<Found> {
    let set = Set::<S, Bits<3>>::new(Plan { claims, ..plan });
    match set.begin() {
        Ok(begin) => shortest(&set, &begin),
        Err(sentence) => Some(Found {
            sentence,
            way: Vec::new(),
        }),
    }
}

/// Every claim is kept: those of `Harm` are among all.
#[track_caller]
fn kept<S: Waiting>(plan: Plan) {
    let set = Set::<S, Bits<3>>::new(plan);
    let explored = set
        .begin()
        .and_then(|begin| explore(&set, &begin).map_err(|found| format!("{found:?}")));
    if let Err(found) = explored {
        panic!("{} under {plan:?}: {found}", S::NAME);
    }
}

#[track_caller]
fn fails<S: Waiting>(plan: Plan, claims: Claims, sentence: &str) {
    let found = found::<S>(plan, claims).expect("the twin is caught");
    println!("{} {claims:?}: {found:?}", S::NAME);
    assert!(
        found.sentence.contains(sentence),
        "{} is caught, but so: {found:?}",
        S::NAME
    );
}

/// The twin is caught with this sentence.
#[track_caller]
fn caught<S: Waiting>(plan: Plan, sentence: &str) {
    fails::<S>(plan, Claims::All, sentence);
}

/// And with this one by those who see nothing of how it is made.
#[track_caller]
fn harms<S: Waiting>(plan: Plan, sentence: &str) {
    fails::<S>(plan, Claims::Harm, sentence);
}

const ANY: Script = &[&[Enter(1), Wait, MayGiveUp]];
const AGAIN: Script = &[&[Enter(1), Wait, MayGiveUp], &[Wait, MayGiveUp]];

/// Two come at once.
const RACE: Plan = Plan {
    scripts: &[ANY, ANY],
    ..PLAN
};
/// And once more.
const TWICE: Plan = Plan {
    scripts: &[AGAIN, AGAIN],
    ..PLAN
};
/// One is inside, one waits; one comes.
const ONE: Plan = Plan {
    before: &[(0, Enter(1)), (1, MayGiveUp)],
    scripts: &[&[], &[], &[&[Wait, Enter(1)]]],
    ..PLAN
};
/// One is inside, one waits, and comes again.
const BACK: Plan = Plan {
    scripts: &[&[], &[&[Wait]]],
    ..ONE
};
/// One is inside, two come.
const COMING: Plan = Plan {
    seats: 1,
    before: &[(0, Enter(1))],
    scripts: &[&[], &[&[MayGiveUp]], &[&[Wait]]],
    ..PLAN
};
/// One is inside, two wait, of whom one gives up and comes again.
const TWO: Plan = Plan {
    before: &[(0, Enter(1)), (1, Wait), (2, MayGiveUp)],
    scripts: &[&[], &[], &[&[MayGiveUp]]],
    ..PLAN
};
/// One is inside, three wait.
const THREE: Plan = Plan {
    seats: 4,
    before: &[(0, Enter(1)), (1, MayGiveUp), (2, MayGiveUp), (3, Wait)],
    scripts: &[&[], &[], &[], &[]],
    ..PLAN
};
/// One is inside, two wait, and the limit is set.
const RAISED: Plan = Plan {
    before: &[(0, Enter(1)), (1, Wait), (2, Wait)],
    scripts: &[&[], &[], &[], &[&[Resize(0), Resize(3)]]],
    ..PLAN
};
/// Two are inside, one waits, and the limit is lowered.
const LOWERED: Plan = Plan {
    limit: 2,
    before: &[(0, Enter(1)), (1, Enter(1)), (2, Wait)],
    scripts: &[&[], &[], &[], &[&[Resize(0), Resize(1)]]],
    ..PLAN
};

/// One has three places, one waits, and the limit is lowered.
const SEVERAL: Plan = Plan {
    limit: 3,
    before: &[(0, Enter(3)), (1, Wait)],
    scripts: &[&[], &[], &[&[Resize(1), Resize(2)]]],
    ..PLAN
};

#[test]
fn what_ships_keeps_these_plans() {
    for plan in [
        RACE, TWICE, ONE, BACK, COMING, TWO, THREE, RAISED, LOWERED, SEVERAL,
    ] {
        kept::<ShippedWaiting>(plan);
    }
}

const LOST: &str = "all is over, 0 places are held, and 1 are inside";
const FREE_AND_QUEUE: &str = "places are free, and somebody is in the queue";
const NOT_HIS: &str = "where that is not his to do";
const ENDLESS: &str = "does not end, though nobody else does anything";

#[test]
fn one_too_many() {
    caught::<FreeAtLimit>(RACE, "a lone caller of Wait gets 1 places of");
    harms::<FreeAtLimit>(RACE, "a lone caller of Wait gets 1 places of");
    caught::<EnteredThenUndone>(RACE, "2 are inside, of at most 1");
    harms::<EnteredThenUndone>(RACE, "2 are inside, of at most 1");
    caught::<EnteredUnseen>(RACE, "has 0 places, and knows of 1");
    harms::<EnteredUnseen>(RACE, "2 callers are inside, of at most 1");
    caught::<PassesOnAboveLimit>(LOWERED, "a place is passed on, and 2 are inside, of at most 0");
    harms::<PassesOnAboveLimit>(RAISED, "a place is passed on, and 1 are inside, of at most 0");
}

#[test]
fn a_place_beside_a_queue() {
    caught::<LinesUpBeforeFreePlace>(RACE, FREE_AND_QUEUE);
    harms::<LinesUpBeforeFreePlace>(RACE, "a lone caller of Enter(1) gets 1 places of");

    caught::<LeftBeforePassedOn>(ONE, FREE_AND_QUEUE);
    harms::<LeftBeforePassedOn>(ONE, "a lone caller of Enter(1) gets 1 places of");
    caught::<LeavesPastLimit>(SEVERAL, FREE_AND_QUEUE);
    harms::<LeavesPastLimit>(SEVERAL, "B is asleep, and a place is free");
    caught::<RaisedAtOnce>(RAISED, FREE_AND_QUEUE);
    harms::<RaisedAtOnce>(RAISED, "B is asleep, and a place is free");
}

#[test]
fn out_of_turn() {
    caught::<RaisedWithHead>(RAISED, "enters past a queue");
    harms::<RaisedWithHead>(RAISED, "D overtakes B");
    caught::<NoTicketCompared>(TWICE, "a place that is for Some(0) is given to None, out of turn");
    caught::<HeadTakenUnseen>(ONE, "gives a place that he has not in hand");
    caught::<HeadStays>(ONE, "gives a place that he has not in hand");
    harms::<HeadStays>(ONE, ENDLESS);
    caught::<RaisedUnseen>(RAISED, "gives a place that he has not in hand");
}

#[test]
fn a_place_that_is_lost() {
    caught::<CancelKeepsGrant>(ONE, "has 1 places, and knows of 0");
    harms::<CancelKeepsGrant>(RACE, LOST);
    caught::<HoleTakesPlace>(RACE, "has 1 places, and knows of 0");
    harms::<HoleTakesPlace>(RACE, LOST);
    caught::<RaisedForNobody>(RAISED, "takes the head out without a place in hand");
    harms::<RaisedForNobody>(RAISED, "B is asleep, and a place is free");
    caught::<MarkUnchecked>(ONE, NOT_HIS);
    harms::<MarkUnchecked>(ONE, LOST);
    caught::<WithdrawsUnseen>(TWICE, "claims a second seat");
    harms::<WithdrawsUnseen>(TWICE, LOST);
}

#[test]
fn somebody_who_is_forgotten() {
    caught::<ChecksBeforeRegistering>(RACE, "B sleeps, and nobody will ever wake it");
    harms::<ChecksBeforeRegistering>(RACE, LOST);
    caught::<WakesBeforeGiving>(ONE, "touches the waker of a seat that is not his");
    harms::<WakesBeforeGiving>(ONE, LOST);
    caught::<NeverWakes>(ONE, "rests, and is not done");
    harms::<NeverWakes>(ONE, LOST);
    caught::<LinedUpUnseen>(RACE, "B is asleep, and is not in the queue");
    harms::<LinedUpUnseen>(RACE, "B is asleep, and a place is free");
    caught::<HoldsNext>(ONE, "B is asleep, and is not in the queue");
    harms::<HoldsNext>(ONE, "B is asleep, and a place is free");
    caught::<TidiesOpenSeat>(TWO, "takes the last out without holding its seat closed");
    harms::<TidiesOpenSeat>(COMING, "C is asleep, and a place is free");
    caught::<OpenedBeforeGate>(
        ONE,
        "takes the head out without a place in hand, or holding its seat closed",
    );
    harms::<OpenedBeforeGate>(COMING, "C is asleep, and a place is free");
}

#[test]
fn a_seat_of_two() {
    caught::<ClaimedUnseen>(TWICE, "touches the waker of a seat that is not his");
    harms::<ClaimedUnseen>(
        TWICE,
        "all is over, 2 wait, 1 are in the queue, 1 seats are taken",
    );
    caught::<CollectsWakerLast>(ONE, "touches the waker of a seat that is not his");
    harms::<CollectsWakerLast>(TWO, LOST);
    caught::<CancelsWakerLast>(ONE, "a seat is free, and there is a waker in it");
    harms::<CancelsWakerLast>(TWICE, LOST);
    caught::<GoneSkipped>(ONE, NOT_HIS);
    caught::<WakingSkipped>(ONE, NOT_HIS);
    caught::<WakesHoldingSeat>(ONE, "wakes, and is not done with the seat");
    caught::<GoneForEver>(ONE, "rests, and is not done");
    harms::<GoneForEver>(RACE, "all is over, 0 wait, 0 are in the queue, 1 seats are taken");
}

#[test]
fn a_room_that_is_full_too_early() {
    caught::<FullAtTakenSeat>(
        TWO,
        "a lone caller is told that the room is full, and seat 1 is free",
    );
    harms::<FullAtTakenSeat>(
        TWO,
        "a lone caller is told that the room is full, and seat 1 is free",
    );
    caught::<FullUntrimmed>(
        TWO,
        "a lone caller is told that the room is full, and there is a hole at its end",
    );
    harms::<FullUntrimmed>(
        TWO,
        "a lone caller is told that the room is full, and there is a hole at its end",
    );
    caught::<NeverTidies>(
        ONE,
        "whoever gives up alone leaves a hole at the end of the queue",
    );
    caught::<TidiesHeadOnly>(
        TWO,
        "whoever gives up alone leaves a hole at the end of the queue",
    );
    caught::<TidiesLastOnly>(
        THREE,
        "whoever gives up alone leaves a hole at the end of the queue",
    );
}

#[test]
fn a_lone_caller_who_waits_for_others() {
    caught::<NeverPassesOn>(ONE, ENDLESS);
    harms::<NeverPassesOn>(ONE, ENDLESS);
    caught::<PassesOnBelowLimit>(ONE, ENDLESS);
    harms::<PassesOnBelowLimit>(ONE, ENDLESS);
    caught::<ClaimerWaitedFor>(RACE, ENDLESS);
    harms::<ClaimerWaitedFor>(RACE, ENDLESS);
}

#[test]
fn what_only_a_weaker_memory_shows() {
    // A ticket that is found in the queue, and not confirmed by a CAS: here every step is seen by everybody at once, and the
    // models of `bulkhead` show it.
    for plan in [COMING, TWO] {
        kept::<QueuedUnconfirmed>(plan);
    }
}

#[test]
fn a_room_that_is_told_to_be_full_is_the_documented_limit() {
    // The seat of a ticket was looked at long after the gate: by then it was taken under another ticket.
    let plan = Plan {
        claims: Claims::Full,
        scripts: &[&[], &[&[MayGiveUp]], &[&[Wait]]],
        ..ONE
    };
    let set = Set::<ShippedWaiting, Bits<3>>::new(plan);
    let begin = set.begin().expect("it begins");
    let limit = explore(&set, &begin).expect_err("the limit is met");
    println!("{limit:?}");
    assert!(
        limit
            .sentence
            .contains("is told that the room is full, and it is not"),
        "{limit:?}"
    );
}
