use super::Instant;

/// Something that can be asked what time it is.
///
/// A primitive asks only where a decision needs the time, and never twice for one decision unless somebody
/// else changed its state in between. A clock should be monotonic, yet nothing breaks when it stands still or
/// steps back: each primitive says in its documentation what that costs. It must answer from wherever the
/// primitive is used, interrupts included, must not panic, and must not use the primitive itself.
///
/// The trait cannot be an object, because of [`FIXED`](Self::FIXED): a clock that is chosen at run time is a small
/// type of its own around whatever it chooses from.
pub trait Clock {
    /// Whether every answer is the same, as with an [`Instant`] in hand.
    ///
    /// A permit that was got with a fixed clock cannot be settled with it, or every call would seem to have
    /// lasted no time: `permit.at(clock)` names the clock to settle with. That is checked when the program is
    /// built (`cargo check` does not see it). Leave this as it is for any clock that runs.
    const FIXED: bool = false;

    /// The time now.
    fn now(&self) -> Instant;
}

impl Clock for Instant {
    const FIXED: bool = true;

    fn now(&self) -> Instant {
        *self
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    const FIXED: bool = C::FIXED;

    fn now(&self) -> Instant {
        (**self).now()
    }
}
