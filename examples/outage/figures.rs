//! What a run comes to in figures, each defined here, and the table of them.

use core::fmt;
use core::time::Duration;

use crate::caller::Outcome;
use crate::common::traffic::{Call, Plan};
use crate::common::{latencies, note_unconnected, percentiles};
use crate::phases::{ATTEMPTS, Phase, TIMEOUT};
use crate::run::{Run, Runs};

/// The share of calls that must succeed for a service to count as serving again, in percent.
const SERVED: usize = 95;

/// The figures of one run.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Calls offered.
    pub offered: usize,
    /// Calls answered in time, at the first attempt or a later one.
    pub succeeded: usize,
    /// Calls that failed without waiting for any timeout.
    pub failed_at_once: usize,
    /// Calls that failed after waiting for at least one timeout.
    pub timed_out: usize,
    /// Attempts that the service read, by phase.
    pub attempts: [usize; Phase::ALL.len()],
    /// The time from when a call was due until it was answered: median and 99th percentile.
    pub latency_of_succeeded: [Option<Duration>; 2],
    /// The time from when a call was due until its caller knew that it had failed: the same.
    pub latency_of_failed: [Option<Duration>; 2],
    /// From the begin of the last phase to the first call that was offered then, and with which a second begins of
    /// whose calls 95 % succeed. `None` if there is no such call.
    pub served_again: Option<Duration>,
}

impl Figures {
    /// Counts a run.
    pub fn of(plan: &Plan, run: &Run) -> Self {
        let count = |outcome| run.calls.iter().filter(|call| call.outcome == outcome).count();
        let (succeeded, failed): (Vec<_>, Vec<_>) = run
            .calls
            .iter()
            .partition(|call| call.outcome == Outcome::Succeeded);
        Self {
            offered: run.calls.len(),
            succeeded: count(Outcome::Succeeded),
            failed_at_once: count(Outcome::FailedAtOnce),
            timed_out: count(Outcome::TimedOut),
            attempts: Phase::ALL.map(|phase| {
                run.requests
                    .iter()
                    .filter(|at| plan.phase_at(**at) == phase)
                    .count()
            }),
            latency_of_succeeded: percentiles(succeeded.into_iter().map(Call::latency).collect()),
            latency_of_failed: percentiles(failed.into_iter().map(Call::latency).collect()),
            served_again: served_again(plan, &run.calls),
        }
    }

    /// Attempts that the service read.
    pub fn attempts(&self) -> usize {
        self.attempts.iter().sum()
    }

    /// Attempts that the service read from when it became slow until all its workers were back.
    pub fn attempts_while_sick(&self) -> usize {
        Phase::ALL
            .iter()
            .zip(self.attempts)
            .filter(|(phase, _)| phase.is_sick())
            .map(|(_, count)| count)
            .sum()
    }
}

fn served_again(plan: &Plan, calls: &[Call<Outcome>]) -> Option<Duration> {
    let healthy = plan.span(Phase::HealthyAgain).start;
    let after = calls.iter().position(|call| call.offered >= healthy)?;
    let calls = &calls[after..];
    // In a very short run the last phase has no second to spare.
    let second = (plan.rate as usize).min(calls.len().div_ceil(2));
    let serves = |calls: &[Call<Outcome>]| {
        let served = calls
            .iter()
            .filter(|call| call.outcome == Outcome::Succeeded)
            .count();
        served * 100 >= calls.len() * SERVED
    };
    let first = calls.windows(second).position(serves)?;
    Some(calls[first].offered - healthy)
}

/// Counts per second over equal stretches of a run.
pub struct Rates {
    stretch: f64,
    /// Attempts that the service read.
    pub attempts: Vec<f64>,
    /// Calls answered in time, by when they were.
    pub succeeded: Vec<f64>,
}

impl Rates {
    /// Counts a run.
    pub fn of(plan: &Plan, run: &Run) -> Self {
        // Ten calls at least, or the steps are those of counting.
        let stretches = (plan.calls() / 10).clamp(1, 80);
        let stretch = plan.length().as_secs_f64() / f64::from(stretches);
        let rates = |times: &mut dyn Iterator<Item = Duration>| {
            let mut rates = vec![0.0; stretches as usize];
            for time in times {
                if let Some(rate) = rates.get_mut((time.as_secs_f64() / stretch) as usize) {
                    *rate += 1.0 / stretch;
                }
            }
            rates
        };
        let succeeded = run.calls.iter().filter(|call| call.outcome == Outcome::Succeeded);
        Self {
            stretch,
            attempts: rates(&mut run.requests.iter().copied()),
            succeeded: rates(&mut succeeded.map(|call| call.finished)),
        }
    }

