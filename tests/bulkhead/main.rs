//! Bulkheads through their public API: alone, with waiters, and with a bucket; against naive models in whole numbers
//! and lists, and one behaviour at a time.

mod alone;
mod blocking;
mod hands;
mod places;
mod tokens;
mod waiting;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

/// Failures that a property once found are kept beside the source file.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(miri) { 5 } else { cases },
        failure_persistence: (!cfg!(miri))
            .then(|| Box::new(FileFailurePersistence::WithSource("proptest-regressions")) as _),
        source_file: Some("tests/bulkhead/main.rs"),
        ..ProptestConfig::default()
    }
}
