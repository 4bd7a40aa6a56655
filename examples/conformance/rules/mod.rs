//! Where we answer differently, and what decides that: a table of rules.
//!
//! A rule knows no case. It looks at the configuration and at the steps so far, and where it applies it says what is
//! right here, from models that share nothing with the crate. What a case expects and the crate does not show is a
//! difference only if the crate shows exactly that; otherwise it is a failure.

mod backoffs;
mod breakers;
mod bucket;
mod bulkheads;
mod calls;
mod tokens;

use serde_json::Value;
use watertight::State;

use super::file::{Case, Step};
use super::value::{self, Got};

/// What decides that something other than was expected is right.
#[derive(Debug)]
pub struct Rule {
    /// Of which primitives it speaks.
    pub of: &'static [&'static str],
    /// What we do.
    pub name: &'static str,
    /// The law, or the settled row, that says so.
    pub by: &'static str,
    /// When it applies.
    pub when: &'static str,
    /// What is right here instead; `None` if it does not apply.
    pub right: fn(&Context<'_>) -> Option<Value>,
}

/// Where something other than was expected came out.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The case.
    pub case: &'a Case,
    /// Which of its steps, counted from 0.
    pub number: usize,
    /// That step.
    pub step: &'a Step,
    /// Under which name.
    pub key: &'a str,
    /// What was expected.
    pub expected: &'a Value,
    /// The primitive before the step,
    pub before: Facts,
    /// and after it.
    pub now: Facts,
}

/// What a primitive tells of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Where a breaker stands.
    pub state: Option<State>,
    /// When its last cool-down ends, in microseconds of the case,
    pub wait_ends: Option<u64>,
    /// and the lease of its last probe.
    pub lease_ends: Option<u64>,
}

/// Whether this rule applies, and what was got is what it says is right. What is expected may differ, but not in
/// kind: no rule makes a count of a flag.
pub fn decides(rule: &Rule, context: &Context<'_>, got: &Got) -> bool {
    rule.of.contains(&context.case.primitive.as_str())
        && value::is_of_kind(context.expected, got)
        && (rule.right)(context).is_some_and(|right| value::satisfies(&right, got, None))
}

const BACKOFFS: &[&str] = &["backoff"];
const BREAKERS: &[&str] = &["circuit_breaker"];
const WINDOWS: &[&str] = &["circuit_breaker", "sliding_window"];
const BUCKETS: &[&str] = &["rate_limiter", "token_bucket"];
const BULKHEADS: &[&str] = &["bulkhead"];

