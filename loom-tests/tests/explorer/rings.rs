//! What is explored of the breaker as it ships with its last span of time: the ring within the state's phases, while the
//! clock moves, stands, steps back and jumps ahead by a ring.

use std::thread;
use std::time::Instant;

use watertight::breaker::window::{FailureAndSlowRate, FailureRate};
use watertight::breaker::word::Widths;

use crate::breaker::Set;
use crate::explore::explore;
use crate::phases::with_ramp;
use crate::script::Op::{
    Admit, Failure, ForceOpen, Forget, Observe, Reset, SlowFailure, SlowSuccess, Success,
};
use crate::script::{Clock, Op, Plan, Script};
use crate::scripts::{Narrow, PLAN};
use crate::sights::Sight;
use crate::subjects::{Ring, Shipped, Windowed};
use crate::tapes::{ENDS, ENDS_TWICE, lived, rate};

/// As [`Narrow`], with versions, rounds, counts and turns of these widths; and with numbers that come round where two
/// readings are further apart than any two of a lone caller's, who tries a few that lie far ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets<const VERSION: u32, const ROUND: u32, const COUNT: u32, const TURN: u32>;

impl<const VERSION: u32, const ROUND: u32, const COUNT: u32, const TURN: u32> Widths
    for Buckets<VERSION, ROUND, COUNT, TURN>
{
    const GENERATION: u32 = Narrow::GENERATION;
    const ATTEMPT: u32 = Narrow::ATTEMPT;
    const LATE: u32 = Narrow::LATE;
    const PROBES: u32 = Narrow::PROBES;
    const SEEN: u32 = Narrow::SEEN;
    const LAP: u32 = Narrow::LAP;
    const INDEX: u32 = Narrow::INDEX;
    const TAPE: u32 = Narrow::TAPE;
    const VERSION: u32 = VERSION;
    const ROUND: u32 = ROUND;
    const COUNT: u32 = COUNT;
    const NUMBER: u32 = 6;
    const TURN: u32 = TURN;
    const CARRIED: u32 = Narrow::CARRIED;
    const LOW_COUNT: u32 = Narrow::LOW_COUNT;
    const LOW: u32 = Narrow::LOW;
    const HIGH_COUNT: u32 = Narrow::HIGH_COUNT;
    const HIGH: u32 = Narrow::HIGH;
}

pub type Few = Buckets<2, 2, 2, 2>;
pub type OneBit = Ring<FailureRate>;
pub type TwoBits = Ring<FailureAndSlowRate>;

/// Two buckets of two ticks each.
pub const RING: Plan = Plan {
    rules: rate(50, 0, 2),
    calls: 2,
    clock: Clock::Any(&[0]),
    scripts: &[ENDS, ENDS],
    ..PLAN
};

/// Nobody alone needs more steps: those of the protocol, and the tallies several times.
const MOST_ALONE: u32 = 64;

fn keep<N: Windowed, W: Widths>(plans: &[Plan], states: u64, wanted: &[Sight]) {
    let begun = Instant::now();
    let (mut sum, mut sights, mut most) = (0, [0_u64; 64], 0);
    for plan in plans {
        let set = Set::<Shipped, N, W>::new(*plan);
        let explored = set
            .begin()
            .and_then(|begin| explore(&set, &begin).map_err(|found| format!("{found:?}")))
            .unwrap_or_else(|found| panic!("{plan:?}: {found}"));
        sum += explored.states;
        most = most.max(set.most_alone());
        sights
            .iter_mut()
            .zip(explored.sights)
            .for_each(|(sum, seen)| *sum += seen);
    }
    println!(
        "{}: {sum} states, alone at most {most} steps, {:.1} s",
        thread::current().name().unwrap_or_default(),
        begun.elapsed().as_secs_f32(),
    );
    let ended = sights[Sight::VersionsEnded as usize] > 0;
    assert_eq!(
        ended,
        wanted.contains(&Sight::VersionsEnded),
        "all of it was explored"
    );
    for &sight in wanted {
        assert!(sights[sight as usize] > 0, "never seen: {sight:?}");
    }
    assert!(sum >= states, "{sum} states, where there were {states}");
    assert!(most <= MOST_ALONE, "{most} steps alone");
}

/// Calls that ended so, at these ticks; see [`lived`].
pub fn lived_at(times: &[(i32, &str)]) -> &'static [(Op, i32)] {
    let ops = times
        .iter()
        .flat_map(|(tick, ends)| lived(ends).iter().map(|(op, _)| (*op, *tick)));
    Vec::leak(ops.collect())
}

