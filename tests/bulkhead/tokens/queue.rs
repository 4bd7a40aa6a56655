//! The queue of a bucket: who waits for a place and then sleeps for tokens, against the models of both; polled, given up and
//! settled in any order.

use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::rc::Rc;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use watertight::bulkhead::{Stats, TokenSlot, Waiting};
use watertight::{Clock, Instant, Micros, Quota, Reason, Rejected, RetryAfter, TokenBucket, TokenBulkhead};

use super::model::Grant;
use super::oracle::{Hand, Naive, Oracle};
use crate::cases;
use crate::hands::{Woken, poll};
use crate::waiting::model::{Model, Told};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Comes for so many tokens within this wait, once it has its place.
    Come(u32, u64),
    Poll(usize),
    GiveUp(usize),
    Try(u32),
    Leave(usize),
    Refund(usize),
    Resize(u16),
    Advance(u64),
}

type Both = TokenBulkhead<Waiting<4, Stats>, TokenBucket<Hand, Quota>>;
type Answer<'a> = Result<TokenSlot<&'a Both>, Rejected>;

/// Until the clock is there. Tells until when, and that it is not dropped.
struct Sleep(Hand, Instant, Rc<Cell<Option<Instant>>>);

impl Sleep {
    fn new(clock: Hand, until: Instant, told: Rc<Cell<Option<Instant>>>) -> Self {
        assert_eq!(told.replace(Some(until)), None, "called once");
        Self(clock, until, told)
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.1.since(self.0.now()) == Micros::ZERO {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.2.set(None);
    }
}

struct Guest<'a> {
    future: Pin<Box<dyn Future<Output = Answer<'a>> + 'a>>,
    who: usize,
    wants: (u32, u64),
    woken: Arc<Woken>,
    times: usize,
    told: Rc<Cell<Option<Instant>>>,
    /// What he sleeps for, and until when.
    asleep: Option<(Grant, Instant)>,
}

/// What a run has met.
#[derive(Clone, Copy, Debug, Default)]
struct Met {
    entered: u64,
    refused_after_waiting: u64,
    slept: u64,
    given_up_asleep: u64,
    refunded_asleep: u64,
}

struct Pair<'a> {
    both: &'a Both,
    clock: &'a Hand,
    queue: Model,
    tokens: Naive,
    guests: Vec<Guest<'a>>,
    permits: Vec<(TokenSlot<&'a Both>, Grant)>,
    came: usize,
    met: Met,
}

impl<'a> Pair<'a> {
    fn come(&mut self, tokens: u32, wait: u64) {
        let told = Rc::new(Cell::new(None));
        let (clock, tell) = (self.clock.clone(), Rc::clone(&told));
        let sleep = move |until| Sleep::new(clock, until, tell);
        self.guests.push(Guest {
            future: Box::pin(self.both.enter(tokens, Micros::from_micros(wait), sleep)),
            who: self.came,
            wants: (tokens, wait),
            woken: Woken::new(),
            times: 0,
            told,
            asleep: None,
        });
        self.came += 1;
    }

    fn given(&mut self, given: &[usize]) {
        for guest in &mut self.guests {
            guest.times += usize::from(given.contains(&guest.who));
        }
    }

    fn leave(&mut self) {
        let given = self.queue.leave(1);
        self.given(&given);
    }

    /// What is to come of a poll; the permit, for what it is.
    fn expected(&mut self, which: usize) -> Poll<Result<Grant, (Reason, RetryAfter)>> {
        let now = self.clock.now();
        let guest = &mut self.guests[which];
        if let Some((grant, until)) = guest.asleep {
            let is_over = until.since(now) == Micros::ZERO;
            self.met.slept += u64::from(is_over);
            return if is_over {
                Poll::Ready(Ok(grant))
            } else {
                Poll::Pending
            };
        }
        if self.queue.waits(guest.who) {
            return Poll::Pending;
        }
        let has_waited = self.queue.is_seated(guest.who);
        if has_waited {
            self.queue.collect(guest.who);
        } else {
            match self.queue.come(guest.who) {
                Told::ComeIn => {}
                Told::Wait => return Poll::Pending,
                Told::RoomFull => {
                    return Poll::Ready(Err((Reason::RoomFull, RetryAfter::OnRelease(None))));
                }
            }
        }
        match self.tokens.reserve(guest.wants.0, guest.wants.1) {
            Ok((grant, until)) if until == now => Poll::Ready(Ok(grant)),
            Ok(grant) => {
                guest.asleep = Some(grant);
                Poll::Pending
            }
            Err(refusal) => {
                self.queue.places.refuse(refusal.0);
                self.met.refused_after_waiting += u64::from(has_waited);
                self.leave();
                Poll::Ready(Err(refusal))
            }
        }
    }

    fn poll(&mut self, which: usize) {
        let expected = self.expected(which);
        let guest = &mut self.guests[which];
        let answer = poll(&mut guest.future, &guest.woken);
        if answer.is_ready() {
            self.guests.remove(which);
        }
        match (answer, expected) {
            (Poll::Pending, Poll::Pending) => {}
            (Poll::Ready(Ok(permit)), Poll::Ready(Ok(grant))) => {
                assert_eq!(permit.receipt().tokens(), grant.tokens);
                self.permits.push((permit, grant));
                self.met.entered += 1;
            }
            (Poll::Ready(Err(refusal)), Poll::Ready(Err(expected))) => {
                assert_eq!((refusal.reason(), refusal.retry_after()), expected);
            }
            (answer, expected) => panic!("{answer:?}, and not {expected:?}"),
        }
    }

