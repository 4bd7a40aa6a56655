//! The token bucket's protocol for the explorer: threads that work through scripts on its words, with the model beside
//! them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use watertight::Instant;
use watertight::bucket::protocol::Place;
use watertight::bucket::word::Widths;

use super::line::Line;
use super::model::Model;
use super::script::{Clock, Grant, Moment, Op, Plan, Sight, THREADS, Thread, WORDS, Words};
use super::subjects::{Bucket, Given, Observed, Refused};
use crate::explore::{Access, Fingerprint, Kept, Offer, Player, Stopped, System};
use crate::played::Timing;

/// A receipt, in microseconds since the start.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    pub date: i64,
    pub act: i64,
    pub tokens: u32,
}

/// A decision.
#[derive(Clone, Copy, Debug)]
pub enum Done {
    Granted(Facts),
    Refused(Refused),
    Refunded(u32),
    Reset,
    Observed(Observed),
}

pub type Played = crate::played::Played<Place, WORDS>;

/// A plan for one subject and one choice of widths.
pub struct Set<S: Bucket, W: Widths> {
    pub plan: Plan,
    pub line: Line,
    pub terms: S::Terms<W>,
    /// What was found to get on alone, the most steps that it took, and the most drops that had to come until a bucket was full again that
    /// should have been full.
    pub alone: RefCell<HashSet<u128, Kept>>,
    pub most_alone: Cell<u32>,
    pub most_lost: Cell<i64>,
}

/// What one step led to.
pub struct Step {
    number: usize,
    op: Op,
    pub moment: Moment,
    access: Option<Access<Place>>,
    sights: u64,
    pub ended: bool,
}

impl<S: Bucket, W: Widths> Set<S, W> {
    pub fn new(plan: Plan) -> Self {
        let wanted = plan.wanted();
        Self {
            plan,
            line: Line::of::<W>(&plan, &wanted),
            terms: S::terms(&wanted).expect("the plan's terms are good"),
            alone: RefCell::default(),
            most_alone: Cell::new(0),
            most_lost: Cell::new(0),
        }
    }

    /// The moment after what was done before.
    pub fn begin(&self) -> Result<Moment, String> {
        let mut moment = Moment {
            words: [0; WORDS],
            time: 0,
            model: Model::default(),
            threads: [Thread::default(); THREADS],
        };
        for &(op, reading) in self.plan.before {
            loop {
                let step = self.step(&moment, 0, op, reading)?;
                moment = step.moment;
                if step.ended {
                    break;
                }
            }
            moment.time = reading;
        }
        moment.threads[0] = Thread::default();
        Ok(moment)
    }

    fn since_start(&self, at: Instant) -> i64 {
        at.as_micros().wrapping_sub(self.plan.start) as i64
    }

    /// Plays an attempt's answers and makes its next step; the clock reads `beyond` microseconds after the reading.
    pub fn play(
        &self,
        words: Words,
        thread: &Thread,
        op: Op,
        (reading, beyond): (i32, i64),
    ) -> (Played, Result<Option<Done>, Stopped>) {
        let memory = |words, answers, beyond| {
            let timing = Timing {
                start: self.plan.start,
                tick: self.plan.tick,
                beyond,
            };
            Played::new(Player::new(words, answers, reading as u32), timing)
        };
        let played = memory(words, thread.answers, beyond);
        if let Some(ask) = op.ask(self.plan.tick) {
            let done = S::acquire(&played, &self.terms, ask, !thread.slow);
            let done = done.map(|done| {
                done.map(|answer| match answer {
                    Ok(receipt) => Done::Granted(Facts {
                        date: self.since_start(receipt.date()),
                        act: self.since_start(receipt.act_at()),
                        tokens: receipt.tokens(),
                    }),
                    Err(refused) => Done::Refused(refused),
                })
            });
            return (played, done);
        }
        let done = match op {
            Op::Refund => match thread.grant {
                None => Ok(Some(Done::Refunded(0))),
                Some(grant) => {
                    // A receipt is what its attempt's answers make: nobody can copy one.
                    let again = memory(words, grant.answers, 0);
                    let ask = grant.op.ask(self.plan.tick).expect("it was granted");
                    let Ok(Some(Ok(receipt))) = S::acquire(&again, &self.terms, ask, !grant.slow) else {
                        unreachable!("the same answers, another decision");
                    };
                    let done = S::refund(&played, &self.terms, &receipt);
                    done.map(|done| done.map(Done::Refunded))
                }
            },
            Op::Reset => S::reset(&played, &self.terms).map(|done| done.map(|()| Done::Reset)),
            _ => S::observe(&played, &self.terms).map(|done| done.map(Done::Observed)),
        };
        (played, done)
    }

