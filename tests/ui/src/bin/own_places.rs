//! error: `Places` is a "sealed trait"

use watertight::bulkhead::Places;
use watertight::{Reason, Rejected, Share};

struct Mine;

impl Places for Mine {
    fn take(&self, _: u32, _: Share) -> Result<(), Rejected> {
        Ok(())
    }

    fn give_back(&self, _: u32) {}

    fn note_refused(&self, _: Reason) {}
}

fn main() {}
