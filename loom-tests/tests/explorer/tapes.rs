//! What is explored of the breaker as it ships with its last calls: the window within the state's phases.

use std::thread;
use std::time::Instant;

use watertight::breaker::rules::Rules;
use watertight::breaker::window::{FailureAndSlowRate, FailureRate};
use watertight::breaker::word::Widths;

use crate::breaker::Set;
use crate::explore::explore;
use crate::phases::with_ramp;
use crate::script::Op::{
    Admit, Failure, ForceOpen, Forget, Observe, Reset, SlowFailure, SlowSuccess, Success,
};
use crate::script::{Clock, Op, Plan, Script};
use crate::scripts::{CALLS, Narrow, PLAN, rules};
use crate::sights::Sight;
use crate::subjects::{Shipped, Tape, Windowed};

/// As [`Narrow`], with laps and strips of these widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strips<const LAP: u32, const TAPE: u32>;

impl<const LAP: u32, const TAPE: u32> Widths for Strips<LAP, TAPE> {
    const GENERATION: u32 = Narrow::GENERATION;
    const ATTEMPT: u32 = Narrow::ATTEMPT;
    const LATE: u32 = Narrow::LATE;
    const PROBES: u32 = Narrow::PROBES;
    const SEEN: u32 = Narrow::SEEN;
    const LAP: u32 = LAP;
    const INDEX: u32 = Narrow::INDEX;
    const TAPE: u32 = TAPE;
    const VERSION: u32 = Narrow::VERSION;
    const ROUND: u32 = Narrow::ROUND;
    const COUNT: u32 = Narrow::COUNT;
    const NUMBER: u32 = Narrow::NUMBER;
    const TURN: u32 = Narrow::TURN;
    const CARRIED: u32 = Narrow::CARRIED;
    const LOW_COUNT: u32 = Narrow::LOW_COUNT;
    const LOW: u32 = Narrow::LOW;
    const HIGH_COUNT: u32 = Narrow::HIGH_COUNT;
    const HIGH: u32 = Narrow::HIGH;
}

/// One outcome a strip.
pub type Single = Strips<3, 2>;
/// Two outcomes a strip.
pub type Double = Strips<3, 3>;
/// Two outcomes of two bits a strip.
pub type Slow = Strips<3, 5>;

pub type OneBit = Tape<FailureRate>;
pub type TwoBits = Tape<FailureAndSlowRate>;

/// So many percent of failures, and of slow calls, from so many calls on.
pub const fn rate(failure_percent: u32, slow_percent: u32, minimum: u32) -> Rules {
    Rules {
        failure_percent,
        slow_percent,
        minimum,
        ..rules(1, 1, 1)
    }
}

/// Calls that ended so, at tick 0: `s` in success, `f` in failure, `l` late but well, `b` both late and badly; and `r`
/// for a reset.
pub fn lived(ends: &str) -> &'static [(Op, i32)] {
    let ops = ends.chars().flat_map(|end| match end {
        's' => vec![Admit, Success],
        'f' => vec![Admit, Failure(0)],
        'l' => vec![Admit, SlowSuccess],
        'b' => vec![Admit, SlowFailure],
        _ => vec![Reset],
    });
    Vec::leak(ops.map(|op| (op, 0)).collect())
}

pub const ENDS: Script = &[&[Admit], &[Success, Failure(0)]];
const SLOW_ENDS: Script = &[&[Admit], &[Success, SlowSuccess, SlowFailure]];
pub const ENDS_TWICE: Script = &[&[Admit], &[Success, Failure(0)], &[Admit], &[Success, Failure(0)]];
const MIXED: Script = &[
    &[Admit, Reset, ForceOpen],
    &[Success, Failure(0), Forget],
    &[Admit, Observe],
    &[Success, Failure(0)],
];

pub const TAPE: Plan = Plan {
    rules: rate(50, 0, 2),
    calls: 2,
    clock: Clock::Any(&[0]),
    scripts: &[ENDS, ENDS],
    ..PLAN
};

/// Nobody alone needs more steps: those of the protocol, and the strips twice.
const MOST_ALONE: u32 = 48;

