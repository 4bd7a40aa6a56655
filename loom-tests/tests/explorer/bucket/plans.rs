//! What is explored of the token bucket as it ships.

use std::thread;
use std::time::Instant;

use watertight::bucket::word::Widths;

use super::script::Op::{Observe, Refund, Reserve, Take, UpTo};
use super::script::Sight::{self, *};
use super::script::{Claims, Clock, Op, Plan, Script};
use super::subjects::ShippedBucket;
use super::system::Set;
use crate::explore::explore;

/// So many bits of the index, and of the stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits<const INDEX: u32, const STRETCH: u32>;

impl<const INDEX: u32, const STRETCH: u32> Widths for Bits<INDEX, STRETCH> {
    const INDEX: u32 = INDEX;
    const STRETCH: u32 = STRETCH;
}

pub type Narrow = Bits<6, 9>;

/// Two tokens of four drops; a drop in 2^24 us, which is two ticks. The index comes round after 128 ticks.
pub const PLAN: Plan = Plan {
    claims: Claims::All,
    rate: (1, 1 << 26),
    burst: 2,
    initial: 2,
    longest_wait: None,
    start: 0,
    tick: 1 << 23,
    clock: Clock::Any(&[0]),
    before: &[],
    scripts: &[],
};

/// Explores all of these plans. At least so many states there are, and each of these sights was seen.
pub fn keep<W: Widths>(plans: &[Plan], states: u64, wanted: &[Sight]) {
    let begun = Instant::now();
    let (mut sum, mut sights, mut most, mut lost) = (0, [0_u64; 64], 0, (0, 0));
    for plan in plans {
        let set = Set::<ShippedBucket, W>::new(*plan);
        let explored = set
            .begin()
            .and_then(|begin| explore(&set, &begin).map_err(|found| format!("{found:?}")))
            .unwrap_or_else(|found| panic!("{plan:?}: {found}"));
        sum += explored.states;
        most = most.max(set.most_alone.get());
        lost = lost.max((set.most_lost.get(), set.line.recovery()));
        sights
            .iter_mut()
            .zip(explored.sights)
            .for_each(|(sum, seen)| *sum += seen);
    }
    println!(
        "{}: {} plans, {sum} states, alone at most {most} steps, full again after at most {} of {} drops, {:.1} s",
        thread::current().name().unwrap_or_default(),
        plans.len(),
        lost.0,
        lost.1,
        begun.elapsed().as_secs_f32(),
    );
    for &sight in wanted {
        assert!(sights[sight as usize] > 0, "never seen: {sight:?}");
    }
    assert!(sum >= states, "{sum} states, where there were {states}");
    assert!(most <= MOST_ALONE, "{most} steps alone");
}

/// Nobody alone needs more steps to end an operation, or what is left of one.
const MOST_ALONE: u32 = 12;

/// Not on whole drops: three of them in four ticks.
pub const THREE: Plan = Plan {
    rate: (3, 1 << 27),
    ..PLAN
};
/// One token of eight drops.
pub const ONE: Plan = Plan {
    rate: (1, 1 << 27),
    burst: 1,
    initial: 1,
    ..PLAN
};
/// The same, not on whole drops.
pub const ONE_OF_THREE: Plan = Plan {
    rate: (3, 1 << 28),
    ..ONE
};
/// Two tokens of three drops.
const THIRDS: Plan = Plan {
    rate: (1, 3 << 24),
    ..PLAN
};
/// Eight tokens of a drop each.
pub const EIGHT: Plan = Plan {
    rate: (1, 1 << 24),
    burst: 8,
    initial: 8,
    ..PLAN
};
/// Nothing at first.
pub const EMPTY: Plan = Plan { initial: 0, ..PLAN };
/// One of two at first, not on whole drops.
const HALF: Plan = Plan { initial: 1, ..THREE };
/// Nobody waits.
const NO_WAIT: Plan = Plan {
    longest_wait: Some(0),
    ..THREE
};
/// The longest wait is that of two bursts; tokens of two drops.
const LONG_WAIT: Plan = Plan {
    longest_wait: Some(1 << 28),
    ..PLAN
};
/// Nothing ever comes.
const NOTHING: Plan = Plan {
    rate: (0, 1),
    burst: 6,
    initial: 4,
    ..PLAN
};

