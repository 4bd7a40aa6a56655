//! How the words change while others change them too: every load, every compare-and-swap, every reading
//! of the clock, and nothing else. What the words mean, and each step as a pure function, is in `word`.
//!
//! A transition is *one* CAS on `state`. The timer of the new instance is written *after* it, into `low` and
//! then `high`, by whoever made the transition or by anyone who needs the timer and finds it unset.
//!
//! ```text
//! Rule 1  Low and high are written once per instance, each moving its count on by one. Re-dating a timer is
//!         a new instance. Nothing is ever moved under the same tag.
//! Rule 2  Nobody leaves an instance whose timer is not set: he sets it, and starts again.
//! ```
//!
//! What a thread that is stopped for ever, or an interrupt, leaves behind at each point:
//!
//! | stopped | leaves | the next caller |
//! |---|---|---|
//! | before its CAS on `state` | nothing | goes on; only this thread's call is missing |
//! | after it, before `low` | an instance without a timer | sets both words: an opening's from the bits that `state` carries, rounded up by less than 2^16 ticks, any other's from its own clock |
//! | between `low` and `high` | a timer without its high bits | sets `high`: the value nearest to its own clock that has these low bits |
//! | helping, before a CAS | nothing | if it ever goes on, the count has moved and its CAS fails |
//! | after `high` | a whole instance | goes on |
//! | holding a permit | a taken slot | a lease after the last slot was taken, a new round begins |
//! | deciding in a ramp, after its CAS | one more call seen, whose place in the share is lost if it was admitted | goes on |
//! | after its outcome is in a window, before it opens | a window that is over | opens, as soon as it reports (see `window`) |
//!
//! An outcome on a closed or recovering breaker is counted by its window, see [`Counting`]: failures in a row by one CAS
//! on the state word, which also opens; any other window in words of its own, after which [`settle`] is gone through
//! again as counted, and only looks whether the window calls for opening. While a window of its own counts, the state word of
//! a closed breaker stays as it is until it opens or is forced; a recovering one moves with each call that the ramp
//! decides on, and a CAS that opens and fails for that is tried again, on the window as it then is.
//!
//! The end of a ramp is a new instance in the same generation: the window goes on, and so do the calls under way.
//!
//! Every function is one *attempt*: it runs from its first load to a decision, or to `None` when somebody else
//! changed a word on the way, which stands for "again, from the first load". An attempt is bounded (at most
//! 12 steps, and what its window takes), and it ends in `None` only if another caller's CAS succeeded meanwhile or this one's did (it
//! helped), so somebody always gets on.
//!
//! Time: load, clock, CAS. The clock is asked after the words were read, and only where the decision needs it.
//! Nothing rests on a reading being newer than anybody else's. The end of a cool-down is fixed by the reading
//! of the thread whose CAS opened: its high half is in the CAS itself, and a helper adds nothing but ones.
//!
//! Limits, all in ticks (a tick is 1 us unless a wait above 4.4 minutes is configured, see `config`):
//! - A permit held, or a thread stopped inside one CAS, over exactly a multiple of 512 generations is taken for
//!   a present one; a permit in a half-open period also over up to three more.
//! - Within one half-open generation, instances are told apart by the fill alone, which four cancelled probes
//!   bring round. A caller stopped between its loads and its CAS while exactly a multiple of four times the
//!   last slot was taken, and given back by probes that were cancelled, decides by the lease that it had
//!   read, and a maker stopped as long writes the lease that it had meant: a new round may begin before the
//!   present lease is over. No round ever has more than its probes.
//! - A helper stopped before its CAS on `low`, over exactly a multiple of four instances that end in the very same 30
//!   bits of deadline, sets the next timer to its own deadline.
//! - 46 bits: left alone in one phase for exactly a multiple of 2.2 years, a timer refuses once more for at
//!   most 8.9 minutes.
//! - If a maker is stopped before `high` and then nobody calls until more than 8.9 minutes after the deadline, the wait
//!   may last up to 8.9 minutes more, truthfully reported.
//! - A clock reading less than 2^28 ticks (4.4 minutes) behind the others costs a refusal; one further behind may
//!   read an open word as past its cool-down. No refusal is ever longer than 2^29 ticks, whatever stands in
//!   the words, so that a clock that stepped back heals.
//! - A lease is dated by the reading of whoever sets it, its maker or a helper. With a reading that is older than the
//!   lease is long, the next round may begin at once.

