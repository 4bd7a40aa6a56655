//! Two runs side by side: a service and a steady stream of calls each.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use tokio::time::Instant;

use crate::caller::{Caller, Event, Outcome};
use crate::common::traffic::{self, Call, Plan, block_on, offer};
use crate::common::wire::Client;
use crate::guarded::Guarded;
use crate::naive::Naive;
use crate::phases::TIMEOUT;
use crate::service::Service;

/// What was seen in one run. All times count from its start.
#[derive(Debug)]
pub struct Run {
    /// Every call that was offered, in the order in which they were.
    pub calls: Vec<Call<Outcome>>,
    /// When each attempt reached the service.
    pub requests: Vec<Duration>,
    /// What the breaker did.
    pub events: Vec<Event>,
    /// Attempts that this machine had no connection for.
    pub unconnected: u32,
}

/// Both runs.
#[derive(Debug)]
pub struct Runs {
    /// Three immediate attempts.
    pub naive: Run,
    /// The same three behind a breaker, backed off.
    pub watertight: Run,
}

/// Runs both at the same time, and tells `watch` now and then how long they have been running.
///
/// # Errors
/// If the operating system gives no thread, no socket or no event queue.
pub fn side_by_side(plan: Plan, watch: impl FnMut(Duration)) -> io::Result<Runs> {
    let [naive, watertight] = traffic::side_by_side(
        |start| block_on(drive(plan, start, Naive::new)),
        |start| {
            let guarded = |client| Guarded::new(client, plan.seed, start);
            block_on(drive(plan, start, guarded))
        },
        watch,
    )?;
    Ok(Runs { naive, watertight })
}

/// One run.
async fn drive<C: Caller>(
    plan: Plan,
    start: Instant,
    caller: impl FnOnce(Arc<Client>) -> C,
) -> io::Result<Run> {
    let service = Service::start(plan, start).await?;
    let client = Arc::new(Client::new(service.address, TIMEOUT));
    let caller = Arc::new(caller(Arc::clone(&client)));
    let call = |number| {
        let caller = Arc::clone(&caller);
        async move { caller.call(number).await }
    };
    Ok(Run {
        calls: offer(&plan, start, call).await,
        requests: service.requests(),
        events: caller.events(),
        unconnected: client.unconnected(),
    })
}
