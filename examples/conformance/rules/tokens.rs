//! Of tokens: a bucket in whole numbers, obviously right, and when it is to be asked.

use serde_json::{Value, json};

use super::super::dialects;
use super::super::file::{Portability, Step};
use super::super::value::decimal;
use super::Context;

/// A bucket as row S12 describes it, for one caller at a time. A token is as many units as its span has nanoseconds, so that
/// each nanosecond brings as many units as there are tokens in the span, and nothing is ever rounded.
#[derive(Debug)]
struct Model {
    tokens: i128,
    span: i128,
    burst: i128,
    /// In units; below zero where some are promised.
    balance: i128,
    /// In nanoseconds, to the microsecond.
    now: i128,
    patience: i128,
    in_turn: bool,
    /// What was asked for and not given back, the newest last.
    asked: Vec<Asked>,
    /// How often the rate was changed.
    changes: usize,
    /// What the last step came to: when, and how many tokens; `None` if it was refused.
    granted: Option<(i128, i128)>,
    before: i128,
    /// Tokens that were given back, and receipts of which nothing was.
    refunded: i128,
    refused: usize,
    went_back: bool,
    /// Tokens that were given back after the instant that they were for.
    refunded_late: i128,
    /// The largest rate that any step sets, in tokens for a nanosecond.
    fastest: f64,
}

/// What was asked for.
#[derive(Debug)]
struct Asked {
    id: Option<String>,
    /// For when, and how many; `None` if it was refused.
    granted: Option<(i128, i128)>,
    changes: usize,
}

impl Model {
    /// The bucket of a case after the steps so far.
    fn after(context: &Context<'_>) -> Option<Self> {
        let plan = dialects::bucket(context.case).ok()?;
        let span = i128::try_from(plan.span.as_nanos()).ok()?;
        let steps = &context.case.steps[..=context.number];
        let mut model = Self {
            tokens: plan.tokens.into(),
            span,
            burst: plan.burst.into(),
            balance: i128::from(plan.initial) * span,
            now: nanos(&steps[0]),
            patience: i128::try_from(plan.patience.as_nanos()).ok()?,
            in_turn: plan.in_turn,
            asked: Vec::new(),
            changes: 0,
            refunded_late: 0,
            granted: None,
            before: 0,
            refunded: 0,
            refused: 0,
            went_back: false,
            fastest: 0.0,
        };
        model.note_rate();
        steps.iter().try_for_each(|step| model.step(step))?;
        Some(model)
    }

    fn step(&mut self, step: &Step) -> Option<()> {
        let said = |key: &str| step.args.get(key).and_then(Value::as_i64).map(i128::from);
        let id = step.args.get("id").and_then(Value::as_str).map(str::to_owned);
        let (n, times) = (said("n").unwrap_or(1), said("times").unwrap_or(1));
        let at = nanos(step);
        self.went_back |= at < self.now;
        self.balance = (self.balance + (at - self.now) * self.tokens).min(self.burst * self.span);
        self.now = at;
        self.before = self.balance;
        self.granted = None;
        match step.op.as_str() {
            "allow" | "consume" if step.args.get("partial") == Some(&true.into()) => self.take_up_to(n, &id),
            "allow" | "consume" | "try_acquire" => {
                for _ in 0..times {
                    self.take(n, 0, &id);
                }
            }
            "consume_or_drain" => self.take_up_to(n, &id),
            "acquire" | "reserve" | "borrow" => {
                let (times, n) = if self.in_turn { (times * n, 1) } else { (times, n) };
                let patience = match step.args.get("max_wait_ms") {
                    Some(wait) => {
                        let (digits, scale) = decimal(&wait.to_string())?;
                        digits * 1_000_000 / 10_i128.pow(scale)
                    }
                    None => self.patience,
                };
                for _ in 0..times {
                    self.take(n, patience, &id);
                }
            }
            "cancel" | "refund" => {
                let place = self
                    .asked
                    .iter()
                    .rposition(|asked| id.is_none() || asked.id == id)?;
                let Asked { granted, changes, .. } = self.asked.remove(place);
                let is_newest = self.asked[place..].iter().all(|later| later.granted.is_none());
                match granted {
                    Some((at, tokens)) if is_newest && changes == self.changes => {
                        self.balance += tokens * self.span;
                        self.refunded += tokens;
                        self.refunded_late += if at <= self.now { tokens } else { 0 };
                    }
                    Some(_) => self.refused += 1,
                    None => {}
                }
            }
            "set_rate" => {
                let (digits, scale) = decimal(&step.args.get("rate_per_s")?.to_string())?;
                let span = 10_i128.pow(scale) * 1_000_000_000;
                self.change(digits, span, self.burst);
            }
            "set_burst" => self.change(self.tokens, self.span, said("burst")?),
            "set_limit" => self.change(said("limit")?, self.span, said("limit")?),
            "state" | "next_token" => {}
            _ => return None,
        }
        Some(())
    }

