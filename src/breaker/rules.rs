//! What a configuration comes down to: small numbers in ticks, and the arithmetic on them.

use super::word::{Deadline, Widths};
use crate::backoff::Jitter;
use crate::time::{Instant, Micros};

/// The plain data behind a [`Config`](super::Config), ready for use: nothing here is worked out at run time
/// but by shifts and one multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Failures in a row that open the breaker; at least 1.
    pub threshold: u32,
    /// Probes in flight at a time; at least 1.
    pub probes: u32,
    /// Successes of probes that close the breaker; at least 1.
    pub successes: u32,
    /// A tick is 2^this microseconds.
    pub tick: u32,
    /// Ticks until a new round of probes, after the last probe slot was taken.
    pub lease: u32,
    /// Ticks of being closed after which the next opening starts with the first cool-down again.
    pub stable: u32,
    /// Ticks of each opening in a row; the last one stays.
    pub cool_downs: [u32; COOL_DOWNS],
    /// How a cool-down is spread.
    pub jitter: Jitter,
    /// Ticks that no cool-down exceeds, jitter included.
    pub cap: u32,
    /// Ticks that no server's hint exceeds.
    pub longest_hint: u32,
    /// How long a permit may be held before dropping it counts as a failure; none: for ever.
    pub abandoned_after: Option<Micros>,
}

/// Cool-downs are worked out for this many openings in a row.
pub const COOL_DOWNS: usize = 16;

impl Rules {
    /// The tick that `now` is in.
    pub const fn ticks(&self, now: Instant) -> u64 {
        now.as_micros() >> self.tick
    }

    /// The deadline `wait` ticks after `now`, never before its microsecond; no wait is over at once.
    pub const fn deadline<W: Widths>(&self, now: Instant, wait: u32) -> Deadline<W> {
        let begun = now.as_micros() & ((1 << self.tick) - 1) != 0;
        Deadline::after(self.ticks(now).wrapping_add((begun && wait > 0) as u64), wait)
    }

    /// The microseconds from `now` until the tick that comes `left` ticks after `now`'s.
    pub const fn until(&self, now: Instant, left: u32) -> Micros {
        let begun = now.as_micros() & ((1 << self.tick) - 1);
        Micros::from_micros(((left as u64) << self.tick).saturating_sub(begun))
    }

    /// Whether a cool-down needs a random number.
    pub const fn jitters(&self) -> bool {
        !matches!(self.jitter, Jitter::None)
    }

    /// The cool-down of the opening numbered `attempt`, jittered by `draw`, and at least the server's hint.
    pub const fn cool_down(&self, attempt: u32, hint: Micros, draw: u32) -> u32 {
        // An attempt has four bits: the remainder only tells the compiler.
        let base = self.cool_downs[attempt as usize % COOL_DOWNS];
        // Rounded up to ticks, the upper end of a plus/minus jitter may be a tick above the cap.
        let own = at_most(self.jitter.spread(base as u64, draw), self.cap);
        let hint = at_most(ticks_for(hint, self.tick), self.longest_hint);
        if own > hint { own } else { hint }
    }
}

const fn at_most(ticks: u64, most: u32) -> u32 {
    if ticks < most as u64 { ticks as u32 } else { most }
}

/// The ticks of 2^`tick` us that `span` takes, the last one perhaps in part.
pub const fn ticks_for(span: Micros, tick: u32) -> u64 {
    let micros = span.as_micros();
    let begun = micros & ((1 << tick) - 1) != 0;
    (micros >> tick) + begun as u64
}
