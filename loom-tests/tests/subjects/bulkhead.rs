//! The bulkheads' protocols as they ship and as their broken twins (see `twins.rs`), behind two traits: what the explorer
//! and the models are run on.

#![allow(dead_code)]

use watertight::Rejected;
use watertight::bulkhead::protocol::Countdown;
use watertight::bulkhead::waiting::protocol::{self, Left, Next, Outcome, Resized, Room, Step};
use watertight::bulkhead::waiting::word::{Gate, Real, Ticket};
use watertight::bulkhead::word::Word;
use watertight::bulkhead::{self, Share};
use watertight::models::{Attempt, Memory};

/// The protocol of one word: see `watertight::bulkhead::protocol`.
pub trait Alone {
    const NAME: &'static str;
    fn enter<M: Memory<Place = ()>>(
        memory: &M,
        places: u32,
        share: Share,
    ) -> Attempt<Result<Word, Rejected>, M>;
    fn leave<M: Countdown>(memory: &M, places: u32) -> Result<(), M::Stop>;
    fn resize<M: Memory<Place = ()>>(memory: &M, limit: u16) -> Attempt<(), M>;
}

/// The protocol of a waiting room: see `watertight::bulkhead::waiting::protocol`.
pub trait Waiting {
    const NAME: &'static str;
    fn step<R: Room>(room: &R, step: Step) -> Attempt<Next, R>;
    fn enter<R: Room>(room: &R, places: u32, share: Share) -> Attempt<Result<u32, Rejected>, R>;
    fn leave<R: Room>(room: &R, places: u32) -> Attempt<Left, R>;
    fn resize<R: Room>(room: &R, limit: u32) -> Attempt<Resized, R>;
}

/// The ticket of this number.
pub fn ticket(number: u32) -> Ticket {
    Gate::<Real>::from_bits(number << HEAD_AT).head()
}

/// Where a gate keeps its head.
const HEAD_AT: u32 = 6;

macro_rules! alone {
    ($(#[$attribute:meta])* $name:ident, $text:ident, $protocol:path) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub struct $name;

        impl Alone for $name {
            const NAME: &'static str = stringify!($text);

            fn enter<M: Memory<Place = ()>>(
                memory: &M,
                places: u32,
                share: Share,
            ) -> Attempt<Result<Word, Rejected>, M> {
                use $protocol as protocol;
                protocol::enter(memory, places, share)
            }

            fn leave<M: Countdown>(memory: &M, places: u32) -> Result<(), M::Stop> {
                use $protocol as protocol;
                protocol::leave(memory, places)
            }

            fn resize<M: Memory<Place = ()>>(memory: &M, limit: u16) -> Attempt<(), M> {
                use $protocol as protocol;
                protocol::resize(memory, limit)
            }
        }
    };
}

alone!(
    /// What ships.
    ShippedAlone,
    bulkhead_as_it_ships,
    bulkhead::protocol
);

macro_rules! alone_twins {
    ($($name:ident, $module:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use watertight::bulkhead::Share;
            use watertight::bulkhead::protocol::Countdown;
            use watertight::bulkhead::word::Word;
            use watertight::models::{Attempt, Memory, Ordering};
            use watertight::Rejected;
            include!(concat!(env!("OUT_DIR"), "/", stringify!($module), ".rs"));
        }
        alone!($name, $module, self::$module);
    )*};
}

alone_twins! {
    OneEnteredThenUndone, one_entered_then_undone;
    OneEnteredUnseen, one_entered_unseen;
    OneLeftStored, one_left_stored;
    OneResizedStored, one_resized_stored;
    OneLeftWithinLimitOnly, one_left_within_limit_only;
}

