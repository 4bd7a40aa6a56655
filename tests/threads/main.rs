//! The claims of breaker, token bucket and bulkheads on real threads, through the public API: what loom explores step by
//! step, many times over and in earnest. Under Miri a few rounds are enough.

mod breaker;
mod bucket;
mod bulkhead;
#[path = "../common/whole.rs"]
mod whole;

use core::time::Duration;
use std::sync::Barrier;
use std::thread::scope;

use watertight::{Instant, ManualClock};

const THREADS: usize = 4;
const ROUNDS: u32 = if cfg!(miri) { 3 } else { 1_000 };

/// A clock that soon comes round.
fn clock() -> ManualClock {
    ManualClock::starting_at(Instant::from_micros(u64::MAX - 700_000))
}

fn pass(clock: &ManualClock, span: Duration) {
    clock.advance(span.into()).expect("one thread moves the clock");
}

/// What `body` returns on each of so many threads, which begin together.
fn together<T: Send>(threads: usize, body: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = &Barrier::new(threads);
    let body = &body;
    scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    start.wait();
                    body(thread)
                })
            })
            .collect();
        let joined = running.into_iter().map(|thread| thread.join());
        joined.map(|result| result.expect("no thread panics")).collect()
    })
}
