//! A token bucket whose rate changes, as it ships and as its broken twins (see `twins.rs`), behind one trait: what the
//! explorer is run on.

#![allow(dead_code)]

use watertight::Busy;
use watertight::bucket::AdjustableQuota;
use watertight::bucket::adjustable::change::{self, Slots};
use watertight::bucket::adjustable::slot::Changing;
use watertight::bucket::protocol::{self, Ask, Place};
use watertight::models::{Attempt, Timed};

use crate::bucket::subjects::made;
pub use crate::bucket::subjects::{Given, Refused};

/// The protocols: see `watertight::bucket::{protocol, adjustable::change}`.
pub trait Adjustable {
    const NAME: &'static str;
    type Receipt: Given;
    fn acquire<W: Changing, M: Timed<Place = Place>>(
        memory: &M,
        quota: &AdjustableQuota<W>,
        ask: Ask,
        quickly: bool,
    ) -> Attempt<Result<Self::Receipt, Refused>, M>;
    fn refund<W: Changing, M: Timed<Place = Place>>(
        memory: &M,
        quota: &AdjustableQuota<W>,
        receipt: &Self::Receipt,
    ) -> Attempt<u32, M>;
    fn reset<W: Changing, M: Timed<Place = Place>>(memory: &M, quota: &AdjustableQuota<W>) -> Attempt<(), M>;
    fn claim<M: Slots>(memory: &M) -> Attempt<Result<(), Busy>, M>;
    fn switch<W: Changing, M: Slots>(
        memory: &M,
        quota: &AdjustableQuota<W>,
        step: u64,
        burst: u32,
    ) -> Attempt<(), M>;
}

macro_rules! adjustable {
    ($(#[$attribute:meta])* $name:ident, $text:ident, $protocol:path, $ask:path, $receipt:path, $change:path) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub struct $name;

        impl Adjustable for $name {
            const NAME: &'static str = stringify!($text);
            type Receipt = $receipt;

            fn acquire<W: Changing, M: Timed<Place = Place>>(
                memory: &M,
                quota: &AdjustableQuota<W>,
                ask: Ask,
                quickly: bool,
            ) -> Attempt<Result<Self::Receipt, Refused>, M> {
                use $ask as Own;
                use $protocol as protocol;
                let own = match ask {
                    Ask::All { tokens, wait } => Own::All { tokens, wait },
                    Ask::UpTo(tokens) => Own::UpTo(tokens),
                };
                let answer = match quickly {
                    true => protocol::acquire_quickly(memory, quota, own)?,
                    false => protocol::acquire(memory, quota, own)?,
                };
                Ok(answer.map(|answer| {
                    answer.map_err(|rejected| Refused {
                        reason: rejected.reason(),
                        retry_after: rejected.retry_after(),
                    })
                }))
            }

            fn refund<W: Changing, M: Timed<Place = Place>>(
                memory: &M,
                quota: &AdjustableQuota<W>,
                receipt: &Self::Receipt,
            ) -> Attempt<u32, M> {
                use $protocol as protocol;
                protocol::refund(memory, quota, receipt)
            }

            fn reset<W: Changing, M: Timed<Place = Place>>(
                memory: &M,
                quota: &AdjustableQuota<W>,
            ) -> Attempt<(), M> {
                use $protocol as protocol;
                protocol::reset(memory, quota)
            }

            fn claim<M: Slots>(memory: &M) -> Attempt<Result<(), Busy>, M> {
                use $change as change;
                change::claim(memory)
            }

            fn switch<W: Changing, M: Slots>(
                memory: &M,
                quota: &AdjustableQuota<W>,
                step: u64,
                burst: u32,
            ) -> Attempt<(), M> {
                use $change as change;
                change::switch(memory, quota, step, burst)
            }
        }
    };
}

adjustable!(
    /// What ships.
    Shipped, shipped, protocol, Ask, watertight::Receipt, change
);

/// Twins of whoever changes the terms.
macro_rules! change_twins {
    ($($name:ident, $module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use watertight::bucket::AdjustableQuota;
            use watertight::bucket::adjustable::change::Slots;
            use watertight::bucket::adjustable::slot::{BUSY, Changing, Slot, changed, generation};
            use watertight::bucket::protocol::{Place, Source};
            use watertight::bucket::word::{Dated, Reading, Spent};
            use watertight::models::{Attempt, Memory, Timed, Ordering};
            use watertight::{Busy, Instant};
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
        adjustable!($name, $module, protocol, Ask, watertight::Receipt, self::$module);
    )*};
}

change_twins! {
    NoSince, adjustable_no_since;
    NoCap, adjustable_no_cap;
    StaleClock, adjustable_stale_clock;
    NoBusy, adjustable_no_busy;
    NoGeneration, adjustable_no_generation;
    Begins, adjustable_begins;
    SlotLast, adjustable_slot_last;
    NoPhase, adjustable_no_phase;
}

/// Twins of whoever asks.
macro_rules! protocol_twins {
    ($($name:ident, $module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use super::made::{Receipt, Rejected};
            use watertight::bucket::protocol::{Ask, Place, Source};
            use watertight::bucket::word::{Dated, Reading, Spent, Taking, Terms, Widths};
            use watertight::models::{Attempt, Memory, Timed, Ordering, Passage};
            use watertight::{Instant, Micros, Reason, RetryAfter};
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
        adjustable!($name, $module, self::$module, Ask, made::Receipt, change);
    )*};
}

protocol_twins! {
    RefusedAtFirstLook, adjustable_refused_at_first_look;
    RefundWhileBusy, adjustable_refund_while_busy;
}
