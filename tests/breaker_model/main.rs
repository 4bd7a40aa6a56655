//! The circuit breaker against a naive model: written from the rows of the design in wide integers and a `Vec`,
//! with no function of the crate's.

#[path = "../common/mod.rs"]
mod common;
mod held;
mod model;
mod pair;
mod settings;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use watertight::State;

use held::Ending;
use model::Model;
use pair::{KEYS, Step, Way, run};
use settings::{JudgedBy, Settings, Slow, Verdict};

/// The longest wait, in ticks.
const LONGEST: i128 = (1 << 28) - (1 << 16) - 1;

fn judged_by() -> impl Strategy<Value = JudgedBy> {
    let percent = || prop_oneof![Just(1), Just(50), Just(100), 1..=100_i128];
    let last_calls = move |size: Vec<usize>, slow: BoxedStrategy<Option<Slow>>| {
        (prop::sample::select(size), 1..=25_i128, percent(), slow).prop_map(
            |(size, minimum, failure_percent, slow)| JudgedBy::LastCalls {
                size,
                minimum,
                failure_percent,
                slow,
            },
        )
    };
    let slow = (percent(), prop_oneof![Just(0), 0..=2_000_000_i128])
        .prop_map(|(percent, after)| Some(Slow { percent, after }));
    prop_oneof![
        3 => (1..=4_i128).prop_map(JudgedBy::FailuresInARow),
        2 => last_calls(vec![1, 3, 20], Just(None).boxed()),
        2 => last_calls(vec![2, 10], slow.boxed()),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        (1..=4_i128).prop_map(Verdict::Successes),
        (1..=6_i128, 1..=100_i128).prop_map(|(calls, percent)| Verdict::Ratio { calls, percent }),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let tick = prop_oneof![3 => Just(0_u32), 1 => 0..=18_u32];
    let wait = || prop_oneof![1..=20_i128, 1..=5_000_000_i128, Just(LONGEST)];
    let rules = (
        judged_by(),
        1..=4_usize,
        verdict(),
        prop_oneof![3 => Just(100), 1 => prop::sample::select(vec![0, 1, 50, 99])],
    );
    let waits = (
        tick,
        wait(),
        wait(),
        0..=15_u32,
        prop_oneof![1 => Just(0), 3 => wait()],
        prop_oneof![Just(0), 1..=70_i128, wait()],
    );
    let rest = (
        0..=20_000_000_i128,
        proptest::option::weighted(0.2, 0..=5_000_000_i128),
    );
    (rules, waits, rest).prop_map(
        |(
            (judged_by, probes, verdict, enforced),
            (tick, lease, first, doublings, stable, ramp),
            (longest_hint, abandoned_after),
        )| Settings {
            tick: 1 << tick,
            judged_by,
            probes,
            verdict,
            // The tick is the finest that fits, so something must need the coarse one.
            lease: if tick == 0 { lease } else { LONGEST },
            first,
            cap: (first << doublings).min(LONGEST),
            stable,
            ramp,
            longest_hint,
            abandoned_after,
            enforced,
        },
    )
}

/// Within a few ticks of every place where something comes round, and anywhere else.
fn start() -> impl Strategy<Value = i128> {
    let wraps = [0_u32, 14, 16, 28, 29, 30, 31, 32, 45, 46, 47, 48, 60, 63, 64];
    prop_oneof![
        4 => (prop::sample::select(wraps.to_vec()), -8..=8_i128, 0..=18_u32)
            .prop_map(|(bit, off, tick)| (((1_i128 << bit) + off) << tick).rem_euclid(1 << 64)),
        1 => any::<u64>().prop_map(i128::from),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<usize>;
    let age = || proptest::option::weighted(0.3, prop_oneof![0..=3_u32, 0..=5_000_000_u32]);
    let key = || proptest::option::weighted(0.5, 0..KEYS);
    let ending = || {
        prop_oneof![
            3 => Just(Ending::Success),
            4 => Just(Ending::Failure),
            1 => prop_oneof![0..=40_000_000_u64, Just(u64::MAX)].prop_map(Ending::FailureWithHint),
            1 => Just(Ending::Ignore),
        ]
    };
    let force = [State::Closed, State::Closed, State::ForcedOpen, State::Disabled];
    prop_oneof![
        8 => (age(), key()).prop_map(|(age, key)| Step::Acquire(Way { age, key })),
        6 => (which(), ending(), age())
            .prop_map(|(which, ending, age)| Step::Settle(which, ending, age)),
        8 => (ending(), prop_oneof![0..=1_u64, 0..=3_000_000_u64])
            .prop_map(|(ending, took)| Step::Call(ending, took)),
        1 => which().prop_map(Step::Drop),
        1 => which().prop_map(Step::Forget),
        1 => prop::sample::select(force.to_vec()).prop_map(Step::Force),
        2 => prop_oneof![0..=3_u64, 0..=10_000_000_u64].prop_map(Step::Advance),
        1 => (0..=47_u32, -1..=1_i64).prop_map(|(bit, off)| Step::Advance(((1_i64 << bit) + off) as u64)),
        4 => (-2..=2_i8).prop_map(Step::AdvanceToDeadline),
        3 => (0..=64_u8, -1..=1_i8).prop_map(|(before, off)| Step::AdvanceInRamp(before, off)),
        1 => prop_oneof![0..=3_u32, 0..=10_000_000_u32].prop_map(Step::GoBack),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 5 } else { 2_000 },
        failure_persistence: (!cfg!(miri))
            .then(|| Box::new(FileFailurePersistence::WithSource("regressions")) as _),
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_does_what_the_naive_model_does(
        settings in settings(),
        start in start(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        run(settings, start, &steps);
    }
}

const PLAIN: Settings = Settings {
    tick: 1,
    judged_by: JudgedBy::FailuresInARow(1),
    probes: 1,
    verdict: Verdict::Successes(1),
    lease: 3_000_000,
    first: 1_000_000,
    cap: 60_000_000,
    stable: 10_000_000,
    ramp: 0,
    longest_hint: 0,
    abandoned_after: None,
    enforced: 100,
};

/// With a ramp of a second, and the last three calls.
const RECOVERING: Settings = Settings {
    judged_by: JudgedBy::LastCalls {
        size: 3,
        minimum: 1,
        failure_percent: 50,
        slow: None,
    },
    ramp: 1_000_000,
    ..PLAIN
};

/// Brings a breaker into each phase, leaves it alone for `idle`, and then trips it once more.
fn left_alone(settings: Settings, start: i128, idle: i128) {
    let acquire = || Step::Acquire(Way::default());
    let fail = || Step::Settle(0, Ending::Failure, None);
    let to_open = vec![acquire(), fail()];
    let to_half_open = [to_open.clone(), vec![Step::AdvanceToDeadline(0), acquire()]].concat();
    let to_closed = [to_half_open.clone(), vec![Step::Settle(0, Ending::Success, None)]].concat();
    let in_ramp = [to_closed.clone(), vec![Step::AdvanceInRamp(32, 0), acquire()]].concat();
    let forced = |to| vec![Step::Force(to)];
    for prefix in [
        vec![],
        to_open,
        to_half_open,
        to_closed,
        in_ramp,
        forced(State::ForcedOpen),
        forced(State::Disabled),
    ] {
        let mut steps = prefix;
        steps.push(Step::Advance(idle as u64));
        steps.extend([acquire(), acquire(), fail(), acquire()]);
        steps.extend([Step::AdvanceToDeadline(0), acquire(), fail(), acquire()]);
        run(settings, start, &steps);
    }
}

#[test]
fn left_alone_in_each_phase_for_every_power_of_two() {
    for bit in 0..=48 {
        for off in -1..=1 {
            let idle = (1_i128 << bit) + off;
            for start in [
                0,
                (1 << 30) - 2,
                (1 << 46) - 2,
                (1_i128 << 64) - 2,
                (1_i128 << 64) - 4_000_000,
            ] {
                left_alone(PLAIN, start, idle);
                left_alone(RECOVERING, start, idle);
            }
        }
    }
}

#[test]
fn an_opening_left_alone_is_over_for_good_until_its_deadline_comes_round_after_two_years() {
    for bit in 20..46 {
        for off in [-1, 0, 1] {
            let settings = PLAIN;
            let model = Model::new(settings);
            let until = 1_000_000;
            let now = until + (1_i128 << bit) + off;
            assert_eq!(
                model.left(until, now),
                None,
                "the model itself: 2^{bit} + {off} later"
            );
        }
    }
    let round = 1_i128 << 46;
    assert_eq!(round / 1_000_000 / 86_400, 814, "days, with ticks of 1 us");
    let model = Model::new(PLAIN);
    assert_eq!(
        model.left(1_000_000, 1_000_000 + round - (1 << 29)),
        Some(1 << 29)
    );
    assert_eq!((1_i128 << 29) / 1_000_000, 536, "seconds: 8.9 minutes");
}

/// All-zero words, used for the first time at any clock value.
#[test]
fn the_first_use_at_any_clock_value() {
    for bit in 0..=64 {
        for off in -2..=2 {
            let start = ((1_i128 << bit) + off).rem_euclid(1 << 64);
            for settings in [PLAIN, RECOVERING] {
                left_alone(settings, start, 0);
                let coarse = Settings {
                    lease: LONGEST,
                    tick: 1 << 18,
                    ..settings
                };
                left_alone(coarse, start, 0);
            }
        }
    }
}
