//! The breaker's protocol for the explorer: threads that work through scripts on three words, with the model beside
//! them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::marker::PhantomData;

use watertight::breaker::protocol::{Admission, Memory, Place, Reading};
use watertight::breaker::word::{Widths, Word};
use watertight::models::Ordering;
use watertight::{Instant, Transition};

use crate::explore::{Access, Answers, Fingerprint, Kept, Offer, Player, Stopped, System};
use crate::model::{Model, Sight};
use crate::script::{Clock, Moment, Op, Plan, Seen, THREADS, Thread};
use crate::subjects::Subject;

/// A decision.
pub enum Done<W: Widths> {
    Admitted(Admission<W>),
    Settled(Option<Transition>),
    Reset(Transition),
    Observed(Reading<W>),
}

pub struct Played<W> {
    pub player: Player<Place, 3>,
    start: u64,
    widths: PhantomData<W>,
}

impl<W: Widths> Memory for Played<W> {
    type Widths = W;
    type Stop = Stopped;

    fn load(&self, place: Place, _: Ordering) -> Result<u32, Stopped> {
        self.player.load(place, place as usize)
    }

    fn swap_if(&self, place: Place, seen: u32, new: u32, _: Ordering) -> Result<bool, Stopped> {
        self.player.swap_if(place, place as usize, seen, new)
    }

    fn now(&self) -> Result<Instant, Stopped> {
        let offset = self.player.clock()? as i32;
        Ok(Instant::from_micros(
            self.start.wrapping_add_signed(offset.into()),
        ))
    }

    fn draw(&self) -> u32 {
        0
    }
}

/// A plan for one subject and one choice of widths.
pub struct Set<S, W> {
    pub plan: Plan,
    /// What was found to get on alone, and the most steps that it took.
    pub alone: RefCell<HashSet<u128, Kept>>,
    pub most_alone: Cell<u32>,
    kind: PhantomData<(S, W)>,
}

/// What one step led to.
struct Step {
    number: usize,
    op: Op,
    moment: Moment,
    access: Option<Access<Place>>,
    sights: u64,
    ended: bool,
}

