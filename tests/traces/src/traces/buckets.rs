//! Token buckets at rates of every kind.

use core::time::Duration;

use watertight::Reason::{MoreThanBurst, RateLimited};
use watertight::bucket::{AdjustError, AdjustableBucket, AdjustableQuota, InvalidQuota};
use watertight::{Quota, TokenBucket};

use super::Trace;
use super::bucket::{Plan, run};
use super::digest::Seen::{self, Other, Refused};
use super::digest::{Digest, What};
use super::script::{Hand, Script};

const USUAL: &[Seen] = &[
    Refused(RateLimited),
    Refused(MoreThanBurst),
    Other(What::Granted),
    Other(What::Promised),
    Other(What::Refunded),
    Other(What::Kept),
];

/// Without a rate, nobody is promised anything.
const WITHOUT_RATE: &[Seen] = &[
    Refused(RateLimited),
    Refused(MoreThanBurst),
    Other(What::Granted),
    Other(What::Refunded),
    Other(What::Kept),
];

/// Another configuration also where it makes no sense.
const CHANGING: &[Seen] = &[
    Refused(RateLimited),
    Refused(MoreThanBurst),
    Other(What::Granted),
    Other(What::Promised),
    Other(What::Refunded),
    Other(What::Kept),
    Other(What::Set),
    Other(What::NotSet),
];

pub const TRACES: &[Trace] = &[
    Trace {
        name: "bucket-even",
        run: even,
        brings: USUAL,
    },
    Trace {
        name: "bucket-odd",
        run: odd,
        brings: USUAL,
    },
    Trace {
        name: "bucket-paced",
        run: paced,
        brings: USUAL,
    },
    Trace {
        name: "bucket-fastest",
        run: fastest,
        brings: USUAL,
    },
    Trace {
        name: "bucket-slow",
        run: slow,
        brings: USUAL,
    },
    Trace {
        name: "bucket-window",
        run: window,
        brings: USUAL,
    },
    Trace {
        name: "bucket-largest-burst",
        run: largest_burst,
        brings: USUAL,
    },
    Trace {
        name: "bucket-without-rate",
        run: without_rate,
        brings: WITHOUT_RATE,
    },
    Trace {
        name: "bucket-any",
        run: any,
        brings: CHANGING,
    },
    Trace {
        name: "bucket-adjustable",
        run: adjustable,
        brings: CHANGING,
    },
    Trace {
        name: "bucket-adjustable-slow",
        run: adjustable_slow,
        brings: CHANGING,
    },
];

/// Which one it is.
fn error(invalid: InvalidQuota) -> u8 {
    match invalid {
        InvalidQuota::Burst => 1,
        InvalidQuota::Initial => 2,
        InvalidQuota::Span => 3,
        InvalidQuota::TooFast => 4,
        InvalidQuota::LongestWait => 5,
        InvalidQuota::TooSlow => 6,
        InvalidQuota::BurstOverWindow => 7,
        InvalidQuota::MostBurst => 8,
        InvalidQuota::MostRate => 9,
        InvalidQuota::BurstOverMost => 10,
        InvalidQuota::RateOverMost => 11,
        InvalidQuota::TooSlowToAdjust => 12,
        _ => 0,
    }
}

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

const PLAN: Plan = Plan {
    seed: 101,
    unit: 1_000,
    wild: 80,
    most: 20,
    resets: 500,
};

fn play(quota: &Quota, plan: Plan, operations: u32) -> Digest {
    let hand = Hand::at(u64::MAX - 50 * plan.unit);
    let bucket = TokenBucket::new(&hand, quota);
    run(&bucket, &hand, plan, operations, |_, digest| {
        digest.flag(bucket.is_pristine())
    })
}

fn even(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per_second(1_000).burst(20).build();
    play(&QUOTA, PLAN, operations)
}

/// No whole number of drops in a microsecond.
fn odd(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per_second(1_316).burst(33).initial(7).build();
    play(
        &QUOTA,
        Plan {
            seed: 102,
            most: 33,
            ..PLAN
        },
        operations,
    )
}

/// A leaky bucket, with waits far longer than its burst.
fn paced(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per_second(333)
        .burst(1)
        .longest_wait(micros(30_000))
        .build();
    play(
        &QUOTA,
        Plan {
            seed: 103,
            most: 1,
            ..PLAN
        },
        operations,
    )
}

