//! The adjustable bucket through its public API: what a change means for what is there, row by row; any schedule of changes against
//! an exact model; and real threads.

mod model;
mod pair;

use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use watertight::bucket::{AdjustError, AdjustableBucket, AdjustableQuota, AdjustableState, InvalidQuota};
use watertight::{Clock, Instant, ManualClock, Micros, Quota, Receipt, Rejected, RetryAfter, StdClock};

use crate::cases;
use crate::pair::{Ask, Number, Wait, instant};
use crate::properties::start;
use model::{Settings, Terms};
use pair::{Met, Pair, Step, any_settings, step};

const SECOND: Duration = Duration::from_secs(1);
/// A span of which every share is exact; about a second.
const SPAN: Duration = Duration::from_micros(1 << 20);
/// When the buckets of these tests are asked first, in microseconds.
const NOW: u64 = 1 << 20;
/// How long a token takes at 16 and at 1,024 in a span.
const SLOW: u64 = 1 << 16;
const FAST: u64 = 1 << 10;

/// 16 in a span, and a burst of 20; up to 1,024 and 200.
static QUOTA: AdjustableQuota = Quota::per(16, SPAN).burst(20).build_adjustable(1_024, SPAN, 200);

fn at<'a, 'q>(
    bucket: &'a AdjustableBucket<(), &'q AdjustableQuota>,
    micros: u64,
) -> AdjustableBucket<Instant, &'a &'q AdjustableQuota, &'a AdjustableState> {
    bucket.at(Instant::from_micros(micros))
}

fn after(rejected: Result<Receipt, Rejected>) -> RetryAfter {
    rejected.expect_err("it is refused").retry_after()
}

fn micros(micros: u64) -> RetryAfter {
    RetryAfter::In(Micros::from_micros(micros))
}

/// One that has so many of 20 left.
fn with(left: u32) -> AdjustableBucket<()> {
    let bucket = AdjustableBucket::new((), &QUOTA);
    at(&bucket, NOW)
        .try_acquire_many(20 - left)
        .expect("it is full, or none is asked for");
    bucket
}

/// Sets what is within the most.
fn set(bucket: &AdjustableBucket<()>, micros: u64, tokens: u32, burst: u32) {
    at(bucket, micros)
        .set(tokens, SPAN, burst)
        .expect("within the most");
}

#[test]
fn tokens_that_are_there_stay_as_far_as_the_new_burst_holds_them() {
    for (burst, left) in [(200, 15), (20, 15), (15, 15), (14, 14), (1, 1)] {
        let bucket = with(15);
        set(&bucket, NOW, 16, burst);
        assert_eq!(at(&bucket, NOW).available(), left, "of {burst}");
        // What did not fit is gone for good.
        set(&bucket, NOW, 16, 200);
        assert_eq!(at(&bucket, NOW).available(), left, "of {burst}, and 200 again");
        assert_eq!(at(&bucket, NOW + SLOW - 1).available(), left);
        assert_eq!(at(&bucket, NOW + SLOW).available(), left + 1);
    }
}

/// A larger burst fills at its rate: nobody gets it as a present.
#[test]
fn nothing_is_won_by_a_larger_burst_or_by_any_number_of_changes() {
    let bucket = with(0);
    for round in 0..200 {
        set(&bucket, NOW, 16 + round % 2, 1 + round % 200);
        assert_eq!(at(&bucket, NOW).available(), 0, "after {round} changes");
    }
    let bucket = with(19);
    set(&bucket, NOW, 16, 200);
    assert_eq!(at(&bucket, NOW).available(), 19);
    assert_eq!(at(&bucket, NOW + 181 * SLOW - 1).available(), 199);
    assert_eq!(at(&bucket, NOW + 181 * SLOW).available(), 200);
}

#[test]
fn what_dripped_in_before_a_change_came_at_the_old_rate_to_the_microsecond() {
    let bucket = with(0);
    // All but a quarter of a token at the old rate; the last quarter at the new one.
    let (change, due) = (NOW + SLOW / 4 * 3, NOW + SLOW / 4 * 3 + FAST / 4);
    set(&bucket, change, 1_024, 20);
    assert_eq!(after(at(&bucket, change).try_acquire()), micros(FAST / 4));
    assert_eq!(after(at(&bucket, due - 1).try_acquire()), micros(1));
    at(&bucket, due).try_acquire().expect("the last quarter");
    // And back.
    set(&bucket, due + FAST / 4 * 3, 16, 20);
    let due = due + FAST / 4 * 3 + SLOW / 4;
    assert_eq!(after(at(&bucket, due - SLOW / 4).try_acquire()), micros(SLOW / 4));
    assert_eq!(after(at(&bucket, due - 1).try_acquire()), micros(1));
    at(&bucket, due).try_acquire().expect("three quarters and one");
}

