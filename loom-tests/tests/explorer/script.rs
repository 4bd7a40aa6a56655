//! What threads do, and where they stand in it: plain data.

use std::hash::{Hash, Hasher};

use watertight::breaker::Outcome;
use watertight::breaker::protocol::{Ended, Forced};
use watertight::breaker::rules::Rules;
use watertight::{Micros, State};

use crate::explore::Answers;
use crate::model::{Claims, Model};
use crate::ring::{Circle, View};
use crate::tape::Mark;

/// One operation of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Admit,
    /// Settles the oldest permit, if there is one.
    Success,
    /// The same, of a call that took too long.
    SlowSuccess,
    /// The same; with the ticks that the service asks to be left alone for.
    Failure(u8),
    /// The same, of a call that took too long.
    SlowFailure,
    /// The same.
    Ignored,
    /// Lets go of the oldest permit, if there is one, and never settles it.
    Forget,
    Reset,
    ForceOpen,
    Disable,
    Observe,
}

impl Op {
    pub const fn needs_permit(self) -> bool {
        self.forces().is_none() && !matches!(self, Self::Admit | Self::Observe)
    }

    pub const fn forces(self) -> Option<Forced> {
        match self {
            Self::Reset => Some(Forced::Closed),
            Self::ForceOpen => Some(Forced::Open),
            Self::Disable => Some(Forced::Disabled),
            _ => None,
        }
    }

    pub const fn ended(self) -> Ended {
        let outcome = match self {
            Self::Success | Self::SlowSuccess => Outcome::Success,
            Self::Failure(0) | Self::SlowFailure => Outcome::Failure,
            Self::Failure(hint) => Outcome::FailureRetryAfter(Micros::from_micros(hint as u64)),
            _ => Outcome::Ignored,
        };
        Ended {
            outcome,
            slow: matches!(self, Self::SlowSuccess | Self::SlowFailure),
        }
    }

    /// What is counted of it; `None`: nothing.
    pub const fn mark(self) -> Option<Mark> {
        match self {
            Self::Success => Some(Mark::GOOD),
            Self::SlowSuccess => Some(Mark::SLOW),
            Self::Failure(_) => Some(Mark::FAILED),
            Self::SlowFailure => Some(Mark::BOTH),
            _ => None,
        }
    }

    /// How long the service asks to be left alone.
    pub const fn hint(self) -> u8 {
        match self {
            Self::Failure(hint) => hint,
            _ => 0,
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
/// The state, the two timer words, and the window's: a cursor and strips, or an era, a hand and tallies.
pub const WORDS: usize = 3 + 2 + 8;

pub type Words = [u32; WORDS];

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
    /// What a ramp decided: admitted, or refused for so many ticks.
    pub refused: Option<u32>,
}

/// What an observer saw of the state, and what there was to be seen.
#[derive(Clone, Copy, Hash)]
pub struct Seen {
    pub word: u32,
    pub model: Model,
}

/// What became of an outcome that goes into a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Entry {
    #[default]
    None,
    /// It is one of the last calls.
    Counted,
    /// It was written where nobody looks any more.
    InVain,
}

#[derive(Clone, Copy, Default, Hash)]
pub struct Thread {
    pub slot: u8,
    pub op: Option<Op>,
    /// Past the first, quick look at a closed breaker.
    pub slow: bool,
    /// Its outcome was counted by a window, which is now looked at.
    pub counted: bool,
    /// Which rules this attempt obeys: the first, or the second.
    pub second: bool,
    pub answers: Answers,
    /// The last clock reading of this attempt.
    pub reading: Option<i32>,
    /// The clock reading of this operation, where it holds one.
    pub held: Option<i32>,
    pub permits: Permits,
    pub made: Option<Made>,
    pub entry: Entry,
    /// Whether the last calls were all successes when this attempt began, and its permit is of their generation.
    pub clean: bool,
    /// Observing: what there was at the last look.
    pub seen: Option<Seen>,
    /// Observing: all that a window has held since this attempt began, a bit for each.
    pub counts: u128,
    /// Of a ring.
    pub view: View,
}

impl Thread {
    /// From the first load again, or to the second look.
    pub fn begin_attempt(&mut self) {
        (self.answers, self.reading, self.counts) = (Answers::default(), None, 0);
        (self.clean, self.second, self.view) = (false, false, View::default());
    }
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
    pub words: Words,
    /// The last reading, where one moves from it.
    pub time: i32,
    pub model: Model,
    pub circle: Circle,
    pub threads: [Thread; THREADS],
}

/// Scripts, and all that they run under.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub claims: Claims,
    pub rules: Rules,
    /// A second set, which any attempt may obey instead.
    pub second: Option<Rules>,
    /// How many of the last calls count, or of the newest buckets; 0: failures in a row do.
    pub calls: u32,
    /// The clock at the start.
    pub start: u64,
    pub clock: Clock,
    /// What was done before, by one caller, with the clock reading of each; permits that are left are forgotten.
    pub before: &'static [(Op, i32)],
    /// One for each thread.
    pub scripts: &'static [Script],
}

impl Plan {
    /// The rules that this thread's attempt obeys.
    pub fn rules_of(&self, thread: &Thread) -> &Rules {
        match &self.second {
            Some(rules) if thread.second => rules,
            _ => &self.rules,
        }
    }
}
