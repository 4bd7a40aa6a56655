//! Backoff against its definitions: naive models in wide integers, statistics from fixed seeds, and the limits.

mod growth;
mod jitter;
mod limits;
mod naive;
mod reconnect;
mod refusals;
mod totals;

use core::time::Duration;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Failures that a property once found are kept beside the source file.
fn cases(cases: u32) -> ProptestConfig {
    let regressions = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(regressions)),
        ..ProptestConfig::default()
    }
}

/// Numbers of every magnitude, and the edges of every power of two.
fn any_span() -> impl Strategy<Value = u64> {
    let of_any_size = (any::<u64>(), 0..64u32).prop_map(|(x, shift)| x >> shift);
    let edge = (0..64u32, 0..3u64).prop_map(|(k, off)| (1u64 << k).wrapping_add(off).wrapping_sub(1));
    prop_oneof![of_any_size, edge, Just(0), Just(u64::MAX)]
}

fn any_retry() -> impl Strategy<Value = u32> {
    prop_oneof![
        0..100u32,
        (any::<u32>(), 0..32u32).prop_map(|(x, shift)| x >> shift),
        Just(u32::MAX)
    ]
}

fn any_draw() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), Just(0), Just(u32::MAX)]
}
