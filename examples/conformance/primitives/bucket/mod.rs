//! Token buckets, which are rate limiters too.

mod concurrent;
mod made;
mod plan;

use std::collections::BTreeMap;

use serde::Deserialize;
use watertight::{Instant, Micros, Receipt, Rejected, RetryAfter};

use super::super::dialects;
use super::super::file::{Case, Step, Time};
use super::super::value::Got;
use super::super::words::Ratio;
use super::{Operations, Subject, arguments, instant, read, reason, times};
use concurrent::concurrent;
use made::{Made, on};
use plan::Needs;
pub use plan::{LongestWait, Plan};

/// What can be done to a bucket.
pub const OPERATIONS: Operations = &[
    ("acquire", &["id", "max_wait_ms", "n", "times"]),
    ("allow", TAKEN),
    ("borrow", &["id", "max_wait_ms", "n", "times"]),
    ("cancel", &["id"]),
    ("concurrent", &["clock_steps", "n", "threads"]),
    ("consume", TAKEN),
    ("consume_or_drain", &["n"]),
    ("next_token", &[]),
    ("refund", &["id"]),
    ("reserve", &["id", "max_wait_ms", "n", "times"]),
    ("reset", &[]),
    ("set_burst", &["burst"]),
    ("set_limit", &["limit"]),
    ("set_rate", &["rate_per_s"]),
    ("state", &[]),
    ("try_acquire", TAKEN),
];

/// What is said of tokens that are taken.
const TAKEN: &[&str] = &["every_ms", "id", "n", "partial", "times"];

/// A bucket that a case drives.
pub struct Driven {
    made: Made,
    plan: Plan,
    origin: Instant,
    now: Instant,
    /// What was asked for, and granted or not.
    receipts: Vec<(Option<String>, Option<Receipt>)>,
    answers: BTreeMap<&'static str, Got>,
    /// Of the last call of the last step.
    refusal: Option<Rejected>,
}

/// What an operation says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// One, unless said otherwise; so many times, once unless said otherwise.
    n: Option<u32>,
    times: Option<u32>,
    every_ms: Option<Time>,
    id: Option<String>,
    max_wait_ms: Option<Time>,
    rate_per_s: Option<Ratio>,
    burst: Option<u32>,
    limit: Option<u32>,
    partial: bool,
}

impl Driven {
    /// The bucket of a case.
    pub fn of_case(case: &Case, origin: Instant) -> Result<Self, String> {
        let plan = dialects::bucket(case)?;
        Ok(Self {
            made: Made::new(&plan, &Needs::of_case(case, &plan)?)?,
            plan,
            origin,
            now: origin,
            receipts: Vec::new(),
            answers: BTreeMap::new(),
            refusal: None,
        })
    }

    fn take(&self, tokens: u32) -> Result<Receipt, Rejected> {
        on!(&self.made, self.now, |bucket| bucket.try_acquire_many(tokens))
    }

    /// Reserves, in one go or one after the other: the last receipt says when all of them are there.
    fn reserve(&mut self, args: &Args) -> bool {
        let wait = args.max_wait_ms.map_or(self.plan.patience, Time::duration);
        let wait = Micros::from_duration(wait);
        let (times, tokens) = (args.times.unwrap_or(1), args.n.unwrap_or(1));
        let (times, tokens) = if self.plan.in_turn {
            (times.saturating_mul(tokens), 1)
        } else {
            (times, tokens)
        };
        for _ in 0..times {
            let receipt = on!(&self.made, self.now, |bucket| bucket.reserve(tokens, wait));
            self.refusal = receipt.as_ref().err().copied();
            let Ok(receipt) = receipt else {
                self.receipts.push((args.id.clone(), None));
                return false;
            };
            self.answer(
                "act_at_ms",
                Got::millis(receipt.act_at().since(self.origin).as_micros()),
            );
            self.answer_wait(receipt.act_at().since(self.now));
            self.receipts.push((args.id.clone(), Some(receipt)));
        }
        true
    }

