//! What is explored of the breaker as it ships.

use std::thread;
use std::time::Instant;

use Op::{Admit, Failure, Forget, Ignored, Observe, Success};
use watertight::breaker::rules::{COOL_DOWNS, Rules};
use watertight::breaker::window::InARow;
use watertight::breaker::word::Widths;
use watertight::{Jitter, Micros};

use crate::breaker::Set;
use crate::explore::explore;
use crate::model::Claims;
use crate::script::{Clock, Op, Plan, Script};
use crate::sights::Sight::{self, *};
use crate::subjects::{Shipped, Windowed};

/// A few bits of everything, so that everything comes round.
///
/// But for the count of low: with the two bits that ship, a helper that was stopped over four instances which end in
/// the same tick is a documented limit, and with so few ticks it would be met at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrow;

impl Widths for Narrow {
    const GENERATION: u32 = 3;
    const ATTEMPT: u32 = 1;
    const LATE: u32 = 1;
    const PROBES: u32 = 2;
    const SEEN: u32 = 2;
    const LAP: u32 = 3;
    const INDEX: u32 = 3;
    const TAPE: u32 = 3;
    const VERSION: u32 = 2;
    const ROUND: u32 = 2;
    const COUNT: u32 = 3;
    const NUMBER: u32 = 4;
    const TURN: u32 = 2;
    const CARRIED: u32 = 4;
    const LOW_COUNT: u32 = 4;
    const LOW: u32 = 6;
    const HIGH_COUNT: u32 = 4;
    const HIGH: u32 = 2;
}

/// Failures that open, probes at a time, successes that close. Cool-downs of 2 and 4 ticks, a lease of 3, stable
/// after 4.
pub const fn rules(threshold: u32, probes: u32, successes: u32) -> Rules {
    let mut cool_downs = [4; COOL_DOWNS];
    cool_downs[0] = 2;
    Rules {
        threshold,
        failure_percent: 0,
        slow_percent: 0,
        minimum: 1,
        slow_after: Micros::ZERO,
        enforced: 100,
        probes,
        successes,
        probe_failures: 1,
        tick: 0,
        lease: 3,
        ramp: 0,
        stable: 4,
        cool_downs,
        jitter: Jitter::None,
        cap: 4,
        longest_hint: 5,
        abandoned_after: None,
    }
}

pub const PLAN: Plan = Plan {
    claims: Claims::All,
    rules: rules(1, 1, 1),
    second: None,
    calls: 0,
    start: 0,
    clock: Clock::Any(&[0, 2, 3, 6]),
    before: &[],
    scripts: &[],
};

/// Starts just before low, high, and the clock itself come round, so that they do within the script.
const STARTS: [u64; 4] = [0, (1 << 6) - 5, (1 << 8) - 5, u64::MAX - 4];

pub const CALL: Script = &[&[Admit], &[Success, Failure(0), Ignored]];
pub const CALLS: Script = &[
    &[Admit],
    &[Success, Failure(0), Ignored],
    &[Admit],
    &[Success, Failure(0), Ignored],
];
pub const ADMIT: Script = &[&[Admit]];
const MIXED: Script = &[
    &[Admit, Op::Reset, Observe],
    &[Success, Failure(5), Ignored, Forget],
    &[Admit, Op::Reset, Observe],
];
const SIX: Script = &[
    &[Admit, Op::Reset],
    &[Success, Failure(0), Forget],
    &[Admit],
    &[Success, Failure(0), Forget],
    &[Admit],
    &[Success, Failure(0), Forget],
];

pub const OPEN: &[(Op, i32)] = &[(Admit, 0), (Failure(0), 0)];
/// Half-open; its first probe never reports.
pub const FORGOTTEN: &[(Op, i32)] = &[(Admit, 0), (Failure(0), 0), (Admit, 2), (Forget, 2)];
/// Closed again, not yet stable; the next opening gets the second cool-down.
const CLOSED_AGAIN: &[(Op, i32)] = &[(Admit, 0), (Failure(0), 0), (Admit, 2), (Success, 2)];
/// The last generation before they come round; open.
const LAST_GENERATION: &[(Op, i32)] = &[
    (Op::Reset, 0),
    (Op::Reset, 0),
    (Op::Reset, 0),
    (Op::Reset, 0),
    (Op::Reset, 0),
    (Op::Reset, 0),
    (Admit, 0),
    (Failure(0), 0),
];

/// Nobody alone needs more steps to end an operation, or what is left of one.
const MOST_ALONE: u32 = 24;

