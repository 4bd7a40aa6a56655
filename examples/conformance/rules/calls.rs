//! The calls of a case, counted once more: by looking at all of them each time.

use serde_json::Value;

use super::super::file::{Said, Step};
use super::Context;

/// A call that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// In microseconds.
    pub at: u64,
    /// It did not succeed.
    pub failed: bool,
    /// It was slow, as the case says or its configuration.
    pub slow: bool,
}

/// Whether a call with this outcome failed; `None` if it says nothing about the service.
pub fn failed(outcome: &str) -> Option<bool> {
    match outcome {
        "success" => Some(false),
        "failure" | "error" | "panic" | "timeout" => Some(true),
        _ => None,
    }
}

/// How the calls that a step reports ended; those that say nothing about the service left out.
fn endings(args: &Said) -> Vec<bool> {
    let of_word = |word: &Value| failed(word.as_str()?);
    let times = args.get("times").and_then(Value::as_u64).unwrap_or(1) as usize;
    match (args.get("outcome"), args.get("outcomes"), args.get("error")) {
        (Some(outcome), ..) => of_word(outcome).into_iter().cycle().take(times).collect(),
        (_, Some(Value::Array(outcomes)), _) => outcomes.iter().filter_map(of_word).collect(),
        (.., Some(error)) => error.as_bool().into_iter().collect(),
        // It answered, so late as is said.
        _ if args.contains_key("rt_ms") => vec![false],
        _ => Vec::new(),
    }
}

impl<'a> Context<'a> {
    /// The steps so far, this one included.
    fn so_far(&self) -> &'a [Step] {
        &self.case.steps[..=self.number]
    }

    /// The calls that ended since the case's system last was anything but closed, by what it was expected to be.
    pub fn ended_since_closed(&self) -> Vec<Ended> {
        let mut calls = Vec::new();
        for (number, step) in self.so_far().iter().enumerate() {
            calls.extend(self.ended_in(step));
            let state = step.expect.get("state").and_then(Value::as_str);
            // What this very step is expected to come to is the question.
            if number < self.number && state.is_some_and(|state| state != "CLOSED") {
                calls.clear();
            }
        }
        calls
    }

    /// The calls that ended since the case's system last became half-open, if it ever did.
    pub fn ended_since_half_open(&self) -> Option<Vec<Ended>> {
        let mut was = None;
        let mut ever = false;
        let mut calls = Vec::new();
        for step in self.so_far() {
            let is = step.expect.get("state").and_then(Value::as_str).or(was);
            if is == Some("HALF_OPEN") && was != is {
                calls.clear();
                ever = true;
            }
            calls.extend(self.ended_in(step));
            was = is;
        }
        ever.then_some(calls)
    }

    fn ended_in(&self, step: &Step) -> Vec<Ended> {
        if step.expect.get("permitted") == Some(&false.into()) || step.op == "force" {
            return Vec::new();
        }
        let at = step.at_ms.micros();
        let of_step = ["duration_ms", "rt_ms"]
            .iter()
            .find_map(|key| step.args.get(*key)?.as_f64());
        let config = &self.case.config;
        let limit = ["slow_call_ms", "max_rt_ms"]
            .iter()
            .find_map(|key| config.get(*key)?.as_f64());
        let is_longer = of_step.zip(limit).is_some_and(|(took, limit)| took > limit);
        let slow = is_longer || step.args.get("slow") == Some(&true.into());
        endings(&step.args)
            .into_iter()
            .map(|failed| Ended { at, failed, slow })
            .collect()
    }

    /// The calls that ended in the same time, and say nothing about the service.
    pub fn ignored_since_closed(&self) -> usize {
        let mut number = 0;
        for (step, said) in self.so_far().iter().enumerate() {
            let outcome = said.args.get("outcome").and_then(Value::as_str);
            let ignored = outcome.is_some_and(|outcome| failed(outcome).is_none());
            number += usize::from(ignored);
            let state = said.expect.get("state").and_then(Value::as_str);
            if step < self.number && state.is_some_and(|state| state != "CLOSED") {
                number = 0;
            }
        }
        number
    }

    /// Calls that began and have not ended.
    pub fn under_way(&self) -> usize {
        let mut number = 0_usize;
        for step in self.so_far() {
            match step.op.as_str() {
                "begin" | "try_acquire" | "attempt"
                    if step.expect.get("permitted") != Some(&false.into()) =>
                {
                    number += 1
                }
                "end" | "complete" | "probe_result" | "release" => number = number.saturating_sub(1),
                _ => {}
            }
        }
        number
    }
}

/// How many of so many calls failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// All.
    pub calls: usize,
    /// Of them.
    pub failures: usize,
}

/// Counts.
pub fn count(calls: &[Ended]) -> Counted {
    Counted {
        calls: calls.len(),
        failures: calls.iter().filter(|call| call.failed).count(),
    }
}

/// How long a bucket is in a window of so many microseconds here: the shortest power of two, from 2^16 on, of which
/// 15 cover it.
fn bucket(span: u64) -> u64 {
    let mut length = 1 << 16;
    while span.div_ceil(length) > 15 {
        length *= 2;
    }
    length
}

/// What a window of this span may hold at `now`: at least all calls that are not older than it, and none that is
/// older by two buckets.
pub fn in_window(calls: &[Ended], span: u64, now: u64) -> Vec<Counted> {
    let age = |call: &Ended| now.saturating_sub(call.at);
    let must = calls.iter().filter(|call| age(call) <= span).count();
    let may = calls
        .iter()
        .filter(|call| age(call) < span + 2 * bucket(span))
        .count();
    // A window holds the newest, however many these are; and of those at one time, all or none.
    let cut = |newest: &usize| {
        let kept = calls.len() - newest;
        *newest == must || *newest == may || calls[kept - 1].at != calls[kept].at
    };
    (must..=may)
        .filter(cut)
        .map(|newest| count(&calls[calls.len() - newest..]))
        .collect()
}
