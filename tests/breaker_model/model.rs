//! The naive model: the rows of the design in wide integers, on a line of time without end.

use core::time::Duration;

use watertight::{Backoff, Config, Reason, RetryAfter, State};

use crate::common;

/// What a breaker is told, in whole ticks.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub tick: i128,
    pub threshold: i128,
    pub probes: usize,
    pub successes: i128,
    pub lease: i128,
    pub first: i128,
    pub cap: i128,
    pub stable: i128,
    pub longest_hint: i128,
    pub abandoned_after: Option<i128>,
}

impl Settings {
    pub fn config(&self) -> Config {
        let span = |ticks: i128| Duration::from_micros((ticks * self.tick) as u64);
        let mut builder = Config::consecutive(self.threshold as u32)
            .probes(self.probes as u32, self.successes as u32)
            .probe_lease(span(self.lease))
            .open_for(
                Backoff::exponential(span(self.first), span(self.cap))
                    .max_hint(span(self.longest_hint))
                    .build(),
            )
            .stable_after(span(self.stable));
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
}

/// Every time is a whole number of microseconds from nought, on a line without end.
#[derive(Debug)]
pub struct Model {
    pub settings: Settings,
    pub generation: i128,
    pub openings: i128,
    pub phase: Phase,
}

#[derive(Debug)]
pub enum Phase {
    Closed {
        failures: i128,
        stable_at: i128,
    },
    Open {
        until: i128,
    },
    HalfOpen {
        rounds_before: i128,
        successes: i128,
        in_flight: usize,
        lease_until: i128,
    },
}

#[derive(Clone, Copy, Debug)]
pub struct ModelPermit {
    pub generation: i128,
    pub probe: bool,
    pub since: i128,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Success,
    Failure { hint: i128 },
    Neutral,
}

pub type Event = (State, State, i128);

impl Model {
    pub fn new(settings: Settings) -> Self {
        let phase = Phase::Closed {
            failures: 0,
            stable_at: 0,
        };
        Self {
            settings,
            generation: 0,
            openings: 0,
            phase,
        }
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// The end of a timer of so many ticks: in whole ticks, rounded up. No time at all is over at once.
    pub fn timer(&self, now: i128, ticks: i128) -> i128 {
        let tick = self.settings.tick;
        if ticks == 0 {
            return now;
        }
        ((now + tick - 1).div_euclid(tick) + ticks) * tick
    }

    /// What is left of a timer, as documented: it is told from now modulo 2^46 ticks, and nothing further ahead
    /// than 2^29 is waited for.
    pub fn left(&self, until: i128, now: i128) -> Option<i128> {
        let tick = self.settings.tick;
        let left = (until.div_euclid(tick) - now.div_euclid(tick)).rem_euclid(1 << 46);
        (left > 0 && left <= 1 << 29).then(|| left * tick - now.rem_euclid(tick))
    }

    pub fn change(&mut self, phase: Phase) -> Event {
        let from = self.state();
        self.phase = phase;
        self.generation += 1;
        (from, self.state(), self.generation)
    }

    pub fn acquire(&mut self, now: i128) -> Result<(ModelPermit, Option<Event>), (Reason, RetryAfter)> {
        let settings = self.settings;
        let lease_until = self.timer(now, settings.lease);
        let mut event = None;
        match self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until } => {
                if let Some(left) = self.left(until, now) {
                    return Err((Reason::Open, RetryAfter::In(common::micros(left as u64))));
                }
                event = Some(self.change(Phase::HalfOpen {
                    rounds_before: 0,
                    successes: 0,
                    in_flight: 1,
                    lease_until,
                }));
            }
            Phase::HalfOpen {
                rounds_before,
                successes,
                in_flight,
                lease_until: until,
            } => {
                if in_flight == settings.probes {
                    if let Some(left) = self.left(until, now) {
                        let wait = RetryAfter::OnRelease(Some(common::micros(left as u64)));
                        return Err((Reason::ProbesInFlight, wait));
                    }
                    event = Some(self.change(Phase::HalfOpen {
                        rounds_before: rounds_before + 1,
                        successes,
                        in_flight: 1,
                        lease_until,
                    }));
                } else {
                    let full = in_flight + 1 == settings.probes;
                    let lease_until = if full { lease_until } else { until };
                    self.phase = Phase::HalfOpen {
                        rounds_before,
                        successes,
                        in_flight: in_flight + 1,
                        lease_until,
                    };
                }
            }
        }
        let probe = self.state() == State::HalfOpen;
        Ok((
            ModelPermit {
                generation: self.generation,
                probe,
                since: now,
            },
            event,
        ))
    }

    pub fn open(&mut self, now: i128, again: bool, hint: i128) -> Event {
        let openings_before = if again { self.openings.min(15) } else { 0 };
        let hint = (hint + self.settings.tick - 1).div_euclid(self.settings.tick);
        let wait = self
            .settings
            .cool_down(openings_before)
            .max(hint.min(self.settings.longest_hint));
        self.openings = openings_before + 1;
        let until = self.timer(now, wait);
        self.change(Phase::Open { until })
    }

    pub fn settle(&mut self, permit: ModelPermit, outcome: Outcome, now: i128) -> Option<Event> {
        let age = self.generation - permit.generation;
        match self.phase {
            Phase::Closed { failures, stable_at } if age == 0 => match outcome {
                Outcome::Success => {
                    self.phase = Phase::Closed {
                        failures: 0,
                        stable_at,
                    };
                    None
                }
                Outcome::Failure { hint } if failures + 1 >= self.settings.threshold => {
                    let stable = self.left(stable_at, now).is_none();
                    Some(self.open(now, !stable, hint))
                }
                Outcome::Failure { .. } => {
                    self.phase = Phase::Closed {
                        failures: failures + 1,
                        stable_at,
                    };
                    None
                }
                Outcome::Neutral => None,
            },
            Phase::HalfOpen {
                rounds_before,
                successes,
                in_flight,
                lease_until,
            } if age <= rounds_before.min(3) => {
                let in_flight = if age == 0 { in_flight - 1 } else { in_flight };
                match outcome {
                    Outcome::Success if successes + 1 == self.settings.successes => {
                        let stable_at = self.timer(now, self.settings.stable);
                        Some(self.change(Phase::Closed {
                            failures: 0,
                            stable_at,
                        }))
                    }
                    Outcome::Failure { hint } => Some(self.open(now, true, hint)),
                    _ => {
                        let successes = successes + i128::from(outcome == Outcome::Success);
                        self.phase = Phase::HalfOpen {
                            rounds_before,
                            successes,
                            in_flight,
                            lease_until,
                        };
                        None
                    }
                }
            }
            _ => None,
        }
    }

    pub fn drop(&mut self, permit: ModelPermit, now: i128) {
        let held = (now - permit.since).max(0);
        let abandoned = self.settings.abandoned_after.is_some_and(|limit| held >= limit);
        let outcome = if abandoned {
            Outcome::Failure { hint: 0 }
        } else {
            Outcome::Neutral
        };
        self.settle(permit, outcome, now);
    }

    pub fn reset(&mut self, now: i128) -> Event {
        self.openings = 0;
        let stable_at = self.timer(now, self.settings.stable);
        self.change(Phase::Closed {
            failures: 0,
            stable_at,
        })
    }
}
