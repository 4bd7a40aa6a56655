//! Who is called, and what happens when: the plan of one run, which both runs share to the letter.

use core::ops::Range;
use core::time::Duration;

use crate::common::traffic::Plan;

/// How long a client of the server waits before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// How long the server waits for a dependency: as most defaults, longer than anybody waits for the server.
pub const GENEROUS: Duration = Duration::from_secs(30);

/// How long a healthy dependency takes for a call, on average; each takes half to one and a half times as long.
const WORK: Duration = Duration::from_millis(20);
/// How many times as long the slow one takes.
const SLOWDOWN: u32 = 100;
/// How many of the workers the steady traffic keeps busy while all are healthy: one in so many.
const HEADROOM: u32 = 4;

/// What the server needs for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// Healthy all the time.
    A,
    /// The same.
    B,
    /// Slow for a while.
    C,
}

impl Dependency {
    /// All.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// That of a call: they take turns.
    pub fn of(call: u32) -> Self {
        Self::ALL[call as usize % Self::ALL.len()]
    }

    /// As the chart and the table call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
        }
    }
}

/// How c is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// As the others.
    Before,
    /// A hundred times as slow.
    Slow,
    /// As the others again.
    After,
}

impl Phase {
    /// The phases of a run, in order.
    pub const ALL: [Self; 3] = [Self::Before, Self::Slow, Self::After];

    /// From which to which hundredth of the run it lasts.
    const fn percent(self) -> (u32, u32) {
        match self {
            Self::Before => (0, 25),
            Self::Slow => (25, 60),
            Self::After => (60, 100),
        }
    }

    /// As the chart and the table call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Before => "all healthy",
            Self::Slow => "c is slow",
            Self::After => "all healthy again",
        }
    }
}

impl Plan {
    /// When a phase begins and ends, from the start of the run.
    pub fn span(&self, phase: Phase) -> Range<Duration> {
        self.part(phase.percent())
    }

    /// The phase so long after the start of the run. The last one has no end.
    pub fn phase_at(&self, elapsed: Duration) -> Phase {
        let over = |phase| elapsed >= self.span(phase).end;
        match (over(Phase::Before), over(Phase::Slow)) {
            (false, _) => Phase::Before,
            (_, false) => Phase::Slow,
            _ => Phase::After,
        }
    }

    /// How many places the compartment of each dependency has: several times what its traffic needs while it is healthy.
    pub fn places(&self) -> u16 {
        let busy = (WORK * self.rate).as_secs_f64() / Dependency::ALL.len() as f64;
        (busy * f64::from(HEADROOM)).ceil() as u16
    }

    /// How many workers the server has: all compartments together, whether it has any or not.
    pub fn workers(&self) -> usize {
        usize::from(self.places()) * Dependency::ALL.len()
    }

    /// How long a dependency takes for a call that reaches it in this phase.
    pub fn work(&self, call: u32, phase: Phase) -> Duration {
        let slow = phase == Phase::Slow && Dependency::of(call) == Dependency::C;
        self.spread(WORK, call) * if slow { SLOWDOWN } else { 1 }
    }
}
