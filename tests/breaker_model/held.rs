//! Permits of either kind: of a clock that is asked, and of an instant in hand.

use watertight::breaker::{Handle, Permit};
use watertight::{Instant, Micros, Reason, Transition};

#[derive(Clone, Copy, Debug)]
pub enum Ending {
    Success,
    Failure,
    FailureWithHint(u64),
    Ignore,
}

/// A permit, whatever its type.
pub trait Held {
    fn transition(&self) -> Option<Transition>;
    fn is_probe(&self) -> bool;
    fn shadow(&self) -> Option<Reason>;
    /// Whether its clock runs, so that it knows how long it was held.
    fn is_timed(&self) -> bool;
    /// Settles it by its own clock, or with a reading.
    fn end(self: Box<Self>, ending: Ending, reading: Option<Instant>) -> Option<Transition>;
}

pub struct Asked<H: Handle>(pub Permit<H>);
pub struct ByValue<H: Handle>(pub Permit<H>);

impl<H: Handle> Held for Asked<H> {
    fn transition(&self) -> Option<Transition> {
        self.0.transition()
    }

    fn is_probe(&self) -> bool {
        self.0.is_probe()
    }

    fn shadow(&self) -> Option<Reason> {
        self.0.shadow()
    }

    fn is_timed(&self) -> bool {
        true
    }

    fn end(self: Box<Self>, ending: Ending, reading: Option<Instant>) -> Option<Transition> {
        match reading {
            None => end(self.0, ending),
            Some(reading) => end(self.0.at(reading), ending),
        }
    }
}

impl<H: Handle> Held for ByValue<H> {
    fn transition(&self) -> Option<Transition> {
        self.0.transition()
    }

    fn is_probe(&self) -> bool {
        self.0.is_probe()
    }

    fn shadow(&self) -> Option<Reason> {
        self.0.shadow()
    }

    fn is_timed(&self) -> bool {
        false
    }

    fn end(self: Box<Self>, ending: Ending, reading: Option<Instant>) -> Option<Transition> {
        let reading = reading.expect("its own instant cannot tell when the call ended");
        end(self.0.at(reading), ending)
    }
}

fn end<H: Handle>(permit: Permit<H>, ending: Ending) -> Option<Transition> {
    match ending {
        Ending::Success => permit.success(),
        Ending::Failure => permit.failure(),
        Ending::FailureWithHint(hint) => permit.failure_retry_after(Micros::from_micros(hint)),
        Ending::Ignore => permit.ignore(),
    }
}
