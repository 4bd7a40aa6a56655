//! Bulkheads: alone, with waiters, with a bucket. Who is inside is counted by those who are, beside the bulkhead.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::sync::{Arc, mpsc};
use std::thread::yield_now;

use watertight::bulkhead::{Stats, Waiting};
use watertight::{
    Bulkhead, Clock, Micros, Quota, Random, Reason, SharedRandom, StdClock, TokenBucket, TokenBulkhead,
};

use super::bucket::assert_no_window_has_more;
use super::whole::assert_whole;
use super::{ROUNDS, THREADS, together};

const CALLS: u32 = if cfg!(miri) { 8 } else { 40 };
/// So long that whoever waits for it was forgotten.
const FOREVER: Micros = Micros::from_secs(60);

/// How many are inside.
#[derive(Default)]
struct Inside(AtomicU32);

impl Inside {
    /// So many more for a moment, which must not be more than the limit in all.
    fn visit(&self, places: u32, limit: u32) {
        self.come(places, limit);
        yield_now();
        self.go(places);
    }

    fn come(&self, places: u32, limit: u32) {
        let inside = self.0.fetch_add(places, Ordering::SeqCst) + places;
        assert!(inside <= limit, "{inside} inside, of {limit}");
    }

    fn go(&self, places: u32) {
        self.0.fetch_sub(places, Ordering::SeqCst);
    }
}

fn random(round: u32, thread: usize) -> SharedRandom {
    SharedRandom::seeded(round * 16 + thread as u32)
}

#[test]
fn never_more_inside_than_the_limit_and_every_refusal_counted() {
    const LIMIT: u16 = 5;
    let mut refused = 0;
    for round in 0..ROUNDS {
        let bulkhead = Bulkhead::with_stats(LIMIT, Stats::new());
        let inside = Inside::default();
        let mine = together(THREADS, |thread| {
            let random = random(round, thread);
            let mut refused = 0;
            for _ in 0..CALLS {
                match bulkhead.try_enter_many(random.next() % 4) {
                    Ok(slot) => inside.visit(slot.places(), LIMIT.into()),
                    Err(refusal) => {
                        assert_eq!(refusal.reason(), Reason::Full);
                        refused += 1;
                    }
                }
            }
            refused
        });
        let kept = bulkhead.statistics();
        assert_eq!(kept.refused(Reason::Full), mine.iter().sum());
        assert!(kept.most_in_flight() <= LIMIT.into());
        assert_eq!(kept.in_flight(), 0);
        let all = bulkhead.try_enter_many(LIMIT.into()).expect("all have left");
        assert!(bulkhead.try_enter().is_err());
        drop(all);
        refused += kept.refused(Reason::Full);
    }
    assert!(refused > 0, "it was never full");
}

#[test]
fn nobody_is_refused_where_there_is_a_place_for_everybody() {
    for round in 0..ROUNDS {
        let bulkhead = Bulkhead::new(3 * THREADS as u16);
        together(THREADS, |thread| {
            let random = random(round, thread);
            for _ in 0..CALLS {
                let slot = bulkhead.try_enter_many(random.next() % 4);
                assert!(slot.is_ok(), "{slot:?}");
                yield_now();
            }
        });
    }
}

#[test]
fn a_lower_limit_holds_once_enough_have_left() {
    const LOW: u16 = 1;
    const HIGH: u16 = 4;
    let mut entered = 0;
    for _ in 0..ROUNDS / 5 + 1 {
        let bulkhead = Bulkhead::new(HIGH);
        let inside = Inside::default();
        let mine = together(THREADS, |thread| {
            if thread == 0 {
                for _ in 0..CALLS / 4 {
                    bulkhead.resize(LOW);
                    while bulkhead.in_flight() > LOW.into() {
                        yield_now();
                    }
                    // With what those did who have left.
                    fence(Ordering::Acquire);
                    for _ in 0..4 {
                        let inside = inside.0.load(Ordering::SeqCst);
                        assert!(inside <= LOW.into(), "{inside} inside, of {LOW}");
                        yield_now();
                    }
                    bulkhead.resize(HIGH);
                    yield_now();
                }
                return 0;
            }
            let mut entered = 0;
            for _ in 0..4 * CALLS {
                if let Ok(_slot) = bulkhead.try_enter() {
                    inside.visit(1, HIGH.into());
                    entered += 1;
                }
                yield_now();
            }
            entered
        });
        assert_eq!((bulkhead.in_flight(), bulkhead.limit()), (0, HIGH.into()));
        entered += mine.iter().sum::<u32>();
    }
    assert!(entered > 0);
}

