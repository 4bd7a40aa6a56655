//! How long the operations of a breaker take, with nobody else about. Compare within one run: machines are noisy.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use watertight::{Backoff, Breaker, Config, Instant, Micros, StdClock};

static LINK: Config = Config::consecutive(5).build();
static OPENS_AT_ONCE: Config = Config::consecutive(1)
    .open_for(Backoff::constant(core::time::Duration::from_secs(60)).build())
    .build();

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

criterion_group!(benches, breaker);
criterion_main!(benches);
