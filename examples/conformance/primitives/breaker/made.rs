//! A breaker whose window is known only at run time: its type is chosen here, and forgotten.

use core::time::Duration;
use std::sync::Arc;

use watertight::breaker::{
    Adjustable, At, Config, Consecutive, FailureAndSlowRate, NoRandom, Outcome, Policy, Rule, Statistics,
    Stats, Window,
};
use watertight::{Breaker, Instant, Permit, Rejected, Snapshot, Transition, last_calls, last_time};

use super::plan::{Plan, Span, Trip};

/// A breaker of any kind.
pub trait AnyBreaker {
    /// Asks for the right to make one call.
    fn acquire(&self, now: Instant) -> Result<Box<dyn AnyPermit>, Rejected>;
    /// What it is.
    fn snapshot(&self, now: Instant) -> Snapshot;
    /// What its statistics kept.
    fn statistics(&self, now: Instant) -> Statistics;
    /// Closes it, as new.
    fn reset(&self, now: Instant);
    /// Opens it for good.
    fn force_open(&self, now: Instant);
    /// Lets everybody through.
    fn disable(&self, now: Instant);
    /// Puts it in force for everybody, or for nobody.
    fn enforce(&self, enforced: bool) -> Result<(), String>;
}

/// A permit of any breaker. Dropped, it is a cancelled call.
pub trait AnyPermit {
    /// The transition made while admitting.
    fn transition(&self) -> Option<Transition>;
    /// The call ended so.
    fn settle(self: Box<Self>, now: Instant, outcome: Outcome) -> Option<Transition>;
}

type Made<K, W> = Breaker<(), Arc<Adjustable<NoRandom, K>>, W, Stats>;

/// A breaker, and how it is configured when it is in force, and when not.
struct Kept<K, W> {
    breaker: Arc<Made<K, W>>,
    policy: Arc<Adjustable<NoRandom, K>>,
    configs: [Config<NoRandom, K>; 2],
}

impl<K: Rule + 'static, W: Window<Rule = K> + 'static> Kept<K, W>
where
    Arc<Adjustable<NoRandom, K>>: Policy<Rule = K>,
{
    fn boxed(window: W, shadow: Config<NoRandom, K>, enforced: Config<NoRandom, K>) -> Box<dyn AnyBreaker> {
        let policy = Arc::new(Adjustable::new(enforced));
        let breaker = Breaker::with_stats((), Arc::clone(&policy), window, Stats::new());
        Box::new(Self {
            breaker: Arc::new(breaker),
            policy,
            configs: [shadow, enforced],
        })
    }
}

impl<K: Rule + 'static, W: Window<Rule = K> + 'static> AnyBreaker for Kept<K, W>
where
    Arc<Adjustable<NoRandom, K>>: Policy<Rule = K>,
{
    fn acquire(&self, now: Instant) -> Result<Box<dyn AnyPermit>, Rejected> {
        let permit = At::new(Arc::clone(&self.breaker), now).try_acquire()?;
        Ok(Box::new(permit))
    }

    fn snapshot(&self, now: Instant) -> Snapshot {
        self.breaker.at(now).snapshot()
    }

    fn statistics(&self, now: Instant) -> Statistics {
        self.breaker.at(now).statistics()
    }

    fn reset(&self, now: Instant) {
        self.breaker.at(now).reset();
    }

    fn force_open(&self, now: Instant) {
        self.breaker.at(now).force_open();
    }

    fn disable(&self, now: Instant) {
        self.breaker.at(now).disable();
    }

    fn enforce(&self, enforced: bool) -> Result<(), String> {
        let config = &self.configs[usize::from(enforced)];
        self.policy.set(config).map_err(|error| error.to_string())
    }
}

