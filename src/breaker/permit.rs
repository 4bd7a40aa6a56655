//! A permit: the right to make one call, and the duty to say how it ended.

use core::fmt;

use super::word::{Real, Word};
use super::{At, Handle, Outcome, Transition, operations, reasons};
use crate::rejected::Reason;
use crate::time::{Clock, Instant, Micros};

/// The right to make one call through a breaker; it settles exactly once.
///
/// Settle it with [`success`](Self::success), [`failure`](Self::failure) or [`ignore`](Self::ignore). A permit
/// that is dropped counts as cancelled: it gives its probe slot back and says nothing about the service, unless
/// the configuration has an [`abandoned_after`](super::Builder::abandoned_after) and the permit was held
/// that long, which makes it a failure. The transition that a drop makes is seen only in a
/// [`Snapshot`](super::Snapshot).
///
/// An outcome from before the breaker's last transition changes nothing. There are two exceptions: a probe whose
/// lease ran out counts for the verdict of its half-open period (up to three rounds later) and gives no slot back, and
/// the end of a ramp is no end for the calls that are under way.
///
/// Settling may be done in an interrupt. What it costs, the [module](super) says.
#[must_use = "a permit that is dropped counts as a cancelled call: settle it with success, failure or ignore"]
pub struct Permit<H: Handle> {
    /// Taken by whatever settles the permit.
    handle: Option<H>,
    ticket: Word<Real>,
    made: Option<Transition>,
    /// When it was admitted, where anybody will ask.
    since: Option<Instant>,
    panicked: bool,
}

impl<H: Handle> Permit<H> {
    #[inline]
    pub(super) fn new(
        handle: H,
        ticket: Word<Real>,
        made: Option<Transition>,
        since: Option<Instant>,
    ) -> Self {
        Self {
            handle: Some(handle),
            ticket,
            made,
            since,
            panicked: false,
        }
    }

    /// The transition that admitting this call made: to half-open, to a new round of probes, or at the end of a ramp
    /// to closed.
    #[inline]
    pub const fn transition(&self) -> Option<Transition> {
        self.made
    }

    /// Whether the call is a probe, on whose outcome a half-open breaker decides.
    pub const fn is_probe(&self) -> bool {
        self.ticket.is_probe()
    }

    /// Why the call would have been refused, if its caller is in shadow, where nothing is refused: see
    /// [`enforced`](super::Builder::enforced). What comes of it is not counted: a breaker in force would not know.
    pub const fn shadow(&self) -> Option<Reason> {
        match self.ticket.shadow() {
            Some(number) => reasons::of_number(number),
            None => None,
        }
    }

    /// The call succeeded. Returns the transition that this made.
    #[inline]
    pub fn success(mut self) -> Option<Transition> {
        self.settle(Outcome::Success)
    }

    /// The call failed. Returns the transition that this made.
    #[inline]
    pub fn failure(mut self) -> Option<Transition> {
        self.settle(Outcome::Failure)
    }

    /// The call failed, and the service asked to be left alone for `wait`: if this failure opens the breaker,
    /// it stays open for at least that long, up to the
    /// [`max_hint`](crate::backoff::Builder::max_hint) of the configured cool-down. If another caller's report
    /// opens it, on the strength of this failure in the window, that one's wish counts instead. Returns the transition
    /// that this made.
    #[inline]
    pub fn failure_retry_after(mut self, wait: Micros) -> Option<Transition> {
        self.settle(Outcome::FailureRetryAfter(wait))
    }

    /// The call says nothing about the service, as when the caller's own request was wrong: as if it had never
    /// been made. This makes no transition, and returns none.
    #[inline]
    pub fn ignore(mut self) -> Option<Transition> {
        self.settle(Outcome::Ignored)
    }

    /// The same permit, to be settled with another clock: the way to settle one that was got with a bare
    /// [`Instant`], for which `clock` may be another `Instant`.
    pub fn at<D: Clock>(mut self, clock: D) -> Permit<At<H, Settling<D>>> {
        Permit {
            handle: self.handle.take().map(|handle| At::new(handle, Settling(clock))),
            ticket: self.ticket,
            made: self.made,
            since: self.since,
            panicked: self.panicked,
        }
    }

    /// From here on, dropping the permit means that the call panicked.
    pub(super) fn fails_if_dropped(&mut self, panicked: bool) {
        self.panicked = panicked;
    }

    #[inline]
    pub(super) fn settle(&mut self, outcome: Outcome) -> Option<Transition> {
        const {
            assert!(
                !H::Clock::FIXED,
                "a permit that was got with a bare Instant cannot tell when its call ended: use try_acquire, and settle it through permit.at(clock)"
            );
        }
        let handle = self.handle.take()?;
        operations::settle(&handle, self.ticket, self.since, outcome)
    }
}

impl<H: Handle> Drop for Permit<H> {
    #[inline]
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        if self.panicked {
            let _seen_in_a_snapshot_only =
                operations::settle(&handle, self.ticket, self.since, Outcome::Failure);
        } else {
            operations::dropped(&handle, self.ticket, self.since);
        }
    }
}

impl<H: Handle> fmt::Debug for Permit<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("generation", &self.ticket.generation())
            .field("is_probe", &self.is_probe())
            .field("shadow", &self.shadow())
            .field("transition", &self.made)
            .finish()
    }
}

/// A clock that was named to settle with, so that even an [`Instant`] will do.
#[derive(Clone, Copy, Debug)]
pub struct Settling<D>(D);

impl<D: Clock> Clock for Settling<D> {
    fn now(&self) -> Instant {
        self.0.now()
    }
}