    fn answer(&mut self, key: &'static str, got: Got) {
        self.answers.insert(key, got);
    }

    fn answer_wait(&mut self, wait: Micros) {
        self.answer("wait_ms", Got::millis(wait.as_micros()));
        self.answer("wait_ns", Got::Whole(i128::from(wait.as_micros()) * 1_000));
    }

    fn answer_granted(&mut self, granted: bool, tokens: u32) {
        self.answer("permitted", granted.into());
        self.answer("granted", granted.into());
        self.answer("consumed", (if granted { tokens } else { 0 }).into());
    }

    /// How long until so many tokens are there; `None` if never. Asks for them, and gives them back.
    fn wait_for(&self, tokens: u32) -> Option<Micros> {
        match self.take(tokens) {
            Ok(receipt) => {
                on!(&self.made, self.now, |bucket| bucket.refund(receipt));
                Some(Micros::ZERO)
            }
            Err(refusal) => match refusal.retry_after() {
                RetryAfter::In(wait) => Some(wait),
                _ => None,
            },
        }
    }

    /// What is there, debts included: what a full bucket holds, without what drips in until it is one.
    fn balance(&self) -> f64 {
        let missing = match self.wait_for(self.plan.burst) {
            Some(wait) => {
                wait.as_duration().as_secs_f64() * f64::from(self.plan.tokens) / self.plan.span.as_secs_f64()
            }
            None => return f64::from(self.available()),
        };
        // To a millionth of a token, which is finer than what a microsecond brings wherever that is not one or more.
        ((f64::from(self.plan.burst) - missing) * 1e6).round() / 1e6
    }

    fn available(&self) -> u32 {
        on!(&self.made, self.now, |bucket| bucket.available())
    }

    fn set(&mut self) -> Result<(), String> {
        let Made::Varying(bucket) = &self.made else {
            return Err("the rate of this bucket is fixed".into());
        };
        let Plan {
            tokens, span, burst, ..
        } = self.plan;
        bucket
            .at(self.now)
            .set(tokens, span, burst)
            .map_err(|error| error.to_string())
    }
}

impl Subject for Driven {
    fn act(&mut self, step: &Step) -> Result<(), String> {
        self.now = instant(self.origin, step.at_ms);
        self.answers.clear();
        self.refusal = None;
        let said = arguments(OPERATIONS, step)?;
        if step.op == "concurrent" {
            let total = concurrent(&self.made, self.now, read(said)?)?;
            self.answer("total_permitted", Got::Whole(total.into()));
            self.answer("total_consumed", Got::Whole(total.into()));
            return Ok(());
        }
        let args: Args = read(said)?;
        let tokens = args.n.unwrap_or(1);
        times(args.times.unwrap_or(1))?;
        if self.plan.in_turn {
            times(args.times.unwrap_or(1).saturating_mul(tokens.max(1)))?;
        }
        // It asks the bucket: only where the case does.
        if step.expect.contains_key("tokens_before") {
            self.answer("tokens_before", Got::Real(self.balance()));
        }
        match step.op.as_str() {
            "allow" | "consume" if args.partial => self.up_to(tokens),
            "consume_or_drain" => self.up_to(tokens),
            "allow" | "consume" | "try_acquire" => self.consume(&args),
            op @ ("acquire" | "borrow" | "reserve") => {
                let granted = self.reserve(&args);
                self.answer_granted(granted, tokens);
                // What cannot be borrowed has no wait; of the others, some say so by a number.
                if !granted && op != "borrow" {
                    self.answer("wait_ns", Got::Whole(-1));
                    self.answer("wait_ms", Got::Whole(-1));
                }
            }
            "cancel" | "refund" => {
                let asked = self
                    .receipts
                    .iter()
                    .rposition(|(id, _)| args.id.is_none() || *id == args.id);
                let (_, receipt) = self
                    .receipts
                    .remove(asked.ok_or("nothing of this name was asked for before")?);
                // Of what was refused, there is nothing to give back.
                let refunded = receipt.map_or(0, |receipt| {
                    on!(&self.made, self.now, |bucket| bucket.refund(receipt))
                });
                self.answer("refunded", refunded.into());
            }
            "reset" => on!(&self.made, self.now, |bucket| bucket.reset()),
            op if self.plan.change(op, &args)? => self.set()?,
            "next_token" => {
                // In whole milliseconds, as it is asked for.
                let wait = self.wait_for(1).map(|wait| wait.as_micros().div_ceil(1_000));
                self.answer("wait_ms", wait.map_or(Got::Null, |wait| Got::Whole(wait.into())));
            }
            "state" => {}
            op => return Err(format!("nobody here does '{op}'")),
        }
        Ok(())
    }

