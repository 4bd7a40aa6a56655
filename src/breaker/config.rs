//! How a breaker is told what to do: a builder for constants, and the policy that a breaker reads.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::time::Duration;

use super::rules::{COOL_DOWNS, Rules, ticks_for};
use super::window::{Consecutive, FailureAndSlowRate, FailureRate, Rule};
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
pub struct Config<R = NoRandom, K = Consecutive> {
    pub(super) rules: Rules,
    pub(super) random: R,
    rule: PhantomData<K>,
}

impl Config {
    /// A breaker that opens after `failures` failures in a row, 1 to 4,095.
    ///
    /// What is not said further is: one probe at a time, one success closes, a probe lease of 30 s, cool-downs of
    /// 1 s doubling up to 60 s, stable after as long as the longest cool-down.
    pub const fn consecutive(failures: u32) -> Builder {
        Builder::begin(Said {
            failures,
            ..Said::NOTHING
        })
    }

    /// A breaker that opens when at least `percent` of the calls in its window failed, 1 to 100, once there are
    /// `minimum_calls` in it, 1 to 1,000,000. The window is [`LastCalls`](super::LastCalls) or
    /// [`LastTime`](super::LastTime); of the former a minimum above its size means its size.
    ///
    /// What is not said further is as in [`consecutive`](Self::consecutive).
    pub const fn failure_rate(percent: u32, minimum_calls: u32) -> Builder<NoRandom, FailureRate> {
        Builder::begin(Said {
            failure_percent: percent,
            minimum_calls,
            ..Said::NOTHING
        })
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
pub struct Builder<R = NoRandom, K = Consecutive> {
    said: Said,
    random: R,
    rule: PhantomData<K>,
}

/// What was said so far.
#[derive(Clone, Copy, Debug)]
struct Said {
    failures: u32,
    failure_percent: u32,
    minimum_calls: u32,
    /// Percentage, and from which time on a call is slow.
    slow: Option<(u32, Micros)>,
    enforced: u32,
    probes: u32,
    verdict: Verdict,
    lease: Micros,
    ramp: Micros,
    cool_down: Backoff,
    stable: Option<Micros>,
    abandoned_after: Option<Micros>,
    longest_wait: Micros,
    has_random: bool,
}

/// What decides a half-open period.
#[derive(Clone, Copy, Debug)]
enum Verdict {
    /// So many successes close, the first failure opens.
    Successes(u32),
    /// Of so many probes, this percentage of failures opens.
    Ratio { calls: u32, percent: u32 },
}

impl Said {
    const NOTHING: Self = Self {
        failures: 1,
        failure_percent: 0,
        minimum_calls: 1,
        slow: None,
        enforced: 100,
        probes: 1,
        verdict: Verdict::Successes(1),
        lease: Micros::from_secs(30),
        ramp: Micros::ZERO,
        cool_down: DEFAULT_COOL_DOWN,
        stable: None,
        abandoned_after: None,
        longest_wait: Micros::ZERO,
        has_random: false,
    };
}

impl<K: Rule> Builder<NoRandom, K> {
    const fn begin(said: Said) -> Self {
        Self {
            said,
            random: NoRandom,
            rule: PhantomData,
        }
    }

    /// Where the jitter of the cool-downs comes from, most often a reference to a `static`; not asked where there is
    /// no jitter.
    pub const fn random<R: Random + Copy>(mut self, random: R) -> Builder<R, K> {
        self.said.has_random = true;
        Builder {
            said: self.said,
            random,
            rule: PhantomData,
        }
    }
}

impl<R: Copy> Builder<R, FailureRate> {
    /// Also opens when at least `percent` of the calls in the window, 1 to 100, were slow: took strictly longer than
    /// `after`, whether they succeeded or failed. Costs one more reading of the clock for every admission, and one for
    /// every outcome.
    ///
    /// A probe that is slow is taken for a failed one: a service that is still too slow does not close the breaker.
    pub const fn slow_calls(mut self, percent: u32, after: Duration) -> Builder<R, FailureAndSlowRate> {
        self.said.slow = Some((percent, Micros::from_duration(after)));
        Builder {
            said: self.said,
            random: self.random,
            rule: PhantomData,
        }
    }
}

impl<R: Copy, K: Rule> Builder<R, K> {
    /// Half-open: at most `at_a_time` probes under way at a time, and closed again after `successes` of them;
    /// 1 to 15 each. The first failure of a probe opens the breaker again.
    ///
    /// The other way to decide is [`probes_by_ratio`](Self::probes_by_ratio); the last that is said holds.
    pub const fn probes(mut self, at_a_time: u32, successes: u32) -> Self {
        self.said.probes = at_a_time;
        self.said.verdict = Verdict::Successes(successes);
        self
    }

    /// Half-open: at most `at_a_time` probes under way at a time, 1 to 15. Of `calls` probes, 1 to 15, at least
    /// `percent` failures, 1 to 100, open the breaker again, and fewer close it; as soon as the one or the other is
    /// certain, whatever the rest would bring.
    pub const fn probes_by_ratio(mut self, at_a_time: u32, calls: u32, percent: u32) -> Self {
        self.said.probes = at_a_time;
        self.said.verdict = Verdict::Ratio { calls, percent };
        self
    }

    /// After half-open, all calls are admitted only `period` later. Until then a share of them is, which grows from 1 in 64 in
    /// 64 even steps. Every call counts, also one that is refused: of 64 calls in a row at one time exactly the share is
    /// admitted, of any few in a row the same to within two or three. The outcomes are judged by the same rule as when
    /// closed. Zero, which is what holds if nothing is said:
    /// all at once.
    ///
    /// While it lasts, each call writes the state word, and reads the clock once.
    pub const fn recover_over(mut self, period: Duration) -> Self {
        self.said.ramp = Micros::from_duration(period);
        self
    }

    /// The breaker refuses only `percent` of its callers, 0 to 100, by the key that they give with
    /// [`caller`](super::Breaker::caller): the same key is always on the same side, and raising the percentage keeps
    /// everybody who was under it. The others are in *shadow*: what they would have been refused is let through, see
    /// [`Permit::shadow`](super::Permit::shadow), and its outcome is not counted. A caller without a key is refused
    /// calls only at 100, which is what holds if nothing is said.
    pub const fn enforced(mut self, percent: u32) -> Self {
        self.said.enforced = percent;
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

    /// After being closed for this long, from the call that closed it or ended its ramp, the next opening gets the first cool-down again. Before, it gets the one
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

    /// Chooses the unit of all waits so that one of this length would fit: for an [`Adjustable`](super::Adjustable)
    /// configuration that is to be given longer waits later than it begins with.
    pub const fn longest_wait(mut self, wait: Duration) -> Self {
        self.said.longest_wait = Micros::from_duration(wait);
        self
    }

    /// The configuration, for `const` and `static`.
    ///
    /// # Panics
    /// When it makes no sense, with the sentence of the [`InvalidConfig`]; in a `const` or `static` that is a
    /// compile error. At run time use [`try_build`](Self::try_build).
    pub const fn build(self) -> Config<R, K> {
        match self.try_build() {
            Ok(config) => config,
            Err(error) => panic!("{}", error.sentence()),
        }
    }

    /// The configuration, or why it makes no sense.
    pub const fn try_build(self) -> Result<Config<R, K>, InvalidConfig> {
        let said = self.said;
        if said.failures == 0 || said.failures > MOST_FAILURES {
            return Err(InvalidConfig::Failures);
        }
        if said.ramp.as_micros() > 0 && said.failures > Word::<Real>::MOST_FAILURES_RECOVERING {
            return Err(InvalidConfig::FailuresRecovering);
        }
        // Zero stands for no such rule, which only this file can say.
        if said.failure_percent > 100 || K::IS_RATE && said.failure_percent == 0 {
            return Err(InvalidConfig::FailureRate);
        }
        if said.minimum_calls == 0 || said.minimum_calls > MOST_MINIMUM {
            return Err(InvalidConfig::MinimumCalls);
        }
        let (slow_percent, slow_after) = match said.slow {
            Some((percent, _)) if percent == 0 || percent > 100 => return Err(InvalidConfig::SlowCalls),
            Some(slow) => slow,
            None => (0, Micros::MAX),
        };
        if said.enforced > 100 {
            return Err(InvalidConfig::Enforced);
        }
        let most = Word::<Real>::MOST_PROBES;
        if said.probes == 0 || said.probes > most {
            return Err(InvalidConfig::Probes);
        }
        let (successes, probe_failures) = match said.verdict {
            Verdict::Successes(successes) => {
                if successes == 0 || successes > most {
                    return Err(InvalidConfig::Probes);
                }
                (successes, 1)
            }
            Verdict::Ratio { calls, percent } => {
                if calls == 0 || calls > most || percent == 0 || percent > 100 {
                    return Err(InvalidConfig::ProbeRatio);
                }
                // So many failures are at least the percentage; with one success more than what then remains, so
                // many cannot come about.
                let failures = (calls * percent).div_ceil(100);
                (calls - failures + 1, failures)
            }
        };
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
        let longest = cap
            .max(longest_hint)
            .max(stable)
            .max(said.lease)
            .max(said.ramp)
            .max(said.longest_wait);
        let Some(tick) = tick_for(longest) else {
            return Err(match longest.as_micros() {
                wait if wait == cap.max(longest_hint).as_micros() => InvalidConfig::CoolDownTooLong,
                wait if wait == stable.as_micros() => InvalidConfig::StableTooLong,
                wait if wait == said.lease.as_micros() => InvalidConfig::LeaseTooLong,
                wait if wait == said.ramp.as_micros() => InvalidConfig::RampTooLong,
                _ => InvalidConfig::LongestWaitTooLong,
            });
        };

        let mut cool_downs = [0; COOL_DOWNS];
        let mut opening = 0;
        while opening < COOL_DOWNS {
            cool_downs[opening] = ticks_for(cool_down.base_delay(opening as u32), tick) as u32;
            opening += 1;
        }
        let rules = Rules {
            threshold: said.failures,
            failure_percent: said.failure_percent,
            slow_percent,
            minimum: said.minimum_calls,
            slow_after,
            enforced: said.enforced,
            probes: said.probes,
            successes,
            probe_failures,
            tick,
            lease: ticks_for(said.lease, tick) as u32,
            ramp: ticks_for(said.ramp, tick) as u32,
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
            rule: PhantomData,
        })
    }
}

const DEFAULT_COOL_DOWN: Backoff =
    Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60)).build();

