//! Other systems' own cases, and ours, run against the crate.
//!
//! ```text
//! cargo run --release --example conformance -- tests/vectors/systems.json tests/vectors/watertight.json
//! ```
//!
//! A file has cases as `tests/vectors/FORMAT.md` describes them. Each is run against the public API and nothing else;
//! one that is not a plain pass gets a line, and the last line counts. The status is 1 if a case failed, and 2 if a
//! file is not one of cases.
//!
//! What a port needs to run the same files: `primitives` says what an operation does and what shows afterwards,
//! `dialects` what another system's configuration is here, `rules` where we answer differently and what decides that,
//! `lists` what there is not.

mod dialects;
mod file;
mod lists;
mod primitives;
mod program;
mod report;
mod rules;
mod run;
mod value;
mod words;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use program::End;

fn main() -> ExitCode {
    let (report, status) = match program::run(env::args_os()) {
        End::Report(report, status) => (report, status),
        End::Wrong(sentence) => {
            eprintln!("error: {sentence}");
            return ExitCode::from(2);
        }
    };
    match io::stdout().write_all(report.as_bytes()) {
        // Whoever closed it, `head` say, has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("error: cannot print the report: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::from(status),
    }
}
