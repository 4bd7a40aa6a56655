//! The service: a TCP server with a bounded number of workers behind a bounded queue, which falls ill as planned.
//!
//! Nothing in it knows who is calling. It works on what it has queued, also when the client has long given up: it
//! cannot know, as most servers cannot, and that is what makes retries expensive.

use core::future::pending;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::phases::{Phase, Plan};

/// A request is the number of its call, big end first. The answer is one byte.
pub const REQUEST: usize = 4;
/// The work was done.
pub const DONE: u8 = b'+';
/// The queue was full.
pub const BUSY: u8 = b'-';

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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
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
    loop {
        match listener.accept().await {
            Ok((socket, _)) => _ = tasks.spawn(answer(socket, queue.clone(), Arc::clone(shared))),
            // Out of file descriptors, say: what is under way will give some back.
            Err(_) => sleep(Duration::from_millis(5)).await,
        }
        while tasks.try_join_next().is_some() {}
    }
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
    let mut request = [0; REQUEST];
    if socket.read_exact(&mut request).await.is_err() {
        return;
    }
    let now = shared.start.elapsed();
    shared
        .requests
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(now);

    let (done, worked) = oneshot::channel();
    let queued = queue
        .try_send(Job {
            call: u32::from_be_bytes(request),
            done,
        })
        .is_ok();
    let answer = async {
        if queued && worked.await.is_ok() {
            return DONE;
        }
        if shared.phase() == Phase::Dead {
            pending::<()>().await;
        }
        BUSY
    };
    let mut more = [0];
    tokio::select! {
        // Whether the client is answered or has left, the connection ends. Its job stays in the queue.
        answer = answer => drop(socket.write_all(&[answer]).await),
        _ = socket.read(&mut more) => {}
    }
}
