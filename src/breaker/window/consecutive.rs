//! Failures in a row: counted in the state word itself, so that counting and opening are one compare-and-swap.

use super::{Counting, Counts, Mark, Recorded, Rule, Window};
use crate::breaker::memory::{Memory, Place};
use crate::breaker::rules::Rules;
use crate::breaker::word::{Widths, Word};
use crate::memory::Attempt;
use crate::sync::{AtomicU32, Ordering};

/// Failures in a row: no words of its own, and the rule of [`Config::consecutive`](crate::Config::consecutive).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consecutive;

impl Rule for Consecutive {
    const BITS: u32 = 1;
    const IS_RATE: bool = false;
}

impl Window for Consecutive {
    type Rule = Self;
    type Counting = InARow;
    const COUNTING: InARow = InARow;

    #[inline]
    fn words(&self) -> &[AtomicU32] {
        &[]
    }
}

/// How failures in a row are counted.
#[derive(Clone, Copy, Debug)]
pub struct InARow;

impl Counting for InARow {
    type Head<W: Widths> = ();

    #[inline]
    fn head<M: Memory>(self, _: &M) -> Result<(), M::Stop> {
        Ok(())
    }

    fn record<M: Memory>(
        self,
        memory: &M,
        rules: &Rules,
        (): (),
        word: Word<M::Widths>,
        mark: Mark,
    ) -> Attempt<Recorded, M> {
        // A change of configuration may leave a ramp behind that counts less far than the new threshold.
        let most = if word.is_closed() {
            Word::<M::Widths>::MOST_FAILURES
        } else {
            Word::<M::Widths>::MOST_FAILURES_RECOVERING
        };
        let next = if !mark.failed {
            word.without_failures()
        } else if word.failures() + 1 < rules.threshold.min(most) {
            word.with_failure()
        } else {
            return Ok(Some(Recorded::Trip));
        };
        if next == word {
            return Ok(Some(Recorded::Done));
        }
        // ORDERING: Relaxed; the instance stays, nothing is published.
        let counted = memory.swap_if(Place::State, word.bits(), next.bits(), Ordering::Relaxed)?;
        Ok(counted.then_some(Recorded::Done))
    }

    fn prepare<M: Memory>(self, _: &M, (): (), _: Word<M::Widths>, _: Word<M::Widths>) -> Attempt<(), M> {
        // The count is in the state word, which begins with none.
        Ok(Some(()))
    }

    fn is_over<M: Memory>(self, _: &M, _: &Rules, (): (), _: Word<M::Widths>) -> Attempt<bool, M> {
        // Nothing is counted that is not judged in the same step.
        Ok(Some(false))
    }

    fn count<M: Memory>(self, _: &M, (): (), word: Word<M::Widths>) -> Attempt<Counts, M> {
        let failures = word.failures();
        Ok(Some(Counts {
            calls: failures,
            failures,
            slow: 0,
        }))
    }

    #[inline]
    fn succeed_quickly<M: Memory>(self, memory: &M, ticket: Word<M::Widths>) -> Result<bool, M::Stop> {
        // ORDERING: Relaxed; this one word decides, and nothing else is read on its strength.
        let word = Word::from_bits(memory.load(Place::State, Ordering::Relaxed)?);
        if word == ticket && word.is_closed() {
            return Ok(true);
        }
        if !word.is_closed() || word.ticket() != ticket {
            return Ok(false);
        }
        // There are failures to forget.
        // ORDERING: Relaxed; the instance stays, nothing is published.
        memory.swap_if(Place::State, word.bits(), ticket.bits(), Ordering::Relaxed)
    }
}