    fn give_up(&mut self, which: usize) {
        let guest = self.guests.remove(which);
        if let Some((grant, _)) = guest.asleep {
            // The tokens, and then the place.
            let back = self.tokens.refund(grant);
            self.met.given_up_asleep += 1;
            self.met.refunded_asleep += u64::from(*back.end() > 0);
            self.leave();
        } else if self.queue.waits(guest.who) || self.queue.is_seated(guest.who) {
            let given = self.queue.give_up(guest.who);
            self.given(&given);
        }
        drop(guest.future);
        assert_eq!(guest.told.get(), None, "nobody sleeps any more");
    }

    fn step(&mut self, step: Step) {
        let (guests, permits) = (self.guests.len(), self.permits.len());
        match step {
            Step::Come(tokens, wait) => {
                self.come(tokens, wait);
                self.poll(guests);
            }
            Step::Poll(which) if guests > 0 => self.poll(which % guests),
            Step::GiveUp(which) if guests > 0 => self.give_up(which % guests),
            Step::Try(tokens) => self.ask(tokens),
            Step::Leave(which) if permits > 0 => {
                let (permit, _) = self.permits.swap_remove(which % permits);
                self.leave();
                permit.leave();
            }
            Step::Refund(which) if permits > 0 => {
                let (permit, grant) = self.permits.swap_remove(which % permits);
                let expected = self.tokens.refund(grant);
                self.leave();
                assert!(expected.contains(&permit.refund()));
            }
            Step::Resize(limit) => {
                let given = self.queue.resize(limit);
                self.given(&given);
                self.both.bulkhead().resize(limit).expect("it is small");
            }
            Step::Advance(micros) => {
                self.clock.advance(micros);
                self.tokens.advance(micros);
            }
            Step::Poll(_) | Step::GiveUp(_) | Step::Leave(_) | Step::Refund(_) => {}
        }
        self.check();
    }

    fn ask(&mut self, tokens: u32) {
        let answer = self.both.try_enter_many(tokens);
        let expected = self.queue.places.ask(1, 100).and_then(|()| {
            self.tokens.reserve(tokens, 0).inspect_err(|(reason, _)| {
                self.queue.places.refuse(*reason);
                // Nobody can have been waiting.
                self.queue.places.leave(1);
            })
        });
        match (answer, expected) {
            (Ok(permit), Ok((grant, _))) => self.permits.push((permit, grant)),
            (Err(refusal), Err(expected)) => {
                assert_eq!((refusal.reason(), refusal.retry_after()), expected);
            }
            (answer, expected) => panic!("{answer:?}, and not {expected:?}"),
        }
    }

    fn check(&self) {
        let room = self.both.bulkhead();
        self.queue.places.check(&room.statistics());
        assert_eq!(room.waiting() as usize, self.queue.waiting());
        assert_eq!(self.both.bucket().available(), self.tokens.available());
        for guest in &self.guests {
            assert_eq!(guest.woken.times(), guest.times);
            assert_eq!(guest.told.get(), guest.asleep.map(|(_, until)| until));
        }
    }
}

fn run(limit: u16, start: u64, burst: u32, steps: &[Step]) -> Met {
    let clock = Hand::starting_at(start);
    let both = Both::new(
        Waiting::try_with_stats(limit, Stats::new()).expect("it is small"),
        Naive::bucket(&clock, burst),
    );
    let mut pair = Pair {
        both: &both,
        clock: &clock,
        queue: Model::new(limit, 4),
        tokens: Naive::new(burst, start),
        guests: Vec::new(),
        permits: Vec::new(),
        came: 0,
        met: Met::default(),
    };
    for step in steps {
        pair.step(*step);
    }
    while !pair.guests.is_empty() {
        pair.step(Step::GiveUp(0));
    }
    while !pair.permits.is_empty() {
        pair.step(Step::Leave(0));
    }
    assert_eq!((both.bulkhead().in_flight(), both.bulkhead().waiting()), (0, 0));
    pair.met
}

fn step() -> impl Strategy<Value = Step> {
    let tokens = prop_oneof![6 => Just(1), 2 => 0..=5_u32];
    let wait = prop_oneof![1 => Just(0), 3 => 0..=3_500_u64, 2 => Just(u64::MAX)];
    let span = prop_oneof![1 => Just(1), 3 => Just(1_000), 2 => 0..=4_000_u64];
    prop_oneof![
        8 => (tokens.clone(), wait).prop_map(|(tokens, wait)| Step::Come(tokens, wait)),
        8 => any::<usize>().prop_map(Step::Poll),
        3 => any::<usize>().prop_map(Step::GiveUp),
        1 => tokens.prop_map(Step::Try),
        3 => any::<usize>().prop_map(Step::Leave),
        1 => any::<usize>().prop_map(Step::Refund),
        1 => (0..=3_u16).prop_map(Step::Resize),
        4 => span.prop_map(Step::Advance),
    ]
}

#[test]
fn the_queue_of_a_bucket_does_what_the_naive_models_do() {
    let met = Cell::new(Met::default());
    let all = (
        0..=3_u16,
        any::<u64>(),
        1..=4_u32,
        prop::collection::vec(step(), 1..100),
    );
    let result = TestRunner::new(cases(1_000)).run(&all, |(limit, start, burst, steps)| {
        let (one, mut all) = (run(limit, start, burst, &steps), met.get());
        all.entered += one.entered;
        all.refused_after_waiting += one.refused_after_waiting;
        all.slept += one.slept;
        all.given_up_asleep += one.given_up_asleep;
        all.refunded_asleep += one.refunded_asleep;
        met.set(all);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let met = met.get();
    println!("{met:?}");
    let all = [
        met.entered,
        met.refused_after_waiting,
        met.slept,
        met.refunded_asleep,
        met.given_up_asleep - met.refunded_asleep,
    ];
    assert!(cfg!(miri) || all.into_iter().all(|times| times > 20), "{met:?}");
}
