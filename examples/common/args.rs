//! The command line.

use core::ops::RangeInclusive;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser};

use super::traffic::Plan;

/// What an example is told.
#[derive(Debug, Parser)]
pub struct Args {
    /// For how long calls are offered; both runs take place in this time, at once
    #[arg(long, default_value_t = 20, allow_negative_numbers = true, value_parser = whole(4..=600))]
    seconds: u32,
    /// Calls offered in a second, in each of the two runs
    #[arg(long, default_value_t = 200, allow_negative_numbers = true, value_parser = whole(20..=500))]
    rate: u32,
    /// What all that is random is drawn from
    #[arg(long, default_value_t = 7, allow_negative_numbers = true, value_parser = whole(0..=u32::MAX))]
    seed: u32,
    /// Where the chart goes; the directory is made if there is none
    #[arg(long, value_name = "FILE", required = false)]
    pub out: PathBuf,
    /// Show no progress bar (nor is there one if the standard error is not a terminal)
    #[arg(long)]
    pub no_progress: bool,
}

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Stop {
    /// The user asked for this text.
    Help(String),
    /// Something is wrong, as this sentence says.
    Wrong(String),
}

impl Args {
    /// Reads the words of the command line, the program's name first. `--help` begins with what the example is
    /// `about`; unless something else is said, its chart goes to `out`.
    ///
    /// # Errors
    /// [`Stop`].
    pub fn read(
        about: &'static str,
        out: &'static str,
        words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, Stop> {
        let command = Self::command()
            .about(about)
            .long_about(None)
            .mut_arg("out", |arg| arg.default_value(out));
        let args = command
            .try_get_matches_from(words)
            .and_then(|matches| Self::from_arg_matches(&matches));
        args.map_err(|error| {
            let text = error.to_string();
            if !error.use_stderr() {
                return Stop::Help(text);
            }
            // The first line says what is wrong. The others are in `--help`.
            let sentence = text.lines().next().unwrap_or_default();
            Stop::Wrong(sentence.trim_start_matches("error: ").to_owned())
        })
    }

    /// What is to be run.
    pub fn plan(&self) -> Plan {
        Plan {
            seconds: self.seconds,
            rate: self.rate,
            seed: self.seed,
        }
    }
}

/// Reads a number in `range`, or says what is wanted.
fn whole(range: RangeInclusive<u32>) -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync {
    move |word| {
        let number = word.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            format!(
                "a whole number from {} to {} is wanted",
                range.start(),
                range.end()
            )
        })
    }
}
