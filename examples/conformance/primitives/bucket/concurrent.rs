//! Several callers of one bucket at the same time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde::Deserialize;
use watertight::{Instant, ManualClock, Micros};

use super::super::super::file::Time;
use super::super::times;
use super::made::{Made, on};

/// Threads that take tokens at the same time, while the clock moves on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concurrent {
    threads: Threads,
    #[serde(default = "one")]
    n: u32,
    #[serde(default)]
    clock_steps: Vec<ClockStep>,
}

const fn one() -> u32 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Threads {
    /// So many, each of which asks once.
    Number(u32),
    /// These, each of which asks until it has enough.
    Each(Vec<Worker>),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Worker {
    n: u32,
    #[serde(default)]
    partial: bool,
    stop_at: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockStep {
    times: u32,
    by_ms: Time,
}

/// More than this a machine may not have.
const MOST_THREADS: usize = 1_000;

/// How many tokens they got in all.
pub fn concurrent(made: &Made, now: Instant, said: Concurrent) -> Result<u64, String> {
    let threads = match &said.threads {
        Threads::Number(number) => *number as usize,
        Threads::Each(workers) => workers.len(),
    };
    if !(1..=MOST_THREADS).contains(&threads) {
        return Err(format!("there are 1 to {MOST_THREADS} threads, not {threads}"));
    }
    for step in &said.clock_steps {
        times(step.times)?;
    }
    let workers = match said.threads {
        // Enough after the first that it is granted; and it asks only once, since the clock stands.
        Threads::Number(number) => vec![
            Worker {
                n: said.n,
                partial: false,
                stop_at: said.n
            };
            number as usize
        ],
        Threads::Each(workers) => workers,
    };
    for worker in &workers {
        // Who asks for none never has enough, and who wants very many takes very long.
        times(worker.n)?;
        times(worker.stop_at)?;
    }
    let clock = ManualClock::starting_at(now);
    let stands = AtomicBool::new(false);
    let total = AtomicU64::new(0);
    thread::scope(|scope| {
        for worker in workers {
            let (clock, stands, total) = (&clock, &stands, &total);
            scope.spawn(move || {
                let mut taken = 0;
                while taken < worker.stop_at {
                    // Looked at before asking: what is refused after the last step stays refused.
                    let is_last = stands.load(Ordering::Acquire);
                    let wanted = worker.n.min(worker.stop_at - taken);
                    let got = on!(made, clock, |bucket| if worker.partial {
                        bucket.acquire_up_to(wanted)
                    } else {
                        bucket.try_acquire_many(wanted)
                    });
                    match got {
                        Ok(receipt) => taken += receipt.tokens(),
                        Err(_) if is_last => break,
                        Err(_) => thread::yield_now(),
                    }
                }
                total.fetch_add(taken.into(), Ordering::Relaxed);
            });
        }
        let mut moved = Ok(());
        for step in &said.clock_steps {
            for _ in 0..step.times {
                moved = moved.and(clock.advance(Micros::from_micros(step.by_ms.micros())));
                thread::yield_now();
            }
        }
        stands.store(true, Ordering::Release);
        moved
    })
    .map_err(|error| error.to_string())?;
    Ok(total.into_inner())
}
