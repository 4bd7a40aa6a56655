//! embassy-time's clock (feature `embassy-time`).

use embassy_time::TICK_HZ;

use crate::time::{Clock, Instant};
use crate::wide::wide_product;

/// The clock of [embassy-time](embassy_time): the ticks of the program's time driver, as microseconds.
///
/// It has no size. The tick rate and the driver are the program's, which chooses them by features of embassy-time and of
/// its chip's crate; the origin is the driver's, as a rule the start of the program. An interrupt may ask it if it may ask
/// the driver. What sleep does to it is what sleep does to the driver's timer: if that stops, a cool-down may last longer
/// than was configured, by the time it stood still.
///
/// # Rounding
/// A reading is `ticks * 1_000_000 / TICK_HZ`, rounded down to a whole microsecond: never later than the tick, less than
/// 1 us earlier after however many ticks, and never stepping back from one tick to a later one. That is exact at every
/// tick rate from 1 Hz to 2^44 Hz; with any other the program does not compile. The tick itself is less than one tick period
/// behind the time. A span between two readings is therefore exact to one tick and 1 us, either way.
///
/// Readings run round the circle of 2^64 us, as instants do. The ticks themselves overflow after 2^64 of them (at 1 GHz,
/// 584 years), which drivers take for never; a reading would begin again at 0 with them.
///
/// # Cost
/// The driver's, and no division. The tick rate is known to the compiler, and what is left of the conversion is
///
/// | tick rate | |
/// |---|---|
/// | divides 1 MHz | one multiplication |
/// | 1 MHz times a power of two, such as 16 MHz | a shift |
/// | a divisor of 1 MHz times a power of two, such as 32,768 Hz | shifts and two multiplications |
/// | another multiple of 1 MHz, such as 48 MHz | a multiplication by the reciprocal, in four parts, and one to correct it |
/// | anything else, such as 375 kHz | two multiplications, and twice that |
///
/// # Sleeping
/// Sleep for what is left, since [`Timer::after`](embassy_time::Timer::after) rounds up to whole ticks. The `from_micros` of
/// embassy-time's own `Instant` rounds down: where a tick is longer than 1 us, a sleep until then may end too early for
/// the call to be admitted.
///
/// ```
/// use embassy_time::{Duration, Timer};
/// use watertight::{Clock, EmbassyClock, Instant};
///
/// async fn sleep_until(instant: Instant) {
///     let left = instant.since(EmbassyClock.now());
///     Timer::after(Duration::from_micros(left.as_micros())).await;
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbassyClock;

const RATE: Rate = Rate::new(TICK_HZ);

impl Clock for EmbassyClock {
    fn now(&self) -> Instant {
        // Not embassy-time's own `as_micros`, which divides, and overflows long before the ticks do.
        Instant::from_micros(RATE.micros(embassy_time::Instant::now().as_ticks()))
    }
}

/// What a tick is in microseconds: `micros / ticks`, in lowest terms.
struct Rate {
    micros: u64,
    ticks: u64,
    /// 2^64 / `ticks`, rounded down; of no use where `ticks` is a power of two.
    reciprocal: u64,
}

impl Rate {
    const fn new(hz: u64) -> Self {
        assert!(
            hz > 0 && hz <= 1 << 44,
            "embassy-time's tick rate is from 1 Hz to 2^44 Hz"
        );
        let common = greatest_common_divisor(1_000_000, hz);
        let ticks = hz / common;
        Self {
            micros: 1_000_000 / common,
            ticks,
            reciprocal: u64::MAX / ticks,
        }
    }

    /// The whole microseconds in so many ticks, modulo 2^64.
    const fn micros(&self, ticks: u64) -> u64 {
        let (whole, rest) = self.divide(ticks);
        let part = if self.micros == 1 {
            0
        } else {
            // Less than `hz * 1_000_000`, and so less than 2^64.
            self.divide(rest * self.micros).0
        };
        whole.wrapping_mul(self.micros).wrapping_add(part)
    }

    /// `number / ticks` and what remains, without a division: 32-bit processors have none of 64 bits.
    const fn divide(&self, number: u64) -> (u64, u64) {
        if self.ticks.is_power_of_two() {
            return (number >> self.ticks.trailing_zeros(), number & (self.ticks - 1));
        }
        // The reciprocal is too small by less than 1, the product therefore by less than `number / 2^64`: at most
        // one is missing of the quotient.
        let (quotient, _) = wide_product(number, self.reciprocal);
        let rest = number - quotient * self.ticks;
        if rest < self.ticks {
            (quotient, rest)
        } else {
            (quotient + 1, rest - self.ticks)
        }
    }
}

const fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Every rate that embassy-time offers belongs to one of the families, and many that it does not offer.
    fn rates() -> impl Iterator<Item = u64> {
        let divisors = (1..=1_000_000).filter(|hz| 1_000_000 % hz == 0);
        let powers_of_two = (0..=44).map(|k| 1 << k);
        let in_khz = (1..=1_000).map(|khz| khz * 1_000);
        let in_mhz = (1..=1_000).map(|mhz| mhz * 1_000_000);
        let clocks = (0..=12).flat_map(|k| [1_024_000 << k, 1_280_000 << k]);
        let odd = [
            3,
            7,
            32_767,
            999_983,
            1_000_003,
            14_318_180,
            u32::MAX.into(),
            (1 << 32) + 1,
            (1 << 44) - 1,
        ];
        divisors
            .chain(powers_of_two)
            .chain(in_khz)
            .chain(in_mhz)
            .chain(clocks)
            .chain(odd)
    }

    /// Round the powers of two, round the seconds, and round where the microseconds come to 2^64.
    fn boundaries(hz: u64) -> impl Iterator<Item = u64> {
        let round = ((1 << 64) * u128::from(hz)).div_ceil(1_000_000);
        let round = u64::try_from(round).unwrap_or(0);
        let powers = (0..64).map(|k| 1 << k);
        let seconds = [1, 2, 3, 59, 86_400, u64::MAX / hz].map(|seconds| hz.wrapping_mul(seconds));
        powers
            .chain(seconds)
            .chain([0, round, 0x9E37_79B9_7F4A_7C15])
            .flat_map(|ticks| [ticks.wrapping_sub(1), ticks, ticks.wrapping_add(1)])
    }

    fn exact(hz: u64, ticks: u64) -> u128 {
        u128::from(ticks) * 1_000_000 / u128::from(hz)
    }

    #[test]
    fn every_rate_agrees_with_128_bits_modulo_2_to_the_64() {
        for hz in rates() {
            let rate = Rate::new(hz);
            for ticks in boundaries(hz) {
                assert_eq!(
                    rate.micros(ticks),
                    exact(hz, ticks) as u64,
                    "{ticks} ticks at {hz} Hz"
                );
            }
        }
    }

    #[test]
    fn each_tick_of_a_while_agrees_with_128_bits() {
        for hz in [3, 32_768, 375_000, 999_983, 1_000_000, 48_000_000, 133_000_000] {
            let rate = Rate::new(hz);
            for start in [0, 1 << 32, u64::MAX - 2_000] {
                for ticks in start..=start + 2_000 {
                    assert_eq!(
                        rate.micros(ticks),
                        exact(hz, ticks) as u64,
                        "{ticks} ticks at {hz} Hz"
                    );
                }
            }
        }
    }

    #[test]
    fn a_slow_rate_comes_round_without_a_jump() {
        // Of 32,768 ticks a second, each is 30 or 31 us.
        let rate = Rate::new(32_768);
        let round = ((1u128 << 64) * 32_768).div_ceil(1_000_000) as u64;
        let readings: Vec<u64> = (round - 2..=round + 2).map(|ticks| rate.micros(ticks)).collect();
        assert!(readings[1] > u64::MAX - 31 && readings[2] < 31, "{readings:?}");
        for pair in readings.windows(2) {
            let passed = pair[1].wrapping_sub(pair[0]);
            assert!(matches!(passed, 30 | 31), "{readings:?}");
        }
    }

    #[test]
    fn a_fast_rate_ends_with_its_ticks() {
        assert_eq!(Rate::new(48_000_000).micros(u64::MAX), u64::MAX / 48);
        assert_eq!(Rate::new(1_000_000_000).micros(u64::MAX), u64::MAX / 1_000);
        assert_eq!(Rate::new(1_000_000).micros(u64::MAX), u64::MAX);
    }

    #[test]
    fn needs_a_rate_from_1_hz_to_2_to_the_44() {
        for hz in [0, (1 << 44) + 1, u64::MAX] {
            assert!(std::panic::catch_unwind(|| Rate::new(hz)).is_err(), "{hz}");
        }
    }
}
