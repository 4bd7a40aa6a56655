//! The waiting room on executors that have nothing in common but `Future` and `Waker`: tokio's, with several threads, and
//! embassy's, which is made for firmware. The same callers on both, many more than there are seats, who may give up at any
//! poll.

#[path = "common/whole.rs"]
mod whole;

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use embassy_executor::{Executor, Spawner};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use watertight::bulkhead::{Stats, Waiting};
use watertight::{
    Clock, Instant, Micros, Quota, Random, Reason, SharedRandom, StdClock, TokenBucket, TokenBulkhead,
};

use whole::assert_whole;

/// So long that whoever waits for it was forgotten.
const FOREVER: Duration = Duration::from_secs(60);

/// Is ready after it was polled so many times more, and wakes for each.
async fn turns(mut left: u32) {
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Waits for this unless that is ready before, and then drops it where it is.
async fn unless<T>(wait: impl Future<Output = T>, over: impl Future<Output = ()>) -> Option<T> {
    let (mut wait, mut over) = (pin!(wait), pin!(over));
    poll_fn(|context| {
        if let Poll::Ready(done) = wait.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        over.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// A room, and what its callers saw of it.
struct Scene<const N: usize> {
    room: Waiting<N, Stats>,
    limit: u32,
    inside: AtomicU32,
    gave_up: AtomicU32,
    refused: AtomicU32,
}

/// Somebody inside.
struct Visit<'a>(&'a AtomicU32);

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl<const N: usize> Scene<N> {
    const fn new(limit: u16) -> Self {
        Self {
            room: Waiting::with_stats(limit, Stats::new()),
            limit: limit as u32,
            inside: AtomicU32::new(0),
            gave_up: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        }
    }

    fn visit(&self) -> Visit<'_> {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(inside <= self.limit, "{inside} inside, of {}", self.limit);
        Visit(&self.inside)
    }

    /// Comes in so many times. Stays there for a pause, and now and then waits no longer than one.
    async fn caller<F: Future<Output = ()>>(&self, seed: u32, visits: u32, pause: impl Fn(u32) -> F) {
        let random = SharedRandom::seeded(seed);
        let mut left = visits;
        while left > 0 {
            let wait = self.room.enter();
            let answer = match random.next() % 3 {
                0 => unless(wait, pause(random.next())).await,
                _ => Some(wait.await),
            };
            match answer {
                Some(Ok(_slot)) => {
                    // Dropped before the slot, whatever ends this.
                    let _visit = self.visit();
                    pause(random.next()).await;
                    left -= 1;
                }
                Some(Err(refusal)) => {
                    assert_eq!(refusal.reason(), Reason::RoomFull);
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    turns(1).await;
                }
                None => _ = self.gave_up.fetch_add(1, Ordering::Relaxed),
            }
        }
    }

    /// All have come and gone.
    fn assert_over(&self) {
        assert!(self.gave_up.load(Ordering::SeqCst) > 0, "nobody gave up");
        assert!(self.refused.load(Ordering::SeqCst) > 0, "the room was never full");
        let kept = self.room.statistics();
        assert_eq!(kept.refused(Reason::Full), 0, "who waits is not refused a place");
        assert_eq!(kept.most_in_flight(), self.limit, "never above it, and as high");
        assert_whole(&self.room);
    }
}

fn tokio() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .expect("threads")
}

#[test]
fn on_tokio_all_come_in_whoever_gives_up_or_is_aborted() {
    let scene = Arc::new(Scene::<8>::new(3));
    let caller = |seed, visits| {
        let scene = Arc::clone(&scene);
        let pause = |draw: u32| async move {
            match draw % 2 {
                0 => turns(draw >> 8 & 7).await,
                _ => sleep(Duration::from_micros((draw >> 8 & 0x3ff).into())).await,
            }
        };
        async move { scene.caller(seed, visits, pause).await }
    };
    let all = async {
        let mut callers: JoinSet<()> = (0..200).map(|seed| caller(seed, 10)).collect();
        let mut endless = JoinSet::new();
        let mut aborts: Vec<_> = (200..300)
            .map(|seed| endless.spawn(caller(seed, u32::MAX)))
            .collect();
        while let Some(done) = callers.join_next().await {
            done.expect("no caller panics");
            if let Some(caller) = aborts.pop() {
                caller.abort();
            }
        }
        while let Some(done) = endless.join_next().await {
            assert!(done.is_err_and(|error| error.is_cancelled()), "a caller panicked");
        }
    };
    tokio()
        .block_on(async { timeout(FOREVER, all).await })
        .expect("somebody is forgotten");
    scene.assert_over();
}

/// Runs embassy's executor on a thread of its own until all the tasks that `spawn` gives it have counted down to zero.
fn embassy(tasks: &'static AtomicU32, spawn: impl FnOnce(Spawner) + Send + 'static) {
    let (done, over) = mpsc::channel();
    let body = move || {
        let executor = Box::leak(Box::new(Executor::new()));
        executor.run_until(spawn, || tasks.load(Ordering::SeqCst) == 0);
        done.send(()).expect("it is waited for");
    };
    let thread = thread::Builder::new().spawn(body).expect("a thread");
    let outcome = over.recv_timeout(FOREVER);
    outcome.expect("somebody is forgotten, or a task panicked");
    thread.join().expect("it has ended");
}

#[test]
fn on_embassy_all_come_in_beside_a_thread() {
    static SCENE: Scene<4> = Scene::new(2);
    static TASKS: AtomicU32 = AtomicU32::new(12);

    #[embassy_executor::task(pool_size = 12)]
    async fn caller(seed: u32) {
        SCENE.caller(seed, 200, |draw| turns(draw >> 8 & 7)).await;
        TASKS.fetch_sub(1, Ordering::SeqCst);
    }

    // It wakes the executor from outside, and is woken by it.
    let outside = thread::Builder::new().spawn(|| {
        let mut left = 500;
        while left > 0 {
            if let Ok(_slot) = SCENE.room.enter_blocking(FOREVER.into()) {
                let _visit = SCENE.visit();
                thread::yield_now();
                left -= 1;
            }
        }
    });
    embassy(&TASKS, |spawner| {
        for seed in 0..12 {
            spawner.spawn(caller(seed).expect("one of twelve"));
        }
    });
    outside.expect("a thread").join().expect("it comes in too");
    SCENE.assert_over();
}

/// A bucket of one token, and a queue before it.
struct Pace {
    both: TokenBulkhead<Waiting<8>, TokenBucket<StdClock>>,
    /// When each token was to be used.
    used: Mutex<Vec<u64>>,
}

/// Half a millisecond a token.
static EVEN: Quota = Quota::per_second(2_000).burst(1).build();

impl Pace {
    const fn new() -> Self {
        Self {
            both: TokenBulkhead::new(Waiting::new(1), TokenBucket::new(StdClock, &EVEN)),
            used: Mutex::new(Vec::new()),
        }
    }

    /// Takes so many tokens one after the other. Now and then waits for one no longer than for so many polls.
    async fn caller<F: Future>(&self, seed: u32, tokens: u32, sleep: impl Fn(Instant) -> F) {
        let random = SharedRandom::seeded(seed);
        let mut left = tokens;
        while left > 0 {
            let wait = self.both.enter(1, Micros::from_secs(1), &sleep);
            let answer = match random.next() % 3 {
                0 => unless(wait, turns(random.next() % 8)).await,
                _ => Some(wait.await),
            };
            match answer {
                Some(Ok(permit)) => {
                    let due = permit.into_receipt().act_at();
                    assert_eq!(due.since(StdClock.now()), Micros::ZERO, "before its time");
                    self.used
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(due.as_micros());
                    left -= 1;
                }
                Some(Err(refusal)) => {
                    assert_eq!(refusal.reason(), Reason::RoomFull);
                    turns(1).await;
                }
                None => {}
            }
        }
    }

    /// So many tokens were used, at even intervals, and nothing is left behind.
    fn assert_even(&self, tokens: usize) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.sort_unstable();
        assert_eq!(used.len(), tokens);
        for pair in used.windows(2) {
            assert!(pair[1] - pair[0] >= 500, "two at {pair:?}");
        }
        assert_whole(self.both.bulkhead());
    }
}