    /// The next step of a thread that is at, or begins, this operation.
    fn step(&self, before: &Moment, number: usize, op: Op, reading: i32) -> Result<Step, String> {
        let mut thread = before.threads[number];
        thread.op = Some(op);
        let (memory, done) = self.play(before.words, &thread, op, (reading, 0));
        let player = memory.player;
        thread.answers = player.answers.get();
        let mut step = Step {
            number,
            op,
            moment: Moment {
                words: player.words.get(),
                ..before.clone()
            },
            access: player.access.get(),
            sights: 0,
            ended: false,
        };
        let moment = &mut step.moment;
        let explain = |sentence| self.explain(number, op, step.access, format!(": {sentence}"));
        let mut written = None;
        match step.access {
            Some(Access::Load {
                place: Place::Spent,
                value,
            }) if thread.spent.is_none() => {
                (thread.spent, thread.era) = (Some((value, moment.model.spent)), moment.model.era);
            }
            Some(Access::Load {
                place: Place::Dated, ..
            }) => thread.dated = Some(moment.model.dated),
            Some(Access::Clock { .. }) => {
                thread.now = Some(i64::from(reading) * self.plan.tick);
                match self.plan.clock {
                    Clock::Any(_) => {}
                    Clock::Held(_) => thread.held = Some(reading),
                    Clock::Moved(_) => moment.time = reading,
                }
            }
            Some(Access::Swap {
                place, won: false, ..
            }) => {
                step.sights |= match place {
                    Place::Spent => Sight::SpentLost.bit(),
                    _ => Sight::DatedLost.bit(),
                };
            }
            Some(Access::Swap {
                place: Place::Dated,
                new,
                ..
            }) => {
                step.sights |= self
                    .dated_written(&mut moment.model, &thread, op, new)
                    .map_err(explain)?;
            }
            Some(Access::Swap { seen, new, .. }) => written = Some((seen, new)),
            _ => {}
        }
        if let (Some(written), Err(Stopped)) = (written, &done) {
            // A twin that goes on after it has taken: what it will have taken counts from now on.
            let rest = self.rest(&step.moment.words, thread, op, reading);
            if let Some(Done::Granted(facts)) = rest {
                let counted = self.granted(&mut step.moment.model, &mut thread, op, facts, Some(written));
                step.sights |= counted.map_err(explain)?;
            }
        }
        let moment = &mut step.moment;
        match done {
            Err(Stopped) => {}
            Ok(None) => {
                step.sights |= match written {
                    Some(written) if op.ask(1).is_some() => {
                        self.begun(&mut moment.model, &thread, written).map_err(explain)?
                    }
                    _ => Sight::LookedAgainInVain.when(matches!(
                        step.access,
                        Some(Access::Load {
                            place: Place::Spent,
                            ..
                        })
                    )),
                };
                thread.begin_attempt();
            }
            Ok(Some(done)) => {
                let word = moment.words[0];
                let decided = self.decided(&mut moment.model, &mut thread, op, done, (word, written));
                step.sights |= decided.map_err(explain)?;
                step.ended = true;
                thread = Thread {
                    slot: thread.slot + 1,
                    grant: thread
                        .grant
                        .filter(|_| self.refunds_after(number, thread.slot + 1)),
                    ..Thread::default()
                };
            }
        }
        moment.threads[number] = thread;
        Ok(step)
    }

