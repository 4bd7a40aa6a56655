//! What is explored of a bucket whose rate changes, as it ships.

use std::thread;
use std::time::Instant;

use watertight::bucket::adjustable::slot::{BUSY, Changing};
use watertight::bucket::word::Widths;

use super::script::Op::{self, Change, Refund, Reserve, Take, UpTo};
use super::script::Sight::{self, *};
use super::script::{Claims, Clock, Plan, Script};
use super::subjects::Shipped;
use super::system::Set;
use crate::explore::explore;

/// So many bits of the index, of the stretch, and of the generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits<const INDEX: u32, const STRETCH: u32, const GENERATION: u32>;

impl<const INDEX: u32, const STRETCH: u32, const GENERATION: u32> Widths
    for Bits<INDEX, STRETCH, GENERATION>
{
    const INDEX: u32 = INDEX;
    const STRETCH: u32 = STRETCH;
    const BUSY: u32 = BUSY;
}

impl<const INDEX: u32, const STRETCH: u32, const GENERATION: u32> Changing
    for Bits<INDEX, STRETCH, GENERATION>
{
    const GENERATION: u32 = GENERATION;
}

pub type Narrow = Bits<7, 6, 2>;

/// Up to four tokens of four drops, at most one in 2^28 us, at first the half of each. A tick is half the time of a drop at the largest
/// rate, and a stretch is four ticks, so that the index comes round after 256 ticks.
pub const PLAN: Plan = Plan {
    claims: Claims::All,
    period: 1 << 28,
    burst: 4,
    first: (8, 2, 2),
    start: 0,
    tick: 1 << 25,
    clock: Clock::Moves(&[0]),
    before: &[],
    scripts: &[],
};