pub use super::memory::{Memory, Place};
use super::rules::Rules;
use super::window::{Counting, Counts, Mark, Recorded};
use super::word::{Deadline, High, Low, State, Widths, Word};
use super::{Outcome, Transition};
pub use crate::memory::Attempt;
use crate::rejected::Reason;
use crate::sync::Ordering;
use crate::time::Instant;

/// What [`admit`] decided.
#[derive(Clone, Copy, Debug)]
pub enum Admission<W: Widths> {
    /// The call may be made. `ticket` goes into its permit; the transition, if it made one, is this caller's.
    Admitted {
        /// The state word in which it was admitted; a closed or recovering one without its counts.
        ticket: Word<W>,
        /// The transition that admitting it made.
        made: Option<Transition>,
    },
    /// The call may not be made.
    Refused {
        /// Why not.
        reason: Reason,
        /// Ticks until the same call would be admitted, or for [`Reason::ProbesInFlight`] until the lease is over;
        /// `None` where waiting does not help.
        wait: Option<Wait>,
    },
}

/// A wait, from a reading of the clock on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Ticks; zero only in a ramp, whose next call would be admitted.
    pub left: u32,
    /// The clock reading.
    pub now: Instant,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// As its caller says.
    pub outcome: Outcome,
    /// Whether it took longer than the rule for slow calls says; never without one.
    pub slow: bool,
}

impl Ended {
    /// What is counted of it.
    pub const fn mark(self) -> Mark {
        Mark {
            failed: self.outcome.is_failure(),
            slow: self.slow,
        }
    }
}

/// What [`settle`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The outcome is in the window, which is to be looked at: [`settle`] again, as counted.
    Counted,
    /// It changed something, or there was nothing to change; with the transition that it made.
    Done(Option<Transition>),
    /// It came too late, and was dropped.
    Late,
}

/// To what a breaker is forced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// Closed, as if it were new.
    Closed,
    /// Open, until it is forced to something else.
    Open,
    /// Disabled, until it is forced to something else.
    Disabled,
}

/// What a state word, its timer and the window say at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading<W: Widths> {
    /// The state word.
    pub word: Word<W>,
    /// Until a call would be admitted, or the lease of a full round is over; `None` when nothing is waited for.
    pub wait: Option<Wait>,
    /// What is counted; nothing unless closed or recovering.
    pub counts: Counts,
}

/// The event of a transition.
pub fn event<W: Widths>(from: Word<W>, to: Word<W>) -> Transition {
    Transition::between(from, to)
}

/// The ticket of a call to a closed breaker: one load. `None` says to ask [`admit`].
#[inline]
pub fn admit_closed<M: Memory>(memory: &M) -> Attempt<Word<M::Widths>, M> {
    // ORDERING: Relaxed; a closed word decides alone, and nothing else is read on its strength.
    let word = Word::from_bits(memory.load(Place::State, Ordering::Relaxed)?);
    Ok(word.is_closed().then(|| word.ticket()))
}

