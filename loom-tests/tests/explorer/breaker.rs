//! The breaker's protocol for the explorer: threads that work through scripts on its words, with the model beside
//! them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::marker::PhantomData;

use watertight::Transition;
use watertight::breaker::protocol::{Admission, Memory, Place, Reading, Settled};
use watertight::breaker::window::ring::{Era, Hand, Tally};
use watertight::breaker::window::tape::Cursor;
use watertight::breaker::word::{Widths, Word};

use crate::explore::{Access, Fingerprint, Kept, Offer, Player, Stopped, System};
use crate::model::{Model, ones};
use crate::played::Timing;
use crate::ring::Circle;
use crate::script::{Clock, Moment, Op, Plan, Seen, THREADS, Thread, WORDS, Words};
use crate::sights::Sight;
use crate::subjects::{Subject, Windowed};
use crate::tape::{List, Size};

/// A decision.
pub enum Done<W: Widths> {
    Admitted(Admission<W>),
    Settled(Settled),
    Forced(Transition),
    Observed(Reading<W>),
}

pub type Played<W> = crate::played::Played<Place, WORDS, W>;

impl<W: Widths> Memory for Played<W> {
    type Widths = W;

    fn draw(&self) -> u32 {
        0
    }
}

/// A plan for one subject, one way to count, and one choice of widths.
pub struct Set<S, N, W> {
    pub plan: Plan,
    pub size: Size,
    counting: N,
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

impl<S: Subject, N: Windowed, W: Widths> Set<S, N, W> {
    pub fn new(plan: Plan) -> Self {
        let size = match N::IS_RING {
            true => Size::of_ring(plan.calls, N::BITS),
            false => Size::of::<W>(plan.calls, N::BITS),
        };
        Self {
            plan,
            size,
            counting: N::of(size.calls, size.strips),
            alone: RefCell::default(),
            most_alone: Cell::new(0),
            kind: PhantomData,
        }
    }

    /// The most steps that anybody took to end an operation, or what was left of one, alone.
    pub fn most_alone(&self) -> u32 {
        self.most_alone.get()
    }

    /// The most probes that any rules allow.
    pub fn most_probes(&self) -> u32 {
        let second = self.plan.second.map_or(0, |rules| rules.probes);
        self.plan.rules.probes.max(second)
    }

