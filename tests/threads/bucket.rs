//! The token bucket.

use core::time::Duration;

use watertight::{
    Clock, Instant, ManualClock, Micros, Quota, Random, Receipt, SharedRandom, StdClock, TokenBucket,
};

use super::{ROUNDS, THREADS, clock, pass, together};

/// Asks in any of the ways there are, and gives some of it back. What it keeps is added to `grants`, with the instant at
/// which it may be used.
fn any_grant<C: Clock>(bucket: &TokenBucket<C, &Quota>, draw: u32, grants: &mut Vec<(Instant, u32)>) {
    let few = draw / 8 % 5;
    let answer = match draw % 8 {
        0..=2 => bucket.try_acquire(),
        3 => bucket.try_acquire_many(few),
        4 => bucket.acquire_up_to(few),
        5 => bucket.reserve(few, Micros::from_micros(u64::from(draw >> 20))),
        _ => bucket.try_acquire().inspect(|_| std::thread::yield_now()),
    };
    let Ok(receipt) = answer else { return };
    let kept = (receipt.act_at(), receipt.tokens());
    if draw % 8 == 7 {
        let back = bucket.refund(receipt);
        assert!(back == 0 || back == kept.1);
        if back > 0 {
            return;
        }
    }
    grants.push(kept);
}

/// That no window has more than the burst and `tokens` per `micros` in it.
pub(super) fn assert_no_window_has_more(
    grants: &[Vec<(Instant, u32)>],
    burst: u32,
    tokens: i128,
    micros: i128,
) {
    let origin = grants
        .iter()
        .flatten()
        .map(|grant| grant.0)
        .next()
        .expect("a grant");
    // From half a circle before.
    let place = |at: Instant| i128::from(at.as_micros().wrapping_sub(origin.as_micros()) as i64);
    let mut all: Vec<_> = grants
        .iter()
        .flatten()
        .map(|grant| (place(grant.0), grant.1))
        .collect();
    all.sort();
    let (mut sum, mut least) = (0, i128::MAX);
    for (at, granted) in all {
        // In `micros`ths of a token: all up to here, less all before the window, less what came in it.
        least = least.min(sum - tokens * at);
        sum += i128::from(granted) * micros;
        let beside = sum - tokens * at - least;
        assert!(
            beside <= i128::from(burst) * micros,
            "{beside} in a window up to {at}"
        );
    }
}

#[test]
fn of_all_that_ask_at_one_instant_a_burst_is_granted() {
    for round in 0..ROUNDS {
        let quota = Quota::per_second(1).burst(5).initial(round % 6).build();
        let bucket = TokenBucket::new(clock(), &quota);
        let granted = together(THREADS, |_| {
            (0..4).filter(|_| bucket.try_acquire().is_ok()).count()
        });
        assert_eq!(granted.iter().sum::<usize>(), round as usize % 6);
    }
}

#[test]
fn a_bucket_gives_what_has_come_and_not_a_token_more() {
    for round in 0..ROUNDS / 10 + 1 {
        // A token a millisecond, of 250 drops; never full.
        let quota = Quota::per_second(1_000).burst(1_000_000).initial(0).build();
        // At a whole drop, so that it begins with nothing.
        let clock = ManualClock::starting_at(Instant::from_micros(u64::MAX - 699_999));
        let bucket = TokenBucket::new(&clock, &quota);
        let began = clock.now();
        bucket.try_acquire().expect_err("it begins here");
        let granted = together(THREADS, |thread| {
            let random = SharedRandom::seeded(round * 16 + thread as u32);
            let (mut granted, mut held) = (0, Vec::<Instant>::new());
            for _ in 0..if cfg!(miri) { 10 } else { 200 } {
                if thread == 0 {
                    pass(&clock, Duration::from_micros(u64::from(random.next() % 6_000)));
                }
                // Some with readings that they have had for long.
                held.push(clock.now());
                let draw = random.next();
                let reading = held[draw as usize % held.len()];
                let answer = match draw >> 16 & 3 {
                    0 => bucket.at(reading).try_acquire(),
                    1 => bucket.at(reading).acquire_up_to(3),
                    2 => bucket.try_acquire_many(2),
                    _ => bucket.try_acquire(),
                };
                granted += answer.map_or(0, |receipt| u64::from(receipt.tokens()));
            }
            granted
        });
        let elapsed = clock.now().since(began).as_micros();
        let left = u64::from(bucket.available());
        assert_eq!(granted.iter().sum::<u64>() + left, elapsed / 1_000);
        assert_eq!(
            bucket
                .acquire_up_to(u32::MAX)
                .map_or(0, |rest| u64::from(rest.tokens())),
            left
        );
    }
}

