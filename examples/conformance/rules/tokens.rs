//! Of tokens: when the model of a bucket is to be asked, and what.

use serde_json::{Value, json};

use super::super::file::{Portability, Step};
use super::Context;
use super::bucket::Model;

/// What the model shows, if this is so of it.
fn shown(context: &Context<'_>, applies: impl Fn(&Model) -> bool) -> Option<Value> {
    Model::after(context).filter(applies)?.show(context.key)
}

/// What is there without such a refund.
pub fn refund_of_some(context: &Context<'_>) -> Option<Value> {
    shown(context, |model| model.refused > 0)
}

/// What is there with the refund.
pub fn refund_kept(context: &Context<'_>) -> Option<Value> {
    let is_hazard = context.case.portability == Portability::Hazard;
    shown(context, |model| {
        is_hazard && model.refunded > 0 || model.refunded_late > 0
    })
}

/// What is there if nothing counts twice.
pub fn clock_back(context: &Context<'_>) -> Option<Value> {
    shown(context, |model| model.went_back)
}

/// In whole milliseconds, as it is asked for, counting what has dripped in already.
pub fn next_token(context: &Context<'_>) -> Option<Value> {
    let model =
        Model::after(context).filter(|_| context.step.op == "next_token" && context.key == "wait_ms")?;
    let millis = (model.wait_for(1)? + 999_999) / 1_000_000;
    let whole_token = (model.span + model.tokens * 1_000_000 - 1) / (model.tokens * 1_000_000);
    let as_if_nothing_had = i128::from(context.expected.as_i64()?) == whole_token;
    (as_if_nothing_had && millis < whole_token).then(|| json!(millis as i64))
}

/// What has dripped in.
pub fn grid(context: &Context<'_>) -> Option<Value> {
    let config = &context.case.config;
    let several = |step: &Step| step.args.get("n").and_then(Value::as_u64).is_some_and(|n| n > 1);
    let as_one =
        config.contains_key("max_queue_ms") && context.case.steps[..=context.number].iter().any(several);
    let applies = as_one
        || ["period_ms", "interval_ms"]
            .iter()
            .any(|key| config.contains_key(*key));
    shown(context, |_| applies)
}

/// What is there at the next lower rate that can be kept: the same, a little later. That is at most a drop and a
/// microsecond, of the drops of which one comes in a microsecond at the largest rate, and a part in 2^21 of the time.
pub fn adjustable(context: &Context<'_>) -> Option<Value> {
    let changes = context.case.steps.iter().any(|step| step.op.starts_with("set_"));
    let mut model = Model::after(context).filter(|_| changes)?;
    let exact = model.show(context.key)?;
    let late = (model.fastest * model.span as f64 / model.tokens as f64).max(1.0) + 1.0;
    let unit = match context.key.rsplit_once('_') {
        Some((_, "ms")) => 1e-3,
        Some((_, "ns")) => 1e3,
        _ if context.key == "available" && model.shows_debts => {
            model.balance -= (late * 1e3) as i128 * model.tokens;
            return Some(json!({"ge": model.show("available")?, "le": exact}));
        }
        _ => return Some(exact),
    };
    let time = exact.as_f64()?;
    let since = if context.key.starts_with("act_at") {
        context.step.at_ms.micros() as f64 / 1e3
    } else {
        0.0
    };
    Some(json!({"ge": time, "le": time + late * unit + (time - since) / f64::from(1 << 21)}))
}

/// What is there at the last whole microsecond.
pub fn resolution(context: &Context<'_>) -> Option<Value> {
    let finer = context.step.at_ms.nanos % 1_000 != 0;
    shown(context, |_| finer)
}
