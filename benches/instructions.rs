//! Repeats one operation, to be run under an instruction counter: `.ci/instructions` does.
//!
//! The operations are those of a closed breaker, of a bucket, or of a bulkhead, with nobody else about, inlined as in a user's program. `nothing`
//! is the loop alone, to be subtracted; of a bucket, with the clock.

use std::cell::Cell;
use std::env;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use watertight::breaker::{
    Adjustable, Consecutive, FailureAndSlowRate, FailureRate, Keep, LastCalls, LastTime, NoRandom, Policy,
    Stats, Window,
};
use watertight::bucket::{AdjustableBucket, AdjustableQuota};
use watertight::bulkhead::{self, Waiting};
use watertight::{Breaker, Bulkhead, Config, Instant, Micros, Quota, TokenBucket, last_calls, last_time};

/// A clock that costs nothing: what it costs to ask another comes on top.
type Clock = Standing;

#[derive(Clone, Copy)]
struct Standing;

impl watertight::Clock for Standing {
    #[inline]
    fn now(&self) -> Instant {
        Instant::from_micros(black_box(7))
    }
}

static IN_A_ROW: Config = Config::consecutive(5).build();
static BY_RATE: Config<NoRandom, FailureRate> = Config::failure_rate(60, 20).build();
static BY_RATES: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(60, 20)
    .slow_calls(60, core::time::Duration::from_secs(1))
    .build();
static ADJUSTABLE: Adjustable = Adjustable::new(IN_A_ROW);

static CONSECUTIVE: Breaker<Clock> = Breaker::new(Standing, &IN_A_ROW);
static ADJUSTED: Breaker<Clock, &Adjustable> = Breaker::new(Standing, &ADJUSTABLE);
static COUNTED: Breaker<Clock, &Config, Consecutive, Stats> =
    Breaker::with_stats(Standing, &IN_A_ROW, Consecutive, Stats::new());
static LAST_100: Breaker<Clock, &Config<NoRandom, FailureRate>, last_calls!(100)> =
    Breaker::with_window(Standing, &BY_RATE, LastCalls::new());
static LAST_1000: Breaker<Clock, &Config<NoRandom, FailureRate>, last_calls!(1000)> =
    Breaker::with_window(Standing, &BY_RATE, LastCalls::new());
static LAST_100_SLOW: Breaker<Clock, &Config<NoRandom, FailureAndSlowRate>, last_calls!(100, slow)> =
    Breaker::with_window(Standing, &BY_RATES, LastCalls::new());

static LAST_10_S: Breaker<Clock, &Config<NoRandom, FailureRate>, last_time!(10_000, 16)> =
    Breaker::with_window(Standing, &BY_RATE, LastTime::new());

static A_THOUSAND: Quota = Quota::per_second(1_000).burst(100).build();
static UP_TO_A_THOUSAND: AdjustableQuota =
    Quota::per_second(1_000)
        .burst(100)
        .build_adjustable(1_000, Duration::from_secs(1), 100);

const USAGE: &str = "usage: instructions BREAKER OPERATION TIMES
  BREAKER    consecutive, adjustable, stats, last_100, last_1000, last_100_slow, last_10_s
  OPERATION  nothing, success, success_after_failure, failure_success, call
or: instructions BUCKET OPERATION TIMES
  BUCKET     bucket, adjustable_bucket
  OPERATION  nothing, granted, full, refused, refused_until, reserved
or: instructions BULKHEAD OPERATION TIMES
  BULKHEAD   bulkhead, bulkhead_stats, waiting
  OPERATION  nothing, entered, refused";

