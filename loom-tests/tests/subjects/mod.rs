//! The breaker's protocol as it ships and as its broken twins (see `twins.rs`), behind one trait: what the explorer
//! and the models are run on.

#![allow(dead_code)]

use watertight::Transition;
use watertight::breaker::protocol::{self, Admission, Attempt, Memory, Outcome, Reading};
use watertight::breaker::rules::Rules;
use watertight::breaker::word::Word;

/// The breaker's protocol: see `watertight::breaker::protocol`.
pub trait Subject {
    const NAME: &'static str;
    fn admit_closed<M: Memory>(memory: &M) -> Attempt<Word<M::Widths>, M>;
    fn admit<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Admission<M::Widths>, M>;
    fn is_quiet_success<M: Memory>(memory: &M, ticket: Word<M::Widths>) -> Result<bool, M::Stop>;
    fn settle<M: Memory>(
        memory: &M,
        rules: &Rules,
        ticket: Word<M::Widths>,
        outcome: Outcome,
    ) -> Attempt<Option<Transition>, M>;
    fn reset<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Transition, M>;
    fn observe<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Reading<M::Widths>, M>;
}

macro_rules! subject {
    ($(#[$attribute:meta])* $name:ident, $module:ident) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub struct $name;

        impl Subject for $name {
            const NAME: &'static str = stringify!($module);
            fn admit_closed<M: Memory>(memory: &M) -> Attempt<Word<M::Widths>, M> {
                $module::admit_closed(memory)
            }
            fn admit<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Admission<M::Widths>, M> {
                $module::admit(memory, rules)
            }
            fn is_quiet_success<M: Memory>(memory: &M, ticket: Word<M::Widths>) -> Result<bool, M::Stop> {
                $module::is_quiet_success(memory, ticket)
            }
            fn settle<M: Memory>(
                memory: &M,
                rules: &Rules,
                ticket: Word<M::Widths>,
                outcome: Outcome,
            ) -> Attempt<Option<Transition>, M> {
                $module::settle(memory, rules, ticket, outcome)
            }
            fn reset<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Transition, M> {
                $module::reset(memory, rules)
            }
            fn observe<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Reading<M::Widths>, M> {
                $module::observe(memory, rules)
            }
        }
    };
}

macro_rules! twins {
    ($($name:ident, $module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use core::sync::atomic::Ordering;
            use watertight::breaker::protocol::{Admission, Attempt, Memory, Outcome, Place, Reading, event};
            use watertight::breaker::rules::Rules;
            use watertight::breaker::word::{Deadline, High, Low, State, Widths, Word};
            use watertight::{Instant, Micros, Reason, Transition};
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
        subject!($name, $module);
    )*};
}

subject!(
    /// What ships.
    Shipped,
    protocol
);

twins! {
    TimerBeforeTransition, timer_before_transition;
    LeaseBeforeProbe, lease_before_probe;
    MovedUnderSameTag, moved_under_same_tag;
    HelperLooksOnce, helper_looks_once;
    HelperDatesOpening, helper_dates_opening;
    HighFromClock, high_from_clock;
    HighFromMaker, high_from_maker;
    HighBeforeLow, high_before_low;
    ResetLeavesUnset, reset_leaves_unset;
    RefusesAtFirstLook, refuses_at_first_look;
    NobodyHelps, nobody_helps;
    ProbeWithoutSlot, probe_without_slot;
    OutcomeOfAnyGeneration, outcome_of_any_generation;
    LateProbeGivesSlotBack, late_probe_gives_slot_back;
    NobodyLoses, nobody_loses;
    DroppedProbeKeepsSlot, dropped_probe_keeps_slot;
    LateProbeDoesNotCount, late_probe_does_not_count;
    NoLease, no_lease;
    ObservesAtFirstLook, observes_at_first_look;
}
