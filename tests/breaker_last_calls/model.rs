//! The last calls, naively: a queue of them, and the rows of the design.

use std::collections::VecDeque;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub failed: bool,
    pub slow: bool,
}

/// From which percentages on a breaker opens, and from how many calls on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub failure_percent: usize,
    /// 0: there is no rule for slow calls.
    pub slow_percent: usize,
    pub minimum: usize,
}

#[derive(Debug)]
pub struct Naive {
    size: usize,
    limits: Limits,
    calls: VecDeque<Call>,
    failures: usize,
    slow: usize,
}

impl Naive {
    pub fn new(size: usize, limits: Limits) -> Self {
        Self {
            size,
            limits,
            calls: VecDeque::new(),
            failures: 0,
            slow: 0,
        }
    }

    /// Counts a call, and says whether the breaker opens.
    pub fn record(&mut self, call: Call) -> bool {
        if self.calls.len() == self.size {
            let oldest = self.calls.pop_front().expect("a window has at least one call");
            self.failures -= usize::from(oldest.failed);
            self.slow -= usize::from(oldest.slow);
        }
        self.calls.push_back(call);
        self.failures += usize::from(call.failed);
        self.slow += usize::from(call.slow);

        let Limits {
            failure_percent,
            slow_percent,
            minimum,
        } = self.limits;
        let calls = self.calls.len();
        calls >= minimum.min(self.size)
            && (self.failures * 100 >= failure_percent * calls
                || slow_percent > 0 && self.slow * 100 >= slow_percent * calls)
    }

    pub fn clear(&mut self) {
        *self = Self::new(self.size, self.limits);
    }

    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    pub fn failures(&self) -> usize {
        self.failures
    }

    pub fn slow(&self) -> usize {
        self.slow
    }

    /// Counted anew.
    pub fn is_sound(&self) -> bool {
        self.failures == self.calls.iter().filter(|call| call.failed).count()
            && self.slow == self.calls.iter().filter(|call| call.slow).count()
    }
}
