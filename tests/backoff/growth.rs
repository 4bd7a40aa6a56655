//! How delays grow, without jitter: by example, against the naive model, and against exact fractions.

use core::time::Duration;
use proptest::prelude::*;
use watertight::{Backoff, Jitter, Micros};

use crate::naive::{Big, Plan, Shape, any_factor, any_plan, millis};
use crate::{any_draw, any_retry, any_span, cases, micros};

fn first_delays<const N: usize>(backoff: Backoff) -> [u64; N] {
    core::array::from_fn(|retry| backoff.delay(retry as u32, Micros::ZERO, 0).as_micros())
}

#[test]
fn each_shape_by_example() {
    let second = Duration::from_secs(1);
    assert_eq!(first_delays(Backoff::constant(micros(7)).build()), [7, 7, 7, 7]);
    assert_eq!(
        first_delays(Backoff::linear(micros(5), micros(3), micros(12)).build()),
        [5, 8, 11, 12, 12]
    );
    assert_eq!(
        first_delays(Backoff::exponential(micros(3), micros(40)).build()),
        [3, 6, 12, 24, 40, 40]
    );
    assert_eq!(
        first_delays(Backoff::exponential(micros(1_000), second).factor(3, 2).build()),
        // 1000 * 1.5^n: 3375.0, 5062.5, 7593.75, 11390.625. Halves go up.
        [1_000, 1_500, 2_250, 3_375, 5_063, 7_594, 11_391]
    );
    assert_eq!(
        first_delays(
            Backoff::exponential(micros(1_000_000), Duration::MAX)
                .factor(11, 10)
                .build()
        ),
        [
            1_000_000, 1_100_000, 1_210_000, 1_331_000, 1_464_100, 1_610_510, 1_771_561, 1_948_717
        ]
    );
    assert_eq!(
        first_delays(Backoff::fibonacci(micros(10), micros(70)).build()),
        [10, 10, 20, 30, 50, 70, 70]
    );
}

#[test]
fn the_last_fibonacci_number_of_64_bits_is_the_93rd() {
    let backoff = Backoff::fibonacci(micros(1), Duration::MAX).build();
    // OEIS A000045.
    let numbers = [7_540_113_804_746_346_429, 12_200_160_415_121_876_738, u64::MAX];
    assert_eq!([91, 92, 93].map(|n| backoff.base_delay(n).as_micros()), numbers);
}

#[test]
fn the_figures_of_other_systems() {
    // AWS: 100 ms doubling to 1 s. gRPC's A6 likewise.
    let aws = Backoff::exponential(millis(100), millis(1_000)).build();
    assert_eq!(
        first_delays(aws),
        [100_000, 200_000, 400_000, 800_000, 1_000_000, 1_000_000]
    );
    // resilience4j: 100 ms doubling to 100 s, the tenth is 51.2 s. Finagle: 2, 4, 8 to 15 ms. Failsafe: 2 s to 30 s.
    let r4j = Backoff::exponential(millis(100), millis(100_000)).build();
    assert_eq!(
        [9, 11, 12].map(|n| r4j.base_delay(n)),
        [51_200, 100_000, 100_000].map(Micros::from_millis)
    );
    let finagle = Backoff::exponential(millis(2), millis(15)).build();
    assert_eq!(first_delays(finagle), [2_000, 4_000, 8_000, 15_000, 15_000]);
    let failsafe = Backoff::exponential(millis(2_000), millis(30_000)).build();
    assert_eq!(
        first_delays(failsafe),
        [2, 4, 8, 16, 30].map(|secs| secs * 1_000_000)
    );
    // Polly: a retry number beyond all reach saturates, with a cap and without.
    let huge = Duration::from_millis(86_400_000_000);
    assert_eq!(
        Backoff::exponential(huge, Duration::MAX)
            .build()
            .base_delay(1_000),
        Micros::MAX
    );
    let capped = Backoff::exponential(millis(86_400_000), millis(172_800_000)).build();
    assert_eq!(capped.base_delay(1_000), Micros::from_millis(172_800_000));
}

#[test]
fn the_first_retry_may_come_at_once() {
    let growing = Backoff::exponential(micros(3), micros(40)).first_at_once();
    assert_eq!(first_delays(growing.build()), [0, 3, 6, 12, 24, 40]);
    // Whatever the draw, and before decorrelated jitter too, which then starts from its first delay.
    let decorrelated = growing.jitter(Jitter::Decorrelated).build();
    assert_eq!(
        decorrelated.delay(0, Micros::from_micros(17), u32::MAX),
        Micros::ZERO
    );
    assert_eq!(decorrelated.delay(1, Micros::ZERO, 0), Micros::from_micros(3));
    assert_eq!(
        decorrelated.delay(1, Micros::ZERO, u32::MAX),
        Micros::from_micros(9)
    );
    assert_eq!(
        first_delays(Backoff::linear(micros(0), micros(3), micros(7)).build()),
        [0, 3, 6, 7]
    );
    assert_eq!(first_delays(Backoff::constant(micros(0)).build()), [0, 0, 0]);
}

