//! What a configuration comes down to: small numbers in ticks, and the arithmetic on them.

use super::word::{Deadline, Widths, Word, ones};
use crate::backoff::Jitter;
use crate::slots::Words;
use crate::time::{Instant, Micros};

/// The plain data behind a [`Config`](super::Config), ready for use: nothing here is worked out at run time
/// but by shifts and one multiplication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Failures in a row that open the breaker; at least 1. Not looked at where a rate decides.
    pub threshold: u32,
    /// Percentage of failures that opens the breaker; 0: none does.
    pub failure_percent: u32,
    /// Percentage of slow calls that opens the breaker; 0: none does.
    pub slow_percent: u32,
    /// Calls in the window from which on a rate decides; at least 1.
    pub minimum: u32,
    /// A call that takes longer is slow.
    pub slow_after: Micros,
    /// Percentage of the keys whose callers are refused calls; the rest are in shadow.
    pub enforced: u32,
    /// Probes in flight at a time; at least 1.
    pub probes: u32,
    /// Successes of probes that close the breaker; at least 1.
    pub successes: u32,
    /// Failures of probes that open the breaker again; at least 1.
    pub probe_failures: u32,
    /// A tick is 2^this microseconds.
    pub tick: u32,
    /// Ticks until a new round of probes, after the last probe slot was taken.
    pub lease: u32,
    /// Ticks of the ramp from half-open to closed; 0: none.
    pub ramp: u32,
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

/// As many words as rules come to.
pub const RULES_WORDS: usize = 13 + COOL_DOWNS;

/// The word that says whether permits may be [abandoned](ABANDONS).
pub const FLAGS: usize = 0;

/// In that word.
pub const ABANDONS: u32 = 1;

impl Words<RULES_WORDS> for Rules {
    fn to_words(self) -> [u32; RULES_WORDS] {
        Self::to_words(self)
    }

    fn from_words(words: [u32; RULES_WORDS]) -> Self {
        let [
            flags,
            limits,
            threshold,
            minimum,
            slow,
            slow_high,
            abandoned,
            abandoned_high,
            lease,
            ramp,
            stable,
            cap,
            longest_hint,
            cool_downs @ ..,
        ] = words;
        let field = |word: u32, at: u32, width: u32| word >> at & ones(width);
        let wide = |low: u32, high: u32| Micros::from_micros(u64::from(high) << 32 | u64::from(low));
        Self {
            threshold,
            failure_percent: field(limits, 0, 7),
            slow_percent: field(limits, 7, 7),
            minimum,
            slow_after: wide(slow, slow_high),
            enforced: field(flags, 16, 7),
            probes: field(limits, 14, 4),
            successes: field(limits, 18, 4),
            probe_failures: field(limits, 22, 4),
            tick: field(flags, 11, 5),
            lease,
            ramp,
            stable,
            cool_downs,
            jitter: match field(flags, 1, 2) {
                0 => Jitter::None,
                1 => Jitter::Full,
                2 => Jitter::Equal,
                _ => Jitter::PlusMinus(field(flags, 3, 8) as u8),
            },
            cap,
            longest_hint,
            abandoned_after: (flags & ABANDONS != 0).then(|| wide(abandoned, abandoned_high)),
        }
    }
}

impl Rules {
    /// The same in ticks of 2^`tick` us, each wait rounded up; or `None` if the longest does not fit a timer then.
    pub const fn in_ticks_of(mut self, tick: u32) -> Option<Self> {
        if self.tick > tick {
            // Its own tick is the finest that will do.
            return None;
        }
        let by = tick - self.tick;
        self.tick = tick;
        self.lease = coarser(self.lease, by);
        self.ramp = coarser(self.ramp, by);
        self.stable = coarser(self.stable, by);
        self.cap = coarser(self.cap, by);
        self.longest_hint = coarser(self.longest_hint, by);
        let mut opening = 0;
        while opening < COOL_DOWNS {
            self.cool_downs[opening] = coarser(self.cool_downs[opening], by);
            opening += 1;
        }
        Some(self)
    }

