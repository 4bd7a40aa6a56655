//! What is claimed of each step: that a word which is written is what the model writes, and that a decision is true of
//! the model.

use watertight::breaker::protocol::{Admission, Place, Reading, Settled, Wait};
use watertight::breaker::word::{Widths, Word};
use watertight::{Instant, Reason, State, Transition};

use crate::breaker::{Done, Set};
use crate::model::{Model, Wrong, wrong};
use crate::script::{Entry, Made, Op, Permit, Thread};
use crate::sights::Sight;
use crate::subjects::{Subject, Windowed};

impl<S: Subject, N: Windowed, W: Widths> Set<S, N, W> {
    /// One of the three words was written.
    pub fn written(
        &self,
        model: &mut Model,
        thread: &mut Thread,
        op: Op,
        place: Place,
        new: u32,
    ) -> Result<u64, Wrong> {
        let rules = self.plan.rules_of(thread);
        let helper = thread.made.is_none_or(|made| made.instance != model.instance);
        let reading = thread
            .reading
            .ok_or("a timer was written without asking the clock");
        match place {
            Place::Low => {
                let before = model.deadline;
                model.set_low::<W>(rules, new, self.plan.start, reading?)?;
                model.helped = helper;
                let rounded = model.state == State::Open && model.deadline != before;
                Ok(Sight::HelperSetLow.when(helper) | Sight::HelperRounded.when(rounded))
            }
            Place::High => {
                model.set_high::<W>(new, self.plan.start, reading?)?;
                let helped = !helper && model.helped;
                model.helped = false;
                Ok(Sight::HelperSetHigh.when(helper) | Sight::MakerSetHighForHelper.when(helped))
            }
            Place::State | Place::Window(_) => self.state_written(model, thread, op, Word::from_bits(new)),
        }
    }

    fn state_written(
        &self,
        model: &mut Model,
        thread: &mut Thread,
        op: Op,
        new: Word<W>,
    ) -> Result<u64, Wrong> {
        if thread.made.is_some() {
            return wrong("one operation changed the state twice");
        }
        let rules = self.plan.rules_of(thread);
        let before = *model;
        let generation = thread.permits.oldest().generation;
        let (kind, refused) = match op {
            Op::Admit => model.admit::<W>(rules, thread.reading, new.state())?,
            Op::Observe | Op::Forget => return wrong("the state was changed by who only looks"),
            op if op.forces().is_some() => (model.force(rules, op, thread.reading)?, None),
            op => {
                let settled = (generation, op);
                let sight = model.settle::<W>(
                    rules,
                    (self.size, self.plan.second.is_some()),
                    settled,
                    thread.reading,
                    new.attempt(),
                )?;
                (sight, None)
            }
        };
        model.agrees::<W>(new, self.plan.start)?;
        if u32::from(model.in_flight) > self.most_probes() {
            return wrong("more probes are in flight than any rules allow");
        }
        thread.made = Some(Made {
            from: before.state,
            word: new.bits(),
            generation: model.generation,
            instance: model.instance,
            event: (model.generation, model.state) != (before.generation, before.state),
            refused,
        });
        let windowed = kind == Sight::Tripped && self.size.is_window();
        if windowed && self.size.is_ring && !self.ring_was_over(thread) {
            return wrong("a breaker was opened by a window that never called for it");
        }
        let by_success = thread.entry == Entry::Counted && op.mark().is_some_and(|mark| !mark.is_bad());
        Ok(kind.bit()
            | Sight::TrippedForAnother.when(windowed && thread.entry == Entry::None)
            | Sight::TrippedBySuccess.when(windowed && by_success))
    }

    /// An operation ended, in the step that was just made.
    pub fn decided(&self, model: &Model, thread: &mut Thread, op: Op, done: Done<W>) -> Result<u64, Wrong> {
        let (event, made) = match &done {
            Done::Admitted(Admission::Admitted { made: event, .. }) | Done::Settled(Settled::Done(event)) => {
                (*event, thread.made)
            }
            Done::Forced(event) => (Some(*event), thread.made),
            _ => (None, None),
        };
        self.tells(event, made)?;
        match done {
            Done::Admitted(Admission::Admitted { ticket, .. }) => self.admitted(model, thread, ticket),
            Done::Admitted(Admission::Refused { reason, wait }) => self.refused(model, thread, reason, wait),
            Done::Settled(_) if op == Op::Forget => Ok(0),
            Done::Settled(settled) => self.settled(model, thread, op, settled),
            Done::Forced(_) => Ok(0),
            Done::Observed(seen) => self.observed(thread, seen),
        }
    }

    fn tells(&self, event: Option<Transition>, made: Option<Made>) -> Result<(), Wrong> {
        let said = event.map(|event| (event.from(), event.to(), u32::from(event.generation())));
        let word = |made: Made| Word::<W>::from_bits(made.word);
        let truth = made
            .filter(|made| made.event)
            .map(|made| (made.from, word(made).state(), word(made).generation()));
        match said == truth {
            true => Ok(()),
            false => wrong(format!("the event is {said:?}, where it must be {truth:?}")),
        }
    }

