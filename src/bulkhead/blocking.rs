//! Waiting with a thread, where there are threads.

use std::sync::Arc;
use std::task::Wake;
use std::thread::{self, Thread};
use std::time::Instant;

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use super::Slot;
use super::slot::sealed::Key;
use super::stats::Keep;
use super::token_bulkhead::{TokenBulkhead, TokenSlot, Tokens};
use super::waiting::{Enter, Queue, Waiting};
use crate::rejected::{Reason, Rejected, RetryAfter};
use crate::time::Micros;

std::thread_local! {
    /// Wakes this thread. Made when the thread first comes, and kept, so that waiting allocates nothing.
    static WAKER: Waker = waker();
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

/// Waits for the future with this thread, if it is ready before then; `None` is for ever.
fn block_on<F: Future>(future: F, until: Option<Instant>) -> Option<F::Output> {
    // A thread that is about to end may have given up its own.
    let waker = WAKER.try_with(Clone::clone).unwrap_or_else(|_| waker());
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(Duration::ZERO) => return None,
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
}

/// After so long; so late that it is no instant is for ever.
fn after(wait: Micros) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_micros(wait.as_micros()))
}

/// Waits for a place with this thread.
fn enter<Q: Queue>(queue: &Q, until: Option<Instant>) -> Result<Slot<&Q>, Rejected> {
    block_on(Enter::new(queue), until).unwrap_or_else(|| {
        queue.note_refused(Key(()), Reason::Full);
        Err(Rejected::new(Reason::Full, RetryAfter::OnRelease(None)))
    })
}

impl<const N: usize, S: Keep> Waiting<N, S> {
    /// Waits for a place with the calling thread, in the same queue as all others, for at most so long. With zero it
    /// takes one only if it can at once. For servers with threads (feature `std`), and never in an interrupt.
    ///
    /// The waker of a thread is allocated when it first comes here, and kept with it.
    ///
    /// # Errors
    /// [`RoomFull`](Reason::RoomFull) if all seats are taken, at once; and [`Full`](Reason::Full) after `max_wait`.
    pub fn enter_blocking(&self, max_wait: Micros) -> Result<Slot<&Self>, Rejected> {
        enter(self, after(max_wait))
    }
}

impl<B: Queue, K: Tokens> TokenBulkhead<B, K> {
    /// Waits for a place with the calling thread, and then for tokens, for at most so long in all. As
    /// [`Waiting::enter_blocking`].
    ///
    /// # Errors
    /// As that; and as [`reserve`](Self::reserve) if the tokens are not there in the time that is left, at once.
    pub fn enter_blocking(&self, tokens: u32, max_wait: Micros) -> Result<TokenSlot<&Self>, Rejected> {
        let until = after(max_wait);
        let slot = enter(self, until)?;
        let left = match until {
            Some(until) => Micros::from(until.saturating_duration_since(Instant::now())),
            None => Micros::MAX,
        };
        let receipt = TokenSlot::reserve(&slot, tokens, left)?;
        let wait = receipt.act_at().since(receipt.date());
        thread::sleep(Duration::from_micros(wait.as_micros()));
        Ok(TokenSlot::new(slot, receipt))
    }
}
