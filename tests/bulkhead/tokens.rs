//! Places and tokens in one permit: one behaviour at a time.

mod model;
mod oracle;
mod pair;
mod properties;
mod queue;
mod sleeping;

use core::time::Duration;
use std::sync::Arc;
use std::thread;

use watertight::bucket::AdjustableBucket;
use watertight::bulkhead::Stats;
use watertight::{
    Bulkhead, Instant, ManualClock, Micros, Quota, Reason, RetryAfter, Share, TokenBucket, TokenBulkhead,
};

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> ManualClock {
    ManualClock::starting_at(Instant::from_micros(u64::MAX - 1_500_000))
}

fn millis(millis: u64) -> Micros {
    Micros::from_millis(millis)
}

/// Two a second, and two at once.
static TWO: Quota = Quota::per_second(2).burst(2).build();

#[test]
fn refusals_say_whether_it_is_the_place_or_the_token() {
    let clock = clock();
    let both = TokenBulkhead::new(Bulkhead::new(2), TokenBucket::new(&clock, &TWO));
    let (first, second) = (both.try_enter().unwrap(), both.try_enter().unwrap());
    // Neither is there: it is the place that is said.
    let full = both.try_enter().unwrap_err();
    assert_eq!(
        (full.reason(), full.retry_after()),
        (Reason::Full, RetryAfter::OnRelease(None))
    );
    drop(first);
    let limited = both.try_enter().unwrap_err();
    assert_eq!(
        (limited.reason(), limited.retry_after()),
        (Reason::RateLimited, RetryAfter::In(millis(500)))
    );
    clock.advance(millis(400)).unwrap();
    let limited = both.try_enter().unwrap_err();
    assert_eq!(limited.retry_after(), RetryAfter::In(millis(100)));
    clock.advance(millis(100)).unwrap();
    let third = both.try_enter().unwrap();
    let never = both.try_enter_many(3).unwrap_err();
    assert_eq!(
        never.reason(),
        Reason::Full,
        "no place, so that no token is asked for"
    );
    drop(second);
    let never = both.try_enter_many(3).unwrap_err();
    assert_eq!(
        (never.reason(), never.retry_after()),
        (Reason::MoreThanBurst, RetryAfter::Never)
    );
    drop(third);
}

#[test]
fn a_refused_token_gives_the_place_back_and_a_refused_place_takes_no_token() {
    let clock = clock();
    let bulkhead = Bulkhead::with_stats(1, Stats::new());
    let both = TokenBulkhead::new(bulkhead, TokenBucket::new(&clock, &TWO));
    let inside = both.try_enter().unwrap();
    assert_eq!(both.try_enter().unwrap_err().reason(), Reason::Full);
    assert_eq!(both.bucket().available(), 1, "nobody took it");
    drop(inside);
    drop(both.try_enter().unwrap());
    for _ in 0..10 {
        assert_eq!(both.try_enter().unwrap_err().reason(), Reason::RateLimited);
        assert_eq!(both.bulkhead().in_flight(), 0);
    }
    let kept = both.bulkhead().statistics();
    assert_eq!(
        (
            kept.refused(Reason::Full),
            kept.refused(Reason::RateLimited),
            kept.most_in_flight()
        ),
        (1, 10, 1)
    );
}

#[test]
fn a_permit_that_is_dropped_gives_the_place_back_and_keeps_the_tokens() {
    let clock = clock();
    let both = TokenBulkhead::new(Bulkhead::new(5), TokenBucket::new(&clock, &TWO));
    drop(both.try_enter().unwrap());
    both.try_enter().unwrap().leave();
    assert_eq!((both.bulkhead().in_flight(), both.bucket().available()), (0, 0));
    assert_eq!(both.try_enter().unwrap_err().reason(), Reason::RateLimited);
    // Also where the place is given back before the call.
    clock.advance(millis(500)).unwrap();
    let receipt = both.try_enter().unwrap().into_receipt();
    assert_eq!((both.bulkhead().in_flight(), both.bucket().available()), (0, 0));
    assert_eq!(both.bucket().refund(receipt), 1, "which still can be refunded");
}

