//! Of breakers, and of the windows in them.

use serde_json::{Value, json};
use watertight::State;

use super::super::file::Portability;
use super::Context;
use super::calls::{Counted, Ended, count, failed, in_window};

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

    /// The percentage of failures that opens it, and from how many calls on, in the words of any system.
    fn opens_at(&self) -> Option<(usize, usize)> {
        let config = &self.case.config;
        let config = config.get("trip").and_then(Value::as_object).unwrap_or(config);
        let said = |keys: &[&str]| keys.iter().find_map(|key| config.get(*key)?.as_f64());
        let ratio = said(&["failure_ratio_ge", "failure_ratio", "ratio"]);
        let percent = ratio.map_or_else(|| said(&["failure_rate_pct"]), |ratio| Some(ratio * 100.0))?;
        let minimum = said(&["min_requests", "min_throughput", "min_calls"])?;
        Some((percent.round() as usize, minimum as usize))
    }

    fn half_open(&self) -> Option<Value> {
        (self.key == "state").then(|| json!("HALF_OPEN"))
    }
}

/// Half-open it stays.
pub fn result_from_before(context: &Context<'_>) -> Option<Value> {
    let decisive = failed(context.step.args.get("outcome")?.as_str()?).is_some();
    let unknown = context.step.op == "record" && decisive && !context.step.args.contains_key("id");
    let applies = context.is_hazard() && unknown && context.before.state == Some(State::HalfOpen);
    applies.then(|| context.half_open()).flatten()
}

/// Half-open it stays, with the slot free.
pub fn ignored_probe(context: &Context<'_>) -> Option<Value> {
    let steps = &context.case.steps[..=context.number];
    let last = steps
        .iter()
        .rev()
        .find_map(|step| step.args.get("outcome")?.as_str())?;
    if failed(last).is_some() || context.before.state != Some(State::HalfOpen) {
        return None;
    }
    match context.key {
        "state" => Some(json!("HALF_OPEN")),
        "permitted" if *context.expected == json!(false) => Some(json!(true)),
        _ => None,
    }
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
        // It is not refused, and the transition begins the count again.
        "not_permitted" if was_at_the_end => Some(json!(0)),
        _ => None,
    }
}

