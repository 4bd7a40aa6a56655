//! The bulkhead of one word, with a bucket behind it or without: every interleaving of entering one place or several,
//! leaving, and resizing; as it ships, all of it, and each broken twin, until it is caught.

use std::cell::Cell;
use std::marker::PhantomData;
use std::thread;

use watertight::bucket::protocol::{self as bucket, Ask};
use watertight::bucket::rate::Rate;
use watertight::bucket::terms::{Fixed, Wanted};
use watertight::bucket::word::Widths;
use watertight::bulkhead::Share;
use watertight::bulkhead::protocol::Countdown;
use watertight::bulkhead::word::Word;
use watertight::models::{Memory, Ordering, Timed};
use watertight::{Instant, Reason};

use crate::explore::{
    Access, Answers, Explored, Fingerprint, Found, Offer, Player, Stopped, System, explore, shortest,
};
use crate::subjects::{self, *};

/// The bulkhead's word, and the bucket's two.
const WORDS: usize = 3;
const THREADS: usize = 3;

/// One operation of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Op {
    /// So many places, of so many percent.
    Enter(u32, u8),
    /// A place, then a token.
    Both,
    Leave,
    Resize(u16),
}

/// In the middle of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Attempt {
    Enter,
    Token,
    /// So many places.
    Leave(u32),
    Resize,
}

type Script = &'static [&'static [Op]];

#[derive(Clone, Copy, Default, Hash)]
struct Thread {
    slot: u8,
    op: Option<Op>,
    attempt: Option<Attempt>,
    answers: Answers,
    /// Places that it knows that it has.
    places: u32,
    /// The same, by what it did to the word.
    taken: i32,
    /// It has a token.
    tokens: u32,
}

#[derive(Clone, Hash)]
struct Moment {
    words: [u32; WORDS],
    threads: [Thread; THREADS],
    /// Tokens that were granted.
    tokens: u32,
}

/// How a bucket is put behind a bulkhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    /// As it ships: who gets no token gives his place back.
    Returned,
    /// A twin: he keeps it.
    Kept,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    limit: u16,
    /// In the bucket; nothing more comes.
    tokens: u32,
    behind: Behind,
    scripts: &'static [Script],
}

#[derive(Clone, Copy, Debug)]
#[repr(u8)]
enum Sight {
    Entered,
    EnteredMany,
    Full,
    ShareFull,
    MoreThanLimit,
    Lost,
    LeftAboveLimit,
    LoweredBelow,
    TokenRefused,
    /// By a place whose owner will get no token.
    FullForAMoment,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Narrow;

impl Widths for Narrow {
    const INDEX: u32 = 8;
    const STRETCH: u32 = 8;
}

/// A player at either's words.
struct Bulkheads<'a>(&'a Player<usize, WORDS>);
struct Buckets<'a>(&'a Player<usize, WORDS>);

impl Memory for Bulkheads<'_> {
    type Place = ();
    type Stop = Stopped;

    fn load(&self, (): (), _: Ordering) -> Result<u32, Stopped> {
        self.0.load(0, 0)
    }

    fn swap_if(&self, (): (), seen: u32, new: u32, _: Ordering) -> Result<bool, Stopped> {
        self.0.swap_if(0, 0, seen, new)
    }

    fn fence(&self, _: Ordering) {}
}

impl Countdown for Bulkheads<'_> {
    fn subtract(&self, number: u32, _: Ordering) -> Result<(), Stopped> {
        let to = self.0.words.get()[0].wrapping_sub(number);
        self.0.exchange(0, 0, to).map(|_| ())
    }
}

fn at(place: bucket::Place) -> usize {
    match place {
        bucket::Place::Spent => 1,
        _ => 2,
    }
}

impl Memory for Buckets<'_> {
    type Place = bucket::Place;
    type Stop = Stopped;

    fn load(&self, place: bucket::Place, _: Ordering) -> Result<u32, Stopped> {
        self.0.load(at(place), at(place))
    }

    fn swap_if(&self, place: bucket::Place, seen: u32, new: u32, _: Ordering) -> Result<bool, Stopped> {
        self.0.swap_if(at(place), at(place), seen, new)
    }

    fn fence(&self, _: Ordering) {}
}

impl Timed for Buckets<'_> {
    fn now(&self) -> Result<Instant, Stopped> {
        self.0.clock().map(|_| Instant::from_micros(0))
    }
}

struct Set<S> {
    plan: Plan,
    terms: Fixed<Narrow>,
    most_alone: Cell<u32>,
    subject: PhantomData<S>,
}

