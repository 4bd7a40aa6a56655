//! How a bucket's words change while others change them too: every load, every compare-and-swap, every reading of the
//! clock, and nothing else. What the words mean, and why no window ever gets too much, is in `word`.
//!
//! ```text
//! READ    spent (Acquire), THEN dated, THEN the clock: dated is then no earlier than what spent was dated by.
//! GRANT   CAS dated, if the stretch is another one; THEN CAS spent. Either fails: again, from the first load.
//! REFUSE  look at spent again: the same as before, or again. Nothing is written.
//! BEGIN   the first to ask who does not get what he asks for writes what there is at first, and looks again.
//! REFUND  CAS spent back to what it was before the grant, if it still is what the grant made it.
//! RESET   CAS dated back, if it is ahead of the clock; THEN CAS spent to unset.
//! ```
//!
//! | who | changes | with | a thread stopped for ever, or an interrupt, leaves |
//! |---|---|---|---|
//! | grant, begin | `dated`, forward | CAS from what it read | before it: nothing. After it: a `dated` that is later than `spent`'s date. Everybody is dated by it, which takes nothing from anybody; unless the bucket was idle for most of the circle of the index, when `spent` may be taken for one that is up to the debt ahead, until `dated` is stale (S stretches), as if it were empty |
//! | grant, begin | `spent`, forward | CAS from what it read | after it: a grant that nobody uses |
//! | refund | `spent`, back | CAS from what its grant wrote | before it: a grant that nobody uses |
//! | reset | `dated`, back | CAS from what it read | a bucket that knows the time again, and has not been emptied of what was handed out |
//! | reset | `spent`, to unset | CAS from what it read | a bucket as new |
//!
//! Every function is one *attempt*, of at most 7 steps (and 12 more where the terms change): it runs from its first load to
//! a decision, or to `None`, for "again", when somebody else's CAS succeeded in the meantime, so that somebody always gets on;
//! or when it has begun the bucket itself, once.
//!
//! Why this order. Who sees a `spent` sees a `dated` that is not before its date, because the one is written after the other
//! and read before it. In the other order, a thread stopped between the two would leave a `spent` far ahead of `dated`, and the next
//! caller take it for one far behind: a whole burst too much.
//!
//! Time is asked for after the words were read. A reading that is older than `dated` is dated up to the beginning of that
//! stretch: it costs a refusal at most. While a clock stands still nothing drips in; when it steps back, nothing does until it is where it was, or
//! until a reset.
//!
//! Limits:
//! - A thread stopped between its loads and its CAS while exactly a multiple of the circle of drops (2^31; of 8
//!   to a microsecond: 268 s, of 1,000 to a millisecond: 36 min) was handed out takes the words for unchanged: up to one burst too much, once.
//! - A reading of the clock more than half the circle of stretches (2^(30 + k) us; 285 years for 8 drops to a microsecond, longer
//!   for fewer) away from `dated` reads the wrong way round.
//! - A reset that has to set `dated` back counts as two, with what is granted in between, if somebody asks just then; a grant that
//!   was read from the unset words, with the clock that was wrong, may come in after it, and is then not counted.
//! - A receipt from before a reset may be taken for one that was given since, if that ended at the very same drop.

use super::receipt::Receipt;
use super::terms::Fixed;
use super::word::{Dated, Reading, Spent, Taking, Terms, Widths};
use crate::memory::{Attempt, Memory};
use crate::rejected::{Reason, Rejected, RetryAfter};
use crate::sync::Ordering;
use crate::time::Instant;

/// Which word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Up to where all was handed out.
    Spent,
    /// When.
    Dated,
    /// Of the terms, where they change: a word of a slot.
    Slot { slot: u32, word: usize },
}

/// Where the terms come from.
pub trait Source {
    /// How wide the fields are.
    type Widths: Widths;
    /// What they are.
    type Terms: Terms<Widths = Self::Widths>;
    /// The terms that belong to this word, if it still stands when they have been read.
    fn terms<M: Memory<Place = Place>>(
        &self,
        memory: &M,
        spent: Spent<Self::Widths>,
    ) -> Result<Self::Terms, M::Stop>;
    /// Keeps the reading of terms that change before what follows.
    fn finish<M: Memory<Place = Place>>(_: &M) {}
}

/// Terms that stay.
impl<W: Widths> Source for Fixed<W> {
    type Widths = W;
    type Terms = Self;