pub(super) const MOST_FAILURES: u32 = 4_095;
const _: () = assert!(MOST_FAILURES <= Word::<Real>::MOST_FAILURES);

const MOST_MINIMUM: u32 = 1_000_000;

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
    /// The number of failures is out of range for a breaker with a ramp.
    FailuresRecovering,
    /// The percentage of failures is out of range.
    FailureRate,
    /// The minimum of calls is out of range.
    MinimumCalls,
    /// The percentage of slow calls is out of range.
    SlowCalls,
    /// The percentage of callers is out of range.
    Enforced,
    /// The number of probes, or of successes, is out of range.
    Probes,
    /// The number of probes that are to decide, or the percentage of their failures, is out of range.
    ProbeRatio,
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
    /// The cap of the cool-downs, or the longest hint, is longer than a timer can be.
    CoolDownTooLong,
    /// The stable period is longer than a timer can be.
    StableTooLong,
    /// The probe lease is longer than a timer can be.
    LeaseTooLong,
    /// The ramp is longer than a timer can be.
    RampTooLong,
    /// The longest wait is longer than a timer can be.
    LongestWaitTooLong,
}

impl InvalidConfig {
    const fn sentence(self) -> &'static str {
        match self {
            Self::Failures => "a breaker opens after 1 to 4095 failures in a row",
            Self::FailuresRecovering => {
                "a breaker that recovers over a period opens after 1 to 255 failures in a row"
            }
            Self::FailureRate => "a breaker opens at a failure rate of 1 to 100 percent",
            Self::MinimumCalls => "a failure rate needs a minimum of 1 to 1000000 calls",
            Self::SlowCalls => "a breaker opens at a rate of 1 to 100 percent of slow calls",
            Self::Enforced => "a breaker is enforced for 0 to 100 percent of its callers",
            Self::ProbeRatio => {
                "1 to 15 probes decide, and open the breaker again at 1 to 100 percent of failures"
            }
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
            Self::CoolDownTooLong
            | Self::StableTooLong
            | Self::LeaseTooLong
            | Self::RampTooLong
            | Self::LongestWaitTooLong => {
                "no cool-down, hint, lease, ramp, stable period or longest wait may be longer than 814 days"
            }
        }
    }

    /// The field to change, by its name in a configuration that is read from text; `open_for.cap` is the field `cap` of
    /// `open_for`.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Failures | Self::FailuresRecovering => "failures",
            Self::FailureRate => "failure_percent",
            Self::MinimumCalls => "minimum_calls",
            Self::SlowCalls => "slow_percent",
            Self::Enforced => "enforced",
            Self::Probes | Self::ProbeRatio => "probes",
            Self::Lease | Self::LeaseTooLong => "probe_lease",
            Self::CoolDownLimited | Self::CoolDownTooLong => "open_for",
            Self::CoolDownDecorrelated | Self::NoRandom => "open_for.jitter",
            Self::CoolDownNotCapped => "open_for.cap",
            Self::StableTooLong => "stable_after",
            Self::RampTooLong => "recover_over",
            Self::LongestWaitTooLong => "longest_wait",
        }
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for InvalidConfig {}

