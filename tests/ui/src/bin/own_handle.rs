//! error: module `words` is private

use watertight::breaker::words::Parts;
use watertight::breaker::{Consecutive, NoStats, Reach};
use watertight::{Breaker, Config, Instant};

struct Mine(Breaker<Instant>);

impl Reach for Mine {
    type Own = Instant;
    type Policy = &'static Config;
    type Window = Consecutive;
    type Stats = NoStats;

    fn parts(&self) -> &Parts<Instant, Self::Policy, Consecutive, NoStats> {
        (&self.0).parts()
    }
}

fn main() {}
