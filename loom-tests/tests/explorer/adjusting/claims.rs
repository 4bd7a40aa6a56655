//! What is claimed of each step.

use watertight::bucket::adjustable::slot::{BUSY, Changing, Slot, WORDS as SLOT, generation};
use watertight::{Reason, RetryAfter};

use super::model::{Model, Wrong, wrong};
use super::script::{Claims, Clock, Grant, Moment, Op, Sight, Thread};
use super::subjects::{Adjustable, Refused};
use super::system::{Done, Facts, Set};

impl<S: Adjustable, W: Changing> Set<S, W> {
    /// The date that a thread goes by: its clock's reading, or the beginning of the stretch that it saw in `dated`, or the moment of the last
    /// change, whichever is later.
    pub fn date(&self, model: &Model, thread: &Thread) -> i64 {
        let now = thread.now.expect("it asked");
        let date = match thread.dated.flatten() {
            Some(stretch) if stretch > self.scale.stretch(now) => self.scale.begin(stretch),
            _ => now,
        };
        if model.changes() > 0 {
            date.max(model.terms().since)
        } else {
            date
        }
    }

    fn lo(&self, model: &Model, at: i64) -> i64 {
        self.scale.down(model.terms().position(at))
    }

    fn hi(&self, model: &Model, at: i64) -> i64 {
        self.scale.up(model.terms().position(at))
    }

    fn burst(&self, model: &Model) -> i64 {
        i64::from(model.terms().burst) * self.scale.token
    }

    fn initial(&self, model: &Model) -> i64 {
        self.scale.initial.min(self.burst(model))
    }

    /// Up to where all is handed out, at a date: a full bucket loses what comes in.
    fn base(&self, model: &Model, date: i64) -> i64 {
        let (initial, burst) = (self.initial(model), self.burst(model));
        match model.spent {
            Some(spent) => spent.max(self.hi(model, date) - burst),
            None if initial < burst => self.lo(model, date) - initial,
            None => self.hi(model, date) - burst,
        }
    }

    /// Whether it holds all that it can.
    fn is_full(&self, model: &Model, date: i64) -> bool {
        match model.spent {
            Some(spent) => spent <= self.lo(model, date) - self.burst(model),
            None => self.initial(model) == self.burst(model),
        }
    }

    fn taken_for(&self, model: &Model, index: i64, date: i64) -> i64 {
        self.scale.largest(index, self.lo(model, date) + self.scale.debt)
    }

    /// A bucket may be taken for emptier than it is only if it was idle for nearly the circle, and `dated` was moved without `spent`.
    fn may_be_taken_for_ahead(&self, model: &Model, thread: &Thread, date: i64) -> bool {
        let near = self.scale.circle - self.scale.debt;
        let idle = model
            .spent
            .is_some_and(|spent| self.lo(model, date) - spent >= near);
        idle && thread.dated.flatten().is_some_and(|dated| dated > model.written)
    }

    fn claim(&self, holds: bool, sentence: impl FnOnce() -> String) -> Result<(), Wrong> {
        match holds || self.plan.claims != Claims::All {
            true => Ok(()),
            false => wrong(sentence()),
        }
    }

    /// Whoever acts on terms has read those that hold.
    fn goes_by_one_change(&self, model: &Model, thread: &Thread) -> Result<(), Wrong> {
        self.claim(thread.read == model.live(), || {
            let torn = if model.were_live(&thread.read) {
                "do not hold any more"
            } else {
                "never held"
            };
            format!("acts on terms that {torn}")
        })
    }

    /// `dated` was written.
    pub fn dated_written(&self, model: &mut Model, thread: &Thread, op: Op, new: u32) -> Result<u64, Wrong> {
        let stretch = self.scale.stretch(thread.now.expect("it asked"));
        let stretch = stretch.max(thread.dated.flatten().unwrap_or(stretch));
        let width = 1_i64 << W::STRETCH;
        let said = new >> (32 - W::STRETCH);
        self.claim(
            new & 1 == 1 && i64::from(said) == stretch.rem_euclid(width),
            || format!("dated says {said}, where it must be {stretch}"),
        )?;
        let back = op == Op::Reset || model.dated.is_some_and(|dated| dated > stretch);
        self.claim(!back, || "dated was set back".into())?;
        model.dated = Some(stretch);
        Ok(Sight::DatedMoved.bit())
    }