impl<S: subjects::Alone> Set<S> {
    fn new(plan: Plan) -> Self {
        let wanted = Wanted {
            rate: Rate::of(1, 1 << 40).expect("a good rate"),
            burst: plan.tokens.max(1),
            initial: plan.tokens,
            longest_wait: Some(0),
            varies: false,
        };
        Self {
            plan,
            terms: Fixed::of(&wanted).expect("good terms"),
            most_alone: Cell::new(0),
            subject: PhantomData,
        }
    }

    fn begin(&self) -> Moment {
        Moment {
            words: [Word::new(self.plan.limit).bits(), 0, 0],
            threads: [Thread::default(); THREADS],
            tokens: 0,
        }
    }

    /// Begins an operation, if there is anything to it.
    fn start(thread: &mut Thread, op: Op) {
        thread.op = Some(op);
        thread.attempt = Some(match op {
            Op::Enter(..) | Op::Both => Attempt::Enter,
            Op::Leave => Attempt::Leave(thread.places),
            Op::Resize(_) => Attempt::Resize,
        });
    }

    /// The next access of a thread, and what it tells.
    fn play(&self, words: &mut [u32; WORDS], thread: &mut Thread) -> (Access<usize>, u64) {
        let player = Player::new(*words, thread.answers, 0);
        let (attempt, op) = (thread.attempt.expect("busy"), thread.op.expect("busy"));
        let memory = Bulkheads(&player);
        // What it goes on with, or none: and what was seen.
        let next = match (attempt, op) {
            (Attempt::Enter, _) => {
                let (places, percent) = if let Op::Enter(places, percent) = op {
                    (places, percent)
                } else {
                    (1, 100)
                };
                S::enter(&memory, places, Share::percent(percent)).map(|answer| {
                    answer.map(|answer| match answer {
                        Ok(_) => {
                            thread.places += places;
                            let many = Sight::EnteredMany.when(places > 1);
                            (
                                (op == Op::Both).then_some(Attempt::Token),
                                Sight::Entered.when(true) | many,
                            )
                        }
                        Err(refusal) => (
                            None,
                            match refusal.reason() {
                                Reason::Full => Sight::Full.when(true),
                                Reason::ShareFull => Sight::ShareFull.when(true),
                                _ => Sight::MoreThanLimit.when(true),
                            },
                        ),
                    })
                })
            }
            (Attempt::Token, _) => {
                let ask = Ask::All { tokens: 1, wait: 0 };
                bucket::acquire(&Buckets(&player), &self.terms, ask).map(|answer| {
                    answer.map(|answer| match answer {
                        Ok(_) => {
                            thread.tokens += 1;
                            (None, Sight::Both.when(true))
                        }
                        Err(_) if self.plan.behind == Behind::Kept => (None, Sight::TokenRefused.when(true)),
                        Err(_) => (Some(Attempt::Leave(1)), Sight::TokenRefused.when(true)),
                    })
                })
            }
            (Attempt::Leave(places), _) => S::leave(&memory, places).map(|()| {
                thread.places -= places;
                Some((None, 0))
            }),
            (Attempt::Resize, Op::Resize(limit)) => {
                S::resize(&memory, limit).map(|answer| answer.map(|()| (None, 0)))
            }
            _ => unreachable!("nothing else is resized"),
        };
        *words = player.words.get();
        let mut sights = 0;
        match next {
            Err(Stopped) => thread.answers = player.answers.get(),
            Ok(None) => thread.answers = Answers::default(),
            Ok(Some((next, seen))) => {
                sights = seen;
                thread.answers = Answers::default();
                thread.attempt = next;
                if next.is_none() {
                    thread.op = None;
                    thread.slot += 1;
                }
            }
        }
        (player.access.get().expect("each step makes one access"), sights)
    }

    fn make(&self, before: &Moment, number: usize, op: Option<Op>) -> Result<(Moment, u64), String> {
        let mut moment = before.clone();
        let mut thread = moment.threads[number];
        if let Some(op) = op {
            Self::start(&mut thread, op);
        }
        let had = thread.tokens;
        let (access, mut sights) = self.play(&mut moment.words, &mut thread);
        moment.tokens += thread.tokens - had;
        if let Access::Swap {
            place: 0,
            seen,
            new,
            won,
        } = access
        {
            let (was, is) = (Word::from_bits(seen), Word::from_bits(new));
            sights |= Sight::Lost.when(!won);
            if won {
                let rise = is.in_flight() as i32 - was.in_flight() as i32;
                thread.taken += rise;
                if rise > 0 && is.in_flight() > is.limit() {
                    return Err(format!(
                        "{} are inside, of at most {}",
                        is.in_flight(),
                        is.limit()
                    ));
                }
                sights |= Sight::LeftAboveLimit.when(rise < 0 && was.in_flight() > was.limit());
                sights |=
                    Sight::LoweredBelow.when(is.limit() < is.in_flight() && was.limit() >= was.in_flight());
            }
        }
        let doomed = moment.threads.iter().any(|other| other.op == Some(Op::Both));
        sights |= Sight::FullForAMoment
            .when(sights & Sight::Full.when(true) != 0 && doomed && self.plan.tokens == moment.tokens);
        moment.threads[number] = thread;
        Ok((moment, sights))
    }

