//! Places and nothing else: one behaviour at a time.

mod properties;

use std::sync::Arc;
use std::thread;

use watertight::bulkhead::{InvalidShare, Stats};
use watertight::{Bulkhead, Reason, RetryAfter, Share, Slot};

const BACKGROUND: Share = Share::percent(50);
const USUAL: Share = Share::percent(80);

fn reason<T>(answer: Result<T, watertight::Rejected>) -> Option<Reason> {
    answer.err().map(|refusal| refusal.reason())
}

#[test]
fn as_many_are_inside_as_the_limit_says_and_a_place_is_free_when_its_slot_is_dropped() {
    let bulkhead = Bulkhead::new(2);
    let (first, second) = (bulkhead.try_enter().unwrap(), bulkhead.try_enter().unwrap());
    assert_eq!(bulkhead.available(), 0);
    let refusal = bulkhead.try_enter().unwrap_err();
    assert_eq!(
        (refusal.reason(), refusal.retry_after()),
        (Reason::Full, RetryAfter::OnRelease(None))
    );
    assert_eq!(bulkhead.in_flight(), 2);
    drop(first);
    let third = bulkhead.try_enter().unwrap();
    assert_eq!(reason(bulkhead.try_enter()), Some(Reason::Full));
    second.leave();
    third.leave();
    assert_eq!(bulkhead.in_flight(), 0);
}

#[test]
fn background_work_never_takes_the_last_places_and_urgent_work_finds_them() {
    let bulkhead = Bulkhead::new(10);
    let mut inside: Vec<Slot<_>> = Vec::new();
    // However much background work comes: half of it.
    inside.extend((0..100).filter_map(|_| bulkhead.try_enter_as(BACKGROUND, 1).ok()));
    assert_eq!(inside.len(), 5);
    assert_eq!(
        reason(bulkhead.try_enter_as(BACKGROUND, 1)),
        Some(Reason::ShareFull)
    );
    inside.extend((0..100).filter_map(|_| bulkhead.try_enter_as(USUAL, 1).ok()));
    assert_eq!(inside.len(), 8);
    assert_eq!(reason(bulkhead.try_enter_as(USUAL, 1)), Some(Reason::ShareFull));
    inside.push(bulkhead.try_enter().unwrap());
    inside.push(bulkhead.try_enter_as(Share::ALL, 1).unwrap());
    // Full for everybody alike.
    assert_eq!(reason(bulkhead.try_enter()), Some(Reason::Full));
    assert_eq!(reason(bulkhead.try_enter_as(BACKGROUND, 1)), Some(Reason::Full));
    // The share counts all that is inside, of whatever class.
    inside.truncate(5);
    assert_eq!(
        reason(bulkhead.try_enter_as(BACKGROUND, 1)),
        Some(Reason::ShareFull)
    );
    inside.pop();
    assert!(bulkhead.try_enter_as(BACKGROUND, 1).is_ok());
}

#[test]
fn a_share_is_rounded_down_and_goes_with_the_limit() {
    let bulkhead = Bulkhead::new(3);
    // A half of three places is one, and of one place none.
    let one = bulkhead.try_enter_as(BACKGROUND, 1).unwrap();
    assert_eq!(
        reason(bulkhead.try_enter_as(BACKGROUND, 1)),
        Some(Reason::ShareFull)
    );
    bulkhead.resize(4);
    let two = bulkhead.try_enter_as(BACKGROUND, 1).unwrap();
    bulkhead.resize(1);
    drop((one, two));
    let never = bulkhead.try_enter_as(BACKGROUND, 1).unwrap_err();
    assert_eq!(
        (never.reason(), never.retry_after()),
        (Reason::MoreThanLimit, RetryAfter::Never)
    );
    assert!(bulkhead.try_enter().is_ok());
    // 1 % of 65,535 is 655.35.
    bulkhead.resize(u16::MAX);
    let slot = bulkhead.try_enter_as(Share::percent(1), 655).unwrap();
    assert_eq!(slot.places(), 655);
    drop(slot);
    assert_eq!(
        reason(bulkhead.try_enter_as(Share::percent(1), 656)),
        Some(Reason::MoreThanLimit)
    );
}

#[test]
fn a_heavy_call_takes_all_its_places_or_none() {
    let bulkhead = Bulkhead::new(10);
    let heavy = bulkhead.try_enter_many(7).unwrap();
    assert_eq!((heavy.places(), bulkhead.in_flight()), (7, 7));
    assert_eq!(reason(bulkhead.try_enter_many(4)), Some(Reason::Full));
    assert_eq!(bulkhead.in_flight(), 7);
    let light = bulkhead.try_enter_many(3).unwrap();
    for more in [11, 0x1_0000, 0x1_0001, u32::MAX] {
        let refusal = bulkhead.try_enter_many(more).unwrap_err();
        assert_eq!(
            (refusal.reason(), refusal.retry_after()),
            (Reason::MoreThanLimit, RetryAfter::Never)
        );
    }
    let nothing = bulkhead.try_enter_many(0).expect("nothing is always there");
    assert_eq!((nothing.places(), bulkhead.in_flight()), (0, 10));
    drop(nothing);
    drop(heavy);
    assert_eq!(bulkhead.in_flight(), 3);
    drop(light);
}

