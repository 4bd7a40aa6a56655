//! A bulkhead with a bucket, a model of its places, and an oracle for its tokens, step by step.

use std::sync::Arc;

use watertight::bulkhead::{Stats, TokenSlot};
use watertight::{Bulkhead, Micros, Reason, Receipt, Rejected, RetryAfter, Share, Slot, TokenBulkhead};

use super::oracle::{Hand, Oracle};
use crate::places::Places;

#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// So many tokens within this wait, for so many percent of the places; owned, if so.
    Enter(u32, u64, u8, bool),
    /// Ends one of the permits.
    End(usize, End),
    /// Gives back the tokens of one whose place was given back before.
    Refund(usize),
    /// A place without a token, and tokens without a place.
    EnterDirectly,
    AcquireDirectly(u32),
    LeaveDirectly,
    Resize(u16),
    /// So many tokens a second, and a burst.
    Adjust(u32, u32),
    Advance(u64),
}

#[derive(Clone, Copy, Debug)]
pub enum End {
    Drop,
    Leave,
    Refund,
    IntoReceipt,
}

/// What a run has met.
#[derive(Clone, Copy, Debug, Default)]
pub struct Met {
    pub entered: u64,
    pub without_place: u64,
    pub without_token: u64,
    pub refunded: u64,
    pub not_refunded: u64,
}

type Both<K> = TokenBulkhead<Bulkhead<Stats>, K>;

#[derive(Debug)]
enum Permit<'a, K> {
    Borrowed(TokenSlot<&'a Both<K>>),
    Owned(TokenSlot<Arc<Both<K>>>),
}

struct Pair<'a, O: Oracle> {
    both: &'a Arc<Both<O::Bucket>>,
    places: Places,
    oracle: O,
    permits: Vec<(Permit<'a, O::Bucket>, O::Grant)>,
    receipts: Vec<(Receipt, O::Grant)>,
    slots: Vec<Slot<&'a Bulkhead<Stats>>>,
    met: Met,
}

