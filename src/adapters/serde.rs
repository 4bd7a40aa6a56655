//! Configuration from outside, with [serde](https://serde.rs) (feature `serde`). Without allocation, and without `std`.
//!
//! What can be read: [`Micros`]; [`Backoff`]; a [`Config`] without jitter, checked; and its [`Builder`], unchecked, which
//! a jittered one needs, because a source of randomness cannot be read. The format must be one that names its fields,
//! such as TOML, JSON or YAML.
//!
//! ```
//! use watertight::breaker::{Builder, FailureRate, NoRandom};
//! use watertight::{Config, SharedRandom};
//!
//! static RANDOM: SharedRandom = SharedRandom::seeded(0x5eed);
//!
//! let modem: Config = toml::from_str(r#"
//!     failures = 5
//!     probe_lease = "1min 30s"
//!     open_for = { shape = "constant", delay = "20s" }
//! "#)?;
//!
//! let builder: Builder<NoRandom, FailureRate> = toml::from_str(r#"
//!     failure_percent = 50
//!     minimum_calls = 20
//!     probes = { at_a_time = 3, calls = 10, failure_percent = 30 }
//!     open_for = { shape = "exponential", first = "250ms", cap = "1min", factor = "3/2", jitter = "equal" }
//! "#)?;
//! let service = builder.random(&RANDOM).try_build()?;
//!
//! let wrong = toml::from_str::<Config>("failures = 5000").unwrap_err();
//! assert_eq!(wrong.message(), "failures: a breaker opens after 1 to 4095 failures in a row");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A breaker's fields are the arguments and methods of its builder, and do what is said there. The first one to three
//! are its rule and must be there; what else is missing is as the builder has it.
//!
//! | field | value | method |
//! |---|---|---|
//! | `failures` | number | [`Config::consecutive`] |
//! | `failure_percent`, `minimum_calls` | numbers | [`Config::failure_rate`] |
//! | ... and `slow_percent`, `slow_after` | number, time | [`Builder::slow_calls`] |
//! | `probes` | table: `at_a_time`, `successes`; each 1 if missing | [`Builder::probes`] |
//! | | or: `at_a_time`, `calls`, `failure_percent` | [`Builder::probes_by_ratio`] |
//! | `probe_lease`, `recover_over`, `stable_after`, `abandoned_after`, `longest_wait` | time | of the same name |
//! | `enforced` | number | [`Builder::enforced`] |
//! | `open_for` | table: a backoff | [`Builder::open_for`] |
//!
//! A backoff's `shape` must be there, and so must what its shape takes:
//!
//! | field | value | method |
//! |---|---|---|
//! | `shape` | `"constant"`, with `delay` | [`Backoff::constant`] |
//! | | `"linear"`, with `first`, `step`, `cap` | [`Backoff::linear`] |
//! | | `"exponential"`, with `first`, `cap` and perhaps `factor` | [`Backoff::exponential`] |
//! | | `"fibonacci"`, with `first`, `cap` | [`Backoff::fibonacci`] |
//! | `delay`, `first`, `step`, `cap` | time | |
//! | `factor` | number, or a fraction as text: `"3/2"` | [`factor`](crate::backoff::Builder::factor) |
//! | `jitter` | `"none"`, `"full"`, `"equal"`, `"decorrelated"`, `"plus_minus"` | [`Jitter`](crate::Jitter) |
//! | `percent` | number, with `"plus_minus"` only | [`Jitter::PlusMinus`](crate::Jitter::PlusMinus) |
//! | `first_at_once` | true or false | [`first_at_once`](crate::backoff::Builder::first_at_once) |
//! | `max_attempts` | number | [`max_attempts`](crate::backoff::Builder::max_attempts) |
//! | `max_total`, `max_hint` | time | of the same name |
//!
//! A time is text with its units, as `Micros` [reads it](Micros#impl-FromStr-for-Micros): `"250ms"`, `"1min 30s"`.
//! Nothing is accepted and then ignored: a field that is unknown, is given twice, or does not go with the others is an
//! error. Every error is a sentence with the field's name, `open_for.cap` for one inside another.

mod backoff;
mod tables;
mod values;

use serde::de::{Deserialize, Deserializer};

use self::tables::{Fields, Table, table};
use self::values::{Place, Value};
use crate::backoff::Backoff;
use crate::breaker::{Builder, Config, Consecutive, FailureAndSlowRate, FailureRate, NoRandom, Rule};
use crate::time::Micros;

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::read(from, Place::NOWHERE)
    }
}

impl<'de> Deserialize<'de> for Backoff {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::read(from, Place::NOWHERE)
    }
}