/// All of them. The first that applies decides.
pub const RULES: &[Rule] = &[
    // Backoffs.
    Rule {
        of: BACKOFFS,
        name: "the jitter stays inside the cap",
        by: "law 7",
        when: "a delay and its jitter come to more than the cap",
        right: backoffs::jitter_above_the_cap,
    },
    Rule {
        of: BACKOFFS,
        name: "the first delay that would exceed the total ends the series",
        by: "row S15",
        when: "delays are taken until their sum has reached a total",
        right: backoffs::total_overshot,
    },
    Rule {
        of: BACKOFFS,
        name: "growth ends at the longest duration that there is, 2^64 - 1 us",
        by: "law 7",
        when: "a delay is longer than that",
        right: backoffs::saturated,
    },
    Rule {
        of: BACKOFFS,
        name: "delays are whole microseconds, rounded once",
        by: "row S15",
        when: "delays are cut to milliseconds, or are finer than a microsecond",
        right: backoffs::resolution,
    },
    Rule {
        of: BACKOFFS,
        name: "jitter is full, equal, decorrelated as AWS has it, or plus or minus a percentage",
        by: "row S15",
        when: "an exponential delay is spread by a formula of its own",
        right: backoffs::own_formula,
    },
    // Breakers.
    Rule {
        of: BREAKERS,
        name: "a permit from before the trip changes nothing afterwards",
        by: "law 5",
        when: "a hazard: a result of unknown origin while half-open",
        right: breakers::result_from_before,
    },
    Rule {
        of: BREAKERS,
        name: "an ignored outcome gives its slot back and decides nothing",
        by: "law 5",
        when: "a probe's outcome is neither success nor failure",
        right: breakers::ignored_probe,
    },
    Rule {
        of: BREAKERS,
        name: "the probe is admitted at the very end of the wait",
        by: "row S3",
        when: "a call, or a look, at the instant at which the cool-down ends",
        right: breakers::end_of_wait,
    },
    Rule {
        of: BREAKERS,
        name: "a half-open verdict falls as soon as it is certain",
        by: "row S4",
        when: "half-open by a rate of failures, and no outcome of the remaining probes can change the verdict",
        right: breakers::early_verdict,
    },
    Rule {
        of: BREAKERS,
        name: "no timer ends half-open: a lost probe's slot comes back by its lease",
        by: "row S10",
        when: "a time limit for half-open is over",
        right: breakers::half_open_limit,
    },
    Rule {
        of: BREAKERS,
        name: "an ignored call is as if it had never been made",
        by: "law 5",
        when: "calls that say nothing about the service are counted among all",
        right: breakers::ignored_counted,
    },
    Rule {
        of: BREAKERS,
        name: "a generation begins with nothing counted, and open counts nothing",
        by: "row S5",
        when: "counts of calls are kept when the breaker opens",
        right: breakers::counts_kept,
    },
    Rule {
        of: BREAKERS,
        name: "a rate is over its threshold when it reaches it",
        by: "row S1",
        when: "a rate that must be exceeded is exactly reached",
        right: breakers::rate_reached,
    },
    Rule {
        of: BREAKERS,
        name: "a rate is judged from the minimum of calls on",
        by: "row S1",
        when: "so many failures of a window of calls open it before it is full",
        right: breakers::before_the_minimum,
    },
    Rule {
        of: BREAKERS,
        name: "only its own window clears the counts of a closed breaker",
        by: "row S5",
        when: "an interval begins the counts of a closed breaker again",
        right: breakers::interval,
    },
    Rule {
        of: WINDOWS,
        name: "a window slides by buckets of its own length: nothing of the span is missing, and at most two buckets more are in it",
        by: "row S11",
        when: "calls are about as old as a window of time is long",
        right: breakers::edge_of_window,
    },
    Rule {
        of: BREAKERS,
        name: "a probe that never reports loses its slot by a lease",
        by: "row S10",
        when: "a call after the lease of the last probe",
        right: breakers::lease,
    },
    Rule {
        of: BREAKERS,
        name: "probes are limited at a time, not in all",
        by: "row S4",
        when: "half-open, as many calls as its limit have begun, and fewer are under way",
        right: breakers::at_a_time,
    },
    Rule {
        of: BREAKERS,
        name: "any outcome is evaluated",
        by: "row S1",
        when: "a success completes the minimum, and the rate is reached",
        right: breakers::success_completes,
    },
    Rule {
        of: WINDOWS,
        name: "a window in which every call failed opens its breaker, and begins again",
        by: "row S1",
        when: "every call of a window of calls failed, or was slow",
        right: breakers::full_of_failures,
    },
    // Buckets.
    Rule {
        of: BUCKETS,
        name: "the unit of time is a microsecond",
        by: "law 6",
        when: "a time of a step is finer",
        right: tokens::resolution,
    },
    Rule {
        of: BUCKETS,
        name: "a refund is all of a receipt if nobody took any since, and otherwise nothing",
        by: "row S12",
        when: "a receipt was given back after somebody else had taken tokens",
        right: tokens::refund_of_some,
    },
    Rule {
        of: BUCKETS,
        name: "a receipt gives back whatever nobody took after it, also when its instant is over",
        by: "row S12",
        when: "a cancelled reservation keeps what it had reserved",
        right: tokens::refund_kept,
    },
    Rule {
        of: BUCKETS,
        name: "an older clock reading costs a refusal, and brings nothing twice",
        by: "law 3",
        when: "the clock stepped back, or a caller had an old reading",
        right: tokens::clock_back,
    },
    Rule {
        of: BUCKETS,
        name: "the wait for the next token counts what has dripped in of it",
        by: "law 6",
        when: "a wait is told as if nothing had",
        right: tokens::next_token,
    },
    Rule {
        of: BUCKETS,
        name: "tokens drip in at an even rate, from when the bucket is first asked",
        by: "row S12",
        when: "permits come on a grid of periods or intervals, or several pass as one",
        right: tokens::grid,
    },
    Rule {
        of: BUCKETS,
        name: "an adjustable rate is kept to a part in 2^21, and never exceeded",
        by: "row S12",
        when: "the rate of a bucket is changed",
        right: tokens::adjustable,
    },
    // Bulkheads.
    Rule {
        of: BULKHEADS,
        name: "never more than the limit, guaranteed or forced",
        by: "law 4",
        when: "more is let in than the limit",
        right: bulkheads::above_the_limit,
    },
];
