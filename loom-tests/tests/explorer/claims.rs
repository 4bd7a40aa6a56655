//! What is claimed of each step: that a word which is written is what the model writes, and that a decision is true of
//! the model.

use watertight::breaker::protocol::{Admission, Place};
use watertight::breaker::word::{Widths, Word};
use watertight::{Instant, Reason, State};

use crate::breaker::{Done, Set};
use crate::model::{Model, Sight};
use crate::script::{Made, Op, Permit, Thread};
use crate::subjects::Subject;

impl<S: Subject, W: Widths> Set<S, W> {
    /// A word was written.
    pub fn written(
        &self,
        model: &mut Model,
        thread: &mut Thread,
        op: Op,
        place: Place,
        new: u32,
    ) -> Result<u64, String> {
        let sight = |on: bool, sight: Sight| u64::from(on) << sight as u8;
        let helper = thread.made.is_none_or(|made| made.instance != model.instance);
        let reading = thread
            .reading
            .ok_or("a timer was written without asking the clock");
        match place {
            Place::State => {
                if thread.made.is_some() {
                    return Err("one operation changed the state twice".into());
                }
                let before = *model;
                let kind = match op {
                    Op::Admit => model.admit::<W>(&self.plan.rules, thread.reading),
                    Op::Reset => model.reset(&self.plan.rules, thread.reading),
                    Op::Observe | Op::Forget => Err("the state was changed by who only looks".into()),
                    _ => model.settle::<W>(
                        &self.plan.rules,
                        thread.permits.oldest().generation,
                        op.outcome(),
                        thread.reading,
                        Word::<W>::from_bits(new).attempt(),
                    ),
                }?;
                model.agrees::<W>(Word::from_bits(new), self.plan.start)?;
                thread.made = Some(Made {
                    from: before.state,
                    word: new,
                    generation: model.generation,
                    instance: model.instance,
                    event: model.generation != before.generation,
                });
                Ok(1 << kind as u8)
            }
            Place::Low => {
                let before = model.deadline;
                model.set_low::<W>(&self.plan.rules, new, self.plan.start, reading?)?;
                model.helped = helper;
                let rounded = model.state == State::Open && model.deadline != before;
                Ok(sight(helper, Sight::HelperSetLow) | sight(rounded, Sight::HelperRounded))
            }
            Place::High => {
                model.set_high::<W>(new, self.plan.start, reading?)?;
                let helped = !helper && model.helped;
                model.helped = false;
                Ok(sight(helper, Sight::HelperSetHigh) | sight(helped, Sight::MakerSetHighForHelper))
            }
        }
    }

    /// An operation ended, in the step that was just made.
    pub fn decided(&self, model: &Model, thread: &mut Thread, op: Op, done: Done<W>) -> Result<u64, String> {
        let wrong = |sentence: String| Err(sentence);
        let sight = |on: bool, sight: Sight| u64::from(on) << sight as u8;
        let (event, made) = match &done {
            Done::Admitted(Admission::Admitted { made: event, .. }) | Done::Settled(event) => {
                (*event, thread.made)
            }
            Done::Reset(event) => (Some(*event), thread.made),
            Done::Admitted(Admission::Refused { .. }) | Done::Observed(_) => (None, None),
        };
        let said = event.map(|event| (event.from(), event.to(), u32::from(event.generation())));
        let word = |made: Made| Word::<W>::from_bits(made.word);
        let truth = made
            .filter(|made| made.event)
            .map(|made| (made.from, word(made).state(), word(made).generation()));
        if said != truth {
            return wrong(format!("the event is {said:?}, where it must be {truth:?}"));
        }
        match done {
            Done::Admitted(Admission::Admitted { ticket, .. }) => {
                let permit = match thread.made {
                    Some(made) => Permit {
                        ticket: made.word,
                        generation: made.generation,
                    },
                    None if model.state != State::Closed => {
                        return wrong("a call was admitted without a slot".into());
                    }
                    None => Permit {
                        ticket: ticket.bits(),
                        generation: model.generation,
                    },
                };
                if thread.made.is_none() {
                    let closed = Model {
                        failures: 0,
                        ..*model
                    };
                    closed.agrees(ticket, self.plan.start)?;
                }
                if ticket.bits() != permit.ticket {
                    return wrong("a permit carries a state in which its call was not admitted".into());
                }
                thread.permits.push(permit);
                Ok(0)
            }
            Done::Admitted(Admission::Refused { reason, left, now }) => {
                let reading = thread
                    .reading
                    .ok_or("a call was refused without asking the clock")?;
                let full = u32::from(model.in_flight) >= self.plan.rules.probes;
                let right = match model.state {
                    State::Closed => return wrong("a closed breaker refused a call".into()),
                    State::HalfOpen if !full => {
                        return wrong("a call was refused though a slot is free".into());
                    }
                    State::HalfOpen => Reason::ProbesInFlight,
                    State::Open => Reason::Open,
                };
                if (reason, now) != (right, self.instant(reading)) {
                    return wrong(format!(
                        "refused for {reason:?} at {now:?}, where it must be {right:?}"
                    ));
                }
                model.waits::<W>(&self.plan.rules, Some(left), reading)?;
                Ok(sight(reason == Reason::Open, Sight::RefusedOpen) | sight(full, Sight::RefusedFull))
            }
            Done::Settled(_) if op == Op::Forget || thread.made.is_some() => Ok(0),
            Done::Settled(_) => {
                let generation = thread.permits.oldest().generation;
                if !model.ignores(generation, op.outcome()) {
                    return wrong("an outcome that counts changed nothing".into());
                }
                Ok(sight(generation != model.generation, Sight::CameTooLate))
            }
            Done::Reset(_) => Ok(0),
            Done::Observed(seen) => {
                let then = thread.seen.ok_or("observed without a look at the state")?;
                let waits = match then.model.state {
                    State::Closed => false,
                    State::Open => true,
                    State::HalfOpen => u32::from(then.model.in_flight) >= self.plan.rules.probes,
                };
                let reading = thread.reading.filter(|_| waits);
                if (seen.word.bits(), seen.now) != (then.word, reading.map(|reading| self.instant(reading))) {
                    return wrong(format!("observed {seen:?}, which is not what was seen"));
                }
                match reading {
                    Some(reading) => then.model.waits::<W>(&self.plan.rules, seen.left, reading)?,
                    None if seen.left.is_some() => {
                        return wrong("observed a wait where there is none".into());
                    }
                    None => {}
                }
                let left = seen.left;
                Ok(sight(left.is_some(), Sight::SawWait))
            }
        }
    }

    fn instant(&self, reading: i32) -> Instant {
        Instant::from_micros(self.plan.start.wrapping_add_signed(reading.into()))
    }
}
