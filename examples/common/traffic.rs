//! A steady traffic of calls, in two runs at the same time.

use core::fmt;
use core::future::Future;
use core::ops::Range;
use core::time::Duration;
use std::{io, panic, thread};

use tokio::runtime;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// One run: how long, how much traffic, and what all that is drawn at random is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// For how long calls are offered.
    pub seconds: u32,
    /// Calls offered in a second.
    pub rate: u32,
    /// The same seed gives the same work for the same call.
    pub seed: u32,
}

impl Plan {
    /// For how long calls are offered.
    pub fn length(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    /// From this to that hundredth of the run.
    pub fn part(&self, (from, to): (u32, u32)) -> Range<Duration> {
        self.length() * from / 100..self.length() * to / 100
    }

    /// How many calls are offered.
    pub fn calls(&self) -> u32 {
        self.seconds * self.rate
    }

    /// When a call is offered: at a steady rate, whatever became of those before it.
    pub fn offered_at(&self, call: u32) -> Duration {
        Duration::from_secs(call.into()) / self.rate
    }

    /// Half to one and a half times as long. It depends on the seed and on the number of the call alone, so that a call
    /// costs the same in both runs, and at each attempt.
    pub fn spread(&self, mean: Duration, call: u32) -> Duration {
        let mixed = mix(u64::from(self.seed) << 32 | u64::from(call));
        let share = (mixed >> 32) as f64 / f64::from(u32::MAX);
        mean.mul_f64(0.5 + share)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls a second for {} s, seed {}",
            self.rate, self.seconds, self.seed
        )
    }
}

/// Spreads a number over all 64 bits: the finalizer of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom
/// number generators", 2014).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// A call, and what became of it. Times count from the start of the run.
#[derive(Clone, Copy, Debug)]
pub struct Call<O> {
    /// When it was due, which is when its caller began to wait.
    pub offered: Duration,
    /// When it was over.
    pub finished: Duration,
    /// How.
    pub outcome: O,
}

impl<O> Call<O> {
    /// From when it was due until its caller knew.
    pub fn latency(&self) -> Duration {
        self.finished.saturating_sub(self.offered)
    }
}

/// Makes each call of the plan when it is due, and waits for what becomes of it. They come back in the order in which they
/// were offered.
pub async fn offer<O, F>(plan: &Plan, start: Instant, call: impl Fn(u32) -> F) -> Vec<Call<O>>
where
    O: Send + 'static,
    F: Future<Output = O> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for number in 0..plan.calls() {
        let offered = plan.offered_at(number);
        sleep_until(start + offered).await;
        let call = call(number);
        calls.spawn(async move {
            let outcome = call.await;
            Call {
                offered,
                finished: start.elapsed(),
                outcome,
            }
        });
    }
    let mut calls = calls.join_all().await;
    calls.sort_by_key(|call| call.offered);
    calls
}

/// Runs this in an event queue of the thread's own.
///
/// # Errors
/// As the run; and if there is no event queue.
pub fn block_on<T>(run: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run)
}

/// Runs both at the same time, each on a thread of its own, from one start, and tells `watch` now and then how long
/// they have been running.
///
/// # Errors
/// As the runs; and if there is no thread.
pub fn side_by_side<T: Send>(
    one: impl FnOnce(Instant) -> io::Result<T> + Send,
    other: impl FnOnce(Instant) -> io::Result<T> + Send,
    mut watch: impl FnMut(Duration),
) -> io::Result<[T; 2]> {
    // Late enough for both to be ready.
    let start = Instant::now() + Duration::from_millis(50);
    thread::scope(|scope| {
        let one = thread::Builder::new().spawn_scoped(scope, move || one(start))?;
        let other = thread::Builder::new().spawn_scoped(scope, move || other(start))?;
        while !(one.is_finished() && other.is_finished()) {
            watch(start.elapsed());
            thread::sleep(Duration::from_millis(50));
        }
        let [one, other] =
            [one, other].map(|run| run.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        Ok([one?, other?])
    })
}
