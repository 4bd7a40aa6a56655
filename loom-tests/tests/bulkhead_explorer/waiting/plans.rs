//! What is explored of the waiting room as it ships. Tickets are so narrow that they come round.

use std::thread;
use std::time::Instant;

use watertight::bulkhead::waiting::word::Widths;

use super::script::Op::{Enter, Fidget, Leave, MayGiveUp, Resize, Wait};
use super::script::Sight::{self, *};
use super::script::{Bits, Claims, Plan, Script};
use super::system::Set;
use crate::explore::explore;
use crate::subjects::ShippedWaiting;

/// Two seats, one place.
pub const PLAN: Plan = Plan {
    claims: Claims::All,
    seats: 2,
    limit: 1,
    head: 0,
    before: &[],
    scripts: &[],
};

/// Explores all of these plans. At least so many states there are, and each of these sights was seen.
pub fn keep<W: Widths>(plans: &[Plan], states: u64, wanted: &[Sight]) {
    let begun = Instant::now();
    let (mut sum, mut sights, mut most) = (0, [0_u64; 64], 0);
    for plan in plans {
        let set = Set::<ShippedWaiting, W>::new(*plan);
        let explored = set
            .begin()
            .and_then(|begin| explore(&set, &begin).map_err(|found| format!("{found:?}")))
            .unwrap_or_else(|found| panic!("{plan:?}: {found}"));
        sum += explored.states;
        most = most.max(set.most_alone.get());
        sights
            .iter_mut()
            .zip(explored.sights)
            .for_each(|(sum, seen)| *sum += seen);
    }
    println!(
        "{}: {} plans, {sum} states, alone at most {most} steps, {:.1} s",
        thread::current().name().unwrap_or_default(),
        plans.len(),
        begun.elapsed().as_secs_f32(),
    );
    for &sight in wanted {
        assert!(sights[sight as usize] > 0, "never seen: {sight:?}");
    }
    assert!(sum >= states, "{sum} states, where there were {states}");
    assert!(most <= MOST_ALONE, "{most} steps alone");
}

/// Nobody alone needs more steps to end an operation, or what is left of one: with four seats, of which each is a hole that is
/// skipped or taken out.
const MOST_ALONE: u32 = 24;

/// All of these numbers of seats, limits, and first tickets.
fn each(seats: &[u32], limits: &[u32], heads: &[u32], plan: Plan) -> Vec<Plan> {
    let mut plans = Vec::new();
    for &seats in seats {
        for &limit in limits {
            plans.extend(heads.iter().map(|&head| Plan {
                seats,
                limit,
                head,
                ..plan
            }));
        }
    }
    plans
}

const ANY: Script = &[&[
    Enter(1),
    Enter(2),
    Wait,
    MayGiveUp,
    Fidget,
    Resize(0),
    Resize(1),
    Resize(2),
    Resize(3),
]];
const TWO: Script = &[
    &[Enter(1), Wait, MayGiveUp, Resize(0), Resize(2)],
    &[Leave, Wait, MayGiveUp, Resize(1), Resize(2)],
];
const SIX: Script = &[&[Enter(1)], &[Leave], &[MayGiveUp], &[Leave], &[Wait], &[Leave]];
const ONE: Script = &[&[Enter(1), Wait, MayGiveUp, Resize(0), Resize(2)]];
/// One is inside.
const INSIDE: Plan = Plan {
    before: &[(0, Enter(1))],
    ..PLAN
};

#[test]
fn one_each() {
    let plan = Plan {
        scripts: &[ANY, ANY],
        ..PLAN
    };
    let wanted = [
        Entered,
        Refused,
        Queued,
        Helped,
        Withdrawn,
        GivenToSleeper,
        GivenToWakeful,
        WokeSleeper,
        WokeNobody,
        Gone,
        Collected,
        HoleSkipped,
        CancelledWaiting,
        CancelledGranted,
        TrimmedHead,
        LoweredBelow,
        LeftAboveLimit,
        RaisedOne,
        RaisedFree,
        PolledInVain,
    ];
    keep::<Bits<3>>(&each(&[1, 2], &[0, 1, 2, 3], &[0, 6], plan), 63_486, &wanted);
}

#[test]
fn two_each() {
    let plan = Plan {
        scripts: &[TWO, TWO],
        ..PLAN
    };
    let wanted = [
        ClaimedHole,
        HoleMade,
        WithdrawnTooLate,
        TrimmedHead,
        HoleAtHead,
        HoleAtLast,
    ];
    keep::<Bits<3>>(&each(&[1, 2], &[1], &[7], plan), 301_925, &wanted);
}

#[test]
fn six_against_one() {
    let plan = Plan {
        scripts: &[SIX, ONE],
        ..PLAN
    };
    let wanted = [GivenToSleeper, Gone, CancelledGranted, HoleSkipped];
    keep::<Bits<3>>(&each(&[1, 2], &[1, 2], &[0], plan), 10_160, &wanted);
}

