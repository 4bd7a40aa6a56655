//! How long entering and leaving a bulkhead takes, beside tokio's semaphore, which is what a server would use otherwise. Compare within
//! one run: machines are noisy.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use criterion::{Criterion, criterion_group, criterion_main};
use tokio::sync::Semaphore;
use watertight::Bulkhead;
use watertight::bulkhead::{Stats, Waiting};

/// With nobody else about.
fn alone(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("enter and leave");
    group.bench_function("a load, a compare-and-swap and a subtraction alone", |bencher| {
        let word = AtomicU32::new(0);
        bencher.iter(|| {
            let seen = black_box(&word).load(Ordering::Relaxed);
            let won = word.compare_exchange(seen, seen + 1, Ordering::Acquire, Ordering::Relaxed);
            black_box(won.is_ok());
            word.fetch_sub(1, Ordering::Release)
        });
    });
    group.bench_function("watertight::Bulkhead", |bencher| {
        let bulkhead = Bulkhead::new(20);
        bencher.iter(|| black_box(black_box(&bulkhead).try_enter().is_ok()));
    });
    group.bench_function("watertight::Bulkhead with Stats", |bencher| {
        let bulkhead = Bulkhead::with_stats(20, Stats::new());
        bencher.iter(|| black_box(black_box(&bulkhead).try_enter().is_ok()));
    });
    group.bench_function("watertight::bulkhead::Waiting", |bencher| {
        let bulkhead = Waiting::<8>::new(20);
        bencher.iter(|| black_box(black_box(&bulkhead).try_enter().is_ok()));
    });
    group.bench_function("tokio::sync::Semaphore", |bencher| {
        let semaphore = Semaphore::new(20);
        bencher.iter(|| black_box(black_box(&semaphore).try_acquire().is_ok()));
    });
    group.finish();
}

/// All places are taken.
fn full(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("refused");
    group.bench_function("watertight::Bulkhead", |bencher| {
        let bulkhead = Bulkhead::new(1);
        let _inside = bulkhead.try_enter();
        bencher.iter(|| black_box(black_box(&bulkhead).try_enter().is_ok()));
    });
    group.bench_function("tokio::sync::Semaphore", |bencher| {
        let semaphore = Semaphore::new(1);
        let _inside = semaphore.try_acquire();
        bencher.iter(|| black_box(black_box(&semaphore).try_acquire().is_ok()));
    });
    group.finish();
}

/// Measures while another thread does the same, without a pause.
fn beside(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("enter and leave, beside another thread");
    let mut measure = |name: &str, operation: Arc<dyn Fn() -> bool + Send + Sync>| {
        let stop = Arc::new(AtomicBool::new(false));
        let other = {
            let (stop, operation) = (stop.clone(), operation.clone());
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    black_box(operation());
                }
            })
        };
        group.bench_function(name, |bencher| bencher.iter(|| black_box(operation())));
        stop.store(true, Ordering::Relaxed);
        other.join().expect("it does not panic");
    };
    let bulkhead = Bulkhead::new(20);
    measure(
        "watertight::Bulkhead",
        Arc::new(move || bulkhead.try_enter().is_ok()),
    );
    let waiting = Waiting::<8>::new(20);
    measure(
        "watertight::bulkhead::Waiting",
        Arc::new(move || waiting.try_enter().is_ok()),
    );
    let semaphore = Semaphore::new(20);
    measure(
        "tokio::sync::Semaphore",
        Arc::new(move || semaphore.try_acquire().is_ok()),
    );
    group.finish();
}

criterion_group!(benches, alone, full, beside);
criterion_main!(benches);