/// Explores all of a plan. At least so many states there are, and each of these sights was seen.
pub fn keeps<W: Widths>(plan: Plan, states: u64, sights: &[Sight]) {
    keeps_counting::<InARow, W>(plan, states, sights, MOST_ALONE);
}

/// The same with this way to count; nobody alone takes more steps than so many.
pub fn keeps_counting<N: Windowed, W: Widths>(plan: Plan, states: u64, sights: &[Sight], most_alone: u32) {
    let begun = Instant::now();
    let set = Set::<Shipped, N, W>::new(plan);
    let begin = set.begin().expect("what was done before was right");
    let explored = explore(&set, &begin).expect("what ships keeps every claim");
    println!(
        "{}: {} states, {} steps, alone at most {} steps, {:.1} s",
        thread::current().name().unwrap_or_default(),
        explored.states,
        explored.steps,
        set.most_alone(),
        begun.elapsed().as_secs_f32(),
    );
    for &sight in sights {
        assert!(explored.sights[sight as usize] > 0, "never seen: {sight:?}");
    }
    assert!(
        explored.states >= states,
        "{} states, where there were {states}",
        explored.states
    );
    assert!(set.most_alone() <= most_alone, "{} steps alone", set.most_alone());
}

#[test]
fn two_calls_each_on_a_new_breaker() {
    let plan = Plan {
        scripts: &[CALLS, CALLS],
        clock: Clock::Held(&[0, 2, 6]),
        ..PLAN
    };
    keeps::<Narrow>(
        plan,
        1_297_212,
        &[
            Tripped,
            HalfOpened,
            Closed,
            Reopened,
            CameTooLate,
            RefusedOpen,
            RefusedFull,
        ],
    );
}

#[test]
fn calls_resets_observers_and_hints() {
    let plan = Plan {
        scripts: &[MIXED, MIXED],
        clock: Clock::Held(&[0, 2, 6]),
        ..PLAN
    };
    keeps::<Narrow>(
        plan,
        1_068_258,
        &[Sight::Reset, SawWait, HelperSetLow, HelperSetHigh, HelperRounded],
    );
}

#[test]
fn one_call_each_at_every_reading() {
    for start in STARTS {
        let plan = Plan {
            start,
            scripts: &[CALL, CALL],
            ..PLAN
        };
        for (before, states) in [
            (OPEN, 132_268),
            (FORGOTTEN, 119_088),
            (CLOSED_AGAIN, 1_562),
            (LAST_GENERATION, 132_268),
        ] {
            keeps::<Narrow>(
                Plan { before, ..plan },
                states,
                &[SwapLost, HelperSetLow, MakerSetHighForHelper],
            );
        }
    }
}

#[test]
fn one_call_each_of_two_probes_and_two_successes() {
    for start in STARTS {
        let plan = Plan {
            rules: rules(1, 2, 2),
            start,
            before: OPEN,
            scripts: &[CALL, CALL],
            ..PLAN
        };
        keeps::<Narrow>(
            plan,
            121_560,
            &[Probed, Filled, Released, Counted, Reopened, RefusedOpen],
        );
        keeps::<Narrow>(
            Plan {
                before: FORGOTTEN,
                ..plan
            },
            58_473,
            &[Filled, Renewed, Released, RefusedFull],
        );
    }
}

#[test]
fn three_callers_for_the_probes() {
    let plan = Plan {
        clock: Clock::Any(&[0, 6]),
        scripts: &[ADMIT, ADMIT, ADMIT],
        ..PLAN
    };
    for (before, one, two) in [(OPEN, 18_156, 42_845), (FORGOTTEN, 18_156, 40_896)] {
        keeps::<Narrow>(
            Plan { before, ..plan },
            one,
            &[Renewed, RefusedFull, LookedAgainInVain],
        );
        let plan = Plan {
            rules: rules(1, 2, 2),
            before,
            ..plan
        };
        keeps::<Narrow>(plan, two, &[Filled, Renewed, RefusedFull]);
    }
}

#[test]
fn failures_below_and_at_the_threshold() {
    const CALLS: Script = &[&[Admit], &[Success, Failure(0)], &[Admit], &[Success, Failure(0)]];
    let plan = Plan {
        rules: rules(2, 1, 1),
        clock: Clock::Any(&[0, 3]),
        scripts: &[CALLS, CALLS],
        ..PLAN
    };
    keeps::<Narrow>(plan, 29_621, &[Counted, Tripped, CameTooLate, SwapLost]);
}

