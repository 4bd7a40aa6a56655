//! How a breaker is told what to do: a builder for constants, and the policy that a breaker reads.

use core::fmt;
use core::ops::Deref;
use core::time::Duration;

use super::rules::{COOL_DOWNS, Rules, ticks_for};
use super::word::{Deadline, Real, Word};
use crate::backoff::{Backoff, Jitter};
use crate::random::Random;
use crate::time::Micros;

/// What a breaker does, checked and ready: plain data that can live in flash and serve any number of breakers.
///
/// ```
/// use core::time::Duration;
/// use watertight::{Backoff, Config, Jitter, SharedRandom};
///
/// static RANDOM: SharedRandom = SharedRandom::seeded(0x5eed);
///
/// static LINK: Config<&SharedRandom> = Config::consecutive(5)
///     .probes(1, 2)
///     .probe_lease(Duration::from_secs(30))
///     .open_for(Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60)).jitter(Jitter::Equal).build())
///     .random(&RANDOM)
///     .build();
/// ```
///
/// A configuration that makes no sense does not compile in a `static`, and is a [`InvalidConfig`] from
/// [`try_build`](Builder::try_build).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config<R = NoRandom> {
    rules: Rules,
    random: R,
}

impl Config {
    /// A breaker that opens after `failures` failures in a row, 1 to 4,095.
    ///
    /// What is not said further is: one probe at a time, one success closes, a probe lease of 30 s, cool-downs of
    /// 1 s doubling up to 60 s, stable after as long as the longest cool-down.
    pub const fn consecutive(failures: u32) -> Builder {
        let said = Said {
            failures,
            probes: 1,
            successes: 1,
            lease: Micros::from_secs(30),
            cool_down: DEFAULT_COOL_DOWN,
            stable: None,
            abandoned_after: None,
            has_random: false,
        };
        Builder {
            said,
            random: NoRandom,
        }
    }
}

/// No source of randomness: what a configuration without jitter has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandom;

/// Always 0, and never asked: a jittered cool-down without a source is not built.
impl Random for NoRandom {
    fn next(&self) -> u32 {
        0
    }
}

/// A [`Config`] being put together; [`Config::consecutive`] begins one.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is configured before build() or try_build()"]
pub struct Builder<R = NoRandom> {
    said: Said,
    random: R,
}

/// What was said so far.
#[derive(Clone, Copy, Debug)]
struct Said {
    failures: u32,
    probes: u32,
    successes: u32,
    lease: Micros,
    cool_down: Backoff,
    stable: Option<Micros>,
    abandoned_after: Option<Micros>,
    has_random: bool,
}

impl Builder {
    /// Where the jitter of the cool-downs comes from, most often a reference to a `static`; not asked where there is
    /// no jitter.
    pub const fn random<R: Random + Copy>(mut self, random: R) -> Builder<R> {
        self.said.has_random = true;
        Builder {
            said: self.said,
            random,
        }
    }
}

impl<R: Copy> Builder<R> {
    /// Half-open: at most `at_a_time` probes under way at a time, and closed again after `successes` of them;
    /// 1 to 15 each. The first failure of a probe opens the breaker again.
    pub const fn probes(mut self, at_a_time: u32, successes: u32) -> Self {
        self.said.probes = at_a_time;
        self.said.successes = successes;
        self
    }

    /// A probe that does not report within `lease` of the last probe's admission has lost its slot, to the
    /// next call; longer than zero.
    ///
    /// Its report still counts for the verdict, up to three rounds later: a lease of more than a quarter of the
    /// slowest call lets even a service that slow recover.
    pub const fn probe_lease(mut self, lease: Duration) -> Self {
        self.said.lease = Micros::from_duration(lease);
        self
    }

    /// How long the breaker stays open, by the number of openings in a row.
    ///
    /// It must have reached its cap by the 16th, must count neither attempts nor a total, and cannot be
    /// decorrelated, which would need to remember the delay before. Its
    /// [`max_hint`](crate::backoff::Builder::max_hint), or else its cap, is the longest that the service can ask
    /// for with [`failure_retry_after`](super::Permit::failure_retry_after).
    pub const fn open_for(mut self, cool_down: Backoff) -> Self {
        self.said.cool_down = cool_down;
        self
    }

    /// After being closed for this long the next opening gets the first cool-down again. Before, it gets the one
    /// after the last opening's.
    pub const fn stable_after(mut self, period: Duration) -> Self {
        self.said.stable = Some(Micros::from_duration(period));
        self
    }

    /// A permit that is dropped unsettled after being held for at least this long counts as a failure: the
    /// caller probably gave up waiting. Costs one more reading of the clock for every admission, and one for every
    /// drop.
    /// A permit that was got with a bare [`Instant`](crate::Instant) cannot tell, unless it is dropped as
    /// `permit.at(clock)`.
    pub const fn abandoned_after(mut self, held: Duration) -> Self {
        self.said.abandoned_after = Some(Micros::from_duration(held));
        self
    }

    /// The configuration, for `const` and `static`.
    ///
    /// # Panics
    /// When it makes no sense, with the sentence of the [`InvalidConfig`]; in a `const` or `static` that is a
    /// compile error. At run time use [`try_build`](Self::try_build).
    pub const fn build(self) -> Config<R> {
        match self.try_build() {
            Ok(config) => config,
            Err(error) => panic!("{}", error.sentence()),
        }
    }

