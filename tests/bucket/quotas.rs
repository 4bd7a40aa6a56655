//! Which quotas are taken, which are kept exactly, and what the others are told.

use core::time::Duration;

use proptest::prelude::*;
use watertight::bucket::InvalidQuota;
use watertight::{Instant, Micros, Quota, RetryAfter, TokenBucket};

use crate::cases;
use crate::model::Settings;
use crate::properties::any_settings;

const SECOND: Duration = Duration::from_secs(1);
const WEEK: Duration = Duration::from_secs(604_800);
const LONGEST: Duration = Duration::from_micros(1 << 45);

/// 1, 2, 5, 10, .. 1,000,000.
fn round_numbers() -> impl Iterator<Item = u32> {
    let tens = (0..6).map(|digits| 10_u32.pow(digits));
    tens.flat_map(|ten| [ten, 2 * ten, 5 * ten]).chain([1_000_000])
}

/// A quota that is kept exactly, at a clock that starts with a whole drop: the k-th token is there at the
/// first microsecond at which so much has come, and not before.
fn assert_exact(settings: Settings) {
    let settings = Settings {
        initial: Some(0),
        ..settings
    };
    let quota = settings.builder().try_build().unwrap_or_else(|error| {
        panic!("{settings:?}: {error}");
    });
    let bucket = TokenBucket::new((), &quota);
    let (rate, token) = settings.rate();
    let first = bucket.at(Instant::from_micros(0)).try_acquire();
    first.expect_err("there is nothing at first");
    for k in 1..=40_i128 {
        let due = (k * token + rate - 1) / rate;
        let at = |off: i128| bucket.at(Instant::from_micros((due + off) as u64)).try_acquire();
        // Unless another one has come in the same microsecond.
        if (due - 1) * rate < (k - 1) * token + token {
            at(-1).expect_err("a microsecond too early");
        }
        at(0).unwrap_or_else(|refused| panic!("token {k} of {settings:?}: {refused}"));
    }
}

#[test]
fn round_numbers_are_exact_with_the_bursts_that_go_with_them() {
    // By hand: a microsecond, times the odd part of the span, is a whole number of 2^-33 of a drop; the odd
    // part times the burst is at most 2^28.
    let largest_burst = [
        (1, 15_625, 17_179),
        (60, 234_375, 1_145),
        (3_600, 3_515_625, 76),
        (86_400, 10_546_875, 25),
        (604_800, 73_828_125, 3),
    ];
    for (seconds, odd, burst) in largest_burst {
        assert_eq!(
            (seconds * 1_000_000) >> (seconds * 1_000_000_u64).trailing_zeros(),
            odd
        );
        assert_eq!((1 << 28) / odd, burst);
        for tokens in round_numbers() {
            for burst in [1, 2, burst as u32] {
                let settings = Settings::new(tokens, Duration::from_secs(seconds), burst);
                assert_exact(settings);
            }
        }
    }
}

/// As `Quota::per(n, span)` without a burst: so many at once as in the span.
#[test]
fn round_numbers_at_once_are_taken() {
    for seconds in [1, 60, 3_600, 86_400, 604_800] {
        for tokens in round_numbers() {
            let span = Duration::from_secs(seconds);
            let settings = Settings::new(tokens, span, tokens);
            Quota::per(tokens, span).try_build().expect("an ordinary quota");
            if settings.exact_drops().is_some() {
                assert_exact(settings);
            }
        }
    }
}

