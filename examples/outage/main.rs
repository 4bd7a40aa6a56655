//! An outage, lived through twice: by naive callers, and by callers behind a circuit breaker.
//!
//! ```text
//! cargo run --release --example outage
//! ```
//!
//! A TCP service on the loopback interface, with a bounded number of workers, is healthy, then slow, then dead, then
//! recovering with few workers, then healthy again. Calls come at a steady rate, whether or not earlier ones have
//! come back. The same traffic meets two such services at the same time: once with three immediate attempts
//! a call (`naive.rs`), once with three backed-off attempts behind a breaker (`guarded.rs`: how one uses the crate
//! in a tokio program). What comes of it is measured: a table on the standard output, and a chart.
//!
//! The breaker spares the service, and its callers the wait. It cannot make the sick service answer: while it is open
//! all calls fail, at once. Whether the naive calls are served again in time depends on `QUEUE` in `phases.rs`.

mod caller;
mod chart;
#[path = "../common/mod.rs"]
mod common;
mod figures;
mod guarded;
mod naive;
mod phases;
mod run;
mod service;

use std::process::ExitCode;

use common::command::{self, Example};
use figures::Table;

fn main() -> ExitCode {
    command::main(&Example {
        about: "An outage of a service, seen by naive callers and by callers behind a circuit breaker, side by side",
        out: "target/outage.svg",
        run: |plan, watch| run::side_by_side(plan, watch),
        phase: |plan, elapsed| plan.phase_at(elapsed).name(),
        table: |plan, runs| Table { plan, runs }.to_string(),
        chart: chart::svg,
    })
}