/// At a change every few microseconds, nothing at all is lost of what has begun to drip in.
#[test]
fn no_part_of_a_drop_is_lost_while_the_bucket_is_not_full() {
    let quota = Quota::per(3, SPAN)
        .burst(1 << 15)
        .initial(0)
        .build_adjustable(40_000, SPAN, 1 << 15);
    let bucket = AdjustableBucket::new((), &quota);
    at(&bucket, 0).try_acquire().expect_err("it begins here");
    let (mut now, mut come, mut taken) = (0, 0_u64, 0);
    let mut rate = 3;
    for round in 0..100_000_u64 {
        let next = 1 + round * 7_919 % 40_000;
        let held = 1 + round % 13;
        now += held;
        come += rate * held;
        at(&bucket, now)
            .set(next as u32, SPAN, (1 << 15) - round as u32 % 9)
            .expect("within the most");
        rate = next;
        if round % 64 == 0 {
            taken += u64::from(at(&bucket, now).acquire_up_to(u32::MAX).map_or(0, |r| r.tokens()));
            assert_eq!(taken, come >> 20, "at {now}");
        }
    }
    assert!(taken > 10_000, "{taken}");
}

#[test]
fn a_reservation_keeps_its_instant_and_who_comes_after_waits_at_the_new_rate() {
    let bucket = with(0);
    let now = at(&bucket, NOW);
    let reserved = now.reserve(5, Micros::MAX).expect("within the longest wait");
    let due = Instant::from_micros(NOW + 5 * SLOW);
    assert_eq!(reserved.act_at(), due);
    set(&bucket, NOW, 1, 20);
    assert_eq!(reserved.act_at(), due);
    // For the five and his own, each of which takes a span.
    assert_eq!(after(now.try_acquire()), micros(6 << 20));
    let next = now.reserve(1, Micros::MAX).expect("within the longest wait");
    assert_eq!(next.act_at(), Instant::from_micros(NOW + (6 << 20)));
    // The longest wait is that of all 200 at the rate of now.
    let mut last = next;
    for _ in 0..18 {
        last = now.reserve(10, Micros::MAX).expect("at most 200");
    }
    assert_eq!(last.act_at(), Instant::from_micros(NOW + (186 << 20)));
    now.reserve(15, Micros::MAX).expect_err("201");
    let last = now.reserve(14, Micros::MAX).expect("200");
    assert_eq!(last.act_at(), Instant::from_micros(NOW + (200 << 20)));
}

/// Where it was said, it is that, whatever the rate.
#[test]
fn a_longest_wait_that_was_said_stays() {
    let quota = Quota::per(16, SPAN)
        .burst(20)
        .initial(0)
        .longest_wait(SPAN)
        .build_adjustable(1_024, SPAN, 200);
    for tokens in [1, 16, 17, 1_024] {
        let bucket = AdjustableBucket::new((), &quota);
        let now = at(&bucket, NOW);
        now.set(tokens, SPAN, 200).expect("within the most");
        let most = tokens.min(200);
        if most < 200 {
            assert_eq!(
                after(now.reserve(most + 1, Micros::MAX)),
                micros((1_u64 << 20).div_ceil(tokens.into()))
            );
        }
        let last = now.reserve(most, Micros::MAX).expect("within the span");
        assert_eq!(
            last.act_at(),
            Instant::from_micros(NOW + (u64::from(most) << 20).div_ceil(tokens.into()))
        );
    }
}

#[test]
fn a_receipt_from_before_gives_nothing_back() {
    for (tokens, burst) in [(1_024, 200), (16, 20), (0, 1)] {
        let bucket = with(10);
        let receipt = at(&bucket, NOW).try_acquire_many(3).expect("three of ten");
        set(&bucket, NOW, tokens, burst);
        let left = at(&bucket, NOW).available();
        assert_eq!(at(&bucket, NOW).refund(receipt), 0);
        assert_eq!(at(&bucket, NOW).available(), left);
    }
    // Nor after more of them, up to 63, which is said; one from after does.
    for changes in 1..64 {
        let bucket = with(10);
        let before = at(&bucket, NOW).try_acquire().expect("one of ten");
        for _ in 0..changes {
            set(&bucket, NOW, 16, 20);
        }
        assert_eq!(at(&bucket, NOW).refund(before), 0, "after {changes}");
        let receipt = at(&bucket, NOW).try_acquire_many(7).expect("seven of nine");
        assert_eq!(at(&bucket, NOW).refund(receipt), 7);
        assert_eq!(at(&bucket, NOW).available(), 9);
    }
}

