//! The server: so many workers, each of which is busy with one call until the dependency has answered it.
//!
//! Workers go to whoever has waited longest, and to nobody whose client has left in the meantime. A call that has
//! begun is seen through: the server cannot take back what it has asked a dependency for.

use core::net::SocketAddr;
use std::io;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use watertight::bulkhead::Statistics;

use crate::common::traffic::Plan;
use crate::common::wire::{self, BUSY, Client, DONE};
use crate::compartments::{Compartments, Place};
use crate::plan::{Dependency, GENEROUS};

/// The server.
#[derive(Debug)]
pub struct Server {
    workers: Semaphore,
    /// If it has any.
    compartments: Option<Compartments>,
    dependencies: [Client; Dependency::ALL.len()],
}

/// A worker, and the place in the compartment that he works in. The worker is free before the place is.
struct Turn<'a> {
    _worker: SemaphorePermit<'a>,
    _place: Option<Place<'a>>,
}

impl Server {
    /// A server of these dependencies.
    pub fn new(
        plan: &Plan,
        dependencies: [SocketAddr; Dependency::ALL.len()],
        compartments: Option<Compartments>,
    ) -> Arc<Self> {
        Arc::new(Self {
            workers: Semaphore::new(plan.workers()),
            compartments,
            dependencies: dependencies.map(|address| Client::new(address, GENEROUS)),
        })
    }

    /// Serves until `tasks` is dropped, and answers where.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start(self: &Arc<Self>, tasks: &mut JoinSet<()>) -> io::Result<SocketAddr> {
        let (listener, address) = wire::listen().await?;
        let server = Arc::clone(self);
        tasks.spawn(async move {
            let answer = |socket| Arc::clone(&server).answer(socket);
            wire::serve(&listener, &mut JoinSet::new(), answer).await;
        });
        Ok(address)
    }

    /// What the compartments have kept.
    pub fn statistics(&self) -> Option<[Statistics; Dependency::ALL.len()]> {
        self.compartments.as_ref().map(Compartments::statistics)
    }

    /// Calls to dependencies that this machine had no connection for.
    pub fn unconnected(&self) -> u32 {
        self.dependencies.iter().map(Client::unconnected).sum()
    }

    async fn answer(self: Arc<Self>, mut socket: TcpStream) {
        let Ok(call) = wire::request(&mut socket).await else {
            return;
        };
        let dependency = Dependency::of(call);
        let answer = match wire::unless_gone(&mut socket, self.turn(dependency)).await {
            Some(Some(_turn)) => match self.dependencies[dependency as usize].attempt(call).await {
                Ok(()) => DONE,
                Err(_) => BUSY,
            },
            Some(None) => BUSY,
            None => return,
        };
        // Nobody may be waiting for it any more.
        drop(socket.write_all(&[answer]).await);
    }

    /// Waits for a worker; `None` if the compartment refuses.
    async fn turn(&self, dependency: Dependency) -> Option<Turn<'_>> {
        let place = match &self.compartments {
            Some(compartments) => Some(compartments.enter(dependency).await.ok()?),
            None => None,
        };
        // With compartments there is one: they have as many places as there are workers.
        let worker = self.workers.acquire().await.ok()?;
        Some(Turn {
            _worker: worker,
            _place: place,
        })
    }
}
