//! A bucket as row S12 describes it, in whole numbers, obviously right: what a case's own configuration and steps
//! come to.

use serde_json::{Value, json};

use super::super::file::{Said, Step};
use super::super::value::decimal;
use super::Context;

/// For one caller at a time. A token is as many units as its span has nanoseconds, so that each nanosecond brings as
/// many units as there are tokens in the span, and nothing is ever rounded.
#[derive(Debug)]
pub struct Model {
    pub tokens: i128,
    pub span: i128,
    burst: i128,
    /// In units; below zero where some are promised.
    pub balance: i128,
    /// In nanoseconds, to the microsecond.
    now: i128,
    patience: i128,
    in_turn: bool,
    pub shows_debts: bool,
    /// What was asked for and not given back, the newest last.
    asked: Vec<Asked>,
    /// How often the rate was changed.
    changes: usize,
    /// What the last step came to: when, and how many tokens; `None` if it was refused.
    granted: Option<(i128, i128)>,
    before: i128,
    /// Tokens that were given back, and receipts of which nothing was.
    pub refunded: i128,
    pub refused: usize,
    pub went_back: bool,
    /// Tokens that were given back after the instant that they were for.
    pub refunded_late: i128,
    /// The largest rate that any step sets, in tokens for a nanosecond.
    pub fastest: f64,
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
    pub fn after(context: &Context<'_>) -> Option<Self> {
        let mut model = Self::new(&context.case.config, nanos(&context.case.steps[0]))?;
        model.note_rate();
        let steps = &context.case.steps[..=context.number];
        steps.iter().try_for_each(|step| model.step(step))?;
        Some(model)
    }

    /// The bucket of any of the systems that have one, by their own names: not by what `dialects` takes them for.
    fn new(config: &Said, now: i128) -> Option<Self> {
        let count = |key: &str| config.get(key).and_then(Value::as_i64).map(i128::from);
        let rate = |key: &str| {
            let (digits, scale) = decimal(&config.get(key)?.to_string())?;
            Some((digits, 10_i128.pow(scale) * SECOND))
        };
        let time = |key: &str| time(config.get(key)?);
        let ((tokens, span), burst) = if let Some(interval) = time("interval_ms") {
            ((1, interval), 1)
        } else if let Some(period) = time("period_ms") {
            let permits = count("limit").or_else(|| count("max_permits"))?;
            ((permits, period), permits)
        } else if let Some(rate) = rate("permits_per_s") {
            (rate, 1)
        } else {
            (
                rate("rate_per_s").or_else(|| rate("fill_per_s"))?,
                count("burst").or_else(|| count("max"))?,
            )
        };
        let patience = ["timeout_ms", "max_queue_ms", "max_wait_ms"]
            .iter()
            .find_map(|key| time(key));
        let waits = config.contains_key("interval_ms") || config.contains_key("max_permits");
        Some(Self {
            tokens,
            span,
            burst,
            // Whoever has no rate has nothing at first.
            balance: if tokens > 0 || !config.contains_key("permits_per_s") {
                burst * span
            } else {
                0
            },
            now,
            patience: patience.unwrap_or(i128::MAX),
            in_turn: waits || config.contains_key("permits_per_s"),
            shows_debts: waits || config.contains_key("timeout_ms"),
            asked: Vec::new(),
            changes: 0,
            refunded_late: 0,
            granted: None,
            before: 0,
            refunded: 0,
            refused: 0,
            went_back: false,
            fastest: 0.0,
        })
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
                let patience = step.args.get("max_wait_ms").map_or(Some(self.patience), time)?;
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
    pub fn wait_for(&self, n: i128) -> Option<i128> {
        let missing = (n * self.span - self.balance).max(0);
        if missing == 0 {
            return Some(0);
        }
        // The next whole microsecond after which so many units have come.
        let each = self.tokens * 1_000;
        (each > 0).then(|| (missing + each - 1) / each * 1_000)
    }

    /// What shows under this name.
    pub fn show(&self, key: &str) -> Option<Value> {
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
            "available" if self.shows_debts => json!(self.balance.div_euclid(self.span) as i64),
            "available" => near(real(self.balance).max(0.0)),
            _ => return None,
        })
    }
}

/// In nanoseconds.
const SECOND: i128 = 1_000_000_000;

/// A time in milliseconds, in nanoseconds.
fn time(said: &Value) -> Option<i128> {
    let (digits, scale) = decimal(
        said.as_str()
            .map_or_else(|| said.to_string(), str::to_owned)
            .as_str(),
    )?;
    Some(digits * 1_000_000 / 10_i128.pow(scale))
}

fn nanos(step: &Step) -> i128 {
    i128::from(step.at_ms.micros()) * 1_000
}