    fn admitted(&self, model: &Model, thread: &mut Thread, ticket: Word<W>) -> Result<u64, Wrong> {
        let (word, generation) = match thread.made {
            Some(made) if made.refused.is_some() && !model.decisions => {
                return wrong("a call was admitted that is not in the ramp's share");
            }
            Some(made) => (Word::from_bits(made.word), made.generation),
            None if !matches!(model.state, State::Closed | State::Disabled) => {
                return wrong("a call was admitted without a slot");
            }
            None => (ticket, model.generation),
        };
        if thread.made.is_none() {
            let empty = Model {
                failures: 0,
                ..*model
            };
            empty.agrees(ticket, self.plan.start)?;
        }
        // A probe's permit is its word; any other's leaves out what is counted.
        let is_right = match word.state() {
            State::HalfOpen => ticket == word,
            _ => ticket.same_instance(word) && ticket.failures() == 0,
        };
        if !is_right {
            return wrong("a permit carries a state in which its call was not admitted");
        }
        thread.permits.push(Permit {
            ticket: ticket.bits(),
            generation,
        });
        Ok(0)
    }

    fn refused(
        &self,
        model: &Model,
        thread: &Thread,
        reason: Reason,
        wait: Option<Wait>,
    ) -> Result<u64, Wrong> {
        let probes = self.plan.rules_of(thread).probes;
        let full = u32::from(model.in_flight) >= probes;
        // A ramp refuses by a compare-and-swap, after which others may move on.
        let state = if thread.made.is_some() {
            State::Recovering
        } else {
            model.state
        };
        let (right, sight) = match state {
            State::Closed | State::Disabled => return wrong("a closed breaker refused a call"),
            State::HalfOpen if !full => return wrong("a call was refused though a slot is free"),
            State::HalfOpen => (Reason::ProbesInFlight, Sight::RefusedFull),
            State::Open => (Reason::Open, Sight::RefusedOpen),
            State::ForcedOpen => (Reason::ForcedOpen, Sight::RefusedForced),
            State::Recovering => (Reason::Recovering, Sight::RefusedRecovering),
        };
        if reason != right {
            return wrong(format!("refused for {reason:?}, where it must be {right:?}"));
        }
        let over = sight == Sight::RefusedFull && u32::from(model.in_flight) > probes;
        let seen = sight.bit() | Sight::OverLimit.when(over);
        if state == State::ForcedOpen {
            return if wait.is_none() {
                Ok(seen)
            } else {
                wrong("forced open has no end")
            };
        }
        let (Some(Wait { left, now }), Some(reading)) = (wait, thread.reading) else {
            return wrong("a call was refused without a wait, or without asking the clock");
        };
        if now != self.instant(reading) {
            return wrong("a wait begins at another reading than the last");
        }
        match thread.made.map(|made| made.refused) {
            None if state == State::Recovering => wrong("a ramp refused a call and did not count it"),
            None => model.waits::<W>(self.plan.rules_of(thread), Some(left), reading),
            Some(_) if model.decisions => Ok(()),
            Some(None) => wrong("a call was refused that is in the ramp's share"),
            Some(Some(right)) if right == left => Ok(()),
            Some(right) => wrong(format!(
                "{left} ticks are said to be left, where it must be {right:?}"
            )),
        }?;
        Ok(seen)
    }

    fn settled(&self, model: &Model, thread: &Thread, op: Op, settled: Settled) -> Result<u64, Wrong> {
        let Permit { ticket, generation } = thread.permits.oldest();
        let disabled = Word::<W>::from_bits(ticket).state() == State::Disabled;
        let is_late = model.is_late((generation, disabled), op);
        if settled == Settled::Late {
            let is_late = is_late && thread.entry == Entry::None;
            return match is_late && thread.made.is_none() {
                true => Ok(Sight::CameTooLate.bit()),
                false => wrong("an outcome that counts is said to come too late"),
            };
        }
        if thread.made.is_some() || thread.entry != Entry::None {
            return Ok(0);
        }
        if thread.clean && op == Op::Success {
            return Ok(Sight::CleanSuccess.bit());
        }
        if self.size.is_ring && self.ring_was_full(thread) {
            return Ok(Sight::FullBucket.bit());
        }
        if !model.ignores(self.size, generation, op) {
            return wrong("an outcome that counts changed nothing");
        }
        match is_late && thread.slow {
            true => wrong("an outcome that comes too late is not said to"),
            false => Ok(0),
        }
    }

    fn observed(&self, thread: &Thread, seen: Reading<W>) -> Result<u64, Wrong> {
        let then = thread.seen.ok_or("observed without a look at the state")?;
        let rules = self.plan.rules_of(thread);
        let waits = match then.model.state {
            State::Closed | State::ForcedOpen | State::Disabled => false,
            State::Open | State::Recovering => true,
            State::HalfOpen => u32::from(then.model.in_flight) >= rules.probes,
        };
        let reading = thread.reading.filter(|_| waits);
        let now = seen.wait.map(|wait| wait.now);
        if seen.word.bits() != then.word
            || now.is_some() && now != reading.map(|reading| self.instant(reading))
        {
            return wrong(format!("observed {seen:?}, which is not what was seen"));
        }
        let left = seen.wait.map(|wait| wait.left);
        match reading {
            Some(reading) => then.model.waits::<W>(rules, left, reading)?,
            None if waits => return wrong("observed a wait without asking the clock"),
            None if left.is_some() => return wrong("observed a wait where there is none"),
            None => {}
        }
        self.observed_counts(thread, seen)?;
        Ok(Sight::SawWait.when(left.is_some()) | Sight::SawCounts.when(thread.counts.count_ones() > 1))
    }

    fn instant(&self, reading: i32) -> Instant {
        Instant::from_micros(self.plan.start.wrapping_add_signed(reading.into()))
    }
}