/// Admits a call or refuses it.
pub fn admit<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Admission<M::Widths>, M> {
    let word = load_state(memory)?;
    match word.state() {
        State::Closed | State::Disabled => {
            return Ok(Some(Admission::Admitted {
                ticket: word.ticket(),
                made: None,
            }));
        }
        State::ForcedOpen => {
            return Ok(Some(Admission::Refused {
                reason: Reason::ForcedOpen,
                wait: None,
            }));
        }
        State::Recovering => return admit_recovering(memory, rules, word),
        State::Open | State::HalfOpen => {}
    }
    let half_open = word.state() == State::HalfOpen;
    let full = half_open && word.in_flight() >= rules.probes;
    if half_open && word.in_flight() + 1 < rules.probes {
        // ORDERING: Relaxed; the instance stays, nothing is published.
        let won = swap_state(memory, word, word.probed(), Ordering::Relaxed)?;
        return Ok(won.then(|| Admission::Admitted {
            ticket: word.probed(),
            made: None,
        }));
    }
    let Some(deadline) = load_timer(memory, rules, word)? else {
        return Ok(None);
    };
    let now = memory.now()?;
    if !half_open || full {
        if let Some(left) = deadline.left(rules.ticks(now)) {
            // The timer may be that of an instance which came after the word was read.
            // ORDERING: Relaxed; the Acquire loads of the timer words make this load at least as new as the
            // instance whose timer they showed.
            if memory.load(Place::State, Ordering::Relaxed)? != word.bits() {
                return Ok(None);
            }
            let reason = if full {
                Reason::ProbesInFlight
            } else {
                Reason::Open
            };
            let wait = Some(Wait { left, now });
            return Ok(Some(Admission::Refused { reason, wait }));
        }
    }
    let next = match (half_open, full) {
        (false, _) => word.half_opened(),
        (true, true) => word.renewed(),
        (true, false) => word.filled(),
    };
    // ORDERING: Release; a new instance, see `load_state`.
    if !swap_state(memory, word, next, Ordering::Release)? {
        return Ok(None);
    }
    help(memory, rules, next, Some(rules.deadline(now, rules.lease)))?;
    let made = (next.generation() != word.generation()).then(|| event(word, next));
    Ok(Some(Admission::Admitted { ticket: next, made }))
}

/// Admits the growing share of the calls, or closes if the ramp is over.
fn admit_recovering<M: Memory>(
    memory: &M,
    rules: &Rules,
    word: Word<M::Widths>,
) -> Attempt<Admission<M::Widths>, M> {
    let Some(ramp) = load_timer(memory, rules, word)? else {
        return Ok(None);
    };
    let now = memory.now()?;
    let Some(left) = ramp.left(rules.ticks(now)) else {
        let next = word.ramped();
        let made = change_instance(memory, rules, word, next, rules.deadline(now, rules.stable))?;
        return Ok(made.map(|made| Admission::Admitted {
            ticket: next.ticket(),
            made,
        }));
    };
    let next = word.with_seen();
    // ORDERING: Relaxed; the instance stays, nothing is published.
    if !swap_state(memory, word, next, Ordering::Relaxed)? {
        return Ok(None);
    }
    Ok(Some(if rules.until_admitted(word, left) == 0 {
        Admission::Admitted {
            ticket: word.ticket(),
            made: None,
        }
    } else {
        let left = rules.until_admitted(next, left);
        Admission::Refused {
            reason: Reason::Recovering,
            wait: Some(Wait { left, now }),
        }
    }))
}