impl<S: Subject, W: Widths> Set<S, W> {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            alone: RefCell::default(),
            most_alone: Cell::new(0),
            kind: PhantomData,
        }
    }

    /// The most steps that anybody took to end an operation, or what was left of one, alone.
    pub fn most_alone(&self) -> u32 {
        self.most_alone.get()
    }

    /// The moment after what was done before.
    pub fn begin(&self) -> Result<Moment, String> {
        let mut moment = Moment {
            words: [0; 3],
            time: 0,
            model: Model::new(self.plan.claims),
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
        }
        moment.threads[0] = Thread::default();
        if let Some(&(_, reading)) = self.plan.before.last() {
            moment.time = reading;
        }
        Ok(moment)
    }

    pub fn play(
        &self,
        words: [u32; 3],
        thread: &Thread,
        op: Op,
        reading: i32,
    ) -> (Played<W>, Result<Option<Done<W>>, Stopped>) {
        let memory = Played {
            player: Player::new(words, thread.answers, reading as u32),
            start: self.plan.start,
            widths: PhantomData,
        };
        let ticket = Word::from_bits(thread.permits.oldest().ticket);
        let done = match op {
            Op::Admit if !thread.slow => S::admit_closed(&memory).map(|ticket| {
                ticket.map(|ticket| Done::Admitted(Admission::Admitted { ticket, made: None }))
            }),
            Op::Admit => S::admit(&memory, &self.plan.rules).map(|done| done.map(Done::Admitted)),
            Op::Success if !thread.slow => {
                S::is_quiet_success(&memory, ticket).map(|quiet| quiet.then_some(Done::Settled(None)))
            }
            Op::Success | Op::Failure(_) | Op::Neutral => {
                S::settle(&memory, &self.plan.rules, ticket, op.outcome()).map(|done| done.map(Done::Settled))
            }
            Op::Forget => Ok(Some(Done::Settled(None))),
            Op::Reset => S::reset(&memory, &self.plan.rules).map(|done| done.map(Done::Reset)),
            Op::Observe => S::observe(&memory, &self.plan.rules).map(|done| done.map(Done::Observed)),
        };
        (memory, done)
    }

    /// The next step of a thread that is at, or begins, this operation.
    fn step(&self, before: &Moment, number: usize, op: Op, reading: i32) -> Result<Step, String> {
        let (memory, done) = self.play(before.words, &before.threads[number], op, reading);
        let player = memory.player;
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
        let thread = &mut moment.threads[number];
        thread.op = Some(op);
        thread.answers = player.answers.get();
        let explain = |sentence| self.explain(number, op, step.access, format!(": {sentence}"));
        let sight = |sight: Sight| 1 << sight as u8;

        match step.access {
            Some(Access::Clock { .. }) => {
                thread.reading = Some(reading);
                match self.plan.clock {
                    Clock::Any(_) => {}
                    Clock::Held(_) => thread.held = Some(reading),
                    Clock::Moved(_) => moment.time = reading,
                }
            }
            Some(Access::Swap { won: false, .. }) => step.sights |= sight(Sight::SwapLost),
            Some(Access::Swap { place, new, .. }) => {
                step.sights |= self
                    .written(&mut moment.model, thread, op, place, new)
                    .map_err(explain)?;
            }
            Some(Access::Load {
                place: Place::State,
                value,
            }) if op == Op::Observe => {
                thread.seen = Some(Seen {
                    word: value,
                    model: moment.model,
                });
            }
            _ => {}
        }
        match done {
            Err(Stopped) => {}
            Ok(None) => {
                if let Some(Access::Load {
                    place: Place::State, ..
                }) = step.access
                {
                    step.sights |= if thread.slow {
                        sight(Sight::LookedAgainInVain)
                    } else {
                        0
                    };
                }
                thread.slow = true;
                thread.answers = Answers::default();
                thread.reading = None;
            }
            Ok(Some(done)) => {
                step.sights |= self.decided(&moment.model, thread, op, done).map_err(explain)?;
                step.ended = true;
                if op.needs_permit() {
                    thread.permits.pop();
                }
                let Thread { slot, permits, .. } = *thread;
                *thread = Thread {
                    slot: slot + 1,
                    permits,
                    ..Thread::default()
                };
                if let Some(script) = self.plan.scripts.get(number) {
                    let useless =
                        |slot: &&[Op]| permits.count == 0 && slot.iter().all(|op| op.needs_permit());
                    let skipped = script
                        .iter()
                        .skip(thread.slot.into())
                        .take_while(|slot| useless(slot));
                    thread.slot += skipped.count() as u8;
                }
            }
        }
        Ok(step)
    }

    fn each_step(&self, moment: &Moment, mut offer: impl FnMut(Result<Step, String>)) {
        for (number, script) in self.plan.scripts.iter().enumerate() {
            let thread = &moment.threads[number];
            let Some(&menu) = script.get(usize::from(thread.slot)) else {
                continue;
            };
            let menu = if let Some(op) = &thread.op {
                std::slice::from_ref(op)
            } else {
                menu
            };
            for &op in menu
                .iter()
                .filter(|op| thread.permits.count > 0 || !op.needs_permit())
            {
                let (readings, time) = match self.plan.clock {
                    Clock::Any(readings) => (readings, 0),
                    Clock::Held(readings) => (thread.held.as_ref().map_or(readings, std::slice::from_ref), 0),
                    Clock::Moved(moves) => (moves, moment.time),
                };
                for &reading in readings {
                    let step = self.step(moment, number, op, time + reading);
                    let asked = !matches!(&step, Ok(Step { access, .. }) if !matches!(access, Some(Access::Clock { .. })));
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
            Some(Access::Load {
                place: Place::State,
                value,
            }) => format!("state = {:?}", Word::<W>::from_bits(value)),
            Some(Access::Load { place, value }) => format!("{place:?} = {}", self.timer(place, value)),
            Some(Access::Clock { reading }) => format!("clock = {}", reading as i32),
            Some(Access::Swap {
                place: Place::State,
                new,
                won,
                ..
            }) => {
                format!(
                    "state := {:?}{}",
                    Word::<W>::from_bits(new),
                    if won { "" } else { ", in vain" }
                )
            }
            Some(Access::Swap { place, new, won, .. }) => {
                format!(
                    "{place:?} := {}{}",
                    self.timer(place, new),
                    if won { "" } else { ", in vain" }
                )
            }
        };
        format!("{who} {op:?}: {access}{rest}")
    }

    fn timer(&self, place: Place, bits: u32) -> String {
        let width = if place == Place::Low { W::LOW } else { W::HIGH };
        format!(
            "{{count {}, deadline {}}}",
            bits >> width,
            bits & crate::model::ones(width)
        )
    }
}

impl<S: Subject, W: Widths> System for Set<S, W> {
    type State = Moment;

    /// Threads with one script are interchangeable.
    fn fingerprint(&self, moment: &Moment) -> u128 {
        let mut threads = 0_u128;
        for (thread, script) in moment.threads.iter().zip(self.plan.scripts) {
            let same = self.plan.scripts.iter().position(|other| other == script);
            threads = threads.wrapping_add(Fingerprint::of(&(same, thread)));
        }
        let halves = (threads as u64, (threads >> 64) as u64);
        Fingerprint::of(&(halves, moment.words, moment.time, moment.model))
    }

    fn steps(&self, moment: &Moment, offer: Offer<Moment>) {
        self.each_step(moment, |step| offer(step.map(|step| (step.moment, step.sights))));
    }

    fn inspect(&self, moment: &Moment) -> Result<(), String> {
        self.gets_on(moment)
    }

    fn show(&self, moment: &Moment, number: u32) -> String {
        let mut lines = Vec::new();
        self.each_step(moment, |step| {
            lines.push(step.map_or_else(
                |sentence| sentence,
                |step| {
                    self.explain(
                        step.number,
                        step.op,
                        step.access,
                        if step.ended {
                            ". Done".into()
                        } else {
                            String::new()
                        },
                    )
                },
            ));
        });
        lines.swap_remove(number as usize)
    }
}