#[test]
fn a_slot_that_goes_to_another_thread_is_given_back_there() {
    const LIMIT: u16 = 3;
    for _ in 0..ROUNDS / 5 + 1 {
        let bulkhead = Arc::new(Bulkhead::new(LIMIT));
        let inside = Inside::default();
        let (give, take) = mpsc::channel();
        let (give, take) = (std::sync::Mutex::new(Some(give)), std::sync::Mutex::new(take));
        together(2, |thread| {
            if thread == 0 {
                let give = give.lock().expect("once").take().expect("once");
                for _ in 0..CALLS {
                    let slot = loop {
                        match Bulkhead::try_enter_owned(Arc::clone(&bulkhead)) {
                            Ok(slot) => break slot,
                            Err(_) => yield_now(),
                        }
                    };
                    inside.come(1, LIMIT.into());
                    give.send(slot).expect("it is taken");
                }
                return;
            }
            for slot in take.lock().expect("once").iter() {
                inside.go(1);
                slot.leave();
            }
        });
        assert_eq!(bulkhead.in_flight(), 0);
    }
}

/// Polls it, and drops it a moment later.
fn poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(&mut future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => {
            yield_now();
            None
        }
    }
}

#[test]
fn one_place_is_a_lock_and_whoever_waits_gets_in() {
    for _ in 0..ROUNDS / 5 + 1 {
        let room = Waiting::<8>::new(1);
        // Two steps, which only those who exclude each other can make without a loss.
        let count = AtomicU32::new(0);
        together(THREADS, |_| {
            for _ in 0..CALLS {
                let slot = room
                    .enter_blocking(FOREVER)
                    .expect("a seat for everybody, and a place in the end");
                let counted = count.load(Ordering::Relaxed);
                yield_now();
                count.store(counted + 1, Ordering::Relaxed);
                drop(slot);
            }
        });
        assert_eq!(count.into_inner(), THREADS as u32 * CALLS);
        assert_whole(&room);
    }
}

#[test]
fn nothing_is_lost_by_giving_up_or_by_another_limit_and_never_more_inside_than_the_largest() {
    const LARGEST: u16 = 3;
    let mut ends = [0; 4];
    for round in 0..ROUNDS / 2 + 1 {
        // Fewer seats than threads.
        let room = Waiting::<2, _>::with_stats(1, Stats::new());
        let inside = Inside::default();
        let mine = together(THREADS, |thread| {
            let random = random(round, thread);
            let mut ends = [0; 4];
            for _ in 0..CALLS {
                let draw = random.next();
                let wait = Micros::from_micros(u64::from(draw >> 8 & 0x7f));
                let answer = match draw % 8 {
                    0 => {
                        let limit = 1 + (draw >> 16) as u16 % LARGEST;
                        room.resize(limit).expect("few enough");
                        continue;
                    }
                    1 => room.try_enter(),
                    2 | 3 => room.enter_blocking(wait),
                    4 | 5 => match poll_once(room.enter()) {
                        Some(answer) => answer,
                        // It may have been given a place, and nobody looks.
                        None => continue,
                    },
                    _ => room.enter_blocking(FOREVER),
                };
                match answer {
                    Ok(slot) => {
                        inside.visit(slot.places(), LARGEST.into());
                        ends[0] += 1;
                    }
                    Err(refusal) if refusal.reason() == Reason::RoomFull => ends[1] += 1,
                    Err(refusal) => {
                        assert_eq!(refusal.reason(), Reason::Full);
                        assert!(draw % 8 <= 3, "whoever waits for ever gets in");
                        ends[if draw % 8 == 1 { 2 } else { 3 }] += 1;
                    }
                }
            }
            ends
        });
        let mine = mine.into_iter().fold([0; 4], |all, ends| {
            core::array::from_fn(|end| all[end] + ends[end])
        });
        let kept = room.statistics();
        assert_eq!(kept.refused(Reason::RoomFull), mine[1]);
        assert_eq!(kept.refused(Reason::Full), mine[2] + mine[3]);
        assert!(kept.most_in_flight() <= LARGEST.into());
        assert_whole(&room);
        ends = core::array::from_fn(|end| ends[end] + mine[end]);
    }
    assert!(ends.iter().all(|end| *end > 0), "not all happened: {ends:?}");
}

