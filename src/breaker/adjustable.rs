//! A configuration that changes while breakers obey it.

use core::fmt;
use core::marker::PhantomData;

use super::Policy;
use super::config::{Config, NoRandom};
use super::rules::{ABANDONS, FLAGS, RULES_WORDS, Rules};
use super::window::{Consecutive, Rule};
use crate::random::Random;
use crate::slots::{Busy, Slots};

/// A [`Config`] that can be exchanged while any number of breakers obey it.
///
/// ```
/// use watertight::breaker::Adjustable;
/// use watertight::{Breaker, Config, StdClock};
///
/// static LINK: Adjustable = Adjustable::new(Config::consecutive(5).build());
/// static MODEM: Breaker<StdClock, &Adjustable> = Breaker::new(StdClock, &LINK);
///
/// LINK.set(&Config::consecutive(3).try_build()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Every decision reads one whole configuration, the last that was set; it never waits. Whoever sets one does not wait
/// either: if another is being set at this moment, the answer is [`Busy`].
///
/// What a new configuration means for what is under way:
///
/// | | |
/// |---|---|
/// | a cool-down, a lease, a stable period, a ramp | ends when it would have ended; the next one is of the new length |
/// | the share of a ramp under way | is reckoned by the new length, back from its end |
/// | openings in a row | stay; the next opening gets the new cool-down of that number |
/// | what is counted, of calls and of probes | stays; it is judged by the new limits from the next failed or slow call on. A success is judged too if it completes the new minimum while the window fills, or is the next after a failed or slow call, or after one that completed the minimum: it can open then. Until a ramp is over, a failure in a row above the 255th counts as the 255th |
/// | probes in flight | stay; with fewer slots than probes, the round is full until a lease has passed or enough have reported |
/// | calls under way | are slow, or abandoned, by the limit that holds when they end; abandoned only if there was a limit when they were admitted |
/// | a ramp, where the new configuration has none | admits all, and is over when it would have been |
///
/// The unit of all waits stays that of the first configuration, which can say
/// [`longest_wait`](super::Builder::longest_wait) to make it coarse enough. Waits that are set later are rounded up to it.
///
/// It takes 60 words beside the random source. A decision copies 29 of them. A call through a closed breaker reads one, and
/// the number of the version before and after; with a rule for slow calls, its outcome is a decision.
pub struct Adjustable<R = NoRandom, K = Consecutive> {
    slots: Slots<RULES_WORDS>,
    tick: u32,
    random: R,
    rule: PhantomData<K>,
}

impl<R: Copy, K> Adjustable<R, K> {
    const_fn! {
        /// Begins with this configuration; its random source is the one for good.
        pub const fn new(config: Config<R, K>) -> Self {
            let rules = config.rules;
            Self { slots: Slots::holding(rules.to_words()), tick: rules.tick, random: config.random, rule: PhantomData }
        }
    }

    /// Sets another configuration: every decision from now on obeys it. Its random source is not taken.
    ///
    /// # Errors
    /// [`AdjustError::TooLong`] if one of its waits does not fit the unit of the first configuration;
    /// [`AdjustError::Busy`] if somebody else sets one at this moment. Nothing is changed then.
    pub fn set(&self, config: &Config<R, K>) -> Result<(), AdjustError> {
        let rules = config.rules.in_ticks_of(self.tick).ok_or(AdjustError::TooLong)?;
        self.slots.change(|_: Rules| rules).map_err(AdjustError::Busy)
    }
}

impl<R: Random, K: Rule> Policy for Adjustable<R, K> {
    type Random = R;
    type Rule = K;

    #[inline]
    fn with<T>(&self, read: impl FnOnce(&Rules, &R) -> T) -> T {
        read(&self.slots.read(), &self.random)
    }

    #[inline]
    fn minds_abandoned(&self) -> bool {
        self.slots.read_word(FLAGS) & ABANDONS != 0
    }
}

impl<R, K> fmt::Debug for Adjustable<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Adjustable")
            .field(&self.slots.read::<Rules>())
            .finish()
    }
}

/// Why a configuration was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdjustError {
    /// Another is being set at this moment.
    Busy(Busy),
    /// One of its waits, [`longest_wait`](super::Builder::longest_wait) included, is too long for the unit in which the
    /// first configuration counts.
    TooLong,
}

impl fmt::Display for AdjustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(busy) => busy.fmt(f),
            Self::TooLong => f.write_str(
                "a wait is too long for the unit of the first configuration: let that one say longest_wait",
            ),
        }
    }
}

impl core::error::Error for AdjustError {}
