//! One operation after the other on any breaker.

use core::future::{self, Future};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use watertight::breaker::{At, CallerKey, Handle, Keep, Outcome, Policy, Stats, Window};
use watertight::{
    Breaker, Clock, Error, Instant, Micros, NoStats, Permit, Reason, Rejected, Snapshot, State, Transition,
};

use super::digest::Digest;
use super::script::{Hand, Script};

/// How a trace goes.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    /// What the clock mostly moves by, in microseconds: small against all waits.
    pub unit: u64,
    /// So many of 10,000 moves of the clock are wild.
    pub wild: u32,
    /// One in so many operations while half-open or recovering forces a state, or resets; 0 for none.
    pub forces: u32,
}

/// Statistics, where there are any.
pub trait Kept: Keep + Sized {
    fn tell<P: Policy, W: Window<Rule = P::Rule>>(breaker: &Breaker<&Hand, P, W, Self>, digest: &mut Digest);
}

impl Kept for NoStats {
    fn tell<P: Policy, W: Window<Rule = P::Rule>>(_: &Breaker<&Hand, P, W, Self>, _: &mut Digest) {}
}

impl Kept for Stats {
    fn tell<P: Policy, W: Window<Rule = P::Rule>>(breaker: &Breaker<&Hand, P, W, Self>, digest: &mut Digest) {
        let told = breaker.statistics();
        digest.flag(told.is_noted());
        digest.long(told.since().map_or(1, Instant::as_micros));
        digest.flag(told.last_transition().is_some());
        digest.micros(told.time_open());
        digest.word(told.late());
        for reason in [
            Reason::Open,
            Reason::ProbesInFlight,
            Reason::Recovering,
            Reason::ForcedOpen,
        ] {
            digest.word(told.refused(reason));
            digest.word(told.shadowed(reason));
        }
    }
}

fn snapshot(snapshot: &Snapshot, digest: &mut Digest) {
    digest.state(snapshot.state());
    digest.word(snapshot.generation().into());
    match snapshot.retry_after() {
        Some(retry_after) => digest.retry_after(retry_after),
        None => digest.byte(0),
    }
    digest.word(snapshot.calls());
    digest.word(snapshot.failures());
    digest.word(snapshot.slow_calls());
    for percent in [snapshot.failure_percent(), snapshot.slow_percent()] {
        digest.byte(percent.map_or(255, |percent| percent as u8));
    }
    digest.byte(snapshot.probe_successes() as u8);
    digest.byte(snapshot.probe_failures() as u8);
    digest.byte(snapshot.probes_in_flight() as u8);
    digest.byte(snapshot.openings_in_a_row() as u8);
}

/// Permits that are held at a time. The first is kept for long, over hundreds of transitions.
const HELD: usize = 6;

type Shared<'a, P, W, S> = &'a Breaker<&'a Hand, P, W, S>;
type Keyed<'a, P, W, S> = At<Shared<'a, P, W, S>, &'a &'a Hand, CallerKey>;

enum Held<'a, P: Policy, W: Window<Rule = P::Rule>, S: Keep> {
    Plain(Permit<Shared<'a, P, W, S>>),
    Keyed(Permit<Keyed<'a, P, W, S>>),
}

/// What it is that a trace plays with.
struct Play<'a, P: Policy, W: Window<Rule = P::Rule>, S: Keep> {
    breaker: Shared<'a, P, W, S>,
    hand: &'a Hand,
    script: Script,
    digest: Digest,
    held: [Option<Held<'a, P, W, S>>; HELD],
    plan: Plan,
    /// So many calls of 100 fail at the moment.
    failing: u32,
}

/// Runs so many operations; after each of them `more` may do something of its own.
pub fn run<'a, P, W, S>(
    breaker: &'a Breaker<&'a Hand, P, W, S>,
    hand: &'a Hand,
    plan: Plan,
    operations: u32,
    mut more: impl FnMut(&mut Script, &mut Digest),
) -> Digest
where
    P: Policy,
    W: Window<Rule = P::Rule>,
    S: Kept,
{
    let mut play = Play {
        breaker,
        hand,
        script: Script::seeded(plan.seed),
        digest: Digest::new(),
        held: [const { None }; HELD],
        plan,
        failing: 2,
    };
    for _ in 0..operations {
        play.script.travel(hand, plan.unit, plan.wild);
        if play.script.one_in(24) {
            play.failing = play.script.one_of(&[2, 15, 50, 95]);
        }
        play.step();
        more(&mut play.script, &mut play.digest);
        snapshot(&breaker.snapshot(), &mut play.digest);
        S::tell(breaker, &mut play.digest);
    }
    play.digest
}

