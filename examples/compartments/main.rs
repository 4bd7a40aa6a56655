//! Isolation, shown end to end: one dependency of a server becomes slow, and the calls to the others do not notice, or do.
//!
//! ```text
//! cargo run --release --example compartments
//! ```
//!
//! A small TCP server on the loopback interface has three dependencies, a, b and c, and a pool of workers, as many
//! as the traffic needs several times over. Each call goes through one of the dependencies, and keeps a worker for as
//! long. Then c takes a hundred times as long as before. The same traffic meets two such servers at the same time: one
//! hands its workers to whoever comes next (`server.rs`), the other has a bulkhead for each dependency before them
//! (`compartments.rs`: how one uses the crate in a tokio server). What comes of it is measured: a table on the standard output,
//! and a chart.
//!
//! The bulkheads keep c's calls from taking the workers that a and b need. They cannot make c answer: its calls fail
//! either way, but most of them at once. A limit of the queue alone would not help a and b: it would refuse
//! whoever comes while c's calls hold all workers, and those are mostly calls to a and b.

mod chart;
#[path = "../common/mod.rs"]
mod common;
mod compartments;
mod dependency;
mod figures;
mod plan;
mod run;
mod server;

use std::process::ExitCode;

use common::command::{self, Example};
use figures::Table;

fn main() -> ExitCode {
    command::main(&Example {
        about: "A server of which one dependency becomes slow: with one pool of workers for all, and with bulkheads, side by side",
        out: "target/compartments.svg",
        run: |plan, watch| run::side_by_side(plan, watch),
        phase: |plan, elapsed| plan.phase_at(elapsed).name(),
        table: |plan, runs| Table { plan, runs }.to_string(),
        chart: chart::svg,
    })
}
