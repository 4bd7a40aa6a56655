//! Other systems' own cases, and ours, run against the crate.
//!
//! ```text
//! cargo run --release --example conformance -- tests/vectors/systems.json tests/vectors/watertight.json
//! ```
//!
//! A file has cases as `tests/vectors/FORMAT.md` describes them. Each is run against the public API and nothing else; one that is
//! not a plain pass gets a line, and the last line counts. The status is 1 if a case failed, and 2 if a file is not one of cases.
//!
//! What a port needs to run the same files: `primitives` says what an operation does and what shows afterwards, `dialects` what
//! another system's configuration is here, `rules` where we answer differently and what decides that, `lists` what there is not.

mod dialects;
mod file;
mod lists;
mod primitives;
mod report;
mod rules;
mod run;
mod value;
mod words;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use file::File;
use report::Report;

/// Runs behaviour cases of circuit breakers, token buckets, bulkheads and backoffs
#[derive(Debug, Parser)]
struct Args {
    /// Files of cases, in the format of tests/vectors/FORMAT.md
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(told) if !told.use_stderr() => {
            print!("{told}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            return stop(
                wrong
                    .to_string()
                    .lines()
                    .collect::<Vec<_>>()
                    .join(" ")
                    .trim_start_matches("error: "),
            );
        }
    };
    let files: Result<Vec<_>, _> = args.files.iter().map(|path| File::read(path)).collect();
    let files = match files {
        Ok(files) => files,
        Err(malformed) => return stop(&malformed.to_string()),
    };
    let report = Report::of(files.iter().flat_map(|file| &file.cases));
    match write!(io::stdout(), "{report}") {
        // Whoever closed it, `head` say, has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            stop(&format!("cannot print the report: {error}"))
        }
        _ if report.failed > 0 => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

fn stop(sentence: &str) -> ExitCode {
    eprintln!("error: {sentence}");
    ExitCode::from(2)
}
