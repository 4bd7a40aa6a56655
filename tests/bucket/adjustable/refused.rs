//! What cannot be set, or built.

use core::time::Duration;

use watertight::Quota;
use watertight::bucket::{AdjustError, InvalidQuota};

use super::{NOW, SECOND, SLOW, SPAN, at, with};

/// Nothing that is wrong is set, and each refusal has its sentence.
#[test]
fn what_cannot_be_set_is_told_why_and_changes_nothing() {
    use InvalidQuota as Is;
    let bucket = with(7);
    let set = |tokens, span, burst| at(&bucket, NOW).set(tokens, span, burst);
    let burst = "an adjustable burst is at least 1 and at most what was said to be its most";
    let rate = "an adjustable rate is at most what was said to be its most";
    let span = "the span of a rate is longer than zero and at most 407 days";
    let slow = "this rate is so far below the most of an adjustable one that it cannot be kept exactly: lower that, or its burst";
    for (tokens, time, most, error, sentence) in [
        (1, SECOND, 0, Is::BurstOverMost, burst),
        (1, SECOND, 201, Is::BurstOverMost, burst),
        (1, SECOND, u32::MAX, Is::BurstOverMost, burst),
        (1_025, SPAN, 1, Is::RateOverMost, rate),
        (977, SECOND, 1, Is::RateOverMost, rate),
        (u32::MAX, Duration::from_nanos(1), 1, Is::RateOverMost, rate),
        (1, Duration::ZERO, 1, Is::Span, span),
        (0, Duration::ZERO, 1, Is::Span, span),
        (1, Duration::MAX, 1, Is::Span, span),
        // 2^50 / 600,000,000 is less than 2^21.
        (1, Duration::from_secs(600), 1, Is::TooSlowToAdjust, slow),
        // A drop is a microsecond of the most: this moves it by 2^40 * 1,024 / (2^45 - 2^20) of its parts, 32
        // and one in a million.
        (
            1,
            Duration::from_micros((1 << 45) - (1 << 20)),
            1,
            Is::TooSlowToAdjust,
            slow,
        ),
    ] {
        let refused = set(tokens, time, most).expect_err("it cannot be kept");
        assert_eq!(refused, AdjustError::Invalid(error));
        assert_eq!(refused.to_string(), sentence);
    }
    assert_eq!(at(&bucket, NOW).available(), 7);
    assert_eq!(at(&bucket, NOW + SLOW).available(), 8, "the rate is what it was");
    assert_eq!(at(&bucket, 99 * NOW).available(), 20, "and the burst");
    for (tokens, time, most) in [
        (1_024, SPAN, 200),
        (976, SECOND, 1),
        (0, Duration::from_nanos(1), 200),
        // Exact, and slow.
        (1, Duration::from_micros(1 << 43), 1),
        // 2^50 / 500,000,000 is more than 2^21, of which one is cut off.
        (1, Duration::from_secs(500), 1),
    ] {
        set(tokens, time, most).expect("within the most");
    }
}

#[test]
fn what_cannot_be_built_is_told_why() {
    use InvalidQuota as Is;
    let of = |tokens, burst| Quota::per(tokens, SECOND).burst(burst);
    let none = "the most of an adjustable burst is 1 to 2097152 tokens";
    let fast = "the most of an adjustable rate is one token a microsecond";
    let micro = Duration::from_micros(1);
    for (built, error, sentence) in [
        (of(1, 1).try_build_adjustable(1, SECOND, 0), Is::BurstOverMost, ""),
        (of(1, 0).try_build_adjustable(1, SECOND, 0), Is::MostBurst, none),
        (
            of(1, 1).try_build_adjustable(1, SECOND, (1 << 21) + 1),
            Is::MostBurst,
            none,
        ),
        (
            of(1, 1).try_build_adjustable(1_000_001, SECOND, 1),
            Is::MostRate,
            fast,
        ),
        (of(1, 1).try_build_adjustable(2, micro, 1), Is::MostRate, fast),
        (of(1, 2).try_build_adjustable(1, SECOND, 1), Is::BurstOverMost, ""),
        (of(1, 0).try_build_adjustable(1, SECOND, 1), Is::BurstOverMost, ""),
        (of(2, 1).try_build_adjustable(1, SECOND, 1), Is::RateOverMost, ""),
        (
            of(1, 2).initial(3).try_build_adjustable(1, SECOND, 2),
            Is::Initial,
            "",
        ),
        (
            of(1, 1).initial(2).try_build_adjustable(1, SECOND, 2),
            Is::Initial,
            "",
        ),
        (of(1, 1).try_build_adjustable(1, Duration::ZERO, 1), Is::Span, ""),
        (
            Quota::per(1, Duration::ZERO)
                .burst(1)
                .try_build_adjustable(1, SECOND, 1),
            Is::Span,
            "",
        ),
        (
            of(1, 1)
                .longest_wait(Duration::MAX)
                .try_build_adjustable(1, SECOND, 1),
            Is::LongestWait,
            "",
        ),
        (
            Quota::at_most(3, SECOND)
                .burst(4)
                .try_build_adjustable(9, SECOND, 9),
            Is::BurstOverWindow,
            "",
        ),
        (
            Quota::per(1, Duration::from_micros((1 << 45) - (1 << 20)))
                .burst(1)
                .try_build_adjustable(1_024, SPAN, 200),
            Is::TooSlowToAdjust,
            "",
        ),
    ] {
        let refused = built.expect_err("it cannot be kept");
        assert_eq!(refused, error);
        assert!(refused.to_string().contains(sentence));
    }
    for built in [
        of(1_000_000, 1).try_build_adjustable(1_000_000, SECOND, 1 << 21),
        of(0, 1).try_build_adjustable(0, SECOND, 1 << 21),
        of(1_000_000, 1).try_build_adjustable(1, micro, 1),
        of(1, 2).initial(0).try_build_adjustable(1, SECOND, 2),
    ] {
        built.expect("it can be kept");
    }
    let message = std::panic::catch_unwind(|| of(1, 2).build_adjustable(1, SECOND, 1));
    let message = message.expect_err("it panics");
    assert_eq!(
        *message.downcast_ref::<String>().expect("with a sentence"),
        Is::BurstOverMost.to_string()
    );
}
