//! Circuit breakers, and the windows in them.

mod decision;
mod made;
pub mod plan;
mod said;
mod shown;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;
use watertight::breaker::Outcome;
use watertight::{Instant, Micros, Reason, Rejected, RetryAfter, Snapshot, State, Transition};

use super::super::dialects;
use super::super::file::{Case, Portability, Step, Time};
use super::super::rules::Facts;
use super::super::value::Got;
use super::super::words::Ending;
use super::{Operations, Subject, arguments, instant, read, times};
use made::{AnyBreaker, AnyPermit};
use plan::{Plan, Reset, Trip};
use said::{Args, Forced};
pub use said::{OPERATIONS, WINDOW_OPERATIONS};

/// More failures than open any breaker: one that they do not open never will.
const MOST_FAILURES: u32 = 1_000_000;

/// A breaker that a case drives.
pub struct Driven {
    breaker: Box<dyn AnyBreaker>,
    plan: Plan,
    /// From how many calls on there is a rate.
    judged_from: u32,
    /// Whether it is there for its window alone.
    is_window: bool,
    origin: Instant,
    now: Instant,
    /// The names of all calls that were ever asked for.
    names: BTreeSet<String>,
    /// Calls under way, the oldest first, some by name.
    under_way: VecDeque<UnderWay>,
    /// A call that was admitted the last time the breaker was closed, and reports when it no longer is.
    from_before: Option<Box<dyn AnyPermit>>,
    /// Whose result it is that a hazard's `record` reports: nobody there can tell.
    is_hazard: bool,
    in_shadow: bool,
    /// What the last step was answered.
    answers: BTreeMap<&'static str, Got>,
    refusal: Option<Rejected>,
    /// Refusals up to the last transition.
    refused_before: u32,
    openings: u32,
    /// When the lease of the last probe ends.
    lease_ends: Option<Instant>,
    /// When it opened last, and for how long.
    opened: Option<(Instant, Micros)>,
}

/// A call that has begun.
struct UnderWay {
    name: Option<String>,
    since: Instant,
    permit: Box<dyn AnyPermit>,
}

impl Driven {
    /// The breaker of a case.
    pub fn of_case(case: &Case, origin: Instant) -> Result<Self, String> {
        let mut plan = dialects::breaker(case)?;
        for step in case.steps.iter().filter(|step| step.op == "force") {
            let args: Args = read(&step.args)?;
            let asked = [args.for_ms, args.until_ms].map(|time| time.unwrap_or_default().duration());
            plan.longest_hint = plan.longest_hint.max(asked[0]).max(asked[1]);
        }
        let judged_from = plan.minimum();
        Self::new(plan, judged_from, case, origin)
    }

    /// A breaker that never opens, around the window of a case.
    pub fn window_of_case(case: &Case, origin: Instant) -> Result<Self, String> {
        Self::new(dialects::window(case)?, 0, case, origin)
    }

    fn new(plan: Plan, judged_from: u32, case: &Case, origin: Instant) -> Result<Self, String> {
        Ok(Self {
            breaker: made::breaker(&plan)?,
            plan,
            judged_from,
            is_window: case.primitive == "sliding_window",
            origin,
            now: origin,
            names: BTreeSet::new(),
            under_way: VecDeque::new(),
            from_before: None,
            is_hazard: case.portability == Portability::Hazard,
            in_shadow: false,
            answers: BTreeMap::new(),
            refusal: None,
            refused_before: 0,
            openings: 0,
            lease_ends: None,
            opened: None,
        })
    }

    fn snapshot(&self) -> Snapshot {
        self.breaker.snapshot(self.now)
    }

    fn state(&self) -> State {
        self.snapshot().state()
    }

    fn refused(&self) -> u32 {
        let statistics = self.breaker.statistics(self.now);
        [
            Reason::Open,
            Reason::ProbesInFlight,
            Reason::Recovering,
            Reason::ForcedOpen,
        ]
        .map(|reason| statistics.refused(reason))
        .iter()
        .sum()
    }

    fn note(&mut self, made: Option<Transition>) {
        let Some(made) = made else { return };
        if made.from() != made.to() {
            self.refused_before = self.refused();
        }
        if made.to() == State::Open {
            self.openings += 1;
            self.opened = match self.snapshot().retry_after() {
                Some(RetryAfter::In(wait)) => Some((self.now, wait)),
                _ => None,
            };
        }
    }

    /// Asks for a call at `at`.
    fn acquire(&mut self, at: Instant) -> Option<Box<dyn AnyPermit>> {
        let permit = match self.breaker.acquire(at) {
            Ok(permit) => {
                self.refusal = None;
                self.note(permit.transition());
                Some(permit)
            }
            Err(refusal) => {
                self.refusal = Some(refusal);
                None
            }
        };
        if permit.is_some() && self.state() == State::HalfOpen {
            self.lease_ends = Some(at.after(Micros::from_duration(self.plan.lease)));
        }
        self.answers.insert("permitted", permit.is_some().into());
        permit
    }

