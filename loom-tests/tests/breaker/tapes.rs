//! Breakers that count the last calls: their words at a given point, and callers that count.

use std::sync::Arc;

use watertight::Instant;
use watertight::breaker::protocol::Ended;
use watertight::breaker::rules::Rules;
use watertight::breaker::window::tape::{Cursor, Strip};
use watertight::breaker::window::{FailureAndSlowRate, FailureRate, Mark, Rule};
use watertight::breaker::word::Real;

use crate::bench::{Bench, FAILURE, RULES, SUCCESS, Strong};
use crate::caller::{Asked, Caller};
use crate::ledger::Ledger;
use crate::subjects::*;

/// The tape that ships, or a twin, for one of the two rules.
pub trait Tapes: Windowed + Send + 'static {
    type Rule: Rule + 'static;
}

macro_rules! tapes {
    ($($tape:ident)::+) => {
        impl<K: Rule + Send + 'static> Tapes for $($tape)::+<K> {
            type Rule = K;
        }
    };
    ($($twin:ident;)*) => { $(tapes!($twin::Tape);)* };
}

tapes!(Tape);
tapes! {
    not_judged_after;
    not_judged_before;
    outcome_lost_in_race;
    writes_on_after_move;
    started_on_the_same_lap;
    begins_at_first_look;
    clean_by_newest;
    quiet_by_old_cursor;
    quick_success_not_judged;
}

/// What ships.
pub type Rate = Tape<FailureRate>;
/// The same with slow calls.
pub type Rates = Tape<FailureAndSlowRate>;

/// Two calls, both failed, open.
pub const BOTH: Rules = Rules {
    failure_percent: 100,
    minimum: 2,
    ..RULES
};

/// No rate opens but one of all.
pub const ALL: Rules = Rules {
    failure_percent: 100,
    minimum: u32::MAX,
    ..RULES
};

pub const GOOD: Mark = SUCCESS.mark();
pub const BAD: Mark = FAILURE.mark();

/// A breaker and how it counts.
pub struct Taped<T> {
    pub bench: Arc<Bench>,
    tape: T,
}

impl<T: Tapes> Clone for Taped<T> {
    fn clone(&self) -> Self {
        Self {
            bench: self.bench.clone(),
            tape: self.tape,
        }
    }
}

impl<T: Tapes> Taped<T> {
    /// A closed breaker whose window of so many calls holds these, written one after the other.
    pub fn holding(rules: Rules, calls: u32, marks: &[Mark]) -> Self {
        Self::made(rules, calls, marks, false, None)
    }

    /// One whose last calls all succeeded, as many as a strip holds.
    pub fn clean(rules: Rules) -> Self {
        let calls = Strip::<Real, T::Rule>::HOLDS;
        Self::made(rules, calls, &vec![GOOD; calls as usize], true, None)
    }

    /// As `holding`, with one ordering made Relaxed.
    pub fn weakened(rules: Rules, calls: u32, marks: &[Mark], weakened: Option<Strong>) -> Self {
        Self::made(rules, calls, marks, false, weakened)
    }

    fn made(rules: Rules, calls: u32, marks: &[Mark], clean: bool, weakened: Option<Strong>) -> Self {
        let strips = calls.div_ceil(Strip::<Real, T::Rule>::HOLDS) + 1;
        let mut cursor = Cursor::<Real>::from_bits(0);
        let mut words = vec![0; strips as usize + 1];
        for mark in marks {
            let mut strip = Strip::<Real, T::Rule>::from_bits(words[1 + cursor.index() as usize]);
            if strip.is_of(cursor.lap()) && strip.is_full() {
                cursor = cursor.advanced(strips);
                strip = Strip::from_bits(words[1 + cursor.index() as usize]);
            }
            strip = if strip.is_of(cursor.lap()) {
                strip.pushed(*mark)
            } else {
                Strip::first(cursor.lap(), *mark)
            };
            words[1 + cursor.index() as usize] = strip.bits();
        }
        if clean {
            cursor = cursor.cleaned();
        }
        words[0] = cursor.bits();
        let ledger = Ledger::new(calls, T::Rule::BITS > 1, cursor.bits(), marks);
        Self {
            bench: Bench::with_window(rules, ledger, &words, weakened),
            tape: T::of(calls, strips),
        }
    }

    /// A caller whose clock says the same for ever.
    pub fn at<S: Subject>(&self, now: u64) -> Caller<S, Instant, T> {
        Caller::counting(self.bench.clone(), Instant::from_micros(now), self.tape)
    }

    /// A caller that asks the clock which moves.
    pub fn asking<S: Subject>(&self) -> Caller<S, Asked, T> {
        Caller::counting(self.bench.clone(), Asked(self.bench.clone()), self.tape)
    }

    /// How many outcomes were written where they count.
    pub fn written(&self) -> usize {
        self.bench.history().ledger_mut().written()
    }

    /// At the end: also, a lone reader finds in the window what it ought to hold.
    pub fn audit(&self) {
        self.bench.audit();
        // Who was stopped may have left a timer unset, which the first attempt sets.
        let mut attempts = (0..2).filter_map(|_| self.at::<Shipped>(0).observe());
        let reading = attempts.next().expect("nobody else is there");
        if reading.word.counts_outcomes() {
            let counts = self.bench.history().ledger_mut().counts_of(reading.word);
            assert_eq!(reading.counts, counts, "the window holds something else");
        }
    }
}

/// The outcomes of one thread's calls, each asked for and then reported.
pub fn call<S: Subject, T: Tapes>(taped: &Taped<T>, now: u64, outcomes: &[Ended]) {
    let caller = taped.at::<S>(now);
    for outcome in outcomes {
        if let Some(ticket) = caller.admit() {
            caller.settle(ticket, *outcome);
        }
    }
}
