//! Token buckets, which are rate limiters too.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde::Deserialize;
use watertight::bucket::{AdjustableBucket, AdjustableQuota, InvalidQuota};
use watertight::{Instant, ManualClock, Micros, Quota, Receipt, Rejected, RetryAfter, TokenBucket};

use super::super::dialects;
use super::super::file::{Case, Step, Time};
use super::super::value::Got;
use super::super::words::Ratio;
use super::{Subject, instant, read};

/// What can be done to a bucket.
pub const OPERATIONS: &[&str] = &[
    "acquire",
    "allow",
    "borrow",
    "cancel",
    "concurrent",
    "consume",
    "consume_or_drain",
    "next_token",
    "refund",
    "reserve",
    "reset",
    "set_burst",
    "set_limit",
    "set_rate",
    "state",
];

/// What a system's configuration of a bucket is here.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// So many tokens,
    pub tokens: u32,
    /// in so much time.
    pub span: Duration,
    /// How many there are at most.
    pub burst: u32,
    /// How many there are at first.
    pub initial: u32,
    /// How long a reservation without a wait of its own may be for.
    pub patience: Duration,
    /// Whether more than the burst is taken one after the other.
    pub in_turn: bool,
    /// Whether what is available is shown in whole tokens, and below zero where some are promised.
    pub shows_debts: bool,
}

impl Plan {
    /// A full bucket of this rate; reservations wait as long as can be.
    pub fn new((tokens, span): (u32, Duration), burst: u32) -> Self {
        Self {
            tokens,
            span,
            burst,
            initial: burst,
            patience: LONGEST_WAIT,
            in_turn: false,
            shows_debts: false,
        }
    }
}