#[test]
fn six_operations_against_one_that_stands_still() {
    let plan = Plan {
        rules: rules(1, 1, 2),
        clock: Clock::Any(&[0, 6]),
        scripts: &[CALL, SIX],
        ..PLAN
    };
    for before in [OPEN, LAST_GENERATION] {
        let sights = [LateCounted, CameTooLate, Renewed, Closed, Tripped];
        keeps::<Narrow>(Plan { before, ..plan }, 1_533_896, &sights);
    }
}

#[test]
fn what_callers_see_while_time_moves() {
    let clock = Clock::Moved(&[0, 3]);
    let plan = Plan {
        claims: Claims::Decisions,
        clock,
        scripts: &[CALL, CALL],
        before: OPEN,
        ..PLAN
    };
    keeps::<Narrow>(plan, 199_009, &[RefusedOpen, RefusedFull, Renewed]);
    keeps::<Narrow>(
        Plan {
            rules: rules(1, 2, 2),
            ..plan
        },
        1,
        &[Filled],
    );
}

#[test]
fn a_clock_that_steps_back() {
    let plan = Plan {
        clock: Clock::Moved(&[4, -2]),
        scripts: &[CALL, CALL],
        before: OPEN,
        ..PLAN
    };
    keeps::<Narrow>(plan, 871_592, &[RefusedOpen, RefusedFull, Renewed]);
}

/// Calls that end in every way.
const ENDS: &[Op] = &[Success, Failure(0), Failure(5), Ignored, Forget];
const ENDED: Script = &[&[Admit], ENDS, &[Admit], ENDS];

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_two_calls_each_on_a_new_breaker() {
    let plan = Plan {
        scripts: &[ENDED, ENDED],
        ..PLAN
    };
    keeps::<Narrow>(plan, 1, &[Tripped, HalfOpened, Renewed, Closed, Reopened]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_two_calls_each_on_an_open_breaker() {
    let plan = Plan {
        before: OPEN,
        scripts: &[ENDED, ENDED],
        ..PLAN
    };
    keeps::<Narrow>(plan, 1, &[Tripped, HalfOpened, Renewed, Closed, Reopened]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_two_calls_each_of_two_probes() {
    let plan = Plan {
        rules: rules(1, 2, 2),
        before: OPEN,
        scripts: &[ENDED, ENDED],
        ..PLAN
    };
    keeps::<Narrow>(
        plan,
        1,
        &[Filled, Renewed, Released, LateCounted, Closed, Reopened],
    );
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_two_calls_each_before_the_second_cool_down() {
    let plan = Plan {
        before: CLOSED_AGAIN,
        scripts: &[ENDED, ENDED],
        ..PLAN
    };
    keeps::<Narrow>(plan, 1, &[Tripped, HalfOpened, Closed, Reopened]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_calls_resets_observers_and_hints() {
    let plan = Plan {
        before: OPEN,
        scripts: &[MIXED, MIXED],
        ..PLAN
    };
    keeps::<Narrow>(
        plan,
        11_094_787,
        &[Sight::Reset, SawWait, HelperSetLow, HelperSetHigh, HelperRounded],
    );
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_three_calls_on_an_open_breaker() {
    let plan = Plan {
        before: OPEN,
        clock: Clock::Held(&[0, 6]),
        scripts: &[CALL, CALL, CALL],
        ..PLAN
    };
    keeps::<Narrow>(plan, 1, &[Renewed, Closed, Reopened, CameTooLate]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_three_calls_of_two_probes() {
    let clock = Clock::Held(&[0, 2, 6]);
    let plan = Plan {
        rules: rules(1, 2, 2),
        before: OPEN,
        clock,
        scripts: &[CALL, CALL, CALL],
        ..PLAN
    };
    keeps::<Narrow>(plan, 51_587_722, &[Filled, Renewed, Released]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_six_operations_against_one_that_stands_still() {
    let plan = Plan {
        rules: rules(1, 2, 2),
        before: FORGOTTEN,
        scripts: &[CALL, SIX],
        ..PLAN
    };
    keeps::<Narrow>(plan, 16_181_745, &[LateCounted, CameTooLate, Renewed, Closed]);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_what_callers_see_while_time_moves() {
    let clock = Clock::Moved(&[0, 2, 3]);
    let plan = Plan {
        claims: Claims::Decisions,
        clock,
        scripts: &[CALL, CALLS],
        ..PLAN
    };
    keeps::<Narrow>(plan, 13_495_752, &[RefusedOpen, RefusedFull, Renewed]);
}
