//! What is claimed of each step.

use watertight::bucket::word::Widths;

use super::model::{Model, Wrong, wrong};
use super::script::{Claims, Op, Sight, Thread};
use super::subjects::Bucket;
use super::system::{Done, Facts, Set};

impl<S: Bucket, W: Widths> Set<S, W> {
    /// The date that a thread goes by: its clock's reading, or the beginning of the stretch that it saw in `dated`.
    pub fn date(&self, thread: &Thread) -> i64 {
        let now = thread.now.expect("it asked");
        match thread.dated.flatten() {
            Some(stretch) if stretch > self.line.stretch(now) => self.line.begin(stretch),
            _ => now,
        }
    }

    /// Up to where all is handed out, at a date: a full bucket loses what comes in.
    pub fn base(&self, spent: Option<i64>, date: i64) -> i64 {
        let line = &self.line;
        match spent {
            Some(spent) => spent.max(line.hi(date) - line.burst),
            None if line.initial < line.burst => line.lo(date) - line.initial,
            None => line.hi(date) - line.burst,
        }
    }

    /// Whether it holds all that it can.
    pub fn is_full(&self, spent: Option<i64>, date: i64) -> bool {
        match spent {
            Some(spent) => spent <= self.line.lo(date) - self.line.burst,
            None => self.line.initial == self.line.burst,
        }
    }

    /// The number nearest below the debt that has a word's index.
    fn taken_for(&self, index: i64, date: i64) -> i64 {
        self.line.largest(index, self.line.lo(date) + self.line.debt)
    }

    /// The word that was seen stands for another number by now, or for that of another era.
    pub fn came_round(&self, model: &Model, thread: &Thread) -> bool {
        thread.spent.map(|(_, number)| number) != Some(model.spent) || thread.era != model.era
    }

    pub fn claim(&self, holds: bool, sentence: impl FnOnce() -> String) -> Result<(), Wrong> {
        match holds || self.plan.claims != Claims::All {
            true => Ok(()),
            false => wrong(sentence()),
        }
    }

    /// A bucket may be taken for emptier than it is only if it was idle for nearly the circle, and `dated` was moved without `spent`.
    pub fn may_be_taken_for_ahead(
        &self,
        spent: Option<i64>,
        model: &Model,
        dated: Option<i64>,
        date: i64,
    ) -> bool {
        let idle = spent.is_some_and(|spent| self.line.lo(date) - spent >= self.line.circle - self.line.debt);
        model.loose || idle && dated.is_some_and(|dated| dated > model.written)
    }

    /// `dated` was written.
    pub fn dated_written(&self, model: &mut Model, thread: &Thread, op: Op, new: u32) -> Result<u64, Wrong> {
        let stretch = match op {
            Op::Reset => self.line.stretch(thread.now.expect("it asked")),
            _ => self.line.stretch(self.date(thread)),
        };
        let width = 1_i64 << W::STRETCH;
        self.claim(
            new & 1 == 1 && i64::from(new >> (32 - W::STRETCH)) == stretch.rem_euclid(width),
            || {
                format!(
                    "dated says {}, where it must be {stretch}",
                    new >> (32 - W::STRETCH)
                )
            },
        )?;
        let back = model.dated.is_some_and(|dated| dated > stretch);
        model.dated = Some(stretch);
        if op == Op::Reset {
            model.restart();
            model.loose = true;
            return Ok(Sight::SetBack.bit());
        }
        self.claim(!back, || "a grant has set dated back".into())?;
        Ok(Sight::DatedMoved.bit())
    }

    /// The first who did not get what he asked for wrote what there is at first.
    pub fn begun(&self, model: &mut Model, thread: &Thread, (seen, new): (u32, u32)) -> Result<u64, Wrong> {
        let date = self.date(thread);
        let base = self.base(None, date);
        self.claim(seen & 1 == 0 && self.has_index(new, base), || {
            format!(
                "the bucket begins with spent at {}, where it must be {base}",
                new >> (32 - W::INDEX)
            )
        })?;
        let came = self.written_with(model, date, true)?;
        if came == 0 {
            model.begin(self.line.came(self.line.lo(date)).unwrap_or(date));
        }
        model.spent = Some(base);
        Ok(came | Sight::Begun.bit())
    }

