//! What becomes of a call that is made of several attempts.

use core::future::Future;
use core::time::Duration;

use watertight::Transition;

use crate::common::wire::Failure;

/// How a call is attempted: the one thing in which the two runs differ.
pub trait Caller: Send + Sync + 'static {
    /// Makes a call.
    fn call(&self, number: u32) -> impl Future<Output = Outcome> + Send;

    /// What a breaker in it has done so far, in order.
    fn events(&self) -> Vec<Event> {
        Vec::new()
    }
}

/// A transition of a breaker.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// From the start of the run.
    pub at: Duration,
    /// From which state to which, and in which generation.
    pub transition: Transition,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An attempt was answered in time.
    Succeeded,
    /// No attempt was, and none made the caller wait for its timeout.
    FailedAtOnce,
    /// No attempt was, and at least one ran into its timeout.
    TimedOut,
}

impl Outcome {
    /// What a failed call has come to after one more failed attempt.
    pub fn after(self, failure: Failure) -> Self {
        if failure == Failure::TimedOut {
            Self::TimedOut
        } else {
            self
        }
    }
}
