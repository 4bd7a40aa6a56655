//! The token bucket through its public API, against a naive model in whole numbers, and against itself from
//! both sides of each moment that it names.

mod adjustable;
mod model;
mod pair;
mod places;
mod properties;
mod quotas;
mod totals;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// Failures that a property once found are kept beside the source file.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(miri) { 5 } else { cases },
        failure_persistence: (!cfg!(miri))
            .then(|| Box::new(FileFailurePersistence::WithSource("proptest-regressions")) as _),
        source_file: Some("tests/bucket/main.rs"),
        ..ProptestConfig::default()
    }
}
