//! What is explored of the breaker as it ships: its ramp, its verdict by ratio, and its forced states.

use watertight::breaker::rules::Rules;

use crate::model::Claims;
use crate::script::Op::{Admit, Disable, Failure, ForceOpen, Forget, Ignored, Observe, Reset, Success};
use crate::script::{Clock, Op, Plan, Script};
use crate::scripts::{ADMIT, CALL, CALLS, FORGOTTEN, Narrow, OPEN, PLAN, keeps, rules};
use crate::sights::Sight;

/// A ramp of 6 ticks, whose share grows in four steps: at its start one call in four is admitted, from tick 1 on every
/// other, from tick 3 three in four, from tick 4 all.
pub const fn with_ramp(rules: Rules) -> Rules {
    Rules { ramp: 6, ..rules }
}

/// Of three probes, two at a time, two decide.
pub const RATIO: Rules = Rules {
    probe_failures: 2,
    ..rules(1, 2, 2)
};

/// Recovering since tick 2.
pub const RECOVERING: &[(Op, i32)] = &[(Admit, 0), (Failure(0), 0), (Admit, 2), (Success, 2)];
/// The same, where it takes two failures.
const RECOVERING_FROM_TWO: &[(Op, i32)] = &[
    (Admit, 0),
    (Failure(0), 0),
    (Admit, 0),
    (Failure(0), 0),
    (Admit, 2),
    (Success, 2),
];
/// Half-open; one probe has failed and is borne, another is forgotten.
const ONE_FAILED: &[(Op, i32)] = &[
    (Admit, 0),
    (Failure(0), 0),
    (Admit, 2),
    (Failure(0), 2),
    (Admit, 2),
    (Forget, 2),
];
/// Closed by force, in the last generation before they come round.
const LAST_GENERATION: &[(Op, i32)] = &[
    (Reset, 0),
    (ForceOpen, 0),
    (Disable, 0),
    (ForceOpen, 0),
    (Disable, 0),
    (ForceOpen, 0),
    (Reset, 0),
];

const FORCED: Script = &[
    &[Admit, ForceOpen, Disable, Reset, Observe],
    &[Success, Failure(0), Forget],
    &[Admit, ForceOpen, Disable, Reset, Observe],
];
const BETWEEN: Script = &[&[Admit, ForceOpen, Reset], &[Success, Failure(0)]];
const OBSERVED: Script = &[&[Admit, Observe], &[Success, Failure(0), Ignored]];

const FORCED_SIGHTS: &[Sight] = &[
    Sight::ForcedOpen,
    Sight::Disabled,
    Sight::Reset,
    Sight::RefusedForced,
    Sight::CameTooLate,
    Sight::HelperSetLow,
    Sight::HelperSetHigh,
];

pub const RAMP: Plan = Plan {
    rules: with_ramp(rules(1, 1, 1)),
    clock: Clock::Held(&[2, 5, 8]),
    before: RECOVERING,
    scripts: &[CALLS, CALLS],
    ..PLAN
};

#[test]
fn two_calls_each_in_a_ramp() {
    let sights = [
        Sight::RampAdmitted,
        Sight::RefusedRecovering,
        Sight::Ramped,
        Sight::Tripped,
        Sight::HalfOpened,
        Sight::Recovering,
        Sight::CameTooLate,
        Sight::SwapLost,
        Sight::HelperSetLow,
    ];
    keeps::<Narrow>(RAMP, 1_633_299, &sights);
}

#[test]
fn a_ramp_at_every_reading() {
    let plan = Plan {
        rules: with_ramp(rules(2, 1, 1)),
        clock: Clock::Any(&[2, 4, 6, 8]),
        before: RECOVERING_FROM_TWO,
        scripts: &[OBSERVED, CALL],
        ..RAMP
    };
    let sights = [
        Sight::RampAdmitted,
        Sight::RefusedRecovering,
        Sight::Ramped,
        Sight::Counted,
        Sight::SawWait,
        Sight::SwapLost,
    ];
    keeps::<Narrow>(plan, 1_476, &sights);
}

#[test]
fn what_callers_see_of_a_ramp_while_time_moves() {
    let plan = Plan {
        claims: Claims::Decisions,
        clock: Clock::Moved(&[0, 3]),
        scripts: &[CALLS, ADMIT],
        ..RAMP
    };
    keeps::<Narrow>(
        plan,
        521_994,
        &[Sight::RefusedRecovering, Sight::Ramped, Sight::Recovering],
    );
}

#[test]
fn three_callers_in_a_ramp() {
    let plan = Plan {
        scripts: &[CALL, ADMIT, ADMIT],
        ..RAMP
    };
    keeps::<Narrow>(
        plan,
        510_294,
        &[Sight::RefusedRecovering, Sight::Ramped, Sight::Tripped],
    );
}

#[test]
fn probes_that_decide_by_ratio() {
    let plan = Plan {
        rules: RATIO,
        before: OPEN,
        scripts: &[CALLS, CALL],
        clock: Clock::Held(&[0, 2, 6]),
        ..PLAN
    };
    let sights = [
        Sight::FailedProbe,
        Sight::Reopened,
        Sight::Closed,
        Sight::Counted,
        Sight::Filled,
    ];
    keeps::<Narrow>(plan, 494_669, &sights);
    let late = [
        Sight::FailedProbe,
        Sight::LateFailedProbe,
        Sight::Renewed,
        Sight::Reopened,
    ];
    let forgotten = Plan {
        before: FORGOTTEN,
        ..plan
    };
    keeps::<Narrow>(forgotten, 481_605, &late);
    let failed = Plan {
        before: ONE_FAILED,
        scripts: &[CALL, CALL],
        ..plan
    };
    keeps::<Narrow>(failed, 31_375, &[Sight::Renewed, Sight::Reopened, Sight::Counted]);
}

#[test]
fn states_that_are_forced() {
    let plan = Plan {
        scripts: &[FORCED, BETWEEN],
        clock: Clock::Held(&[0, 6]),
        ..PLAN
    };
    for before in [&[], LAST_GENERATION] {
        keeps::<Narrow>(Plan { before, ..plan }, 550_034, FORCED_SIGHTS);
    }
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_states_that_are_forced() {
    let plan = Plan {
        scripts: &[FORCED, FORCED],
        clock: Clock::Held(&[0, 6]),
        ..PLAN
    };
    keeps::<Narrow>(plan, 4_164_330, FORCED_SIGHTS);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_what_callers_see_of_a_ramp_while_time_moves() {
    let plan = Plan {
        claims: Claims::Decisions,
        clock: Clock::Moved(&[0, 3]),
        ..RAMP
    };
    let sights = [Sight::RefusedRecovering, Sight::Ramped, Sight::Recovering];
    keeps::<Narrow>(plan, 20_509_644, &sights);
}

#[test]
#[ignore = "takes minutes: run by .ci/explore"]
fn large_three_calls_in_a_ramp() {
    let plan = Plan {
        scripts: &[CALL, CALL, CALL],
        ..RAMP
    };
    let sights = [Sight::RefusedRecovering, Sight::Ramped, Sight::Tripped];
    keeps::<Narrow>(plan, 7_061_196, &sights);
}