/// Eight tokens in a microsecond.
fn fastest(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per_second(8_000_000).burst(500).build();
    play(
        &QUOTA,
        Plan {
            seed: 104,
            unit: 5,
            most: 500,
            ..PLAN
        },
        operations,
    )
}

/// A token in an hour.
fn slow(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per(1, Duration::from_secs(3_600)).burst(4).build();
    play(
        &QUOTA,
        Plan {
            seed: 105,
            unit: 600_000_000,
            most: 4,
            ..PLAN
        },
        operations,
    )
}

fn window(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::at_most(36, Duration::from_secs(60))
        .burst(10)
        .initial(0)
        .build();
    play(
        &QUOTA,
        Plan {
            seed: 106,
            unit: 700_000,
            most: 10,
            ..PLAN
        },
        operations,
    )
}

/// As many tokens as a bucket can hold.
fn largest_burst(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per_second(3_999_999).burst(1 << 28).build();
    play(
        &QUOTA,
        Plan {
            seed: 107,
            unit: 3_000_000,
            most: 1 << 28,
            ..PLAN
        },
        operations,
    )
}

/// What there is at first, and again after a reset.
fn without_rate(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per_second(0).burst(40).initial(30).build();
    play(
        &QUOTA,
        Plan {
            seed: 108,
            most: 40,
            resets: 40,
            ..PLAN
        },
        operations,
    )
}

/// A rate, a burst and all else at random, another one after every hundred operations.
fn any(operations: u32) -> Digest {
    let mut script = Script::seeded(109);
    let mut digest = Digest::new();
    let mut left = operations;
    while left > 0 {
        let number = left.min(100);
        left -= number;
        let tokens = script.of_any_size() as u32 >> script.below(24);
        let span = Duration::from_nanos(script.of_any_size() >> script.below(16));
        let burst = 1 + (script.next() >> (4 + script.below(28)));
        let mut builder = if script.percent(70) {
            Quota::per(tokens, span)
        } else {
            Quota::at_most(tokens.saturating_add(burst), span)
        };
        builder = builder.burst(burst);
        if script.one_in(3) {
            builder = builder.initial(script.below(burst.saturating_add(1)));
        }
        if script.one_in(3) {
            builder = builder.longest_wait(micros(script.of_any_size() >> 16));
        }
        digest.word(burst);
        match builder.try_build() {
            Ok(quota) => {
                digest.happened(What::Set);
                digest.word(quota.burst());
                // About a fifth of the time that a token takes, and no less than a microsecond.
                let unit = (span.as_nanos() / 5_000 / u128::from(tokens.max(1))) as u64;
                let plan = Plan {
                    seed: script.long(),
                    unit: unit.max(1),
                    wild: 200,
                    most: burst,
                    resets: 60,
                };
                digest.and(&play(&quota, plan, number));
            }
            Err(invalid) => {
                digest.happened(What::NotSet);
                digest.byte(error(invalid));
            }
        }
    }
    digest
}

fn adjust(quota: &AdjustableQuota, plan: Plan, most: u32, span: Duration, operations: u32) -> Digest {
    let hand = Hand::at(u64::MAX - 50 * plan.unit);
    let bucket = AdjustableBucket::new(&hand, quota);
    run(&bucket, &hand, plan, operations, |script, digest| {
        if script.one_in(40) {
            // Above the most that there may be too.
            let set = bucket.set(script.below(most * 9 / 8), span, script.below(plan.most * 9 / 8));
            digest.happened(if set.is_ok() { What::Set } else { What::NotSet });
            if let Err(AdjustError::Invalid(invalid)) = set {
                digest.byte(error(invalid));
            }
        }
    })
}

fn adjustable(operations: u32) -> Digest {
    static QUOTA: AdjustableQuota =
        Quota::per_second(400)
            .burst(10)
            .build_adjustable(2_000, Duration::from_secs(1), 60);
    let plan = Plan {
        seed: 110,
        most: 60,
        ..PLAN
    };
    adjust(&QUOTA, plan, 2_000, Duration::from_secs(1), operations)
}

fn adjustable_slow(operations: u32) -> Digest {
    const HOUR: Duration = Duration::from_secs(3_600);
    static QUOTA: AdjustableQuota = Quota::per(5, HOUR)
        .burst(3)
        .initial(1)
        .build_adjustable(20, HOUR, 12);
    let plan = Plan {
        seed: 111,
        unit: 60_000_000,
        most: 12,
        ..PLAN
    };
    adjust(&QUOTA, plan, 20, HOUR, operations)
}
