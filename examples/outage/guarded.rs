//! The watertight caller: the same three attempts, each through a circuit breaker, and each later than the last.
//!
//! This is how one uses a breaker in a tokio program. Ask for a permit, make the attempt, and tell the permit how it
//! ended; a refusal costs neither a connection nor a wait. (Whoever needs no list of transitions writes
//! `breaker.call_async(attempt).await` instead.) If the future is dropped halfway, the permit goes with it, and
//! a probe's slot is free again.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Instant, sleep};
use watertight::{Backoff, Breaker, Config, Jitter, SharedRandom, StdClock, Transition};

use crate::caller::{Caller, Event, Outcome};
use crate::common::wire::Client;
use crate::phases::ATTEMPTS;

/// How long to wait before the second and the third attempt: up to 50 ms, then up to 100 ms.
const RETRIES: Backoff = Backoff::exponential(Duration::from_millis(50), Duration::from_millis(500))
    .jitter(Jitter::Full)
    .max_attempts(ATTEMPTS)
    .build();

/// How long the breaker stays open: 250 ms at first, doubling up to 2 s, and half of that at least.
const COOL_DOWN: Backoff = Backoff::exponential(Duration::from_millis(250), Duration::from_secs(2))
    .jitter(Jitter::Equal)
    .build();

/// Seeded once more when the program knows how; everybody may share it.
static RANDOM: SharedRandom = SharedRandom::seeded(0);

/// In a `static`, a configuration that makes no sense does not compile.
static LINK: Config<&SharedRandom> = Config::consecutive(5)
    .probes(1, 2)
    .probe_lease(Duration::from_secs(1))
    .open_for(COOL_DOWN)
    .random(&RANDOM)
    .build();

/// Attempts a call through a breaker.
pub struct Guarded {
    client: Arc<Client>,
    breaker: Breaker<StdClock, &'static Config<&'static SharedRandom>>,
    start: Instant,
    events: Mutex<Vec<Event>>,
}

impl Guarded {
    /// Calls through `client`, with a breaker of its own; events count from `start`.
    pub fn new(client: Arc<Client>, seed: u32, start: Instant) -> Self {
        RANDOM.reseed(seed);
        Self {
            client,
            breaker: Breaker::new(StdClock, &LINK),
            start,
            events: Mutex::default(),
        }
    }

    /// Writes a transition down. Exactly one caller gets each, from whatever made it.
    fn note(&self, transition: Option<Transition>) {
        if let Some(transition) = transition {
            let event = Event {
                at: self.start.elapsed(),
                transition,
            };
            self.events
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(event);
        }
    }
}

impl Caller for Guarded {
    async fn call(&self, number: u32) -> Outcome {
        let mut outcome = Outcome::FailedAtOnce;
        let mut waits = RETRIES.delays(&RANDOM);
        loop {
            let Ok(permit) = self.breaker.try_acquire() else {
                return outcome;
            };
            self.note(permit.transition());
            match self.client.attempt(number).await {
                Ok(()) => {
                    self.note(permit.success());
                    return Outcome::Succeeded;
                }
                Err(failure) => {
                    self.note(permit.failure());
                    outcome = outcome.after(failure);
                }
            }
            let Some(wait) = waits.next() else { return outcome };
            sleep(wait.into()).await;
        }
    }

    fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
