use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::protocol::{Outcome, Step};
use super::room::{Queue, run};
use super::word::Ticket;
use crate::bulkhead::Slot;
use crate::bulkhead::slot::sealed::Key;
use crate::rejected::{Reason, Rejected, RetryAfter};

/// A wait for a place in a [`Waiting`](super::Waiting): a future of a [`Slot`].
///
/// Nothing happens before its first poll. It may be dropped at any time. Polled once more after it is ready, it is
/// pending for ever.
#[must_use = "nobody waits until this is polled"]
pub struct Enter<H: Queue> {
    /// Taken when it is ready.
    room: Option<H>,
    /// In the queue, under this ticket.
    ticket: Option<Ticket>,
}

impl<H: Queue> Enter<H> {
    #[inline]
    pub(in crate::bulkhead) const fn new(room: H) -> Self {
        Self {
            room: Some(room),
            ticket: None,
        }
    }

    /// Ready.
    fn given(&mut self) -> Poll<Result<Slot<H>, Rejected>> {
        self.ticket = None;
        match self.room.take() {
            Some(room) => Poll::Ready(Ok(Slot::taken(room, 1))),
            None => Poll::Pending,
        }
    }
}

// Nothing in it is pinned.
impl<H: Queue> Unpin for Enter<H> {}

impl<H: Queue> Future for Enter<H> {
    type Output = Result<Slot<H>, Rejected>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            let Some(handle) = &this.room else {
                return Poll::Pending;
            };
            let room = handle.room().polled_by(context.waker());
            let outcome = match this.ticket {
                Some(ticket) => run(&room, Step::Poll(ticket)),
                None => run(&room, Step::Arrive),
            };
            match (outcome, this.ticket) {
                (Outcome::Queued(_), Some(_)) => return Poll::Pending,
                // Kept before the waker is cloned: if that panics, dropping this gives the ticket up.
                (Outcome::Queued(ticket), None) => this.ticket = Some(ticket),
                (Outcome::Entered(in_flight), _) => {
                    handle.note_entered(Key(()), in_flight);
                    return this.given();
                }
                (Outcome::RoomFull, _) => {
                    handle.note_refused(Key(()), Reason::RoomFull);
                    this.room = None;
                    return Poll::Ready(Err(Rejected::new(Reason::RoomFull, RetryAfter::OnRelease(None))));
                }
                (Outcome::Given, _) => return this.given(),
                // The handle led to another room before: from the start.
                (Outcome::Left, _) => this.ticket = None,
            }
        }
    }
}

impl<H: Queue> Drop for Enter<H> {
    fn drop(&mut self) {
        let (Some(room), Some(ticket)) = (&self.room, self.ticket) else {
            return;
        };
        if run(&room.room(), Step::Cancel(ticket)) == Outcome::Given {
            room.give_back(Key(()), 1);
        }
    }
}

impl<H: Queue> fmt::Debug for Enter<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enter")
            .field("queued", &self.ticket.is_some())
            .finish_non_exhaustive()
    }
}
