//! How long to wait before trying again: pure calculators, made of a shape, a jitter, a cap and limits.
//!
//! | shape | the delays |
//! |---|---|
//! | [`constant`](Backoff::constant) | `d`, `d`, `d`, ... |
//! | [`linear`](Backoff::linear) | `first`, `first + step`, `first + 2 step`, ... |
//! | [`exponential`](Backoff::exponential) | `first`, `first f`, `first f²`, ... with `f` = 2 or any fraction from 1 |
//! | [`fibonacci`](Backoff::fibonacci) | `first` times 1, 1, 2, 3, 5, 8, ... |
//!
//! The cap comes last, and the [`Jitter`] stays inside it: it spreads the delays at the cap like any other, and
//! makes none longer. Nothing here sleeps, keeps time, or is shared: delays are numbers for the caller to wait.
//!
//! ```
//! use core::time::Duration;
//! use watertight::{Backoff, Jitter, Micros, SharedRandom};
//!
//! static RETRY: Backoff = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(10))
//!     .jitter(Jitter::Equal)
//!     .max_attempts(6)
//!     .build();
//!
//! // How long a watchdog must be prepared to wait: 100 + 200 + 400 + 800 + 1600 ms.
//! const _: () = assert!(RETRY.worst_case_total(u32::MAX).as_micros() == 3_100_000);
//!
//! # fn send() -> Result<(), ()> { Err(()) }
//! # fn sleep(_: Micros) {}
//! # fn retry() -> Result<(), ()> {
//! let random = SharedRandom::seeded(4711);
//! let mut delays = RETRY.delays(&random);
//! loop {
//!     match send() {
//!         Ok(reply) => return Ok(reply),
//!         Err(error) => match delays.next() {
//!             Some(delay) => sleep(delay),
//!             None => return Err(error),
//!         },
//!     }
//! }
//! # }
//! # assert_eq!(retry(), Err(()));
//! ```

mod builder;
mod delays;
mod jitter;
mod reconnect;
mod shape;
mod total;

pub use builder::{Builder, InvalidBackoff};
pub use delays::Delays;
pub use jitter::Jitter;
pub use reconnect::Reconnect;

use crate::random::up_to;
use crate::time::Micros;
use shape::Shape;

/// A backoff: plain data, made by a [`Builder`], `const`, without state.
///
/// Retries are counted from 0. The delay of retry 0 is the wait between the first attempt and the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    shape: Shape,
    first: Micros,
    /// No delay is longer.
    cap: Micros,
    /// What the shape is capped at, so that jitter ends at `cap`.
    ceiling: Micros,
    jitter: Jitter,
    at_once: bool,
    max_attempts: Option<u32>,
    max_total: Option<Micros>,
    max_hint: Micros,
}

impl Backoff {
    /// The delay before retry `retry`, spread by `random`, a number uniform over `u32`. Never above the
    /// [`cap`](Self::cap).
    ///
    /// `previous` is the delay before the last retry as this returned it, anything for the first retry; only
    /// [`Jitter::Decorrelated`] looks at it. The limits are not looked at: they are the business of
    /// [`delays`](Self::delays).
    ///
    /// Any retry number will do: growth saturates. Constant, linear and fibonacci delays are exact before the
    /// jitter. An exponential one is the exact value to the nearest microsecond, but for an error of at most
    /// 2^-40 of it (1 us in 12 days): off by 1/2 us and that at most, and never shorter than the one before.
    ///
    /// Exponential: at most 63 multiplications (of 64 bits to 128), 43 where the factor is above 1;
    /// fibonacci: at most 92 additions; the others one multiplication. Never a division.
    pub const fn delay(&self, retry: u32, previous: Micros, random: u32) -> Micros {
        if self.at_once && retry == 0 {
            return Micros::ZERO;
        }
        Micros::from_micros(match self.jitter {
            Jitter::Decorrelated => {
                let from = previous.max(self.first).min(self.cap).as_micros();
                let first = self.first.as_micros();
                let spread = up_to(random, from.saturating_mul(3) - first);
                let delay = first.saturating_add(spread);
                let cap = self.cap.as_micros();
                if delay < cap { delay } else { cap }
            }
            jitter => jitter.spread(self.base_delay(retry).as_micros(), random),
        })
    }

    /// The delay before retry `retry` without jitter: capped, with [`Jitter::PlusMinus`] so far below the cap that
    /// the upper end of the jitter is within it.
    ///
    /// [`Jitter::Decorrelated`] does not use it.
    pub const fn base_delay(&self, retry: u32) -> Micros {
        match (self.at_once, retry) {
            (true, 0) => Micros::ZERO,
            (true, _) => self.grown(retry - 1),
            (false, _) => self.grown(retry),
        }
    }

    /// The capped delay of the shape, `n` counted from the first that is not at once.
    const fn grown(&self, n: u32) -> Micros {
        Micros::from_micros(self.shape.delay(self.first.as_micros(), n)).min(self.ceiling)
    }

    /// A delay with a server's hint taken into account: at least the hint, as far as the configured maximum goes.
    ///
    /// The maximum is [`Builder::max_hint`], or the cap. A hint never shortens a delay. When a server gives the
    /// same hint to many, it brings them back together: hints should be spread where they are made.
    pub const fn at_least(&self, delay: Micros, hint: Micros) -> Micros {
        delay.max(hint.min(self.max_hint))
    }

    /// The longest delay there can be, hints apart.
    pub const fn cap(&self) -> Micros {
        self.cap
    }

    /// How delays are spread.
    pub const fn jitter(&self) -> Jitter {
        self.jitter
    }

    /// The number of attempts allowed in all, the very first included.
    pub const fn max_attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// The most that all delays together may come to.
    pub const fn max_total(&self) -> Option<Micros> {
        self.max_total
    }
}
