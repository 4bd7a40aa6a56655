//! What is claimed of each state: whoever is left there alone gets on.

use watertight::breaker::protocol::{Admission, Settled, Wait};
use watertight::breaker::word::{Deadline, Widths, Word};
use watertight::{Reason, State};

use crate::breaker::{Done, Set};
use crate::explore::{Fingerprint, Stopped};
use crate::model::{Model, Wrong, wrong};
use crate::script::{Clock, Moment, Op, Permit, Permits, Thread, Words};
use crate::subjects::{Subject, Windowed};

/// More steps than anybody who is alone takes.
const ENDLESS: u32 = 100;

impl<S: Subject, N: Windowed, W: Widths> Set<S, N, W> {
    /// Whatever the others were doing when they stopped for ever, who is left gets on.
    pub fn gets_on(&self, moment: &Moment) -> Result<(), Wrong> {
        let here = (&moment.words[..self.size.words()], moment.time);
        self.once(Fingerprint::of(&here), || {
            self.readings_alone(moment).try_for_each(|reading| {
                self.is_served(moment.words, reading, false)?;
                match self.plan.second {
                    Some(_) => self.is_served(moment.words, reading, true),
                    None => Ok(()),
                }
            })
        })?;
        if self.size.is_window() && moment.model.counts() {
            let circle = self
                .size
                .is_ring
                .then_some((moment.circle, moment.model.generation));
            let list = (here, moment.model.list, circle);
            self.once(Fingerprint::of(&list), || {
                self.readings_alone(moment)
                    .try_for_each(|reading| self.is_judged(moment, reading))
            })?;
        }
        for thread in &moment.threads {
            let Some(op) = thread.op else { continue };
            let ticket = thread.permits.oldest().ticket;
            let local = (
                op,
                thread.slow,
                thread.counted,
                thread.second,
                thread.answers,
                ticket,
            );
            self.once(Fingerprint::of(&(here, local)), || {
                self.readings_alone(moment).try_for_each(|reading| {
                    self.finish(&mut moment.words.clone(), *thread, op, reading)
                        .map(|_| ())
                })
            })?;
        }
        Ok(())
    }

    /// Runs an operation to its end with nobody else there and a clock that stands.
    fn finish(&self, words: &mut Words, mut thread: Thread, op: Op, reading: i32) -> Result<Done<W>, Wrong> {
        let second = thread.second;
        for steps in 1..ENDLESS {
            let (memory, done) = self.play(*words, &thread, op, reading);
            *words = memory.player.words.get();
            thread.answers = memory.player.answers.get();
            match done {
                Err(Stopped) => continue,
                Ok(None) => thread.slow = true,
                Ok(Some(Done::Settled(Settled::Counted))) => thread.counted = true,
                Ok(Some(done)) => {
                    self.most_alone.set(self.most_alone.get().max(steps));
                    return Ok(done);
                }
            }
            thread.begin_attempt();
            thread.second = second;
        }
        wrong(format!("{op:?} does not end, though nobody else does anything"))
    }

    /// A caller who comes when everybody else has stopped for ever is admitted, or told exactly when it would be.
    fn is_served(&self, words: Words, reading: i32, second: bool) -> Result<(), Wrong> {
        let caller = Thread {
            second,
            slow: second,
            ..Thread::default()
        };
        let mut after = words;
        let Done::Admitted(Admission::Refused { reason, wait }) =
            self.finish(&mut after, caller, Op::Admit, reading)?
        else {
            return Ok(());
        };
        let Some(Wait { left, .. }) = wait else {
            return match Word::<W>::from_bits(words[0]).state() {
                State::ForcedOpen => Ok(()),
                state => wrong(format!(
                    "a lone caller is refused for ever by a breaker that is {state}"
                )),
            };
        };
        // The next call in a ramp has another rank.
        let ramp = reason == Reason::Recovering;
        if left == 0 && !ramp || left > Deadline::<W>::REACH {
            return wrong(format!("a lone caller is refused for {left} ticks"));
        }
        for (wait, expected) in [(left.saturating_sub(1), Some(1)), (left, None)] {
            let mut then = after;
            let said = match self.finish(&mut then, caller, Op::Admit, reading + wait as i32)? {
                Done::Admitted(Admission::Refused { wait, .. }) => Some(wait.map_or(0, |wait| wait.left)),
                _ => None,
            };
            let is_right = said == expected || ramp && said.is_some() == expected.is_some();
            if wait > 0 && !is_right || wait == left && said.is_some() {
                return wrong(format!(
                    "a lone caller is refused for {left} ticks at {reading}, and after {wait} the answer is {said:?}"
                ));
            }
        }
        Ok(())
    }

    /// A lone observer reads the last calls; and if they call for opening, the next who reports opens, whatever he has
    /// to say.
    fn is_judged(&self, moment: &Moment, reading: i32) -> Result<(), Wrong> {
        if self.size.is_ring {
            return self.ring_is_judged(moment, reading);
        }
        let Model { list, .. } = moment.model;
        let mut words = moment.words;
        let Done::Observed(seen) = self.finish(&mut words, Thread::default(), Op::Observe, reading)? else {
            unreachable!("it observes");
        };
        if seen.counts != list.counts() {
            return wrong(format!(
                "a lone observer reads {:?}, where it must be {:?}",
                seen.counts,
                list.counts()
            ));
        }
        if self.plan.second.is_some() || !list.is_over(self.size, &self.plan.rules) {
            return Ok(());
        }
        let mut words = moment.words;
        self.finish(&mut words, self.reporter(moment), Op::Success, reading)?;
        match Word::<W>::from_bits(words[0]).state() {
            State::Open => Ok(()),
            state => wrong(format!(
                "a window calls for opening, and who reports leaves the breaker {state}"
            )),
        }
    }

    /// The same of a ring: but a success looks only where it is one of the first of its bucket.
    fn ring_is_judged(&self, moment: &Moment, reading: i32) -> Result<(), Wrong> {
        let mut words = moment.words;
        let Done::Observed(seen) = self.finish(&mut words, Thread::default(), Op::Observe, reading)? else {
            unreachable!("it observes");
        };
        let counts = self.ring_counts(moment, reading);
        if seen.counts != counts {
            return wrong(format!(
                "a lone observer reads {:?}, where it must be {counts:?}",
                seen.counts
            ));
        }
        let ops = [Op::Failure(0), Op::Success, Op::SlowSuccess];
        for &op in &ops[..1 + self.size.bits as usize] {
            let mut words = moment.words;
            self.finish(&mut words, self.reporter(moment), op, reading)?;
            let state = Word::<W>::from_bits(words[0]).state();
            if state != State::Open && self.ring_calls(&words, op) {
                return wrong(format!(
                    "a window calls for opening, and who reports {op:?} leaves the breaker {state}"
                ));
            }
        }
        Ok(())
    }

    /// Somebody whose call was admitted at this moment.
    fn reporter(&self, moment: &Moment) -> Thread {
        let mut permits = Permits::default();
        permits.push(Permit {
            ticket: Word::<W>::from_bits(moment.words[0]).ticket().bits(),
            generation: moment.model.generation,
        });
        Thread {
            permits,
            ..Thread::default()
        }
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
    fn readings_alone(&self, moment: &Moment) -> impl Iterator<Item = i32> {
        let far = 1 << W::LOW;
        let (values, time) = match self.plan.clock {
            Clock::Any(values) | Clock::Held(values) => (values, 0),
            Clock::Moved(_) => (&[0][..], moment.time),
        };
        values
            .iter()
            .copied()
            .chain([far, far * 7 / 4])
            .map(move |value| time + value)
    }
}