    /// `spent` was written, by anybody: the tail is nobody's but that of whoever changes the terms.
    pub fn spent_written(
        &self,
        moment: &mut Moment,
        thread: &Thread,
        (number, op): (usize, Op),
        (seen, new): (u32, u32),
    ) -> Result<u64, Wrong> {
        let model = &mut moment.model;
        let (_, stood_for, changes, _) = thread.spent.expect("it looked");
        self.claim(stood_for == model.spent && changes == model.changes(), || {
            "took a word for the same that stood for something else by then".into()
        })?;
        if let Op::Change(..) = op {
            if !thread.claimed {
                self.claim(model.claimant.is_none(), || {
                    "two change the terms at a time".into()
                })?;
                self.claim(new == seen | BUSY, || "a claim has changed more than busy".into())?;
                model.claimant = Some(number as u8);
                return Ok(Sight::Claimed.bit());
            }
            return self.switched(moment, thread, op, new);
        }
        self.goes_by_one_change(model, thread)?;
        let tail = !0 >> W::INDEX & !1;
        self.claim((seen ^ new) & tail == 0, || {
            "a tail was changed by somebody who asks".into()
        })?;
        Ok(Sight::GrantedWhileBusy.when(op.ask(1).is_some() && model.claimant.is_some()))
    }

    /// The terms have changed.
    fn switched(&self, moment: &mut Moment, thread: &Thread, op: Op, new: u32) -> Result<u64, Wrong> {
        let model = &mut moment.model;
        self.goes_by_one_change(model, thread)?;
        let over_reset = thread.spent.is_some_and(|(.., resets)| resets != model.resets);
        if over_reset {
            model.forget();
        }
        let (date, (step, burst)) = (self.date(model, thread), self.asked(op));
        let full = self.is_full(model, date);
        let cut = full || model.spent.is_none();
        let position = match cut {
            true => self.scale.drops(self.hi(model, date)),
            false => model.terms().position(date),
        };
        let next = model.changes() + 1;
        let at = 2 + usize::from(next & 1) * SLOT;
        let written = Slot::from_words::<W>(moment.words[at..at + SLOT].try_into().expect("a slot"));
        let slot = written.unwrap_or(Slot {
            step: 0,
            burst: 0,
            phase: 0,
            since: self.instant(0),
        });
        self.claim(slot.step as i128 == step && slot.burst == burst, || {
            format!("the slot that is live now says {written:?}")
        })?;
        self.claim(slot.since == self.instant(date), || {
            format!(
                "the terms hold since {:?}, where that must be {date} us",
                slot.since
            )
        })?;
        let goes_on = slot
            .phase
            .wrapping_add(self.instant(date).as_micros().wrapping_mul(slot.step));
        self.claim(goes_on == position as u64, || {
            format!(
                "the index goes on from {goes_on:#x}, where it was {:#x}",
                position as u64
            )
        })?;
        if !matches!(self.plan.clock, Clock::Any(_)) {
            let latest = model.latest().filter(|latest| *latest > date);
            self.claim(latest.is_none(), || {
                format!("the terms change at {date} us, and there is a grant of {latest:?} by the old ones")
            })?;
        }
        self.claim(
            u32::from(next) & ((1 << W::GENERATION) - 1) == generation::<W>(new) && new & BUSY == 0,
            || "another generation than the next, or still busy".into(),
        )?;
        // What nobody has asked stays so.
        self.claim((new & 1 == 1) == model.spent.is_some(), || {
            "a change has begun the bucket".into()
        })?;
        let left = self.base(model, date);
        let before = if full {
            self.burst(model)
        } else {
            self.lo(model, date) - left
        };
        let mut sights = Sight::Changed.bit()
            | Sight::ChangedFull.when(full && model.spent.is_some())
            | Sight::ChangedInDebt.when(model.spent.is_some() && before < 0)
            | Sight::ChangedUnasked.when(model.spent.is_none())
            | Sight::ChangedAgain.when(thread.slow)
            | Sight::ChangedOverReset.when(over_reset);
        let words = Slot::beginning(step as u64, burst, self.instant(date), position as u64);
        model.change((date, position), step, burst, words.to_words::<W>());
        model.claimant = None;
        if model.spent.is_some() {
            let taken_for = self.taken_for(model, i64::from(new >> (32 - W::INDEX)), date);
            let after = (self.lo(model, date) - taken_for).min(self.burst(model));
            self.claim(after <= before, || {
                format!("there are {after} drops after the change, and {before} before")
            })?;
            if taken_for > left {
                sights |= Sight::TakenForAhead.bit();
                let may_be = self.may_be_taken_for_ahead(model, thread, date);
                self.claim(may_be, || {
                    format!("{before} drops before the change, and {after} after")
                })?;
            }
            model.spent = Some(taken_for);
            model.written = self.scale.stretch(date);
            self.claim(model.dated >= Some(model.written), || {
                "dated is before the change".into()
            })?;
        }
        self.is_within(model).map(|()| sights)
    }

