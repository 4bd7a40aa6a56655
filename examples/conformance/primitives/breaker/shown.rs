//! What a breaker shows, under the names that systems have for it.

use watertight::{Reason, RetryAfter, State};

use super::super::super::value::Got;
use super::super::reason;
use super::Driven;
use super::plan::Trip;

impl Driven {
    /// What shows under this name.
    pub fn show(&self, key: &str) -> Option<Got> {
        if let Some(answer) = self.answers.get(key) {
            return Some(answer.clone());
        }
        let seen = self.snapshot();
        let (calls, failures) = self.counted();
        Some(match key {
            "state" => self.shown_state().into(),
            "is_open" => matches!(seen.state(), State::Open | State::HalfOpen | State::ForcedOpen).into(),
            "broken" => matches!(seen.state(), State::Open | State::ForcedOpen).into(),
            "rejection" => match self.refusal.map(|refusal| refusal.reason()) {
                None => Got::Null,
                Some(Reason::ProbesInFlight) => "too_many_requests".into(),
                Some(_) => "open".into(),
            },
            "remaining_delay_ms" => match (seen.state(), seen.retry_after()) {
                (State::Open, Some(RetryAfter::In(wait))) => Got::millis(wait.as_micros()),
                _ => Got::Whole(0),
            },
            "reason" => reason(self.refusal),
            "retry_after_ms" => self.wait(),
            "not_permitted" => (self.refused() - self.refused_before).into(),
            "failure_rate_exceeded_events" | "isolated_times" => self.openings.into(),
            "isolation_ms" => match seen.retry_after() {
                Some(RetryAfter::In(wait)) => Got::millis(wait.as_micros()),
                _ => Got::Null,
            },
            "openings_in_a_row" => seen.openings_in_a_row().into(),
            "generation" => u32::from(seen.generation()).into(),
            "late" => self.breaker.statistics(self.now).late().into(),
            "probes_in_flight" => seen.probes_in_flight().into(),
            "cons_failures" if !self.is_window() => seen.failures().into(),
            // A breaker that counts failures in a row has nothing of the following.
            _ if !self.is_window() => return None,
            "requests" => (calls + self.under_way.len() as u32).into(),
            "buffered" | "total" | "throughput" => calls.into(),
            "failed" | "failures" => failures.into(),
            "succeeded" | "successes" => (calls - failures).into(),
            "slow" => seen.slow_calls().into(),
            "failure_rate_pct" => self.rate(failures),
            "slow_rate_pct" => self.rate(seen.slow_calls()),
            "failure_rate" => Got::Real(share(failures, calls)),
            _ => return None,
        })
    }

    /// Calls that have ended, as far as they are counted, and of them the failures.
    fn counted(&self) -> (u32, u32) {
        let seen = self.snapshot();
        match seen.state() {
            State::HalfOpen => (
                seen.probe_successes() + seen.probe_failures(),
                seen.probe_failures(),
            ),
            _ => (seen.calls(), seen.failures()),
        }
    }

    /// A rate in percent; none below the minimum is -1.
    fn rate(&self, part: u32) -> Got {
        let (calls, _) = self.counted();
        let minimum = match self.state() {
            State::HalfOpen => self.plan.deciding(),
            _ => self.judged_from,
        };
        Got::Real(if calls < minimum {
            -1.0
        } else {
            share(part, calls) * 100.0
        })
    }

    fn shown_state(&self) -> &'static str {
        if self.in_shadow {
            return "METRICS_ONLY";
        }
        let seen = self.snapshot();
        match seen.state() {
            State::Closed => "CLOSED",
            State::Recovering => "RECOVERING",
            State::Open if self.plan.manners.due_is_half_open && seen.retry_after().is_none() => "HALF_OPEN",
            State::Open => "OPEN",
            State::HalfOpen => "HALF_OPEN",
            State::ForcedOpen => self.plan.manners.forced_open,
            State::Disabled => "DISABLED",
            _ => "unknown",
        }
    }

    fn is_window(&self) -> bool {
        matches!(self.plan.trip, Trip::Rate { .. })
    }

    fn wait(&self) -> Got {
        match self.refusal.map(|refusal| refusal.retry_after()) {
            Some(RetryAfter::In(wait) | RetryAfter::OnRelease(Some(wait))) => Got::millis(wait.as_micros()),
            _ => Got::Null,
        }
    }
}

fn share(part: u32, calls: u32) -> f64 {
    if calls == 0 {
        0.0
    } else {
        f64::from(part) / f64::from(calls)
    }
}
