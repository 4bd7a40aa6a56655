//! The source of jitter: a trait, a small generator that the user seeds, and bounded draws.

use crate::sync::{AtomicU32, Ordering};

/// A source of random 32-bit numbers. It must not panic.
pub trait Random {
    /// The next number, uniform over all of `u32`.
    fn next(&self) -> u32;
}

impl<R: Random + ?Sized> Random for &R {
    fn next(&self) -> u32 {
        (**self).next()
    }
}

/// 2^32 divided by the golden ratio, made odd: of all steps round a circle it keeps the places visited
/// farthest apart (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
const GOLDEN: u32 = 0x9E37_79B9;

/// A small generator to share: one 32-bit word, `const`, seeded by the user.
///
/// ```
/// use watertight::{Random, SharedRandom};
///
/// static RANDOM: SharedRandom = SharedRandom::seeded(0);
///
/// // Once, early, with whatever differs from device to device and from boot to boot:
/// # fn serial_number_and_boot_count() -> u32 { 4711 }
/// RANDOM.reseed(serial_number_and_boot_count());
/// let draw: u32 = RANDOM.next();
/// # let _ = draw;
/// ```
///
/// There is no default seed: devices that draw the same jitter retry at the same moment, which is what
/// jitter is there to prevent.
///
/// # The generator
/// A Weyl sequence (a counter that an odd constant is added to) read through a bijection that mixes its bits:
/// the structure of SplitMix (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014)
/// in 32 bits, with the mixer `triple32` (Chris Wellons, "Prospecting for Hash Functions", 2018; public domain),
/// the least biased of those found there. Not for secrets: one number tells all that follow.
///
/// # What 32 bits of state mean
/// - Every number comes once in 2^32 draws, then the sequence starts over.
/// - All seeds are places on that one cycle, each its own: every two seeds give streams that differ from the
///   first draw on, yet one runs into the other's numbers after as many draws as lie between them.
/// - Seeds that differ by `k`, up to 65,535, lie at least 2^32 / (2.84 k) draws apart. Among 1000 devices seeded
///   with consecutive serial numbers, none sees a number of another's stream within 1.5 million draws.
/// - Seeds drawn at random have no such distance: of `d` devices that draw `n` numbers each, two share some
///   part of a stream with a probability of about d² n / 2^32 (200 devices, 1000 draws: 1 %).
///   Sharing means the same numbers in the same order, though at different times.
///
/// # Cost
/// One relaxed `fetch_add` and three multiplications. It never retries, may be called from an interrupt, and on
/// a target without compare-and-swap is a critical section of a few instructions.
#[derive(Debug)]
pub struct SharedRandom {
    state: AtomicU32,
}

impl SharedRandom {
    const_fn! {
        /// A generator at the place of the cycle that belongs to `seed`. Any seed is good.
        pub const fn seeded(seed: u32) -> Self {
            Self { state: AtomicU32::new(place(seed)) }
        }
    }

    /// Starts again from `seed`, as if just [`seeded`](Self::seeded) with it: for a `static`, whose seed is
    /// known only once the program runs.
    pub fn reseed(&self, seed: u32) {
        // ORDERING: Relaxed, as the word publishes nothing but itself; a draw at the same moment counts as
        // made before or after.
        self.state.store(place(seed), Ordering::Relaxed);
    }
}

impl Random for SharedRandom {
    fn next(&self) -> u32 {
        // ORDERING: Relaxed. Read-modify-writes of one word are in one order in any case: no two callers get
        // the same place of the cycle.
        let before = self.state.fetch_add(GOLDEN, Ordering::Relaxed);
        triple32(before.wrapping_add(GOLDEN))
    }
}

/// The state for a seed: `seed` times the golden step *counted in draws*. Both factors are odd, so that no two
/// seeds share a place.
const fn place(seed: u32) -> u32 {
    seed.wrapping_mul(GOLDEN).wrapping_mul(GOLDEN)
}

/// Wellons' `triple32`: a bijection in which every input bit turns every output bit with a probability very
/// near one half.
const fn triple32(mut x: u32) -> u32 {
    x ^= x >> 17;
    x = x.wrapping_mul(0xED5A_D4BB);
    x ^= x >> 11;
    x = x.wrapping_mul(0xAC4C_1B51);
    x ^= x >> 15;
    x = x.wrapping_mul(0x3184_8BAB);
    x ^ (x >> 14)
}