#[test]
fn a_call_has_both_a_place_and_a_token_or_neither() {
    const LIMIT: u16 = 2;
    const BURST: u32 = 10;
    for round in 0..ROUNDS / 5 + 1 {
        // None comes while this runs; and a microsecond is a whole drop, so that it begins with all of them.
        let quota = Quota::per(1, Duration::from_secs(20)).burst(BURST).build();
        let bucket = TokenBucket::new(StdClock, &quota);
        let both = TokenBulkhead::new(Bulkhead::with_stats(LIMIT, Stats::new()), bucket);
        let inside = Inside::default();
        let mine = together(THREADS, |thread| {
            let random = random(round, thread);
            let (mut spent, mut full) = (0, 0);
            loop {
                match both.try_enter() {
                    Ok(permit) => {
                        inside.visit(1, LIMIT.into());
                        let refund = random.next() % 4 == 0;
                        spent += 1 - if refund { permit.refund() } else { 0 };
                    }
                    Err(refusal) if refusal.reason() == Reason::Full => {
                        full += 1;
                        assert!(full < 1_000_000, "full for ever");
                        yield_now();
                    }
                    Err(refusal) => {
                        assert_eq!(refusal.reason(), Reason::RateLimited);
                        return (spent, full);
                    }
                }
            }
        });
        let (spent, full): (Vec<_>, Vec<u32>) = mine.into_iter().unzip();
        // What is given back after all others were refused is still there.
        assert_eq!(spent.iter().sum::<u32>() + both.bucket().available(), BURST);
        let kept = both.bulkhead().statistics();
        assert_eq!(kept.in_flight(), 0, "a refused token returns the place");
        assert_eq!(kept.refused(Reason::RateLimited), THREADS as u32);
        assert_eq!(kept.refused(Reason::Full), full.iter().sum());
    }
}

#[test]
fn who_waits_for_a_place_and_for_tokens_goes_in_with_both_and_not_before_their_time() {
    const LIMIT: u16 = 2;
    const BURST: u32 = 4;
    const RATE: u32 = 200_000;
    for round in 0..ROUNDS / 100 + 1 {
        let quota = Quota::per_second(RATE)
            .burst(BURST)
            .longest_wait(Duration::from_millis(100))
            .build();
        let both = TokenBulkhead::new(Waiting::<8>::new(LIMIT), TokenBucket::new(StdClock, &quota));
        let inside = Inside::default();
        let grants = together(THREADS, |thread| {
            let random = random(round, thread);
            let mut grants = vec![];
            for _ in 0..CALLS {
                let tokens = 1 + random.next() % BURST;
                let permit = both.enter_blocking(tokens, FOREVER).expect("in the end");
                let due = permit.receipt().act_at();
                assert_eq!(due.since(StdClock.now()), Micros::ZERO, "before their time");
                inside.visit(1, LIMIT.into());
                grants.push((due, permit.receipt().tokens()));
            }
            grants
        });
        assert_no_window_has_more(&grants, BURST, RATE.into(), 1_000_000);
        assert_whole(both.bulkhead());
    }
}