    /// The configuration, or why it makes no sense.
    pub const fn try_build(self) -> Result<Config<R>, InvalidConfig> {
        let said = self.said;
        if said.failures == 0 || said.failures > MOST_FAILURES {
            return Err(InvalidConfig::Failures);
        }
        let most = Word::<Real>::MOST_PROBES;
        if said.probes == 0 || said.probes > most || said.successes == 0 || said.successes > most {
            return Err(InvalidConfig::Probes);
        }
        if said.lease.as_micros() == 0 {
            return Err(InvalidConfig::Lease);
        }
        let cool_down = said.cool_down;
        if cool_down.max_attempts().is_some() || cool_down.max_total().is_some() {
            return Err(InvalidConfig::CoolDownLimited);
        }
        let jitter = cool_down.jitter();
        if matches!(jitter, Jitter::Decorrelated) {
            return Err(InvalidConfig::CoolDownDecorrelated);
        }
        if !matches!(jitter, Jitter::None) && !said.has_random {
            return Err(InvalidConfig::NoRandom);
        }
        let cap = cool_down.cap();
        let last = cool_down.base_delay(COOL_DOWNS as u32 - 1);
        if last.as_micros() != cool_down.base_delay(u32::MAX).as_micros() {
            return Err(InvalidConfig::CoolDownNotCapped);
        }
        let longest_hint = cool_down.at_least(Micros::ZERO, Micros::MAX);
        let stable = match said.stable {
            Some(stable) => stable,
            None => cap,
        };
        let longest = cap.max(longest_hint).max(stable).max(said.lease);
        let Some(tick) = tick_for(longest) else {
            return Err(InvalidConfig::TooLong);
        };

        let mut cool_downs = [0; COOL_DOWNS];
        let mut opening = 0;
        while opening < COOL_DOWNS {
            cool_downs[opening] = ticks_for(cool_down.base_delay(opening as u32), tick) as u32;
            opening += 1;
        }
        let rules = Rules {
            threshold: said.failures,
            probes: said.probes,
            successes: said.successes,
            tick,
            lease: ticks_for(said.lease, tick) as u32,
            stable: ticks_for(stable, tick) as u32,
            cool_downs,
            jitter,
            cap: ticks_for(cap, tick) as u32,
            longest_hint: ticks_for(longest_hint, tick) as u32,
            abandoned_after: said.abandoned_after,
        };
        Ok(Config {
            rules,
            random: self.random,
        })
    }
}

const DEFAULT_COOL_DOWN: Backoff =
    Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60)).build();

const MOST_FAILURES: u32 = 4_095;
const _: () = assert!(MOST_FAILURES <= Word::<Real>::MOST_FAILURES);

/// The coarsest tick: 2^18 us, so that a clock of 64 bits comes round where the deadlines do.
const COARSEST_TICK: u32 = 18;

/// The finest tick in which `longest` fits a timer.
const fn tick_for(longest: Micros) -> Option<u32> {
    let mut tick = 0;
    while ticks_for(longest, tick) > Deadline::<Real>::LONGEST_WAIT as u64 {
        tick += 1;
        if tick > COARSEST_TICK {
            return None;
        }
    }
    Some(tick)
}

/// Why a configuration makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidConfig {
    /// The number of failures is out of range.
    Failures,
    /// The number of probes, or of successes, is out of range.
    Probes,
    /// The probe lease is zero.
    Lease,
    /// The cool-down counts attempts or a total.
    CoolDownLimited,
    /// The cool-down is decorrelated.
    CoolDownDecorrelated,
    /// The cool-down does not reach its cap in time.
    CoolDownNotCapped,
    /// The cool-down is jittered, and there is no random source.
    NoRandom,
    /// A wait is longer than a timer can be.
    TooLong,
}

impl InvalidConfig {
    const fn sentence(self) -> &'static str {
        match self {
            Self::Failures => "a breaker opens after 1 to 4095 failures in a row",
            Self::Probes => "a breaker admits 1 to 15 probes at a time and closes after 1 to 15 successes",
            Self::Lease => "a probe lease must be longer than zero",
            Self::CoolDownLimited => {
                "a cool-down has neither a maximum of attempts nor a maximum total: leave both out of its backoff"
            }
            Self::CoolDownDecorrelated => {
                "a cool-down cannot be decorrelated: choose the jitter none, full, equal or plus/minus"
            }
            Self::CoolDownNotCapped => {
                "a cool-down must have reached its cap by the 16th opening in a row: lower the cap or grow faster"
            }
            Self::NoRandom => "a jittered cool-down needs a random source: name one with .random(&SOURCE)",
            Self::TooLong => "no cool-down, hint, lease or stable period may be longer than 814 days",
        }
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for InvalidConfig {}

/// What a breaker obeys: a [`Config`] of its own, or anything that leads to one, such as `&'static Config` or an
/// `Arc<Config>`.
///
/// A type without size that derefs to a `static` configuration saves each breaker the pointer.
pub trait Policy {
    /// The source of jitter.
    type Random: Random;

    /// Reads the rules, as a whole. Nobody else can implement this: its types have no public name.
    #[doc(hidden)]
    fn with<T>(&self, read: impl FnOnce(&Rules, &Self::Random) -> T) -> T;
}

impl<R: Random> Policy for Config<R> {
    type Random = R;

    #[inline]
    fn with<T>(&self, read: impl FnOnce(&Rules, &R) -> T) -> T {
        read(&self.rules, &self.random)
    }
}

impl<D: Deref<Target = Config<R>>, R: Random> Policy for D {
    type Random = R;

    #[inline]
    fn with<T>(&self, read: impl FnOnce(&Rules, &R) -> T) -> T {
        (**self).with(read)
    }
}
