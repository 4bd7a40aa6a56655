//! Configuration as it is written in TOML and JSON, and what its author is told when it is wrong.

mod refused;
mod right;
mod times;
mod wrong;

use core::fmt::Debug;
use core::time::Duration;

use serde::de::DeserializeOwned;
use watertight::breaker::{Builder, Consecutive, FailureAndSlowRate, FailureRate, NoRandom};
use watertight::{Backoff, Config, Jitter, Micros, SharedRandom};

type Rate = Config<NoRandom, FailureRate>;
type Rates = Config<NoRandom, FailureAndSlowRate>;
type Unchecked<K = Consecutive> = Builder<NoRandom, K>;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// What is wrong with it, as the author of a JSON text is told, but for where it stands.
#[track_caller]
fn wrong<T: DeserializeOwned + Debug>(json: &str) -> String {
    let error = serde_json::from_str::<T>(json).expect_err(json).to_string();
    error.split(" at line ").take(1).collect()
}

#[track_caller]
fn right<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// A breaker with these fields beside its rule.
fn with(fields: &str) -> String {
    format!(r#"{{"failures": 5, {fields}}}"#)
}

/// Fields of a backoff that would be right without these.
fn exponential(fields: &str) -> String {
    with(&format!(
        r#""open_for": {{"shape": "exponential", "first": "1s", "cap": "1min", {fields}}}"#
    ))
}
