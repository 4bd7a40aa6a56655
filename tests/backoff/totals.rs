//! The worst case of a series, which a watchdog is sized by: never below the truth, and not far above it.

use core::time::Duration;
use proptest::prelude::*;
use watertight::{Backoff, Jitter, Micros, SharedRandom};

use crate::naive::{Shape, any_plan, millis};
use crate::{any_span, cases, micros};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

// All of these are worked out while this file compiles, one of each shape and the dearest of them.
const _: () = {
    const fn total(backoff: Backoff, n: u32) -> u64 {
        backoff.worst_case_total(n).as_micros()
    }
    let all = u32::MAX as u64;
    assert!(total(Backoff::constant(SECOND).build(), u32::MAX) == all * 1_000_000);
    assert!(
        total(
            Backoff::constant(SECOND).jitter(Jitter::PlusMinus(10)).build(),
            u32::MAX
        ) == all * 1_100_000
    );
    // 1 + 2 + ... + 60 s, and the cap for ever.
    let linear = Backoff::linear(SECOND, SECOND, MINUTE).build();
    assert!(total(linear, u32::MAX) == (1_830 + (all - 60) * 60) * 1_000_000);
    // 1 + 2 + 3 + ... + 10^9 us.
    let fine = Backoff::linear(micros(1), micros(1), micros(1_000_000_000)).build();
    assert!(total(fine, 1_000_000_000) == 500_000_000_500_000_000);
    // 1 + 2 + 4 + 8 + 16 + 32 s.
    let exponential = Backoff::exponential(SECOND, MINUTE);
    assert!(total(exponential.build(), 6) == 63_000_000);
    assert!(total(exponential.first_at_once().build(), 7) == 63_000_000);
    assert!(total(exponential.build(), u32::MAX) == (63 + (all - 6) * 60) * 1_000_000);
    assert!(total(exponential.max_attempts(7).build(), u32::MAX) == 63_000_000);
    assert!(total(exponential.max_attempts(7).build(), 7) == 63_000_000);
    assert!(total(exponential.max_attempts(7).build(), 5) == 31_000_000);
    assert!(total(exponential.max_total(MINUTE).build(), u32::MAX) == 60_000_000);
    assert!(total(exponential.max_total(MINUTE).build(), 3) == 7_000_000);
    // 1 + 1 + 2 + 3 + 5 s.
    assert!(total(Backoff::fibonacci(SECOND, MINUTE).build(), 5) == 12_000_000);
    // 3 + 9 + 27 + 60 s.
    assert!(total(exponential.jitter(Jitter::Decorrelated).build(), 4) == 99_000_000);
    assert!(total(exponential.factor(1, 1).build(), u32::MAX) == all * 1_000_000);
    let slowest = Backoff::exponential(micros(1), Duration::MAX)
        .factor(65_536, 65_535)
        .build();
    assert!(total(slowest, u32::MAX) == u64::MAX);
    // 1000 ms * (1 + 1.1 + ... + 1.1^10), by its digits.
    let tenth = Backoff::exponential(SECOND, Duration::MAX).factor(11, 10).build();
    assert!(total(tenth, 8) == 11_435_888);
};

/// Each delay at its longest, one after the other.
fn longest(backoff: Backoff, n: u32) -> u128 {
    let mut previous = Micros::ZERO;
    let mut sum = 0;
    for retry in 0..n {
        previous = backoff.delay(retry, previous, u32::MAX);
        sum += u128::from(previous.as_micros());
    }
    sum
}

/// Not below the truth, and above it by no more than is stated for delays added up by formula.
fn is_tight(backoff: Backoff, n: u32, by_formula: bool) -> Result<(), String> {
    let (bound, truth) = (
        u128::from(backoff.worst_case_total(n).as_micros()),
        longest(backoff, n),
    );
    let slack = if by_formula {
        truth / 1_000_000_000 + 4 * u128::from(n)
    } else {
        0
    };
    let most = (truth + slack).min(u128::from(u64::MAX));
    if (truth.min(u128::from(u64::MAX))..=most).contains(&bound) {
        Ok(())
    } else {
        Err(format!(
            "{backoff:?}: {n} delays come to {truth}, the bound is {bound}"
        ))
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn the_worst_case_is_the_sum_of_the_longest_delays(plan in any_plan(), n in 0..900u32) {
        let by_formula = n > 512 && match plan.shape {
            Shape::Linear { .. } => matches!(plan.jitter, Jitter::PlusMinus(_)),
            Shape::Exponential { numerator, denominator } => numerator * 10 < denominator * 11,
            _ => false,
        };
        is_tight(plan.build(), n, by_formula).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn no_series_takes_longer(
        plan in any_plan(),
        n in 0..200u32,
        attempts in 1..300u32,
        total in prop::option::of(any_span()),
        seed in any::<u32>(),
    ) {
        let mut builder = plan.builder().max_attempts(attempts);
        if let Some(total) = total {
            builder = builder.max_total(micros(total));
        }
        let backoff = builder.build();
        let random = SharedRandom::seeded(seed);
        let taken: u128 = backoff.delays(&random).take(n as usize).map(|d| u128::from(d.as_micros())).sum();
        let bound = backoff.worst_case_total(n);
        prop_assert!(bound == Micros::MAX || taken <= u128::from(bound.as_micros()));
    }
}

#[test]
fn long_series_of_small_factors_are_bounded_tightly() {
    for (first, cap, numerator, denominator, lengths) in [
        (
            SECOND,
            Duration::from_secs(3_600),
            1_001,
            1_000,
            [513, 514, 520, 600, 1_000, 8_000, 9_000, 20_000],
        ),
        (
            micros(1),
            SECOND,
            1_001,
            1_000,
            [513, 514, 520, 600, 1_000, 8_000, 14_000, 20_000],
        ),
        (
            millis(1),
            MINUTE,
            501,
            500,
            [513, 514, 515, 600, 2_000, 5_000, 6_000, 10_000],
        ),
        (
            SECOND,
            MINUTE,
            65_536,
            65_535,
            [513, 514, 520, 1_000, 5_000, 20_000, 100_000, 300_000],
        ),
        (
            micros(7),
            micros(9),
            65_536,
            65_535,
            [513, 514, 520, 1_000, 5_000, 10_000, 15_000, 20_000],
        ),
        (
            MINUTE,
            Duration::MAX,
            65_536,
            65_535,
            [513, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 10_000],
        ),
    ] {
        let backoff = Backoff::exponential(first, cap).factor(numerator, denominator);
        for jitter in [Jitter::Full, Jitter::PlusMinus(30)] {
            let backoff = backoff.jitter(jitter).build();
            for n in lengths {
                assert_eq!(is_tight(backoff, n, true), Ok(()));
            }
        }
    }
}
