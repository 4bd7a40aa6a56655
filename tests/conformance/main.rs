//! What `examples/conformance` claims, and what it finds: other systems' own cases, ours, and what is not a file of
//! cases.

#![allow(dead_code, reason = "the modules of the example are used in part")]

#[path = "../../examples/conformance/dialects/mod.rs"]
mod dialects;
#[path = "../../examples/conformance/file.rs"]
mod file;
#[path = "../../examples/conformance/lists.rs"]
mod lists;
#[path = "../../examples/conformance/primitives/mod.rs"]
mod primitives;
#[path = "../../examples/conformance/program.rs"]
mod program;
#[path = "../../examples/conformance/report.rs"]
mod report;
#[path = "../../examples/conformance/rules/mod.rs"]
mod rules;
#[path = "../../examples/conformance/run.rs"]
mod run;
#[path = "../../examples/conformance/value.rs"]
mod value;
#[path = "../../examples/conformance/words.rs"]
mod words;

mod files;
mod perturbed;
mod tables;
mod verdicts;

use std::path::{Path, PathBuf};

/// A file of this directory's neighbour, `tests/vectors`.
fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name)
}

/// Other systems' cases.
const SYSTEMS: &str = "systems.json";

/// More of them.
const MORE: &str = "systems_more.json";

/// Ours.
const OWN: &str = "watertight.json";
