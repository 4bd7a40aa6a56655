//! The source of jitter: a trait, and a small generator that the user seeds.

/// A source of random 32-bit numbers.
pub trait Random {
    /// The next number, uniform over all of `u32`.
    fn next(&self) -> u32;
}

impl<R: Random + ?Sized> Random for &R {
    fn next(&self) -> u32 {
        (**self).next()
    }
}