impl<K: Rule, W: Window<Rule = K>> AnyPermit for Permit<At<Arc<Made<K, W>>, Instant>>
where
    Arc<Adjustable<NoRandom, K>>: Policy<Rule = K>,
{
    fn transition(&self) -> Option<Transition> {
        Permit::transition(self)
    }

    fn settle(self: Box<Self>, now: Instant, outcome: Outcome) -> Option<Transition> {
        let permit = self.at(now);
        match outcome {
            Outcome::Success => permit.success(),
            Outcome::Failure => permit.failure(),
            Outcome::FailureRetryAfter(wait) => permit.failure_retry_after(wait),
            Outcome::Ignored => permit.ignore(),
        }
    }
}

/// The breaker that is planned.
///
/// # Errors
/// A sentence, if the configuration makes no sense, or there is no window of its size here.
pub fn breaker(plan: &Plan) -> Result<Box<dyn AnyBreaker>, String> {
    match plan.trip {
        Trip::InARow(failures) => {
            let config = plan.in_a_row(failures)?;
            Ok(Kept::<Consecutive, Consecutive>::boxed(
                Consecutive,
                config,
                config,
            ))
        }
        Trip::Rate {
            percent,
            minimum,
            slow,
            window,
        } => {
            let config = |enforced| plan.rate(percent, minimum, slow, enforced);
            sized(window, config(false)?, config(true)?)
        }
    }
}

type Rates = Config<NoRandom, FailureAndSlowRate>;

/// A window has its size in its type, so that each size is a type more. Of the windows of calls, all up to 64 are
/// here, and the round ones above. Of the windows of time, all up to two hours: those that are as many buckets of the
/// same length are the same.
fn sized(window: Span, shadow: Rates, enforced: Rates) -> Result<Box<dyn AnyBreaker>, String> {
    match window {
        Span::Calls(calls) => of_calls(calls, shadow, enforced).ok_or_else(|| {
            format!("no window of {calls} calls is compiled in here: add its size to made.rs")
        }),
        Span::Time(span) => shape(span)
            .and_then(|(log, buckets)| of_time(log, buckets, shadow, enforced))
            .ok_or_else(|| format!("a window of {span:?} is none, or longer than two hours")),
    }
}

fn of_calls(calls: usize, shadow: Rates, enforced: Rates) -> Option<Box<dyn AnyBreaker>> {
    macro_rules! round {
        ($($size:literal)*) => {
            match calls {
                $($size => Some(Kept::boxed(<last_calls!($size, slow)>::new(), shadow, enforced)),)*
                _ => None,
            }
        };
    }
    seq_macro::seq!(N in 1..=64 {
        match calls {
            #(N => Some(Kept::boxed(<last_calls!(N, slow)>::new(), shadow, enforced)),)*
            _ => round!(
                70 75 80 90 100 110 120 125 128 150 200 250 256 300 400 500 512 600 700 750 800 900 1000 1024 1100 1143
            ),
        }
    })
}

/// How many buckets a window has here.
const BUCKETS: u32 = 16;

/// The length of a bucket, as a power of two of microseconds, and how many of them cover such a window: as `LastTime`
/// has it.
fn shape(span: Duration) -> Option<(u32, u32)> {
    let micros = span.as_micros();
    let log = (16..64).find(|log| micros.div_ceil(1 << log) < u128::from(BUCKETS))?;
    Some((log, micros.div_ceil(1 << log) as u32))
}

fn of_time(log: u32, buckets: u32, shadow: Rates, enforced: Rates) -> Option<Box<dyn AnyBreaker>> {
    macro_rules! covered_by {
        ($log:literal, $few:literal) => {
            seq_macro::seq!(N in $few..16 {
                match buckets {
                    #(N => Some(Kept::boxed(
                        <last_time!((((N as u64) << $log) / 1000) as u32, 16, slow)>::new(), shadow, enforced,
                    )),)*
                    _ => None,
                }
            })
        };
    }
    macro_rules! lengths {
        ($($log:literal)*) => {
            match log {
                16 => covered_by!(16, 1),
                $($log => covered_by!($log, 8),)*
                _ => None,
            }
        };
    }
    lengths!(17 18 19 20 21 22 23 24 25 26 27 28 29)
}
