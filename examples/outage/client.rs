//! One attempt over TCP, and what becomes of a call that is made of several.

use core::future::Future;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use watertight::Transition;

use crate::phases::TIMEOUT;
use crate::service::DONE;

/// How a call is attempted: the one thing in which the two runs differ.
pub trait Caller: Send + Sync + 'static {
    /// Makes a call.
    fn call(&self, number: u32) -> impl Future<Output = Outcome> + Send;

    /// What a breaker in it has done so far, in order.
    fn events(&self) -> Vec<Event> {
        Vec::new()
    }
}

/// A transition of a breaker.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// From the start of the run.
    pub at: Duration,
    /// From which state to which, and in which generation.
    pub transition: Transition,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An attempt was answered in time.
    Succeeded,
    /// No attempt was, and none made the caller wait for its timeout.
    FailedAtOnce,
    /// No attempt was, and at least one ran into its timeout.
    TimedOut,
}

impl Outcome {
    /// What a failed call has come to after one more failed attempt.
    pub fn after(self, failure: Failure) -> Self {
        if failure == Failure::TimedOut {
            Self::TimedOut
        } else {
            self
        }
    }
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time.
    TimedOut,
    /// The service said that it is busy, or the connection broke.
    Refused,
}

/// A client of the service.
pub struct Client {
    address: SocketAddr,
    unconnected: AtomicU32,
}

impl Client {
    /// A client of the service at `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            unconnected: AtomicU32::new(0),
        }
    }

    /// Attempts a call once, on a connection of its own, for at most [`TIMEOUT`].
    pub async fn attempt(&self, number: u32) -> Result<(), Failure> {
        match timeout(TIMEOUT, self.exchange(number)).await {
            Ok(Ok(DONE)) => Ok(()),
            Ok(_) => Err(Failure::Refused),
            Err(_) => Err(Failure::TimedOut),
        }
    }

    /// How many attempts could not even connect. The listening socket never goes away, so these are limits of the
    /// machine (open files, ports), not of the service.
    pub fn unconnected(&self) -> u32 {
        self.unconnected.load(Ordering::Relaxed)
    }

    async fn exchange(&self, number: u32) -> io::Result<u8> {
        let connected = TcpStream::connect(self.address).await.and_then(|socket| {
            // Thousands of closed connections would otherwise keep their ports for a minute.
            socket.set_zero_linger()?;
            Ok(socket)
        });
        let mut socket = connected.inspect_err(|_| {
            self.unconnected.fetch_add(1, Ordering::Relaxed);
        })?;
        socket.write_all(&number.to_be_bytes()).await?;
        socket.read_u8().await
    }
}