/// Counts the outcome of an admitted call. `counted` says that an attempt before answered [`Settled::Counted`].
pub fn settle<M: Memory, N: Counting>(
    memory: &M,
    counting: N,
    rules: &Rules,
    ticket: Word<M::Widths>,
    ended: Ended,
    counted: bool,
) -> Attempt<Settled, M> {
    if ticket.state() == State::Disabled {
        return Ok(Some(Settled::Done(None)));
    }
    let head = counting.head(memory)?;
    let word = load_state(memory)?;
    let age = word.generations_since(ticket);
    if word.counts_outcomes() {
        if age != 0 || ended.outcome == Outcome::Ignored {
            return Ok(Some(without_effect(ended, counted)));
        }
        let recorded = if counted {
            let is_over = counting.is_over(memory, rules, head, word)?;
            is_over.map(|over| if over { Recorded::Trip } else { Recorded::Done })
        } else {
            counting.record(memory, rules, head, word, ended.mark())?
        };
        return match recorded {
            None => Ok(None),
            Some(Recorded::Done) => Ok(Some(Settled::Done(None))),
            Some(Recorded::Check) => Ok(Some(Settled::Counted)),
            Some(Recorded::Trip) => open(memory, rules, word, ended),
        };
    }
    if word.state() != State::HalfOpen || counted || age > word.late() {
        return Ok(Some(without_effect(ended, counted)));
    }
    let next = match ended.outcome {
        Outcome::Ignored if age == 0 => word.released(),
        Outcome::Ignored => return Ok(Some(Settled::Done(None))),
        _ if ended.mark().is_bad() => {
            if word.failed_probes() + 1 >= rules.probe_failures {
                return open(memory, rules, word, ended);
            }
            word.with_failed_probe()
        }
        _ => {
            if word.successes() + 1 >= rules.successes {
                return close(memory, counting, rules, head, word);
            }
            word.with_success()
        }
    };
    let next = if age == 0 && ended.outcome != Outcome::Ignored {
        next.released()
    } else {
        next
    };
    // ORDERING: Relaxed; the instance stays, nothing is published.
    let won = swap_state(memory, word, next, Ordering::Relaxed)?;
    Ok(won.then_some(Settled::Done(None)))
}

/// Of an outcome that changes nothing: whether it came too late.
fn without_effect(ended: Ended, counted: bool) -> Settled {
    if counted || ended.outcome == Outcome::Ignored {
        Settled::Done(None)
    } else {
        Settled::Late
    }
}

/// Opens a breaker that counted one failure too many, or one whose probes did.
fn open<M: Memory>(memory: &M, rules: &Rules, word: Word<M::Widths>, ended: Ended) -> Attempt<Settled, M> {
    let Some(timer) = load_timer(memory, rules, word)? else {
        return Ok(None);
    };
    let now = memory.now()?;
    let attempt = match word.state() {
        State::HalfOpen => word.next_attempt(),
        State::Closed if timer.left(rules.ticks(now)).is_none() => 0,
        _ => word.attempt(),
    };
    let draw = if rules.jitters() { memory.draw() } else { 0 };
    let deadline = rules.deadline(now, rules.cool_down(attempt, ended.outcome.hint(), draw));
    let made = change_instance(memory, rules, word, word.opened(attempt, deadline), deadline)?;
    Ok(made.map(Settled::Done))
}

/// Closes a half-open breaker, with a ramp if there is one.
fn close<M: Memory, N: Counting>(
    memory: &M,
    counting: N,
    rules: &Rules,
    head: N::Head<M::Widths>,
    word: Word<M::Widths>,
) -> Attempt<Settled, M> {
    let (next, wait) = if rules.ramp > 0 {
        (word.recovering(word.next_attempt()), rules.ramp)
    } else {
        (word.closed(word.next_attempt()), rules.stable)
    };
    if counting.prepare(memory, head, word, next)?.is_none() || load_timer(memory, rules, word)?.is_none() {
        return Ok(None);
    }
    let now = memory.now()?;
    let made = change_instance(memory, rules, word, next, rules.deadline(now, wait))?;
    Ok(made.map(Settled::Done))
}

/// Makes the breaker closed, open or disabled, whatever it is, and forgets what it counted.
pub fn force<M: Memory, N: Counting>(
    memory: &M,
    counting: N,
    rules: &Rules,
    to: Forced,
) -> Attempt<Transition, M> {
    let head = counting.head(memory)?;
    let word = load_state(memory)?;
    let (next, wait) = match to {
        Forced::Closed => (word.closed(0), rules.stable),
        Forced::Open => (word.forced_open(), 0),
        Forced::Disabled => (word.disabled(), 0),
    };
    if counting.prepare(memory, head, word, next)?.is_none() || load_timer(memory, rules, word)?.is_none() {
        return Ok(None);
    }
    let now = memory.now()?;
    let made = change_instance(memory, rules, word, next, rules.deadline(now, wait))?;
    Ok(made.flatten())
}

