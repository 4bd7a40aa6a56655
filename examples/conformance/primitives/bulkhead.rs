//! Bulkheads.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use watertight::bulkhead::{Slot, Stats};
use watertight::{Bulkhead, Rejected, Share};

use super::super::dialects;
use super::super::file::{Case, Step};
use super::super::value::Got;
use super::{Operations, Subject, arguments, read, reason, times};

/// What can be done to a bulkhead.
pub const OPERATIONS: Operations = &[
    ("acquire", ENTERS),
    ("dec", &["partition", "times"]),
    ("force_inc", ENTERS),
    ("inc", ENTERS),
    ("release", &["partition", "times"]),
    ("set_limit", &["limit", "max"]),
    ("state", &["partition"]),
    ("try_acquire", ENTERS),
];

/// What is said of who enters.
const ENTERS: &[&str] = &["partition", "places", "share", "times"];

type Made = Arc<Bulkhead<Stats>>;

/// A bulkhead that a case drives.
pub struct Driven {
    bulkhead: Made,
    /// By the names of those who are inside.
    inside: BTreeMap<String, Vec<Slot<Made>>>,
    answers: BTreeMap<&'static str, Got>,
    /// Of the last step.
    refusal: Option<Rejected>,
}

/// What an operation says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Args {
    partition: String,
    times: Option<u32>,
    places: Option<u32>,
    share: Option<u8>,
    #[serde(alias = "max")]
    limit: Option<u32>,
}

/// A limit of the crate.
///
/// # Errors
/// A sentence, if it is above 65,535.
fn limit(limit: u32) -> Result<u16, String> {
    u16::try_from(limit).map_err(|_| format!("a bulkhead has at most 65535 places, not {limit}"))
}

impl Driven {
    /// The bulkhead of a case.
    pub fn of_case(case: &Case) -> Result<Self, String> {
        let places = limit(dialects::bulkhead(case)?)?;
        Ok(Self {
            bulkhead: Arc::new(Bulkhead::with_stats(places, Stats::new())),
            inside: BTreeMap::new(),
            answers: BTreeMap::new(),
            refusal: None,
        })
    }
}

impl Subject for Driven {
    fn act(&mut self, step: &Step) -> Result<(), String> {
        self.answers.clear();
        self.refusal = None;
        let args: Args = read(arguments(OPERATIONS, step)?)?;
        let times = times(args.times.unwrap_or(1))?;
        let inside = self.inside.entry(args.partition).or_default();
        match step.op.as_str() {
            "acquire" | "try_acquire" | "inc" | "force_inc" => {
                let share = match args.share {
                    Some(percent) => Share::try_percent(percent).map_err(|error| error.to_string())?,
                    None => Share::ALL,
                };
                let before = inside.len();
                for _ in 0..times {
                    let entered = Bulkhead::try_enter_owned_as(
                        Arc::clone(&self.bulkhead),
                        share,
                        args.places.unwrap_or(1),
                    );
                    match entered {
                        Ok(slot) => inside.push(slot),
                        Err(refusal) => self.refusal = Some(refusal),
                    }
                }
                let granted = (inside.len() - before) as u32;
                self.answers.insert("granted", granted.into());
                self.answers.insert("permitted", (granted == times).into());
            }
            "release" | "dec" => inside.truncate(inside.len().saturating_sub(times as usize)),
            "set_limit" => self
                .bulkhead
                .resize(limit(args.limit.ok_or("no limit is given")?)?),
            "state" => {}
            op => return Err(format!("nobody here does '{op}'")),
        }
        Ok(())
    }

    fn observe(&mut self, key: &str, _step: &Step) -> Option<Got> {
        Some(match key {
            "available" | "remaining" => self.bulkhead.available().into(),
            "inflight" | "in_flight" | "count" => self.bulkhead.in_flight().into(),
            "limit" => self.bulkhead.limit().into(),
            "most_in_flight" => self.bulkhead.statistics().most_in_flight().into(),
            "reason" => reason(self.refusal),
            _ => return self.answers.get(key).cloned(),
        })
    }
}
