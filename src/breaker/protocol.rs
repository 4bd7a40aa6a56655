//! How the three words change while others change them too: every load, every compare-and-swap, every reading
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
//!
//! Every function is one *attempt*: it runs from its first load to a decision, or to `None` when somebody else
//! changed a word on the way, which stands for "again, from the first load". An attempt is bounded (at most
//! 11 steps), and it ends in `None` only if another caller's CAS succeeded meanwhile or this one's did (it
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

use super::Transition;
use super::rules::Rules;
use super::word::{Deadline, High, Low, State, Widths, Word};
use crate::rejected::Reason;
use crate::sync::Ordering;
use crate::time::{Instant, Micros};

/// Which of the three words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The state word.
    State,
    /// The low timer word.
    Low,
    /// The high timer word.
    High,
}

/// Three words and a clock: atomics and a real clock in what ships, anything at all in the explorer.
///
/// Each method is one step; between two steps anybody may do anything.
pub trait Memory {
    /// How wide the fields are.
    type Widths: Widths;
    /// What stops an operation in the middle: nothing, in what ships.
    type Stop;
    /// Reads a word.
    fn load(&self, place: Place, order: Ordering) -> Result<u32, Self::Stop>;
    /// Writes `new` if the word is still `seen`, and says whether it was. `order` is that of success; a CAS
    /// that fails is Relaxed, since its caller goes back to the loads.
    fn swap_if(&self, place: Place, seen: u32, new: u32, order: Ordering) -> Result<bool, Self::Stop>;
    /// Asks the clock.
    fn now(&self) -> Result<Instant, Self::Stop>;
    /// A random number for the jitter.
    fn draw(&self) -> u32;
}

/// An attempt's answer: a decision, or `None` for "again".
pub type Attempt<T, M> = Result<Option<T>, <M as Memory>::Stop>;

/// What [`admit`] decided.
#[derive(Clone, Copy, Debug)]
pub enum Admission<W: Widths> {
    /// The call may be made. `ticket` goes into its permit; the transition, if it made one, is this caller's.
    Admitted {
        /// The state word in which it was admitted; a closed one without its failures.
        ticket: Word<W>,
        /// The transition that admitting it made.
        made: Option<Transition>,
    },
    /// The call may not be made.
    Refused {
        /// Open, or no probe slot free.
        reason: Reason,
        /// Ticks until the cool-down or the lease is over; never zero.
        left: u32,
        /// The clock reading that decided.
        now: Instant,
    },
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// It failed; the service asked to be left alone for this long (zero if it did not say).
    Failure(Micros),
    /// It says nothing about the service: cancelled, or ignored.
    Neutral,
}

/// What a state word and its timer say at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading<W: Widths> {
    /// The state word.
    pub word: Word<W>,
    /// Ticks until the cool-down, or the lease of a full round, is over; `None` when nothing is waited for.
    pub left: Option<u32>,
    /// The clock reading that this was seen from, where one was needed.
    pub now: Option<Instant>,
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
    Ok(word.is_closed().then(|| word.without_failures()))
}