impl<'a, P: Policy, W: Window<Rule = P::Rule>, S: Kept> Play<'a, P, W, S> {
    fn step(&mut self) {
        if self.plan.forces > 0 && self.is_forced_now() {
            return self.force();
        }
        let place = 1 + self.script.below(HELD as u32 - 1) as usize;
        match self.script.below(100) {
            0..40 => self.acquire(place),
            40..72 => self.settle(place),
            72..80 => {
                let failed = self.fails();
                let (answer, made) = self
                    .breaker
                    .call_observed(|| if failed { Err(()) } else { Ok(()) });
                self.answered(answer);
                made.into_iter().for_each(|made| self.digest.transition(made));
            }
            80..84 => {
                let outcome = self.outcome();
                let answer = self.breaker.call_classified(|_| outcome, || Err::<(), ()>(()));
                self.answered(answer);
            }
            84..88 => self.call_async(),
            88..92 => self.dated(),
            92..94 => self.held[place] = None,
            94 => self.long_held(),
            _ => {}
        }
    }

    fn fails(&mut self) -> bool {
        self.script.percent(self.failing)
    }

    fn outcome(&mut self) -> Outcome {
        match (self.script.below(12), self.fails()) {
            (0, _) => Outcome::Ignored,
            (1, true) => Outcome::FailureRetryAfter(self.script.wait(self.plan.unit)),
            (_, true) => Outcome::Failure,
            (_, false) => Outcome::Success,
        }
    }

    /// More often in a state that does not last.
    fn is_forced_now(&mut self) -> bool {
        let rarer = match self.breaker.snapshot().state() {
            State::Closed => 4,
            State::Open => 3,
            _ => 1,
        };
        self.script.one_in(self.plan.forces * rarer)
    }

    fn force(&mut self) {
        let made = match self.script.below(3) {
            0 => self.breaker.force_open(),
            1 => self.breaker.disable(),
            _ => self.breaker.reset(),
        };
        self.digest.transition(Some(made));
    }

    fn refused(&mut self, refused: &Rejected) {
        self.digest.refused(refused);
        self.script.keep(refused.retry_after());
    }

    fn answered(&mut self, answer: Result<(), Error<()>>) {
        match answer {
            Ok(()) => self.digest.byte(1),
            Err(Error::Inner(())) => self.digest.byte(2),
            Err(Error::Rejected(refused)) => self.refused(&refused),
        }
    }

    fn acquire(&mut self, place: usize) {
        if self.held[place].is_some() {
            self.settle(place);
        }
        let permit = if self.script.percent(60) {
            let key = u64::from(self.script.below(200));
            self.breaker.caller(key).try_acquire().map(Held::Keyed)
        } else {
            self.breaker.try_acquire().map(Held::Plain)
        };
        match permit {
            Ok(held) => {
                match &held {
                    Held::Plain(permit) => admitted(permit, &mut self.digest),
                    Held::Keyed(permit) => admitted(permit, &mut self.digest),
                }
                self.held[place] = Some(held);
            }
            Err(refused) => self.refused(&refused),
        }
    }

    fn settle(&mut self, place: usize) {
        let outcome = self.outcome();
        let made = match self.held[place].take() {
            Some(Held::Plain(permit)) => ended(permit, outcome),
            Some(Held::Keyed(permit)) => ended(permit, outcome),
            None => return self.digest.byte(3),
        };
        self.digest.transition(made);
    }

    fn long_held(&mut self) {
        if self.held[0].is_none() {
            self.acquire(0);
        } else if self.script.one_in(20) {
            self.settle(0);
        }
    }

    /// Admitted by a reading of some time ago, and settled by one that is as old, or newer.
    fn dated(&mut self) {
        let unit = self.plan.unit.saturating_mul(4);
        let old = self
            .hand
            .now()
            .before(Micros::from_micros(self.script.below_long(unit)));
        let later = old.after(Micros::from_micros(self.script.below_long(unit)));
        match self.breaker.at(old).try_acquire() {
            Ok(permit) => {
                admitted(&permit, &mut self.digest);
                let outcome = self.outcome();
                let made = ended(permit.at(later), outcome);
                self.digest.transition(made);
            }
            Err(refused) => self.refused(&refused),
        }
    }

    /// Awaited to its end, or given up after the first poll.
    fn call_async(&mut self) {
        let failed = self.fails();
        let is_given_up = self.script.one_in(3);
        let hand = self.hand;
        let work = async move {
            if is_given_up {
                future::pending::<()>().await;
            }
            hand.forward(1);
            if failed { Err(()) } else { Ok(()) }
        };
        let answer = poll_once(self.breaker.call_async(work));
        match answer {
            Poll::Ready(answer) => self.answered(answer),
            Poll::Pending => self.digest.byte(4),
        }
    }
}

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn admitted<H: Handle>(permit: &Permit<H>, digest: &mut Digest) {
    digest.byte(5);
    digest.flag(permit.is_probe());
    digest.shadow(permit.shadow());
    digest.transition(permit.transition());
}

fn ended<H: Handle>(permit: Permit<H>, outcome: Outcome) -> Option<Transition> {
    match outcome {
        Outcome::Success => permit.success(),
        Outcome::Failure => permit.failure(),
        Outcome::FailureRetryAfter(wait) => permit.failure_retry_after(wait),
        Outcome::Ignored => permit.ignore(),
    }
}
