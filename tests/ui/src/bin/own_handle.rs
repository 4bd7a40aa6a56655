//! error: module `words` is private

use watertight::breaker::Handle;
use watertight::{Breaker, Config, Instant};

struct Mine(Breaker<Instant>);

impl Handle for Mine {
    type Clock = Instant;
    type Policy = &'static Config;

    fn parts(&self) -> (&watertight::breaker::words::Shared<Self::Policy>, &Instant) {
        (&self.0).parts()
    }
}

fn main() {}
