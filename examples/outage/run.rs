//! Two runs side by side: a service and a steady stream of calls each, on a thread of its own, from one start.

use core::time::Duration;
use std::sync::Arc;
use std::{io, panic, thread};

use tokio::runtime;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::{Caller, Client, Event, Outcome};
use crate::guarded::Guarded;
use crate::naive::Naive;
use crate::phases::Plan;
use crate::service::Service;

/// What was seen in one run. All times count from its start.
#[derive(Debug)]
pub struct Run {
    /// Every call that was offered, in the order in which they were.
    pub calls: Vec<Call>,
    /// When each attempt reached the service.
    pub requests: Vec<Duration>,
    /// What the breaker did.
    pub events: Vec<Event>,
    /// Attempts that this machine had no connection for.
    pub unconnected: u32,
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// When it was due, which is when its caller began to wait.
    pub offered: Duration,
    /// When it was over.
    pub finished: Duration,
    /// How.
    pub outcome: Outcome,
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
pub fn side_by_side(plan: Plan, mut watch: impl FnMut(Duration)) -> io::Result<Runs> {
    // Late enough for both to be ready.
    let start = Instant::now() + Duration::from_millis(50);
    thread::scope(|scope| {
        let naive = thread::Builder::new()
            .name("naive".into())
            .spawn_scoped(scope, move || drive(plan, start, Naive::new))?;
        let watertight = thread::Builder::new()
            .name("watertight".into())
            .spawn_scoped(scope, move || {
                drive(plan, start, |client| Guarded::new(client, plan.seed, start))
            })?;
        while !(naive.is_finished() && watertight.is_finished()) {
            watch(start.elapsed());
            thread::sleep(Duration::from_millis(50));
        }
        let [naive, watertight] =
            [naive, watertight].map(|run| run.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        Ok(Runs {
            naive: naive?,
            watertight: watertight?,
        })
    })
}

/// One run: offers each call when it is due, and waits for what became of it.
fn drive<C: Caller>(plan: Plan, start: Instant, caller: impl FnOnce(Arc<Client>) -> C) -> io::Result<Run> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let service = Service::start(plan, start).await?;
        let client = Arc::new(Client::new(service.address));
        let caller = Arc::new(caller(Arc::clone(&client)));
        let mut calls = JoinSet::new();
        for number in 0..plan.calls() {
            let offered = plan.offered_at(number);
            sleep_until(start + offered).await;
            let caller = Arc::clone(&caller);
            calls.spawn(async move {
                let outcome = caller.call(number).await;
                Call {
                    offered,
                    finished: start.elapsed(),
                    outcome,
                }
            });
        }
        let mut calls = calls.join_all().await;
        calls.sort_by_key(|call| call.offered);
        Ok(Run {
            calls,
            requests: service.requests(),
            events: caller.events(),
            unconnected: client.unconnected(),
        })
    })
}
