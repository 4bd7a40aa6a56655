//! Backoff calculators.
//!
//! A system's operation is its formula: it says which backoff of the crate is meant, and which delay of it.

use core::time::Duration;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use watertight::backoff::Builder;
use watertight::random::up_to;
use watertight::{Backoff, Instant, Jitter, Micros, Random, Reconnect};

use super::super::dialects;
use super::super::file::{Case, Step, Time};
use super::super::value::{self, Got};
use super::super::words::{Ratio, draw};
use super::{Operations, Subject, arguments, instant, read, times};

/// What can be asked of a backoff.
pub const OPERATIONS: Operations = &[
    ("aws_2026", DRAWN),
    ("aws_decorrelated", DRAWN),
    ("aws_equal", DRAWN),
    ("aws_full", DRAWN),
    ("coap", &["rand", "transmission"]),
    ("connected", &[]),
    ("delay", DRAWN),
    ("envoy_jitter", DRAWN),
    ("envoy_lower_bound", DRAWN),
    ("failsafe_delay", DRAWN),
    ("finagle", DRAWN),
    ("grpc_backoff", DRAWN),
    ("next_delay", &["rand"]),
    ("polly_delay", DRAWN),
    ("r4j_interval", DRAWN),
    ("reset", &[]),
    ("retry_after_clamp", &["header_ms"]),
    ("sequence", &["rand"]),
    ("worst_case_total", &["n"]),
];

/// What is said of one delay.
const DRAWN: &[&str] = &["attempt", "index", "max_ms", "rand", "raw", "retry"];

/// What a system's configuration of a backoff is here.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How the delays grow.
    pub growth: Growth,
    /// The first.
    pub first: Duration,
    /// None is longer.
    pub cap: Option<Duration>,
    /// How they are spread where a draw is given, or at all.
    pub jitter: Jitter,
    /// Whether a larger draw is a shorter delay.
    pub draws_fall: bool,
    /// The number of the first retry.
    pub first_retry: u32,
    /// By how much the first one is longer at most, where it is drawn once for all.
    pub spread: Option<Duration>,
    /// The most that all of them may come to.
    pub max_total: Option<Duration>,
    /// How many attempts there are.
    pub max_attempts: Option<u32>,
    /// The longest that a server may ask for.
    pub max_hint: Option<Duration>,
    /// After how long a connection is a stable one.
    pub stable: Duration,
}

/// How delays grow.
#[derive(Clone, Copy, Debug)]
pub enum Growth {
    /// Not at all.
    Constant,
    /// By so much each time.
    Linear(Duration),
    /// By this factor.
    Exponential(Ratio),
    /// Each the sum of the two before.
    Fibonacci,
}

impl Plan {
    /// Delays that grow so from `first`, without jitter, retries counted from 0.
    pub fn new(growth: Growth, first: Time, cap: Option<Time>) -> Self {
        Self {
            growth,
            first: first.duration(),
            cap: cap.map(Time::duration),
            jitter: Jitter::None,
            draws_fall: false,
            first_retry: 0,
            spread: None,
            max_total: None,
            max_attempts: None,
            max_hint: None,
            stable: Duration::ZERO,
        }
    }

    /// As the crate is told, with this jitter.
    fn backoff(&self, jitter: Jitter) -> Result<Backoff, String> {
        self.builder(jitter)?
            .try_build()
            .map_err(|error| error.to_string())
    }

    /// The same, not yet built.
    pub fn builder(&self, jitter: Jitter) -> Result<Builder, String> {
        let cap = self.cap.unwrap_or(Duration::MAX);
        // A first delay above the cap is the cap, to those who do not refuse it.
        let first = self.first.min(cap);
        let mut builder = match self.growth {
            // What begins with nothing stays there.
            Growth::Exponential(_) | Growth::Fibonacci if first.is_zero() => Backoff::constant(first),
            Growth::Constant => Backoff::constant(first),
            Growth::Linear(step) => Backoff::linear(first, step, cap),
            Growth::Fibonacci => Backoff::fibonacci(first, cap),
            Growth::Exponential(_) => Backoff::exponential(first, cap),
        };
        match self.growth {
            Growth::Exponential(factor) if jitter != Jitter::Decorrelated && !first.is_zero() => {
                let (numerator, denominator) = factor.pair()?;
                builder = builder.factor(numerator, denominator);
            }
            _ => {}
        }
        if let Some(total) = self.max_total {
            builder = builder.max_total(total);
        }
        if let Some(attempts) = self.max_attempts {
            builder = builder.max_attempts(attempts);
        }
        if let Some(hint) = self.max_hint {
            builder = builder.max_hint(hint);
        }
        Ok(builder.jitter(jitter))
    }
}

