//! Both ends of an exchange over TCP: a request is the number of its call, big end first, on a connection of its own. The
//! answer is one byte.

use core::future::Future;
use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The work was done.
pub const DONE: u8 = b'+';
/// It was not.
pub const BUSY: u8 = b'-';

/// A free port of the loopback interface.
///
/// # Errors
/// If there is none.
pub async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Answers every connection in a task of its own, for ever. Dropping `tasks` ends them all.
pub async fn serve<F>(listener: &TcpListener, tasks: &mut JoinSet<()>, answer: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        match listener.accept().await {
            Ok((socket, _)) => _ = tasks.spawn(answer(socket)),
            // Out of file descriptors, say: what is under way will give some back.
            Err(_) => sleep(Duration::from_millis(5)).await,
        }
        while tasks.try_join_next().is_some() {}
    }
}

/// The number of the call.
///
/// # Errors
/// If the connection breaks.
pub async fn request(socket: &mut TcpStream) -> io::Result<u32> {
    let mut request = [0; 4];
    socket.read_exact(&mut request).await?;
    Ok(u32::from_be_bytes(request))
}

/// Waits for this as long as the client does; `None` if it has left.
pub async fn unless_gone<T>(socket: &mut TcpStream, wait: impl Future<Output = T>) -> Option<T> {
    let mut more = [0];
    tokio::select! {
        done = wait => Some(done),
        _ = socket.read(&mut more) => None,
    }
}

/// A client of the service at an address.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    patience: Duration,
    unconnected: AtomicU32,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time.
    TimedOut,
    /// The service said that it is busy, or the connection broke.
    Refused,
}

impl Client {
    /// A client that gives an attempt up after `patience`.
    pub fn new(address: SocketAddr, patience: Duration) -> Self {
        Self {
            address,
            patience,
            unconnected: AtomicU32::new(0),
        }
    }

    /// Attempts a call once, on a connection of its own.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn attempt(&self, number: u32) -> Result<(), Failure> {
        match timeout(self.patience, self.exchange(number)).await {
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