const SLOW_ENDS: Script = &[&[Admit], &[Success, SlowSuccess, SlowFailure]];

const RECORDED: &[Sight] = &[
    Sight::Recorded,
    Sight::RecordedOld,
    Sight::RecordedInVain,
    Sight::Tripped,
    Sight::TrippedBySuccess,
    Sight::CameTooLate,
    Sight::HandMoved,
    Sight::HandAway,
    Sight::VersionBegun,
    Sight::VersionFollowed,
    Sight::RingSwept,
    Sight::FullBucket,
    Sight::JudgedAgain,
    Sight::SwapLost,
];

/// What a ring may have lived through.
fn lives() -> Vec<&'static [(Op, i32)]> {
    [
        &[][..],
        &[(0, "s")],
        &[(0, "f")],
        &[(0, "sss")],
        &[(0, "ssf"), (2, "f")],
        &[(0, "s"), (2, "s")],
        &[(0, "srs")],
        &[(0, "sr")],
    ]
    .map(lived_at)
    .to_vec()
}

/// On by one bucket, by the ring, and back by as much as still counts.
const NEAR: Clock = Clock::Any(&[0, 2, 4]);
/// Back by more than that.
const FAR: Clock = Clock::Any(&[0, 8]);

#[test]
fn at_every_place() {
    let near = lives().into_iter().map(|before| Plan {
        clock: NEAR,
        before,
        ..RING
    });
    keep::<OneBit, Few>(&near.collect::<Vec<_>>(), 558_300, RECORDED);
}

#[test]
fn whose_clock_is_set() {
    let plans = [&[][..], &[(0, "s")], &[(0, "ssf")]].map(|times| Plan {
        clock: FAR,
        before: lived_at(times),
        ..RING
    });
    keep::<OneBit, Few>(
        &plans,
        291_410,
        &[
            Sight::Recorded,
            Sight::Tripped,
            Sight::HandAway,
            Sight::VersionFollowed,
            Sight::VersionsEnded,
        ],
    );
}

#[test]
fn where_numbers_come_round() {
    let starts = [14, 126, u64::MAX - 1];
    let plans = starts.map(|start| Plan {
        start,
        clock: NEAR,
        ..RING
    });
    keep::<OneBit, Few>(
        &plans,
        274_332,
        &[Sight::Recorded, Sight::HandMoved, Sight::HandAway],
    );
}

#[test]
fn outcomes_that_may_be_slow() {
    let plan = Plan {
        rules: rate(100, 50, 2),
        clock: Clock::Any(&[0, 2]),
        scripts: &[SLOW_ENDS, ENDS],
        ..RING
    };
    keep::<TwoBits, Few>(
        &[
            plan,
            Plan {
                before: lived_at(&[(0, "l")]),
                ..plan
            },
        ],
        372_490,
        &[Sight::Recorded],
    );
}

#[test]
fn two_outcomes_against_one() {
    let plan = Plan {
        rules: rate(100, 0, 2),
        clock: Clock::Any(&[0, 2]),
        scripts: &[ENDS_TWICE, ENDS],
        ..RING
    };
    keep::<OneBit, Few>(&[plan], 220_440, &[Sight::Recorded]);
}

#[test]
fn observed() {
    let plan = Plan {
        clock: NEAR,
        scripts: &[ENDS_TWICE, &[&[Observe]]],
        ..RING
    };
    keep::<OneBit, Few>(&[plan], 226_243, &[Sight::Recorded]);
}

#[test]
fn three_outcomes_at_once() {
    let plan = Plan {
        rules: rate(100, 0, 2),
        clock: Clock::Any(&[2]),
        before: lived_at(&[(0, "s")]),
        scripts: &[ENDS, ENDS, ENDS],
        ..RING
    };
    keep::<OneBit, Few>(&[plan], 131_707, &[Sight::Recorded]);
}

/// Four buckets, of which three count.
pub const FOUR: Plan = Plan {
    calls: 3,
    clock: Clock::Any(&[0, 4, 6]),
    ..RING
};

#[test]
fn of_four_buckets() {
    let plan = Plan {
        before: lived_at(&[(0, "s")]),
        ..FOUR
    };
    keep::<OneBit, Few>(&[plan], 76_671, &[Sight::Recorded, Sight::HandMoved]);
}

/// What opens, cools down, is probed, and closes, or opens again.
const PHASES: Script = &[&[Admit], &[Failure(0)], &[Admit], &[Success, Failure(0), Forget]];
const PHASES_SIGHTS: &[Sight] = &[
    Sight::Recorded,
    Sight::Tripped,
    Sight::HalfOpened,
    Sight::Reopened,
    Sight::Closed,
    Sight::CameTooLate,
    Sight::RecordedInVain,
];