    fn each_step(
        &self,
        moment: &Moment,
        mut offer: impl FnMut(usize, Option<Op>, Result<(Moment, u64), String>),
    ) {
        for (number, script) in self.plan.scripts.iter().enumerate() {
            let thread = &moment.threads[number];
            let mut step = |op| offer(number, op, self.make(moment, number, op));
            if thread.attempt.is_some() {
                step(None);
                continue;
            }
            match script.get(usize::from(thread.slot)) {
                Some(choices) => choices.iter().for_each(|op| step(Some(*op))),
                None if thread.places > 0 => step(Some(Op::Leave)),
                None => {}
            }
        }
    }

    /// Whoever is left alone gets on: in what he is in the middle of, and from the beginning.
    fn gets_on(&self, moment: &Moment) -> Result<(), String> {
        let fresh = [Op::Enter(1, 100), Op::Both, Op::Resize(0)].map(|op| {
            let mut thread = Thread::default();
            Self::start(&mut thread, op);
            thread
        });
        for thread in fresh
            .iter()
            .chain(&moment.threads)
            .filter(|thread| thread.attempt.is_some())
        {
            let (mut words, mut thread) = (moment.words, *thread);
            let steps = (1..ENDLESS).find(|_| {
                self.play(&mut words, &mut thread);
                thread.attempt.is_none()
            });
            let steps = steps.ok_or("it does not end, though nobody else does anything")?;
            self.most_alone.set(self.most_alone.get().max(steps));
        }
        Ok(())
    }
}

/// More steps than anybody who is alone takes.
const ENDLESS: u32 = 40;

impl<S: subjects::Alone> System for Set<S> {
    type State = Moment;

    fn fingerprint(&self, moment: &Moment) -> u128 {
        Fingerprint::of(moment)
    }

    fn steps(&self, moment: &Moment, offer: Offer<Moment>) {
        self.each_step(moment, |_, _, step| offer(step));
    }

    fn inspect(&self, moment: &Moment) -> Result<(), String> {
        let word = Word::from_bits(moment.words[0]);
        let taken: i32 = moment.threads.iter().map(|thread| thread.taken).sum();
        if word.in_flight() as i32 != taken {
            return Err(format!(
                "{} are inside, and {taken} places were taken",
                word.in_flight()
            ));
        }
        for thread in moment.threads.iter().filter(|thread| thread.attempt.is_none()) {
            if thread.taken != thread.places as i32 {
                return Err(format!(
                    "took {} places, and knows of {}",
                    thread.taken, thread.places
                ));
            }
        }
        if moment.tokens > self.plan.tokens {
            return Err(format!("{} tokens of {}", moment.tokens, self.plan.tokens));
        }
        // In a bulkhead with a bucket who has a place and no token is on his way out.
        let kept = |thread: &&Thread| thread.attempt.is_none() && thread.places > 0 && thread.tokens == 0;
        let both = self
            .plan
            .scripts
            .iter()
            .flat_map(|script| script.iter())
            .flat_map(|ops| ops.iter());
        if both.clone().any(|op| *op == Op::Both) && moment.threads.iter().any(|thread| kept(&thread)) {
            return Err("a place is kept by who was refused a token".into());
        }
        self.gets_on(moment)
    }

    fn show(&self, moment: &Moment, number: u32) -> String {
        let mut lines = Vec::new();
        self.each_step(moment, |thread, op, step| {
            let words = step.map(|(moment, _)| moment.words);
            lines.push(format!(
                "{thread} {op:?} {:?}: {words:x?}",
                moment.threads[thread].attempt
            ));
        });
        lines.swap_remove(number as usize)
    }
}

impl Sight {
    const fn when(self, on: bool) -> u64 {
        (on as u64) << self as u8
    }
}

const PLAN: Plan = Plan {
    limit: 2,
    tokens: 0,
    behind: Behind::Returned,
    scripts: &[],
};
const ENTER: &[Op] = &[Op::Enter(1, 100), Op::Enter(2, 100), Op::Enter(1, 50)];
const SET: &[Op] = &[
    Op::Leave,
    Op::Resize(0),
    Op::Resize(1),
    Op::Resize(3),
    Op::Enter(1, 100),
];
const BOTH: Script = &[&[Op::Both], &[Op::Leave], &[Op::Both]];
const SIX: Script = &[ENTER, &[Op::Leave], ENTER, SET, &[Op::Leave], ENTER];