/// Answers whether there is such an operation.
fn repeat<P: Policy, W: Window<Rule = P::Rule>, S: Keep>(
    breaker: &'static Breaker<Clock, P, W, S>,
    operation: &str,
    times: u64,
) -> bool {
    let run = |operation: &dyn Fn(&'static Breaker<Clock, P, W, S>)| operation(breaker);
    let succeed = |breaker: &Breaker<Clock, P, W, S>| {
        if let Ok(permit) = breaker.try_acquire() {
            permit.success();
        }
    };
    let fail = |breaker: &Breaker<Clock, P, W, S>| {
        if let Ok(permit) = breaker.try_acquire() {
            permit.failure();
        }
    };
    match operation {
        "nothing" => run(&|breaker| {
            for _ in 0..times {
                black_box(breaker);
            }
        }),
        "success" => run(&|breaker| {
            // A window that is full of successes is quiet.
            for _ in 0..2_000 {
                succeed(breaker);
            }
            for _ in 0..times {
                succeed(black_box(breaker));
            }
        }),
        "success_after_failure" => run(&|breaker| {
            for _ in 0..2_000 {
                succeed(breaker);
            }
            for turn in 0..times {
                // Often enough that the window never is quiet again, seldom enough not to weigh.
                if turn.is_multiple_of(64) {
                    fail(black_box(breaker));
                }
                succeed(black_box(breaker));
            }
        }),
        "failure_success" => run(&|breaker| {
            for _ in 0..times {
                fail(black_box(breaker));
                succeed(black_box(breaker));
            }
        }),
        "call" => run(&|breaker| {
            for _ in 0..2_000 {
                succeed(breaker);
            }
            for _ in 0..times {
                let _ = black_box(breaker.call(|| black_box(Ok::<(), ()>(()))));
            }
        }),
        _ => return false,
    }
    true
}

/// A clock of which every reading is `step` later, as if somebody had slept.
struct Ticking {
    now: Cell<u64>,
    step: Cell<u64>,
}

impl watertight::Clock for &Ticking {
    #[inline]
    fn now(&self) -> Instant {
        self.now.set(self.now.get() + self.step.get());
        Instant::from_micros(self.now.get())
    }
}

/// Answers whether there is such an operation. A macro, since what the two kinds of buckets share is no trait.
macro_rules! repeat_on_bucket {
    ($bucket:expr, $clock:expr, $operation:expr, $times:expr) => {{
        let (bucket, clock, operation, times) = (&$bucket, $clock, $operation.as_str(), $times);
        // One a millisecond drips in.
        let (step, taken) = match operation {
            "granted" | "nothing" => (1_000, 50),
            "full" => (2_000, 0),
            _ => (0, 100),
        };
        let _ = bucket.try_acquire_many(taken);
        clock.step.set(step);
        match operation {
            "nothing" => {
                for _ in 0..times {
                    black_box(watertight::Clock::now(&black_box(clock)));
                }
            }
            "granted" | "full" | "refused" => {
                for _ in 0..times {
                    black_box(black_box(bucket).try_acquire().is_ok());
                }
            }
            "refused_until" => {
                for _ in 0..times {
                    black_box(
                        black_box(bucket)
                            .try_acquire()
                            .map_err(|refusal| refusal.retry_after())
                            .err(),
                    );
                }
            }
            "reserved" => {
                clock.step.set(1_000);
                for _ in 0..times {
                    black_box(black_box(bucket).reserve(1, Micros::from_secs(1)).is_ok());
                }
            }
            _ => {}
        }
        matches!(
            operation,
            "nothing" | "granted" | "full" | "refused" | "refused_until" | "reserved"
        )
    }};
}

/// Answers whether there is such an operation. A macro, as above.
macro_rules! repeat_on_bulkhead {
    ($bulkhead:expr, $operation:expr, $times:expr) => {{
        let (bulkhead, operation, times) = (&$bulkhead, $operation.as_str(), $times);
        let _inside = (operation == "refused").then(|| bulkhead.try_enter());
        match operation {
            "nothing" => {
                for _ in 0..times {
                    black_box(black_box(bulkhead));
                }
            }
            "entered" | "refused" => {
                for _ in 0..times {
                    black_box(black_box(bulkhead).try_enter().is_ok());
                }
            }
            _ => {}
        }
        matches!(operation, "nothing" | "entered" | "refused")
    }};
}

fn main() -> ExitCode {
    let clock = &Ticking {
        now: Cell::new(1_000_000),
        step: Cell::new(0),
    };
    let arguments: Vec<String> = env::args().skip(1).collect();
    let known = match arguments.as_slice() {
        [breaker, operation, times] => times.parse().is_ok_and(|times| match breaker.as_str() {
            "consecutive" => repeat(&CONSECUTIVE, operation, times),
            "adjustable" => repeat(&ADJUSTED, operation, times),
            "stats" => repeat(&COUNTED, operation, times),
            "last_100" => repeat(&LAST_100, operation, times),
            "last_1000" => repeat(&LAST_1000, operation, times),
            "last_100_slow" => repeat(&LAST_100_SLOW, operation, times),
            "last_10_s" => repeat(&LAST_10_S, operation, times),
            "bucket" => repeat_on_bucket!(TokenBucket::new(clock, &A_THOUSAND), clock, operation, times),
            "adjustable_bucket" => repeat_on_bucket!(
                AdjustableBucket::new(clock, &UP_TO_A_THOUSAND),
                clock,
                operation,
                times
            ),
            "bulkhead" => repeat_on_bulkhead!(Bulkhead::new(1), operation, times),
            "bulkhead_stats" => {
                repeat_on_bulkhead!(Bulkhead::with_stats(1, bulkhead::Stats::new()), operation, times)
            }
            "waiting" => repeat_on_bulkhead!(Waiting::<8>::new(1), operation, times),
            _ => false,
        }),
        _ => false,
    };
    if known {
        ExitCode::SUCCESS
    } else {
        eprintln!("{USAGE}");
        ExitCode::FAILURE
    }
}
