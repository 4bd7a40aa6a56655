//! The circuit breaker against a naive model: written from the rows of the design in wide integers and a `Vec`,
//! with no function of the crate's.

#[path = "../common/mod.rs"]
mod common;
mod model;
mod pair;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use model::{Model, Settings};
use pair::{Ending, Step, run};

fn settings() -> impl Strategy<Value = Settings> {
    let tick = prop_oneof![3 => Just(0_u32), 1 => 0..=18_u32];
    let wait = || {
        prop_oneof![
            1..=20_i128,
            1..=5_000_000_i128,
            Just((1_i128 << 28) - (1 << 16) - 1)
        ]
    };
    (
        (
            tick,
            1..=4_i128,
            1..=4_usize,
            1..=4_i128,
            wait(),
            wait(),
            0..=15_u32,
            wait(),
        ),
        (
            0..=20_000_000_i128,
            proptest::option::weighted(0.2, 0..=5_000_000_i128),
            any::<bool>(),
        ),
    )
        .prop_map(
            |(
                (tick, threshold, probes, successes, lease, first, doublings, stable),
                (hint, abandoned_after, unstable),
            )| {
                let longest = (1_i128 << 28) - (1 << 16) - 1;
                let cap = (first << doublings).min(longest);
                let settings = Settings {
                    tick: 1 << tick,
                    threshold,
                    probes,
                    successes,
                    lease,
                    first,
                    cap,
                    stable: if unstable { 0 } else { stable },
                    longest_hint: hint,
                    abandoned_after,
                };
                // The tick is the finest that fits, so something must need the coarse one.
                if tick == 0 {
                    settings
                } else {
                    Settings {
                        lease: longest,
                        ..settings
                    }
                }
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
    let ending = prop_oneof![
        3 => Just(Ending::Success),
        4 => Just(Ending::Failure),
        1 => prop_oneof![0..=40_000_000_u64, Just(u64::MAX)].prop_map(Ending::FailureWithHint),
        1 => Just(Ending::Ignore),
    ];
    prop_oneof![
        8 => age().prop_map(Step::Acquire),
        6 => (which(), ending, age()).prop_map(|(which, ending, age)| Step::Settle(which, ending, age)),
        1 => which().prop_map(Step::Drop),
        1 => which().prop_map(Step::Forget),
        1 => Just(Step::Reset),
        2 => prop_oneof![0..=3_u64, 0..=10_000_000_u64].prop_map(Step::Advance),
        1 => (0..=47_u32, -1..=1_i64).prop_map(|(bit, off)| Step::Advance(((1_i64 << bit) + off) as u64)),
        5 => (-2..=2_i8).prop_map(Step::AdvanceToDeadline),
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
    threshold: 1,
    probes: 1,
    successes: 1,
    lease: 3_000_000,
    first: 1_000_000,
    cap: 60_000_000,
    stable: 10_000_000,
    longest_hint: 0,
    abandoned_after: None,
};

/// Brings a breaker into each phase, leaves it alone for `idle`, and then trips it once more.
fn left_alone(settings: Settings, start: i128, idle: i128) {
    let fail = Step::Settle(0, Ending::Failure, None);
    let succeed = Step::Settle(0, Ending::Success, None);
    let to_open = vec![Step::Acquire(None), fail.clone()];
    let to_half_open = [
        to_open.clone(),
        vec![Step::AdvanceToDeadline(0), Step::Acquire(None)],
    ]
    .concat();
    let to_closed = [to_half_open.clone(), vec![succeed]].concat();
    for prefix in [vec![], to_open, to_half_open, to_closed] {
        let mut steps = prefix;
        steps.push(Step::Advance(idle as u64));
        steps.extend([
            Step::Acquire(None),
            Step::Acquire(None),
            fail.clone(),
            Step::Acquire(None),
        ]);
        steps.extend([
            Step::AdvanceToDeadline(0),
            Step::Acquire(None),
            fail.clone(),
            Step::Acquire(None),
        ]);
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
            left_alone(PLAIN, start, 0);
            left_alone(
                Settings {
                    lease: (1 << 28) - (1 << 16) - 1,
                    tick: 1 << 18,
                    ..PLAIN
                },
                start,
                0,
            );
        }
    }
}
