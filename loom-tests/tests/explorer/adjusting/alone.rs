//! What is claimed of each state: whoever is left there alone gets on, whatever the others were doing when they stopped for ever.

use watertight::bucket::adjustable::slot::{BUSY, Changing};

use super::model::{Wrong, wrong};
use super::script::{Claims, Moment, Op, Thread, Words};
use super::subjects::Adjustable;
use super::system::{Done, Set};
use crate::explore::{Fingerprint, Stopped};

/// More steps than anybody who is alone takes.
const ENDLESS: u32 = 80;

impl<S: Adjustable, W: Changing> Set<S, W> {
    /// Nobody waits for anybody; and a second one who wants to change the terms is told so, and changes nothing.
    pub fn gets_on(&self, moment: &Moment) -> Result<(), Wrong> {
        if self.plan.claims == Claims::Windows {
            return Ok(());
        }
        let here = Fingerprint::of(&(moment.words, moment.time));
        self.once(here, || self.newcomers_get_on(moment))?;
        for thread in &moment.threads {
            let Some(op) = thread.op else { continue };
            let grant = thread.grant.filter(|_| op == Op::Refund);
            let local = (op, thread.claimed, thread.slow, thread.answers, grant);
            let here = Fingerprint::of(&(moment.words, moment.time, local, thread.held));
            self.once(here, || {
                let reading = thread.held.unwrap_or(moment.time);
                self.finish(&mut moment.words.clone(), *thread, op, reading)
                    .map(|_| ())
            })?;
        }
        Ok(())
    }

    fn newcomers_get_on(&self, moment: &Moment) -> Result<(), Wrong> {
        let come = |op| {
            let mut after = moment.words;
            self.finish(&mut after, Thread::default(), op, moment.time)
                .map(|done| (done, after))
        };
        for op in [Op::Take(1), Op::UpTo(2), Op::Reserve(1, 8), Op::Reset] {
            come(op)?;
        }
        let (done, after) = come(Op::Change(8, 1))?;
        let busy = moment.words[0] & BUSY != 0;
        match done {
            Done::Claimed(false) if busy && after == moment.words => Ok(()),
            Done::Switched if !busy && after[0] & BUSY == 0 => Ok(()),
            _ => wrong(format!("a second one who changes the terms is told {done:?}")),
        }
    }

    /// Runs an operation to its end with nobody else there and a clock that stands.
    fn finish(&self, words: &mut Words, mut thread: Thread, op: Op, reading: i32) -> Result<Done, Wrong> {
        for steps in 1..ENDLESS {
            let (memory, done) = self.play(*words, &thread, op, reading);
            *words = memory.player.words.get();
            thread.answers = memory.player.answers.get();
            match done {
                Err(Stopped) => {}
                Ok(None) => thread.begin_attempt(),
                Ok(Some(Done::Claimed(true))) => {
                    thread.claimed = true;
                    thread.begin_attempt();
                }
                Ok(Some(done)) => {
                    self.most_alone.set(self.most_alone.get().max(steps));
                    return Ok(done);
                }
            }
        }
        wrong(format!("{op:?} does not end, though nobody else does anything"))
    }

    fn once(&self, here: u128, look: impl FnOnce() -> Result<(), Wrong>) -> Result<(), Wrong> {
        if self.alone.borrow_mut().insert(here) {
            look()
        } else {
            Ok(())
        }
    }
}