    fn settle(&mut self, permit: Box<dyn AnyPermit>, at: Instant, ending: Ending) {
        let made = permit.settle(
            at,
            match ending {
                Ending::Success => Outcome::Success,
                Ending::Failure => Outcome::Failure,
                Ending::Ignored => Outcome::Ignored,
            },
        );
        self.note(made);
    }

    /// A whole call, of which the case says how long it took, and that it is reported now. One of some length began
    /// before; a probe cannot have, if the cool-down has just ended: it is reported so much later.
    fn call(&mut self, ending: Ending, took: Duration) {
        let took = Micros::from_duration(took);
        let (began, ended) = match self.state() {
            State::Closed => (self.now.before(took), self.now),
            _ => (self.now, self.now.after(took)),
        };
        if let Some(permit) = self.acquire(began) {
            self.settle(permit, ended, ending);
        }
    }

    /// A result without a name: of the call that has been under way for longest, or else of one that begins and ends
    /// now. While the breaker is open there is none of these: it is of a call that began before.
    fn record(&mut self, ending: Ending, took: Duration) {
        let is_late = match self.state() {
            State::Open | State::ForcedOpen => self.under_way.is_empty(),
            State::HalfOpen => self.is_hazard && ending != Ending::Ignored,
            _ => false,
        };
        let whose = if is_late {
            self.from_before.take()
        } else {
            self.under_way.pop_front().map(|call| call.permit)
        };
        match whose {
            Some(permit) => self.settle(permit, self.now, ending),
            None if is_late => {}
            None => self.call(ending, took),
        }
    }

    /// The result of a call that is under way, by its name, or the oldest; after so long, if that is said, and else
    /// now. One that was refused reports nothing.
    fn end(&mut self, id: Option<&String>, ending: Option<Ending>, took: Option<Duration>) {
        let place = match id {
            Some(id) => self
                .under_way
                .iter()
                .position(|call| call.name.as_ref() == Some(id)),
            None => Some(0),
        };
        if let Some(call) = place.and_then(|place| self.under_way.remove(place)) {
            let at = took.map_or(self.now, |took| call.since.after(Micros::from_duration(took)));
            match ending {
                Some(ending) => self.settle(call.permit, at, ending),
                None => drop(call.permit),
            }
        }
    }

    /// Opens it by failures, for a cool-down, or if that is longer, for as long as the service asks.
    fn trip(&mut self, wait: Micros) -> Result<(), String> {
        if !matches!(self.state(), State::Open | State::HalfOpen) {
            // With nothing else counted, failures open whatever the rule.
            self.breaker.reset(self.now);
        }
        let openings = self.openings;
        for _ in 0..MOST_FAILURES {
            if self.state() == State::Open {
                break;
            }
            // Where all slots are taken, by the calls that have them.
            let permit = self.under_way.pop_front().map(|call| call.permit);
            let Some(permit) = permit.or_else(|| self.acquire(self.now)) else {
                break;
            };
            let made = permit.settle(self.now, Outcome::FailureRetryAfter(wait));
            self.note(made);
        }
        if self.state() != State::Open {
            return Err("failures do not open it".into());
        }
        self.openings = openings;
        Ok(())
    }

    /// Half-open, with all slots free: a cool-down that is over, and a cancelled probe.
    fn half_open(&mut self) -> Result<(), String> {
        if self.state() == State::HalfOpen {
            return Ok(());
        }
        self.trip(Micros::ZERO)?;
        match self.acquire(self.end_of_wait()) {
            Some(probe) => {
                drop(probe);
                Ok(())
            }
            None => Err("no probe is admitted after the cool-down".into()),
        }
    }

    /// When the next call is admitted.
    fn end_of_wait(&self) -> Instant {
        match self.snapshot().retry_after() {
            Some(RetryAfter::In(wait)) => self.now.after(wait),
            _ => self.now,
        }
    }

    fn force(&mut self, to: Forced, wait: Micros) -> Result<(), String> {
        let shadow = to == Forced::MetricsOnly;
        if shadow != self.in_shadow {
            self.breaker.enforce(!shadow)?;
            self.in_shadow = shadow;
        }
        match to {
            Forced::Closed | Forced::MetricsOnly => self.breaker.reset(self.now),
            Forced::Open => self.trip(wait)?,
            Forced::HalfOpen => self.half_open()?,
            Forced::OpenForGood => self.breaker.force_open(self.now),
            Forced::Disabled => self.breaker.disable(self.now),
        }
        self.refused_before = self.refused();
        Ok(())
    }