/// Each of the refusals, by its smallest cause, and what is just allowed.
#[test]
fn each_refusal_has_its_sentence() {
    use InvalidQuota as Is;
    let per = Quota::per;
    let whole = |tokens: u32| per(tokens, SECOND);
    let refused = [
        (
            whole(1).burst(0),
            Is::Burst,
            "a token bucket holds 1 to 268435456 tokens: say .burst(n), where no number of tokens stands for it",
        ),
        (
            Quota::per_second(0),
            Is::Burst,
            "a token bucket holds 1 to 268435456 tokens: say .burst(n), where no number of tokens stands for it",
        ),
        (whole(1).burst((1 << 28) + 1), Is::Burst, ""),
        (whole(1).burst(u32::MAX), Is::Burst, ""),
        (
            whole(1).burst(3).initial(4),
            Is::Initial,
            "a token bucket has at first at most as many tokens as it holds",
        ),
        (
            per(1, Duration::ZERO),
            Is::Span,
            "the span of a rate is longer than zero and at most 407 days",
        ),
        (per(1, LONGEST + Duration::from_nanos(1)), Is::Span, ""),
        (per(1, Duration::MAX), Is::Span, ""),
        (
            whole(8_000_001).burst(1),
            Is::TooFast,
            "a token bucket gets at most 8 tokens a microsecond",
        ),
        (per(1, Duration::from_nanos(124)), Is::TooFast, ""),
        (
            whole(1_000_000)
                .burst(1)
                .longest_wait(Duration::from_micros((1 << 28) + 1)),
            Is::LongestWait,
            "so many tokens drip in during the longest wait that a token bucket cannot count them: shorten it",
        ),
        (whole(1).longest_wait(Duration::MAX), Is::LongestWait, ""),
        (
            per(1, LONGEST - SECOND).burst(1 << 28),
            Is::TooSlow,
            "a token bucket that takes 18000 years to fill cannot count that long: make its burst smaller",
        ),
        (
            Quota::at_most(3, SECOND).burst(4),
            Is::BurstOverWindow,
            "a window that has at most so many tokens has a burst of at most so many",
        ),
    ];
    for (builder, expected, sentence) in refused {
        let error = builder.try_build().expect_err("it cannot be kept");
        assert_eq!(error, expected, "{builder:?}");
        if !sentence.is_empty() {
            assert_eq!(error.to_string(), sentence);
        }
        let message = std::panic::catch_unwind(|| builder.build()).expect_err("build() panics");
        let message = message.downcast_ref::<String>().expect("with a sentence");
        assert_eq!(*message, error.to_string());
    }
    let taken = [
        whole(1_000_000).burst(1 << 28),
        whole(8_000_000),
        per(1, LONGEST),
        per(1, Duration::from_nanos(125)),
        per(0, Duration::from_nanos(1)).burst(1 << 28),
        whole(1).burst(3).initial(3),
        whole(1).burst(3).initial(0),
        whole(1_000_000)
            .burst(1)
            .longest_wait(Duration::from_micros(1 << 28)),
        whole(1).longest_wait(Duration::ZERO),
        Quota::at_most(3, SECOND).burst(3),
        per(1, WEEK).burst(100_000),
        whole(1).burst(1 << 28),
        whole(44_100),
        whole(999_999),
    ];
    for builder in taken {
        assert!(builder.try_build().is_ok(), "{builder:?}");
    }
}

/// The first of the next window is due when the last of this one is a window old.
#[test]
fn a_window_has_at_most_what_was_said() {
    let quota = Quota::at_most(3, SECOND).burst(3).build();
    let bucket = TokenBucket::new((), &quota);
    let at = |micros| bucket.at(Instant::from_micros(micros));
    at(0).try_acquire_many(3).expect("all of them");
    let refused = at(0).try_acquire().expect_err("three");
    assert_eq!(refused.retry_after(), RetryAfter::In(Micros::from_secs(1)));
    at(999_999).try_acquire().expect_err("the first window");
    at(1_000_000).try_acquire().expect("the next");
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn a_quota_is_taken_or_told_what_is_wrong(settings in any_settings()) {
        let faults = settings.faults();
        match settings.builder().try_build() {
            Ok(_) => prop_assert_eq!(faults, vec![]),
            Err(InvalidQuota::TooSlow) => {
                prop_assert_eq!(faults, vec![]);
                prop_assert_eq!(settings.exact_drops(), None, "exact, and refused");
                // Not to be full again, or waited for, in 2,000 years.
                let (rate, token) = settings.rate();
                let fills = i128::from(settings.burst) * token / rate;
                prop_assert!(fills + i128::from(settings.longest_wait.unwrap_or(0)) > 1 << 56);
            }
            Err(error) => prop_assert!(faults.contains(&error), "{} of {:?}", error, faults),
        }
    }
}
