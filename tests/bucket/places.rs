//! Particular places: every bit of the clock, idle times of every length, and what is as new.

use core::time::Duration;

use proptest::prelude::*;
use watertight::{Instant, ManualClock, Micros, Quota, Reason, RetryAfter, TokenBucket};

use crate::cases;
use crate::model::{Model, Settings};
use crate::pair::{Ask, Number, Pair, Step, Wait, call, instant, run};
use crate::properties::{any_settings, ask, of_any_size, start, step};

/// Slow and fast, few and many, exact and nearly, and none at all.
fn some_settings() -> Vec<Settings> {
    let of = |tokens, micros, burst| Settings::new(tokens, Duration::from_micros(micros), burst);
    vec![
        of(1, 604_800_000_000, 3),
        of(1, 1 << 45, 1),
        of(1, 1_000_000, 1),
        of(1_000, 1_000_000, 100),
        of(7, 3_600_000_000, 500),
        of(8, 1, 1 << 28),
        of(1, 1, 1 << 28),
        of(1, 3, 40_000_000),
        of(0, 1, 5),
        Settings {
            initial: Some(1),
            longest_wait: Some(1 << 40),
            ..of(1, 1 << 20, 9)
        },
    ]
}

/// Until it is empty, and beyond; with a reservation and a refund.
fn emptying() -> Vec<Step> {
    let ask = |ask| Step::Ask(ask, None);
    vec![
        ask(Ask::UpTo(Number::Burst(0))),
        ask(Ask::Many(Number::Few(1))),
        Step::Again(-1),
        Step::Again(0),
        Step::Refund(1),
        ask(Ask::Reserve(Number::Few(1), Wait::Bursts(16))),
        Step::Look,
    ]
}

#[test]
fn the_first_use_at_any_clock_value() {
    for settings in some_settings() {
        let quota = settings.builder().build();
        for bit in 0..=64 {
            for off in -3..=3 {
                let at = ((1_i128 << bit) + off).rem_euclid(1 << 64);
                run(&settings, &quota, at, &emptying());
            }
        }
    }
}

/// Begun before every bit of the clock turns over, and still there after.
#[test]
fn idle_for_every_power_of_two() {
    for settings in some_settings() {
        let quota = settings.builder().build();
        let far = Model::new(&settings).far();
        for bit in 0..=62 {
            for off in -1..=1 {
                let idle = (1_i128 << bit) + off;
                if idle + (1 << 50) > far {
                    continue;
                }
                for start in [0, (1 << 31) - 2, (1 << 63) - 2, (1_i128 << 64) - 2] {
                    // Empty; begun and not empty; and never asked.
                    let taken = Step::Ask(Ask::Many(Number::Few(1)), None);
                    for before in [emptying(), vec![taken], vec![]] {
                        let mut steps = before;
                        steps.push(Step::Advance(idle as u64));
                        steps.push(Step::Look);
                        steps.extend(emptying());
                        run(&settings, &quota, start, &steps);
                    }
                }
            }
        }
    }
}

/// Past half the circle of its dates a bucket may take a reading for an old one. It never has more than a
/// burst for it.
#[test]
fn idle_for_too_long_gives_one_burst_at_most() {
    for settings in some_settings() {
        let quota = settings.builder().build();
        for bit in 0..=64 {
            for off in -1..=1 {
                let bucket = TokenBucket::new((), &quota);
                let at = |at: i128| bucket.at(instant(at)).acquire_up_to(u32::MAX);
                let first = at(5).expect("it is full, or has one").tokens();
                let idle = 5 + (1_i128 << bit) + off;
                let mut sum = 0;
                while let Ok(receipt) = at(idle) {
                    sum += receipt.tokens();
                }
                assert!(sum <= settings.burst, "{first}, and {sum} after 2^{bit} {off:+}");
            }
        }
    }
}

#[test]
fn a_bucket_that_never_fills() {
    let quota = Quota::per_second(0).burst(10).initial(3).build();
    let bucket = TokenBucket::new((), &quota);
    let now = bucket.at(Instant::from_micros(u64::MAX));
    assert_eq!(now.available(), 3);
    assert!(now.is_pristine());
    let refused = now.try_acquire_many(4).expect_err("three");
    assert_eq!(
        (refused.reason(), refused.retry_after()),
        (Reason::RateLimited, RetryAfter::Never)
    );
    let refused = now.reserve(4, Micros::MAX).expect_err("three, whoever waits");
    assert_eq!(refused.retry_after(), RetryAfter::Never);
    let later = bucket.at(Instant::from_micros(1 << 62));
    let two = later.try_acquire_many(2).expect("two of three");
    assert_eq!(later.acquire_up_to(2).expect("the last").tokens(), 1);
    assert_eq!(later.refund(two), 0, "somebody came after");
    assert_eq!(
        later.try_acquire().expect_err("none").retry_after(),
        RetryAfter::Never
    );
    assert!(!later.is_pristine());
    later.reset();
    assert_eq!(later.acquire_up_to(9).expect("as new").tokens(), 3);
}