#[test]
fn one_that_nobody_has_asked_still_begins_when_it_is_first_asked() {
    let quota = Quota::per(16, SPAN)
        .burst(20)
        .initial(4)
        .build_adjustable(1_024, SPAN, 200);
    for (burst, initial) in [(200, 4), (5, 4), (4, 4), (3, 3)] {
        let bucket = AdjustableBucket::new((), &quota);
        for (micros, tokens) in [(1, 1_024), (1_000, 16)] {
            at(&bucket, micros)
                .set(tokens, SPAN, burst)
                .expect("within the most");
        }
        for late in [1_000, SLOW, 1_000 * SLOW] {
            assert_eq!(at(&bucket, late).available(), initial);
        }
        let late = at(&bucket, 2_000 * SLOW);
        assert_eq!(late.acquire_up_to(99).expect("at first").tokens(), initial);
        // Up to a drop earlier, if it begins with less than its burst; and later, if it was full. Of 1,024 in a token.
        let RetryAfter::In(wait) = after(late.try_acquire()) else {
            panic!("it fills");
        };
        assert!(wait.as_micros().abs_diff(SLOW) < SLOW / 1_024);
    }
}

#[test]
fn a_reset_begins_with_what_was_said_at_first_at_the_rate_of_now() {
    for (burst, initial) in [(200, 20), (20, 20), (7, 7)] {
        let bucket = with(0);
        set(&bucket, NOW, 1_024, burst);
        at(&bucket, NOW + 1).reset();
        let late = 9 * NOW;
        assert_eq!(at(&bucket, late).available(), initial, "of {burst}");
        let receipt = at(&bucket, late).acquire_up_to(999).expect("as at first");
        assert_eq!(receipt.tokens(), initial);
        assert_eq!(at(&bucket, late + FAST - 1).available(), 0);
        assert_eq!(at(&bucket, late + FAST).available(), 1, "the rate stays");
        assert_eq!(at(&bucket, late + 201 * FAST).available(), burst, "and the burst");
    }
}

#[test]
fn to_nothing_and_back() {
    let bucket = with(1);
    let half = NOW + SLOW / 2;
    set(&bucket, half, 0, 20);
    at(&bucket, half).try_acquire().expect("what was there");
    let late = 1 << 44;
    for later in [half, 2 * NOW, late] {
        assert_eq!(after(at(&bucket, later).try_acquire()), RetryAfter::Never);
        assert_eq!(
            after(at(&bucket, later).reserve(1, Micros::MAX)),
            RetryAfter::Never
        );
    }
    // The half that had come is still there.
    set(&bucket, late, 16, 20);
    assert_eq!(after(at(&bucket, late).try_acquire()), micros(SLOW / 2));
    assert_eq!(after(at(&bucket, late + SLOW / 2 - 1).try_acquire()), micros(1));
    at(&bucket, late + SLOW / 2).try_acquire().expect("half and half");
}

/// The old rate ended at the change: a reading from before it is dated there, and gets no more for it.
#[test]
fn nobody_is_dated_to_before_a_change() {
    let bucket = with(0);
    let change = NOW + 4 * SLOW;
    set(&bucket, change, 1_024, 200);
    let early = at(&bucket, change - 100);
    assert_eq!(early.available(), 4, "as at the change");
    // Until the change, and a token.
    assert_eq!(after(early.try_acquire_many(5)), micros(100 + FAST));
    let receipt = early.try_acquire_many(4).expect("all that had come");
    assert_eq!(receipt.date(), Instant::from_micros(change));
    at(&bucket, change + FAST - 1)
        .try_acquire()
        .expect_err("too early");
    at(&bucket, change + FAST).try_acquire().expect("on time");
}

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
        // A drop is a microsecond of the most: this moves it by 2^40 * 1,024 / (2^45 - 2^20) of its parts, 32 and one in
        // a million.
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
        ("it cannot be kept");
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

fn run(settings: &Settings, quota: &AdjustableQuota, start: i128, steps: &[Step]) -> Met {
    let clock = ManualClock::starting_at(instant(start));
    let mut pair = Pair::new(settings, quota, &clock, start);
    for step in steps {
        pair.step(*step);
    }
    pair.check();
    pair.met
}