/// What a breaker obeys: a [`Config`] of its own, anything that leads to one, such as `&'static Config` or an
/// `Arc<Config>`, or an [`Adjustable`](super::Adjustable) one.
///
/// A type without size that derefs to a `static` configuration saves each breaker the pointer.
pub trait Policy {
    /// The source of jitter.
    type Random: Random;
    /// What a closed breaker is judged by.
    type Rule: Rule;

    /// Reads the rules, as a whole. Nobody else can implement this: its types have no public name.
    #[doc(hidden)]
    fn with<T>(&self, read: impl FnOnce(&Rules, &Self::Random) -> T) -> T;

    /// Whether a dropped permit may be an abandoned one, so that it must know when it was admitted.
    #[doc(hidden)]
    fn minds_abandoned(&self) -> bool;
}

impl<R: Random, K: Rule> Policy for Config<R, K> {
    type Random = R;
    type Rule = K;

    #[inline]
    fn with<T>(&self, read: impl FnOnce(&Rules, &R) -> T) -> T {
        read(&self.rules, &self.random)
    }

    #[inline]
    fn minds_abandoned(&self) -> bool {
        self.rules.abandoned_after.is_some()
    }
}

impl<D: Deref> Policy for D
where
    D::Target: Policy,
{
    type Random = <D::Target as Policy>::Random;
    type Rule = <D::Target as Policy>::Rule;

    #[inline]
    fn with<T>(&self, read: impl FnOnce(&Rules, &Self::Random) -> T) -> T {
        (**self).with(read)
    }

    #[inline]
    fn minds_abandoned(&self) -> bool {
        (**self).minds_abandoned()
    }
}