#[test]
fn a_lower_limit_holds_at_once_and_those_inside_stay() {
    let bulkhead = Bulkhead::new(5);
    let mut inside: Vec<_> = (0..5).map(|_| bulkhead.try_enter().unwrap()).collect();
    bulkhead.resize(2);
    assert_eq!((bulkhead.limit(), bulkhead.in_flight()), (2, 5));
    assert_eq!(bulkhead.available(), 0);
    for left in (2..5).rev() {
        assert_eq!(reason(bulkhead.try_enter()), Some(Reason::Full));
        inside.pop();
        assert_eq!(bulkhead.in_flight(), left);
    }
    assert_eq!(reason(bulkhead.try_enter()), Some(Reason::Full), "two of two");
    inside.pop();
    assert!(bulkhead.try_enter().is_ok());
    // Raised again while too many are still inside, it counts them.
    bulkhead.resize(0);
    assert_eq!(reason(bulkhead.try_enter()), Some(Reason::MoreThanLimit));
    bulkhead.resize(2);
    let second = bulkhead.try_enter().unwrap();
    assert_eq!(reason(bulkhead.try_enter()), Some(Reason::Full));
    drop(second);
}

#[test]
fn a_limit_of_nothing_lets_nobody_in() {
    let bulkhead = Bulkhead::new(0);
    let refusal = bulkhead.try_enter().unwrap_err();
    assert_eq!(
        (refusal.reason(), refusal.retry_after()),
        (Reason::MoreThanLimit, RetryAfter::Never)
    );
    assert!(bulkhead.try_enter_many(0).is_ok());
}

#[test]
fn a_forgotten_slot_costs_its_places_and_a_larger_limit_makes_up_for_them() {
    let bulkhead = Bulkhead::new(3);
    core::mem::forget(bulkhead.try_enter_many(2).unwrap());
    let last = bulkhead.try_enter().unwrap();
    assert_eq!(reason(bulkhead.try_enter()), Some(Reason::Full));
    drop(last);
    assert_eq!(bulkhead.in_flight(), 2);
    bulkhead.resize(5);
    let inside: Vec<_> = (0..5).filter_map(|_| bulkhead.try_enter().ok()).collect();
    assert_eq!(inside.len(), 3);
}

#[test]
fn an_owned_slot_goes_to_another_thread_and_keeps_its_bulkhead_alive() {
    let bulkhead = Arc::new(Bulkhead::new(2));
    let first = Bulkhead::try_enter_owned(Arc::clone(&bulkhead)).unwrap();
    let second = Bulkhead::try_enter_owned_as(Arc::clone(&bulkhead), BACKGROUND, 1).unwrap_err();
    assert_eq!(second.reason(), Reason::ShareFull);
    let back = thread::spawn(move || {
        assert_eq!(first.places(), 1);
        first
    });
    let first = back.join().unwrap();
    let weak = Arc::downgrade(&bulkhead);
    drop(bulkhead);
    assert_eq!(weak.upgrade().expect("the slot keeps it").in_flight(), 1);
    thread::spawn(move || drop(first)).join().unwrap();
    assert!(weak.upgrade().is_none());
}

#[test]
fn on_threads_never_more_are_inside_than_the_limit() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    let (rounds, bulkhead) = (
        if cfg!(miri) { 5 } else { 2_000 },
        Bulkhead::with_stats(3, Stats::new()),
    );
    let inside = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..rounds {
                    let places = 1 + round % 2;
                    if let Ok(slot) = bulkhead.try_enter_many(places) {
                        assert!(inside.fetch_add(places, SeqCst) + places <= 3);
                        inside.fetch_sub(places, SeqCst);
                        drop(slot);
                    }
                }
            });
        }
    });
    assert_eq!(bulkhead.in_flight(), 0);
    assert!(bulkhead.statistics().most_in_flight() <= 3);
}

#[test]
fn statistics_keep_the_mark_and_tell_refusals_apart() {
    let bulkhead = Bulkhead::with_stats(4, Stats::default());
    assert_eq!(bulkhead.statistics().most_in_flight(), 0);
    let three = bulkhead.try_enter_many(3).unwrap();
    drop(three);
    let _one = bulkhead.try_enter().unwrap();
    let _ = bulkhead.try_enter_as(BACKGROUND, 2).unwrap_err();
    let _ = bulkhead.try_enter_as(BACKGROUND, 3).unwrap_err();
    for _ in 0..3 {
        let _ = bulkhead.try_enter_many(4).unwrap_err();
    }
    let kept = bulkhead.statistics();
    assert_eq!((kept.limit(), kept.in_flight(), kept.most_in_flight()), (4, 1, 3));
    let refused = [Reason::Full, Reason::ShareFull, Reason::MoreThanLimit].map(|reason| kept.refused(reason));
    assert_eq!(refused, [3, 1, 1]);
    assert_eq!(kept.refused(Reason::Open), 0, "not one of its reasons");
}

#[test]
fn a_share_is_from_1_to_100_percent() {
    for wrong in [0, 101, u8::MAX] {
        assert_eq!(Share::try_percent(wrong), Err(InvalidShare));
    }
    assert_eq!(Share::try_percent(100), Ok(Share::ALL));
    assert_eq!(Share::try_percent(1), Ok(Share::percent(1)));
    assert_eq!(
        InvalidShare.to_string(),
        "a share of a bulkhead's limit is from 1 to 100 percent"
    );
}

#[test]
fn a_bulkhead_shows_its_limit_and_what_is_inside() {
    let bulkhead = Bulkhead::new(9);
    let slot = bulkhead.try_enter_many(4).unwrap();
    assert_eq!(format!("{bulkhead:?}"), "Bulkhead { limit: 9, in_flight: 4, .. }");
    assert_eq!(format!("{slot:?}"), "Slot { places: 4, .. }");
}
