//! The waiting room's protocol for the explorer: threads that work through scripts on its words and wakers.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::marker::PhantomData;

use watertight::bulkhead::waiting::protocol::{Next, Outcome, Step};
use watertight::bulkhead::waiting::word::{Gate, Widths};

use super::claims::{NAMES, Sits, Wrong};
use super::machine::Done;
use super::script::{At, Attempt, Claims, Moment, Op, Plan, Sight, THREADS, Thread, WORDS};
use crate::explore::{Access, Fingerprint, Kept, Offer, System};
use crate::subjects::Waiting;

/// A plan for one subject and one width.
pub struct Set<S, W> {
    pub plan: Plan,
    /// What was found to get on alone, and the most steps that it took.
    pub alone: RefCell<HashSet<u128, Kept>>,
    pub most_alone: Cell<u32>,
    subject: PhantomData<(S, W)>,
}

/// What a thread may do next.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// On with what it is in the middle of.
    On,
    Begin(Op),
    Poll,
    GiveUp,
    /// There is nothing to give back.
    Skip,
}

/// What one step led to.
struct Made {
    number: usize,
    turn: Turn,
    attempt: Option<Attempt>,
    moment: Moment,
    access: Option<Access<At>>,
    sights: u64,
}

impl<S: Waiting, W: Widths> Set<S, W> {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            alone: RefCell::default(),
            most_alone: Cell::new(0),
            subject: PhantomData,
        }
    }

    /// The moment after what was done before.
    pub fn begin(&self) -> Result<Moment, Wrong> {
        let mut words = [0; WORDS];
        // As many came and went before.
        let mut gate = Gate::<W>::new(self.plan.limit);
        for _ in 0..self.plan.head {
            gate = gate.joined().without_head();
        }
        words[0] = gate.bits();
        let mut moment = Moment {
            words,
            heads: self.plan.head as u8,
            aliased: false,
            threads: [Thread::default(); THREADS + 1],
        };
        for &(number, op) in self.plan.before {
            // So that its script begins after this.
            moment.threads[number].slot = u8::MAX;
            let mut turn = Turn::Begin(op);
            while !matches!(turn, Turn::On) || !moment.threads[number].rests() {
                moment = self.make(&moment, number, turn)?.moment;
                turn = Turn::On;
            }
        }
        Ok(moment)
    }

    fn make(&self, before: &Moment, number: usize, turn: Turn) -> Result<Made, Wrong> {
        let moment = before.clone();
        let queued = |number: &usize| moment.threads[*number].position.is_some();
        let behind = (0..THREADS).filter(queued).map(|other| 1 << other).sum::<u8>() & !(1 << number);
        let mut thread = before.threads[number];
        match turn {
            Turn::On => {}
            Turn::Begin(op) => {
                thread.begin(op);
                thread.behind = if op == Op::Leave { 0 } else { behind };
            }
            Turn::Poll => thread.poll(),
            Turn::GiveUp => thread.give_up(),
            Turn::Skip => thread.end(),
        }
        let attempt = thread.attempt;
        let mut made = Made {
            number,
            turn,
            attempt,
            moment,
            access: None,
            sights: 0,
        };
        let Some(attempt) = attempt else {
            made.moment.threads[number] = thread;
            return Ok(made);
        };
        let moment = &mut made.moment;
        // Where it stands before, for what is claimed of the access; and after.
        moment.threads[number] = thread;
        let step = thread.play::<S, W>(&mut moment.words, self.plan.seats, number);
        (made.access, made.sights) = (step.access, step.sights);
        let access = step.access.expect("each step makes one access");
        let explain = |sentence| self.explain(&made.turn, number, Some(attempt), Some(access), sentence);
        let accounted = self.account(&mut made.moment, number, attempt, access);
        made.sights |= accounted.map_err(explain)?;
        let moment = &mut made.moment;
        let told = moment.threads[number];
        thread = Thread {
            places: told.places,
            claimed: told.claimed,
            position: told.position,
            closed: told.closed,
            in_hand: told.in_hand,
            gift: told.gift,
            behind: if thread.op.is_some() { told.behind } else { 0 },
            woken: thread.woken | told.woken & thread.op.is_some() & !told.gives_up,
            ..thread
        };
        if attempt == Attempt::Step(Step::Arrive) {
            made.sights |= self
                .is_full(moment, number, &mut thread, told.full, step.done)
                .map_err(explain)?;
        }
        if let (Attempt::Step(Step::HandOver(_)), Some(Done::Next(Next::Go(_)))) = (attempt, step.done) {
            thread.in_hand = None;
        }
        moment.threads[number] = thread;
        if thread.rests() {
            self.ended(moment, number).map_err(explain)?;
            made.sights |= self.holes_left(moment);
        }
        Ok(made)
    }

    /// What is true of a thread that rests.
    fn ended(&self, moment: &Moment, number: usize) -> Result<(), Wrong> {
        let thread = &moment.threads[number];
        self.claim(thread.places == thread.slots, || {
            format!("has {} places, and knows of {}", thread.places, thread.slots)
        })?;
        let empty = thread.in_hand.is_none() && thread.gift.is_none() && thread.closed.is_none();
        self.claim(empty, || "rests, and is not done".into())?;
        self.claim(thread.asleep == thread.claimed.is_some(), || {
            "rests with a seat, and does not wait; or without one, and does".into()
        })?;
        let most = self.most_places();
        let stay = moment
            .threads
            .iter()
            .filter(|thread| thread.op != Some(Op::Leave));
        let inside: u32 = stay.map(|thread| thread.slots).sum();
        if inside > most {
            return Err(format!("{inside} callers are inside, of at most {most}"));
        }
        Ok(())
    }

    /// Holes at the ends of the queue, with nobody busy who might take them out.
    fn holes_left(&self, moment: &Moment) -> u64 {
        let gate = Self::gate(moment);
        let rest = moment.threads.iter().all(Thread::rests) && gate.length() > 0;
        let hole = |ticket| Self::seat(moment, self.seat_of(ticket)) != Sits::Waiting(ticket);
        Sight::HoleAtHead.when(rest && hole(gate.head().number()))
            | Sight::HoleAtLast.when(rest && hole(gate.last().number()))
    }

    /// The highest limit there ever is.
    fn most_places(&self) -> u32 {
        let ops = self
            .plan
            .scripts
            .iter()
            .flat_map(|script| script.iter())
            .flat_map(|ops| ops.iter());
        let limits = ops.map(|op| if let Op::Resize(limit) = op { *limit } else { 0 });
        limits.max().unwrap_or(0).max(self.plan.limit)
    }

    /// Whether "room full" was so at some moment of the attempt, and what it was told.
    fn is_full(
        &self,
        moment: &Moment,
        number: usize,
        thread: &mut Thread,
        was: bool,
        done: Option<Done>,
    ) -> Result<u64, Wrong> {
        let gate = Self::gate(moment);
        let others = (0..THREADS).filter(|&other| other != number);
        let busy = others.into_iter().any(|other| !moment.threads[other].rests());
        let free = |seat: &u32| Self::seat(moment, *seat) == Sits::Free;
        let nth = |seat| (0..gate.length()).find(|nth| self.seat_of(gate.after_head(*nth).number()) == seat);
        let taken = !(0..self.plan.seats).any(|seat| free(&seat));
        let holes = (0..self.plan.seats).filter(free).all(|seat| nth(seat).is_some());
        let last = self.seat_of(gate.last().number());
        let full = was || taken || holes || busy;
        let told = matches!(done, Some(Done::Next(Next::Done(Outcome::RoomFull))));
        if !told {
            // Another attempt, or another step, begins without it.
            thread.full = full && !thread.answers.is_empty();
            return Ok(0);
        }
        let left = full && !taken && !busy && free(&last);
        if (left || !full) && self.plan.claims == Claims::Full {
            return Err("is told that the room is full, and it is not".into());
        }
        Ok(if !full {
            Sight::FullTorn.bit()
        } else if taken {
            Sight::FullTaken.bit()
        } else if busy {
            Sight::FullForAMoment.bit()
        } else if left {
            Sight::FullOfLeftHoles.bit()
        } else {
            Sight::FullHoles.bit()
        })
    }

    fn turns(&self, moment: &Moment, number: usize, mut turn: impl FnMut(Turn)) {
        let thread = &moment.threads[number];
        if !thread.rests() {
            return turn(Turn::On);
        }
        if thread.asleep {
            if thread.woken || thread.op == Some(Op::Fidget) {
                turn(Turn::Poll);
            }
            if thread.op == Some(Op::MayGiveUp) {
                turn(Turn::GiveUp);
            }
            return;
        }
        match self.plan.scripts[number].get(usize::from(thread.slot)) {
            Some(choices) => choices.iter().for_each(|op| match op {
                Op::Leave if thread.slots == 0 => turn(Turn::Skip),
                op => turn(Turn::Begin(*op)),
            }),
            None if thread.slots > 0 => turn(Turn::Begin(Op::Leave)),
            None => {}
        }
    }

    fn each_step(&self, moment: &Moment, mut offer: impl FnMut(Result<Made, Wrong>)) {
        for number in 0..self.plan.scripts.len() {
            self.turns(moment, number, |turn| offer(self.make(moment, number, turn)));
        }
    }

    /// Whether there is nothing left that a thread will do, unless somebody wakes it.
    pub fn is_over(&self, moment: &Moment, number: usize) -> bool {
        let thread = &moment.threads[number];
        thread.asleep && !thread.woken
            || thread.rests()
                && !thread.asleep
                && thread.slots == 0
                && usize::from(thread.slot) >= self.plan.scripts[number].len()
    }

    fn explain(
        &self,
        turn: &Turn,
        number: usize,
        attempt: Option<Attempt>,
        access: Option<Access<At>>,
        rest: String,
    ) -> String {
        let word = |at, bits| match at {
            At::Gate => format!("{:?}", Gate::<W>::from_bits(bits)),
            At::Seat(_) => format!("{:?}", Sits::of(bits)),
            _ => bits.to_string(),
        };
        let access = match access {
            None => String::new(),
            Some(Access::Load { place, value }) => format!("{place:?} = {}", word(place, value)),
            Some(Access::Swap { place, new, won, .. }) => {
                let vain = if won { "" } else { ", in vain" };
                format!("{place:?} := {}{vain}", word(place, new))
            }
            Some(Access::Clock { .. }) => unreachable!("there is no clock"),
        };
        let turn = match turn {
            Turn::On => String::new(),
            turn => format!("{turn:?}: "),
        };
        format!("{} {turn}{attempt:?}: {access}; {rest}", NAMES[number])
    }
}

impl<S: Waiting, W: Widths> System for Set<S, W> {
    type State = Moment;

    fn fingerprint(&self, moment: &Moment) -> u128 {
        let Moment {
            words,
            heads,
            aliased,
            threads,
        } = moment;
        Fingerprint::of(&(words, heads, aliased, &threads[..self.plan.scripts.len()]))
    }

    fn steps(&self, moment: &Moment, offer: Offer<Moment>) {
        self.each_step(moment, |step| offer(step.map(|made| (made.moment, made.sights))));
    }

    fn inspect(&self, moment: &Moment) -> Result<(), String> {
        self.stands(moment)?;
        self.gets_on(moment)
    }

    fn show(&self, moment: &Moment, number: u32) -> String {
        let mut lines = Vec::new();
        self.each_step(moment, |step| lines.push(step));
        match lines.swap_remove(number as usize) {
            Ok(made) => self.explain(&made.turn, made.number, made.attempt, made.access, String::new()),
            Err(sentence) => sentence,
        }
    }
}
