//! What cannot be built, and the sentence that says why.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use proptest::prelude::*;
use std::panic::catch_unwind;
use watertight::backoff::{Builder, InvalidBackoff};
use watertight::{Backoff, Jitter};

use crate::{any_span, cases, micros};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_refusal_has_its_sentence_in_const_and_at_run_time() {
    let exponential = Backoff::exponential(SECOND, MINUTE);
    let cases: [(Builder, InvalidBackoff, &str); 19] = [
        (
            Backoff::exponential(MINUTE, SECOND),
            InvalidBackoff::CapBelowFirst,
            "cap",
        ),
        (
            Backoff::linear(MINUTE, SECOND, SECOND),
            InvalidBackoff::CapBelowFirst,
            "below its first delay",
        ),
        (
            Backoff::fibonacci(MINUTE, SECOND),
            InvalidBackoff::CapBelowFirst,
            "cap",
        ),
        (
            Backoff::exponential(Duration::ZERO, SECOND),
            InvalidBackoff::NeverGrows,
            "`first_at_once`",
        ),
        (
            Backoff::fibonacci(Duration::ZERO, Duration::ZERO),
            InvalidBackoff::NeverGrows,
            "grow from zero",
        ),
        (
            exponential.factor(3, 0),
            InvalidBackoff::ZeroDenominator,
            "denominator zero",
        ),
        (
            exponential.factor(0, 0),
            InvalidBackoff::ZeroDenominator,
            "denominator zero",
        ),
        (
            exponential.factor(2, 3),
            InvalidBackoff::FactorBelowOne,
            "below 1",
        ),
        (
            exponential.factor(0, 1),
            InvalidBackoff::FactorBelowOne,
            "below 1",
        ),
        (
            exponential.factor(65_537, 65_536),
            InvalidBackoff::FactorTooFine,
            "up to 65536",
        ),
        (
            Backoff::fibonacci(SECOND, MINUTE).factor(2, 1),
            InvalidBackoff::FactorWithoutExponential,
            "only an",
        ),
        (
            exponential.jitter(Jitter::PlusMinus(0)),
            InvalidBackoff::PercentOutOfRange,
            "1 to 100 percent",
        ),
        (
            exponential.jitter(Jitter::PlusMinus(101)),
            InvalidBackoff::PercentOutOfRange,
            "1 to 100 percent",
        ),
        (
            exponential.jitter(Jitter::PlusMinus(u8::MAX)),
            InvalidBackoff::PercentOutOfRange,
            "1 to 100 percent",
        ),
        (
            Backoff::linear(SECOND, SECOND, MINUTE).jitter(Jitter::Decorrelated),
            InvalidBackoff::DecorrelatedShape,
            "its own rule",
        ),
        (
            exponential.factor(2, 1).jitter(Jitter::Decorrelated),
            InvalidBackoff::DecorrelatedShape,
            "without a factor",
        ),
        (
            Backoff::constant(SECOND).jitter(Jitter::Decorrelated),
            InvalidBackoff::DecorrelatedShape,
            "an exponential backoff",
        ),
        (
            Backoff::exponential(SECOND, SECOND).jitter(Jitter::Decorrelated),
            InvalidBackoff::NoSpread,
            "a cap above the first delay",
        ),
        (
            exponential.max_attempts(0),
            InvalidBackoff::NoAttempts,
            "at least one attempt",
        ),
    ];
    for (builder, expected, words) in cases {
        assert_eq!(builder.try_build(), Err(expected), "{builder:?}");
        let sentence = expected.to_string();
        assert!(sentence.contains(words), "{sentence}");
        let panic = catch_unwind(AssertUnwindSafe(|| builder.build())).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>(), Some(&sentence));
    }
}

#[test]
fn it_is_an_error_that_can_be_passed_on() {
    fn configure(first: Duration, cap: Duration) -> Result<Backoff, Box<dyn core::error::Error>> {
        Ok(Backoff::exponential(first, cap).try_build()?)
    }
    assert!(configure(SECOND, MINUTE).is_ok());
    assert_eq!(
        configure(MINUTE, SECOND).unwrap_err().to_string(),
        "the cap of a backoff is below its first delay"
    );
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn exactly_the_senseless_is_refused(
        kind in 0..4u8,
        first in any_span(),
        step in any_span(),
        cap in any_span(),
        factor in prop::option::of((0..70_000u32, 0..70_000u32)),
        percent in any::<u8>(),
        jitter in 0..5u8,
        attempts in prop::option::of(0..3u32),
    ) {
        let mut builder = match kind {
            0 => Backoff::constant(micros(first)),
            1 => Backoff::linear(micros(first), micros(step), micros(cap)),
            2 => Backoff::exponential(micros(first), micros(cap)),
            _ => Backoff::fibonacci(micros(first), micros(cap)),
        };
        if let Some((numerator, denominator)) = factor {
            builder = builder.factor(numerator, denominator);
        }
        if let Some(attempts) = attempts {
            builder = builder.max_attempts(attempts);
        }
        builder = builder.jitter(match jitter {
            0 => Jitter::None,
            1 => Jitter::Full,
            2 => Jitter::Equal,
            3 => Jitter::Decorrelated,
            _ => Jitter::PlusMinus(percent),
        });
        let sense = [
            kind == 0 || first <= cap,
            kind < 2 || first > 0,
            factor.is_none() || kind == 2,
            factor.is_none_or(|(n, d)| d > 0 && n >= d && n <= 65_536),
            attempts != Some(0),
            jitter != 3 || kind == 2 && factor.is_none() && first < cap,
            jitter != 4 || (1..=100).contains(&percent),
        ];
        prop_assert_eq!(builder.try_build().is_ok(), sense.iter().all(|fine| *fine));
    }
}
