//! What a system's configuration of a breaker is here.

use core::time::Duration;

use serde::Deserialize;
use watertight::breaker::{Builder, Config, FailureAndSlowRate, NoRandom, Rule};
use watertight::{Backoff, backoff};

/// A breaker of the crate, and how its system speaks of it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What opens it.
    pub trip: Trip,
    /// What decides when it is half-open.
    pub probes: Probes,
    /// How long it is open,
    pub cool_down: backoff::Builder,
    /// if the service does not ask for longer, which may be as long as this.
    pub longest_hint: Duration,
    /// After how long closed the cool-downs begin again with the first.
    pub stable_after: Duration,
    /// After how long a probe has lost its slot.
    pub lease: Duration,
    /// Over how long it recovers.
    pub ramp: Duration,
    /// How its system speaks of it.
    pub manners: Manners,
}

/// What opens a breaker.
#[derive(Clone, Copy, Debug)]
pub enum Trip {
    /// So many failures in a row.
    InARow(u32),
    /// A rate among the calls of a window.
    Rate {
        /// Of failures, in percent.
        percent: u32,
        /// From so many calls on.
        minimum: u32,
        /// Of slow calls, in percent, and what is slow.
        slow: (u32, Duration),
        /// Which calls.
        window: Span,
    },
}

/// Which calls a window holds.
#[derive(Clone, Copy, Debug)]
pub enum Span {
    /// The last so many.
    Calls(usize),
    /// Those of the last span of time.
    Time(Duration),
}

/// What decides a half-open period.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Probes {
    /// So many at a time; so many successes close, a failure opens.
    Successes {
        /// At a time.
        at_a_time: u32,
        /// That close.
        successes: u32,
    },
    /// So many at a time; so many in all, of which a percentage of failures opens.
    Ratio {
        /// At a time.
        at_a_time: u32,
        /// In all.
        calls: u32,
        /// Of failures.
        percent: u32,
    },
}

/// How a system speaks of its breakers.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// What it calls one that somebody opened for good.
    pub forced_open: &'static str,
    /// Whether one whose cool-down is over is called half-open before anybody calls.
    pub due_is_half_open: bool,
    /// What its `reset` does.
    pub reset: Reset,
}

/// What a reset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Closed, as if it were new.
    New,
    /// Closed, as by a successful probe: the next cool-down is longer.
    Closed,
    /// Half-open.
    HalfOpen,
}

/// No rule for slow calls: none is longer.
pub const NOTHING_IS_SLOW: (u32, Duration) = (100, Duration::MAX);

/// The longest wait that is exact to the microsecond, and so the longest lease that leaves the cool-downs exact: for
/// systems whose probes never lose their slots.
pub const LONGEST_EXACT: Duration = Duration::from_micros((1 << 28) - (1 << 16) - 1);

impl Manners {
    /// What most do.
    pub const PLAIN: Self = Self {
        forced_open: "FORCED_OPEN",
        due_is_half_open: false,
        reset: Reset::New,
    };
}

impl Plan {
    /// A breaker that opens so, for so long, and that one successful probe closes.
    pub fn new(trip: Trip, open: Duration) -> Self {
        Self {
            trip,
            probes: Probes::Successes {
                at_a_time: 1,
                successes: 1,
            },
            cool_down: Backoff::constant(open),
            longest_hint: Duration::ZERO,
            stable_after: Duration::ZERO,
            lease: LONGEST_EXACT,
            ramp: Duration::ZERO,
            manners: Manners::PLAIN,
        }
    }

    /// The same with so many probes at a time, and as many successes that close it.
    pub fn closed_by(self, probes: u32) -> Self {
        Self {
            probes: Probes::Successes {
                at_a_time: probes,
                successes: probes,
            },
            ..self
        }
    }

    /// The same with `successes` of `calls` probes that close it, and as many failures as make that impossible that
    /// open it.
    pub fn closed_by_some(self, calls: u32, successes: u32) -> Result<Self, String> {
        let failures = calls
            .checked_sub(successes)
            .map(|rest| rest.saturating_add(1))
            .filter(|failures| (1..=calls).contains(failures));
        let failures = failures.ok_or_else(|| format!("{successes} of {calls} probes cannot decide"))?;
        // The largest percentage that so many failures reach.
        let percent = (u64::from(failures) * 100 / u64::from(calls)) as u32;
        Ok(Self {
            probes: Probes::Ratio {
                at_a_time: calls.min(15),
                calls,
                percent,
            },
            ..self
        })
    }

    /// From how many calls on the rate is judged.
    pub fn minimum(&self) -> u32 {
        match self.trip {
            Trip::InARow(failures) => failures,
            Trip::Rate {
                minimum,
                window: Span::Calls(calls),
                ..
            } => minimum.min(calls as u32),
            Trip::Rate { minimum, .. } => minimum,
        }
    }

    /// How many probes decide at most.
    pub fn deciding(&self) -> u32 {
        match self.probes {
            Probes::Successes { successes, .. } => successes,
            Probes::Ratio { calls, .. } => calls,
        }
    }

    /// As the crate is told, if failures in a row open it.
    pub fn in_a_row(&self, failures: u32) -> Result<Config, String> {
        let builder = self.shared(Config::consecutive(failures))?;
        builder.try_build().map_err(|error| error.to_string())
    }

    /// As the crate is told, if a rate does; in force for everybody, or for nobody.
    pub fn rate(
        &self,
        percent: u32,
        minimum: u32,
        (slow_percent, slow_after): (u32, Duration),
        enforced: bool,
    ) -> Result<Config<NoRandom, FailureAndSlowRate>, String> {
        let builder = Config::failure_rate(percent, minimum).slow_calls(slow_percent, slow_after);
        let builder = self.shared(builder)?.enforced(if enforced { 100 } else { 0 });
        builder.try_build().map_err(|error| error.to_string())
    }

    fn shared<K: Rule>(&self, builder: Builder<NoRandom, K>) -> Result<Builder<NoRandom, K>, String> {
        let cool_down = self.cool_down()?;
        let longest = cool_down.cap().as_duration().max(self.longest_hint);
        let cool_down = self
            .cool_down
            .max_hint(longest)
            .try_build()
            .map_err(|error| error.to_string())?;
        let builder = match self.probes {
            Probes::Successes { at_a_time, successes } => builder.probes(at_a_time, successes),
            Probes::Ratio {
                at_a_time,
                calls,
                percent,
            } => builder.probes_by_ratio(at_a_time, calls, percent),
        };
        Ok(builder
            .open_for(cool_down)
            .stable_after(self.stable_after)
            .probe_lease(self.lease)
            .recover_over(self.ramp))
    }

    /// How long it is open, unless the service asks for longer.
    pub fn cool_down(&self) -> Result<Backoff, String> {
        self.cool_down.try_build().map_err(|error| error.to_string())
    }
}
