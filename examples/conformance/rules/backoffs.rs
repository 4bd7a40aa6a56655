//! Of delays.

use serde_json::{Value, json};

use super::Context;

/// Where the cap holds the upper end of the jitter: the delay at which that is the cap, to the microsecond.
pub fn jitter_above_the_cap(context: &Context<'_>) -> Option<Value> {
    let config = &context.case.config;
    let said = |key: &str| config.get(key).and_then(Value::as_f64);
    let cap = context
        .step
        .args
        .get("max_ms")
        .and_then(Value::as_f64)
        .or_else(|| said("max_ms"))?;
    let part = match context.case.dialect.as_str() {
        "polly" => 0.25,
        "failsafe" => said("jitter_factor")?,
        "resilience4j" => said("randomization_factor").or_else(|| said("randomization"))?,
        "grpc_a6" | "grpc_connection" | "grpc" => said("jitter").unwrap_or(0.2),
        _ => return None,
    };
    let middle = cap / (1.0 + part);
    let expected = context.expected.as_f64()?;
    // Nobody says here which delay would have been spread: it is any whose upper end is above the cap.
    let below = |millis: f64| {
        (expected > millis).then(|| json!({"ge": millis - 2e-3, "le": (millis + 2e-3).min(cap)}))
    };
    match context.key {
        "base_ms" => below(middle),
        "low_ms" => below(middle * (1.0 - part)),
        "high_ms" => below(cap),
        "delay_ms" | "interval_ms" => {
            // Spread by its draw around the middle; failsafe's larger draws are the shorter delays.
            let unit = context.step.args.get("rand").and_then(Value::as_f64)?;
            let falls = context.case.dialect == "failsafe";
            let unit = if falls { 1.0 - unit } else { unit };
            below(middle * (1.0 - part + 2.0 * part * unit))
        }
        _ => None,
    }
}

/// As many delays as fit the total.
pub fn total_overshot(context: &Context<'_>) -> Option<Value> {
    let budget = context.case.config.get("total_budget_ms")?.as_f64()?;
    let mut total = 0.0;
    let delays = context
        .expected
        .as_array()
        .filter(|_| context.key == "delays_ms")?;
    Some(
        delays
            .iter()
            .take_while(|delay| {
                total += delay.as_f64().unwrap_or(f64::INFINITY);
                total <= budget
            })
            .cloned()
            .collect(),
    )
}

/// The longest.
pub fn saturated(context: &Context<'_>) -> Option<Value> {
    let expected = match context.expected {
        Value::String(text) => text.parse::<f64>().ok()?,
        other => other.as_f64()?,
    };
    (expected > u64::MAX as f64 / 1e3).then(|| json!("MAX_DURATION"))
}

/// The exact delay, to the microsecond.
pub fn resolution(context: &Context<'_>) -> Option<Value> {
    let is_spread = ["randomization", "randomization_factor"]
        .iter()
        .any(|key| context.case.config.contains_key(*key));
    if let (Value::Object(range), true) = (context.expected, is_spread) {
        return Some(json!({"ge": range.get("ge")?, "le": range.get("le")?.as_f64()? + 1.0}));
    }
    let expected = context.expected.as_f64()?;
    if (expected * 1e3).fract() != 0.0 {
        return Some(json!({"ge": expected - 1e-3, "le": expected + 1e-3}));
    }
    // Cut to a millisecond each time, from one to the next.
    let config = &context.case.config;
    let [first, factor] = [
        config.get("initial_ms")?.as_f64()?,
        config.get("multiplier")?.as_f64()?,
    ];
    let attempt = context.step.args.get("attempt")?.as_u64()?;
    let cut = (1..attempt).fold(first, |delay, _| (delay * factor).trunc());
    let exact = first * factor.powi(i32::try_from(attempt).ok()? - 1);
    (expected == cut).then(|| json!({"ge": exact - 1e-3, "le": exact + 1e-3}))
}

/// A quarter more or less of the exponential delay.
pub fn own_formula(context: &Context<'_>) -> Option<Value> {
    let config = &context.case.config;
    if context.case.dialect != "polly"
        || config.get("type")?.as_str()? != "exponential"
        || context.key != "delay_ms"
    {
        return None;
    }
    let said = |key: &str| context.step.args.get(key).and_then(Value::as_f64);
    let unit = said("rand")?;
    let cap = said("max_ms")
        .or_else(|| config.get("max_ms").and_then(Value::as_f64))
        .unwrap_or(f64::INFINITY);
    let delay = (config.get("base_ms")?.as_f64()? * said("attempt")?.exp2()).min(cap / 1.25);
    let right = delay * (0.75 + 0.5 * unit);
    Some(json!({"ge": right - 2e-3, "le": right + 2e-3}))
}