#[test]
fn none_more_than_there_can_be_and_all() {
    let quota = Quota::per_second(1).burst(10).initial(0).build();
    let bucket = TokenBucket::new((), &quota);
    let at = |second: u64| bucket.at(Instant::from_micros(second * 1_000_000));
    // Neither begins it.
    assert_eq!(at(1).try_acquire_many(0).expect("nothing").tokens(), 0);
    assert_eq!(at(1).acquire_up_to(0).expect("nothing").tokens(), 0);
    assert_eq!(
        at(1).reserve(0, Micros::ZERO).expect("nothing").act_at(),
        Instant::from_micros(1_000_000)
    );
    for n in [11, u32::MAX] {
        for refused in [at(1).try_acquire_many(n), at(1).reserve(n, Micros::MAX)] {
            let refused = refused.expect_err("more than it ever holds");
            assert_eq!(
                (refused.reason(), refused.retry_after()),
                (Reason::MoreThanBurst, RetryAfter::Never)
            );
        }
    }
    assert!(at(50).is_pristine());
    let refused = at(100).acquire_up_to(u32::MAX).expect_err("it begins here");
    assert_eq!(refused.retry_after(), RetryAfter::In(Micros::from_secs(1)));
    assert!(!at(100).is_pristine());
    assert_eq!(at(109).available(), 9);
    at(109).try_acquire_many(10).expect_err("one less");
    assert_eq!(at(110).try_acquire_many(10).expect("all").tokens(), 10);
    assert_eq!(at(110).refund(at(110).try_acquire_many(0).expect("nothing")), 0);
}

/// Nothing drips in, so that nothing says that it is full again, however late it is given back.
#[test]
fn what_never_fills_is_given_back_at_any_age() {
    let quota = Quota::per_second(0).burst(10).build();
    for bit in 0..=61 {
        let bucket = TokenBucket::new((), &quota);
        let at = |micros: u64| bucket.at(Instant::from_micros(micros));
        let first = at(3).try_acquire_many(2).expect("of ten");
        let late = 3 + (1 << bit);
        let second = at(late).try_acquire_many(5).expect("of eight");
        let latest = late + (1 << bit);
        assert_eq!(at(latest).available(), 3);
        assert_eq!(at(latest).refund(second), 5, "after 2^{bit} us");
        assert_eq!(at(latest).refund(first), 2, "after 2 * 2^{bit} us");
        assert_eq!(at(latest).acquire_up_to(99).expect("all").tokens(), 10);
    }
}

/// A receipt that was on top, was covered by another one in a later stretch of time, and is on top again.
#[test]
fn receipts_are_given_back_the_newest_first() {
    let quota = Quota::per(119, Duration::from_micros(1 << 31))
        .burst(2)
        .initial(0)
        .build();
    let clock = ManualClock::starting_at(Instant::from_micros(0));
    let bucket = TokenBucket::new(&clock, &quota);
    let reserved = bucket.reserve(2, Micros::MAX).expect("within the time of two");
    let refused = bucket.acquire_up_to(1).expect_err("they are his");
    let RetryAfter::In(wait) = refused.retry_after() else {
        panic!("it fills");
    };
    // Three tokens, of 2^31 / 119 us; and what may run over while he waits, who reserved all that it holds.
    let due = (3_u64 << 31).div_ceil(119);
    assert!((due..=due + 2).contains(&wait.as_micros()), "{wait:?}");
    clock.advance(wait).expect("one thread");
    let later = bucket.acquire_up_to(1).expect("it is due");
    assert_eq!(bucket.refund(later), 1);
    assert_eq!(bucket.refund(reserved), 2);
    assert_eq!(bucket.available(), 2);
}

/// Each microsecond of a retreat and of a return: the clock may stop, go back, and go on.
#[test]
fn a_clock_that_goes_back_gives_nothing_twice() {
    let quota = Quota::per_second(10).burst(3).build();
    let bucket = TokenBucket::new((), &quota);
    let at = |millis: u64| bucket.at(Instant::from_micros(millis * 1_000)).try_acquire();
    assert!(at(100).is_ok());
    let back: Vec<bool> = (0..4).map(|_| at(0).is_ok()).collect();
    assert_eq!(
        back.iter().filter(|granted| **granted).count(),
        1,
        "the token of 0 to 100 ms is not there at 0"
    );
    assert!(at(100).is_ok());
    assert!(at(100).is_err());
    assert!(at(200).is_ok());
    assert!(at(200).is_err());
}