impl Plan {
    /// Changes what the operation says; `false` if it is about something else.
    fn change(&mut self, op: &str, args: &Args) -> Result<bool, String> {
        match op {
            "set_rate" => {
                (self.tokens, self.span) = args.rate_per_s.ok_or("no rate is given")?.per_second()?
            }
            "set_burst" => self.burst = args.burst.ok_or("no burst is given")?,
            "set_limit" => {
                self.tokens = args.limit.ok_or("no limit is given")?;
                self.burst = self.tokens;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The longest wait of a quota here.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// A bucket whose rate is fixed, or one whose rate a step changes.
enum Made {
    Fixed(TokenBucket<(), Quota>),
    Varying(AdjustableBucket<(), AdjustableQuota>),
}

/// Calls a method of either, with this clock.
macro_rules! on {
    ($made:expr, $clock:expr, |$bucket:ident| $what:expr) => {
        match $made {
            Made::Fixed(bucket) => {
                let $bucket = bucket.at($clock);
                $what
            }
            Made::Varying(bucket) => {
                let $bucket = bucket.at($clock);
                $what
            }
        }
    };
}

impl Made {
    /// The bucket that is planned, with the longest wait that one of its rate can promise, up to an hour. One that can be
    /// changed, as far as the `most` that is given, counts the more coarsely, the longer its waits may be: it gets the waits
    /// that are asked for, or if none are, those that cost nothing.
    fn new(plan: &Plan, most: Option<Most>) -> Result<Self, String> {
        let builder = Quota::per(plan.tokens, plan.span)
            .burst(plan.burst)
            .initial(plan.initial);
        if let Some(Most { tokens, span, burst }) = most {
            let builder = if plan.patience < LONGEST_WAIT {
                builder.longest_wait(plan.patience)
            } else {
                builder
            };
            let quota = builder
                .try_build_adjustable(tokens, span, burst)
                .map_err(|error| error.to_string())?;
            return Ok(Self::Varying(AdjustableBucket::new((), quota)));
        }
        let mut wait = LONGEST_WAIT;
        loop {
            match builder.longest_wait(wait).try_build() {
                Ok(quota) => return Ok(Self::Fixed(TokenBucket::new((), quota))),
                Err(InvalidQuota::LongestWait) if !wait.is_zero() => wait /= 2,
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

/// The most that a bucket is ever changed to.
#[derive(Clone, Copy, Debug)]
struct Most {
    tokens: u32,
    span: Duration,
    burst: u32,
}

impl Most {
    /// Of all steps of a case; `None` if none changes anything.
    fn of_case(case: &Case, plan: &Plan) -> Result<Option<Self>, String> {
        let mut most = None;
        let mut now = *plan;
        for step in &case.steps {
            if now.change(&step.op, &read_changes(step)?)? {
                let Self { tokens, span, burst } = most.unwrap_or(Self {
                    tokens: plan.tokens,
                    span: plan.span,
                    burst: plan.burst,
                });
                let is_faster =
                    u128::from(now.tokens) * span.as_nanos() > u128::from(tokens) * now.span.as_nanos();
                let (tokens, span) = if is_faster {
                    (now.tokens, now.span)
                } else {
                    (tokens, span)
                };
                most = Some(Self {
                    tokens,
                    span,
                    burst: burst.max(now.burst),
                });
            }
        }
        Ok(most)
    }
}

/// The arguments of a step that may change a rate; of any other, none.
fn read_changes(step: &Step) -> Result<Args, String> {
    if step.op.starts_with("set_") {
        read(&step.args)
    } else {
        Ok(Args::default())
    }
}

/// A bucket that a case drives.
pub struct Driven {
    made: Made,
    plan: Plan,
    origin: Instant,
    now: Instant,
    receipts: Vec<(Option<String>, Receipt)>,
    answers: BTreeMap<&'static str, Got>,
}

/// What an operation says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Args {
    n: u32,
    times: u32,
    id: Option<String>,
    max_wait_ms: Option<Time>,
    rate_per_s: Option<Ratio>,
    burst: Option<u32>,
    limit: Option<u32>,
    partial: bool,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            n: 1,
            times: 1,
            id: None,
            max_wait_ms: None,
            rate_per_s: None,
            burst: None,
            limit: None,
            partial: false,
        }
    }
}

impl Driven {
    /// The bucket of a case.
    pub fn of_case(case: &Case, origin: Instant) -> Result<Self, String> {
        let plan = dialects::bucket(case)?;
        Ok(Self {
            made: Made::new(&plan, Most::of_case(case, &plan)?)?,
            plan,
            origin,
            now: origin,
            receipts: Vec::new(),
            answers: BTreeMap::new(),
        })
    }

    fn take(&self, tokens: u32) -> Result<Receipt, Rejected> {
        on!(&self.made, self.now, |bucket| bucket.try_acquire_many(tokens))
    }

    /// Reserves, in one go or one after the other: the last receipt says when all of them are there.
    fn reserve(&mut self, args: &Args) -> Result<(), Rejected> {
        let wait = args.max_wait_ms.map_or(self.plan.patience, Time::duration);
        let wait = Micros::from_duration(wait);
        let (times, tokens) = if self.plan.in_turn {
            (args.times * args.n, 1)
        } else {
            (args.times, args.n)
        };
        for _ in 0..times {
            let receipt = on!(&self.made, self.now, |bucket| bucket.reserve(tokens, wait))?;
            self.answer(
                "act_at_ms",
                Got::millis(receipt.act_at().since(self.origin).as_micros()),
            );
            self.answer_wait(receipt.act_at().since(self.now));
            self.receipts.push((args.id.clone(), receipt));
        }
        Ok(())
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
        if !granted {
            self.answer("wait_ns", Got::Whole(-1));
        }
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
        if step.op == "concurrent" {
            let total = concurrent(&self.made, self.now, read(&step.args)?)?;
            self.answer("total_permitted", Got::Whole(total.into()));
            self.answer("total_consumed", Got::Whole(total.into()));
            return Ok(());
        }
        let args: Args = read(&step.args)?;
        self.answer("tokens_before", Got::Real(self.balance()));
        match step.op.as_str() {
            "allow" | "consume" if args.partial => self.up_to(args.n),
            "allow" | "consume" => {
                let mut granted = true;
                for _ in 0..args.times {
                    let receipt = self.take(args.n);
                    granted = receipt.is_ok();
                    self.receipts
                        .extend(receipt.ok().map(|receipt| (args.id.clone(), receipt)));
                }
                self.answer_granted(granted, args.n);
            }
            "consume_or_drain" => self.up_to(args.n),
            "acquire" | "reserve" | "borrow" => {
                let granted = self.reserve(&args).is_ok();
                self.answer_granted(granted, args.n);
            }
            "cancel" | "refund" => {
                let named = self
                    .receipts
                    .iter()
                    .rposition(|(id, _)| args.id.is_none() || *id == args.id);
                let (_, receipt) = self
                    .receipts
                    .remove(named.ok_or("nothing was reserved that could be given back")?);
                let refunded = on!(&self.made, self.now, |bucket| bucket.refund(receipt));
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
        if refused.contains(&true)
            && let Some((_, receipt)) = self.receipts.pop()
        {
            on!(&self.made, self.now, |bucket| bucket.refund(receipt));
        }
    }
}

impl Driven {
    fn up_to(&mut self, tokens: u32) {
        let receipt = on!(&self.made, self.now, |bucket| bucket.acquire_up_to(tokens));
        let taken = receipt.map_or(0, |receipt| receipt.tokens());
        self.answer_granted(taken > 0, taken);
    }
}

/// Threads that take tokens at the same time, while the clock moves on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Concurrent {
    threads: Threads,
    #[serde(default = "one")]
    n: u32,
    #[serde(default)]
    clock_steps: Vec<ClockStep>,
}

const fn one() -> u32 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Threads {
    /// So many, each of which asks once.
    Number(u32),
    /// These, each of which asks until it has enough.
    Each(Vec<Worker>),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Worker {
    n: u32,
    #[serde(default)]
    partial: bool,
    stop_at: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockStep {
    times: u32,
    by_ms: Time,
}

/// How many tokens they got in all.
fn concurrent(made: &Made, now: Instant, said: Concurrent) -> Result<u64, String> {
    let workers = match said.threads {
        // Enough after the first that it is granted; and it asks only once, since the clock stands.
        Threads::Number(number) => vec![
            Worker {
                n: said.n,
                partial: false,
                stop_at: said.n
            };
            number as usize
        ],
        Threads::Each(workers) => workers,
    };
    let clock = ManualClock::starting_at(now);
    let stands = AtomicBool::new(false);
    let total = AtomicU64::new(0);
    thread::scope(|scope| {
        for worker in workers {
            let (clock, stands, total) = (&clock, &stands, &total);
            scope.spawn(move || {
                let mut taken = 0;
                while taken < worker.stop_at {
                    // Looked at before asking: what is refused after the last step stays refused.
                    let is_last = stands.load(Ordering::Acquire);
                    let wanted = worker.n.min(worker.stop_at - taken);
                    let got = on!(made, clock, |bucket| if worker.partial {
                        bucket.acquire_up_to(wanted)
                    } else {
                        bucket.try_acquire_many(wanted)
                    });
                    match got {
                        Ok(receipt) => taken += receipt.tokens(),
                        Err(_) if is_last => break,
                        Err(_) => thread::yield_now(),
                    }
                }
                total.fetch_add(taken.into(), Ordering::Relaxed);
            });
        }
        let mut moved = Ok(());
        for step in &said.clock_steps {
            for _ in 0..step.times {
                moved = moved.and(clock.advance(Micros::from_micros(step.by_ms.micros())));
                thread::yield_now();
            }
        }
        stands.store(true, Ordering::Release);
        moved
    })
    .map_err(|error| error.to_string())?;
    Ok(total.into_inner())
}
