//! The primitives of the crate as the cases speak of them: what can be done to one, and what it shows.
//!
//! Nothing here knows a case, and nothing a system: configurations come from `dialects`, translated.

pub mod backoff;
pub mod breaker;
pub mod bucket;
pub mod bulkhead;

use serde::de::DeserializeOwned;
use serde_json::Value;
use watertight::{Instant, Micros, Reason, Rejected};

use super::file::{Case, Said, Step, Time};
use super::rules::Facts;
use super::value::Got;

/// One primitive of a case, with its clock.
pub trait Subject {
    /// Does what the step says.
    ///
    /// # Errors
    /// A sentence, if that cannot be done.
    fn act(&mut self, step: &Step) -> Result<(), String>;

    /// What shows under this name after the step; `None` if nothing ever does.
    fn observe(&mut self, key: &str, step: &Step) -> Option<Got>;

    /// Takes back what the step was granted here and is refused in the case, where a rule says that this is right.
    fn follow(&mut self, _step: &Step) {}

    /// What rules may want to know of the past.
    fn facts(&self) -> Facts {
        Facts::default()
    }
}

/// The primitive of the case, as it is configured there.
///
/// # Errors
/// A sentence, if the configuration is not understood or makes no sense.
pub fn subject(case: &Case, origin: Instant) -> Result<Box<dyn Subject>, String> {
    Ok(match case.primitive.as_str() {
        "circuit_breaker" => Box::new(breaker::Driven::of_case(case, origin)?),
        "sliding_window" => Box::new(breaker::Driven::window_of_case(case, origin)?),
        "backoff" => Box::new(backoff::Calculator::of_case(case)?),
        "token_bucket" | "rate_limiter" => Box::new(bucket::Driven::of_case(case, origin)?),
        "bulkhead" => Box::new(bulkhead::Driven::of_case(case)?),
        primitive => return Err(format!("there is no {primitive} here")),
    })
}

/// What a system said, as a type: a name that the type does not have is an error, and so is a missing one.
///
/// # Errors
/// A sentence.
pub fn read<T: DeserializeOwned>(said: &Said) -> Result<T, String> {
    serde_json::from_value(Value::Object(said.clone())).map_err(|error| error.to_string())
}

/// Why the last call was refused, if it was.
pub fn reason(refusal: Option<Rejected>) -> Got {
    refusal.map_or(Got::Null, |refusal| {
        Got::from(match refusal.reason() {
            Reason::Open => "open",
            Reason::ProbesInFlight => "probes_in_flight",
            Reason::Recovering => "recovering",
            Reason::ForcedOpen => "forced_open",
            Reason::RateLimited => "rate_limited",
            Reason::MoreThanBurst => "more_than_burst",
            Reason::Full => "full",
            Reason::ShareFull => "share_full",
            Reason::MoreThanLimit => "more_than_limit",
            Reason::RoomFull => "room_full",
            _ => "unknown",
        })
    })
}

/// Operations, and what may be said with each.
pub type Operations = &'static [(&'static str, &'static [&'static str])];

/// What is said with an operation.
///
/// # Errors
/// A sentence, if that is something of which it knows nothing.
pub fn arguments(operations: Operations, step: &Step) -> Result<&Said, String> {
    let names = operations
        .iter()
        .find(|(op, _)| *op == step.op)
        .map_or(&[][..], |(_, names)| names);
    match step.args.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(&step.args),
        Some(name) if names.is_empty() => Err(format!(
            "unknown field `{name}`: nothing is said with '{}'",
            step.op
        )),
        Some(name) => Err(format!(
            "unknown field `{name}`, expected one of `{}`",
            names.join("`, `")
        )),
    }
}

/// The most that a step does at once.
const MOST_TIMES: u32 = 10_000_000;

/// How often something is done: so often that it is done at all, and that the case comes to an end.
///
/// # Errors
/// A sentence, if it is not.
pub fn times(times: u32) -> Result<u32, String> {
    if (1..=MOST_TIMES).contains(&times) {
        Ok(times)
    } else {
        Err(format!("something is done 1 to {MOST_TIMES} times, not {times}"))
    }
}

/// The instant of a time of a case whose clock began at `origin`.
pub fn instant(origin: Instant, at: Time) -> Instant {
    origin.after(Micros::from_micros(at.micros()))
}