const KINDS: [Plan; 10] = [
    PLAN,
    THREE,
    ONE,
    ONE_OF_THREE,
    THIRDS,
    EIGHT,
    EMPTY,
    HALF,
    NO_WAIT,
    LONG_WAIT,
];

/// Starts just before the index, the stretch, and the clock itself come round, so that they do within the script.
const STARTS: [u64; 4] = [0, (1 << 30) - 1, (1 << 33) - (5 << 23), u64::MAX - (5 << 23)];

/// On by less than a burst; by the circle of the index, more, and less.
const NEAR: Clock = Clock::Any(&[0, 1, 9]);
const FAR: Clock = Clock::Any(&[0, 9, 139]);
const CIRCLES: Clock = Clock::Any(&[0, 128, 256]);

const ANY: Script = &[&[Take(1), Take(2), UpTo(2), Reserve(2, 8), Observe]];
const THEN_ANY: Script = &[
    &[Take(1), Take(2), UpTo(2), Reserve(2, 8)],
    &[Take(1), Reserve(1, 3), Refund, Observe],
];
const WITH_RESET: Script = &[&[Take(1), Reserve(2, 8)], &[Op::Reset, Refund], &[Take(2)]];
const TAKES: Script = &[&[Take(1), Take(2)]];
const SIX: Script = &[
    &[Take(1)],
    &[Reserve(2, 16), Refund],
    &[Take(1)],
    &[Refund, UpTo(2)],
    &[Take(2)],
    &[Take(1), Refund],
];

/// All of these kinds from each start, under each clock.
fn all(kinds: &[Plan], starts: &[u64], clocks: &[Clock], scripts: &'static [Script]) -> Vec<Plan> {
    let each = kinds.iter().flat_map(|&kind| {
        starts.iter().flat_map(move |&start| {
            clocks.iter().map(move |&clock| Plan {
                start,
                clock,
                scripts,
                ..kind
            })
        })
    });
    each.collect()
}

#[test]
fn one_each() {
    let clocks = [
        Clock::Any(&[0, 1, 9, 16, 139]),
        Clock::Any(&[-3, 64, 128, 256, 270]),
    ];
    let plans = all(&KINDS, &STARTS, &clocks, &[ANY, ANY]);
    let wanted = [
        Granted,
        GrantedFull,
        GrantedFirst,
        GrantedFewer,
        DatedLater,
        AfterCircle,
        Reserved,
        Slipped,
        Begun,
        Refused,
        RefusedForEver,
        RefusedLater,
        LookedAgainInVain,
        SpentLost,
        DatedMoved,
        DatedLost,
        Observed,
        TakenForAhead,
        CameRound,
    ];
    keep::<Narrow>(&plans, 2_211_608, &wanted);
}

#[test]
fn two_against_one() {
    let plans = all(&KINDS, &[0], &[NEAR, FAR, CIRCLES], &[THEN_ANY, ANY]);
    let wanted = [
        GaveBack,
        GaveNothingBack,
        ReceiptTooOld,
        Slipped,
        TakenForAhead,
        CameRound,
    ];
    keep::<Narrow>(&plans, 3_284_387, &wanted);
}

#[test]
fn at_other_widths() {
    let clock = Clock::Any(&[0, 9, 133, 262]);
    let wanted = [Granted, Reserved, AfterCircle, Refused, TakenForAhead];
    let plans = |kinds| all(kinds, &STARTS[2..], &[clock], &[ANY, ANY]);
    keep::<Bits<7, 9>>(&plans(&KINDS), 346_270, &wanted);
    keep::<Bits<8, 10>>(&plans(&KINDS), 346_753, &wanted);
}