/// Explores all of these plans. At least so many states there are, and each of these sights was seen.
fn keep<W: Changing>(plans: &[Plan], states: u64, wanted: &[Sight]) {
    let begun = Instant::now();
    let (mut sum, mut sights, mut most, mut excess) = (0, [0_u64; 64], 0, i128::MIN);
    for plan in plans {
        let set = Set::<Shipped, W>::new(*plan);
        let explored = set
            .begin()
            .and_then(|begin| explore(&set, &begin).map_err(|found| format!("{found:?}")))
            .unwrap_or_else(|found| panic!("{plan:?}: {found}"));
        sum += explored.states;
        most = most.max(set.most_alone.get());
        excess = excess.max(set.most_excess.get() >> (set.scale.fraction - 8));
        for (sum, seen) in sights.iter_mut().zip(explored.sights) {
            *sum += seen;
        }
    }
    println!(
        "{}: {} plans, {sum} states, alone at most {most} steps, {excess}/256 of a drop too much at most, {:.1} s",
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

/// Nobody alone needs more steps to end an operation, or what is left of one.
const MOST_ALONE: u32 = 32;

/// From so many sixteenths, with so much there at first.
const SLOW: Plan = Plan {
    first: (3, 4, 4),
    ..PLAN
};
const EMPTY: Plan = Plan {
    first: (16, 2, 0),
    ..PLAN
};
const HALF: Plan = Plan {
    first: (5, 2, 1),
    ..PLAN
};
const STOPPED: Plan = Plan {
    first: (0, 3, 3),
    ..PLAN
};
const KINDS: [Plan; 5] = [PLAN, SLOW, EMPTY, HALF, STOPPED];

/// At zero; and where the index, the stretches and the clock itself come round within the script.
const STARTS: [u64; 2] = [0, u64::MAX - (5 << 25)];

const FASTER: Op = Change(16, 4);
const SLOWER: Op = Change(3, 1);
const HALTED: Op = Change(0, 3);

const CHANGES: Script = &[&[FASTER, SLOWER, HALTED]];
const TAKES: Script = &[&[Take(1), Take(2), UpTo(2)]];

const MOVES: Clock = Clock::Moves(&[0, 7]);
const BEHIND: Clock = Clock::Behind(&[0, 5], 9);
const HELD: Clock = Clock::Held(&[0, 7]);

/// All of these kinds from each start, under each clock, after each of these beginnings.
fn all(
    (kinds, starts): (&[Plan], &[u64]),
    clocks: &[Clock],
    befores: &[&'static [(Op, i32)]],
    scripts: &'static [Script],
) -> Vec<Plan> {
    let mut plans = Vec::new();
    for &kind in kinds {
        for &start in starts {
            for &clock in clocks {
                let each = befores.iter().map(|&before| Plan {
                    start,
                    clock,
                    before,
                    scripts,
                    ..kind
                });
                plans.extend(each);
            }
        }
    }
    plans
}

const UNASKED: &[(Op, i32)] = &[];
const TAKEN: &[(Op, i32)] = &[(Take(1), 1)];
const IN_DEBT: &[(Op, i32)] = &[(Take(2), 1), (Reserve(1, 30), 1)];
const BEFORES: [&[(Op, i32)]; 3] = [UNASKED, TAKEN, IN_DEBT];

const ASKS: Script = &[&[Take(1), Take(2), UpTo(2), Reserve(2, 24)]];
const GIVES_BACK: Script = &[&[Take(1), Reserve(1, 24)], &[Refund], &[Take(1)]];
const RESETS: Script = &[&[Op::Reset], &[Take(2)]];
const ONE_CHANGE: Script = &[&[FASTER, SLOWER]];
const TWO_CHANGES: Script = &[&[FASTER, SLOWER], &[FASTER, SLOWER]];

#[test]
fn one_change_against_one() {
    let mut plans = all((&[HALF], &STARTS[1..]), &[MOVES], &BEFORES, &[CHANGES, ASKS]);
    plans.extend(all(
        (&[PLAN, STOPPED], &STARTS[1..]),
        &[BEHIND],
        &BEFORES[1..2],
        &[CHANGES, ASKS],
    ));
    let wanted = [
        Granted,
        GrantedFull,
        DatedLater,
        DatedSince,
        GrantedWhileBusy,
        Reserved,
        Begun,
        Refused,
        RefusedForEver,
        RefusedWhileBusy,
        LookedAgainInVain,
        SpentLost,
        DatedLost,
        DatedMoved,
        Changed,
        ChangedFull,
        ChangedInDebt,
        ChangedUnasked,
        ChangedAgain,
    ];
    keep::<Narrow>(&plans, 684_227, &wanted);
}

#[test]
fn a_change_against_who_gives_back_or_resets() {
    let plans = all(
        (&[PLAN, SLOW], &STARTS[..1]),
        &[HELD],
        &BEFORES[1..],
        &[ONE_CHANGE, GIVES_BACK],
    );
    keep::<Narrow>(&plans, 503_678, &[GaveBack, GaveNothingBack, ChangedMeanwhile]);
    let plans = all(
        (&[PLAN, HALF], &STARTS[..1]),
        &[MOVES],
        &BEFORES[1..2],
        &[ONE_CHANGE, RESETS],
    );
    keep::<Narrow>(&plans, 268_099, &[Reset, ResetWhileBusy]);
}

#[test]
fn two_changes_against_one() {
    let plans = all(
        (&[PLAN], &STARTS[..1]),
        &[Clock::Moves(&[7])],
        &BEFORES[1..2],
        &[TWO_CHANGES, TAKES],
    );
    keep::<Narrow>(&plans, 486_870, &[TornThrownAway]);
}

#[test]
fn two_who_change() {
    let plans = all(
        (&[PLAN], &STARTS[..1]),
        &[HELD],
        &BEFORES[..2],
        &[ONE_CHANGE, ONE_CHANGE],
    );
    keep::<Narrow>(&plans, 2_114, &[WasBusy, ClaimLost]);
}

#[test]
fn two_who_change_against_one() {
    let plans = all(
        (&[PLAN], &STARTS[..1]),
        &[Clock::Moves(&[7])],
        &BEFORES[1..2],
        &[&[&[FASTER]], &[&[SLOWER]], &[&[Take(1)]]],
    );
    keep::<Narrow>(&plans, 117_669, &[WasBusy, ClaimLost, ChangedAgain]);
}

#[test]
fn one_change_against_two() {
    let befores: [&[(Op, i32)]; 2] = [UNASKED, &[(Take(1), 0)]];
    let scripts: &[Script] = &[&[&[FASTER]], TAKES, &[&[Take(1)]]];
    let plans = all(
        (&[PLAN, SLOW], &STARTS[..1]),
        &[Clock::Moves(&[0])],
        &befores,
        scripts,
    );
    keep::<Narrow>(&plans, 538_164, &[ChangedAgain, GrantedWhileBusy]);
}

#[test]
fn at_other_widths() {
    let kinds = [Plan {
        burst: 2,
        first: (8, 1, 1),
        period: 1 << 29,
        ..PLAN
    }];
    let plans = all(
        (&kinds, &STARTS),
        &[MOVES],
        &BEFORES[..2],
        &[&[&[Change(16, 2), Change(0, 1)]], &[&[Take(1)]]],
    );
    keep::<Bits<6, 6, 1>>(&plans, 49_491, &[Granted, Changed]);
    keep::<Bits<8, 7, 3>>(&plans, 49_494, &[Granted, Changed]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_one_change_against_one() {
    let plans = all((&KINDS, &STARTS), &[MOVES, BEHIND], &BEFORES, &[CHANGES, ASKS]);
    keep::<Narrow>(
        &plans,
        11_366_099,
        &[DatedSince, ChangedInDebt, ChangedUnasked, ChangedAgain],
    );
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_one_change_against_two_asks() {
    let scripts: &[Script] = &[
        CHANGES,
        &[
            &[Take(1), Take(2), UpTo(2), Reserve(2, 24), Op::Reset],
            &[Take(1), Refund],
        ],
    ];
    let plans = all(
        (&KINDS[..1], &STARTS[..1]),
        &[MOVES, BEHIND, HELD],
        &BEFORES,
        scripts,
    );
    keep::<Narrow>(
        &plans,
        1,
        &[GaveBack, ChangedMeanwhile, ResetWhileBusy, ChangedOverReset],
    );
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_one_change_against_two() {
    let plans = all(
        (&[PLAN], &STARTS[..1]),
        &[Clock::Moves(&[7])],
        &BEFORES,
        &[ONE_CHANGE, &[&[Take(1)]], &[&[Take(1)]]],
    );
    keep::<Narrow>(&plans, 11_835_485, &[ChangedAgain]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_two_who_change() {
    let plans = all(
        (&[PLAN], &STARTS[..1]),
        &[MOVES],
        &BEFORES[1..2],
        &[&[&[FASTER]], &[&[SLOWER]], &[&[Take(1)]]],
    );
    keep::<Narrow>(&plans, 1, &[WasBusy, ClaimLost, ChangedAgain]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_two_changes_against_one() {
    let plans = all(
        (&KINDS, &STARTS[..1]),
        &[MOVES, HELD],
        &BEFORES,
        &[TWO_CHANGES, ASKS],
    );
    keep::<Narrow>(&plans, 1, &[TornThrownAway, Refused, Reserved, Begun]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_two_changes_against_two_asks() {
    let plans = all(
        (&KINDS[..2], &STARTS[..1]),
        &[HELD],
        &BEFORES[1..2],
        &[TWO_CHANGES, GIVES_BACK],
    );
    keep::<Narrow>(&plans, 5_935_937, &[TornThrownAway, ChangedMeanwhile]);
}
