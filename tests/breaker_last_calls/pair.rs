//! A breaker and the naive window side by side.

use core::time::Duration;

use watertight::breaker::{FailureAndSlowRate, FailureRate, NoRandom, Rule, Window};
use watertight::{Breaker, Config, Instant, ManualClock, RetryAfter, State};

use crate::common;
use crate::model::{Call, Limits, Naive};

const SECOND: Duration = Duration::from_secs(1);
/// A call that takes longer is slow.
const SLOW_AFTER: u64 = 1_000;

/// What is configured for a rule with these limits.
pub trait Configured: Rule {
    fn configure(limits: Limits) -> Config<NoRandom, Self>;
}

fn by_rate(limits: Limits) -> watertight::breaker::Builder<NoRandom, FailureRate> {
    Config::failure_rate(limits.failure_percent as u32, limits.minimum as u32)
        .open_for(common::constant(SECOND))
        .probe_lease(SECOND)
}

impl Configured for FailureRate {
    fn configure(limits: Limits) -> Config<NoRandom, Self> {
        assert_eq!(limits.slow_percent, 0);
        by_rate(limits).try_build().expect("it makes sense")
    }
}

impl Configured for FailureAndSlowRate {
    fn configure(limits: Limits) -> Config<NoRandom, Self> {
        by_rate(limits)
            .slow_calls(limits.slow_percent as u32, Duration::from_micros(SLOW_AFTER))
            .try_build()
            .expect("it makes sense")
    }
}

/// How an open breaker, or a closed one, gets to a new window.
#[derive(Clone, Copy, Debug)]
pub enum Renewal {
    Reset,
    /// Through its cool-down and a probe that succeeds; by force, if it is closed.
    Close,
}

pub struct Pair<'a, W: Window<Rule: Configured>> {
    breaker: Breaker<&'a ManualClock, Config<NoRandom, W::Rule>, W>,
    clock: &'a ManualClock,
    naive: Naive,
    pub trips: usize,
    pub most_failures: usize,
}

pub fn clock() -> ManualClock {
    ManualClock::starting_at(Instant::from_micros(u64::MAX - 1_234_567))
}

impl<'a, W: Window<Rule: Configured>> Pair<'a, W> {
    pub fn new(clock: &'a ManualClock, window: W, size: usize, limits: Limits) -> Self {
        Self {
            breaker: Breaker::with_window(clock, W::Rule::configure(limits), window),
            clock,
            naive: Naive::new(size, limits),
            trips: 0,
            most_failures: 0,
        }
    }

    /// One call by both, which must agree on everything. Says whether it opened the breaker, which stays open.
    pub fn call(&mut self, call: Call) -> bool {
        let permit = self.breaker.try_acquire().expect("it is closed");
        // As long as is not slow yet, and a microsecond longer.
        let took = SLOW_AFTER + u64::from(call.slow);
        self.clock
            .advance(common::micros(took))
            .expect("nobody else sets it");
        let made = if call.failed {
            permit.failure()
        } else {
            permit.success()
        };
        let opens = self.naive.record(call);
        assert_eq!(
            made.map(|made| (made.from(), made.to())),
            opens.then_some((State::Closed, State::Open)),
            "{:?}",
            self.naive
        );
        let snapshot = self.breaker.snapshot();
        if opens {
            self.trips += 1;
            self.naive.clear();
            assert_eq!(snapshot.state(), State::Open);
            assert_eq!(snapshot.retry_after(), Some(RetryAfter::In(common::secs(1))));
        } else {
            self.most_failures = self.most_failures.max(self.naive.failures());
            assert_eq!((snapshot.state(), snapshot.retry_after()), (State::Closed, None));
        }
        self.agree();
        opens
    }

    /// On all that is counted.
    pub fn agree(&self) {
        let (calls, failures, slow) = (self.naive.calls(), self.naive.failures(), self.naive.slow());
        let snapshot = self.breaker.snapshot();
        let counts = [snapshot.calls(), snapshot.failures(), snapshot.slow_calls()];
        assert_eq!(counts.map(|count| count as usize), [calls, failures, slow]);
        let percent = |part: usize| (calls > 0).then(|| (part * 100 / calls) as u32);
        assert_eq!(snapshot.failure_percent(), percent(failures));
        assert_eq!(snapshot.slow_percent(), percent(slow));
    }

    /// A new generation, which starts empty.
    pub fn renew(&mut self, renewal: Renewal) {
        match (renewal, self.breaker.snapshot().state()) {
            (Renewal::Close, State::Open) => {
                self.clock.advance(common::secs(1)).expect("nobody else sets it");
                let probe = self.breaker.try_acquire().expect("the cool-down is over");
                assert_eq!(probe.success().map(|made| made.to()), Some(State::Closed));
            }
            (Renewal::Close, _) => {
                self.breaker.force_open();
                self.breaker.disable();
                self.breaker.reset();
            }
            (Renewal::Reset, _) => {
                self.breaker.reset();
            }
        }
        self.naive.clear();
        self.agree();
    }

    /// The model itself counts right.
    pub fn is_sound(&self) -> bool {
        self.naive.is_sound()
    }
}
