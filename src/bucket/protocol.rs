//! How a bucket's words change while others change them too: every load, every compare-and-swap, every reading of the
//! clock, and nothing else. What the words mean, and why no window ever gets too much, is in `word`.
//!
//! ```text
//! READ    spent (Acquire), THEN dated, THEN the clock: dated is then no earlier than what spent was dated by.
//! GRANT   CAS dated, if the stretch is another one; THEN CAS spent. Either fails: again, from the first load.
//! REFUSE  look at spent again: the same as before, or again. Nothing is written.
//! BEGIN   the first to ask who does not get what he asks for writes what there is at first, and looks again.
//! REFUND  CAS spent back to what it was before the grant, if it still is what the grant made it, and the bucket not full by its age.
//! RESET   CAS dated back, if it is ahead of the clock; THEN CAS spent to unset.
//! ```
//!
//! | who | changes | with | a thread stopped for ever, or an interrupt, leaves |
//! |---|---|---|---|
//! | grant, begin | `dated`, forward | CAS from what it read | before it: nothing. After it: a `dated` that is later than `spent`'s date. Everybody is dated by it, which takes nothing from anybody; unless the bucket was idle for most of the circle of the index, when `spent` may be taken for one that is up to the debt ahead, until `dated` is stale (S stretches), as if it were empty |
//! | grant, begin | `spent`, forward | CAS from what it read | after it: a grant that nobody uses |
//! | refund | `spent`, back | CAS from what its grant wrote | before it: a grant that nobody uses |
//! | reset | `dated`, back | CAS from what it read | see the limits |
//! | reset | `spent`, to unset | CAS from what it read | a bucket as new |
//!
//! Every function is one *attempt*, of at most 5 steps (and 6 more where the terms change): it runs from its first
//! load to a decision, or to `None`, for "again", when somebody else's CAS succeeded in the meantime, so that
//! somebody always gets on; or when it has begun the bucket itself, once, or set `dated` back.
//!
//! Why this order. Who sees a `spent` sees a `dated` that is not before its date, because the one is written after
//! the other and read before it. In the other order, a thread stopped between the two would leave a `spent` far ahead
//! of `dated`, and the next caller take it for one far behind: a whole burst too much.
//!
//! Time is asked for after the words were read. A reading that is older than `dated` is dated up to the beginning of
//! that stretch: it costs a refusal at most. While a clock stands still nothing drips in; when it steps back, nothing
//! does until it is where it was, or until a reset.
//!
//! Limits. The circle of the index comes round when 2^31 drops have dripped in, handed out or not: 268 s of 8 to a
//! microsecond, 36 min of one to a microsecond, longer for fewer.
//! - A thread stopped inside one operation while the circle comes round (or refunding, while others take and give
//!   back over an idle of that length) may take the words for unchanged, or for a bucket that holds something else:
//!   up to one burst too much, once; or everybody is refused for as long as the debt takes to drip in.
//! - A reading of the clock more than half the circle of stretches (2^(30 + k) us; 142 years for 8 drops to a
//!   microsecond, longer for fewer) away from `dated` reads the wrong way round.
//! - A reset with a reading that is behind `dated` counts as two, with what is granted in between, if somebody asks
//!   just then; a grant that was read from the unset words, with the clock that was ahead, may come in after it, and
//!   is then not counted. Stopped for ever between its two writes, it leaves a bucket that may be read as full, or as
//!   in debt.
//! - A receipt from before a reset may be taken for one that was given since, if that ended at the very same drop: at
//!   a rate of zero, if as many were taken.
//! - Where a microsecond's step has a fine part, a clock that passes the seam (413,000 years after its zero) finds
//!   that nothing drips in for the time in which the bucket is certain to be full, and hints are too early.

use super::receipt::Receipt;
use super::terms::Fixed;
use super::word::{Dated, Reading, Spent, Taking, Terms, Widths};
use crate::memory::{Attempt, Memory, Timed};
use crate::passage::Passage;
use crate::rejected::{Reason, Rejected, RetryAfter};
use crate::sync::Ordering;
use crate::time::{Instant, Micros};

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
pub fn acquire<M: Timed<Place = Place>, S: Source>(
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
pub fn acquire_quickly<M: Timed<Place = Place>, S: Source>(
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
        Ask::UpTo(most) => (reading.tokens(terms).min(most).max(1), 0),
    };
    if tokens > terms.most() {
        let never = Rejected::new(Reason::MoreThanBurst, RetryAfter::Never);
        return Ok(stands::<M, S>(memory, *spent)?.then_some(Err(never)));
    }
    let (to, granted) = match reading.take(terms, tokens, wait, *now) {
        Taking::Granted { to, wait } => {
            let receipt = Receipt {
                date: reading.date,
                wait,
                before: reading.restored(terms).bits(),
                after: to.bits(),
                tokens,
            };
            (to, Some(Ok(receipt)))
        }
        Taking::Begins(to) => (to, None),
        Taking::Short { wait, more } => {
            let stands = stands::<M, S>(memory, *spent)?;
            return Ok(stands.then(|| Err(refusal(wait, more))));
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
pub fn refund<M: Timed<Place = Place>, S: Source>(
    memory: &M,
    source: &S,
    receipt: &Receipt,
) -> Attempt<u32, M> {
    let Seen {
        spent,
        dated,
        now,
        terms,
    } = Seen::of(memory, source)?;
    // While the terms change, whoever changes them may have read this very word, and would not notice if it went back
    // and forth.
    if !spent.is(receipt.after) || spent.bits() & S::Widths::BUSY != 0 {
        return Ok(Some(0));
    }
    let age = dated.ahead_of(Dated::of(receipt.date, terms.stretches()));
    let idle = Dated::of(terms.date(now), terms.stretches()).ahead_of(dated);
    // After so long the bucket is full, with these tokens or without; and somebody may be about to say so, who would
    // not notice if `spent` went back and forth again.
    let is_full = idle > 0 && terms.is_stale(idle as u32);
    if is_full || age as u32 > terms.recognised_for() {
        return Ok(stands::<M, S>(memory, spent)?.then_some(0));
    }
    let to = spent.at(Spent::<S::Widths>::from_bits(receipt.before).index());
    // ORDERING: Release keeps the reading of terms that change before it; loom cannot show that (load buffering).
    // What the grant published goes on through any read-modify-write.
    let won = memory.swap_if(Place::Spent, spent.bits(), to.bits(), Ordering::Release)?;
    Ok(won.then_some(receipt.tokens))
}

/// Makes the bucket as new, from the clock's present on.
pub fn reset<M: Timed<Place = Place>, S: Source>(memory: &M, source: &S) -> Attempt<(), M> {
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
pub fn observe<M: Timed<Place = Place>, S: Source, T>(
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
        M: Timed<Place = Place>,
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

/// The refusal of somebody who would be served when the passage is over, and so many microseconds more.
#[inline]
fn refusal(wait: Passage, more: u64) -> Rejected {
    if more == 0 {
        Rejected::until(Reason::RateLimited, wait)
    } else {
        late_refusal(wait, more)
    }
}

/// The same, of somebody whose clock is behind.
#[cold]
fn late_refusal(wait: Passage, more: u64) -> Rejected {
    let retry_after = match wait.takes() {
        Some(wait) => RetryAfter::In(wait.saturating_add(Micros::from_micros(more))),
        None => RetryAfter::Never,
    };
    Rejected::new(Reason::RateLimited, retry_after)
}
