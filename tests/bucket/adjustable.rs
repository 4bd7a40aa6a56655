//! The adjustable bucket through its public API: what a change means for what is there, row by row; any
//! schedule of changes against an exact model; and real threads.

mod model;
mod pair;
mod refused;
mod schedules;
mod threads;

use core::time::Duration;

use watertight::bucket::{AdjustableBucket, AdjustableQuota, AdjustableState};
use watertight::{Instant, Micros, Quota, Receipt, Rejected, RetryAfter};

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
        // Up to a drop earlier, if it begins with less than its burst; and later, if it was full. Of 1,024 in
        // a token.
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
    // In the middle of the unit that dates are kept in.
    let change = NOW + 2 * SLOW;
    set(&bucket, change, 1_024, 200);
    let early = at(&bucket, change - 100);
    assert_eq!(early.available(), 2, "as at the change");
    // Until the change, and a token.
    assert_eq!(after(early.try_acquire_many(3)), micros(100 + FAST));
    let receipt = early.try_acquire_many(2).expect("all that had come");
    assert_eq!(receipt.date(), Instant::from_micros(change));
    at(&bucket, change + FAST - 1)
        .try_acquire()
        .expect_err("too early");
    at(&bucket, change + FAST).try_acquire().expect("on time");
}

/// One that was covered by a later one is good for as long as the largest burst and the longest wait take at
/// the largest rate.
#[test]
fn receipts_from_after_a_change_are_given_back_the_newest_first() {
    for tokens in [0, 1, 16] {
        let bucket = with(20);
        set(&bucket, NOW, tokens, 200);
        let first = at(&bucket, NOW).try_acquire_many(3).expect("of 20");
        let later = NOW + (200 + 200) * FAST;
        let second = at(&bucket, later).try_acquire().expect("of 17");
        assert_eq!(at(&bucket, later).refund(second), 1);
        assert_eq!(at(&bucket, later).refund(first), 3, "at {tokens}");
        let come = ((later - NOW) * u64::from(tokens)) >> 20;
        assert_eq!(u64::from(at(&bucket, later).available()), 20 + come);
    }
}
