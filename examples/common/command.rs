//! The program around an example: it reads the command line, shows a progress bar, prints the table and writes the chart.

use core::time::Duration;
use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::{Args, Stop};
use super::drawing::Svg;
use super::traffic::Plan;

/// An example whose two runs come to an `R`.
pub struct Example<R> {
    /// What it shows, in a sentence.
    pub about: &'static str,
    /// Where its chart goes unless something else is said.
    pub out: &'static str,
    /// Makes the runs, and tells now and then how long they have been running. It fails if the operating system gives no
    /// thread, no socket or no event queue.
    pub run: fn(Plan, &mut dyn FnMut(Duration)) -> io::Result<R>,
    /// What happens so long after the start.
    pub phase: fn(&Plan, Duration) -> &'static str,
    /// What came of it, in figures.
    pub table: fn(&Plan, &R) -> String,
    /// The same as an SVG.
    pub chart: fn(&Plan, &R) -> Svg,
}

/// The example as a program.
pub fn main<R>(example: &Example<R>) -> ExitCode {
    let (sentence, status) = match Args::read(example.about, example.out, env::args_os()) {
        Ok(args) => match show(example, &args) {
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

fn show<R>(example: &Example<R>, args: &Args) -> Result<(), String> {
    let plan = args.plan();
    let unwritable =
        |error: io::Error| format!("cannot write the chart to '{}': {error}", args.out.display());
    // Before the run: nobody wants to learn it afterwards.
    check_writable(&args.out).map_err(unwritable)?;

    let bar = progress_bar(&plan, args.no_progress);
    let runs = (example.run)(plan, &mut |elapsed| {
        bar.set_position(elapsed.min(plan.length()).as_millis() as u64);
        bar.set_message((example.phase)(&plan, elapsed));
    })
    .map_err(|error| format!("cannot run the example: {error}"))?;
    bar.finish_and_clear();

    let chart = (example.chart)(&plan, &runs).map_err(|error| format!("cannot draw the chart: {error}"))?;
    fs::write(&args.out, chart).map_err(unwritable)?;
    let table = (example.table)(&plan, &runs);
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