/// Admits a call or refuses it.
pub fn admit<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Admission<M::Widths>, M> {
    let word = load_state(memory)?;
    if word.is_closed() {
        return Ok(Some(Admission::Admitted {
            ticket: word.without_failures(),
            made: None,
        }));
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
            return Ok(Some(Admission::Refused { reason, left, now }));
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

/// Whether the success of a call with this ticket changes nothing: the breaker is closed, still in the
/// ticket's generation, and has no failures to forget.
#[inline]
pub fn is_quiet_success<M: Memory>(memory: &M, ticket: Word<M::Widths>) -> Result<bool, M::Stop> {
    // ORDERING: Relaxed; this one word decides, and nothing is done about it.
    let word = Word::from_bits(memory.load(Place::State, Ordering::Relaxed)?);
    Ok(word == ticket && word.is_closed())
}

/// What a call's outcome does to a state word.
enum Verdict<W> {
    /// Nothing: it comes too late, or there is nothing to change.
    Nothing,
    /// It is counted, within the instance.
    Count(Word<W>),
    /// The breaker opens, for the first time in a row.
    Trip,
    /// The breaker opens again after a failed probe.
    Reopen,
    /// The breaker closes.
    Close,
}

/// Counts the outcome of an admitted call, and answers the transition that it made, if it made one.
pub fn settle<M: Memory>(
    memory: &M,
    rules: &Rules,
    ticket: Word<M::Widths>,
    outcome: Outcome,
) -> Attempt<Option<Transition>, M> {
    let word = load_state(memory)?;
    let verdict = judge(rules, word, ticket, outcome);
    if let Verdict::Nothing = verdict {
        return Ok(Some(None));
    }
    if let Verdict::Count(next) = verdict {
        // ORDERING: Relaxed; the instance stays, nothing is published.
        return Ok(swap_state(memory, word, next, Ordering::Relaxed)?.then_some(None));
    }
    let Some(stable) = load_timer(memory, rules, word)? else {
        return Ok(None);
    };
    let now = memory.now()?;
    let (next, deadline) = if let Verdict::Close = verdict {
        (
            word.closed(word.next_attempt()),
            rules.deadline(now, rules.stable),
        )
    } else {
        let attempt = match verdict {
            Verdict::Reopen => word.next_attempt(),
            _ if stable.left(rules.ticks(now)).is_some() => word.attempt(),
            _ => 0,
        };
        let hint = if let Outcome::Failure(hint) = outcome {
            hint
        } else {
            Micros::ZERO
        };
        let draw = if rules.jitters() { memory.draw() } else { 0 };
        let deadline = rules.deadline(now, rules.cool_down(attempt, hint, draw));
        (word.opened(attempt, deadline), deadline)
    };
    change_instance(memory, rules, word, next, deadline)
}

fn judge<W: Widths>(rules: &Rules, word: Word<W>, ticket: Word<W>, outcome: Outcome) -> Verdict<W> {
    let age = word.generations_since(ticket);
    match (word.state(), outcome) {
        (State::Closed, Outcome::Success) if age == 0 && word.failures() > 0 => {
            Verdict::Count(word.without_failures())
        }
        (State::Closed, Outcome::Failure(_)) if age == 0 && word.failures() + 1 < rules.threshold => {
            Verdict::Count(word.with_failure())
        }
        (State::Closed, Outcome::Failure(_)) if age == 0 => Verdict::Trip,
        (State::HalfOpen, Outcome::Neutral) if age == 0 => Verdict::Count(word.released()),
        (State::HalfOpen, Outcome::Failure(_)) if age <= word.late() => Verdict::Reopen,
        (State::HalfOpen, Outcome::Success) if age <= word.late() => {
            if word.successes() + 1 >= rules.successes {
                Verdict::Close
            } else if age == 0 {
                Verdict::Count(word.with_success().released())
            } else {
                Verdict::Count(word.with_success())
            }
        }
        _ => Verdict::Nothing,
    }
}

/// Closes the breaker, whatever it is, and forgets what it counted.
pub fn reset<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Transition, M> {
    let word = load_state(memory)?;
    if load_timer(memory, rules, word)?.is_none() {
        return Ok(None);
    }
    let now = memory.now()?;
    let made = change_instance(
        memory,
        rules,
        word,
        word.closed(0),
        rules.deadline(now, rules.stable),
    )?;
    Ok(made.flatten())
}

/// Reads the state word and what is left of its timer, as they stood together at one moment.
pub fn observe<M: Memory>(memory: &M, rules: &Rules) -> Attempt<Reading<M::Widths>, M> {
    let word = load_state(memory)?;
    let waits = match word.state() {
        State::Closed => false,
        State::Open => true,
        State::HalfOpen => word.in_flight() >= rules.probes,
    };
    if !waits {
        return Ok(Some(Reading {
            word,
            left: None,
            now: None,
        }));
    }
    let Some(deadline) = load_timer(memory, rules, word)? else {
        return Ok(None);
    };
    let now = memory.now()?;
    // ORDERING: Relaxed; as the second look in `admit`.
    if memory.load(Place::State, Ordering::Relaxed)? != word.bits() {
        return Ok(None);
    }
    Ok(Some(Reading {
        word,
        left: deadline.left(rules.ticks(now)),
        now: Some(now),
    }))
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
                State::Closed => rules.deadline(now, rules.stable),
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
