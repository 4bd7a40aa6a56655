//! Of breakers, and of the windows in them.

use serde_json::{Value, json};
use watertight::State;

use super::super::file::Portability;
use super::Context;
use super::calls::{Counted, count, in_window};

impl Context<'_> {
    fn said(&self, key: &str) -> Option<u64> {
        self.case.config.get(key)?.as_u64()
    }

    fn is_expected(&self, state: &str) -> bool {
        self.expected.as_str() == Some(state)
    }

    fn is_hazard(&self) -> bool {
        self.case.portability == Portability::Hazard
    }

    fn half_open(&self) -> Option<Value> {
        (self.key == "state").then(|| json!("HALF_OPEN"))
    }
}

/// Half-open it stays.
pub fn result_from_before(context: &Context<'_>) -> Option<Value> {
    let decisive = matches!(
        context.step.args.get("outcome")?.as_str()?,
        "success" | "failure" | "error"
    );
    let unknown = context.step.op == "record" && decisive && !context.step.args.contains_key("id");
    let applies = context.is_hazard() && unknown && context.before.state == Some(State::HalfOpen);
    applies.then(|| context.half_open()).flatten()
}

/// Half-open it stays.
pub fn ignored_probe(context: &Context<'_>) -> Option<Value> {
    let outcome = context.step.args.get("outcome")?.as_str()?;
    let ignored = !matches!(outcome, "success" | "failure" | "error");
    let applies = context.is_hazard() && ignored && context.before.state == Some(State::HalfOpen);
    applies.then(|| context.half_open()).flatten()
}

/// The call is admitted; a breaker of which nothing else is asked is half-open from that instant on.
pub fn end_of_wait(context: &Context<'_>) -> Option<Value> {
    let ends = context.before.wait_ends?;
    let was_at_the_end = context.case.steps[..=context.number]
        .iter()
        .any(|step| step.at_ms.micros() == ends);
    let still_open = context.is_expected("OPEN") && context.now.state != Some(State::Closed);
    match context.key {
        "permitted" if context.step.at_ms.micros() == ends && *context.expected == json!(false) => {
            Some(json!(true))
        }
        "state" if was_at_the_end && still_open => Some(json!("HALF_OPEN")),
        _ => None,
    }
}

/// What the verdict is, and what is counted after it.
pub fn early_verdict(context: &Context<'_>) -> Option<Value> {
    let calls = context.said("half_open_permits")?;
    let percent = context.said("failure_rate_pct")?;
    let to_open = (calls * percent).div_ceil(100);
    let to_close = calls - to_open + 1;
    let ended = context.ended_since_half_open()?;
    let (mut successes, mut failures) = (0, 0);
    let certain = ended.iter().position(|call| {
        *(if call.failed {
            &mut failures
        } else {
            &mut successes
        }) += 1;
        successes >= to_close || failures >= to_open
    })?;
    // All of them are needed: nobody is early.
    if certain as u64 + 1 >= calls {
        return None;
    }
    let closed = successes >= to_close;
    let after = count(if closed { &ended[certain + 1..] } else { &[] });
    match context.key {
        "state" => Some(json!(if closed { "CLOSED" } else { "OPEN" })),
        "permitted" if !closed => Some(json!(false)),
        key => counted(key, &[after], 0),
    }
}

/// Half-open it stays.
pub fn half_open_limit(context: &Context<'_>) -> Option<Value> {
    let limited = context.said("max_half_open_ms").is_some_and(|limit| limit > 0);
    let applies = limited && context.before.state == Some(State::HalfOpen) && context.step.op == "state";
    applies.then(|| context.half_open()).flatten()
}

/// Nothing.
pub fn counts_kept(context: &Context<'_>) -> Option<Value> {
    let is_open = matches!(context.now.state, Some(State::Open | State::ForcedOpen));
    let some = context.expected.as_f64().is_some_and(|number| number > 0.0);
    match context.key {
        "failure_rate_pct" | "slow_rate_pct" if is_open && some => Some(json!(-1)),
        "slow" if is_open && some => Some(json!(0)),
        key if is_open && some => counted(
            key,
            &[Counted {
                calls: 0,
                failures: 0,
            }],
            0,
        ),
        _ => None,
    }
}

/// It opens.
pub fn rate_reached(context: &Context<'_>) -> Option<Value> {
    // The one dialect of this kind.
    context.case.config.get("grade")?;
    let percent = (context.case.config.get("ratio")?.as_f64()? * 100.0).round() as usize;
    let Counted { calls, failures } = count(&context.ended_since_closed());
    let reached =
        failures > 0 && failures * 100 == percent * calls && context.said("min_requests")? <= calls as u64;
    (reached && context.key == "state" && context.is_expected("CLOSED")).then(|| json!("OPEN"))
}

/// It stays closed.
pub fn before_the_minimum(context: &Context<'_>) -> Option<Value> {
    let failures = context.said("failure_threshold")? as usize;
    let capacity = context.said("failure_capacity")? as usize;
    let counted = count(&context.ended_since_closed());
    let early = counted.calls < capacity && counted.failures >= failures;
    (early && context.key == "state" && context.is_expected("OPEN")).then(|| json!("CLOSED"))
}

/// What a window as long as the interval may hold.
pub fn interval(context: &Context<'_>) -> Option<Value> {
    let interval = context.said("interval_ms").filter(|interval| *interval > 0)?;
    slid(context, interval * 1_000)
}

/// What a window of this span may hold.
pub fn edge_of_window(context: &Context<'_>) -> Option<Value> {
    let config = &context.case.config;
    let window = config.get("window").and_then(Value::as_object).unwrap_or(config);
    let seconds = || {
        (window.get("kind")?.as_str()? == "time")
            .then(|| window.get("size")?.as_u64())
            .flatten()
    };
    let span = match (
        context.said("sampling_ms").or_else(|| context.said("stat_ms")),
        seconds(),
    ) {
        (Some(millis), None) => millis * 1_000,
        (None, Some(seconds)) => seconds * 1_000_000,
        _ => return None,
    };
    slid(context, span)
}

fn slid(context: &Context<'_>, span: u64) -> Option<Value> {
    let held = in_window(&context.ended_since_closed(), span, context.step.at_ms.micros());
    counted(context.key, &held, context.under_way())
}

/// A range of what any of these shows under this name.
fn counted(key: &str, held: &[Counted], under_way: usize) -> Option<Value> {
    let show = |held: &Counted| {
        let Counted { calls, failures } = *held;
        let rate = if calls == 0 {
            0.0
        } else {
            failures as f64 / calls as f64
        };
        Some(match key {
            "buffered" | "total" | "throughput" => calls as f64,
            "requests" => (calls + under_way) as f64,
            "failed" | "failures" => failures as f64,
            "succeeded" | "successes" => (calls - failures) as f64,
            "failure_rate" => rate,
            "failure_rate_pct" => rate * 100.0,
            _ => return None,
        })
    };
    let shown: Vec<f64> = held.iter().map(show).collect::<Option<_>>()?;
    let least = shown.iter().copied().reduce(f64::min)?;
    let most = shown.iter().copied().reduce(f64::max)?;
    Some(json!({"ge": least, "le": most}))
}
