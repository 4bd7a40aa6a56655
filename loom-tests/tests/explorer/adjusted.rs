//! What is explored of the breaker as it ships while its rules change: every attempt may obey the one set or the other.
//!
//! No round has more probes than the larger limit, every step is what the rules of its attempt say, nobody is ever left
//! waiting, and nothing comes round that should not. That a window which calls for opening by one set of rules is opened
//! at once, or calls for it still when it is, cannot be claimed where somebody else obeys the other.

use watertight::breaker::rules::Rules;

use crate::phases::{RECOVERING, with_ramp};
use crate::script::Op::{Admit, Failure, Forget, Success};
use crate::script::{Clock, Op, Plan, Script};
use crate::scripts::{ADMIT, CALL, CALLS, Narrow, OPEN, PLAN, keeps, keeps_counting, rules};
use crate::sights::Sight;
use crate::subjects::{ClosedByEquality, FullByEquality};
use crate::tapes::{Double, ENDS, OneBit, rate};
use crate::twins::caught;

/// Longer, and more of everything that the words have room for.
const MORE: Rules = Rules {
    probe_failures: 3,
    lease: 5,
    stable: 6,
    cap: 6,
    ..rules(3, 3, 3)
};

const PROBES: Script = &[&[Admit], &[Success, Failure(0), Forget]];

const ADJUSTED: Plan = Plan {
    second: Some(MORE),
    clock: Clock::Held(&[0, 3, 8]),
    ..PLAN
};
/// Half-open by rules for three probes; two were admitted, and are forgotten.
const TWO_OF_THREE: Plan = Plan {
    rules: MORE,
    second: Some(rules(1, 1, 1)),
    before: &[
        (Admit, 0),
        (Failure(0), 0),
        (Admit, 0),
        (Failure(0), 0),
        (Admit, 0),
        (Failure(0), 0),
        (Admit, 2),
        (Forget, 2),
        (Admit, 2),
        (Forget, 2),
    ],
    clock: Clock::Held(&[2, 8]),
    scripts: &[PROBES, PROBES],
    ..PLAN
};

#[test]
fn a_threshold_and_probes_that_change() {
    let plan = Plan {
        scripts: &[CALLS, CALL],
        clock: Clock::Held(&[0, 8]),
        ..ADJUSTED
    };
    let sights = [Sight::Counted, Sight::Tripped, Sight::HalfOpened, Sight::Probed];
    keeps::<Narrow>(plan, 202_430, &sights);
    let plan = Plan {
        before: OPEN,
        scripts: &[PROBES, PROBES],
        ..ADJUSTED
    };
    let sights = [
        Sight::Probed,
        Sight::Filled,
        Sight::FailedProbe,
        Sight::Counted,
        Sight::Closed,
        Sight::Reopened,
    ];
    keeps::<Narrow>(plan, 204_513, &sights);
}

#[test]
fn fewer_probes_than_are_in_flight() {
    let sights = [
        Sight::OverLimit,
        Sight::RefusedFull,
        Sight::Filled,
        Sight::Renewed,
        Sight::LateFailedProbe,
        Sight::LateCounted,
    ];
    keeps::<Narrow>(TWO_OF_THREE, 97_715, &sights);
}

#[test]
fn a_ramp_that_changes() {
    let plan = Plan {
        rules: with_ramp(rules(1, 1, 1)),
        before: RECOVERING,
        clock: Clock::Any(&[2, 5]),
        scripts: &[CALL, ADMIT],
        ..PLAN
    };
    let shorter = Rules {
        ramp: 2,
        ..plan.rules
    };
    let sights = [Sight::RampAdmitted, Sight::RefusedRecovering, Sight::Tripped];
    for second in [shorter, rules(1, 1, 1)] {
        let second = Some(second);
        keeps::<Narrow>(Plan { second, ..plan }, 2_329, &sights);
    }
}

#[test]
fn a_rate_that_changes() {
    let plan = Plan {
        rules: rate(100, 0, 2),
        second: Some(rate(50, 0, 1)),
        calls: 2,
        clock: Clock::Any(&[0]),
        scripts: &[ENDS, ENDS],
        ..PLAN
    };
    let sights = [Sight::Recorded, Sight::Tripped, Sight::TrippedForAnother];
    for before in [&[], BEFORE] {
        keeps_counting::<OneBit, Double>(Plan { before, ..plan }, 3_500, &sights, 48);
    }
}

const BEFORE: &[(Op, i32)] = &[(Admit, 0), (Failure(0), 0)];

#[test]
fn a_limit_that_is_compared_by_equality() {
    caught::<FullByEquality, Narrow>(TWO_OF_THREE, "a probe was admitted 5 ticks before the deadline");
    let plan = Plan {
        before: OPEN,
        scripts: &[CALLS, CALLS],
        clock: Clock::Any(&[2]),
        ..ADJUSTED
    };
    caught::<ClosedByEquality, Narrow>(plan, "an instance was left whose timer is not set");
}
