//! The program: what it is told, what it prints, with which status it ends.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

use super::file::File;
use super::report::Report;

/// Runs behaviour cases of circuit breakers, token buckets, bulkheads and backoffs
#[derive(Debug, Parser)]
#[command(name = "conformance")]
struct Args {
    /// Files of cases, in the format of tests/vectors/FORMAT.md
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What the program comes to.
#[derive(Debug)]
pub enum End {
    /// This is to be printed, and the status is 0, or 1 if a case failed.
    Report(String, u8),
    /// Nothing was run, for this reason; the status is 2.
    Wrong(String),
}

/// Runs it with these words, its own name first.
pub fn run(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> End {
    let args = match Args::try_parse_from(words) {
        Ok(args) => args,
        Err(told) if !told.use_stderr() => return End::Report(told.to_string(), 0),
        Err(wrong) => {
            let text = wrong.to_string();
            let sentence = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
            return End::Wrong(
                sentence
                    .collect::<Vec<_>>()
                    .join(" ")
                    .trim_start_matches("error: ")
                    .to_owned(),
            );
        }
    };
    let files: Result<Vec<_>, _> = args.files.iter().map(|path| File::read(path)).collect();
    match files {
        Ok(files) => {
            let report = Report::of(files.iter().flat_map(|file| &file.cases));
            End::Report(report.to_string(), u8::from(report.failed > 0))
        }
        Err(malformed) => End::Wrong(malformed.to_string()),
    }
}
