//! A value of several words that changes while others read it: two slots and a word that says which is live.
//!
//! ```text
//! version = {changes 31 | busy 1}      the live slot is slots[changes & 1]
//!
//! READ   load version; copy the live slot; look at the version again: fewer than two changes begun since,
//!        so that nobody has written into the slot that was copied: done. Otherwise from the start.
//! WRITE  version busy: answer Busy. CAS busy on; write the idle slot; store {changes + 1, not busy}.
//! ```
//!
//! A writer that is stopped for ever, at any point, leaves the live slot whole and the version on it: readers
//! go on with the last value, and every later writer is told `Busy`. A reader starts again only when a whole
//! change was published and another begun while it copied a few words. The version comes round after 2^31
//! changes: a reader stopped inside its copy over exactly that many returns a mixture. A `next` that panics is a
//! writer that is stopped for ever.

use core::fmt;

use crate::sync::{AtomicU32, Ordering, fence, zeroes};

/// A value that can be taken apart into `N` words and put together again.
///
/// `from_words(value.to_words())` is `value`.
pub trait Words<const N: usize>: Copy {
    /// The value as words.
    fn to_words(self) -> [u32; N];
    /// The value that [`to_words`](Self::to_words) took apart.
    fn from_words(words: [u32; N]) -> Self;
}

/// Somebody else is changing the same value at this moment; nothing was changed by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another change of the same value is under way; nothing was changed")
    }
}

impl core::error::Error for Busy {}

const BUSY: u32 = 1;
const ONE_CHANGE: u32 = 2;

/// The two slots; see the module's comment.
#[derive(Debug)]
pub struct Slots<const N: usize> {
    version: AtomicU32,
    slots: [[AtomicU32; N]; 2],
}

impl<const N: usize> Slots<N> {
    const_fn! {
        /// Slots made by the caller, since `const` code cannot loop over an array of atomics under loom; the
        /// first is live.
        pub const fn new(slots: [[AtomicU32; N]; 2]) -> Self {
            Self { version: AtomicU32::new(0), slots }
        }
    }

    const_fn! {
        /// Slots of which the live one holds `words`.
        pub const fn holding(words: [u32; N]) -> Self {
            let mut live = zeroes();
            let mut number = 0;
            while number < N {
                live[number] = AtomicU32::new(words[number]);
                number += 1;
            }
            Self::new([live, zeroes()])
        }
    }

    /// The value as it stands.
    pub fn read<T: Words<N>>(&self) -> T {
        T::from_words(self.copy(|slot| {
            let mut words = [0; N];
            for (word, slot) in words.iter_mut().zip(slot) {
                // ORDERING: Relaxed; guarded by the load before and the fence after, in `copy`.
                *word = slot.load(Ordering::Relaxed);
            }
            words
        }))
    }

    /// One word of the value as it stands; 0 if it has not so many.
    pub fn read_word(&self, number: usize) -> u32 {
        self.copy(|slot| {
            // ORDERING: Relaxed; as in `read`.
            slot.get(number).map_or(0, |word| word.load(Ordering::Relaxed))
        })
    }

    fn copy<T>(&self, of: impl Fn(&[AtomicU32; N]) -> T) -> T {
        loop {
            // ORDERING: Acquire pairs with the Release store at the end of `change`: the words of the slot
            // that this version names are at least those that the change wrote.
            let seen = self.version.load(Ordering::Acquire);
            let copy = of(self.slot(seen));
            // ORDERING: Acquire pairs with the Release fence in `change`: if any word above was written by a
            // later change, the load below sees that change begun.
            fence(Ordering::Acquire);
            // ORDERING: Relaxed; the fence above orders it after the copy.
            let now = self.version.load(Ordering::Relaxed);
            // From the live slot's number on: the change that is under way, or done, writes the other slot.
            if now.wrapping_sub(seen & !BUSY) <= ONE_CHANGE {
                return copy;
            }
        }
    }

    /// Replaces the value by what `next` makes of it, unless another change is under way.
    pub fn change<T: Words<N>>(&self, next: impl FnOnce(T) -> T) -> Result<(), Busy> {
        // ORDERING: Relaxed; the CAS below decides.
        let seen = self.version.load(Ordering::Relaxed);
        if seen & BUSY != 0 {
            return Err(Busy);
        }
        // ORDERING: Acquire pairs with the Release store of the change before: its words are seen here, and
        // its writes to the other slot come before ours.
        self.version
            .compare_exchange(seen, seen | BUSY, Ordering::Acquire, Ordering::Relaxed)
            .map_err(|_| Busy)?;
        // ORDERING: Release pairs with the reader's Acquire fence.
        fence(Ordering::Release);
        let mut words = [0; N];
        for (word, slot) in words.iter_mut().zip(self.slot(seen)) {
            // ORDERING: Relaxed; only the holder of the busy bit writes slots, and it acquired them above.
            *word = slot.load(Ordering::Relaxed);
        }
        let words = next(T::from_words(words)).to_words();
        let published = seen.wrapping_add(ONE_CHANGE);
        for (word, slot) in words.iter().zip(self.slot(published)) {
            // ORDERING: Relaxed; published by the Release store below.
            slot.store(*word, Ordering::Relaxed);
        }
        // ORDERING: Release publishes the words of the slot that the new version names.
        self.version.store(published, Ordering::Release);
        Ok(())
    }

    fn slot(&self, version: u32) -> &[AtomicU32; N] {
        let [even, odd] = &self.slots;
        if version & ONE_CHANGE == 0 { even } else { odd }
    }
}
