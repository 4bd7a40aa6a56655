//! How long the operations of a breaker take, with nobody else about. Compare within one run: machines are noisy.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use watertight::breaker::{Adjustable, FailureRate, LastCalls, LastTime, NoRandom, Policy, Window};
use watertight::{Backoff, Breaker, Clock, Config, Instant, Micros, StdClock, last_calls, last_time};

static LINK: Config = Config::consecutive(5).build();
static OPENS_AT_ONCE: Config = Config::consecutive(1)
    .open_for(Backoff::constant(core::time::Duration::from_secs(60)).build())
    .build();

static BY_RATE: Config<NoRandom, FailureRate> = Config::failure_rate(60, 20).build();
static ADJUSTABLE: Adjustable = Adjustable::new(LINK);

/// A success on a window that a failure every 64 calls keeps from being quiet, and one on a window that is.
fn successes<C: Clock, P: Policy, W: Window<Rule = P::Rule>>(
    criterion: &mut Criterion,
    name: &str,
    breaker: impl Fn() -> Breaker<C, P, W>,
) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function("success, no failure in the window", |bencher| {
        let breaker = breaker();
        for _ in 0..2_000 {
            let _ = breaker.call(|| Ok::<(), ()>(()));
        }
        bencher.iter(|| {
            black_box(&breaker)
                .try_acquire()
                .map(|permit| permit.success())
                .is_ok()
        });
    });
    group.bench_function("success, failures in the window", |bencher| {
        let breaker = breaker();
        for _ in 0..2_000 {
            let _ = breaker.call(|| Ok::<(), ()>(()));
        }
        let mut turn = 0_u32;
        bencher.iter(|| {
            turn = turn.wrapping_add(1);
            if turn.is_multiple_of(64) {
                let _ = black_box(&breaker).try_acquire().map(|permit| permit.failure());
            }
            black_box(&breaker)
                .try_acquire()
                .map(|permit| permit.success())
                .is_ok()
        });
    });
    group.bench_function("failure and success", |bencher| {
        let breaker = breaker();
        bencher.iter(|| {
            let _ = black_box(&breaker).try_acquire().map(|permit| permit.failure());
            black_box(&breaker)
                .try_acquire()
                .map(|permit| permit.success())
                .is_ok()
        });
    });
    group.finish();
}

fn windows(criterion: &mut Criterion) {
    // What one read-modify-write costs here: no window can be faster that writes at all.
    criterion.bench_function("a load and a compare-and-swap alone", |bencher| {
        let word = AtomicU32::new(0);
        bencher.iter(|| {
            let seen = black_box(&word).load(Ordering::Acquire);
            word.compare_exchange(seen, seen ^ 1, Ordering::Release, Ordering::Relaxed)
                .is_ok()
        });
    });
    successes(criterion, "consecutive", || Breaker::new(StdClock, &LINK));
    successes(criterion, "consecutive, adjustable", || {
        Breaker::new(StdClock, &ADJUSTABLE)
    });
    successes(
        criterion,
        "last 100 calls",
        || -> Breaker<_, _, last_calls!(100)> { Breaker::with_window(StdClock, &BY_RATE, LastCalls::new()) },
    );
    successes(
        criterion,
        "last 10 s",
        || -> Breaker<_, _, last_time!(10_000, 16)> {
            Breaker::with_window(StdClock, &BY_RATE, LastTime::new())
        },
    );
    successes(
        criterion,
        "last 1,000 calls",
        || -> Breaker<_, _, last_calls!(1000)> { Breaker::with_window(StdClock, &BY_RATE, LastCalls::new()) },
    );
}

fn breaker(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("breaker");
    group.bench_function("nothing", |bencher| {
        let closed = Breaker::new(StdClock, &LINK);
        bencher.iter(|| {
            black_box(&closed);
        });
    });
    group.bench_function("closed: admit and succeed", |bencher| {
        let closed = Breaker::new(StdClock, &LINK);
        bencher.iter(|| {
            black_box(&closed)
                .try_acquire()
                .map(|permit| permit.success())
                .is_ok()
        });
    });
    group.bench_function("closed: admit and fail, admit and succeed", |bencher| {
        let closed = Breaker::new(StdClock, &LINK);
        bencher.iter(|| {
            let failed = black_box(&closed)
                .try_acquire()
                .map(|permit| permit.failure())
                .is_ok();
            let succeeded = black_box(&closed)
                .try_acquire()
                .map(|permit| permit.success())
                .is_ok();
            failed && succeeded
        });
    });
    group.bench_function("open: refuse, by an instant in hand", |bencher| {
        let now = Instant::from_micros(7);
        let open = Breaker::new(now, &OPENS_AT_ONCE);
        if let Ok(permit) = open.try_acquire() {
            permit.at(now).failure();
        }
        let later = now.after(Micros::from_secs(1));
        bencher.iter(|| black_box(&open).at(black_box(later)).try_acquire().is_err());
    });
    group.bench_function("a whole outage: open, half-open, closed", |bencher| {
        let breaker = Breaker::new(Instant::from_micros(0), &OPENS_AT_ONCE);
        let mut now = Instant::from_micros(7);
        bencher.iter(|| {
            let tripped = breaker
                .at(now)
                .try_acquire()
                .map(|permit| permit.at(now).failure());
            now = now.after(Micros::from_secs(60));
            let closed = breaker
                .at(now)
                .try_acquire()
                .map(|permit| permit.at(now).success());
            (tripped.is_ok(), closed.is_ok())
        });
    });
    group.finish();
}

criterion_group!(benches, breaker, windows);
criterion_main!(benches);
