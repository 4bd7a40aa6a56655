//! What a run comes to in figures, each defined here, and the table of them.

use core::fmt;
use core::time::Duration;

use watertight::Reason;

use crate::common::traffic::{Call, Plan};
use crate::common::wire::Failure;
use crate::common::{latencies, note_unconnected, percentiles};
use crate::plan::{Dependency, PATIENCE, Phase};
use crate::run::{Run, Runs};

/// What became of calls to one dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Calls offered.
    pub offered: usize,
    /// Calls that were answered in time.
    pub answered: usize,
    /// Calls that the server refused.
    pub refused: usize,
    /// Calls whose client gave up.
    pub gave_up: usize,
    /// The time from when a call was due until its caller knew what had become of it, whatever that was: median and
    /// 99th percentile.
    pub latency: [Option<Duration>; 2],
}

impl Figures {
    /// Counts the calls to this dependency that were due in this time.
    pub fn of(run: &Run, dependency: Dependency, due: &core::ops::Range<Duration>) -> Self {
        let calls = || {
            let all = (0..).map(Dependency::of).zip(&run.calls);
            let mine = all.filter(move |(of, call)| *of == dependency && due.contains(&call.offered));
            mine.map(|(_, call)| call)
        };
        let count = |outcome| calls().filter(|call| call.outcome == outcome).count();
        Self {
            offered: calls().count(),
            answered: count(Ok(())),
            refused: count(Err(Failure::Refused)),
            gave_up: count(Err(Failure::TimedOut)),
            latency: percentiles(calls().map(Call::latency).collect()),
        }
    }

    /// The share that was answered, if any was offered.
    pub fn share_answered(&self) -> Option<f64> {
        (self.offered > 0).then(|| self.answered as f64 / self.offered as f64)
    }
}

/// Both runs as a table, with what the columns mean.
pub struct Table<'a> {
    /// What was run.
    pub plan: &'a Plan,
    /// What came of it.
    pub runs: &'a Runs,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, runs } = self;
        let (workers, places) = (plan.workers(), plan.places());
        writeln!(
            f,
            "{:<17}{:^42}  {:^42}",
            "",
            format!("one pool of {workers} workers"),
            format!("{workers} workers, {places} for each dependency")
        )?;
        let columns = format!(
            "{:>9}{:>9}{:>9}{:>15}",
            "answered", "refused", "gave up", "p50 / p99"
        );
        writeln!(f, "{:<8}{:>9}{columns}  {columns}", "", "offered")?;
        for phase in Phase::ALL {
            let span = plan.span(phase);
            let seconds = |time: Duration| time.as_secs_f64();
            writeln!(
                f,
                "{}, from {} to {} s",
                phase.name(),
                seconds(span.start),
                seconds(span.end)
            )?;
            for dependency in Dependency::ALL {
                let both =
                    [&runs.one_pool, &runs.compartments].map(|run| Figures::of(run, dependency, &span));
                let [one_pool, compartments] = both.each_ref().map(|run| {
                    let latency = latencies(run.latency);
                    format!(
                        "{:>9}{:>9}{:>9}{latency:>15}",
                        run.answered, run.refused, run.gave_up
                    )
                });
                let (name, offered) = (dependency.name(), both[0].offered);
                writeln!(f, "  {name:<6}{offered:>9}{one_pool}  {compartments}")?;
            }
        }
        self.definitions(f)?;
        self.kept(f)?;
        for (name, run) in [("one-pool", &runs.one_pool), ("compartments", &runs.compartments)] {
            note_unconnected(f, name, run.unconnected)?;
        }
        Ok(())
    }
}

impl Table<'_> {
    fn definitions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nBoth runs: {}; a, b and c take turns. A call counts where it was due.\n\
             answered: in time. refused: by the server. gave up: the client did, after {} ms.\n\
             p50 / p99: of all calls, from when a call was due until its caller knew what had become of it.",
            self.plan,
            PATIENCE.as_millis()
        )
    }

    /// What the compartments themselves say.
    fn kept(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(compartments) = &self.runs.compartments.compartments else {
            return Ok(());
        };
        writeln!(f)?;
        for (dependency, kept) in Dependency::ALL.iter().zip(compartments) {
            writeln!(
                f,
                "Compartment {}: at most {} of {} places taken at a time, {} calls refused because its waiting room was \
                 full.",
                dependency.name(),
                kept.most_in_flight(),
                kept.limit(),
                kept.refused(Reason::RoomFull)
            )?;
        }
        Ok(())
    }
}