#[test]
fn two_each() {
    let plans = all(&[THREE, EMPTY], &[0], &[FAR], &[THEN_ANY, THEN_ANY]);
    keep::<Narrow>(
        &plans,
        2_779_539,
        &[GaveBack, ReceiptTooOld, TakenForAhead, AfterCircle],
    );
}

#[test]
fn three_at_once() {
    let plans = all(&KINDS, &[0], &[FAR], &[TAKES, TAKES, TAKES]);
    keep::<Narrow>(
        &plans,
        2_527_710,
        &[Granted, Begun, DatedLost, SpentLost, TakenForAhead],
    );
}

#[test]
fn six_against_one() {
    let clock = Clock::Held(&[0, 139]);
    let plans = all(&KINDS, &[0], &[clock], &[SIX, TAKES]);
    keep::<Narrow>(&plans, 1_051_812, &[Granted, GaveBack, Refused, ReceiptTooOld]);
}

#[test]
fn a_clock_that_moves() {
    let clock = Clock::Moved(&[0, 5, 140, -2]);
    let plans = all(&KINDS[..3], &STARTS[3..], &[clock], &[TAKES, TAKES]);
    // All readings are within half the circle of stretches.
    keep::<Bits<6, 10>>(
        &plans,
        156_329,
        &[Granted, DatedLater, AfterCircle, TakenForAhead],
    );
}

/// Everything was taken; somebody is stopped between his two swaps after an idle of most of the circle, of all of it, and of
/// more, and somebody else meets that.
fn held(idles: impl Iterator<Item = i32>) -> Vec<Plan> {
    let scripts: &[Script] = &[TAKES, &[&[Take(1), UpTo(2), Reserve(2, 8)], &[Take(2), Observe]]];
    let clocks = idles.map(|idle| Clock::Any(Vec::leak(vec![idle, idle + 16])));
    let mut plans = all(&KINDS, &[0], &clocks.collect::<Vec<_>>(), scripts);
    for plan in &mut plans {
        plan.before = if plan.burst == 1 {
            &[(Take(1), 0)]
        } else {
            &[(Take(2), 0), (Reserve(2, 8), 0)]
        };
    }
    plans
}

#[test]
fn held_between_two_swaps_across_an_idle() {
    keep::<Narrow>(
        &held((90..160).step_by(6)),
        476_538,
        &[TakenForAhead, AfterCircle],
    );
}

#[test]
fn resets() {
    let plans = all(&[PLAN, HALF], &[0], &[NEAR, FAR], &[WITH_RESET, TAKES]);
    let wanted = [
        Sight::Reset,
        SetBack,
        GaveBack,
        ReceiptTooOld,
        CameAfterReset,
        TakenForAhead,
    ];
    keep::<Narrow>(&plans, 706_272, &wanted);
}

#[test]
fn nothing_comes() {
    let plans = all(&[NOTHING], &[0], &[NEAR, FAR], &[THEN_ANY, THEN_ANY]);
    keep::<Narrow>(&plans, 2_494_950, &[Granted, RefusedForEver, GaveBack]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_two_each() {
    let plans = all(&KINDS, &STARTS[..1], &[NEAR, FAR, CIRCLES], &[THEN_ANY, THEN_ANY]);
    keep::<Narrow>(
        &plans,
        46_851_638,
        &[GaveBack, ReceiptTooOld, TakenForAhead, CameRound],
    );
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_three_at_once() {
    let scripts: &[Script] = &[ANY, TAKES, TAKES];
    let plans = all(&KINDS, &[0], &[FAR, Clock::Any(&[0, 64, 128])], scripts);
    keep::<Narrow>(&plans, 9_710_368, &[Granted, Reserved, TakenForAhead, CameRound]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_six_against_one() {
    let plans = all(&KINDS, &STARTS[3..], &[FAR], &[SIX, TAKES]);
    keep::<Narrow>(&plans, 8_195_663, &[GaveBack, ReceiptTooOld, TakenForAhead]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_held_between_two_swaps_across_an_idle() {
    keep::<Narrow>(&held(60..330), 11_182_726, &[TakenForAhead, AfterCircle]);
}