    #[inline]
    fn terms<M: Memory<Place = Place>>(&self, _: &M, _: Spent<W>) -> Result<Self, M::Stop> {
        Ok(*self)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// So many tokens, at least one, or none at all, to be used within so many microseconds.
    All { tokens: u32, wait: u64 },
    /// As many as there are, at least one and at most so many.
    UpTo(u32),
}

/// Takes tokens, or is refused.
pub fn acquire<M: Memory<Place = Place>, S: Source>(
    memory: &M,
    source: &S,
    ask: Ask,
) -> Attempt<Result<Receipt, Rejected>, M> {
    let seen = Seen::of(memory, source)?;
    let reading = Reading::of(&seen.terms, seen.spent, seen.dated, seen.now);
    take::<M, S>(memory, &seen, &reading, ask)
}

/// The same, for who comes often and finds nothing out of the ordinary. `None` says to [`acquire`].
// Always: see the caller.
#[inline(always)]
pub fn acquire_quickly<M: Memory<Place = Place>, S: Source>(
    memory: &M,
    source: &S,
    ask: Ask,
) -> Attempt<Result<Receipt, Rejected>, M> {
    let seen = Seen::of(memory, source)?;
    match Reading::in_stretch(&seen.terms, seen.spent, seen.dated, seen.now) {
        Some(reading) => take::<M, S>(memory, &seen, &reading, ask),
        None => Ok(None),
    }
}

/// What follows on a reading.
#[inline(always)]
fn take<M: Memory<Place = Place>, S: Source>(
    memory: &M,
    seen: &Seen<S::Terms>,
    reading: &Reading<S::Widths>,
    ask: Ask,
) -> Attempt<Result<Receipt, Rejected>, M> {
    let Seen {
        spent,
        dated,
        now,
        terms,
    } = seen;
    let (tokens, wait) = match ask {
        Ask::All { tokens, wait } => (tokens, wait),
        Ask::UpTo(most) => (reading.tokens(terms).clamp(1, most), 0),
    };
    if tokens > terms.most() {
        let never = Rejected::new(Reason::MoreThanBurst, RetryAfter::Never);
        return Ok(stands::<M, S>(memory, *spent)?.then_some(Err(never)));
    }
    let (to, granted) = match reading.take(terms, tokens, wait) {
        Taking::Granted { to, ahead } => {
            let receipt = Receipt {
                date: reading.date,
                ahead,
                step: terms.step(),
                before: reading.rebased(terms).bits(),
                after: to.bits(),
                tokens,
            };
            (to, Some(Ok(receipt)))
        }
        Taking::Begins(to) => (to, None),
        Taking::Short { ahead } => {
            let stands = stands::<M, S>(memory, *spent)?;
            return Ok(stands.then(|| Err(refusal(*now, reading.date, ahead, terms.step()))));
        }
    };
    // ORDERING: Relaxed; the Release of the CAS below publishes it with what is dated by it.
    if reading.moves(*dated)
        && !memory.swap_if(
            Place::Dated,
            dated.bits(),
            reading.dated.bits(),
            Ordering::Relaxed,
        )?
    {
        return Ok(None);
    }
    // ORDERING: Release pairs with the Acquire load in `Seen::of`: who sees it sees `dated` as above, or later. It
    // also keeps the reading of terms that change before it.
    let won = memory.swap_if(Place::Spent, spent.bits(), to.bits(), Ordering::Release)?;
    Ok(if won { granted } else { None })
}

/// Gives back what a receipt was given for, if nobody has taken anything since. Answers how many tokens.
pub fn refund<M: Memory<Place = Place>, S: Source>(
    memory: &M,
    source: &S,
    receipt: &Receipt,
) -> Attempt<u32, M> {
    // ORDERING: Acquire pairs with the Release of the grant, whose `dated` is to be seen below; and passes it on.
    let spent = Spent::<S::Widths>::from_bits(memory.load(Place::Spent, Ordering::Acquire)?);
    if !spent.is(receipt.after) {
        return Ok(Some(0));
    }
    let terms = source.terms(memory, spent)?;
    // ORDERING: Relaxed; see above.
    let dated = Dated::<S::Widths>::from_bits(memory.load(Place::Dated, Ordering::Relaxed)?);
    let age = dated.ahead_of(Dated::of(receipt.date, terms.stretches()));
    if age as u32 > terms.recognised_for() {
        return Ok(stands::<M, S>(memory, spent)?.then_some(0));
    }
    let to = spent.at(Spent::<S::Widths>::from_bits(receipt.before).index());
    // ORDERING: Release, as in `acquire`: this word is dated by what the grant saw.
    let won = memory.swap_if(Place::Spent, spent.bits(), to.bits(), Ordering::Release)?;
    Ok(won.then_some(receipt.tokens))
}

/// Makes the bucket as new, from the clock's present on.
pub fn reset<M: Memory<Place = Place>, S: Source>(memory: &M, source: &S) -> Attempt<(), M> {
    let Seen {
        spent,
        dated,
        now,
        terms,
    } = Seen::of(memory, source)?;
    let present = Dated::of(now, terms.stretches());
    if dated.bits() != 0 && present.ahead_of(dated) < 0 {
        // ORDERING: Relaxed, as in `acquire`.
        memory.swap_if(Place::Dated, dated.bits(), present.bits(), Ordering::Relaxed)?;
        return Ok(None);
    }
    if !spent.is_set() {
        return Ok(Some(()));
    }
    // ORDERING: Release, as in `acquire`.
    let won = memory.swap_if(
        Place::Spent,
        spent.bits(),
        spent.unset().bits(),
        Ordering::Release,
    )?;
    Ok(won.then_some(()))
}

/// Looks at the bucket and changes nothing.
pub fn observe<M: Memory<Place = Place>, S: Source, T>(
    memory: &M,
    source: &S,
    what: impl FnOnce(&Reading<S::Widths>, &S::Terms) -> T,
) -> Attempt<T, M> {
    let Seen {
        spent,
        dated,
        now,
        terms,
    } = Seen::of(memory, source)?;
    if !stands::<M, S>(memory, spent)? {
        return Ok(None);
    }
    Ok(Some(what(&Reading::of(&terms, spent, dated, now), &terms)))
}

/// What an operation begins with.
struct Seen<T: Terms> {
    spent: Spent<T::Widths>,
    dated: Dated<T::Widths>,
    now: Instant,
    terms: T,
}

impl<T: Terms> Seen<T> {
    #[inline]
    fn of<M, S>(memory: &M, source: &S) -> Result<Self, M::Stop>
    where
        M: Memory<Place = Place>,
        S: Source<Terms = T, Widths = T::Widths>,
    {
        // ORDERING: Acquire pairs with the Release of the CAS that wrote it: the load below sees the `dated` of that
        // grant, or a later one.
        let spent = Spent::from_bits(memory.load(Place::Spent, Ordering::Acquire)?);
        let terms = source.terms(memory, spent)?;
        // ORDERING: Relaxed; see above.
        let dated = Dated::from_bits(memory.load(Place::Dated, Ordering::Relaxed)?);
        let now = memory.now()?;
        Ok(Self {
            spent,
            dated,
            now,
            terms,
        })
    }
}

/// Whether what was read belongs together, as far as somebody needs to know who writes nothing.
#[inline]
fn stands<M: Memory<Place = Place>, S: Source>(memory: &M, spent: Spent<S::Widths>) -> Result<bool, M::Stop> {
    S::finish(memory);
    // ORDERING: Relaxed; at worst it misses a change that has just been made, and the refusal was made before that.
    let again = Spent::<S::Widths>::from_bits(memory.load(Place::Spent, Ordering::Relaxed)?);
    Ok(again.is(spent.bits()))
}

/// The refusal of somebody who would be served when the position is so far ahead of that of `date`.
#[inline]
fn refusal(now: Instant, date: Instant, ahead: u64, step: u64) -> Rejected {
    if date == now {
        Rejected::when_passed(Reason::RateLimited, ahead, step)
    } else {
        late_refusal(now, date, ahead, step)
    }
}

/// The same, of somebody whose clock is behind.
#[cold]
fn late_refusal(now: Instant, date: Instant, ahead: u64, step: u64) -> Rejected {
    let retry_after = match Rejected::when_passed(Reason::RateLimited, ahead, step).retry_after() {
        RetryAfter::In(wait) => RetryAfter::In(date.since(now).saturating_add(wait)),
        never => never,
    };
    Rejected::new(Reason::RateLimited, retry_after)
}