/// A backoff that a case asks.
pub struct Calculator {
    plan: Plan,
    previous: Micros,
    reconnect: Option<Reconnect>,
    answers: BTreeMap<&'static str, Got>,
}

/// What is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Args {
    #[serde(alias = "retry", alias = "index", alias = "transmission")]
    attempt: Option<u32>,
    /// The draw, as a part of one.
    rand: Option<f64>,
    /// The draw, of which the system takes the rest by the length of the range.
    raw: Option<Raw>,
    max_ms: Option<Time>,
    header_ms: Option<Value>,
    n: Option<u32>,
}

/// A number, or a decimal string where it is a large one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Raw {
    Number(u64),
    Text(String),
}

impl Raw {
    fn number(&self) -> Result<u64, String> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Text(text) => text.parse().map_err(|_| format!("'{text}' is no draw")),
        }
    }
}

/// One draw, as often as it is asked for.
struct Drawn(u32);

impl Random for Drawn {
    fn next(&self) -> u32 {
        self.0
    }
}

/// More delays than any case writes down.
const MOST_DELAYS: usize = 1_000;

impl Calculator {
    /// The backoff of a case.
    pub fn of_case(case: &Case) -> Result<Self, String> {
        Ok(Self {
            plan: dialects::backoff(case)?,
            previous: Micros::ZERO,
            reconnect: None,
            answers: BTreeMap::new(),
        })
    }

    fn answer(&mut self, key: &'static str, micros: Micros) {
        let got = if micros == Micros::MAX {
            "MAX_DURATION".into()
        } else {
            Got::millis(micros.as_micros())
        };
        self.answers.insert(key, got);
    }

    /// The delay before a retry with this draw, and what there is to say about its range.
    fn delay(&mut self, plan: &Plan, jitter: Jitter, args: &Args) -> Result<(), String> {
        let backoff = plan.backoff(jitter)?;
        let retry = args.attempt.unwrap_or(plan.first_retry);
        let retry = retry
            .checked_sub(plan.first_retry)
            .ok_or("there is no such retry")?;
        let [low, high] = [0, u32::MAX].map(|draw| backoff.delay(retry, self.previous, draw));
        let draw = match (args.rand, &args.raw) {
            (Some(rand), None) => draw(if plan.draws_fall { 1.0 - rand } else { rand }),
            (None, Some(raw)) => modulo(raw.number()?, high.saturating_sub(low)),
            (None, None) => 0,
            (Some(_), Some(_)) => return Err("a draw is given twice".into()),
        };
        let delay = backoff.delay(retry, self.previous, draw);
        self.previous = delay;
        for (key, micros) in [
            ("delay", delay),
            ("delay_ms", delay),
            ("interval_ms", delay),
            ("base_ms", backoff.base_delay(retry)),
            ("bound_ms", backoff.base_delay(retry)),
            ("upper_ms", high),
            ("high_ms", high),
            ("low_ms", low),
        ] {
            self.answer(key, micros);
        }
        Ok(())
    }

    /// All delays, as far as the limits go.
    fn sequence(&mut self, draw: u32) -> Result<(), String> {
        let mut delays = self.plan.backoff(self.plan.jitter)?.delays(Drawn(draw));
        let list: Vec<_> = delays
            .by_ref()
            .take(MOST_DELAYS)
            .map(|delay| Got::millis(delay.as_micros()))
            .collect();
        self.answers
            .insert("exhausted", (list.len() < MOST_DELAYS).into());
        self.answers.insert("delays_ms", Got::List(list));
        self.answer("total_ms", delays.total());
        Ok(())
    }