    fn observe(&mut self, key: &str, _step: &Step) -> Option<Got> {
        if let Some(answer) = self.answers.get(key) {
            return Some(answer.clone());
        }
        let wait =
            |wait: Option<Micros>, got: fn(u64) -> Got| wait.map_or(Got::Null, |wait| got(wait.as_micros()));
        Some(match key {
            "reason" => reason(self.refusal),
            "hint_ms" => match self.refusal.map(|refusal| refusal.retry_after()) {
                Some(RetryAfter::In(wait)) => Got::millis(wait.as_micros()),
                _ => Got::Null,
            },
            // Nothing was promised.
            "act_at_ms" | "wait_ms" => Got::Null,
            "balance" => Got::Real(self.balance()),
            "available" if self.plan.shows_debts => match self.available() {
                0 => {
                    // What two microseconds bring is the rounding of the wait that this is worked out from.
                    let rounding = 2e-6 * f64::from(self.plan.tokens) / self.plan.span.as_secs_f64();
                    Got::Real((self.balance() + rounding).floor().min(0.0))
                }
                some => some.into(),
            },
            "available" => Got::Real(self.balance().max(0.0)),
            "tokens" => self.available().into(),
            "next_wait_ns" => wait(self.wait_for(1), |micros| Got::Whole(i128::from(micros) * 1_000)),
            "retry_after_ms" => wait(self.wait_for(1), Got::millis),
            "next_free_ms" => wait(
                self.wait_for(1)
                    .map(|wait| self.now.after(wait).since(self.origin)),
                Got::millis,
            ),
            _ => return None,
        })
    }

    fn follow(&mut self, step: &Step) {
        let refused = ["permitted", "granted"].map(|key| step.expect.get(key) == Some(&false.into()));
        if !refused.contains(&true) {
            return;
        }
        if let Some(receipt) = self.receipts.last_mut().and_then(|(_, receipt)| receipt.take()) {
            on!(&self.made, self.now, |bucket| bucket.refund(receipt));
        }
    }
}

impl Driven {
    /// Takes tokens so many times: all at one time, or each so much after the one before.
    fn consume(&mut self, args: &Args) {
        let tokens = args.n.unwrap_or(1);
        let mut total: u64 = 0;
        for time in 0..args.times.unwrap_or(1) {
            if time > 0 {
                self.now = instant(self.now, args.every_ms.unwrap_or_default());
            }
            let receipt = self.take(tokens);
            self.refusal = receipt.as_ref().err().copied();
            total += receipt.as_ref().map_or(0, |receipt| u64::from(receipt.tokens()));
            if args.every_ms.is_none() {
                self.receipts.push((args.id.clone(), receipt.ok()));
            }
        }
        self.answer_granted(self.refusal.is_none(), tokens);
        self.answer("total_consumed", Got::Whole(total.into()));
    }

    fn up_to(&mut self, tokens: u32) {
        let receipt = on!(&self.made, self.now, |bucket| bucket.acquire_up_to(tokens));
        self.refusal = receipt.as_ref().err().copied();
        let taken = receipt.map_or(0, |receipt| receipt.tokens());
        self.answer_granted(taken > 0, taken);
    }
}