#[test]
fn a_call_that_was_not_made_gives_its_tokens_back_if_nobody_has_taken_any_since() {
    let clock = clock();
    let both = TokenBulkhead::new(Bulkhead::new(5), TokenBucket::new(&clock, &TWO));
    assert_eq!(both.try_enter_many(2).unwrap().refund(), 2);
    assert_eq!((both.bulkhead().in_flight(), both.bucket().available()), (0, 2));
    let (first, second) = (both.try_enter().unwrap(), both.try_enter().unwrap());
    assert_eq!(first.refund(), 0, "what the second was told rests on it");
    assert_eq!((both.bulkhead().in_flight(), both.bucket().available()), (1, 0));
    assert_eq!(second.refund(), 1);
    assert_eq!((both.bulkhead().in_flight(), both.bucket().available()), (0, 1));
    let nothing = both.try_enter_many(0).unwrap();
    assert_eq!(both.bulkhead().in_flight(), 1, "a place for no token");
    assert_eq!(nothing.refund(), 0);
}

#[test]
fn tokens_to_come_are_reserved_with_a_place_of_now() {
    let clock = clock();
    let both = TokenBulkhead::new(Bulkhead::new(2), TokenBucket::new(&clock, &TWO));
    drop(both.try_enter_many(2).unwrap());
    assert_eq!(
        both.reserve(1, millis(499)).unwrap_err().retry_after(),
        RetryAfter::In(millis(1))
    );
    let permit = both.reserve(1, millis(500)).unwrap();
    let receipt = permit.receipt();
    assert_eq!(receipt.act_at().since(receipt.date()), millis(500));
    assert_eq!(both.bulkhead().in_flight(), 1);
    let shared = both.reserve_as(Share::percent(50), 1, Micros::MAX).unwrap_err();
    assert_eq!(shared.reason(), Reason::ShareFull);
    // Given up, it is there for the next.
    assert_eq!(permit.refund(), 1);
    let next = both.reserve_as(Share::percent(50), 1, millis(500)).unwrap();
    assert_eq!(next.receipt().act_at().since(next.receipt().date()), millis(500));
}

#[test]
fn below_what_is_inside_nobody_enters_until_enough_have_left_and_no_token_is_spent() {
    let clock = clock();
    let quota = Quota::per_second(1).burst(10).build();
    let both = TokenBulkhead::new(Bulkhead::new(3), TokenBucket::new(&clock, &quota));
    let mut inside: Vec<_> = (0..3).map(|_| both.try_enter().unwrap()).collect();
    both.bulkhead().resize(1);
    for _ in 0..2 {
        assert_eq!(both.try_enter().unwrap_err().reason(), Reason::Full);
        inside.pop();
    }
    assert_eq!(both.try_enter().unwrap_err().reason(), Reason::Full);
    assert_eq!(both.bucket().available(), 7, "those of the three stay taken");
    inside.pop();
    let permit = both.try_enter().unwrap();
    assert_eq!(both.bucket().available(), 6);
    drop(permit);
}

#[test]
fn a_rate_is_set_while_permits_are_out() {
    let clock = clock();
    let quota = Quota::per_second(2).burst(2).build_adjustable(100, SECOND, 10);
    let both = TokenBulkhead::new(Bulkhead::new(5), AdjustableBucket::new(&clock, &quota));
    let before = both.try_enter().unwrap();
    both.bucket().set(10, SECOND, 3).unwrap();
    assert_eq!(both.bulkhead().in_flight(), 1, "the place stays");
    // Of the token that is left, less than a drop was lost, which takes a microsecond.
    clock.advance(millis(1)).unwrap();
    let after = both.try_enter().unwrap();
    assert_eq!(before.refund(), 0, "a receipt from before gives nothing back");
    assert_eq!(both.bulkhead().in_flight(), 1);
    let limited = both.try_enter().unwrap_err();
    let RetryAfter::In(wait) = limited.retry_after() else {
        panic!("{limited}")
    };
    // At the new rate, to within that drop.
    assert!((99_000..=99_002).contains(&wait.as_micros()), "{wait}");
    assert_eq!(after.refund(), 1);
    clock.advance(millis(250)).unwrap();
    drop(both.try_enter_many(3).expect("the new burst"));
    assert_eq!(
        both.try_enter_many(4).unwrap_err().reason(),
        Reason::MoreThanBurst
    );
}