/// What a breaker was before a sleep: what [`restore`] makes of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Former {
    /// Closed, with so many failures in a row; the next opening gets the cool-down of `attempt`.
    Closed {
        /// At most the word's most.
        attempt: u32,
        /// Fewer than open it.
        failures: u32,
    },
    /// Open for so many ticks yet; the cool-down is that of `attempt`.
    Open {
        /// At most the word's most.
        attempt: u32,
        /// At most the longest wait.
        left: u32,
    },
    /// Forced open.
    ForcedOpen,
    /// Disabled.
    Disabled,
}

/// Makes a breaker what it was before a sleep, if it is as it was made: `Some(None)` if it is not.
///
/// One CAS on a state word that is all zero, as every other transition otherwise: who comes at the same time is
/// admitted by the closed breaker that is then over, or changes the word, and nothing is restored.
pub fn restore<M: Memory, N: Counting>(
    memory: &M,
    counting: N,
    rules: &Rules,
    former: Former,
) -> Attempt<Option<Transition>, M> {
    let head = counting.head(memory)?;
    let word = load_state(memory)?;
    if word.bits() != 0 {
        return Ok(Some(None));
    }
    // Of what comes next, only the number of the generation matters to a window.
    let following = word.closed(0);
    if counting.prepare(memory, head, word, following)?.is_none()
        || load_timer(memory, rules, word)?.is_none()
    {
        return Ok(None);
    }
    let wait = match former {
        Former::Closed { .. } => rules.stable,
        Former::Open { left, .. } => left,
        Former::ForcedOpen | Former::Disabled => 0,
    };
    let deadline = rules.deadline(memory.now()?, wait);
    let next = match former {
        Former::Closed { attempt, failures } => word.closed(attempt).with_failures(failures),
        Former::Open { attempt, .. } => word.opened(attempt, deadline),
        Former::ForcedOpen => word.forced_open(),
        Former::Disabled => word.disabled(),
    };
    change_instance(memory, rules, word, next, deadline)
}

/// Reads the state word, what is left of its timer and what the window holds, as they stood together at one moment.
pub fn observe<M: Memory, N: Counting>(
    memory: &M,
    counting: N,
    rules: &Rules,
) -> Attempt<Reading<M::Widths>, M> {
    let head = counting.head(memory)?;
    let word = load_state(memory)?;
    let mut reading = Reading {
        word,
        wait: None,
        counts: Counts::default(),
    };
    if word.counts_outcomes() {
        let Some(counts) = counting.count(memory, head, word)? else {
            return Ok(None);
        };
        reading.counts = counts;
    }
    let waits = match word.state() {
        State::Closed | State::ForcedOpen | State::Disabled => false,
        State::Open | State::Recovering => true,
        State::HalfOpen => word.in_flight() >= rules.probes,
    };
    if waits {
        let Some(deadline) = load_timer(memory, rules, word)? else {
            return Ok(None);
        };
        let now = memory.now()?;
        let left = deadline.left(rules.ticks(now));
        let left = match word.state() {
            State::Recovering => left.map(|left| rules.until_admitted(word, left)),
            _ => left,
        };
        reading.wait = left.filter(|left| *left > 0).map(|left| Wait { left, now });
    }
    // ORDERING: Relaxed; as the second look in `admit`. What the window showed was acquired, too.
    if memory.load(Place::State, Ordering::Relaxed)? != word.bits() {
        return Ok(None);
    }
    Ok(Some(reading))
}

/// A transition whose timer is known.
fn change_instance<M: Memory>(
    memory: &M,
    rules: &Rules,
    word: Word<M::Widths>,
    next: Word<M::Widths>,
    deadline: Deadline<M::Widths>,
) -> Attempt<Option<Transition>, M> {
    // ORDERING: Release; a new instance, see `load_state`.
    if !swap_state(memory, word, next, Ordering::Release)? {
        return Ok(None);
    }
    help(memory, rules, next, Some(deadline))?;
    Ok(Some(Some(event(word, next))))
}