    /// Whether this thread may still give something back.
    fn refunds_after(&self, number: usize, slot: u8) -> bool {
        let script = self.plan.scripts.get(number).copied().unwrap_or_default();
        script
            .iter()
            .skip(slot.into())
            .any(|menu| menu.contains(&Op::Refund))
    }

    /// How this attempt ends if nobody else does anything.
    fn rest(&self, words: &Words, mut thread: Thread, op: Op, reading: i32) -> Option<Done> {
        let mut words = *words;
        loop {
            let (memory, done) = self.play(words, &thread, op, (reading, 0));
            words = memory.player.words.get();
            thread.answers = memory.player.answers.get();
            match done {
                Err(Stopped) => {}
                Ok(done) => return done,
            }
        }
    }

    /// Remembers what a receipt is for.
    pub fn keep(&self, thread: &mut Thread, op: Op, facts: Facts, (before, after): (i64, i64), era: u8) {
        thread.grant = Some(Grant {
            op,
            slow: thread.slow,
            answers: thread.answers,
            before,
            after,
            date: facts.date,
            act: facts.act,
            tokens: facts.tokens,
            era,
        });
    }

    fn each_step(&self, moment: &Moment, mut offer: impl FnMut(Result<Step, String>)) {
        for (number, script) in self.plan.scripts.iter().enumerate() {
            let thread = &moment.threads[number];
            let Some(&menu) = script.get(usize::from(thread.slot)) else {
                continue;
            };
            let menu = thread.op.as_ref().map_or(menu, std::slice::from_ref);
            for &op in menu {
                let (readings, time) = match self.plan.clock {
                    Clock::Any(readings) => (readings, 0),
                    Clock::Held(readings) => (thread.held.as_ref().map_or(readings, std::slice::from_ref), 0),
                    Clock::Moved(moves) => (moves, moment.time),
                };
                for &reading in readings {
                    let step = self.step(moment, number, op, time + reading);
                    let asked = step
                        .as_ref()
                        .map_or(true, |step| matches!(step.access, Some(Access::Clock { .. })));
                    offer(step);
                    if !asked {
                        break;
                    }
                }
            }
        }
    }

    /// The first part of a line: who, what, and which access.
    fn explain(&self, number: usize, op: Op, access: Option<Access<Place>>, rest: String) -> String {
        let who = ["A", "B", "C"][number];
        let access = match access {
            None => String::new(),
            Some(Access::Load { place, value }) => format!("{place:?} = {}", Self::word(place, value)),
            Some(Access::Clock { reading }) => format!("clock = {}", reading as i32),
            Some(Access::Swap { place, new, won, .. }) => {
                let vain = if won { "" } else { ", in vain" };
                format!("{place:?} := {}{vain}", Self::word(place, new))
            }
        };
        format!("{who} {op:?}: {access}{rest}")
    }

    fn word(place: Place, bits: u32) -> String {
        let width = match place {
            Place::Spent => W::INDEX,
            _ => W::STRETCH,
        };
        match bits & 1 {
            0 => "unset".into(),
            _ => (bits >> (32 - width)).to_string(),
        }
    }
}

impl<S: Bucket, W: Widths> System for Set<S, W> {
    type State = Moment;

    fn fingerprint(&self, moment: &Moment) -> u128 {
        let time = match self.plan.clock {
            Clock::Moved(_) => moment.time,
            _ => 0,
        };
        Fingerprint::of(&(moment.words, time, moment.model, moment.threads))
    }

    fn steps(&self, moment: &Moment, offer: Offer<Moment>) {
        self.each_step(moment, |step| {
            offer(step.map(|step| (step.moment, step.sights)));
        });
    }

    fn inspect(&self, moment: &Moment) -> Result<(), String> {
        self.gets_on(moment)
    }

    fn show(&self, moment: &Moment, number: u32) -> String {
        let mut lines = Vec::new();
        self.each_step(moment, |step| lines.push(step));
        match lines.swap_remove(number as usize) {
            Ok(step) => {
                let Model { spent, dated, .. } = step.moment.model;
                let model = format!("  [spent {spent:?}, dated {dated:?}]");
                self.explain(step.number, step.op, step.access, model)
            }
            Err(sentence) => sentence,
        }
    }
}