    /// As words, for [`Slots`](crate::slots::Slots).
    pub const fn to_words(self) -> [u32; RULES_WORDS] {
        let (kind, percent) = match self.jitter {
            // A decorrelated cool-down is not built.
            Jitter::None | Jitter::Decorrelated => (0, 0),
            Jitter::Full => (1, 0),
            Jitter::Equal => (2, 0),
            Jitter::PlusMinus(percent) => (3, percent as u32),
        };
        let (abandons, abandoned_after) = match self.abandoned_after {
            Some(after) => (ABANDONS, after.as_micros()),
            None => (0, 0),
        };
        let slow_after = self.slow_after.as_micros();
        let mut words = [0; RULES_WORDS];
        words[FLAGS] = abandons | kind << 1 | percent << 3 | self.tick << 11 | self.enforced << 16;
        words[1] = self.failure_percent
            | self.slow_percent << 7
            | self.probes << 14
            | self.successes << 18
            | self.probe_failures << 22;
        words[2] = self.threshold;
        words[3] = self.minimum;
        words[4] = slow_after as u32;
        words[5] = (slow_after >> 32) as u32;
        words[6] = abandoned_after as u32;
        words[7] = (abandoned_after >> 32) as u32;
        words[8] = self.lease;
        words[9] = self.ramp;
        words[10] = self.stable;
        words[11] = self.cap;
        words[12] = self.longest_hint;
        let mut opening = 0;
        while opening < COOL_DOWNS {
            words[13 + opening] = self.cool_downs[opening];
            opening += 1;
        }
        words
    }

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

    /// The ticks until a ramp with so many left admits the next call; 0: it does now.
    ///
    /// It does once the call's rank, as a share of all ranks, is not more than the share of the ramp that is over. More
    /// may be left than the ramp is long, where a clock stepped back or the configuration changed.
    pub const fn until_admitted<W: Widths>(&self, word: Word<W>, left: u32) -> u32 {
        let due = ((word.rank() as u64 * self.ramp as u64) >> W::SEEN) as u32;
        if due == 0 {
            0
        } else {
            left.saturating_sub(self.ramp - due)
        }
    }

    /// Whether the caller with this key is refused calls, rather than in shadow.
    ///
    /// Raising the percentage keeps everybody who was under it. Without a key only 100 percent is enough.
    pub const fn enforces(&self, key: Option<u64>) -> bool {
        match key {
            _ if self.enforced >= 100 => true,
            None => false,
            // The key's place among all keys, in percent: without a division, since 2^32 stands for 100.
            Some(key) => (spread(key) as u64 * 100) >> 32 < self.enforced as u64,
        }
    }

    /// Whether a call that took so long is slow.
    pub fn is_slow(&self, took: Micros) -> bool {
        self.slow_percent != 0 && took > self.slow_after
    }

    /// Whether a permit that was held so long was abandoned when it is dropped.
    pub fn is_abandoned(&self, held: Micros) -> bool {
        self.abandoned_after.is_some_and(|after| held >= after)
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

/// So many ticks in ticks of 2^`by` of them, rounded up.
const fn coarser(ticks: u32, by: u32) -> u32 {
    ticks.div_ceil(1 << by)
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

/// A key mixed so that any few keys, in a row or not, are spread evenly. The mixture of Murmur3's last step, twice
/// (Austin Appleby, public domain): each is one to one.
const fn spread(key: u64) -> u32 {
    mix(key as u32 ^ mix((key >> 32) as u32))
}

/// One to one, and every bit turns about half of them.
pub const fn mix(mut bits: u32) -> u32 {
    bits ^= bits >> 16;
    bits = bits.wrapping_mul(0x85eb_ca6b);
    bits ^= bits >> 13;
    bits = bits.wrapping_mul(0xc2b2_ae35);
    bits ^ (bits >> 16)
}

#[cfg(test)]
mod tests;