    /// When the message is sent for the k-th time again: one draw for the whole exchange.
    fn coap(&mut self, args: &Args) -> Result<(), String> {
        let spread = Micros::from_duration(self.plan.spread.unwrap_or_default()).as_micros();
        let first = Micros::from_duration(self.plan.first).as_micros();
        let spread = up_to(draw(args.rand.unwrap_or(0.0)), spread);
        let first = first.saturating_add(spread);
        let exchange = Plan {
            first: Duration::from_micros(first),
            ..self.plan
        };
        let times = times(args.attempt.unwrap_or(1))? as usize;
        let mut delays = exchange.backoff(Jitter::None)?.delays(Drawn(0));
        if delays.by_ref().take(times).count() < times {
            return Err("it has given up before".into());
        }
        self.answer("at_ms", delays.total());
        Ok(())
    }

    /// A delay where the server asked for another, in milliseconds; what is no such number asked for none.
    fn hinted(&mut self, header: Option<&Value>) -> Result<(), String> {
        let backoff = self.plan.backoff(Jitter::None)?;
        let written = match header {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let hint = match value::decimal(&written) {
            Some((millis, 0)) => Micros::from_millis(u64::try_from(millis).unwrap_or(0)),
            _ => Micros::ZERO,
        };
        self.answer("delay_ms", backoff.at_least(backoff.base_delay(0), hint));
        Ok(())
    }

    fn reconnecting(&mut self) -> Result<&mut Reconnect, String> {
        let made = match self.reconnect.take() {
            Some(made) => made,
            None => Reconnect::new(self.plan.backoff(self.plan.jitter)?, self.plan.stable),
        };
        Ok(self.reconnect.insert(made))
    }
}

/// The draw that falls on the same place of a range of so many microseconds as the rest of `raw` by its length in
/// milliseconds does.
fn modulo(raw: u64, range: Micros) -> u32 {
    let millis = range.as_micros() / 1_000;
    match raw.checked_rem(millis) {
        Some(rest) => draw(rest as f64 / millis as f64),
        None => 0,
    }
}

impl Subject for Calculator {
    fn act(&mut self, step: &Step) -> Result<(), String> {
        self.answers.clear();
        let args: Args = read(arguments(OPERATIONS, step)?)?;
        if args.rand.is_some_and(|part| !(0.0..=1.0).contains(&part)) {
            return Err("'rand' is a part of one".into());
        }
        let plan = Plan {
            cap: args.max_ms.map(Time::duration).or(self.plan.cap),
            ..self.plan
        };
        let now: Instant = instant(Instant::from_micros(0), step.at_ms);
        match step.op.as_str() {
            // Spread where a draw is given.
            "polly_delay" | "delay" | "finagle" | "failsafe_delay" | "r4j_interval"
                if args.rand.is_none() && args.raw.is_none() =>
            {
                self.delay(&plan, Jitter::None, &args)
            }
            "aws_full" | "aws_2026" => self.delay(&plan, Jitter::Full, &args),
            "aws_equal" => self.delay(&plan, Jitter::Equal, &args),
            "aws_decorrelated" => self.delay(&plan, Jitter::Decorrelated, &args),
            "polly_delay" | "delay" | "finagle" | "failsafe_delay" | "r4j_interval" | "envoy_jitter"
            | "envoy_lower_bound" | "grpc_backoff" => self.delay(&plan, plan.jitter, &args),
            "coap" => self.coap(&args),
            "retry_after_clamp" => self.hinted(args.header_ms.as_ref()),
            "sequence" => self.sequence(draw(args.rand.unwrap_or(0.0))),
            "worst_case_total" => {
                let total = plan
                    .backoff(plan.jitter)?
                    .worst_case_total(args.n.unwrap_or(u32::MAX));
                self.answer("total_ms", total);
                Ok(())
            }
            "next_delay" => {
                let random = Drawn(draw(args.rand.unwrap_or(0.0)));
                let delay = self.reconnecting()?.next_delay(now, &random);
                match delay {
                    Some(delay) => self.answer("delay_ms", delay),
                    None => drop(self.answers.insert("delay_ms", Got::Null)),
                }
                Ok(())
            }
            "connected" => {
                self.reconnecting()?.connected(now);
                Ok(())
            }
            "reset" => {
                self.previous = Micros::ZERO;
                self.reconnecting()?.reset();
                Ok(())
            }
            op => Err(format!("nobody here does '{op}'")),
        }
    }

    fn observe(&mut self, key: &str, _step: &Step) -> Option<Got> {
        match key {
            "retries" => self
                .reconnect
                .as_ref()
                .map(|reconnect| reconnect.retries().into()),
            _ => self.answers.get(key).cloned(),
        }
    }
}