/// After 2^31 drops the word is the same again, and is not taken for what it was.
#[test]
fn a_receipt_is_not_for_what_comes_round() {
    // A token is a drop, and one comes in a microsecond.
    let quota = Quota::per(1, Duration::from_micros(1)).burst(1 << 28).build();
    for rounds in 1..=3 {
        let bucket = TokenBucket::new((), &quota);
        let all = |now: u64| bucket.at(Instant::from_micros(now)).try_acquire_many(1 << 28);
        let first = all(5).expect("it is full");
        let mut last = None;
        for turn in 1..=8 * rounds {
            last = Some(all(5 + (turn << 28)).expect("it is full again"));
        }
        assert_eq!(
            bucket.at(Instant::from_micros(0)).refund(first),
            0,
            "it was followed by {rounds} times 2^31"
        );
        let last = last.expect("the last of them");
        assert_eq!(bucket.at(Instant::from_micros(0)).refund(last), 1 << 28);
    }
}

/// A clock that was wrong for a while: what it dated is over with a reset.
#[test]
fn a_reset_begins_again_in_the_present() {
    let quota = Quota::per_second(10).burst(3).initial(1).build();
    let bucket = TokenBucket::new((), &quota);
    let at = |second: u64| bucket.at(Instant::from_micros(second * 1_000_000));
    let years = 1_000_000_000;
    at(years).try_acquire().expect("the one at first");
    let refused = at(5).try_acquire().expect_err("it is dated by then");
    assert!(matches!(refused.retry_after(), RetryAfter::In(wait) if wait > Micros::from_secs(years / 2)));
    at(5).reset();
    assert!(at(5).is_pristine());
    assert_eq!(at(5).acquire_up_to(3).expect("as at first").tokens(), 1);
    assert_eq!(at(6).acquire_up_to(9).expect("from then on").tokens(), 3);
    at(6).reset();
    at(6).reset();
    assert_eq!(at(6).available(), 1);
}

/// Steps of a clock that goes forward.
fn forward() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => ask().prop_map(|ask| Step::Ask(ask, None)),
        2 => any::<usize>().prop_map(Step::Refund),
        1 => of_any_size(44).prop_map(Step::Advance),
        2 => (0..=8_u8).prop_map(Step::AdvanceBursts),
    ];
    prop::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn one_that_is_pristine_is_as_good_as_new(
        settings in any_settings(),
        start in start(),
        before in prop::collection::vec(step(), 0..10),
        idle in 0..=40_u8,
        after in forward(),
    ) {
        let Ok(quota) = settings.builder().try_build() else { return Ok(()) };
        if settings.meet_the_seam(start - (1 << 61), 1 << 62) {
            return Ok(());
        }
        let clock = ManualClock::starting_at(instant(start));
        let mut old = Pair::new(&settings, &quota, &clock, start);
        for step in before {
            if !matches!(step, Step::GoBack(_)) {
                old.step(step);
            }
        }
        old.step(Step::AdvanceBursts(idle));
        if !old.bucket.is_pristine() {
            return Ok(());
        }
        let new = TokenBucket::new(&clock, &quota);
        let mut receipts = (Vec::new(), Vec::new());
        for step in after {
            match step {
                Step::Ask(ask, _) => {
                    let (n, wait) = old.numbers(ask);
                    match (call(&old.bucket, ask, n, wait), call(&new, ask, n, wait)) {
                        (Ok(one), Ok(other)) => {
                            prop_assert_eq!(one.tokens(), other.tokens());
                            prop_assert_eq!(one.date(), other.date());
                            prop_assert_eq!(one.act_at(), other.act_at());
                            receipts.0.push(one);
                            receipts.1.push(other);
                        }
                        (Err(one), Err(other)) => prop_assert_eq!(one, other),
                        (one, other) => prop_assert!(false, "{:?}, {:?}", one, other),
                    }
                }
                Step::Refund(which) if !receipts.0.is_empty() => {
                    let which = which % receipts.0.len();
                    let (one, other) = (receipts.0.remove(which), receipts.1.remove(which));
                    prop_assert_eq!(old.bucket.refund(one), new.refund(other));
                }
                Step::Refund(_) => {}
                other => old.step(other),
            }
            prop_assert_eq!(old.bucket.available(), new.available());
            prop_assert_eq!(old.bucket.is_pristine(), new.is_pristine());
        }
    }
}
