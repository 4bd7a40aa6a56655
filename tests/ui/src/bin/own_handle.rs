//! error: module `words` is private

use watertight::breaker::Reach;
use watertight::breaker::words::Parts;
use watertight::{Breaker, Config, Instant};

struct Mine(Breaker<Instant>);

impl Reach for Mine {
    type Own = Instant;
    type Policy = &'static Config;

    fn parts(&self) -> &Parts<Instant, Self::Policy> {
        (&self.0).parts()
    }
}

fn main() {}
