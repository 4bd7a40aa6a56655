//! An outage, lived through twice: by naive callers, and by callers behind a circuit breaker.
//!
//! ```text
//! cargo run --release --example outage
//! ```
//!
//! A TCP service on the loopback interface, with a bounded number of workers, is healthy, then slow, then dead, then
//! recovering with few workers, then healthy again. Calls come at a steady rate, whether or not earlier ones have
//! come back. The same traffic meets two such services at the same time: once with three immediate attempts
//! a call (`naive.rs`), once with three backed-off attempts behind a breaker (`guarded.rs`: how one uses the crate
//! in a tokio program). What comes of it is measured: a table on the standard output, and a chart.
//!
//! The breaker spares the service, and its callers the wait. It cannot make the sick service answer: while it is open
//! all calls fail, at once. Whether the naive calls are served again in time depends on `QUEUE` in `phases.rs`.

mod args;
mod chart;
mod client;
mod figures;
mod guarded;
mod naive;
mod phases;
mod run;
mod service;

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use args::{Args, Stop};
use figures::Table;
use phases::Plan;

fn main() -> ExitCode {
    let (sentence, status) = match Args::read(env::args_os()) {
        Ok(args) => match outage(&args) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(sentence) => (sentence, 1),
        },
        Err(Stop::Help(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Stop::Wrong(sentence)) => (sentence, 2),
    };
    eprintln!("error: {sentence}");
    ExitCode::from(status)
}

fn outage(args: &Args) -> Result<(), String> {
    let plan = args.plan();
    let unwritable =
        |error: io::Error| format!("cannot write the chart to '{}': {error}", args.out.display());
    // Before the run: nobody wants to learn it afterwards.
    check_writable(&args.out).map_err(unwritable)?;

    let bar = progress_bar(&plan, args.no_progress);
    let runs = run::side_by_side(plan, |elapsed| {
        bar.set_position(elapsed.min(plan.length()).as_millis() as u64);
        bar.set_message(plan.phase_at(elapsed).name());
    })
    .map_err(|error| format!("cannot run the services: {error}"))?;
    bar.finish_and_clear();

    let chart = chart::svg(&plan, &runs).map_err(|error| format!("cannot draw the chart: {error}"))?;
    fs::write(&args.out, chart).map_err(unwritable)?;
    let table = Table {
        plan: &plan,
        runs: &runs,
    };
    match writeln!(io::stdout(), "{table}\nThe chart is in {}", args.out.display()) {
        // Whoever closed it, `head` say, has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot print the table: {error}"))
        }
        _ => Ok(()),
    }
}

/// Opens the file as it will be written, with the directory above it, and leaves what is in it.
fn check_writable(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    File::options().create(true).append(true).open(path).map(drop)
}

fn progress_bar(plan: &Plan, hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {elapsed} of {prefix}  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(plan.length().as_millis() as u64)
        .with_prefix(format!("{}s", plan.seconds))
        .with_style(style)
}
