//! What is claimed of each state: whoever is left there alone gets on.

use watertight::breaker::protocol::Admission;
use watertight::breaker::word::{Deadline, Widths};

use crate::breaker::{Done, Set};
use crate::explore::{Answers, Fingerprint, Stopped};
use crate::script::{Clock, Moment, Op, Thread};
use crate::subjects::Subject;

/// More steps than anybody who is alone takes.
const ENDLESS: u32 = 100;

impl<S: Subject, W: Widths> Set<S, W> {
    /// Whatever the others were doing when they stopped for ever, who is left gets on.
    pub fn gets_on(&self, moment: &Moment) -> Result<(), String> {
        let here = (moment.words, moment.time);
        self.once(Fingerprint::of(&here), || {
            self.readings_alone(moment)
                .try_for_each(|reading| self.is_served(moment.words, reading))
        })?;
        for thread in &moment.threads {
            let Some(op) = thread.op else { continue };
            let local = (op, thread.slow, thread.answers, thread.permits.oldest().ticket);
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
    fn finish(
        &self,
        words: &mut [u32; 3],
        mut thread: Thread,
        op: Op,
        reading: i32,
    ) -> Result<Done<W>, String> {
        for steps in 1..ENDLESS {
            let (memory, done) = self.play(*words, &thread, op, reading);
            *words = memory.player.words.get();
            thread.answers = memory.player.answers.get();
            match done {
                Err(Stopped) => {}
                Ok(None) => (thread.slow, thread.answers) = (true, Answers::default()),
                Ok(Some(done)) => {
                    self.most_alone.set(self.most_alone.get().max(steps));
                    return Ok(done);
                }
            }
        }
        Err(format!("{op:?} does not end, though nobody else does anything"))
    }

    /// A caller who comes when everybody else has stopped for ever is admitted, or told exactly when it would be.
    fn is_served(&self, words: [u32; 3], reading: i32) -> Result<(), String> {
        let caller = Thread::default();
        let mut after = words;
        let Done::Admitted(Admission::Refused { left, .. }) =
            self.finish(&mut after, caller, Op::Admit, reading)?
        else {
            return Ok(());
        };
        if left == 0 || left > Deadline::<W>::REACH {
            return Err(format!("a lone caller is refused for {left} ticks"));
        }
        for (wait, expected) in [(left - 1, Some(1)), (left, None)] {
            let mut then = after;
            let said = match self.finish(&mut then, caller, Op::Admit, reading + wait as i32)? {
                Done::Admitted(Admission::Refused { left, .. }) => Some(left),
                _ => None,
            };
            if wait > 0 && said != expected {
                return Err(format!(
                    "a lone caller is refused for {left} ticks at {reading}, and after {wait} the answer is {said:?}"
                ));
            }
        }
        Ok(())
    }

    /// Checks what was not found right before.
    fn once(&self, print: u128, check: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
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