/// Explores plans that are small, one after the other, and says what they amounted to together.
fn keep<N: Windowed, W: Widths>(plans: Vec<Plan>, states: u64, wanted: &[Sight]) {
    let begun = Instant::now();
    let (mut sum, mut sights, mut most) = (0, [0; 64], 0);
    for plan in plans {
        let set = Set::<Shipped, N, W>::new(plan);
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
    for &sight in wanted {
        assert!(sights[sight as usize] > 0, "never seen: {sight:?}");
    }
    assert!(sum >= states, "{sum} states, where there were {states}");
    assert!(most <= MOST_ALONE, "{most} steps alone");
}

const RECORDED: &[Sight] = &[
    Sight::Recorded,
    Sight::Tripped,
    Sight::TrippedForAnother,
    Sight::TrippedBySuccess,
    Sight::CameTooLate,
    Sight::CleanSuccess,
    Sight::WindowStarted,
    Sight::WindowAdvanced,
    Sight::WindowFull,
    Sight::WindowCleaned,
    Sight::WindowSoiled,
    Sight::WindowCleared,
    Sight::SwapLost,
];

/// What a window of so many calls may have lived through, so that a strip, a lap, or a clean window ends in what follows.
fn lives(calls: u32) -> Vec<&'static [(Op, i32)]> {
    let ends = [
        "", "s", "ss", "sss", "ssss", "sssss", "fs", "sfs", "r", "sr", "sssr", "rs", "sssf", "ssrs", "fsss",
        "sfssss", "ssssssfs",
    ];
    let (fewer, more) = (2 * calls as usize + 2, 8);
    ends.iter()
        .filter(|ends| ends.len() <= fewer.min(more))
        .map(|ends| lived(ends))
        .collect()
}

fn windows(slow: u32, scripts: &'static [Script]) -> Vec<Plan> {
    let mut plans = Vec::new();
    for calls in 1..=4 {
        for minimum in [1, calls] {
            for before in lives(calls) {
                for percent in [50, 100] {
                    plans.push(Plan {
                        rules: rate(percent, slow, minimum),
                        calls,
                        before,
                        scripts,
                        ..TAPE
                    });
                }
            }
        }
    }
    plans
}

#[test]
fn one_outcome_each_at_every_place_of_the_tape() {
    keep::<OneBit, Single>(windows(0, &[ENDS, ENDS]), 379_362, RECORDED);
    keep::<OneBit, Double>(windows(0, &[ENDS, ENDS]), 264_021, RECORDED);
}

#[test]
fn one_outcome_each_that_may_be_slow() {
    keep::<TwoBits, Slow>(windows(50, &[SLOW_ENDS, ENDS]), 959_617, RECORDED);
}

/// What opens, cools down, is probed, and closes: two calls, of which the first trips.
const PHASES: Script = &[
    &[Admit],
    &[Success, Failure(0)],
    &[Admit],
    &[Success, Failure(0), Forget],
    &[Admit],
    &[Failure(0)],
];
const TRIPS: &[Sight] = &[
    Sight::Recorded,
    Sight::Tripped,
    Sight::HalfOpened,
    Sight::Reopened,
    Sight::CameTooLate,
    Sight::RefusedOpen,
    Sight::WindowStarted,
    Sight::SwapLost,
];

#[test]
fn outcomes_against_the_phases() {
    let plan = Plan {
        rules: rate(50, 0, 1),
        calls: 2,
        clock: Clock::Held(&[0, 6]),
        scripts: &[PHASES, ENDS],
        ..TAPE
    };
    keep::<OneBit, Double>(vec![plan], 365_825, TRIPS);
}

#[test]
fn outcomes_in_a_ramp() {
    let plan = Plan {
        rules: with_ramp(rate(100, 0, 2)),
        calls: 2,
        before: &[
            (Admit, 0),
            (Failure(0), 0),
            (Admit, 0),
            (Failure(0), 0),
            (Admit, 2),
            (Success, 2),
        ],
        clock: Clock::Held(&[2, 5, 8]),
        scripts: &[CALLS, ENDS],
        ..TAPE
    };
    let sights = [
        Sight::Recorded,
        Sight::Tripped,
        Sight::RampAdmitted,
        Sight::RefusedRecovering,
        Sight::Ramped,
    ];
    keep::<OneBit, Double>(vec![plan], 103_409, &sights);
}

