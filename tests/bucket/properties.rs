//! Any quota, any start of the clock, any schedule: every answer is the model's, and no window has too much.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::cases;
use crate::model::Settings;
use crate::pair::{Ask, Number, Step, Wait, run};

/// Numbers of every magnitude.
pub fn of_any_size(bits: u32) -> impl Strategy<Value = u64> {
    let any_size = (any::<u64>(), 0..bits).prop_map(move |(x, shift)| x >> (64 - bits) >> shift);
    let edge = (0..bits, 0..3_u64).prop_map(|(k, off)| ((1_u64 << k) + off).saturating_sub(1));
    prop_oneof![3 => any_size, 1 => edge]
}

fn span() -> impl Strategy<Value = u64> {
    let usual = [1_u64, 60, 3_600, 86_400, 604_800].map(|seconds| seconds * 1_000_000_000);
    prop_oneof![
        4 => prop::sample::select(usual.to_vec()),
        1 => of_any_size(45).prop_map(|micros| micros * 1_000),
        1 => of_any_size(55),
        1 => (0..45_u32).prop_map(|k| 1_000 << k),
    ]
}

/// Anything that can be said to the builder, mostly something that it takes.
pub fn any_settings() -> impl Strategy<Value = Settings> {
    let tokens = prop_oneof![1 => Just(0), 1 => Just(1), 4 => 1..=1_000_u32, 4 => of_any_size(32).prop_map(|n| n as u32)];
    let burst = prop_oneof![3 => 1..=5_u32, 3 => 1..=1_000_u32, 3 => of_any_size(29).prop_map(|n| n as u32), 1 => any::<u32>()];
    let longest = proptest::option::weighted(0.3, prop_oneof![0..=5_000_000_u64, of_any_size(50)]);
    let initial = prop_oneof![
        4 => Just(None),
        1 => Just(Some(u64::MAX)),
        3 => any::<u64>().prop_map(Some),
    ];
    (tokens, span(), prop::bool::weighted(0.1), burst, initial, longest).prop_map(
        |(tokens, span, window, burst, initial, longest_wait)| Settings {
            tokens,
            span,
            window,
            burst,
            // One of those up to the burst; rarely more.
            initial: initial.map(|n| {
                if n == u64::MAX {
                    burst.saturating_add(1)
                } else {
                    (n % (u64::from(burst) + 1)) as u32
                }
            }),
            longest_wait,
        },
    )
}

/// Within a few microseconds of every place where something comes round, and anywhere else.
pub fn start() -> impl Strategy<Value = i128> {
    prop_oneof![
        4 => (0..=64_u32, -8..=8_i128).prop_map(|(bit, off)| ((1_i128 << bit) + off).rem_euclid(1 << 64)),
        1 => any::<u64>().prop_map(i128::from),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        6 => (1..=3_u32).prop_map(Number::Few),
        3 => any::<u32>().prop_map(Number::Share),
        2 => (-2..=0_i32).prop_map(Number::Burst),
        1 => prop_oneof![Just(0), Just(u32::MAX), any::<u32>()].prop_map(Number::Any),
        1 => Just(Number::Burst(1)),
    ]
}

pub fn ask() -> impl Strategy<Value = Ask> {
    let wait = prop_oneof![
        2 => (0..=40_u8).prop_map(Wait::Bursts),
        1 => of_any_size(40).prop_map(Wait::Micros),
        1 => Just(Wait::Micros(u64::MAX)),
    ];
    prop_oneof![
        3 => number().prop_map(Ask::Many),
        1 => number().prop_map(Ask::UpTo),
        2 => (number(), wait).prop_map(|(n, wait)| Ask::Reserve(n, wait)),
    ]
}

fn age() -> impl Strategy<Value = Option<u64>> {
    proptest::option::weighted(
        0.4,
        prop_oneof![2 => Just(0), 2 => 0..=3_u64, 2 => 0..=5_000_000_u64, 1 => of_any_size(46)],
    )
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (ask(), age()).prop_map(|(ask, age)| Step::Ask(ask, age)),
        5 => prop_oneof![3 => Just(0), 1 => -2..=2_i8].prop_map(Step::Again),
        3 => any::<usize>().prop_map(Step::Refund),
        2 => prop_oneof![0..=3_u64, 0..=5_000_000_u64].prop_map(Step::Advance),
        2 => (0..=20_u8).prop_map(Step::AdvanceBursts),
        1 => (0..=62_u32, -1..=1_i64).prop_map(|(bit, off)| Step::Advance(((1_i64 << bit) + off) as u64)),
        1 => of_any_size(46).prop_map(Step::GoBack),
        2 => Just(Step::Look),
        1 => prop::bool::weighted(0.2).prop_map(|reset| if reset { Step::Reset } else { Step::Look }),
    ]
}

/// What a run has met.
#[derive(Debug, Default)]
struct Met {
    exact: AtomicU64,
    nearly_exact: AtomicU64,
    operations: AtomicU64,
    granted: AtomicU64,
}

/// Any quota that is taken, against the model.
fn run_cases(cases: ProptestConfig) -> Met {
    let met = Met::default();
    let steps = prop::collection::vec(step(), 1..80);
    let result = TestRunner::new(cases).run(&(any_settings(), start(), steps), |(settings, start, steps)| {
        if let Ok(quota) = settings.builder().try_build() {
            // Not for thousands of years.
            if settings.meet_the_seam(start - (1 << 61), 1 << 62) {
                return Ok(());
            }
            let of = match settings.exact_drops() {
                Some(_) => &met.exact,
                None => &met.nearly_exact,
            };
            of.fetch_add(1, Relaxed);
            let (operations, granted) = run(&settings, &quota, start, &steps);
            met.operations.fetch_add(operations, Relaxed);
            met.granted.fetch_add(granted, Relaxed);
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{met:?}");
    met
}

#[test]
fn it_does_what_the_naive_model_does() {
    let met = run_cases(cases(2_500));
    if cfg!(not(miri)) {
        assert!(met.exact.into_inner() > 500);
        assert!(met.nearly_exact.into_inner() > 100);
        assert!(met.granted.into_inner() > 5_000);
    }
}

#[test]
#[ignore = "takes minutes: cargo test --release --test bucket -- --ignored"]
fn it_does_what_the_naive_model_does_8_million_times() {
    let met = run_cases(cases(600_000));
    assert!(met.operations.into_inner() > 8_000_000);
}