    /// The first who did not get what he asked for wrote what there is at first.
    pub fn begun(&self, model: &mut Model, thread: &Thread, (seen, new): (u32, u32)) -> Result<u64, Wrong> {
        let date = self.date(model, thread);
        let base = self.base(model, date);
        let index = i64::from(new >> (32 - W::INDEX));
        let right = seen & 1 == 0 && new & 1 == 1 && index == base.rem_euclid(self.scale.circle);
        self.claim(right, || {
            format!("the bucket begins with spent at {index}, where it must be {base}")
        })?;
        model.begin(&self.scale, date, self.initial(model));
        model.spent = Some(base);
        model.written = self.scale.stretch(date);
        Ok(Sight::Begun.bit())
    }

    /// An operation has come to its end; `written` is what `spent` was and is, if it was written.
    pub fn decided(
        &self,
        moment: &mut Moment,
        thread: &mut Thread,
        (op, done): (Op, Done),
        written: Option<(u32, u32)>,
    ) -> Result<u64, Wrong> {
        let word = moment.words[0];
        let model = &mut moment.model;
        match done {
            Done::Granted(facts) => self.granted(model, thread, (op, facts), written),
            Done::Refused(refused) => {
                let stands = thread.spent.is_some_and(|(seen, ..)| (seen ^ word) & !BUSY == 0);
                self.goes_by_one_change(model, thread)?;
                self.claim(stands, || "refused by what was not so any more".into())?;
                self.refused(model, thread, op, refused)
            }
            Done::Refunded(tokens) => self.refunded(model, thread, tokens, written),
            Done::Reset => {
                let unset = word & 1 == 0;
                self.claim(unset, || "reset, and somebody has asked".into())?;
                let busy = model.claimant.is_some();
                if written.is_some() {
                    model.restart();
                }
                Ok(Sight::Reset.bit() | Sight::ResetWhileBusy.when(busy && written.is_some()))
            }
            Done::Claimed(_) => {
                let busy =
                    model.claimant.is_some() && thread.spent.is_some_and(|(seen, ..)| seen & BUSY != 0);
                self.claim(busy, || "busy, and nobody changes the terms".into())?;
                Ok(Sight::WasBusy.bit())
            }
            Done::Switched => Ok(0),
        }
    }

    /// Tokens were granted.
    fn granted(
        &self,
        model: &mut Model,
        thread: &mut Thread,
        (op, facts): (Op, Facts),
        written: Option<(u32, u32)>,
    ) -> Result<u64, Wrong> {
        let Facts { date, act, tokens } = facts;
        let scale = &self.scale;
        let drops = i64::from(tokens) * scale.token;
        let due = self.date(model, thread);
        self.claim(date == due, || {
            format!("dated {date} us, where it must be {due} us")
        })?;
        let Some((seen, new)) = written else {
            return wrong("granted, and nothing was written");
        };
        self.claim(new & 1 == 1, || "spent is written unset".into())?;
        let slip = match act > date {
            true => (drops + scale.rounding - self.burst(model)).max(0),
            false => 0,
        };
        let expected = self.base(model, date);
        let index = i64::from(new >> (32 - W::INDEX)) - drops - slip;
        let base = self.taken_for(model, index, date);
        self.claim(base >= expected, || {
            format!("spent was taken for {base}, where it is {expected}")
        })?;
        let ahead = self.may_be_taken_for_ahead(model, thread, date);
        self.claim(base == expected || ahead, || {
            format!("spent was taken for {base}, ahead of {expected}, without a reason")
        })?;
        let full = self.is_full(model, date) && base == expected;
        let right = self.is_right(model, (op, thread), facts, (base, full)) || ahead && act == date;
        self.claim(right, || format!("{facts:?}, where {base} is spent"))?;
        let sights = Sight::Granted.bit()
            | Sight::GrantedFull.when(full)
            | Sight::DatedLater.when(Some(date) > thread.now)
            | Sight::DatedSince
                .when(model.changes() > 0 && Some(date) > thread.now && date == model.terms().since)
            | Sight::Reserved.when(act > date)
            | Sight::Slipped.when(slip > 0)
            | Sight::TakenForAhead.when(base > expected);
        if seen & 1 == 0 && self.initial(model) < self.burst(model) {
            model.begin(scale, date, self.initial(model));
        }
        let before = base;
        let after = base + drops + slip;
        model.spent = Some(after);
        model.written = scale.stretch(date);
        self.claim(model.dated >= Some(model.written), || {
            "dated is before spent's date".into()
        })?;
        model.grant(act, tokens, act > date);
        thread.grant = Some(Grant {
            op,
            slow: thread.slow,
            answers: thread.answers,
            before,
            after,
            act,
            tokens,
            changes: model.changes(),
            resets: model.resets,
        });
        self.is_within(model).map(|()| sights)
    }