#[test]
fn what_is_shared_with_others_counts_for_all() {
    let clock = clock();
    let (bulkhead, bucket) = (Bulkhead::new(2), Arc::new(TokenBucket::new(&clock, &TWO)));
    let first = TokenBulkhead::new(&bulkhead, Arc::clone(&bucket));
    let second = TokenBulkhead::new(&bulkhead, TokenBucket::new(&clock, &TWO));
    let third = TokenBulkhead::new(Bulkhead::new(2), bucket);
    let permit = first.try_enter().unwrap();
    // A place without a token, and a token without a place.
    let place = first.bulkhead().try_enter().unwrap();
    assert_eq!(second.try_enter().unwrap_err().reason(), Reason::Full);
    drop(third.try_enter().unwrap());
    drop(place);
    assert_eq!(first.try_enter().unwrap_err().reason(), Reason::RateLimited);
    assert!(second.try_enter().is_ok());
    drop(permit);
}

#[test]
fn an_owned_permit_goes_to_another_thread_and_gives_back_from_there() {
    static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(0));
    let both = Arc::new(TokenBulkhead::new(
        Bulkhead::new(1),
        TokenBucket::new(&CLOCK, &TWO),
    ));
    let permit = TokenBulkhead::try_enter_owned(Arc::clone(&both)).unwrap();
    assert_eq!(both.bulkhead().in_flight(), 1);
    assert_eq!(thread::spawn(move || permit.refund()).join().unwrap(), 1);
    let permit = TokenBulkhead::reserve_owned_as(Arc::clone(&both), Share::ALL, 2, Micros::ZERO).unwrap();
    thread::spawn(move || drop(permit)).join().unwrap();
    assert_eq!((both.bulkhead().in_flight(), both.bucket().available()), (0, 0));
}

#[test]
fn a_forgotten_permit_costs_its_place_and_its_tokens() {
    let clock = clock();
    let both = TokenBulkhead::new(Bulkhead::new(1), TokenBucket::new(&clock, &TWO));
    core::mem::forget(both.try_enter().unwrap());
    clock.advance(Micros::from_secs(3_600)).unwrap();
    assert_eq!(both.try_enter().unwrap_err().reason(), Reason::Full);
    both.bulkhead().resize(2);
    assert!(both.try_enter().is_ok());
}

#[test]
fn refusals_read_as_sentences() {
    let clock = clock();
    let both = TokenBulkhead::new(Bulkhead::new(2), TokenBucket::new(&clock, &TWO));
    let half = Share::percent(50);
    let one = both.try_enter().unwrap();
    let sentence = |answer: Result<_, watertight::Rejected>| {
        let answer: Result<(), _> = answer;
        answer.unwrap_err().to_string()
    };
    assert_eq!(
        sentence(both.reserve_as(half, 1, Micros::ZERO).map(drop)),
        "the share of the bulkhead that is for such calls is full: retry when a call that is under way has reported"
    );
    assert_eq!(
        sentence(both.bulkhead().try_enter_many(3).map(drop)),
        "the bulkhead has not so many places for such calls: waiting does not help"
    );
    let two = both.try_enter().unwrap();
    assert_eq!(
        sentence(both.try_enter().map(drop)),
        "the bulkhead is full: retry when a call that is under way has reported"
    );
    drop((one, two));
    assert_eq!(
        sentence(both.try_enter().map(drop)),
        "the token bucket has too few tokens: retry in 500 ms"
    );
    assert_eq!(
        Reason::RoomFull.to_string(),
        "the bulkhead is full, and so is its waiting room"
    );
}

#[test]
fn a_token_bulkhead_shows_both() {
    let clock = clock();
    let both = TokenBulkhead::new(Bulkhead::new(2), TokenBucket::new(&clock, &TWO));
    let permit = both.try_enter().unwrap();
    assert_eq!(
        format!("{both:?}"),
        "TokenBulkhead { bulkhead: Bulkhead { limit: 2, in_flight: 1, .. }, \
         bucket: TokenBucket { available: 1, burst: 2 } }"
    );
    let shown = format!("{permit:?}");
    assert!(
        shown.starts_with("TokenSlot { slot: Slot { places: 1, .. }, receipt: Receipt {"),
        "{shown}"
    );
}