fn keep(plans: &[Plan], states: u64, wanted: &[Sight]) {
    let mut sum = Explored {
        states: 0,
        steps: 0,
        sights: [0; 64],
    };
    let mut most = 0;
    for plan in plans {
        let set = Set::<ShippedAlone>::new(*plan);
        let explored = explore(&set, &set.begin()).unwrap_or_else(|found| panic!("{plan:?}: {found:?}"));
        sum.states += explored.states;
        most = most.max(set.most_alone.get());
        sum.sights
            .iter_mut()
            .zip(explored.sights)
            .for_each(|(sum, seen)| *sum += seen);
    }
    let name = thread::current().name().unwrap_or_default().to_owned();
    println!(
        "{name}: {} plans, {} states, alone at most {most} steps",
        plans.len(),
        sum.states
    );
    for &sight in wanted {
        assert!(sum.sights[sight as usize] > 0, "never seen: {sight:?}");
    }
    assert!(
        sum.states >= states,
        "{} states, where there were {states}",
        sum.states
    );
    assert!(most <= MOST_ALONE, "{most} steps alone");
}

/// Nobody alone needs more steps to end an operation: 2 for a place, at most the 12 of the bucket's explorer for a token,
/// and 2 to give the place back.
const MOST_ALONE: u32 = 16;

#[test]
fn three_at_once() {
    let limits = [0, 1, 2, 3].map(|limit| Plan {
        limit,
        scripts: &[&[ENTER, SET], &[ENTER, SET], &[SET]],
        ..PLAN
    });
    let wanted = [
        Sight::Entered,
        Sight::EnteredMany,
        Sight::Full,
        Sight::ShareFull,
        Sight::MoreThanLimit,
        Sight::Lost,
        Sight::LeftAboveLimit,
        Sight::LoweredBelow,
    ];
    keep(&limits, 103_178, &wanted);
}

#[test]
fn six_against_one() {
    keep(
        &[1, 2].map(|limit| Plan {
            limit,
            scripts: &[SIX, &[ENTER]],
            ..PLAN
        }),
        978,
        &[Sight::Entered, Sight::Lost],
    );
}

#[test]
fn a_place_and_a_token() {
    let plans = [(1, 1), (1, 2), (2, 1), (2, 0)].map(|(limit, tokens)| Plan {
        limit,
        tokens,
        scripts: &[BOTH, BOTH, &[&[Op::Both]]],
        ..PLAN
    });
    let wanted = [
        Sight::Both,
        Sight::TokenRefused,
        Sight::Full,
        Sight::FullForAMoment,
        Sight::Lost,
    ];
    keep(&plans, 19_243, &wanted);
}

#[track_caller]
fn caught<S: subjects::Alone>(plan: Plan, sentence: &str) {
    let set = Set::<ShippedAlone>::new(plan);
    if plan.behind == Behind::Returned {
        assert!(
            shortest(&set, &set.begin()).is_none(),
            "what ships keeps every claim"
        );
    }
    let set = Set::<S>::new(plan);
    let found: Found = shortest(&set, &set.begin()).expect("the twin is caught");
    println!("{}: {found:?}", S::NAME);
    assert!(
        found.sentence.contains(sentence),
        "{} is caught, but so: {found:?}",
        S::NAME
    );
}

#[test]
fn twins() {
    let race = Plan {
        limit: 1,
        scripts: &[&[&[Op::Enter(1, 100)]], &[&[Op::Enter(1, 100), Op::Resize(2)]]],
        ..PLAN
    };
    caught::<OneEnteredThenUndone>(race, "2 are inside, of at most 1");
    caught::<OneEnteredUnseen>(race, "took 0 places, and knows of 1");
    let race = Plan { limit: 2, ..race };
    caught::<OneLeftStored>(race, "knows of");
    caught::<OneResizedStored>(race, "knows of");
    let shrunk = Plan {
        scripts: &[&[&[Op::Enter(1, 100)]], &[&[Op::Resize(0)]]],
        ..race
    };
    caught::<OneLeftWithinLimitOnly>(shrunk, "it does not end, though nobody else does anything");
}

#[test]
fn a_place_that_is_kept_without_a_token() {
    let plan = Plan {
        limit: 1,
        behind: Behind::Kept,
        scripts: &[&[&[Op::Both]]],
        ..PLAN
    };
    caught::<ShippedAlone>(plan, "a place is kept by who was refused a token");
}
