//! Whether a breaker opens at given numbers: found out by making as many calls.

use serde::Deserialize;
use watertight::State;

use super::super::super::file::Said;
use super::super::super::words::Ratio;
use super::super::read;
use super::made;
use super::plan::{NOTHING_IS_SLOW, Plan, Span, Trip};
use core::time::Duration;
use watertight::Instant;
use watertight::breaker::Outcome;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    throughput: u32,
    min_throughput: u32,
    failure_rate: Ratio,
    failure_ratio: Ratio,
}

/// More than any such decision is about.
const MOST_CALLS: u32 = 1_000_000;

/// Whether a breaker that opens at `failure_ratio` from `min_throughput` calls on is open after `throughput` calls of
/// which `failure_rate` failed, these being the last ones.
///
/// # Errors
/// A sentence, if so many calls make no such rate.
pub fn breaks(said: &Said) -> Result<bool, String> {
    let numbers: Numbers = read(said)?;
    // As many times the calls as it takes for a whole number of failures.
    let times =
        numbers.failure_rate.denominator / gcd(numbers.failure_rate.denominator, numbers.throughput.into());
    let small = |number: u64| {
        let calls = u32::try_from(number).ok().filter(|calls| *calls <= MOST_CALLS);
        calls.ok_or_else(|| format!("it takes more than {MOST_CALLS} calls to make these rates"))
    };
    let calls = u64::from(numbers.throughput).saturating_mul(times);
    small(calls)?;
    let failures = (calls / numbers.failure_rate.denominator).saturating_mul(numbers.failure_rate.numerator);
    let minimum = u64::from(numbers.min_throughput).saturating_mul(times);
    let trip = Trip::Rate {
        percent: numbers.failure_ratio.percent()?,
        minimum: small(minimum)?,
        slow: NOTHING_IS_SLOW,
        window: Span::Time(Duration::from_secs(60)),
    };
    let breaker = made::breaker(&Plan::new(trip, Duration::from_secs(1)))?;
    let now = Instant::from_micros(0);
    for call in 0..small(calls)? {
        let outcome = if u64::from(call) < calls - failures.min(calls) {
            Outcome::Success
        } else {
            Outcome::Failure
        };
        match breaker.acquire(now) {
            Ok(permit) => drop(permit.settle(now, outcome)),
            Err(_) => break,
        }
    }
    Ok(breaker.snapshot(now).state() == State::Open)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
