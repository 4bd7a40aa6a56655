//! Of places.

use serde_json::{Value, json};

use super::Context;

/// As many as there are places left, whoever asks: counted over the steps so far.
pub fn above_the_limit(context: &Context<'_>) -> Option<Value> {
    let config = &context.case.config;
    let mut limit = ["limit", "max", "max_retries"]
        .iter()
        .find_map(|key| config.get(*key)?.as_u64())?;
    let (mut inside, mut granted, mut asked) = (0, 0, 0);
    // As many as their own system let in, and whether these were ever too many.
    let (mut theirs, mut too_many) = (0_u64, false);
    for step in &context.case.steps[..=context.number] {
        let said = |key: &str| step.args.get(key).and_then(Value::as_u64);
        let times = said("times").unwrap_or(1);
        match step.op.as_str() {
            "acquire" | "try_acquire" | "inc" | "force_inc" => {
                asked = times;
                granted = times.min(limit.saturating_sub(inside));
                inside += granted;
                let let_in = match (
                    step.expect.get("granted").and_then(Value::as_u64),
                    step.expect.get("permitted"),
                ) {
                    (Some(number), _) => number,
                    (None, Some(Value::Bool(false))) => 0,
                    _ => times,
                };
                theirs = theirs.saturating_add(let_in);
                too_many |= theirs > limit;
            }
            "release" | "dec" => {
                inside = inside.saturating_sub(times);
                theirs = theirs.saturating_sub(times);
            }
            "set_limit" => limit = said("limit")?,
            _ => {}
        }
    }
    if !too_many {
        return None;
    }
    Some(match context.key {
        "granted" => json!(granted),
        "permitted" => json!(granted == asked),
        "count" | "inflight" | "in_flight" => json!(inside),
        "available" | "remaining" => json!(limit.saturating_sub(inside)),
        _ => return None,
    })
}
