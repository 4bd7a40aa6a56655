//! The delays of one series of retries, one after the other, until a limit ends it.

use core::iter::FusedIterator;

use super::Backoff;
use crate::random::Random;
use crate::time::Micros;

/// How far a series of retries has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) retries: u32,
    /// As drawn: what a server asked for on top is not what decorrelated jitter grows from.
    previous: Micros,
    total: Micros,
    over: bool,
}

impl Progress {
    pub(super) const START: Self = Self {
        retries: 0,
        previous: Micros::ZERO,
        total: Micros::ZERO,
        over: false,
    };
}

impl Backoff {
    /// The delays of one series of retries, as far as the limits go; without limits it never ends.
    ///
    /// Each delay takes one number from `random`.
    pub const fn delays<R: Random>(self, random: R) -> Delays<R> {
        Delays {
            backoff: self,
            random,
            progress: Progress::START,
        }
    }

    /// The next delay, at least `hint`; `None` once a limit is reached, and from then on.
    pub(super) const fn advance(&self, progress: &mut Progress, hint: Micros, random: u32) -> Option<Micros> {
        let drawn = self.delay(progress.retries, progress.previous, random);
        let delay = self.at_least(drawn, hint);
        let total = progress.total.saturating_add(delay);
        let attempts_over = match self.max_attempts {
            Some(attempts) => progress.retries >= attempts.saturating_sub(1),
            None => false,
        };
        let total_over = match self.max_total {
            Some(most) => total.as_micros() > most.as_micros(),
            None => false,
        };
        if progress.over || attempts_over || total_over {
            progress.over = true;
            return None;
        }
        let retries = progress.retries.saturating_add(1);
        *progress = Progress {
            retries,
            previous: drawn,
            total,
            over: false,
        };
        Some(delay)
    }
}

/// The iterator of [`Backoff::delays`].
#[derive(Clone, Debug)]
#[must_use = "iterators are lazy: a delay is worked out when it is asked for"]
pub struct Delays<R> {
    backoff: Backoff,
    random: R,
    progress: Progress,
}

impl<R: Random> Delays<R> {
    /// The next delay where the server said how long to wait: at least that, as [`Backoff::at_least`] has it.
    /// The longer delay counts towards [`max_total`](super::Builder::max_total).
    pub fn next_at_least(&mut self, hint: Micros) -> Option<Micros> {
        self.backoff.advance(&mut self.progress, hint, self.random.next())
    }

    /// The sum of the delays so far.
    pub const fn total(&self) -> Micros {
        self.progress.total
    }
}

impl<R: Random> Iterator for Delays<R> {
    type Item = Micros;

    fn next(&mut self) -> Option<Micros> {
        self.next_at_least(Micros::ZERO)
    }
}

impl<R: Random> FusedIterator for Delays<R> {}
