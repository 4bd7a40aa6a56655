//! What threads do, and where they stand in it: plain data. And what must be seen, or a claim was not tried.

use watertight::bucket::protocol::Ask;
use watertight::bucket::rate::Rate;
use watertight::bucket::terms::Wanted;

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
    Observe,
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
    /// Any of these at each reading. This includes whatever a clock asked in turn may say that moves, stands or steps
    /// back among them, and whatever a reading may be that is passed by value.
    Any(&'static [i32]),
    /// Any of these once in each operation, which then holds it.
    Held(&'static [i32]),
    /// The reading before, whoever's it was, moved by any of these.
    Moved(&'static [i32]),
}

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    All,
    /// Only what a user could see: what windows hold, and what callers are told.
    Harm,
    /// Only what windows hold.
    Windows,
}

/// Most threads.
pub const THREADS: usize = 3;
/// `spent`, `dated`.
pub const WORDS: usize = 2;
pub type Words = [u32; WORDS];

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
    pub date: i64,
    pub act: i64,
    pub tokens: u32,
    pub era: u8,
}

#[derive(Clone, Copy, Default, Hash)]
pub struct Thread {
    pub slot: u8,
    pub op: Option<Op>,
    /// Past the first, quick attempt.
    pub slow: bool,
    pub answers: Answers,
    /// What `spent` said at the first look, and what that stood for.
    pub spent: Option<(u32, Option<i64>)>,
    /// How many resets there had been.
    pub era: u8,
    /// What `dated` stood for.
    pub dated: Option<Option<i64>>,
    /// The clock's reading, in microseconds.
    pub now: Option<i64>,
    /// The clock's reading of this operation, where it holds one.
    pub held: Option<i32>,
    /// What was granted, though the attempt is not at its end.
    pub counted: Option<(i64, i64)>,
    pub grant: Option<Grant>,
}

impl Thread {
    /// From the first load again.
    pub fn begin_attempt(&mut self) {
        *self = Self {
            slot: self.slot,
            op: self.op,
            slow: true,
            held: self.held,
            grant: self.grant,
            ..Self::default()
        };
    }
}

#[derive(Clone)]
pub struct Moment {
    pub words: Words,
    /// The last reading, where one moves from it.
    pub time: i32,
    pub model: Model,
    pub threads: [Thread; THREADS],
}

/// Scripts, and all that they run under.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub claims: Claims,
    /// Tokens in so many microseconds.
    pub rate: (u64, u64),
    pub burst: u32,
    pub initial: u32,
    /// In microseconds; the time of a burst, if it is not said.
    pub longest_wait: Option<i64>,
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

impl Plan {
    pub fn wanted(&self) -> Wanted {
        let (tokens, period) = self.rate;
        Wanted {
            rate: Rate::of(tokens, u128::from(period) * 1_000).expect("the plan's rate is good"),
            burst: self.burst,
            initial: self.initial,
            longest_wait: self.longest_wait.map(|wait| wait as u64),
            varies: false,
        }
    }
}

/// Something that a step showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sight {
    Granted,
    /// From a bucket that was full.
    GrantedFull,
    /// From a bucket that nobody had asked.
    GrantedFirst,
    /// With a date that is later than the clock's reading.
    DatedLater,
    /// After an idle of more than the circle.
    AfterCircle,
    /// Fewer than were asked for.
    GrantedFewer,
    Reserved,
    Slipped,
    Begun,
    Refused,
    RefusedForEver,
    RefusedLater,
    LookedAgainInVain,
    SpentLost,
    DatedMoved,
    DatedLost,
    GaveBack,
    GaveNothingBack,
    ReceiptTooOld,
    ReceiptOfAnotherEra,
    Reset,
    SetBack,
    Observed,
    /// Taken for ahead of what it was: the documented under-admission.
    TakenForAhead,
    /// The word that was seen stood for another number by then.
    CameRound,
    /// A grant came in with a date after a reset set `dated` back.
    CameAfterReset,
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
