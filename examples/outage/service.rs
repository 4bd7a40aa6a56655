//! The service: a TCP server with a bounded number of workers behind a bounded queue, which falls ill as planned.
//!
//! Nothing in it knows who is calling. It works on what it has queued, also when the client has long given up: it
//! cannot know, as most servers cannot, and that is what makes retries expensive.

use core::future::pending;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::common::traffic::Plan;
use crate::common::wire::{self, BUSY, DONE};
use crate::phases::Phase;

/// A service that is running.
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    // Dropping it ends the service with all its tasks.
    _tasks: JoinSet<()>,
}

struct Shared {
    plan: Plan,
    start: Instant,
    /// When each request had been read, from the start of the run.
    requests: Mutex<Vec<Duration>>,
}

struct Job {
    call: u32,
    done: oneshot::Sender<()>,
}

type Jobs = tokio::sync::Mutex<mpsc::Receiver<Job>>;

impl Service {
    /// Listens on a free port of the loopback interface; the plan counts from `start`.
    pub async fn start(plan: Plan, start: Instant) -> io::Result<Self> {
        let (listener, address) = wire::listen().await?;
        let shared = Arc::new(Shared {
            plan,
            start,
            requests: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            _tasks: tasks,
        })
    }

    /// When each request so far reached the service, in order: when it had been read as a whole, from the start of
    /// the run.
    pub fn requests(&self) -> Vec<Duration> {
        self.shared
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Shared {
    fn phase(&self) -> Phase {
        self.plan.phase_at(self.start.elapsed())
    }

    /// When the n-th worker begins, in the life before the restart or the one after it.
    fn begins(&self, restarted: bool, worker: u32) -> Instant {
        self.start
            + if restarted {
                self.plan.back_at(worker)
            } else {
                Duration::ZERO
            }
    }
}

/// Two lives, the second after a restart, on one socket that stays open as under a supervisor.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let restart = shared.start + shared.plan.span(Phase::Dead).end;
    // Dropping the set at the restart takes queue, work in hand and connections with it.
    if let Ok(never) = timeout_at(restart, live(&listener, &shared, false)).await {
        return never;
    }
    live(&listener, &shared, true).await;
}

async fn live(listener: &TcpListener, shared: &Arc<Shared>, restarted: bool) {
    let (queue, jobs) = mpsc::channel(shared.plan.queue());
    let jobs = Arc::new(Jobs::new(jobs));
    let mut tasks = JoinSet::new();
    for worker in 0..shared.plan.workers() {
        let begins = shared.begins(restarted, worker);
        tasks.spawn(work(Arc::clone(&jobs), Arc::clone(shared), begins));
    }
    let answer = |socket| answer(socket, queue.clone(), Arc::clone(shared));
    wire::serve(listener, &mut tasks, answer).await;
}

async fn work(jobs: Arc<Jobs>, shared: Arc<Shared>, begins: Instant) {
    sleep_until(begins).await;
    loop {
        let Some(job) = jobs.lock().await.recv().await else {
            return;
        };
        sleep(shared.plan.work(job.call, shared.phase())).await;
        if shared.phase() == Phase::Dead {
            pending::<()>().await;
        }
        // Nobody may be waiting for it any more. The work was done all the same.
        _ = job.done.send(());
    }
}

async fn answer(mut socket: TcpStream, queue: mpsc::Sender<Job>, shared: Arc<Shared>) {
    let Ok(call) = wire::request(&mut socket).await else {
        return;
    };
    let now = shared.start.elapsed();
    shared
        .requests
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(now);

    let (done, worked) = oneshot::channel();
    let queued = queue.try_send(Job { call, done }).is_ok();
    let answer = async {
        if queued && worked.await.is_ok() {
            return DONE;
        }
        if shared.phase() == Phase::Dead {
            pending::<()>().await;
        }
        BUSY
    };
    // Whether the client is answered or has left, the connection ends. Its job stays in the queue.
    if let Some(answer) = wire::unless_gone(&mut socket, answer).await {
        drop(socket.write_all(&[answer]).await);
    }
}