#[test]
fn no_window_of_real_time_has_more_than_its_burst_and_its_rate() {
    let mut granted = 0;
    for round in 0..ROUNDS / 50 + 1 {
        let (tokens, burst) = [(1_000_000, 50), (300_000, 7), (8_000_000, 400)][round as usize % 3];
        let quota = Quota::per_second(tokens)
            .burst(burst)
            .try_build()
            .expect("a quota");
        let bucket = TokenBucket::new(StdClock, &quota);
        let grants = together(THREADS, |thread| {
            let random = SharedRandom::seeded(round * 16 + thread as u32);
            let mut grants = Vec::new();
            for _ in 0..if cfg!(miri) { 20 } else { 5_000 } {
                any_grant(&bucket, random.next(), &mut grants);
            }
            grants
        });
        assert_no_window_has_more(&grants, burst, i128::from(tokens), 1_000_000);
        granted += grants.iter().flatten().map(|grant| grant.1).sum::<u32>();
    }
    assert!(granted > 100, "{granted}");
}

#[test]
fn what_is_given_back_is_there_once() {
    for round in 0..ROUNDS / 10 + 1 {
        // Few enough that a microsecond is a whole drop.
        let quota = Quota::per_second(1).burst(200).build();
        let bucket = TokenBucket::new(clock(), &quota);
        let kept = together(THREADS, |thread| {
            let random = SharedRandom::seeded(round * 16 + thread as u32);
            let mut kept = 0;
            let mut held = Vec::<Receipt>::new();
            for _ in 0..if cfg!(miri) { 10 } else { 100 } {
                let draw = random.next();
                if draw % 3 > 0 {
                    held.extend(bucket.acquire_up_to(draw >> 8 & 7));
                } else if !held.is_empty() {
                    let receipt = held.swap_remove(draw as usize % held.len());
                    let tokens = receipt.tokens();
                    kept += tokens - bucket.refund(receipt);
                }
            }
            kept + held.iter().map(Receipt::tokens).sum::<u32>()
        });
        // Time stands still.
        assert_eq!(kept.iter().sum::<u32>() + bucket.available(), 200);
    }
}

#[test]
fn a_reset_gives_one_burst() {
    for round in 0..ROUNDS / 10 + 1 {
        let quota = Quota::per_second(1).burst(10).build();
        let bucket = TokenBucket::new(clock(), &quota);
        let (granted, resets): (Vec<_>, Vec<_>) = together(THREADS, |thread| {
            let random = SharedRandom::seeded(round * 16 + thread as u32);
            let (mut granted, mut resets) = (0, 0);
            for _ in 0..if cfg!(miri) { 10 } else { 200 } {
                if random.next() % 16 == 0 {
                    bucket.reset();
                    resets += 1;
                }
                granted += u32::from(bucket.try_acquire().is_ok());
            }
            (granted, resets)
        })
        .into_iter()
        .unzip();
        let bursts = 1 + resets.iter().sum::<u32>();
        assert!((10..=10 * bursts).contains(&granted.iter().sum::<u32>()));
    }
}
