use core::fmt;

use super::Share;
use crate::rejected::{Reason, Rejected};

/// What has places: a [`Bulkhead`](super::Bulkhead), a `Waiting`, or anything that leads to one,
/// such as a reference or an `Arc`. Nobody else can implement this.
pub trait Places: sealed::Sealed {
    /// Takes so many places, or is refused.
    #[doc(hidden)]
    fn take(&self, _: sealed::Key, places: u32, share: Share) -> Result<(), Rejected>;

    /// Gives so many back.
    #[doc(hidden)]
    fn give_back(&self, _: sealed::Key, places: u32);

    /// Somebody entered in another way, and so many were inside then.
    #[doc(hidden)]
    fn note_entered(&self, _: sealed::Key, in_flight: u32);

    /// Somebody was refused something else.
    #[doc(hidden)]
    fn note_refused(&self, _: sealed::Key, reason: Reason);
}

pub(super) mod sealed {
    /// Without a public name, as everything here: what it takes to call the hidden methods.
    #[derive(Debug)]
    pub struct Key(pub(in crate::bulkhead) ());

    pub trait Sealed {}
    impl<T: core::ops::Deref<Target: Sealed>> Sealed for T {}
}

impl<T: core::ops::Deref<Target: Places>> Places for T {
    #[inline]
    fn take(&self, key: sealed::Key, places: u32, share: Share) -> Result<(), Rejected> {
        (**self).take(key, places, share)
    }

    #[inline]
    fn give_back(&self, key: sealed::Key, places: u32) {
        (**self).give_back(key, places);
    }

    #[inline]
    fn note_entered(&self, key: sealed::Key, in_flight: u32) {
        (**self).note_entered(key, in_flight);
    }

    #[inline]
    fn note_refused(&self, key: sealed::Key, reason: Reason) {
        (**self).note_refused(key, reason);
    }
}

/// One place in a bulkhead, or several, for as long as this is kept: dropping it gives them back.
///
/// A slot that is forgotten (`mem::forget`, a task that is never polled again) keeps its places for ever; a larger
/// limit makes up for them. What leads to the bulkhead (`H`) must always lead to
/// the same one, or both count wrong from then on.
///
/// It is given back once, by whatever ends it:
///
/// ```compile_fail
/// # use watertight::Bulkhead;
/// # static BACKEND: Bulkhead = Bulkhead::new(10);
/// let slot = BACKEND.try_enter().unwrap();
/// slot.leave();
/// slot.leave(); // does not compile: it has gone
/// ```
#[must_use = "a slot that is dropped at once guards nothing: keep it for as long as the call lasts"]
pub struct Slot<H: Places> {
    bulkhead: H,
    places: u32,
}

impl<H: Places> Slot<H> {
    /// For places that were taken.
    #[inline]
    pub(super) const fn taken(bulkhead: H, places: u32) -> Self {
        Self { bulkhead, places }
    }

    /// Takes places.
    #[inline]
    pub(super) fn take(bulkhead: H, places: u32, share: Share) -> Result<Self, Rejected> {
        bulkhead.take(sealed::Key(()), places, share)?;
        Ok(Self::taken(bulkhead, places))
    }

    /// Where they are.
    #[inline]
    pub(super) const fn bulkhead(&self) -> &H {
        &self.bulkhead
    }

    /// How many places.
    pub const fn places(&self) -> u32 {
        self.places
    }

    /// Gives them back, as dropping it does.
    #[inline]
    pub fn leave(self) {}
}

impl<H: Places> Drop for Slot<H> {
    #[inline]
    fn drop(&mut self) {
        self.bulkhead.give_back(sealed::Key(()), self.places);
    }
}

impl<H: Places> fmt::Debug for Slot<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}
