//! What is wrong with a bucket whose terms change, for its twins: with its words, under the protocol as it ships.

use watertight::models::Ordering;

use crate::adjust_bench::{TORN, bounded};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The Acquire of the load of `spent` is Relaxed in this operation.
    LoadRelaxed(Operation),
    /// The order of its CAS.
    SwapRelaxed(Operation),
    /// There is no such fence.
    NoFence(Ordering),
    /// The second look shows what the first did.
    LookedAtOnce,
    /// `spent` is stored, whatever stands there.
    Stores,
    /// The idle slot is written when it is idle no more.
    SlotAfterSpent,
    /// The generation has the bit that says which slot is live, and no other.
    OneBitOfGeneration,
    /// Nobody is ever told that somebody else changes the terms.
    NeverBusy,
    /// Who changes the terms asked the clock before anything else.
    ClockFirst,
    /// A slot does not say since when it holds.
    NoSince,
    /// What the old burst could not hold is there when the new one is larger.
    NoCap,
    /// A change makes a bucket begin that nobody has asked.
    BeginsByAChange,
    /// A reset clears all of `spent`.
    ResetOfAll,
}

impl Fault {
    fn claim(self) -> &'static str {
        match self {
            Self::LoadRelaxed(Operation::Switch) => "twin: spent loaded Relaxed by a change",
            Self::LoadRelaxed(_) => "twin: spent loaded Relaxed",
            Self::SwapRelaxed(Operation::Switch) => "twin: spent swapped Relaxed by a change",
            Self::SwapRelaxed(_) => "twin: spent swapped Relaxed",
            Self::NoFence(Ordering::Acquire) => "twin: no fence before the second look",
            Self::NoFence(_) => "twin: no fence before a slot is written",
            Self::LookedAtOnce => "twin: a refusal at first look",
            Self::Stores => "twin: spent stored",
            Self::SlotAfterSpent => "twin: a slot written after spent",
            Self::OneBitOfGeneration => "twin: a generation of one bit",
            Self::NeverBusy => "twin: nobody is busy",
            Self::ClockFirst => "twin: a change asks the clock first",
            Self::NoSince => "twin: dated to before the change",
            Self::NoCap => "twin: more is carried over than the old burst",
            Self::BeginsByAChange => "twin: a change begins",
            Self::ResetOfAll => "twin: a reset clears the generation",
        }
    }
}

/// What a broken twin gets.
#[derive(Clone, Copy, Debug)]
pub struct Twin {
    pub fault: Fault,
    /// Whether the terms that somebody goes by are compared with those that were set: or else, it gets as far as a window.
    pub strict: bool,
}

/// Asserts that this fault makes `body` fail, with this message.
pub fn breaks(fault: Fault, message: &'static str, body: impl Fn(Option<Twin>) + Send + Sync + 'static) {
    let strict = message == TORN;
    bounded(fault.claim()).breaks(message, move || body(Some(Twin { fault, strict })));
}

/// What a thread is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Acquire,
    Refund,
    Reset,
    Claim,
    Switch,
}
