//! The bulkheads: one for each dependency, each with a small waiting room.
//!
//! This is how one uses them in a tokio server. Enter the compartment of what the call needs before taking anything that
//! all calls share, and keep the slot for as long. Who finds the waiting room full is refused at once; who waits is
//! dropped with his future, when the client leaves.

use watertight::Rejected;
use watertight::bulkhead::{Slot, Statistics, Stats, Waiting};

use crate::plan::Dependency;

/// How many calls may wait for each dependency. A healthy one has a place for them in a few milliseconds.
const SEATS: usize = 8;

/// A place in a compartment.
pub type Place<'a> = Slot<&'a Waiting<SEATS, Stats>>;

/// A compartment for each dependency.
#[derive(Debug)]
pub struct Compartments([Waiting<SEATS, Stats>; Dependency::ALL.len()]);

impl Compartments {
    /// With so many places each.
    pub fn new(places: u16) -> Self {
        Self(Dependency::ALL.map(|_| Waiting::with_stats(places, Stats::new())))
    }

    /// Waits for a place in the compartment of this dependency.
    ///
    /// # Errors
    /// [`RoomFull`](watertight::Reason::RoomFull).
    pub async fn enter(&self, dependency: Dependency) -> Result<Place<'_>, Rejected> {
        self.0[dependency as usize].enter().await
    }

    /// What each has kept.
    pub fn statistics(&self) -> [Statistics; Dependency::ALL.len()] {
        self.0.each_ref().map(Waiting::statistics)
    }
}
