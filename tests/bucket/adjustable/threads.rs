//! On real threads.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use watertight::bucket::AdjustableBucket;
use watertight::{Clock, Quota, StdClock};

use super::SECOND;

/// Takers and a writer on real threads: never more than the burst and what comes, and nothing lost, whatever
/// the writer is at.
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