#[test]
fn on_tokio_tokens_are_waited_for_in_the_queue_and_not_used_before_their_time() {
    let pace = Arc::new(Pace::new());
    let caller = |seed| {
        let pace = Arc::clone(&pace);
        let sleep = |until: Instant| sleep(until.since(StdClock.now()).into());
        async move { pace.caller(seed, 10, sleep).await }
    };
    let all = async {
        let callers: JoinSet<()> = (0..20).map(caller).collect();
        callers.join_all().await
    };
    tokio()
        .block_on(async { timeout(FOREVER, all).await })
        .expect("somebody is forgotten");
    pace.assert_even(200);
}

#[test]
fn on_embassy_tokens_are_waited_for_in_the_queue_and_not_used_before_their_time() {
    static PACE: Pace = Pace::new();
    static TASKS: AtomicU32 = AtomicU32::new(12);

    /// There is no timer, so it looks again and again.
    async fn sleep_until(until: Instant) {
        while until.since(StdClock.now()) != Micros::ZERO {
            turns(1).await;
        }
    }

    #[embassy_executor::task(pool_size = 12)]
    async fn caller(seed: u32) {
        PACE.caller(seed, 20, sleep_until).await;
        TASKS.fetch_sub(1, Ordering::SeqCst);
    }

    embassy(&TASKS, |spawner| {
        for seed in 0..12 {
            spawner.spawn(caller(seed).expect("one of twelve"));
        }
    });
    PACE.assert_even(240);
}
