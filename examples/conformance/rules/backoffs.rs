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
        "resilience4j" => said("randomization_factor")?,
        "grpc_a6" | "grpc_connection" | "grpc" => said("jitter").unwrap_or(0.2),
        _ => return None,
    };
    let middle = cap / (1.0 + part);
    let near = |millis: f64| Some(json!({"ge": millis - 2e-3, "le": (millis + 2e-3).min(cap)}));
    // Nobody says here which delay would have been spread: it is any whose upper end is above the cap.
    match context.key {
        "base_ms" => above(context, middle)?.then_some(())?,
        "low_ms" => above(context, middle * (1.0 - part))?.then_some(())?,
        "high_ms" | "delay_ms" | "interval_ms" => {}
        _ => return None,
    }
    match context.key {
        "base_ms" => near(middle),
        "low_ms" => near(middle * (1.0 - part)),
        "high_ms" => above(context, cap)?.then(|| near(cap))?,
        // Spread by its draw around the middle.
        _ => {
            let unit = context.step.args.get("rand").and_then(Value::as_f64)?;
            let delay = middle * (1.0 - part + 2.0 * part * unit);
            above(context, delay)?.then(|| near(delay))?
        }
    }
}

fn above(context: &Context<'_>, millis: f64) -> Option<bool> {
    Some(context.expected.as_f64()? > millis)
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