fn load_state<M: Memory>(memory: &M) -> Result<Word<M::Widths>, M::Stop> {
    // ORDERING: Acquire pairs with the Release CAS that began the instance. Its maker had seen both timer words
    // set for the instance before; without this, the words of four instances ago pass for the present ones.
    Ok(Word::from_bits(memory.load(Place::State, Ordering::Acquire)?))
}

/// Changes the state word, if it is still `seen`.
fn swap_state<M: Memory>(
    memory: &M,
    seen: Word<M::Widths>,
    new: Word<M::Widths>,
    order: Ordering,
) -> Result<bool, M::Stop> {
    memory.swap_if(Place::State, seen.bits(), new.bits(), order)
}

type Timer<W> = (Low<W>, High<W>);

fn load_words<M: Memory>(memory: &M) -> Result<Timer<M::Widths>, M::Stop> {
    // ORDERING: Acquire pairs with the Release CAS in `help`: what is read of `state` after these is at least
    // as new as the instance that their writer had seen.
    let low = Low::from_bits(memory.load(Place::Low, Ordering::Acquire)?);
    // ORDERING: Acquire; the same.
    let high = High::from_bits(memory.load(Place::High, Ordering::Acquire)?);
    Ok((low, high))
}

/// The deadline of `word`'s instance; or `None` when it was not set, and this caller helped to set it.
///
/// The words may also belong to a later instance: a CAS on `state` fails then, and a refusal looks again.
fn load_timer<M: Memory>(
    memory: &M,
    rules: &Rules,
    word: Word<M::Widths>,
) -> Attempt<Deadline<M::Widths>, M> {
    let (low, high) = load_words(memory)?;
    if low.is_set_for(word) && high.is_set_for(word) {
        return Ok(Some(Deadline::read(word, low, high)));
    }
    help(memory, rules, word, None)?;
    Ok(None)
}

/// Sets what is unset of the timer of `word`'s instance. `own` is the deadline that its maker decided on.
fn help<M: Memory>(
    memory: &M,
    rules: &Rules,
    word: Word<M::Widths>,
    own: Option<Deadline<M::Widths>>,
) -> Result<(), M::Stop> {
    let (low, high) = load_words(memory)?;
    if low.is_set_for(word) && high.is_set_for(word) {
        return Ok(());
    }
    // The words may be unset because they belong to a later instance, or to one before.
    // ORDERING: Relaxed; as the second look in `admit`.
    if !word.same_instance(Word::from_bits(memory.load(Place::State, Ordering::Relaxed)?)) {
        return Ok(());
    }
    let deadline = match own {
        // Low was set by another, with another deadline perhaps: high must go with what it says.
        Some(own) if low.is_set_for(word) => own.agreeing_with(low),
        Some(own) => own,
        None => {
            let now = memory.now()?;
            match word.state() {
                _ if low.is_set_for(word) => Deadline::after(rules.ticks(now), 0).agreeing_with(low),
                State::Open => Deadline::of_opening(rules.ticks(now), word),
                State::HalfOpen => rules.deadline(now, rules.lease),
                State::Recovering => rules.deadline(now, rules.ramp),
                State::Closed => rules.deadline(now, rules.stable),
                State::ForcedOpen | State::Disabled => rules.deadline(now, 0),
            }
        }
    };
    // Low before high: high can be told from low and any clock that is near, low from nothing.
    if !low.is_set_for(word) {
        // ORDERING: Release pairs with the Acquire loads in `load_words`: who sees this timer sees its instance.
        let next = low.next(deadline).bits();
        if !memory.swap_if(Place::Low, low.bits(), next, Ordering::Release)? {
            return Ok(());
        }
    }
    if !high.is_set_for(word) {
        // ORDERING: Release; the same.
        memory.swap_if(
            Place::High,
            high.bits(),
            high.next(deadline).bits(),
            Ordering::Release,
        )?;
    }
    Ok(())
}
