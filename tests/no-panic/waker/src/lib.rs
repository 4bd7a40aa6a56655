//! What watertight needs of the crate that keeps its wakers, for a program that is linked and not run.
//!
//! That crate has one panic which the compiler cannot rule out, and nobody can reach: while it registers a waker it looks
//! again, unwraps, and finds the one that it has just put there. With it in its place, the program links only if all else is
//! without any.
#![no_std]

use core::hint::black_box;
use core::task::Waker;

/// A cell for a waker, as far as the compiler can tell.
#[derive(Debug)]
pub struct AtomicWaker(());

impl AtomicWaker {
    #[allow(clippy::new_without_default, reason = "nobody asks for it")]
    pub const fn new() -> Self {
        Self(())
    }

    #[inline(never)]
    pub fn register(&self, waker: &Waker) {
        drop(black_box((self, waker.clone())));
    }

    #[inline(never)]
    pub fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }

    #[inline(never)]
    pub fn take(&self) -> Option<Waker> {
        black_box(self);
        black_box(None)
    }
}
