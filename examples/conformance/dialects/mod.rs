//! What each system's configuration is here: a file for a system.
//!
//! A file reads the system's own names and says with which configuration of the crate they are meant. A name that
//! it does not know is refused; one that changes nothing here begins with an underscore, and says why.

mod aws;
mod brpc;
mod coap;
mod concurrency_limits;
mod envoy;
mod failsafe;
mod finagle;
mod folly;
mod gobreaker;
mod golang_time;
mod grpc;
mod hystrix;
mod polly;
mod resilience4j;
mod sentinel;
mod watertight;

use super::file::Case;
use super::primitives::backoff;
use super::primitives::breaker::plan::{self, NOTHING_IS_SLOW, Trip};
use super::primitives::bucket;
use core::time::Duration;

/// The circuit breaker of a case.
///
/// # Errors
/// A sentence, if nobody here speaks the dialect, or the configuration is not in it.
pub fn breaker(case: &Case) -> Result<plan::Plan, String> {
    let config = &case.config;
    match case.dialect.as_str() {
        "brpc" => brpc::breaker(config),
        "failsafe" => failsafe::breaker(config),
        "gobreaker" => gobreaker::breaker(config),
        "hystrix" => hystrix::breaker(config),
        "polly" => polly::breaker(config),
        "resilience4j" => resilience4j::breaker(config),
        "sentinel" => sentinel::breaker(config),
        "watertight" => watertight::breaker(config),
        _ => unknown(case),
    }
}

/// The window of a case, in a breaker that opens as late as can be: when every call in it failed.
///
/// # Errors
/// As [`breaker`].
pub fn window(case: &Case) -> Result<plan::Plan, String> {
    let config = &case.config;
    let window = match case.dialect.as_str() {
        "count" | "time_1s_buckets" | "resilience4j" => resilience4j::window(config)?,
        "polly" => polly::window(config)?,
        "watertight" => watertight::window(config)?,
        _ => return unknown(case),
    };
    Ok(plan::Plan::new(
        Trip::Rate {
            percent: 100,
            minimum: MOST_CALLS,
            slow: SLOW,
            window,
        },
        Duration::from_secs(1),
    ))
}

/// No window is judged before.
const MOST_CALLS: u32 = 1_000_000;

/// Which calls are slow, a case says itself.
const SLOW: (u32, Duration) = (NOTHING_IS_SLOW.0, Duration::from_secs(3_600));

/// The backoff of a case.
///
/// # Errors
/// As [`breaker`].
pub fn backoff(case: &Case) -> Result<backoff::Plan, String> {
    let config = &case.config;
    match case.dialect.as_str() {
        "aws_full" | "aws_equal" | "aws_decorrelated" => aws::backoff(config, 0),
        "aws_2026" => aws::backoff(config, 1),
        "coap" => coap::backoff(config),
        "envoy" => envoy::backoff(config),
        "failsafe" => failsafe::backoff(config),
        "finagle" => finagle::backoff(config),
        "grpc_a6" | "grpc_connection" | "grpc" => grpc::backoff(config),
        "polly" => polly::backoff(config),
        "resilience4j" => resilience4j::backoff(config),
        "watertight" => watertight::backoff(config),
        _ => unknown(case),
    }
}

/// The token bucket, or rate limiter, of a case.
///
/// # Errors
/// As [`breaker`].
pub fn bucket(case: &Case) -> Result<bucket::Plan, String> {
    let config = &case.config;
    match case.dialect.as_str() {
        "envoy" => envoy::bucket(config),
        "failsafe_smooth" => failsafe::smooth(config),
        "failsafe_bursty" => failsafe::bursty(config),
        "folly" => folly::bucket(config),
        "resilience4j" => resilience4j::limiter(config),
        "sentinel_pacing" => sentinel::pacing(config),
        "x_time_rate" => golang_time::bucket(config),
        "watertight" => watertight::bucket(config),
        _ => unknown(case),
    }
}

/// How many places the bulkhead of a case has.
///
/// # Errors
/// As [`breaker`].
pub fn bulkhead(case: &Case) -> Result<u32, String> {
    let config = &case.config;
    match case.dialect.as_str() {
        "envoy" => envoy::bulkhead(config),
        "failsafe" => failsafe::bulkhead(config),
        "partitioned" => concurrency_limits::bulkhead(config),
        "semaphore" | "resilience4j" => resilience4j::bulkhead(config),
        "watertight" => watertight::bulkhead(config),
        _ => unknown(case),
    }
}

fn unknown<T>(case: &Case) -> Result<T, String> {
    Err(format!(
        "nobody here speaks the dialect '{}' of {}",
        case.dialect, case.primitive
    ))
}