/// The first use, a change, and the next at every bit of the clock.
#[test]
fn a_change_at_any_clock_value() {
    let span = |micros| Duration::from_micros(micros);
    let few = Terms::new(1, span(1 << 20), 3);
    let much = Terms::new(997, span(360_000_000), 500);
    let all = Terms::new(1, span(1), 1 << 21);
    let ask = |ask| Step::Ask(ask, None);
    let set = |terms| Step::Set(pair::Change::Any(terms));
    let steps = |one, other| {
        vec![
            set(other),
            ask(Ask::UpTo(Number::Burst(0))),
            ask(Ask::Many(Number::Few(1))),
            Step::AdvanceBursts(1),
            set(one),
            Step::Again(-1),
            ask(Ask::Reserve(Number::Few(2), Wait::Bursts(16))),
            ask(Ask::Many(Number::Few(1))),
            Step::Again(-1),
            Step::Again(0),
            Step::AdvanceBursts(16),
            set(other),
            ask(Ask::UpTo(Number::Burst(0))),
        ]
    };
    for (one, other) in [(few, much), (much, few), (few, all), (all, much)] {
        let most = Terms {
            burst: one.burst.max(other.burst),
            ..if u64::from(one.tokens) * other.span > u64::from(other.tokens) * one.span {
                one
            } else {
                other
            }
        };
        let settings = Settings::new(one, most);
        let Ok(quota) = settings.build() else {
            panic!("{settings:?} can be kept");
        };
        for bit in 0..=64 {
            for off in -3..=3 {
                let start = ((1_i128 << bit) + off).rem_euclid(1 << 64);
                let met = run(&settings, &quota, start, &steps(one, other));
                assert_eq!(met.changes, 3);
            }
        }
    }
}

/// Any quota and any schedule, against the model.
fn run_cases(cases: ProptestConfig) -> Met {
    let sum = std::cell::Cell::new(Met::default());
    let steps = prop::collection::vec(step(), 1..60);
    let result = TestRunner::new(cases).run(&(any_settings(), start(), steps), |(settings, start, steps)| {
        if let Ok(quota) = settings.build() {
            sum.set(sum.get() + run(&settings, &quota, start, &steps));
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{:?}", sum.get());
    sum.get()
}

#[test]
fn it_does_what_the_exact_model_does() {
    let met = run_cases(cases(3_000));
    if cfg!(not(miri)) {
        assert!(met.granted > 5_000 && met.later > 500 && met.given_back > 500);
        assert!(met.changes > 3_000 && met.windows > 5_000);
    }
}

#[test]
#[ignore = "takes minutes: cargo test --release --test bucket -- --ignored"]
fn it_does_what_the_exact_model_does_10_million_times() {
    let met = run_cases(cases(500_000));
    assert!(met.operations > 10_000_000);
}

/// Takers and a writer on real threads: never more than the burst and what comes, and nothing lost, whatever the writer is at.
#[test]
fn a_writer_between_takers_neither_wins_nor_loses_anything() {
    const RATES: [u32; 4] = [100_000, 1_000, 0, 50_000];
    // So large that it is never full.
    let quota = Quota::per(RATES[0], SECOND)
        .burst(1 << 20)
        .initial(100)
        .build_adjustable(RATES[0], SECOND, 1 << 21);
    let bucket = AdjustableBucket::new(StdClock, &quota);
    let clock = StdClock;
    let before = clock.now();
    let begun = bucket.acquire_up_to(1).expect("one of a hundred");
    let begun = (before, clock.now(), u64::from(begun.tokens()));
    let over = AtomicBool::new(false);
    let (times, taken) = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..3_u32)
            .map(|i| {
                let (bucket, over) = (&bucket, &over);
                scope.spawn(move || {
                    let mut sum = 0;
                    while !over.load(Relaxed) {
                        let taken = match i {
                            0 => bucket.try_acquire(),
                            1 => bucket.acquire_up_to(7),
                            _ => bucket.try_acquire_many(3),
                        };
                        let Ok(receipt) = taken else { continue };
                        let tokens = receipt.tokens();
                        let back = if sum % 5 == 4 { bucket.refund(receipt) } else { 0 };
                        sum += u64::from(tokens - back);
                    }
                    sum
                })
            })
            .collect();
        let mut times = vec![(begun.0, begun.1)];
        for round in 1..if cfg!(miri) { 5 } else { 400 } {
            if round % 4 == 0 {
                std::thread::sleep(Duration::from_micros(500));
            }
            let before = clock.now();
            bucket
                .set(RATES[round % 4], SECOND, (1 << 20) + round as u32)
                .expect("nobody else does");
            times.push((before, clock.now()));
        }
        over.store(true, Relaxed);
        let taken: u64 = takers
            .into_iter()
            .map(|taker| taker.join().expect("it ends"))
            .sum();
        (times, begun.2 + taken)
    });
    let last = clock.now();
    let left = u64::from(bucket.at(last).available());
    // Each rate from the set that began it to the next: at most, and at least.
    let (mut most, mut least) = (0, 0);
    for (i, (begins, begun)) in times.iter().enumerate() {
        let (ends, ended) = times.get(i + 1).copied().unwrap_or((last, last));
        let rate = u64::from(RATES[i % 4]);
        most += rate * ended.since(*begins).as_micros();
        let surely = ends.as_micros().saturating_sub(begun.as_micros());
        least += rate * surely;
    }
    let sum = taken + left;
    assert!(sum <= 100 + most / 1_000_000, "{sum} of {most} at most");
    assert!(sum + 1 >= 100 + least / 1_000_000, "{sum} of {least} at least");
}