    /// The moment after what was done before.
    pub fn begin(&self) -> Result<Moment, String> {
        let mut moment = Moment {
            words: [0; WORDS],
            time: 0,
            model: Model::new(self.plan.claims),
            circle: Circle::new::<W>(self.plan.start),
            threads: [Thread::default(); THREADS],
        };
        for &(op, reading) in self.plan.before {
            // What was refused has no end.
            while !op.needs_permit() || moment.threads[0].permits.count > 0 {
                let step = self.step(&moment, 0, (op, false), reading)?;
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
        words: Words,
        thread: &Thread,
        op: Op,
        reading: i32,
    ) -> (Played<W>, Result<Option<Done<W>>, Stopped>) {
        let timing = Timing {
            start: self.plan.start,
            tick: 1,
            beyond: 0,
        };
        let memory = Played::new(Player::new(words, thread.answers, reading as u32), timing);
        let ticket = Word::from_bits(thread.permits.oldest().ticket);
        let rules = self.plan.rules_of(thread);
        let nothing = || Done::Settled(Settled::Done(None));
        let done = match op {
            Op::Admit if !thread.slow => S::admit_closed(&memory).map(|ticket| {
                ticket.map(|ticket| Done::Admitted(Admission::Admitted { ticket, made: None }))
            }),
            Op::Admit => S::admit(&memory, rules).map(|done| done.map(Done::Admitted)),
            Op::Success if !thread.slow => (self.counting)
                .succeed_quickly(&memory, ticket)
                .map(|done| done.then(nothing)),
            Op::Forget => Ok(Some(nothing())),
            Op::Observe => S::observe(&memory, self.counting, rules).map(|done| done.map(Done::Observed)),
            _ => match op.forces() {
                Some(to) => S::force(&memory, self.counting, rules, to).map(|done| done.map(Done::Forced)),
                None => S::settle(&memory, self.counting, rules, ticket, op.ended(), thread.counted)
                    .map(|done| done.map(Done::Settled)),
            },
        };
        (memory, done)
    }

    /// The next step of a thread that is at, or begins, this operation, by the second rules or the first.
    fn step(
        &self,
        before: &Moment,
        number: usize,
        (op, second): (Op, bool),
        reading: i32,
    ) -> Result<Step, String> {
        let mut thread = before.threads[number];
        let begins = thread.answers.is_empty();
        (thread.op, thread.second) = (Some(op), second);
        let (memory, done) = self.play(before.words, &thread, op, reading);
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
        if begins {
            thread.clean = moment.model.counts()
                && moment.model.list.is_clean(self.size)
                && thread.permits.oldest().generation == moment.model.generation;
        }
        if self.size.is_ring {
            if let Some(access) = step.access {
                let stepped = self.ring_stepped(moment, &mut thread, op, access);
                step.sights |= stepped.map_err(explain)?;
            }
        }
        match step.access {
            Some(Access::Clock { .. }) => {
                thread.reading = Some(reading);
                match self.plan.clock {
                    Clock::Any(_) => {}
                    Clock::Held(_) => thread.held = Some(reading),
                    Clock::Moved(_) => moment.time = reading,
                }
            }
            Some(Access::Swap { won: false, .. }) => step.sights |= Sight::SwapLost.bit(),
            Some(Access::Swap { place, seen, new, .. }) => {
                let written = match place {
                    Place::Window(_) if self.size.is_ring => Ok(0),
                    Place::Window(_) => {
                        let shared = (&mut moment.model, &moment.words);
                        self.window_written(shared, &mut thread, op, (place, seen, new))
                    }
                    _ => self.written(&mut moment.model, &mut thread, op, place, new),
                };
                step.sights |= written.map_err(explain)?;
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
        if op == Op::Observe {
            thread.counts |= List::counts_bit(moment.model.list.counts());
        }
        match done {
            Err(Stopped) => {}
            Ok(Some(Done::Settled(Settled::Counted))) => {
                thread.counted = true;
                thread.begin_attempt();
            }
            Ok(None) => {
                let looked = matches!(
                    step.access,
                    Some(Access::Load {
                        place: Place::State,
                        ..
                    })
                );
                let window = matches!(
                    step.access,
                    Some(Access::Load {
                        place: Place::Window(_),
                        ..
                    })
                );
                step.sights |= Sight::LookedAgainInVain.when(looked && thread.slow)
                    | Sight::JudgedAgain.when(window && thread.counted);
                thread.slow = true;
                thread.begin_attempt();
            }
            Ok(Some(done)) => {
                let decided = self.decided(&moment.model, &mut thread, op, done);
                step.sights |= decided.map_err(explain)?;
                step.ended = true;
                if op.needs_permit() {
                    thread.permits.pop();
                }
                let Thread { slot, permits, .. } = thread;
                thread = Thread {
                    slot: slot + 1,
                    permits,
                    ..Thread::default()
                };
                self.skip_useless(number, &mut thread);
            }
        }
        moment.threads[number] = thread;
        if self.size.is_ring {
            self.ring_told(moment);
            if matches!(step.access, Some(Access::Swap { won: true, .. })) {
                self.ring_stands(moment).map_err(explain)?;
            }
        } else {
            self.tell_observers(moment);
        }
        Ok(step)
    }

    /// Goes past what needs a permit, if there is none.
    fn skip_useless(&self, number: usize, thread: &mut Thread) {
        if let Some(script) = self.plan.scripts.get(number) {
            let useless = |slot: &&[Op]| thread.permits.count == 0 && slot.iter().all(|op| op.needs_permit());
            let skipped = script
                .iter()
                .skip(thread.slot.into())
                .take_while(|slot| useless(slot));
            thread.slot += skipped.count() as u8;
        }
    }

    /// Who observes may have seen what the window holds now.
    fn tell_observers(&self, moment: &mut Moment) {
        let counts = List::counts_bit(moment.model.list.counts());
        for thread in &mut moment.threads {
            if thread.op == Some(Op::Observe) && !thread.answers.is_empty() {
                thread.counts |= counts;
            }
        }
    }

    fn each_step(&self, moment: &Moment, mut offer: impl FnMut(Result<Step, String>)) {
        if self.size.is_ring && moment.circle.is_endless() {
            return;
        }
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
                for &second in self.choices(thread) {
                    for &reading in readings {
                        let step = self.step(moment, number, (op, second), time + reading);
                        let asked = !matches!(&step, Ok(Step { access, .. }) if !matches!(access, Some(Access::Clock { .. })));
                        offer(step);
                        if !asked {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Which rules the attempt may obey: as it began, or any where it begins.
    fn choices(&self, thread: &Thread) -> &'static [bool] {
        match self.plan.second {
            Some(_) if thread.answers.is_empty() => &[false, true],
            Some(_) if thread.second => &[true],
            _ => &[false],
        }
    }

    /// The first part of a line: who, what, and which access.
    fn explain(&self, number: usize, op: Op, access: Option<Access<Place>>, rest: String) -> String {
        let who = ["A", "B", "C"][number];
        let access = match access {
            None => String::new(),
            Some(Access::Load { place, value }) => format!("{place:?} = {}", self.word(place, value)),
            Some(Access::Clock { reading }) => format!("clock = {}", reading as i32),
            Some(Access::Swap { place, new, won, .. }) => {
                let vain = if won { "" } else { ", in vain" };
                format!("{place:?} := {}{vain}", self.word(place, new))
            }
        };
        format!("{who} {op:?}: {access}{rest}")
    }

    fn word(&self, place: Place, bits: u32) -> String {
        let timer = |width: u32| {
            let (count, deadline) = (bits >> width, bits & ones(width));
            format!("{{count {count}, deadline {deadline}}}")
        };
        match place {
            Place::State => format!("{:?}", Word::<W>::from_bits(bits)),
            Place::Low => timer(W::LOW),
            Place::High => timer(W::HIGH),
            Place::Window(0) if self.size.is_ring => format!("{:?}", Era::<W>::from_bits(bits)),
            Place::Window(1) if self.size.is_ring => format!("{:?}", Hand::<W>::from_bits(bits)),
            Place::Window(_) if self.size.is_ring => format!("{:?}", Tally::<W>::from_bits(bits)),
            Place::Window(0) => format!("{:?}", Cursor::<W>::from_bits(bits)),
            Place::Window(_) => {
                let (lap, outcomes) = (bits >> W::TAPE, bits & ones(W::TAPE));
                format!("{{lap {lap}, outcomes {outcomes:#b}}}")
            }
        }
    }
}

impl<S: Subject, N: Windowed, W: Widths> System for Set<S, N, W> {
    type State = Moment;

    /// Threads with one script are interchangeable.
    fn fingerprint(&self, moment: &Moment) -> u128 {
        let mut threads = 0_u128;
        for (thread, script) in moment.threads.iter().zip(self.plan.scripts) {
            let same = self.plan.scripts.iter().position(|other| other == script);
            threads = threads.wrapping_add(Fingerprint::of(&(same, thread)));
        }
        let halves = (threads as u64, (threads >> 64) as u64);
        let words = &moment.words[..self.size.words()];
        let circle = self.size.is_ring.then_some(moment.circle);
        Fingerprint::of(&(halves, words, moment.time, moment.model, circle))
    }

    fn steps(&self, moment: &Moment, offer: Offer<Moment>) {
        self.each_step(moment, |step| offer(step.map(|step| (step.moment, step.sights))));
    }

    fn inspect(&self, moment: &Moment) -> Result<(), String> {
        self.missed_nothing(moment)?;
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
