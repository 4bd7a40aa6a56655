//! A dependency of the server: a TCP service that has time for all at once, and takes as long as planned.

use core::net::SocketAddr;
use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::common::traffic::Plan;
use crate::common::wire::{self, DONE};

/// Runs one until `tasks` is dropped, and answers where it listens.
pub async fn start(plan: Plan, start: Instant, tasks: &mut JoinSet<()>) -> io::Result<SocketAddr> {
    let (listener, address) = wire::listen().await?;
    tasks.spawn(async move {
        let answer = |socket| answer(socket, plan, start);
        wire::serve(&listener, &mut JoinSet::new(), answer).await;
    });
    Ok(address)
}

async fn answer(mut socket: TcpStream, plan: Plan, start: Instant) {
    let Ok(call) = wire::request(&mut socket).await else {
        return;
    };
    sleep(plan.work(call, plan.phase_at(start.elapsed()))).await;
    // If the server has left, nobody wants it.
    drop(socket.write_all(&[DONE]).await);
}
