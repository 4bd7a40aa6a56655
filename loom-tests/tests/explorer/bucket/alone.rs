//! What is claimed of each state: whoever is left there alone gets on.

use watertight::RetryAfter;
use watertight::bucket::word::Widths;

use super::model::{Wrong, wrong};
use super::script::{Claims, Clock, Moment, Op, Thread, Words};
use super::subjects::Bucket;
use super::system::{Done, Set};
use crate::explore::{Fingerprint, Stopped};

/// More steps than anybody who is alone takes.
const ENDLESS: u32 = 40;

impl<S: Bucket, W: Widths> Set<S, W> {
    /// Whatever the others were doing when they stopped for ever, who is left gets on.
    pub fn gets_on(&self, moment: &Moment) -> Result<(), Wrong> {
        if self.plan.claims == Claims::Windows {
            return Ok(());
        }
        let model = &moment.model;
        let here = (moment.words, moment.time, model.spent, model.dated, model.loose);
        self.once(Fingerprint::of(&here), || {
            self.readings(moment).try_for_each(|reading| {
                (1..=self.plan.burst.min(2))
                    .try_for_each(|tokens| self.is_served(moment, tokens, reading))?;
                self.recovers(moment, reading)
            })
        })?;
        for thread in &moment.threads {
            let Some(op) = thread.op else { continue };
            let grant = thread.grant.filter(|_| op == Op::Refund);
            let local = (op, thread.answers, thread.held, grant);
            self.once(Fingerprint::of(&(moment.words, moment.time, local)), || {
                self.readings(moment).try_for_each(|reading| {
                    self.finish(&mut moment.words.clone(), *thread, op, (reading, 0))
                        .map(|_| ())
                })
            })?;
        }
        Ok(())
    }

    /// Runs an operation to its end with nobody else there and a clock that stands.
    fn finish(
        &self,
        words: &mut Words,
        mut thread: Thread,
        op: Op,
        clock: (i32, i64),
    ) -> Result<Done, Wrong> {
        for steps in 1..ENDLESS {
            let (memory, done) = self.play(*words, &thread, op, clock);
            *words = memory.player.words.get();
            thread.answers = memory.player.answers.get();
            match done {
                Err(Stopped) => continue,
                Ok(None) => thread.begin_attempt(),
                Ok(Some(done)) => {
                    self.most_alone.set(self.most_alone.get().max(steps));
                    return Ok(done);
                }
            }
        }
        wrong(format!("{op:?} does not end, though nobody else does anything"))
    }

    /// A caller who comes when everybody else has stopped for ever gets his tokens, or is told exactly when he would.
    fn is_served(&self, moment: &Moment, tokens: u32, reading: i32) -> Result<(), Wrong> {
        let mut after = moment.words;
        let take = |words: &mut Words, beyond| -> Result<Option<RetryAfter>, Wrong> {
            let done = self.finish(words, Thread::default(), Op::Take(tokens), (reading, beyond))?;
            match done {
                Done::Refused(refused) => Ok(Some(refused.retry_after)),
                _ => Ok(None),
            }
        };
        let Some(said) = take(&mut after, 0)? else {
            return Ok(());
        };
        let RetryAfter::In(wait) = said else {
            return match self.line.time_of(1) {
                None => Ok(()),
                Some(_) => wrong(format!("a lone caller is told: {said:?}")),
            };
        };
        let wait = wait.as_micros() as i64;
        // Whoever is taken for ahead may be served earlier: the bucket is full when `dated` is old enough.
        let (model, now) = (&moment.model, i64::from(reading) * self.plan.tick);
        let date = now.max(model.dated.map_or(now, |stretch| self.line.begin(stretch)));
        let ahead = self.may_be_taken_for_ahead(model.spent, model, model.dated, date);
        let early = wait > 0 && !ahead && take(&mut after.clone(), wait - 1)?.is_none();
        if early || take(&mut after.clone(), wait)?.is_some() {
            return wrong(format!(
                "a lone caller at {reading} is refused for {wait} us, and it is another time"
            ));
        }
        Ok(())
    }

    /// With everybody stopped for good, the bucket is full after the time of so many drops, whatever stands there.
    fn recovers(&self, moment: &Moment, reading: i32) -> Result<(), Wrong> {
        let (model, line) = (&moment.model, &self.line);
        let Some(whole) = line.time_of(line.recovery()) else {
            return Ok(());
        };
        if moment.words[0] & 1 == 0 {
            return Ok(());
        }
        let now = i64::from(reading) * self.plan.tick;
        let wait = model
            .dated
            .map_or(0, |stretch| (line.begin(stretch) - now).max(0));
        let there = |beyond| -> Result<i64, Wrong> {
            let observed = self.finish(
                &mut moment.words.clone(),
                Thread::default(),
                Op::Observe,
                (reading, wait + beyond),
            )?;
            match observed {
                Done::Observed(observed) => Ok(i64::from(observed.tokens)),
                _ => wrong("it observes"),
            }
        };
        let burst = i64::from(self.plan.burst);
        if there(whole)? < burst {
            return wrong(format!(
                "a lone caller finds {} tokens after {whole} us",
                there(whole)?
            ));
        }
        let full = model
            .spent
            .is_some_and(|spent| spent <= line.hi(now + wait) - line.burst);
        if !full || model.loose {
            return Ok(());
        }
        // How long what should have been full is not.
        for drops in 0..=line.recovery() {
            let Some(time) = line.time_of(drops) else { break };
            if there(time)? >= burst {
                self.most_lost.set(self.most_lost.get().max(drops));
                break;
            }
        }
        Ok(())
    }

    /// Checks what was not found right before.
    fn once(&self, print: u128, check: impl FnOnce() -> Result<(), Wrong>) -> Result<(), Wrong> {
        if !self.alone.borrow().contains(&print) {
            check()?;
            self.alone.borrow_mut().insert(print);
        }
        Ok(())
    }

    /// The clock readings under which somebody is left alone.
    fn readings(&self, moment: &Moment) -> impl Iterator<Item = i32> {
        let (values, time) = match self.plan.clock {
            Clock::Any(values) | Clock::Held(values) => (values, 0),
            Clock::Moved(values) => (values, moment.time),
        };
        values.iter().map(move |value| time + value)
    }
}