#[test]
fn durations_are_rounded_up_to_microseconds() {
    let backoff = Backoff::linear(
        Duration::from_nanos(1),
        Duration::from_nanos(1_001),
        Duration::MAX,
    )
    .build();
    assert_eq!(first_delays(backoff), [1, 3, 5]);
    assert_eq!(backoff.cap(), Micros::MAX);
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn whole_delays_are_those_of_the_model(plan in any_plan(), retry in any_retry()) {
        if let Some(expected) = plan.whole_base(retry) {
            prop_assert_eq!(i128::from(plan.build().base_delay(retry).as_micros()), expected);
        }
    }

    #[test]
    fn delays_are_jittered_as_the_model_does(
        plan in any_plan(), retry in any_retry(), previous in any_span(), draw in any_draw(),
    ) {
        let backoff = plan.build();
        let base = backoff.base_delay(retry);
        let delay = backoff.delay(retry, Micros::from_micros(previous), draw);
        let expected = match (plan.at_once, retry) {
            (true, 0) => 0,
            _ => plan.jittered(i128::from(base.as_micros()), previous, draw),
        };
        prop_assert_eq!(i128::from(delay.as_micros()), expected);
        prop_assert!(delay <= backoff.cap());
        prop_assert_eq!(i128::from(backoff.cap().as_micros()), plan.longest());
    }

    #[test]
    fn no_delay_is_shorter_than_the_one_before(plan in any_plan(), retry in any_retry()) {
        let backoff = plan.build();
        prop_assert!(backoff.base_delay(retry) <= backoff.base_delay(retry.saturating_add(1)));
    }

    #[test]
    fn powers_are_within_the_stated_error(
        (numerator, denominator) in any_factor(), first in any_span(), n in 0..400u32,
    ) {
        let first = first.max(1);
        let shape = Shape::Exponential { numerator, denominator };
        let plan = Plan { shape, first, cap: u64::MAX, jitter: Jitter::None, at_once: false };
        let delay = plan.build().base_delay(n).as_micros();
        // The exact value is a / b. Compared after multiplication with 2^41 b: the delay may be off by half of
        // one and by 2^-40 of the exact value, 2^40 b + 2 a.
        let mut a = Big::new(first);
        let mut b = Big::new(1);
        for _ in 0..n {
            (a, b) = (a.times(numerator.into()), b.times(denominator.into()));
        }
        let slack = b.clone().times(1 << 40).plus(&a.clone().times(2));
        let exact = a.times(1 << 41);
        let got = b.times(delay).times(1 << 41);
        prop_assert!(exact.is_at_most(&got.clone().plus(&slack)) || delay == u64::MAX);
        prop_assert!(got.is_at_most(&exact.plus(&slack)));
    }
}

#[test]
fn a_fraction_that_binary_holds_exactly_is_rounded_exactly() {
    // As long as 3^n and the like fit 64 bits, nothing is cut before the last rounding. 19^15 has all 64.
    for (numerator, denominator, powers) in [(3u32, 2u32, 40), (5, 4, 27), (9, 8, 20), (19, 16, 15)] {
        for first in [1u64, 3, 1_000, 999_999, 1 << 60] {
            let backoff = Backoff::exponential(micros(first), Duration::MAX)
                .factor(numerator, denominator)
                .build();
            for n in 0..=powers {
                let (a, b) = (
                    u128::from(numerator).pow(n) * u128::from(first),
                    u128::from(denominator).pow(n),
                );
                let nearest = ((2 * a + b) / (2 * b)).min(u128::from(u64::MAX));
                assert_eq!(
                    u128::from(backoff.base_delay(n).as_micros()),
                    nearest,
                    "{first} * {numerator}/{denominator} ^ {n}"
                );
            }
        }
    }
}

#[test]
fn the_smallest_factor_keeps_its_error_for_three_million_retries() {
    // 1 s * (65536/65535)^n, multiplied out one retry at a time with 192 bits behind the point, which loses less
    // than 2^-170 on the way.
    let backoff = Backoff::exponential(Duration::from_secs(1), Duration::MAX)
        .factor(65_536, 65_535)
        .build();
    let mut exact = [0, 0, 0, 1_000_000u64];
    let mut n = 0;
    while exact[3] < 1 << 62 {
        if n % 1_009 == 0 {
            let delay = backoff.base_delay(n).as_micros();
            // Half of one, the fraction that is left out here, and 2^-40.
            let error = delay.abs_diff(exact[3]);
            assert!(
                error <= 1 + (exact[3] >> 40),
                "retry {n}: {delay}, not {}",
                exact[3]
            );
        }
        let mut carry = 0;
        for digit in &mut exact {
            let product = u128::from(*digit) * 65_536 + carry;
            (*digit, carry) = (product as u64, product >> 64);
        }
        let mut rest = carry;
        for digit in exact.iter_mut().rev() {
            let part = rest << 64 | u128::from(*digit);
            (*digit, rest) = ((part / 65_535) as u64, part % 65_535);
        }
        n += 1;
    }
    assert!(n > 1_900_000, "{n} retries were looked at");
    assert_eq!(backoff.base_delay(3_000_000), Micros::MAX);
}
