//! A backoff for a connection that is to stay up.

use core::time::Duration;

use super::Backoff;
use super::delays::Progress;
use crate::random::Random;
use crate::time::{Instant, Micros};

/// A [`Backoff`] for connection loops: it falls back to the first delay only once a connection has lived for a
/// stable period, not at the first success.
///
/// A service that accepts connections and drops them after a second would otherwise be called again and again
/// at the first delay. Here such a connection is one more failure: the delays go on growing, and
/// [`max_attempts`](super::Builder::max_attempts) and [`max_total`](super::Builder::max_total) go on counting.
///
/// ```
/// use core::time::Duration;
/// use watertight::{Backoff, Instant, Jitter, Micros, Reconnect, SharedRandom};
///
/// let random = SharedRandom::seeded(4711);
/// let mut reconnect = Reconnect::new(
///     Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60)).build(),
///     Duration::from_secs(30),
/// );
/// let at = |secs: u64| Instant::from_micros(secs * 1_000_000);
///
/// assert_eq!(reconnect.next_delay(at(0), &random), Some(Micros::from_secs(1)));
/// reconnect.connected(at(1));
/// // Lost after 2 s: not stable, the delays go on growing.
/// assert_eq!(reconnect.next_delay(at(3), &random), Some(Micros::from_secs(2)));
/// reconnect.connected(at(5));
/// // Lost after 30 s: stable, back to the first delay.
/// assert_eq!(reconnect.next_delay(at(35), &random), Some(Micros::from_secs(1)));
/// ```
///
/// A plain value with one owner. What the clock may do: while it stands or steps back, a connection seems not to
/// age, and the delays go on growing; a jump forward makes one seem stable that was not, which costs one
/// retry at the first delay. Whether time spent asleep counts is for the caller's clock to say.
#[derive(Clone, Copy, Debug)]
pub struct Reconnect {
    backoff: Backoff,
    stable: Micros,
    progress: Progress,
    up_since: Option<Instant>,
}

impl Reconnect {
    /// Starts with the first delay. `stable` is how long a connection has to live, at least, for the delays to
    /// start over; zero means that any success will do.
    pub const fn new(backoff: Backoff, stable: Duration) -> Self {
        Self {
            backoff,
            stable: Micros::from_duration(stable),
            progress: Progress::START,
            up_since: None,
        }
    }

    /// A connection was made at `now`. Of several without a loss between them, the last counts.
    pub const fn connected(&mut self, now: Instant) {
        self.up_since = Some(now);
    }

    /// An attempt failed, or the connection was lost, at `now`: how long to wait before the next attempt.
    ///
    /// `None` once a limit of the backoff is reached, until [`reset`](Self::reset), or until a connection that
    /// was made nevertheless has lived for the stable period. Takes one number from `random`.
    pub fn next_delay<R: Random + ?Sized>(&mut self, now: Instant, random: &R) -> Option<Micros> {
        self.next_delay_at_least(now, Micros::ZERO, random)
    }

    /// As [`next_delay`](Self::next_delay), where the server said how long to wait: at least that, as
    /// [`Backoff::at_least`] has it.
    pub fn next_delay_at_least<R: Random + ?Sized>(
        &mut self,
        now: Instant,
        hint: Micros,
        random: &R,
    ) -> Option<Micros> {
        if let Some(since) = self.up_since.take() {
            if now.since(since) >= self.stable {
                self.reset();
            }
        }
        self.backoff.advance(&mut self.progress, hint, random.next())
    }

    /// The number of delays handed out since the last fall back to the first.
    pub const fn retries(&self) -> u32 {
        self.progress.retries
    }

    /// Starts over with the first delay.
    pub const fn reset(&mut self) {
        self.progress = Progress::START;
        self.up_since = None;
    }
}
