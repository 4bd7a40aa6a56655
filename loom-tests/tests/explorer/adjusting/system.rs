//! The protocols for the explorer: threads that work through scripts on a bucket's words, with the model beside them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::slice;

use watertight::Instant;
use watertight::bucket::AdjustableQuota;
use watertight::bucket::adjustable::change::Slots;
use watertight::bucket::adjustable::quota::Varying;
use watertight::bucket::adjustable::slot::{Changing, Slot};
use watertight::bucket::protocol::Place;
use watertight::bucket::rate::Rate;
use watertight::bucket::terms::Wanted;
use watertight::bucket::word::Terms as _;

use super::model::{Model, Scale};
use super::script::{Clock, Moment, Op, Plan, Sight, SlotWords, THREADS, Thread, WORDS, Words};
use super::subjects::{Adjustable, Given, Refused};
use crate::explore::{Access, Fingerprint, Kept, Offer, Player, Stopped, System};
use crate::played::{Indexed, Timing};

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
    /// Or somebody else had.
    Claimed(bool),
    Switched,
}

pub type Played = crate::played::Played<Place, WORDS>;

impl Slots for Played {
    fn store(&self, place: Place, value: u32) -> Result<(), Stopped> {
        // A swap that cannot fail: if it is not played again, this is what stands there.
        let there = self.player.words.get()[place.index()];
        self.player
            .swap_if(place, place.index(), there, value)
            .map(|_| ())
    }
}

/// A plan for one subject and one choice of widths.
pub struct Set<S, W: Changing> {
    pub plan: Plan,
    pub scale: Scale,
    pub quota: AdjustableQuota<W>,
    /// The largest.
    step: i128,
    /// What was found to get on alone, and the most steps that it took.
    pub alone: RefCell<HashSet<u128, Kept>>,
    pub most_alone: Cell<u32>,
    /// By how much a window held too much at most.
    pub most_excess: Cell<i128>,
    subject: core::marker::PhantomData<S>,
}

/// What one step led to.
pub struct Step {
    number: usize,
    op: Op,
    pub moment: Moment,
    access: Option<Access<Place>>,
    sights: u64,
    ended: bool,
}

/// Sixteenths of the largest rate.
const SIXTEENTHS: u64 = 16;

impl<S: Adjustable, W: Changing> Set<S, W> {
    pub fn new(plan: Plan) -> Self {
        let rate = |sixteenths: u32| {
            let period = u128::from(plan.period * SIXTEENTHS) * 1_000;
            Rate::of(sixteenths.into(), period).expect("the plan's rate is good")
        };
        let (sixteenths, burst, initial) = plan.first;
        let first = Wanted {
            rate: rate(sixteenths),
            burst,
            initial,
            longest_wait: None,
            varies: true,
        };
        let quota = AdjustableQuota::<W>::at_these_widths(&first, rate(SIXTEENTHS as u32), plan.burst)
            .expect("the plan's terms are good");
        let terms = Varying::new(&quota, None);
        let plain = |bits: u32| i64::from(bits >> (32 - W::INDEX));
        let scale = Scale {
            fraction: 64 - W::INDEX,
            stretch: 64 - W::STRETCH - terms.stretches().trailing_zeros(),
            start: plan.start.into(),
            circle: 1 << W::INDEX,
            token: plain(terms.token().get()),
            initial: plain(terms.token().get()) * i64::from(initial),
            debt: plain(terms.debt()),
            rounding: plain(terms.rounding()),
        };
        let exact = scale.drops(scale.token);
        assert_eq!(
            exact % i128::from(plan.period * SIXTEENTHS),
            0,
            "a rate that is kept exactly"
        );
        Self {
            plan,
            scale,
            quota,
            step: exact / i128::from(plan.period),
            alone: RefCell::default(),
            most_alone: Cell::new(0),
            most_excess: Cell::new(i128::MIN),
            subject: core::marker::PhantomData,
        }
    }