    pub fn has_index(&self, word: u32, number: i64) -> bool {
        word & 1 == 1 && i64::from(word >> (32 - W::INDEX)) == number.rem_euclid(self.line.circle)
    }

    /// `spent` was written with this date: `dated` is not before it.
    fn written_with(&self, model: &mut Model, date: i64, reset: bool) -> Result<u64, Wrong> {
        let stretch = self.line.stretch(date);
        model.written = stretch;
        if model.dated.is_some_and(|dated| dated >= stretch) || self.plan.claims != Claims::All {
            return Ok(0);
        }
        self.claim(model.era > 0 && (model.loose || reset), || {
            format!(
                "spent has a date in stretch {stretch}, and dated says {:?}",
                model.dated
            )
        })?;
        model.restart();
        model.loose = true;
        Ok(Sight::CameAfterReset.bit())
    }

    /// Tokens were granted; `written` is what `spent` was and is.
    pub fn granted(
        &self,
        model: &mut Model,
        thread: &mut Thread,
        op: Op,
        facts: Facts,
        written: Option<(u32, u32)>,
    ) -> Result<u64, Wrong> {
        let Facts { date, act, tokens } = facts;
        let line = &self.line;
        let drops = i64::from(tokens) * line.token;
        let due = self.date(thread);
        self.claim(date == due, || {
            format!("dated {date} us, where it must be {due} us")
        })?;
        let slip = if act > date { line.slip(drops) } else { 0 };
        let (word, stood_for) = thread.spent.expect("it looked");
        let mut sights = Sight::Granted.bit();
        let Some((seen, new)) = written else {
            self.claim(false, || "granted, and nothing was written".into())?;
            model.grant(act, tokens);
            thread.counted = Some((0, 0));
            return model
                .is_within((self.plan.burst, self.plan.initial), self.plan.rate)
                .map(|()| sights);
        };
        let index = i64::from(new >> (32 - W::INDEX)) - drops - slip;
        let taken_for = self.taken_for(index, date);
        let expected = self.base(model.spent, date);
        let came_round = seen == word && (stood_for != model.spent || thread.era != model.era);
        let mut base = taken_for;
        if came_round {
            // The documented limit: what whoever comes next takes the word for counts.
            sights |= Sight::CameRound.bit();
            let latest = model.dated.map_or(date, |stretch| line.begin(stretch).max(date));
            base = self.taken_for(index + drops + slip, latest) - drops - slip;
        } else if !model.loose {
            self.claim(taken_for >= expected, || {
                format!("spent was taken for {taken_for}, where it is {expected}")
            })?;
            if taken_for > expected {
                sights |= Sight::TakenForAhead.bit();
                let may_be = self.may_be_taken_for_ahead(model.spent, model, thread.dated.flatten(), date);
                self.claim(may_be, || {
                    format!("spent was taken for {taken_for}, ahead of {expected}, without a reason")
                })?;
            }
        }
        self.claim(new & 1 == 1, || "spent is written unset".into())?;
        let full = self.is_full(model.spent, date);
        if !came_round && !model.loose {
            let whole = full && taken_for == expected;
            let right = self.grant_is_right((op, thread), facts, taken_for, whole);
            // Who takes it for ahead, by as much as a full bucket has lost, does not know that it was full.
            match self.may_be_taken_for_ahead(model.spent, model, thread.dated.flatten(), date) {
                true => right.or_else(|_| self.grant_is_right((op, thread), facts, taken_for, false))?,
                false => right?,
            }
        }
        let idle = model
            .spent
            .is_some_and(|spent| line.lo(date) - spent >= line.circle);
        sights |= Sight::GrantedFull.when(full)
            | Sight::GrantedFirst.when(model.spent.is_none())
            | Sight::AfterCircle.when(idle)
            | Sight::DatedLater.when(Some(date) > thread.now)
            | Sight::Reserved.when(act > date)
            | Sight::Slipped.when(slip > 0)
            | Sight::GrantedFewer.when(matches!(op, Op::UpTo(most) if most > tokens));
        let after = base + drops + slip;
        // Another reset's words may be the same.
        let reset = model.spent.is_none() || thread.era != model.era;
        model.spent = Some(after);
        sights |= self.written_with(model, date, reset)?;
        if sights & Sight::CameAfterReset.bit() == 0 {
            if seen & 1 == 0 && !came_round {
                model.begin(self.line.came(self.line.lo(date)).unwrap_or(date));
            }
            model.grant(act, tokens);
            model.loose = false;
        }
        // A full bucket that is given back what was taken is as full as it was.
        let before = match full && !came_round && taken_for == expected {
            true => line.lo(date) - line.burst,
            false => base,
        };
        thread.counted = Some((before, after));
        if came_round && self.plan.claims == Claims::All {
            // One burst too much, once.
            model.is_within((2 * self.plan.burst, u32::MAX), self.plan.rate)?;
            model.restart();
        }
        model.is_within((self.plan.burst, self.plan.initial), self.plan.rate)?;
        Ok(sights)
    }

