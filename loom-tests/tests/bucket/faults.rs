//! What is wrong with the words, for twins of the protocol as it ships; those of its source are in `twins/bucket.rs`.

use watertight::bucket::protocol::Place;
use watertight::models::{AtomicU32, Ordering};

use crate::bench::Bench;
use crate::subjects::Bucket;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A plain store in place of the CAS.
    Stores(Place),
    /// The Acquire of the load of `spent` is Relaxed in this operation.
    LoadRelaxed(Operation),
    /// The Release of its CAS.
    SwapRelaxed(Operation),
}

/// What a thread is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Acquire,
    Refund,
    Reset,
}

impl<S: Bucket> Bench<S> {
    fn word(&self, place: Place) -> &AtomicU32 {
        let [spent, dated] = self.words();
        match place {
            Place::Spent => spent,
            Place::Dated => dated,
            Place::Slot { .. } => unreachable!("these terms stay"),
        }
    }

    /// What `operation` loads, of an `order` that may be weaker than it asks for.
    pub fn load(&self, operation: Operation, place: Place, order: Ordering) -> u32 {
        let order = match self.fault {
            Some(Fault::LoadRelaxed(relaxed)) if relaxed == operation => Ordering::Relaxed,
            _ => order,
        };
        self.word(place).load(order)
    }

    /// Whether the CAS of `operation` succeeded.
    pub fn swap_if(&self, operation: Operation, place: Place, seen: u32, new: u32, order: Ordering) -> bool {
        let order = match self.fault {
            Some(Fault::SwapRelaxed(relaxed)) if relaxed == operation => Ordering::Relaxed,
            Some(Fault::Stores(stored)) if stored == place => {
                self.word(place).store(new, order);
                return true;
            }
            _ => order,
        };
        let swapped = self
            .word(place)
            .compare_exchange(seen, new, order, Ordering::Relaxed);
        swapped.is_ok()
    }
}