/// The first failure opens; what was under way then comes late.
const OPENS: Plan = Plan {
    rules: rate(50, 0, 1),
    clock: Clock::Held(&[0, 2]),
    scripts: &[PHASES, ENDS],
    ..RING
};

#[test]
fn against_the_phases() {
    keep::<OneBit, Few>(&[OPENS], 165_460, PHASES_SIGHTS);
}

const RAMP: Plan = Plan {
    rules: with_ramp(rate(100, 0, 2)),
    before: &[
        (Admit, 0),
        (Failure(0), 0),
        (Admit, 0),
        (Failure(0), 0),
        (Admit, 2),
        (Success, 2),
    ],
    clock: Clock::Held(&[4, 8]),
    ..RING
};
const RAMP_SIGHTS: &[Sight] = &[
    Sight::Recorded,
    Sight::Tripped,
    Sight::RampAdmitted,
    Sight::RefusedRecovering,
    Sight::Ramped,
];

#[test]
fn in_a_ramp() {
    keep::<OneBit, Few>(&[RAMP], 122_756, RAMP_SIGHTS);
}

const MIXED: Script = &[
    &[Admit, Reset, ForceOpen],
    &[Success, Failure(0), Forget],
    &[Admit, Observe],
    &[Success, Failure(0)],
];

#[test]
fn against_what_is_forced() {
    let plan = Plan {
        rules: rate(100, 0, 2),
        scripts: &[MIXED, ENDS],
        ..RING
    };
    keep::<OneBit, Few>(
        &[
            plan,
            Plan {
                before: lived("sr"),
                ..plan
            },
        ],
        133_876,
        &[Sight::Reset, Sight::ForcedOpen, Sight::RecordedInVain],
    );
}

/// Nothing here may come round: a thread that stands still for six outcomes is not a documented limit.
type Wide = Buckets<4, 4, 2, 4>;

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_at_every_place() {
    let mut plans = Vec::new();
    for (minimum, percent) in [(1, 50), (2, 50), (2, 100)] {
        for before in lives() {
            plans.push(Plan {
                rules: rate(percent, 0, minimum),
                clock: NEAR,
                before,
                ..RING
            });
        }
    }
    keep::<OneBit, Few>(&plans, 1_805_644, RECORDED);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_against_the_phases() {
    let plan = Plan {
        clock: Clock::Held(&[0, 2, 4]),
        scripts: &[PHASES, ENDS_TWICE],
        ..OPENS
    };
    keep::<OneBit, Wide>(&[plan], 7_933_772, PHASES_SIGHTS);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_in_a_ramp() {
    let plan = Plan {
        clock: Clock::Held(&[4, 6, 8]),
        scripts: &[ENDS_TWICE, ENDS],
        ..RAMP
    };
    keep::<OneBit, Wide>(&[plan], 6_526_587, RAMP_SIGHTS);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_six_outcomes_against_one_that_stands_still() {
    const SIX: Script = &[
        &[Admit],
        &[Failure(0)],
        &[Admit, Reset],
        &[Success],
        &[Admit],
        &[Success, Failure(0)],
        &[Admit, Reset],
        &[Success],
        &[Admit],
        &[Failure(0)],
        &[Admit],
        &[Success],
    ];
    let plan = Plan {
        rules: rate(100, 0, 2),
        clock: Clock::Held(&[0, 2]),
        scripts: &[SIX, ENDS],
        ..RING
    };
    keep::<OneBit, Wide>(&[plan], 17_845_351, &[Sight::Recorded, Sight::RecordedInVain]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_three_outcomes_while_time_moves() {
    let plan = Plan {
        rules: rate(100, 0, 2),
        clock: Clock::Held(&[0, 2]),
        scripts: &[ENDS, ENDS, ENDS],
        ..RING
    };
    keep::<OneBit, Wide>(
        &[plan],
        8_851_820,
        &[Sight::Recorded, Sight::Tripped, Sight::VersionFollowed],
    );
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_slow_outcomes() {
    const SLOW_TWICE: Script = &[
        &[Admit],
        &[Success, SlowSuccess, SlowFailure],
        &[Admit],
        &[SlowSuccess, SlowFailure],
    ];
    let plan = Plan {
        rules: rate(100, 50, 2),
        clock: Clock::Held(&[0, 2, 4]),
        scripts: &[SLOW_TWICE, SLOW_ENDS],
        ..RING
    };
    keep::<TwoBits, Few>(&[plan], 10_088_631, &[Sight::Recorded, Sight::Tripped]);
}