/// A twin has steps, and tickets, of its own: those that ship are kept, and translated by their numbers.
macro_rules! waiting {
    ($(#[$attribute:meta])* $name:ident, $text:ident, $protocol:path, $word:path) => {
        $(#[$attribute])*
        #[derive(Debug)]
        pub struct $name;

        impl Waiting for $name {
            const NAME: &'static str = stringify!($text);

            fn step<R: Room>(room: &R, step: Step) -> Attempt<Next, R> {
                use $protocol as own;
                use $word as word;
                let its = |ticket: Ticket| word::Gate::<Real>::from_bits(ticket.number() << HEAD_AT).head();
                let ours = |its: word::Ticket| ticket(its.number());
                let step = match step {
                    Step::Arrive => own::Step::Arrive,
                    Step::LineUp(ticket) => own::Step::LineUp(its(ticket)),
                    Step::Poll(ticket) => own::Step::Poll(its(ticket)),
                    Step::Collect(ticket) => own::Step::Collect(its(ticket)),
                    Step::Cancel(ticket) => own::Step::Cancel(its(ticket)),
                    Step::Trim(times) => own::Step::Trim(times),
                    Step::Leave => own::Step::Leave,
                    Step::HandOver(ticket) => own::Step::HandOver(its(ticket)),
                };
                let next = own::step(room, step)?;
                Ok(next.map(|next| match next {
                    own::Next::Go(step) => Next::Go(match step {
                        own::Step::Arrive => Step::Arrive,
                        own::Step::LineUp(ticket) => Step::LineUp(ours(ticket)),
                        own::Step::Poll(ticket) => Step::Poll(ours(ticket)),
                        own::Step::Collect(ticket) => Step::Collect(ours(ticket)),
                        own::Step::Cancel(ticket) => Step::Cancel(ours(ticket)),
                        own::Step::Trim(times) => Step::Trim(times),
                        own::Step::Leave => Step::Leave,
                        own::Step::HandOver(ticket) => Step::HandOver(ours(ticket)),
                    }),
                    own::Next::Done(outcome) => Next::Done(match outcome {
                        own::Outcome::Entered(inside) => Outcome::Entered(inside),
                        own::Outcome::Queued(ticket) => Outcome::Queued(ours(ticket)),
                        own::Outcome::Given => Outcome::Given,
                        own::Outcome::RoomFull => Outcome::RoomFull,
                        own::Outcome::Left => Outcome::Left,
                    }),
                }))
            }

            fn enter<R: Room>(room: &R, places: u32, share: Share) -> Attempt<Result<u32, Rejected>, R> {
                use $protocol as own;
                own::enter(room, places, share)
            }

            fn leave<R: Room>(room: &R, places: u32) -> Attempt<Left, R> {
                use $protocol as own;
                Ok(own::leave(room, places)?.map(|left| match left {
                    own::Left::Gone(places) => Left::Gone(places),
                    own::Left::InHand(its) => Left::InHand(ticket(its.number())),
                }))
            }

            fn resize<R: Room>(room: &R, limit: u32) -> Attempt<Resized, R> {
                use $protocol as own;
                Ok(own::resize(room, limit)?.map(|resized| match resized {
                    own::Resized::There => Resized::There,
                    own::Resized::InHand { ticket: its, in_flight } => Resized::InHand {
                        ticket: ticket(its.number()),
                        in_flight,
                    },
                }))
            }
        }
    };
}

waiting!(
    /// What ships.
    ShippedWaiting,
    waiting_as_it_ships,
    protocol,
    bulkhead::waiting::word
);

macro_rules! twins {
    ($($name:ident, $module:ident, $protocol:ident, $word:ident;)*) => {$(
        #[allow(unused, clippy::all)]
        mod $module {
            use watertight::bulkhead::waiting::protocol::{Place, Room};
            use watertight::bulkhead::waiting::word::Widths;
            use watertight::bulkhead::{Share, word};
            use watertight::models::{Attempt, Memory, Ordering};
            use watertight::Rejected;
            use words::{Gate, Seat, Ticket, Towards};

            pub mod words {
                use core::fmt;
                use core::marker::PhantomData;
                use watertight::bulkhead::waiting::word::Widths;
                include!(concat!(env!("OUT_DIR"), "/", stringify!($word), ".rs"));
            }
            include!(concat!(env!("OUT_DIR"), "/", stringify!($protocol), ".rs"));
        }
        waiting!($name, $module, self::$module, self::$module::words);
    )*};
}

/// Twins of the protocol, with the words that ship.
macro_rules! protocol_twins {
    ($($name:ident, $module:ident;)*) => { twins! {$($name, $module, $module, waiting_word_as_it_ships;)*} };
}

/// Twins of what the words come to, under the protocol that ships.
macro_rules! word_twins {
    ($($name:ident, $module:ident;)*) => { twins! {$($name, $module, waiting_as_it_ships, $module;)*} };
}

protocol_twins! {
    EnteredThenUndone, entered_then_undone;
    EnteredUnseen, entered_unseen;
    ClaimedUnseen, claimed_unseen;
    ClaimerWaitedFor, claimer_waited_for;
    FullAtTakenSeat, full_at_taken_seat;
    LinesUpBeforeFreePlace, lines_up_before_free_place;
    LinedUpUnseen, lined_up_unseen;
    QueuedUnconfirmed, queued_unconfirmed;
    WithdrawsUnseen, withdraws_unseen;
    ChecksBeforeRegistering, checks_before_registering;
    CollectsWakerLast, collects_waker_last;
    CancelsWakerLast, cancels_waker_last;
    GoneSkipped, gone_skipped;
    WakingSkipped, waking_skipped;
    GoneForEver, gone_for_ever;
    MarkUnchecked, mark_unchecked;
    CancelKeepsGrant, cancel_keeps_grant;
    NeverTidies, never_tidies;
    TidiesHeadOnly, tidies_head_only;
    TidiesLastOnly, tidies_last_only;
    TidiesOpenSeat, tidies_open_seat;
    OpenedBeforeGate, opened_before_gate;
    NeverPassesOn, never_passes_on;
    LeftBeforePassedOn, left_before_passed_on;
    HeadTakenUnseen, head_taken_unseen;
    HeadStays, head_stays;
    HoleTakesPlace, hole_takes_place;
    WakesBeforeGiving, wakes_before_giving;
    NeverWakes, never_wakes;
    NoTicketCompared, no_ticket_compared;
    WakesHoldingSeat, wakes_holding_seat;
    FullUntrimmed, full_untrimmed;
    RaisedForNobody, raised_for_nobody;
    RaisedUnseen, raised_unseen;
}

word_twins! {
    RaisedAtOnce, raised_at_once;
    RaisedWithHead, raised_with_head;
    PassesOnBelowLimit, passes_on_below_limit;
    PassesOnAboveLimit, passes_on_above_limit;
    LeavesPastLimit, leaves_past_limit;
    HoldsNext, holds_next;
    FreeAtLimit, free_at_limit;
}
