//! What threads do, and where they stand in it: plain data. And what must be seen, or a claim was not tried.

use watertight::bucket::adjustable::slot::WORDS as SLOT;
use watertight::bucket::protocol::Ask;

use super::model::Model;
use crate::explore::Answers;

/// One operation of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Take(u32),
    UpTo(u32),
    /// So many tokens, within so many ticks.
    Reserve(u32, u32),
    /// Gives the last grant back, if there is one.
    Refund,
    Reset,
    /// So many sixteenths of the largest rate, and a burst.
    Change(u32, u32),
}

impl Op {
    pub fn ask(self, tick: i64) -> Option<Ask> {
        let all = |tokens, wait: u32| Ask::All {
            tokens,
            wait: u64::from(wait) * tick as u64,
        };
        match self {
            Self::Take(tokens) => Some(all(tokens, 0)),
            Self::Reserve(tokens, wait) => Some(all(tokens, wait)),
            Self::UpTo(most) => Some(Ask::UpTo(most)),
            _ => None,
        }
    }
}

/// What a thread does, one after the other: any of these each time.
pub type Script = &'static [&'static [Op]];

/// What a clock may say, in ticks since the start.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The reading before, whoever's it was, moved on by any of these.
    Moves(&'static [i32]),
    /// The same; but whoever asks for tokens, or gives any back, may also get one that is so much older than the last one.
    Behind(&'static [i32], i32),
    /// The same as the first; but whoever asks for tokens, or gives any back, holds the first reading of his operation.
    Held(&'static [i32]),
    /// Any of these at each reading, also of whoever changes the terms: no window is claimed to keep to anything then.
    Any(&'static [i32]),
}

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    All,
    /// Only what windows hold.
    Windows,
}

/// Most threads.
pub const THREADS: usize = 3;
/// `spent`, `dated`, two slots.
pub const WORDS: usize = 2 + 2 * SLOT;
pub type Words = [u32; WORDS];
pub type SlotWords = [u32; SLOT];

/// What a thread holds a receipt for.
#[derive(Clone, Copy, Hash)]
pub struct Grant {
    /// The attempt that it is made of, once more.
    pub op: Op,
    pub slow: bool,
    pub answers: Answers,
    /// Z before and after.
    pub before: i64,
    pub after: i64,
    pub act: i64,
    pub tokens: u32,
    pub changes: u8,
    pub resets: u8,
}

#[derive(Clone, Copy, Default, Hash)]
pub struct Thread {
    pub slot: u8,
    pub op: Option<Op>,
    /// Past the first, quick attempt.
    pub slow: bool,
    /// Past the claim of a change.
    pub claimed: bool,
    pub answers: Answers,
    /// What `spent` said at the first look of this attempt, and what that stood for; how many changes and resets there had been.
    pub spent: Option<(u32, Option<i64>, u8, u8)>,
    /// What `dated` stood for.
    pub dated: Option<Option<i64>>,
    /// The clock's reading, in microseconds.
    pub now: Option<i64>,
    /// The clock's reading of this operation, where it holds one.
    pub held: Option<i32>,
    /// What it read of the terms.
    pub read: SlotWords,
    pub grant: Option<Grant>,
}

impl Thread {
    /// From the first load again.
    pub fn begin_attempt(&mut self) {
        *self = Self {
            slot: self.slot,
            op: self.op,
            slow: true,
            claimed: self.claimed,
            held: self.held,
            grant: self.grant,
            ..Self::default()
        };
    }
}

#[derive(Clone)]
pub struct Moment {
    pub words: Words,
    /// The latest reading.
    pub time: i32,
    pub model: Model,
    pub threads: [Thread; THREADS],
}

/// Scripts, and all that they run under.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub claims: Claims,
    /// Microseconds in which the largest rate brings a token.
    pub period: u64,
    /// The largest.
    pub burst: u32,
    /// Sixteenths of the largest rate at first, burst and tokens at first.
    pub first: (u32, u32, u32),
    /// The clock at the start.
    pub start: u64,
    /// Microseconds of a tick.
    pub tick: i64,
    pub clock: Clock,
    /// What was done before, by one caller, with the clock reading of each.
    pub before: &'static [(Op, i32)],
    /// One for each thread.
    pub scripts: &'static [Script],
}

/// Something that a step showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sight {
    Granted,
    /// From a bucket that was full.
    GrantedFull,
    /// With a date that is later than the clock's reading.
    DatedLater,
    /// With the instant of the last change as its date, though the reading was before.
    DatedSince,
    GrantedWhileBusy,
    Reserved,
    Slipped,
    Begun,
    Refused,
    RefusedForEver,
    RefusedWhileBusy,
    LookedAgainInVain,
    SpentLost,
    DatedLost,
    DatedMoved,
    GaveBack,
    GaveNothingBack,
    /// Though it was on top: a change was under way, or had been.
    ChangedMeanwhile,
    Reset,
    ResetWhileBusy,
    Claimed,
    ClaimLost,
    WasBusy,
    Changed,
    ChangedFull,
    ChangedInDebt,
    ChangedUnasked,
    /// Its CAS of `spent` had failed before.
    ChangedAgain,
    /// A reset had taken `spent` back, and somebody forward again to where it was.
    ChangedOverReset,
    /// Somebody read a slot while it was written, and threw it away.
    TornThrownAway,
    /// Taken for ahead of what it was: the documented under-admission.
    TakenForAhead,
}

impl Sight {
    /// Its bit, if it is on.
    pub const fn when(self, on: bool) -> u64 {
        (on as u64) << self as u8
    }

    pub const fn bit(self) -> u64 {
        self.when(true)
    }
}