    /// The highest of both.
    pub fn highest(&self) -> f64 {
        self.attempts
            .iter()
            .chain(&self.succeeded)
            .copied()
            .fold(0.0, f64::max)
    }

    /// Rates as a line with one step for each stretch: seconds, and how many a second.
    pub fn outline(&self, rates: &[f64]) -> Vec<(f64, f64)> {
        let step = |(index, rate): (usize, &f64)| {
            let from = index as f64 * self.stretch;
            [(from, *rate), (from + self.stretch, *rate)]
        };
        rates.iter().enumerate().flat_map(step).collect()
    }
}

/// Both runs as a table, with what the rows mean, and the list of transitions.
pub struct Table<'a> {
    /// What was run.
    pub plan: &'a Plan,
    /// What came of it.
    pub runs: &'a Runs,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, runs } = self;
        let both = [&runs.naive, &runs.watertight].map(|run| Figures::of(plan, run));
        let row = |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn Fn(&Figures) -> String| {
            let [naive, watertight] = both.each_ref().map(value);
            writeln!(f, "{name:<34}{naive:>20}{watertight:>20}")
        };

        writeln!(f, "{:<34}{:>20}{:>20}", "", "naive", "watertight")?;
        row(f, "calls offered", &|run| run.offered.to_string())?;
        row(f, "  succeeded", &|run| run.succeeded.to_string())?;
        row(f, "  failed at once", &|run| run.failed_at_once.to_string())?;
        row(f, "  timed out", &|run| run.timed_out.to_string())?;
        row(f, "attempts that reached the service", &|run| {
            run.attempts().to_string()
        })?;
        row(f, "  of these while it was sick", &|run| {
            run.attempts_while_sick().to_string()
        })?;
        for (index, phase) in Phase::ALL
            .into_iter()
            .enumerate()
            .filter(|(_, phase)| phase.is_sick())
        {
            row(f, &format!("    {}", phase.name()), &|run| {
                run.attempts[index].to_string()
            })?;
        }
        row(f, "p50 / p99 of calls that succeeded", &|run| {
            latencies(run.latency_of_succeeded)
        })?;
        row(f, "p50 / p99 of calls that failed", &|run| {
            latencies(run.latency_of_failed)
        })?;
        row(
            f,
            "healthy again to served again",
            &|run| match run.served_again {
                Some(Duration::ZERO) => "at once".into(),
                Some(after) => format!("{:.2} s", after.as_secs_f64()),
                None => "not within the run".into(),
            },
        )?;
        writeln!(
            f,
            "{:<34}{:>20}{:>20}",
            "breaker transitions",
            "no breaker",
            runs.watertight.events.len()
        )?;
        self.definitions(f)?;
        self.transitions(f)?;
        for (name, run) in [("naive", &runs.naive), ("watertight", &runs.watertight)] {
            note_unconnected(f, name, run.unconnected)?;
        }
        Ok(())
    }
}

impl Table<'_> {
    fn definitions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nBoth runs: {}; at most {ATTEMPTS} attempts a call, each given up after \
             {} ms.\n\
             failed at once: without waiting for any timeout (refused by the breaker, by a full queue, or cut off).\n\
             timed out: after at least one attempt that was given up.\n\
             reached the service: it had read the whole request. Sick: slow, dead or recovering.\n\
             p50 / p99: from when a call was due until its caller knew.\n\
             served again: the first call, from when all workers are back, with which a second begins of whose\n\
             calls {SERVED} % succeed.",
            self.plan,
            TIMEOUT.as_millis()
        )
    }

    fn transitions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = &self.runs.watertight.events;
        if !events.is_empty() {
            writeln!(f, "\nTransitions of the breaker:")?;
        }
        for event in events {
            let phase = self.plan.phase_at(event.at).name();
            writeln!(
                f,
                "{:>8.2} s  {phase:<13}  {}",
                event.at.as_secs_f64(),
                event.transition
            )?;
        }
        Ok(())
    }
}
