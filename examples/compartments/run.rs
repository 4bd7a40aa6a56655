//! Two runs side by side: three dependencies, a server before them, and a steady stream of calls each.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio::time::Instant;
use watertight::bulkhead::Statistics;

use crate::common::traffic::{self, Call, Plan, block_on, offer};
use crate::common::wire::{Client, Failure};
use crate::compartments::Compartments;
use crate::dependency;
use crate::plan::{Dependency, PATIENCE};
use crate::server::Server;

/// What was seen in one run.
#[derive(Debug)]
pub struct Run {
    /// Every call that was offered, in the order in which they were.
    pub calls: Vec<Call<Result<(), Failure>>>,
    /// What the compartments kept, if there were any.
    pub compartments: Option<[Statistics; Dependency::ALL.len()]>,
    /// Connections that this machine did not have.
    pub unconnected: u32,
}

/// Both runs.
#[derive(Debug)]
pub struct Runs {
    /// The workers are for whoever comes.
    pub one_pool: Run,
    /// Each dependency has its share of them.
    pub compartments: Run,
}

/// Runs both at the same time, and tells `watch` now and then how long they have been running.
///
/// # Errors
/// If the operating system gives no thread, no socket or no event queue.
pub fn side_by_side(plan: Plan, watch: impl FnMut(Duration)) -> io::Result<Runs> {
    let compartments = || Compartments::new(plan.places());
    let [one_pool, compartments] = traffic::side_by_side(
        |start| block_on(drive(plan, start, None)),
        |start| block_on(drive(plan, start, Some(compartments()))),
        watch,
    )?;
    Ok(Runs {
        one_pool,
        compartments,
    })
}

/// One run.
async fn drive(plan: Plan, start: Instant, compartments: Option<Compartments>) -> io::Result<Run> {
    let mut tasks = JoinSet::new();
    let dependencies = [
        dependency::start(plan, start, &mut tasks).await?,
        dependency::start(plan, start, &mut tasks).await?,
        dependency::start(plan, start, &mut tasks).await?,
    ];
    let server = Server::new(&plan, dependencies, compartments);
    let client = Arc::new(Client::new(server.start(&mut tasks).await?, PATIENCE));
    let call = |number| {
        let client = Arc::clone(&client);
        async move { client.attempt(number).await }
    };
    Ok(Run {
        calls: offer(&plan, start, call).await,
        compartments: server.statistics(),
        unconnected: client.unconnected() + server.unconnected(),
    })
}