#[test]
fn outcomes_against_what_is_forced() {
    let plan = Plan {
        rules: rate(100, 0, 2),
        calls: 2,
        scripts: &[MIXED, ENDS],
        ..TAPE
    };
    let sights = [
        Sight::Reset,
        Sight::ForcedOpen,
        Sight::RecordedInVain,
        Sight::WindowStarted,
        Sight::SawCounts,
    ];
    keep::<OneBit, Double>(
        vec![
            plan,
            Plan {
                before: lived("sr"),
                ..plan
            },
        ],
        25_489,
        &sights,
    );
}

#[test]
fn three_outcomes_at_once() {
    let plans = ["", "s", "ss", "sss", "ssr", "sf"].map(|ends| Plan {
        rules: rate(100, 0, 2),
        calls: 2,
        before: lived(ends),
        scripts: &[ENDS, ENDS, ENDS],
        ..TAPE
    });
    keep::<OneBit, Double>(plans.to_vec(), 348_916, RECORDED);
}

#[test]
fn two_outcomes_each() {
    let plan = Plan {
        rules: rate(100, 0, 2),
        calls: 3,
        scripts: &[ENDS_TWICE, ENDS_TWICE],
        ..TAPE
    };
    keep::<OneBit, Single>(vec![plan], 18_952, &[Sight::Recorded]);
    keep::<OneBit, Double>(vec![plan], 9_160, &[Sight::Recorded]);
}

#[test]
fn six_outcomes_against_one_that_stands_still() {
    const SIX: Script = &[
        &[Admit, Reset],
        &[Success, Failure(0)],
        &[Admit],
        &[Success, Failure(0)],
        &[Admit, Reset],
        &[Success, Failure(0)],
        &[Admit],
        &[Success, Failure(0)],
        &[Admit],
        &[Success, Failure(0)],
        &[Admit],
        &[Success, Failure(0)],
    ];
    let plan = Plan {
        rules: rate(100, 0, 2),
        calls: 2,
        scripts: &[SIX, ENDS],
        ..TAPE
    };
    keep::<OneBit, Strips<6, 2>>(vec![plan], 1_076_394, RECORDED);
    keep::<OneBit, Strips<6, 3>>(vec![plan], 563_017, RECORDED);
}

/// Two calls each, of which one may be forgotten as a probe, while the breaker opens, is probed, closes over a ramp, or
/// is forced.
const LARGE: Script = &[
    &[Admit, Reset],
    &[Success, Failure(0), Forget],
    &[Admit, ForceOpen],
    &[Success, Failure(0), Forget],
];
const LARGE_SIGHTS: &[Sight] = &[
    Sight::Recorded,
    Sight::Tripped,
    Sight::HalfOpened,
    Sight::Reopened,
    Sight::CameTooLate,
    Sight::WindowStarted,
];

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_outcomes_against_the_phases() {
    let plan = Plan {
        rules: with_ramp(rate(50, 0, 2)),
        calls: 2,
        before: lived("s"),
        clock: Clock::Held(&[0, 2, 6]),
        scripts: &[LARGE, LARGE],
        ..TAPE
    };
    keep::<OneBit, Double>(vec![plan], 4_423_678, LARGE_SIGHTS);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_slow_outcomes_against_the_phases() {
    const SLOW: Script = &[
        &[Admit],
        &[Success, SlowSuccess, SlowFailure],
        &[Admit],
        &[Success, SlowSuccess, SlowFailure],
    ];
    let plan = Plan {
        rules: rate(100, 50, 2),
        calls: 3,
        clock: Clock::Held(&[0, 2, 6]),
        scripts: &[SLOW, SLOW],
        ..TAPE
    };
    keep::<TwoBits, Slow>(vec![plan], 2_076_751, LARGE_SIGHTS);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_three_outcomes_and_two_probes() {
    let plan = Plan {
        rules: Rules {
            probes: 2,
            successes: 2,
            ..rate(100, 0, 2)
        },
        calls: 2,
        before: lived("ff"),
        clock: Clock::Any(&[6]),
        scripts: &[ENDS_TWICE, ENDS, ENDS],
        ..TAPE
    };
    let sights = [
        Sight::HalfOpened,
        Sight::Filled,
        Sight::Closed,
        Sight::Reopened,
        Sight::Recorded,
        Sight::CameTooLate,
    ];
    keep::<OneBit, Single>(vec![plan], 14_808_833, &sights);
}
