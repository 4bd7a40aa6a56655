//! What a breaker is told: for the model, and as the crate's own configuration.

use core::time::Duration;

use watertight::breaker::{Builder, Consecutive, FailureAndSlowRate, FailureRate, NoRandom, Rule};
use watertight::{Backoff, Config};

/// Times in whole ticks, but for those of a call, which are microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub tick: i128,
    pub judged_by: JudgedBy,
    pub probes: usize,
    pub verdict: Verdict,
    pub lease: i128,
    pub first: i128,
    pub cap: i128,
    pub stable: i128,
    /// 0: all at once.
    pub ramp: i128,
    pub longest_hint: i128,
    pub abandoned_after: Option<i128>,
    pub enforced: u32,
}

/// What opens a closed breaker.
#[derive(Clone, Copy, Debug)]
pub enum JudgedBy {
    FailuresInARow(i128),
    LastCalls {
        size: usize,
        minimum: i128,
        failure_percent: i128,
        slow: Option<Slow>,
    },
}

#[derive(Clone, Copy, Debug)]
pub struct Slow {
    pub percent: i128,
    pub after: i128,
}

/// What decides a half-open period.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    Successes(i128),
    Ratio { calls: i128, percent: i128 },
}

impl Settings {
    /// For a breaker whose kind of rule is the one of these settings.
    pub fn config<K: Begun>(&self) -> Config<NoRandom, K> {
        let span = |ticks: i128| Duration::from_micros((ticks * self.tick) as u64);
        let mut builder = K::begin(self)
            .probe_lease(span(self.lease))
            .open_for(
                Backoff::exponential(span(self.first), span(self.cap))
                    .max_hint(span(self.longest_hint))
                    .build(),
            )
            .stable_after(span(self.stable))
            .recover_over(span(self.ramp))
            .enforced(self.enforced);
        builder = match self.verdict {
            Verdict::Successes(successes) => builder.probes(self.probes as u32, successes as u32),
            Verdict::Ratio { calls, percent } => {
                builder.probes_by_ratio(self.probes as u32, calls as u32, percent as u32)
            }
        };
        if let Some(held) = self.abandoned_after {
            builder = builder.abandoned_after(Duration::from_micros(held as u64));
        }
        builder.try_build().expect("the settings make sense")
    }

    pub fn cool_down(&self, openings_before: i128) -> i128 {
        let mut wait = self.first;
        for _ in 0..openings_before {
            wait = (wait * 2).min(self.cap);
        }
        wait
    }

    pub fn slow(&self) -> Option<Slow> {
        match self.judged_by {
            JudgedBy::LastCalls { slow, .. } => slow,
            JudgedBy::FailuresInARow(_) => None,
        }
    }
}

/// The crate's rule that these settings begin with.
pub trait Begun: Rule {
    fn begin(settings: &Settings) -> Builder<NoRandom, Self>;
}

impl Begun for Consecutive {
    fn begin(settings: &Settings) -> Builder {
        match settings.judged_by {
            JudgedBy::FailuresInARow(threshold) => Config::consecutive(threshold as u32),
            other => unreachable!("{other:?}"),
        }
    }
}

impl Begun for FailureRate {
    fn begin(settings: &Settings) -> Builder<NoRandom, Self> {
        match settings.judged_by {
            JudgedBy::LastCalls {
                minimum,
                failure_percent,
                ..
            } => Config::failure_rate(failure_percent as u32, minimum as u32),
            other => unreachable!("{other:?}"),
        }
    }
}

impl Begun for FailureAndSlowRate {
    fn begin(settings: &Settings) -> Builder<NoRandom, Self> {
        let slow = settings.slow().expect("a rule for slow calls");
        FailureRate::begin(settings).slow_calls(slow.percent as u32, Duration::from_micros(slow.after as u64))
    }
}