    /// Whether this is what there is to be had of a bucket with so much spent.
    fn is_right(
        &self,
        model: &Model,
        (op, thread): (Op, &Thread),
        Facts { date, act, tokens }: Facts,
        (base, full): (i64, bool),
    ) -> bool {
        let top = if full {
            self.hi(model, date)
        } else {
            self.lo(model, date)
        };
        let target = base + i64::from(tokens) * self.scale.token;
        let there = (top - base) / self.scale.token;
        let (count, wait) = match op {
            Op::UpTo(most) => (i64::from(most).min(there), 0),
            Op::Reserve(asked, wait) => (i64::from(asked), i64::from(wait) * self.plan.tick),
            Op::Take(asked) => (i64::from(asked), 0),
            _ => return false,
        };
        let wait = wait.min(self.longest_wait(model));
        let when = match act > date {
            false => target <= top,
            true => {
                let first = self.lo(model, act) >= target && self.lo(model, act - 1) < target;
                first && act <= thread.now.expect("it asked") + wait
            }
        };
        count == i64::from(tokens) && when
    }

    /// No window holds more than the largest burst in force and what each rate brings.
    fn is_within(&self, model: &Model) -> Result<(), Wrong> {
        let (excess, sentence) = model.excess(&self.scale);
        self.most_excess.set(self.most_excess.get().max(excess));
        match excess > 0 && !matches!(self.plan.clock, Clock::Any(_)) {
            false => Ok(()),
            true => wrong(sentence),
        }
    }

    /// A refusal is right when it is made, and says when to come back.
    fn refused(&self, model: &Model, thread: &Thread, op: Op, refused: Refused) -> Result<u64, Wrong> {
        let sights = Sight::Refused.bit() | Sight::RefusedWhileBusy.when(model.claimant.is_some());
        if self.plan.claims != Claims::All {
            return Ok(sights);
        }
        let (asked, wait) = match op {
            Op::Reserve(asked, wait) => (asked, i64::from(wait) * self.plan.tick),
            Op::Take(asked) => (asked, 0),
            _ => (1, 0),
        };
        let wait = wait.min(self.longest_wait(model));
        let terms = model.terms();
        if asked > terms.burst {
            let never = refused.reason == Reason::MoreThanBurst && refused.retry_after == RetryAfter::Never;
            return match never {
                true => Ok(sights | Sight::RefusedForEver.bit()),
                false => wrong(format!("{refused:?} for more than the bucket holds")),
            };
        }
        let (date, now) = (self.date(model, thread), thread.now.expect("it asked"));
        if self.may_be_taken_for_ahead(model, thread, date) {
            return Ok(sights | Sight::TakenForAhead.bit());
        }
        let until = date.max(now + wait);
        let target = self.base(model, date) + i64::from(asked) * self.scale.token;
        if self.is_full(model, date) || self.lo(model, until) >= target || model.spent.is_none() {
            return wrong(format!("refused, though drop {target} is there at {until} us"));
        }
        match refused.retry_after {
            RetryAfter::Never if terms.step == 0 => Ok(sights | Sight::RefusedForEver.bit()),
            RetryAfter::In(micros) if terms.step > 0 => {
                let then = now + micros.as_micros() as i64 + wait;
                match self.lo(model, then) >= target && self.lo(model, then - 1) < target {
                    true => Ok(sights),
                    false => wrong(format!(
                        "to come back after {micros:?}, which is not the first microsecond with drop {target}"
                    )),
                }
            }
            said => wrong(format!("to come back: {said:?}")),
        }
    }

    /// Only what is on top is given back, all of it, and not while the terms change, or after.
    fn refunded(
        &self,
        model: &mut Model,
        thread: &mut Thread,
        tokens: u32,
        written: Option<(u32, u32)>,
    ) -> Result<u64, Wrong> {
        let Some(grant) = thread.grant.take() else {
            return Ok(0);
        };
        let same = grant.changes == model.changes() && grant.resets == model.resets;
        let on_top = model.spent == Some(grant.after);
        if tokens == 0 {
            let meanwhile = on_top && (model.claimant.is_some() || grant.changes != model.changes());
            return Ok(Sight::GaveNothingBack.bit() | Sight::ChangedMeanwhile.when(meanwhile));
        }
        let Some((_, new)) = written else {
            return wrong("given back, and nothing was written");
        };
        self.claim(model.claimant.is_none(), || {
            "given back while the terms change".into()
        })?;
        self.claim(same && on_top && tokens == grant.tokens, || {
            format!(
                "a grant up to {} was given back, though {:?} is handed out",
                grant.after, model.spent
            )
        })?;
        let index = i64::from(new >> (32 - W::INDEX));
        model.spent = model.spent.map(|spent| self.scale.largest(index, spent));
        // To the part of a drop that a full bucket loses.
        let near = (-1..=1).any(|cut| model.spent == Some(grant.before + cut));
        self.claim(near, || {
            format!("{:?} is left, where {} was before", model.spent, grant.before)
        })?;
        model.give_back(grant.act, grant.tokens);
        Ok(Sight::GaveBack.bit())
    }
}