    fn change(&mut self, tokens: i128, span: i128, burst: i128) {
        // In units of the other span.
        self.balance = (self.balance * span / self.span).min(burst * span);
        (self.tokens, self.span, self.burst) = (tokens, span, burst);
        self.changes += 1;
        self.note_rate();
    }

    fn take_up_to(&mut self, n: i128, id: &Option<String>) {
        self.take(n.min(self.balance.div_euclid(self.span)).max(0), 0, id);
    }

    fn note_rate(&mut self) {
        self.fastest = self.fastest.max(self.tokens as f64 / self.span as f64);
    }

    fn take(&mut self, n: i128, patience: i128, id: &Option<String>) {
        let wait = self
            .wait_for(n)
            .filter(|wait| *wait <= patience && n <= self.burst);
        self.granted = wait.map(|wait| {
            self.balance -= n * self.span;
            (self.now + wait, n)
        });
        self.asked.push(Asked {
            id: id.clone(),
            granted: self.granted,
            changes: self.changes,
        });
    }

    /// In nanoseconds, to the next microsecond.
    fn wait_for(&self, n: i128) -> Option<i128> {
        let missing = (n * self.span - self.balance).max(0);
        if missing == 0 {
            return Some(0);
        }
        // The next whole microsecond after which so many units have come.
        let each = self.tokens * 1_000;
        (each > 0).then(|| (missing + each - 1) / each * 1_000)
    }

    fn show(&self, key: &str, shows_debts: bool) -> Option<Value> {
        let millis = |nanos: i128| json!(nanos as f64 / 1e6);
        let real = |units: i128| units as f64 / self.span as f64;
        // What a microsecond brings: a balance is worked out from waits, which are whole ones.
        let near = |tokens: f64| {
            let off = 1e-6 + self.tokens as f64 * 1e3 / self.span as f64;
            json!({"ge": tokens - off, "le": tokens + off})
        };
        Some(match key {
            "permitted" | "granted" => json!(self.granted.is_some()),
            "consumed" => json!(self.granted.map_or(0, |(_, n)| n as i64)),
            "refunded" => json!(self.refunded as i64),
            "act_at_ms" => self.granted.map_or(Value::Null, |(at, _)| millis(at)),
            "wait_ms" => self.granted.map_or(json!(-1), |(at, _)| millis(at - self.now)),
            "wait_ns" => self
                .granted
                .map_or(json!(-1), |(at, _)| json!((at - self.now) as i64)),
            "next_wait_ns" => self.wait_for(1).map_or(Value::Null, |wait| json!(wait as i64)),
            "next_free_ms" => self
                .wait_for(1)
                .map_or(Value::Null, |wait| millis(self.now + wait)),
            "tokens_before" => near(real(self.before)),
            "balance" => near(real(self.balance)),
            "available" if shows_debts => json!(self.balance.div_euclid(self.span) as i64),
            "available" => near(real(self.balance).max(0.0)),
            _ => return None,
        })
    }
}

fn nanos(step: &Step) -> i128 {
    i128::from(step.at_ms.micros()) * 1_000
}

/// What the model shows, if this is so of it.
fn shown(context: &Context<'_>, applies: impl Fn(&Model) -> bool) -> Option<Value> {
    let model = Model::after(context).filter(applies)?;
    model.show(context.key, dialects::bucket(context.case).ok()?.shows_debts)
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
    let applies = ["period_ms", "interval_ms"]
        .iter()
        .any(|key| config.contains_key(*key));
    shown(context, |_| applies)
}

/// What is there at the next lower rate that can be kept: the same, a little later. That is at most a drop and a microsecond, of
/// the drops of which one comes in a microsecond at the largest rate, and a part in 2^21 of the time.
pub fn adjustable(context: &Context<'_>) -> Option<Value> {
    let changes = context.case.steps.iter().any(|step| step.op.starts_with("set_"));
    let mut model = Model::after(context).filter(|_| changes)?;
    let shows_debts = dialects::bucket(context.case).ok()?.shows_debts;
    let exact = model.show(context.key, shows_debts)?;
    let late = (model.fastest * model.span as f64 / model.tokens as f64).max(1.0) + 1.0;
    let unit = match context.key.rsplit_once('_') {
        Some((_, "ms")) => 1e-3,
        Some((_, "ns")) => 1e3,
        _ if context.key == "available" && shows_debts => {
            model.balance -= (late * 1e3) as i128 * model.tokens;
            return Some(json!({"ge": model.show("available", true)?, "le": exact}));
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
