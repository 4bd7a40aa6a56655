//! What is claimed of answers: to who is refused, who looks, and who gives back.

use watertight::bucket::word::Widths;
use watertight::{Reason, RetryAfter};

use super::model::{Model, Wrong, wrong};
use super::script::{Claims, Op, Sight, Thread};
use super::subjects::{Bucket, Observed, Refused};
use super::system::Set;

impl<S: Bucket, W: Widths> Set<S, W> {
    /// An observer reads what there is.
    pub fn observed(
        &self,
        (model, word): (&Model, u32),
        thread: &Thread,
        observed: Observed,
    ) -> Result<u64, Wrong> {
        let date = self.date(thread);
        let base = self.base(model.spent, date);
        let line = &self.line;
        let whole = self.is_full(model.spent, date);
        let there = if whole { line.hi(date) } else { line.lo(date) } - base;
        let tokens = (there / line.token).max(0);
        let ahead = self.may_be_taken_for_ahead(model.spent, model, thread.dated.flatten(), date);
        let pristine = model.spent.is_none() || whole && line.initial == line.burst;
        let right = i64::from(observed.tokens) == tokens && observed.is_pristine == pristine
            || ahead && (model.loose || i64::from(observed.tokens) <= tokens && !observed.is_pristine);
        let stands = thread.spent.is_some_and(|(seen, _)| seen == word);
        self.claim(stands, || "observed what was not so any more".into())?;
        if !(right || stands && self.came_round(model, thread)) {
            return wrong(format!("observed {observed:?}, where there are {tokens} tokens"));
        }
        Ok(Sight::Observed.bit())
    }

    /// A refusal is right when it is made, and says when to come back.
    pub fn refused(
        &self,
        (model, word): (&Model, u32),
        thread: &Thread,
        op: Op,
        refused: Refused,
    ) -> Result<u64, Wrong> {
        let line = &self.line;
        let (asked, wait) = match op {
            Op::Reserve(asked, wait) => (asked, (i64::from(wait) * self.plan.tick).min(line.longest_wait)),
            Op::Take(asked) => (asked, 0),
            _ => (1, 0),
        };
        if asked > self.plan.burst {
            let never = refused.reason == Reason::MoreThanBurst && refused.retry_after == RetryAfter::Never;
            return match never {
                true => Ok(Sight::RefusedForEver.bit()),
                false => wrong(format!("{refused:?} for more than the bucket holds")),
            };
        }
        let (date, now) = (self.date(thread), thread.now.expect("it asked"));
        // Whoever waits, waits from his reading on.
        let until = date.max(now + wait);
        let target = self.base(model.spent, date) + i64::from(asked) * line.token;
        let sights = Sight::Refused.bit() | Sight::RefusedLater.when(Some(date) > thread.now);
        let stands = thread.spent.is_some_and(|(seen, _)| seen == word);
        self.claim(stands, || "refused by what was not so any more".into())?;
        if stands && self.came_round(model, thread) {
            return Ok(sights | Sight::CameRound.bit());
        }
        if self.may_be_taken_for_ahead(model.spent, model, thread.dated.flatten(), date) {
            let wrongly = line.lo(until) >= target && !model.loose;
            return Ok(sights | Sight::TakenForAhead.when(wrongly));
        }
        if line.lo(until) >= target {
            return wrong(format!(
                "refused, though there are {} drops of {} at {date} us",
                line.lo(date) - target + i64::from(asked) * line.token,
                i64::from(asked) * line.token,
            ));
        }
        match (refused.retry_after, line.time_of(1)) {
            (RetryAfter::Never, None) => Ok(sights | Sight::RefusedForEver.bit()),
            (RetryAfter::In(micros), Some(_)) => {
                let then = now + micros.as_micros() as i64 + wait;
                match line.lo(then) >= target && line.lo(then - 1) < target {
                    true => Ok(sights),
                    false => wrong(format!(
                        "to come back after {micros:?}, which is not the first microsecond with drop {target}"
                    )),
                }
            }
            (said, _) => wrong(format!("to come back: {said:?}")),
        }
    }

    /// Only what is on top is given back, and all of it.
    pub fn refunded(
        &self,
        model: &mut Model,
        thread: &mut Thread,
        tokens: u32,
        written: Option<(u32, u32)>,
    ) -> Result<u64, Wrong> {
        let Some(grant) = thread.grant.take() else {
            return Ok(0);
        };
        if tokens == 0 {
            let too_old = model.spent == Some(grant.after) && model.era == grant.era && !model.loose;
            return Ok(Sight::GaveNothingBack.bit() | Sight::ReceiptTooOld.when(too_old));
        }
        let Some((_, new)) = written else {
            return wrong("given back, and nothing was written");
        };
        let mut sights = Sight::GaveBack.bit();
        if model.era != grant.era || model.loose {
            // The documented limit: it is taken for another that ended at the same drop.
            sights |= Sight::ReceiptOfAnotherEra.bit();
            model.restart();
        } else if self.plan.claims == Claims::All
            && thread
                .spent
                .is_some_and(|(_, number)| number == Some(grant.after) && number != model.spent)
        {
            // The documented limit: the index came round while he was stopped.
            sights |= Sight::CameRound.bit();
            model.restart();
        } else {
            self.claim(model.spent == Some(grant.after), || {
                format!(
                    "a grant up to {} was given back, though {:?} is handed out",
                    grant.after, model.spent
                )
            })?;
            // To the part of a drop that a full bucket loses.
            self.claim(
                tokens == grant.tokens && (-1..=1).any(|cut| self.has_index(new, grant.before + cut)),
                || format!("{tokens} tokens were given back of {}", grant.tokens),
            )?;
            model.give_back(grant.act, tokens);
        }
        let index = i64::from(new >> (32 - W::INDEX));
        model.spent = model.spent.map(|spent| self.line.largest(index, spent));
        Ok(sights)
    }
}