/// Checked, as by [`try_build`](Builder::try_build); for one with jitter read the [`Builder`].
impl<'de, K: Rule> Deserialize<'de> for Config<NoRandom, K>
where
    Builder<NoRandom, K>: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let builder = Builder::deserialize(from)?;
        builder
            .try_build()
            .map_err(|invalid| Place::of(invalid.field()).error(invalid))
    }
}

impl<'de> Deserialize<'de> for Builder<NoRandom, Consecutive> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let said: InARow = breaker(from)?;
        let failures = Place::of("failures").needs(said.failures)?;
        Ok(said.rest(Config::consecutive(failures)))
    }
}

impl<'de> Deserialize<'de> for Builder<NoRandom, FailureRate> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let said: ByRate = breaker(from)?;
        let percent = Place::of("failure_percent").needs(said.failure_percent)?;
        let minimum = Place::of("minimum_calls").needs(said.minimum_calls)?;
        Ok(said.rest(Config::failure_rate(percent, minimum)))
    }
}

impl<'de> Deserialize<'de> for Builder<NoRandom, FailureAndSlowRate> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let said: ByRates = breaker(from)?;
        let percent = Place::of("failure_percent").needs(said.failure_percent)?;
        let minimum = Place::of("minimum_calls").needs(said.minimum_calls)?;
        let slow_percent = Place::of("slow_percent").needs(said.slow_percent)?;
        let slow_after = Place::of("slow_after").needs(said.slow_after)?;
        let rate = Config::failure_rate(percent, minimum);
        Ok(said.rest(rate.slow_calls(slow_percent, slow_after.as_duration())))
    }
}

table!(ProbesFields {
    at_a_time: u32,
    successes: u32,
    calls: u32,
    failure_percent: u32,
});

/// How many probes at a time, and what decides.
enum Probes {
    Successes(u32, u32),
    Ratio(u32, u32, u32),
}

impl Value for Probes {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error> {
        let said: ProbesFields = Fields::read(from, "Probes", place, "probes by their fields")?;
        let at_a_time = said.at_a_time.unwrap_or(1);
        match (said.successes, said.calls, said.failure_percent) {
            (successes, None, None) => Ok(Self::Successes(at_a_time, successes.unwrap_or(1))),
            (None, calls, percent) => Ok(Self::Ratio(
                at_a_time,
                place.then("calls").needs(calls)?,
                place.then("failure_percent").needs(percent)?,
            )),
            _ => {
                let place = place.then("successes");
                Err(place.error("either so many successes decide, or calls and failure_percent do"))
            }
        }
    }
}

fn breaker<'de, T: Table, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let what = "the configuration of a breaker by its fields";
    Fields::read(from, "Config", Place::NOWHERE, what)
}

/// The table of a breaker: its rule, and what every breaker has.
macro_rules! breaker {
    ($name:ident { $($field:ident: $value:ty),* $(,)? }) => {
        table!($name {
            $($field: $value,)*
            probes: Probes,
            probe_lease: Micros,
            recover_over: Micros,
            enforced: u32,
            open_for: Backoff,
            stable_after: Micros,
            abandoned_after: Micros,
            longest_wait: Micros,
        });

        impl $name {
            /// What is said beside the rule.
            fn rest<K: Rule>(self, mut builder: Builder<NoRandom, K>) -> Builder<NoRandom, K> {
                builder = match self.probes {
                    Some(Probes::Successes(at_a_time, successes)) => builder.probes(at_a_time, successes),
                    Some(Probes::Ratio(at_a_time, calls, percent)) => {
                        builder.probes_by_ratio(at_a_time, calls, percent)
                    }
                    None => builder,
                };
                if let Some(lease) = self.probe_lease {
                    builder = builder.probe_lease(lease.as_duration());
                }
                if let Some(period) = self.recover_over {
                    builder = builder.recover_over(period.as_duration());
                }
                if let Some(percent) = self.enforced {
                    builder = builder.enforced(percent);
                }
                if let Some(cool_down) = self.open_for {
                    builder = builder.open_for(cool_down);
                }
                if let Some(period) = self.stable_after {
                    builder = builder.stable_after(period.as_duration());
                }
                if let Some(held) = self.abandoned_after {
                    builder = builder.abandoned_after(held.as_duration());
                }
                if let Some(wait) = self.longest_wait {
                    builder = builder.longest_wait(wait.as_duration());
                }
                builder
            }
        }
    };
}

breaker!(InARow { failures: u32 });

breaker!(ByRate {
    failure_percent: u32,
    minimum_calls: u32,
});

breaker!(ByRates {
    failure_percent: u32,
    minimum_calls: u32,
    slow_percent: u32,
    slow_after: Micros,
});
