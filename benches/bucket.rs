//! How long a token bucket takes, beside those of other crates, with nobody else about. Each asks a clock that costs next to nothing and
//! moves with every reading, so that a bucket either always has a token or never. Compare within one run: machines are noisy.

use std::cell::Cell;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use governor::RateLimiter;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use watertight::bucket::{AdjustableBucket, AdjustableQuota};
use watertight::{Clock, Instant, Micros, Quota, TokenBucket};

/// Moves by `step` microseconds with every reading.
struct Ticking {
    now: Cell<u64>,
    step: u64,
}

impl Ticking {
    fn by(step: u64) -> &'static Self {
        Box::leak(Box::new(Self {
            now: Cell::new(1_000_000),
            step,
        }))
    }

    #[inline]
    fn next(&self) -> u64 {
        self.now.set(self.now.get() + self.step);
        self.now.get()
    }
}

#[derive(Clone)]
struct Reading(&'static Ticking);

impl Clock for Reading {
    #[inline]
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.next())
    }
}

impl governor::clock::Clock for Reading {
    type Instant = Nanos;

    #[inline]
    fn now(&self) -> Nanos {
        Nanos::new(self.0.next() * 1_000)
    }
}

static A_THOUSAND: Quota = Quota::per_second(1_000).burst(100).build();
static ADJUSTABLE: AdjustableQuota =
    Quota::per_second(1_000)
        .burst(100)
        .build_adjustable(10_000, Duration::from_secs(1), 1_000);

fn governor(step: u64) -> RateLimiter<NotKeyed, InMemoryState, Reading, NoOpMiddleware<Nanos>> {
    let quota = governor::Quota::per_second(NonZeroU32::new(1_000).expect("not zero"))
        .allow_burst(NonZeroU32::new(100).expect("not zero"));
    RateLimiter::direct_with_clock(quota, Reading(Ticking::by(step)))
}

/// A token is there in every call; or, after the first hundred, in none of a million.
fn acquire(criterion: &mut Criterion) {
    for (name, step, used) in [
        ("granted, some left", 1_000, 50),
        ("granted, full", 2_000, 0),
        ("refused", 0, 200),
    ] {
        let mut group = criterion.benchmark_group(name);
        group.bench_function("the clock alone", |bencher| {
            let clock = Reading(Ticking::by(step));
            bencher.iter(|| Clock::now(black_box(&clock)));
        });
        group.bench_function("a load and a compare-and-swap alone, with the clock", |bencher| {
            let word = AtomicU32::new(0);
            let clock = Reading(Ticking::by(step));
            bencher.iter(|| {
                let seen = black_box(&word).load(Ordering::Acquire);
                let now = Clock::now(&clock).as_micros() as u32;
                word.compare_exchange(seen, now, Ordering::Release, Ordering::Relaxed)
                    .is_ok()
            });
        });
        group.bench_function("watertight::TokenBucket", |bencher| {
            let bucket = TokenBucket::new(Reading(Ticking::by(step)), &A_THOUSAND);
            let _ = bucket.try_acquire_many(used.min(100));
            bencher.iter(|| black_box(&bucket).try_acquire().is_ok());
        });
        group.bench_function("watertight::AdjustableBucket", |bencher| {
            let bucket = AdjustableBucket::new(Reading(Ticking::by(step)), &ADJUSTABLE);
            let _ = bucket.try_acquire_many(used.min(100));
            bencher.iter(|| black_box(&bucket).try_acquire().is_ok());
        });
        group.bench_function("governor", |bencher| {
            let limiter = governor(step);
            for _ in 0..used {
                let _ = limiter.check();
            }
            bencher.iter(|| black_box(&limiter).check().is_ok());
        });
        group.finish();
    }
}

/// What is worked out only when it is asked for.
fn hints(criterion: &mut Criterion) {
    criterion.bench_function("refused, and when to come back", |bencher| {
        let bucket = TokenBucket::new(Reading(Ticking::by(0)), &A_THOUSAND);
        let _ = bucket.try_acquire_many(100);
        bencher.iter(|| {
            black_box(&bucket)
                .try_acquire()
                .map_err(|refusal| refusal.retry_after())
                .is_ok()
        });
    });
    criterion.bench_function("reserve, and when to act", |bencher| {
        let bucket = TokenBucket::new(Reading(Ticking::by(1_000)), &A_THOUSAND);
        let _ = bucket.try_acquire_many(100);
        let _ = bucket.reserve(10, Micros::from_secs(1));
        bencher.iter(|| {
            black_box(&bucket)
                .reserve(1, Micros::from_secs(1))
                .map(|receipt| receipt.act_at())
                .is_ok()
        });
    });
}

criterion_group!(benches, acquire, hints);
criterion_main!(benches);