    fn reset(&mut self) -> Result<(), String> {
        match self.plan.manners.reset {
            Reset::New => self.breaker.reset(self.now),
            Reset::HalfOpen => self.half_open()?,
            // Whatever it was: the next opening comes after this one.
            Reset::Closed => {
                self.half_open()?;
                for _ in 0..self.plan.deciding() {
                    let probe = self.acquire(self.now).ok_or("no probe is admitted")?;
                    self.settle(probe, self.now, Ending::Success);
                }
            }
        }
        self.refused_before = self.refused();
        Ok(())
    }

    /// So many calls that end so: how many of them found the breaker well, and left it so.
    fn calls(&mut self, times: u32, ending: Ending) {
        let mut healthy = 0;
        for _ in 0..times {
            let openings = self.openings;
            self.call(ending, Duration::ZERO);
            if self.refusal.is_none() && self.openings == openings {
                healthy += 1;
            }
        }
        self.answers.insert("healthy", healthy.into());
        self.answers.insert("unhealthy", (times - healthy).into());
    }
}

impl Subject for Driven {
    fn act(&mut self, step: &Step) -> Result<(), String> {
        self.now = instant(self.origin, step.at_ms);
        self.answers.clear();
        let operations = if self.is_window {
            WINDOW_OPERATIONS
        } else {
            OPERATIONS
        };
        let args = arguments(operations, step)?;
        if step.op == "polly_break" {
            self.answers
                .insert("should_break", decision::breaks(args)?.into());
            return Ok(());
        }
        let args: Args = read(args)?;
        times(args.times.unwrap_or(1))?;
        let begins = matches!(step.op.as_str(), "attempt" | "begin" | "try_acquire");
        if let Some(id) = args.id.as_ref().filter(|id| !begins && !self.names.contains(*id)) {
            return Err(format!("no call was called '{id}' before"));
        }
        // A call that begins while the breaker is closed costs nothing, and may yet be under way when it is open.
        if self.state() == State::Closed {
            self.from_before = self.breaker.acquire(self.now).ok();
        }
        let took = match (args.slow, self.plan.trip) {
            (true, Trip::Rate { slow: (_, after), .. }) => after.saturating_add(Duration::from_millis(1)),
            _ => args.duration_ms.unwrap_or_default().duration(),
        };
        match step.op.as_str() {
            "call" | "calls" => args
                .endings()?
                .into_iter()
                .for_each(|ending| self.call(ending, took)),
            "record" => args
                .endings()?
                .into_iter()
                .for_each(|ending| self.record(ending, took)),
            "try_acquire" | "attempt" | "begin" => {
                self.names.extend(args.id.clone());
                if let Some(permit) = self.acquire(self.now) {
                    self.under_way.push_back(UnderWay {
                        name: args.id,
                        since: self.now,
                        permit,
                    });
                }
            }
            "complete" | "probe_result" | "end" => {
                for ending in args.endings()? {
                    self.end(
                        args.id.as_ref(),
                        Some(ending),
                        args.duration_ms.map(Time::duration),
                    );
                }
            }
            "release" => self.end(args.id.as_ref(), None, None),
            "force" => {
                let wait = match (args.for_ms, args.until_ms) {
                    (Some(wait), _) => Micros::from_micros(wait.micros()),
                    (None, Some(until)) => instant(self.origin, until).since(self.now),
                    (None, None) => Micros::ZERO,
                };
                self.force(args.to.ok_or("it is not said what it is forced to be")?, wait)?;
            }
            "isolate" => self.force(Forced::OpenForGood, Micros::ZERO)?,
            "close" => self.force(Forced::Closed, Micros::ZERO)?,
            "reset" => self.reset()?,
            "failures" => self.calls(times(args.n.unwrap_or(1))?, Ending::Failure),
            "successes" => self.calls(times(args.n.unwrap_or(1))?, Ending::Success),
            "state" | "snapshot" => {}
            op => return Err(format!("nobody here does '{op}'")),
        }
        if self.is_window && self.state() != State::Closed {
            // It was full of failures, which opens every breaker, and goes on empty.
            self.breaker.reset(self.now);
        }
        Ok(())
    }

    fn observe(&mut self, key: &str, _step: &Step) -> Option<Got> {
        self.show(key)
    }

    fn follow(&mut self, step: &Step) {
        // Refused where the case is from, and admitted here: nobody makes this call.
        if step.expect.get("permitted") == Some(&false.into()) {
            self.under_way.pop_back();
        }
        let expected = step.expect.get("state").and_then(Value::as_str);
        match (expected, self.state()) {
            (Some("CLOSED"), State::Open) => self.breaker.reset(self.now),
            // It can be tripped as long as it is closed, whatever its rule.
            (Some("OPEN"), State::Closed) => drop(self.trip(Micros::ZERO)),
            _ => {}
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            state: Some(self.state()),
            lease_ends: self.lease_ends.map(|at| at.since(self.origin).as_micros()),
            wait_ends: self
                .opened
                .map(|(at, wait)| at.after(wait).since(self.origin).as_micros()),
        }
    }
}