#[test]
fn one_inside_two_come() {
    let plan = Plan {
        scripts: &[&[], &[&[MayGiveUp]], &[&[Wait]]],
        ..INSIDE
    };
    let wanted = [
        Helped,
        ClaimedHole,
        ClaimedInHand,
        WithdrawnTooLate,
        TrimmedHead,
        FullTaken,
    ];
    keep::<Bits<3>>(&each(&[1], &[1], &[0], plan), 3_745_741, &wanted);
}

#[test]
fn one_inside_one_waits_one_comes() {
    let plan = Plan {
        before: &[(0, Enter(1)), (1, MayGiveUp)],
        scripts: &[&[], &[], &[&[Wait, MayGiveUp, Enter(1)], &[Enter(1)]]],
        ..PLAN
    };
    let wanted = [FullTaken, GivenToSleeper, Gone];
    keep::<Bits<3>>(&each(&[1, 2], &[1], &[0], plan), 71_825, &wanted);
}

#[test]
fn one_inside_two_wait() {
    let plan = Plan {
        before: &[(0, Enter(1)), (1, Fidget), (2, MayGiveUp)],
        scripts: &[&[], &[], &[&[MayGiveUp, Enter(1)]]],
        ..PLAN
    };
    keep::<Bits<3>>(
        &each(&[2, 4], &[1], &[0], plan),
        33_054,
        &[TrimmedLast, HoleAtLast, HoleMade],
    );
}

#[test]
fn one_inside_three_wait() {
    let plan = Plan {
        before: &[(0, Enter(1)), (1, MayGiveUp), (2, MayGiveUp), (3, Wait)],
        scripts: &[&[], &[], &[], &[]],
        ..PLAN
    };
    let wanted = [TrimmedHead, HoleSkipped, HoleAtHead, CancelledGranted];
    keep::<Bits<3>>(&each(&[4], &[1], &[0], plan), 46_234, &wanted);
}

#[test]
fn the_limit_is_set() {
    let plan = Plan {
        before: &[(0, Enter(1)), (1, MayGiveUp), (2, Wait)],
        scripts: &[&[], &[], &[], &[&[Resize(0), Resize(3)], &[Resize(1), Resize(2)]]],
        ..PLAN
    };
    let wanted = [
        RaisedOne,
        RaisedFree,
        LoweredBelow,
        LeftAboveLimit,
        GivenToSleeper,
        CancelledGranted,
    ];
    keep::<Bits<3>>(&each(&[2], &[1], &[0], plan), 101_497, &wanted);
}

#[test]
fn several_places_at_once() {
    let plan = Plan {
        limit: 3,
        before: &[(0, Enter(3)), (1, Wait), (2, MayGiveUp)],
        scripts: &[&[], &[], &[], &[&[Enter(2), Enter(1)]]],
        ..PLAN
    };
    keep::<Bits<3>>(
        &each(&[2], &[3], &[0], plan),
        22_309,
        &[GivenToSleeper, Refused, Entered],
    );
}

/// All tickets there are, and more, while somebody may be stopped with a place in his hand.
const ROUND: Script = &[&[Leave], &[Wait], &[Leave], &[Wait], &[Leave], &[Wait]];

#[test]
fn tickets_come_round() {
    let plan = Plan {
        before: &[(0, Enter(1)), (1, Enter(1)), (2, MayGiveUp)],
        scripts: &[&[], ROUND, &[&[Leave], &[Wait], &[Leave], &[Wait]]],
        ..PLAN
    };
    keep::<Bits<2>>(&each(&[2], &[2], &[0], plan), 225_880, &[Aliased]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_one_inside_three_wait() {
    let plan = Plan {
        before: &[(0, Enter(1)), (1, MayGiveUp), (2, MayGiveUp), (3, MayGiveUp)],
        scripts: &[&[], &[], &[], &[]],
        ..PLAN
    };
    keep::<Bits<3>>(
        &each(&[4], &[1], &[0], plan),
        11_559_138,
        &[TrimmedHead, TrimmedLast, HoleSkipped, HoleAtHead],
    );
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_three_at_once() {
    let plan = Plan {
        scripts: &[&[&[Enter(1)]], &[&[Wait]], &[&[MayGiveUp]]],
        ..PLAN
    };
    keep::<Bits<3>>(
        &each(&[2], &[1], &[0], plan),
        6_575_412,
        &[Helped, ClaimedHole, ClaimedInHand, HoleMade],
    );
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_one_inside_one_waits_two_come() {
    let plan = Plan {
        before: &[(0, Enter(1)), (1, MayGiveUp)],
        scripts: &[&[], &[&[MayGiveUp]], &[&[Wait]]],
        ..PLAN
    };
    keep::<Bits<3>>(&each(&[1, 2], &[1], &[0], plan), 10_351_177, &[FullTorn]);
}
