//! The breaker's protocol as it ships and as its broken twins (see `twins.rs`), behind one trait: what the explorer
//! and the models are run on.

#![allow(dead_code)]

use watertight::Transition;
use watertight::breaker::protocol::{self, Admission, Attempt, Ended, Forced, Memory, Reading, Settled};
use watertight::breaker::rules::Rules;
use watertight::breaker::window::ring::Shape;
use watertight::breaker::window::{Counting, InARow, Rule};
use watertight::breaker::word::Word;

/// The breaker's protocol: see `watertight::breaker::protocol`.
pub trait Subject {
    const NAME: &'static str;
    fn admit_closed<M: Memory>(memory: &M) -> Attempt<Word<M::Widths>, M>;
    fn admit<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Admission<M::Widths>, M>;
    fn settle<M: Memory, N: Counting>(
        memory: &M,
        counting: N,
        rules: &Rules,
        ticket: Word<M::Widths>,
        ended: Ended,
        counted: bool,
    ) -> Attempt<Settled, M>;
    fn force<M: Memory, N: Counting>(
        memory: &M,
        counting: N,
        rules: &Rules,
        to: Forced,
    ) -> Attempt<Transition, M>;
    fn observe<M: Memory, N: Counting>(
        memory: &M,
        counting: N,
        rules: &Rules,
    ) -> Attempt<Reading<M::Widths>, M>;
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
            fn settle<M: Memory, N: Counting>(
                memory: &M,
                counting: N,
                rules: &Rules,
                ticket: Word<M::Widths>,
                ended: Ended,
                counted: bool,
            ) -> Attempt<Settled, M> {
                $module::settle(memory, counting, rules, ticket, ended, counted)
            }
            fn force<M: Memory, N: Counting>(
                memory: &M,
                counting: N,
                rules: &Rules,
                to: Forced,
            ) -> Attempt<Transition, M> {
                $module::force(memory, counting, rules, to)
            }
            fn observe<M: Memory, N: Counting>(
                memory: &M,
                counting: N,
                rules: &Rules,
            ) -> Attempt<Reading<M::Widths>, M> {
                $module::observe(memory, counting, rules)
            }
        }
    };
}

macro_rules! twins {
    ($($name:ident, $module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use core::sync::atomic::Ordering;
            use watertight::breaker::Outcome;
            use watertight::breaker::protocol::{
                Admission, Attempt, Ended, Forced, Memory, Place, Reading, Settled, Wait, event,
            };
            use watertight::breaker::rules::Rules;
            use watertight::breaker::window::{Counting, Counts, Recorded};
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
    RampEndsGeneration, ramp_ends_generation;
    RampEndsInInstance, ramp_ends_in_instance;
    RampRefusalUnseen, ramp_refusal_unseen;
    RampDecidesUnseen, ramp_decides_unseen;
    RampRankOfNext, ramp_rank_of_next;
    RampDatedAsStable, ramp_dated_as_stable;
    HelperDatesRampAsStable, helper_dates_ramp_as_stable;
    RampIsStable, ramp_is_stable;
    FailedProbeKeepsSlot, failed_probe_keeps_slot;
    LateFailureGivesSlotBack, late_failure_gives_slot_back;
    OneFailureMore, one_failure_more;
    ForcedLeavesUnset, forced_leaves_unset;
    ForcedOpenEnds, forced_open_ends;
    StateBeforeCursor, state_before_cursor;
    CloserSweeps, closer_sweeps;
    FullByEquality, full_by_equality;
    ClosedByEquality, closed_by_equality;
    OpenerGivesUp, opener_gives_up;
    RampEndForgets, ramp_end_forgets;
    RampNeverWaits, ramp_never_waits;
}

/// The last-calls window as it ships, and its twins: each module has a `Tape`.
pub use watertight::breaker::window::Tape;

/// A way to count, for a window of so many calls on so many strips.
pub trait Windowed: Counting {
    /// Of each outcome; 0: it has no window.
    const BITS: u32;
    /// Whether it counts the last span of time: in so many buckets, of so many in the ring.
    const IS_RING: bool = false;
    fn of(calls: u32, strips: u32) -> Self;
}

impl Windowed for InARow {
    const BITS: u32 = 0;
    fn of(_: u32, _: u32) -> Self {
        Self
    }
}

macro_rules! windowed {
    ($($path:ident)::+) => {
        impl<K: Rule> Windowed for $($path)::+<K> {
            const BITS: u32 = K::BITS;
            fn of(calls: u32, strips: u32) -> Self {
                Self { calls, strips, rule: core::marker::PhantomData }
            }
        }
    };
}

windowed!(Tape);

macro_rules! window_twins {
    ($($module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        pub mod $module {
            use core::marker::PhantomData;
            use core::sync::atomic::Ordering;
            use watertight::breaker::protocol::{Attempt, Memory, Place};
            use watertight::breaker::rules::Rules;
            use watertight::breaker::window::tape::{Cursor, Mode, Strip};
            use watertight::breaker::window::{Counting, Counts, Mark, Recorded, Rule};
            use watertight::breaker::word::{Widths, Word};
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
        windowed!($module::Tape);
    )*};
}

window_twins! {
    not_judged_after;
    not_judged_before;
    quick_success_not_judged;
    success_completes_nothing;
    started_on_the_same_lap;
    soiled_on_the_same_lap;
    begins_at_first_look;
    nothing_is_cleared;
    cleared_to_zero;
    clears_at_first_look;
    nothing_is_prepared;
    sums_at_first_look;
    clean_too_early;
    clean_though_slow;
    clean_of_any_generation;
    quick_success_of_any_generation;
    outcome_lost_in_race;
    writes_on_after_move;
    clean_by_newest;
    quiet_by_old_cursor;
}

/// The last-time window as it ships, and its twins: each module has a `Ring`.
#[allow(unused_imports, reason = "not every test binary runs it")]
pub use watertight::breaker::window::Ring;

/// A bucket of a ring is 2^this microseconds.
pub const SHIFT: u32 = 1;

macro_rules! ringed {
    ($($path:ident)::+) => {
        impl<K: Rule> Windowed for $($path)::+<K> {
            const BITS: u32 = K::BITS;
            const IS_RING: bool = true;
            fn of(window: u32, buckets: u32) -> Self {
                Self {
                    shape: Shape { shift: SHIFT, buckets, window, reach: buckets },
                    rule: core::marker::PhantomData,
                }
            }
        }
    };
}

ringed!(Ring);

macro_rules! ring_twins {
    ($($module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        pub mod $module {
            use core::marker::PhantomData;
            use core::ops::Range;
            use core::sync::atomic::Ordering;
            use watertight::breaker::protocol::{Attempt, Memory, Place};
            use watertight::breaker::rules::Rules;
            use watertight::breaker::window::ring::{Era, Hand, Shape, Step, Tally};
            use watertight::breaker::window::{Counting, Counts, Mark, Recorded, Rule};
            use watertight::breaker::word::{Widths, Word};
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
        ringed!($module::Ring);
    )*};
}

ring_twins! {
    not_fenced;
    sweeps_at_first_look;
    counts_at_first_look;
    judges_at_first_look;
    snapshot_at_first_look;
    counts_whatever_the_round;
    sums_whatever_the_round;
    counts_in_own_slot;
    successes_first;
    bad_ones_once;
    snapshot_bad_ones_once;
    moves_without_sweep;
    begins_without_sweep;
    follows_in_same_version;
    ring_is_not_prepared;
    bad_ones_not_judged;
    successes_not_judged;
    first_success_not_judged;
    full_tally_wraps;
    full_alone;
    hand_steps_back;
}