    /// What a change asks for.
    pub fn asked(&self, op: Op) -> (i128, u32) {
        match op {
            Op::Change(sixteenths, burst) => {
                (self.step * i128::from(sixteenths) / i128::from(SIXTEENTHS), burst)
            }
            _ => unreachable!("no change"),
        }
    }

    /// The longest wait under the terms that hold.
    pub fn longest_wait(&self, model: &Model) -> i64 {
        Varying::new(&self.quota, Slot::from_words::<W>(model.live())).longest_wait() as i64
    }

    pub fn instant(&self, at: i64) -> Instant {
        Instant::from_micros(self.plan.start.wrapping_add_signed(at))
    }

    fn since_start(&self, at: Instant) -> i64 {
        at.as_micros().wrapping_sub(self.plan.start) as i64
    }

    /// The moment after what was done before.
    pub fn begin(&self) -> Result<Moment, String> {
        let (sixteenths, burst, _) = self.plan.first;
        let (step, _) = self.asked(Op::Change(sixteenths, burst));
        let mut moment = Moment {
            words: [0; WORDS],
            time: 0,
            model: Model::new(&self.scale, step, burst),
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
        Ok(moment)
    }

    /// Plays an attempt's answers and makes its next step.
    pub fn play(
        &self,
        words: Words,
        thread: &Thread,
        op: Op,
        reading: i32,
    ) -> (Played, Result<Option<Done>, Stopped>) {
        let memory = |words, answers| {
            let timing = Timing {
                start: self.plan.start,
                tick: self.plan.tick,
                beyond: 0,
            };
            Played::new(Player::new(words, answers, reading as u32), timing)
        };
        let played = memory(words, thread.answers);
        if let Some(ask) = op.ask(self.plan.tick) {
            let done = S::acquire(&played, &self.quota, ask, !thread.slow);
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
                    let again = memory(words, grant.answers);
                    let ask = grant.op.ask(self.plan.tick).expect("it was granted");
                    let Ok(Some(Ok(receipt))) = S::acquire(&again, &self.quota, ask, !grant.slow) else {
                        unreachable!("the same answers, another decision");
                    };
                    let done = S::refund(&played, &self.quota, &receipt);
                    done.map(|done| done.map(Done::Refunded))
                }
            },
            Op::Reset => S::reset(&played, &self.quota).map(|done| done.map(|()| Done::Reset)),
            _ if !thread.claimed => S::claim(&played).map(|done| done.map(|won| Done::Claimed(won.is_ok()))),
            _ => {
                let (step, burst) = self.asked(op);
                let done = S::switch(&played, &self.quota, step as u64, burst);
                done.map(|done| done.map(|()| Done::Switched))
            }
        };
        (played, done)
    }

    /// The next step of a thread that is at, or begins, this operation.
    fn step(&self, before: &Moment, number: usize, op: Op, reading: i32) -> Result<Step, String> {
        let mut thread = before.threads[number];
        thread.op = Some(op);
        let (Played { player, .. }, done) = self.play(before.words, &thread, op, reading);
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
            }) if thread.spent.is_none() || thread.claimed => {
                let model = &moment.model;
                thread.spent = Some((value, model.spent, model.changes(), model.resets));
            }
            Some(Access::Load {
                place: Place::Dated, ..
            }) => thread.dated = Some(moment.model.dated),
            Some(Access::Load {
                place: Place::Slot { word, .. },
                value,
            }) => thread.read[word] = value,
            Some(Access::Clock { .. }) => {
                thread.now = Some(i64::from(reading) * self.plan.tick);
                moment.time = moment.time.max(reading);
                if matches!(self.plan.clock, Clock::Held(_)) && !is_fresh(op) {
                    thread.held = Some(reading);
                }
            }
            Some(Access::Swap {
                place, won: false, ..
            }) => {
                step.sights |= match (place, op) {
                    (Place::Dated, _) => Sight::DatedLost.bit(),
                    (_, Op::Change(..)) if !thread.claimed => Sight::ClaimLost.bit(),
                    _ => Sight::SpentLost.bit(),
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
            Some(Access::Swap {
                place: Place::Spent,
                seen,
                new,
                ..
            }) => {
                written = Some((seen, new));
                step.sights |= self
                    .spent_written(moment, &thread, (number, op), (seen, new))
                    .map_err(explain)?;
            }
            _ => {}
        }
        match done {
            Err(Stopped) => {}
            Ok(None) => {
                if let (Some(written), Some(_)) = (written, op.ask(1)) {
                    step.sights |= self.begun(&mut moment.model, &thread, written).map_err(explain)?;
                }
                let looked = matches!(
                    step.access,
                    Some(Access::Load {
                        place: Place::Spent,
                        ..
                    })
                );
                step.sights |= Sight::LookedAgainInVain.when(looked)
                    | Sight::TornThrownAway
                        .when(thread.read != SlotWords::default() && !moment.model.were_live(&thread.read));
                let again = thread.claimed;
                thread.begin_attempt();
                thread.slow = !matches!(op, Op::Change(..)) || again;
            }
            Ok(Some(Done::Claimed(true))) => {
                thread.claimed = true;
                thread.begin_attempt();
                thread.slow = false;
            }
            Ok(Some(done)) => {
                let decided = self.decided(moment, &mut thread, (op, done), written);
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
        let rest = script.iter().skip(slot.into());
        rest.flat_map(|menu| menu.iter()).any(|op| *op == Op::Refund)
    }

    /// What the clock may say to somebody.
    fn readings(&self, moment: &Moment, thread: &Thread, op: Op) -> Vec<i32> {
        let moved = |moves: &[i32]| moves.iter().map(|by| moment.time + by).collect::<Vec<_>>();
        match self.plan.clock {
            Clock::Moves(moves) => moved(moves),
            Clock::Behind(moves, back) => {
                let mut readings = moved(moves);
                readings.extend((!is_fresh(op)).then_some(moment.time - back));
                readings
            }
            Clock::Held(moves) => thread.held.map_or_else(|| moved(moves), |held| vec![held]),
            Clock::Any(readings) => readings.to_vec(),
        }
    }

    fn each_step(&self, moment: &Moment, mut offer: impl FnMut(Result<Step, String>)) {
        for (number, script) in self.plan.scripts.iter().enumerate() {
            let thread = &moment.threads[number];
            let Some(&menu) = script.get(usize::from(thread.slot)) else {
                continue;
            };
            for &op in thread.op.as_ref().map_or(menu, slice::from_ref) {
                for reading in self.readings(moment, thread, op) {
                    let step = self.step(moment, number, op, reading);
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
        use watertight::bucket::adjustable::slot::{BUSY, generation};
        let index = match bits & 1 {
            0 => "unset".into(),
            _ => (bits >> (32 - W::INDEX)).to_string(),
        };
        match place {
            Place::Spent => {
                let busy = if bits & BUSY == 0 { "" } else { ", busy" };
                format!("{index} of {}{busy}", generation::<W>(bits))
            }
            Place::Dated if bits & 1 == 0 => index,
            Place::Dated => (bits >> (32 - W::STRETCH)).to_string(),
            Place::Slot { .. } => format!("{bits:#x}"),
        }
    }
}

/// Whoever changes or resets a bucket has a present clock.
fn is_fresh(op: Op) -> bool {
    matches!(op, Op::Change(..) | Op::Reset)
}

impl<S: Adjustable, W: Changing> System for Set<S, W> {
    type State = Moment;

    fn fingerprint(&self, moment: &Moment) -> u128 {
        let time = match self.plan.clock {
            Clock::Any(_) => 0,
            _ => moment.time,
        };
        Fingerprint::of(&(moment.words, time, moment.model, moment.threads))
    }

    fn steps(&self, moment: &Moment, offer: Offer<Moment>) {
        self.each_step(moment, |step| offer(step.map(|step| (step.moment, step.sights))));
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
