//! What threads do, and where they stand in it: plain data.

use std::hash::{Hash, Hasher};

use watertight::breaker::protocol::Outcome;
use watertight::breaker::rules::Rules;
use watertight::{Micros, State};

use crate::explore::Answers;
use crate::model::{Claims, Model};

/// One operation of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Admit,
    /// Settles the oldest permit, if there is one.
    Success,
    /// The same; with the ticks that the service asks to be left alone for.
    Failure(u8),
    /// The same.
    Neutral,
    /// Lets go of the oldest permit, if there is one, and never settles it.
    Forget,
    Reset,
    Observe,
}

impl Op {
    pub const fn needs_permit(self) -> bool {
        !matches!(self, Self::Admit | Self::Reset | Self::Observe)
    }

    pub fn outcome(self) -> Outcome {
        match self {
            Self::Success => Outcome::Success,
            Self::Failure(hint) => Outcome::Failure(Micros::from_micros(hint.into())),
            _ => Outcome::Neutral,
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

/// Most permits that a thread holds at a time.
pub const PERMITS: usize = 4;
/// Most threads.
pub const THREADS: usize = 3;

#[derive(Clone, Copy, Default)]
pub struct Permit {
    pub ticket: u32,
    pub generation: u16,
}

/// What an operation's compare-and-swap made of the state word.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Made {
    pub from: State,
    pub word: u32,
    pub generation: u16,
    pub instance: u16,
    pub event: bool,
}

/// What an observer saw of the state, and what there was to be seen.
#[derive(Clone, Copy, Hash)]
pub struct Seen {
    pub word: u32,
    pub model: Model,
}

#[derive(Clone, Copy, Default, Hash)]
pub struct Thread {
    pub slot: u8,
    pub op: Option<Op>,
    /// Past the first, quick look at a closed breaker.
    pub slow: bool,
    pub answers: Answers,
    /// The last clock reading of this attempt.
    pub reading: Option<i32>,
    /// The clock reading of this operation, where it holds one.
    pub held: Option<i32>,
    pub permits: Permits,
    pub made: Option<Made>,
    /// Observing: what there was at the last look.
    pub seen: Option<Seen>,
}

/// The permits that a thread holds, the oldest first.
#[derive(Clone, Copy, Default)]
pub struct Permits {
    pub count: u8,
    pub list: [Permit; PERMITS],
}

impl Permits {
    pub fn oldest(&self) -> Permit {
        self.list[0]
    }

    pub fn push(&mut self, permit: Permit) {
        self.list[usize::from(self.count)] = permit;
        self.count += 1;
    }

    pub fn pop(&mut self) {
        self.list.copy_within(1.., 0);
        self.list[PERMITS - 1] = Permit::default();
        self.count -= 1;
    }
}

impl Hash for Permits {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u8(self.count);
        for Permit { ticket, generation } in &self.list[..usize::from(self.count)] {
            hasher.write_u64(u64::from(*ticket) << 32 | u64::from(*generation));
        }
    }
}

#[derive(Clone)]
pub struct Moment {
    pub words: [u32; 3],
    /// The last reading, where one moves from it.
    pub time: i32,
    pub model: Model,
    pub threads: [Thread; THREADS],
}

/// Scripts, and all that they run under.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub claims: Claims,
    pub rules: Rules,
    /// The clock at the start.
    pub start: u64,
    pub clock: Clock,
    /// What was done before, by one caller, with the clock reading of each; permits that are left are forgotten.
    pub before: &'static [(Op, i32)],
    /// One for each thread.
    pub scripts: &'static [Script],
}