/// A number from 0 to `most`, both ends included, out of one `draw` that is uniform over `u32`.
///
/// - `most` below 2^32: every number can come, and its probability is off 1 / (`most` + 1) by less than 2^-32.
/// - `most` from 2^32 up: one draw reaches 2^32 of the numbers, evenly spread, both ends among them: with
///   `f` = `draw` / (2^32 - 1), the result is the whole part of (`most` + 1) `f`, and `most` for `f` = 1 (to 1).
///
/// It grows with `draw`. Two multiplications, no division, no loop.
///
/// ```
/// use watertight::random::up_to;
///
/// assert_eq!(up_to(0, 99), 0);
/// assert_eq!(up_to(1 << 31, 99), 50);
/// assert_eq!(up_to(u32::MAX, 99), 99);
/// assert_eq!(up_to(u32::MAX, u64::MAX), u64::MAX);
/// ```
pub const fn up_to(draw: u32, most: u64) -> u64 {
    const LOW: u64 = u32::MAX as u64;
    let draw = draw as u64;
    // draw * (most + 1), a number of up to 96 bits: the part from bit 32 up, and the 32 bits below.
    let low = draw * (most & LOW) + draw;
    let whole = draw * (most >> 32) + (low >> 32);
    // `whole` alone would never reach a `most` above 2^32. The draw is therefore taken as the 64-bit fraction
    // that repeats it, draw * (2^32 + 1): all ones for the last draw. That adds `whole` once more, 32 bits down.
    whole + (((low & LOW) + whole) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_draws_agree_with_wide_integers() {
        let edges = |bits: u32| (0..bits).flat_map(|k| [(1u64 << k) - 1, 1 << k, (1 << k) + 1]);
        for draw in edges(32).map(|d| d as u32).chain([u32::MAX - 1, u32::MAX]) {
            for most in edges(64).chain([99, 1_000_000, u64::MAX - 1, u64::MAX]) {
                let fraction = u128::from(draw) * ((1 << 32) + 1);
                let expected = (fraction * (u128::from(most) + 1)) >> 64;
                assert_eq!(u128::from(up_to(draw, most)), expected, "{draw} of 0..={most}");
            }
        }
    }

    /// Draws from 0 that give at most `value`.
    fn draws_up_to(value: u64, most: u64) -> u64 {
        let (mut low, mut high) = (0u64, 1 << 32);
        while low < high {
            let middle = (low + high) / 2;
            if up_to(middle as u32, most) <= value {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    #[test]
    fn every_number_is_as_likely_as_any_other_within_one_draw() {
        for most in [
            1,
            2,
            6,
            99,
            999,
            65_535,
            65_536,
            1_000_000,
            u64::from(u32::MAX) - 1,
            u64::from(u32::MAX),
        ] {
            let fair = (1u64 << 32) / (most + 1);
            let values = (0..=most).take(2_000).chain(most.saturating_sub(2_000)..=most);
            for value in values {
                let below = if value == 0 {
                    0
                } else {
                    draws_up_to(value - 1, most)
                };
                let draws = draws_up_to(value, most) - below;
                assert!(
                    draws == fair || draws == fair + 1,
                    "{value} of 0..={most} by {draws} draws"
                );
            }
            assert_eq!(draws_up_to(most, most), 1 << 32);
        }
    }

    #[test]
    fn neighbouring_seeds_start_far_apart_on_the_cycle() {
        // Draws from seed 0 to seed k: undo the step of the counter with its inverse.
        let mut inverse = GOLDEN;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u32.wrapping_sub(GOLDEN.wrapping_mul(inverse)));
        }
        assert_eq!(GOLDEN.wrapping_mul(inverse), 1);
        for k in 1..=65_535u32 {
            let ahead = place(k).wrapping_sub(place(0)).wrapping_mul(inverse);
            let apart = ahead.min(ahead.wrapping_neg());
            assert!(
                u64::from(apart) * u64::from(k) * 284 >= 100 << 32,
                "seeds {k} apart: {apart} draws"
            );
        }
    }

    #[test]
    fn the_mixer_is_a_bijection() {
        // Undone step by step: an odd factor by its inverse, a shift by 11 to 17 by repeating it.
        const fn undo_shift(y: u32, by: u32) -> u32 {
            let mut x = y;
            let mut done = by;
            while done < 32 {
                x = y ^ (x >> by);
                done += by;
            }
            x
        }
        const fn undo_factor(y: u32, factor: u32) -> u32 {
            let mut inverse = factor;
            let mut round = 0;
            while round < 5 {
                inverse = inverse.wrapping_mul(2u32.wrapping_sub(factor.wrapping_mul(inverse)));
                round += 1;
            }
            y.wrapping_mul(inverse)
        }
        for x in (0..=u32::MAX).step_by(65_521).chain([1, u32::MAX]) {
            let y = undo_factor(undo_shift(triple32(x), 14), 0x3184_8BAB);
            let y = undo_factor(undo_shift(y, 15), 0xAC4C_1B51);
            let y = undo_factor(undo_shift(y, 11), 0xED5A_D4BB);
            assert_eq!(undo_shift(y, 17), x);
        }
    }
}