impl<'a, O: Oracle> Pair<'a, O> {
    fn ask(&self, step: (u32, u64, u8, bool)) -> Result<Permit<'a, O::Bucket>, Rejected> {
        let (tokens, wait, percent, owned) = step;
        let (both, wait) = (self.both, Micros::from_micros(wait));
        let share = Share::try_percent(percent).expect("it is one");
        match (owned, tokens, wait, percent) {
            (false, 1, Micros::ZERO, 100) => both.try_enter().map(Permit::Borrowed),
            (false, _, Micros::ZERO, 100) => both.try_enter_many(tokens).map(Permit::Borrowed),
            (false, _, _, 100) => both.reserve(tokens, wait).map(Permit::Borrowed),
            (false, ..) => both.reserve_as(share, tokens, wait).map(Permit::Borrowed),
            (true, 1, Micros::ZERO, 100) => {
                TokenBulkhead::try_enter_owned(Arc::clone(both)).map(Permit::Owned)
            }
            (true, ..) => {
                TokenBulkhead::reserve_owned_as(Arc::clone(both), share, tokens, wait).map(Permit::Owned)
            }
        }
    }

    fn enter(&mut self, tokens: u32, wait: u64, percent: u8, owned: bool) {
        let answer = self.ask((tokens, wait, percent, owned));
        let expected: Result<_, (Reason, RetryAfter)> = match self.places.ask(1, percent) {
            Err(refusal) => {
                self.met.without_place += 1;
                Err(refusal)
            }
            Ok(()) => self.oracle.reserve(tokens, wait).inspect_err(|(reason, _)| {
                self.places.leave(1);
                self.places.refuse(*reason);
                self.met.without_token += 1;
            }),
        };
        match (answer, expected) {
            (Ok(permit), Ok((grant, act_at))) => {
                let receipt = match &permit {
                    Permit::Borrowed(permit) => permit.receipt(),
                    Permit::Owned(permit) => permit.receipt(),
                };
                assert_eq!((receipt.tokens(), receipt.act_at()), (tokens, act_at));
                self.permits.push((permit, grant));
                self.met.entered += 1;
            }
            (Err(refusal), Err(expected)) => {
                assert_eq!((refusal.reason(), refusal.retry_after()), expected);
            }
            (answer, expected) => panic!("{:?}, and not {:?}", answer.map(drop), expected.map(drop)),
        }
    }

    fn end(&mut self, which: usize, end: End) {
        let (permit, grant) = self.permits.swap_remove(which);
        self.places.leave(1);
        match end {
            End::Drop => drop(permit),
            End::Leave => match permit {
                Permit::Borrowed(permit) => permit.leave(),
                Permit::Owned(permit) => permit.leave(),
            },
            End::Refund => {
                let tokens = match permit {
                    Permit::Borrowed(permit) => permit.refund(),
                    Permit::Owned(permit) => permit.refund(),
                };
                self.refunded(tokens, grant);
            }
            End::IntoReceipt => {
                let receipt = match permit {
                    Permit::Borrowed(permit) => permit.into_receipt(),
                    Permit::Owned(permit) => permit.into_receipt(),
                };
                self.receipts.push((receipt, grant));
            }
        }
    }

    fn refunded(&mut self, tokens: u32, grant: O::Grant) {
        let expected = self.oracle.refund(grant);
        assert!(expected.contains(&tokens), "{tokens}, and not {expected:?}");
        self.met.refunded += u64::from(tokens > 0);
        self.met.not_refunded += u64::from(tokens == 0);
    }

    fn step(&mut self, clock: &Hand, step: Step) {
        let (permits, receipts) = (self.permits.len(), self.receipts.len());
        match step {
            Step::Enter(tokens, wait, percent, owned) => self.enter(tokens, wait, percent, owned),
            Step::End(which, end) if permits > 0 => self.end(which % permits, end),
            Step::Refund(which) if receipts > 0 => {
                let (receipt, grant) = self.receipts.swap_remove(which % receipts);
                let tokens = O::give_back(self.both.bucket(), receipt);
                self.refunded(tokens, grant);
            }
            Step::EnterDirectly => {
                let answer = self.both.bulkhead().try_enter();
                assert_eq!(answer.is_ok(), self.places.ask(1, 100).is_ok());
                self.slots.extend(answer);
            }
            Step::LeaveDirectly => {
                let slot = self.slots.pop();
                self.places.leave(slot.is_some().into());
            }
            Step::AcquireDirectly(tokens) => {
                let answer = O::take(self.both.bucket(), tokens);
                let expected = self.oracle.reserve(tokens, 0);
                assert_eq!(answer.is_ok(), expected.is_ok());
                if let (Ok(receipt), Ok((grant, _))) = (answer, expected) {
                    self.receipts.push((receipt, grant));
                }
            }
            Step::Resize(limit) => {
                self.both.bulkhead().resize(limit);
                self.places.limit = limit.into();
            }
            Step::Adjust(tokens, burst) => self.oracle.adjust(self.both.bucket(), tokens, burst),
            Step::Advance(micros) => {
                clock.advance(micros);
                self.oracle.advance(micros);
            }
            Step::End(..) | Step::Refund(_) => {}
        }
        self.places.check(&self.both.bulkhead().statistics());
        assert_eq!(O::there(self.both.bucket()), self.oracle.available());
    }
}

/// Takes all these steps, and ends with everybody's going.
pub fn run<O: Oracle>(limit: u16, clock: &Hand, bucket: O::Bucket, oracle: O, steps: &[Step]) -> Met {
    let bulkhead = Bulkhead::with_stats(limit, Stats::new());
    let both = Arc::new(TokenBulkhead::new(bulkhead, bucket));
    let mut pair = Pair {
        both: &both,
        places: Places::new(limit),
        oracle,
        permits: Vec::new(),
        receipts: Vec::new(),
        slots: Vec::new(),
        met: Met::default(),
    };
    for step in steps {
        pair.step(clock, *step);
    }
    while !pair.permits.is_empty() {
        pair.step(clock, Step::End(0, End::Drop));
    }
    while !pair.slots.is_empty() {
        pair.step(clock, Step::LeaveDirectly);
    }
    let met = pair.met;
    drop(pair);
    assert_eq!((both.bulkhead().in_flight(), Arc::strong_count(&both)), (0, 1));
    met
}
