//! What happens to the service, and when: the plan of one run, which both runs share to the letter.

use core::ops::Range;
use core::time::Duration;

use crate::common::traffic::Plan;

/// How long a client waits for one attempt before it gives up.
pub const TIMEOUT: Duration = Duration::from_millis(150);
/// How many attempts a call may make.
pub const ATTEMPTS: u32 = 3;

/// How long a healthy service works on a request, on average; each takes half to one and a half times as long.
const WORK: Duration = Duration::from_millis(20);
/// How many times as long everything takes while the service is slow.
const SLOWDOWN: u32 = 10;
/// How many of its workers the steady traffic keeps busy while the service is healthy: one in so many.
const HEADROOM: u32 = 2;
/// How many requests may wait, for each worker. A full queue is 0.32 s of work for a healthy service, and a client
/// waits 0.15 s: most default settings are more patient than the clients, too. As long as retries fill such a queue,
/// all work is for clients that have left, and the outage outlives its cause. With 4 instead of 16 the naive calls are
/// served again at once; with either, about as many attempts reach the sick service.
const QUEUE: usize = 16;

/// What the service is going through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// All workers, at full speed.
    Healthy,
    /// All workers, but each request takes ten times as long.
    Slow,
    /// Hung: it accepts connections and answers nothing.
    Dead,
    /// Restarted with an empty queue and one worker; the others come back one by one.
    Recovering,
    /// All workers, at full speed.
    HealthyAgain,
}

impl Phase {
    /// The phases of a run, in order.
    pub const ALL: [Self; 5] = [
        Self::Healthy,
        Self::Slow,
        Self::Dead,
        Self::Recovering,
        Self::HealthyAgain,
    ];

    /// From which to which hundredth of the run it lasts.
    const fn percent(self) -> (u32, u32) {
        match self {
            Self::Healthy => (0, 20),
            Self::Slow => (20, 40),
            Self::Dead => (40, 60),
            Self::Recovering => (60, 75),
            Self::HealthyAgain => (75, 100),
        }
    }

    /// Whether the service has less than its full capacity.
    pub const fn is_sick(self) -> bool {
        !matches!(self, Self::Healthy | Self::HealthyAgain)
    }

    /// As the chart and the table call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Slow => "slow",
            Self::Dead => "dead",
            Self::Recovering => "recovering",
            Self::HealthyAgain => "healthy again",
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
        let under_way = |phase: &Phase| elapsed < self.span(*phase).end;
        Phase::ALL
            .into_iter()
            .find(under_way)
            .unwrap_or(Phase::HealthyAgain)
    }

    /// How many workers the service has when it is healthy: twice what the traffic needs.
    pub fn workers(&self) -> u32 {
        (WORK * self.rate * HEADROOM).as_secs_f64().ceil() as u32
    }

    /// How many requests may wait for a worker.
    pub fn queue(&self) -> usize {
        self.workers() as usize * QUEUE
    }

    /// When a worker is back after the restart: the first at once, the others at even intervals until the service
    /// is healthy again.
    pub fn back_at(&self, worker: u32) -> Duration {
        let recovering = self.span(Phase::Recovering);
        recovering.start + (recovering.end - recovering.start) * worker / self.workers()
    }

    /// How long a worker takes for a call, if it begins in this phase. It depends on the seed and on the number of
    /// the call alone, so that a call costs the same in both runs, and at each attempt.
    pub fn work(&self, call: u32, phase: Phase) -> Duration {
        let slowdown = if phase == Phase::Slow { SLOWDOWN } else { 1 };
        self.spread(WORK, call) * slowdown
    }
}