/// What the verdict is, and what is counted after it.
pub fn early_verdict(context: &Context<'_>) -> Option<Value> {
    let permits = context.said("half_open_permits")?;
    let calls = permits.min(context.said("min_calls").unwrap_or(permits));
    let percent = context.said("failure_rate_pct")?;
    let to_open = (calls * percent).div_ceil(100);
    let to_close = calls - to_open + 1;
    let ended = context.ended_since_half_open()?;
    let (mut successes, mut failures) = (0, 0);
    let certain = ended.iter().position(|call| {
        // Of a probe, slow is failed.
        let bad = call.failed || call.slow;
        *(if bad { &mut failures } else { &mut successes }) += 1;
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
        "not_permitted" if !closed => Some(json!(ended.len() - certain - 1)),
        key => counted(key, &[after], 0),
    }
}

/// The others, and those under way.
pub fn ignored_counted(context: &Context<'_>) -> Option<Value> {
    let ours = context.ended_since_closed().len() + context.under_way();
    let theirs = ours + context.ignored_since_closed();
    (context.key == "requests" && theirs > ours && context.expected.as_u64() == Some(theirs as u64))
        .then(|| json!(ours))
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
    let some = context.expected.as_f64().is_some_and(|number| number >= 0.0);
    match context.key {
        "failure_rate_pct" | "slow_rate_pct" if is_open && some => Some(json!(-1)),
        "slow" if is_open && some => Some(json!(0)),
        key if is_open && some => counted(key, &[Counted::default()], 0),
        _ => None,
    }
}

/// It opens; and where its own system goes on closed, it begins again there.
pub fn rate_reached(context: &Context<'_>) -> Option<Value> {
    // The one dialect of this kind.
    let slow = context.case.config.get("grade")?.as_str()? == "slow_ratio";
    let percent = (context.case.config.get("ratio")?.as_f64()? * 100.0).round() as usize;
    let minimum = context.said("min_requests")? as usize;
    let calls = context.ended_since_closed();
    let reaches = |number: usize| {
        let bad = calls[..number]
            .iter()
            .filter(|call| if slow { call.slow } else { call.failed })
            .count();
        bad > 0 && bad * 100 == percent * number && number >= minimum
    };
    match (context.key, context.expected.as_str()) {
        ("state", Some("CLOSED")) if reaches(calls.len()) => Some(json!("OPEN")),
        ("state", Some("OPEN")) if (1..calls.len()).any(reaches) => Some(json!("CLOSED")),
        _ => None,
    }
}

/// It stays closed.
pub fn before_the_minimum(context: &Context<'_>) -> Option<Value> {
    let failures = context.said("failure_threshold")? as usize;
    let capacity = context.said("failure_capacity")? as usize;
    let counted = count(&context.ended_since_closed());
    let early = counted.calls < capacity && counted.failures >= failures;
    (early && context.key == "state" && context.is_expected("OPEN")).then(|| json!("CLOSED"))
}

/// The call is admitted, and is the first of a new round.
pub fn lease(context: &Context<'_>) -> Option<Value> {
    let over = context.step.at_ms.micros() >= context.before.lease_ends?;
    if !over || context.before.state != Some(State::HalfOpen) {
        return None;
    }
    match context.key {
        "permitted" => Some(json!(true)),
        "retry_after_ms" => Some(Value::Null),
        _ => None,
    }
}

/// The call is admitted.
pub fn at_a_time(context: &Context<'_>) -> Option<Value> {
    let limit = context
        .said("max_requests")
        .or_else(|| context.said("half_open_permits"))? as usize;
    let ended = context.ended_since_half_open()?;
    let under_way = context.under_way();
    let applies = context.before.state == Some(State::HalfOpen)
        && under_way < limit
        && ended.len() + under_way >= limit;
    match context.key {
        "permitted" if applies => Some(json!(true)),
        "rejection" if applies => Some(Value::Null),
        _ => None,
    }
}

/// It opens; and where its own system goes on closed, it begins again there.
pub fn success_completes(context: &Context<'_>) -> Option<Value> {
    let minimum = context
        .said("min_throughput")
        .or_else(|| context.said("min_calls"))?;
    let ratio = context.case.config.get("failure_ratio")?.as_f64()?;
    let calls = context.ended_since_closed();
    let completes = |number: usize| {
        let Counted { calls: all, failures } = count(&calls[..number]);
        !calls[number - 1].failed && all as u64 >= minimum && failures as f64 >= ratio * all as f64
    };
    let number = calls.len();
    match (context.key, context.expected.as_str()) {
        ("state", Some("CLOSED")) if number > 0 && completes(number) => Some(json!("OPEN")),
        ("state", Some("OPEN")) if (1..number).any(completes) => Some(json!("CLOSED")),
        _ => None,
    }
}

/// What came since it was full of failures.
pub fn full_of_failures(context: &Context<'_>) -> Option<Value> {
    let config = &context.case.config;
    let size = config
        .get("size")
        .filter(|_| config.get("kind").and_then(Value::as_str) == Some("count"))?
        .as_u64()? as usize;
    let mut held: Vec<Ended> = Vec::new();
    let mut ever = false;
    for call in context.ended_since_closed() {
        held.push(call);
        let full = held.len() >= size;
        let newest = &held[held.len().saturating_sub(size)..];
        if full && (newest.iter().all(|call| call.failed) || newest.iter().all(|call| call.slow)) {
            held.clear();
            ever = true;
        }
    }
    let newest = &held[held.len().saturating_sub(size)..];
    let slow = newest.iter().filter(|call| call.slow).count();
    match context.key {
        _ if !ever => None,
        "slow" => Some(json!(slow)),
        "slow_rate_pct" => Some(json!(if newest.is_empty() {
            0.0
        } else {
            slow as f64 * 100.0 / newest.len() as f64
        })),
        key => counted(key, &[count(newest)], 0),
    }
}

/// What a window as long as the interval may hold, and what that comes to.
pub fn interval(context: &Context<'_>) -> Option<Value> {
    let interval = context.said("interval_ms").filter(|interval| *interval > 0)?;
    // None is over before one has passed.
    (context.step.at_ms.micros() / 1_000 >= interval).then_some(())?;
    slid(context, interval * 1_000)
}

/// What a window of this span may hold, and what that comes to.
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
    // A bucket of another system is at most a quarter of its window. Without a call that is at least so near to the
    // edge there is nothing to differ about.
    let now = context.step.at_ms.micros();
    let calls = context.ended_since_closed();
    let is_near_the_edge = |call: &Ended| now.saturating_sub(call.at) >= span / 4 * 3;
    calls.iter().any(is_near_the_edge).then_some(())?;
    slid(context, span)
}

fn slid(context: &Context<'_>, span: u64) -> Option<Value> {
    let held = in_window(&context.ended_since_closed(), span, context.step.at_ms.micros());
    if context.key != "state" {
        return counted(context.key, &held, context.under_way());
    }
    let (percent, minimum) = context.opens_at()?;
    let over = |held: &Counted| {
        held.calls >= minimum && held.failures > 0 && held.failures * 100 >= percent * held.calls
    };
    match context.expected.as_str()? {
        "OPEN" if !held.iter().any(over) => Some(json!("CLOSED")),
        "CLOSED" if held.iter().all(over) => Some(json!("OPEN")),
        _ => None,
    }
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