    /// Whether so many tokens could be granted, and are to be used then, if all up to `base` is handed out. A bucket that
    /// holds all it can, or is new, has `whole` drops.
    fn grant_is_right(
        &self,
        (op, thread): (Op, &Thread),
        facts: Facts,
        base: i64,
        whole: bool,
    ) -> Result<(), Wrong> {
        let Facts { date, act, tokens } = facts;
        let line = &self.line;
        let target = base + i64::from(tokens) * line.token;
        let level = if whole { line.hi(date) } else { line.lo(date) };
        self.claim(
            act == date && level >= target
                || act > date && level < target && line.lo(act) >= target && line.lo(act - 1) < target,
            || format!("to be used at {act} us, which is not the first microsecond with drop {target}"),
        )?;
        match op {
            Op::UpTo(most) => {
                let there = (level - base).div_euclid(line.token);
                self.claim(
                    i64::from(tokens) == there.clamp(1, most.into()) && act == date,
                    || format!("{tokens} tokens were granted of {there}"),
                )
            }
            Op::Take(asked) => self.claim(tokens == asked && act == date, || "not what was asked for".into()),
            Op::Reserve(asked, wait) => {
                let wait = (i64::from(wait) * self.plan.tick).min(line.longest_wait);
                self.claim(
                    tokens == asked && (act == date || act <= thread.now.unwrap_or(date) + wait),
                    || {
                        format!(
                            "{tokens} tokens in {} us, where it was {asked} in {wait} us",
                            act - date
                        )
                    },
                )
            }
            _ => Ok(()),
        }
    }

    /// An operation was decided.
    pub fn decided(
        &self,
        model: &mut Model,
        thread: &mut Thread,
        op: Op,
        done: Done,
        (word, written): (u32, Option<(u32, u32)>),
    ) -> Result<u64, Wrong> {
        match done {
            Done::Granted(facts) => {
                let sights = match thread.counted {
                    Some(_) => 0,
                    None => self.granted(model, thread, op, facts, written)?,
                };
                let around = thread.counted.expect("it was counted");
                self.keep(thread, op, facts, around, model.era);
                Ok(sights)
            }
            Done::Refused(_) | Done::Observed(_) if self.plan.claims == Claims::Windows => Ok(0),
            Done::Refused(refused) => self.refused((model, word), thread, op, refused),
            Done::Refunded(tokens) => self.refunded(model, thread, tokens, written),
            Done::Reset => {
                let present = self.line.stretch(thread.now.expect("it asked"));
                self.claim(thread.dated.flatten() <= Some(present), || {
                    format!(
                        "reset in stretch {present}, and dated says {:?}",
                        thread.dated.flatten()
                    )
                })?;
                if written.is_some() {
                    model.restart();
                    model.spent = None;
                    model.loose = false;
                }
                Ok(Sight::Reset.bit())
            }
            Done::Observed(observed) => self.observed((model, word), thread, observed),
        }
    }
}
