//! Bulkheads with waiters, polled by hand.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use watertight::Reason::{Full, MoreThanBurst, MoreThanLimit, RateLimited, RoomFull, ShareFull};
use watertight::bulkhead::{Enter, Stats, TokenSlot, Waiting};
use watertight::{Clock, Instant, Micros, Quota, Rejected, Slot, TokenBucket, TokenBulkhead};

use super::Trace;
use super::bucket::wanted;
use super::bulkheads::{limit, places, share, statistics};
use super::digest::Seen::{Other, Refused};
use super::digest::{Digest, What};
use super::script::{Hand, Script};

pub const TRACES: &[Trace] = &[
    Trace {
        name: "queue",
        run: queue,
        brings: &[
            Refused(Full),
            Refused(ShareFull),
            Refused(MoreThanLimit),
            Refused(RoomFull),
            Other(What::Granted),
            Other(What::Waits),
            Other(What::GaveUp),
            Other(What::Set),
            Other(What::NotSet),
        ],
    },
    Trace {
        name: "queue-with-tokens",
        run: with_tokens,
        brings: &[
            Refused(RoomFull),
            Refused(RateLimited),
            Refused(MoreThanBurst),
            Other(What::Granted),
            Other(What::Promised),
            Other(What::Refunded),
            Other(What::Kept),
            Other(What::Waits),
            Other(What::GaveUp),
            Other(What::Set),
        ],
    },
];

/// Slots that are held at a time, and waits.
const HELD: usize = 6;

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn queue(operations: u32) -> Digest {
    let mut script = Script::seeded(301);
    let mut digest = Digest::new();
    let room = Waiting::<4, Stats>::with_stats(5, Stats::new());
    let mut held: [Option<Slot<&Waiting<4, Stats>>>; HELD] = [const { None }; HELD];
    let mut waits: [Option<Enter<&Waiting<4, Stats>>>; HELD] = [const { None }; HELD];
    for _ in 0..operations {
        let place = script.below(HELD as u32) as usize;
        match script.below(100) {
            0..25 => {
                let (places, share) = (places(&mut script), share(&mut script));
                let answer = match script.below(4) {
                    0 => room.try_enter(),
                    1 => room.try_enter_many(places),
                    2 => room.try_enter_as(share, places),
                    _ => Waiting::try_enter_owned_as(&room, share, places),
                };
                entered(answer, &mut held[place], &mut digest);
            }
            25..50 => held[place] = None,
            50..92 => {
                let wait = waits[place].get_or_insert_with(|| room.enter());
                match poll(Pin::new(wait)) {
                    Poll::Pending => digest.happened(What::Waits),
                    Poll::Ready(answer) => {
                        waits[place] = None;
                        entered(answer, &mut held[place], &mut digest);
                    }
                }
            }
            92..95 => {
                if waits[place].take().is_some() {
                    digest.happened(What::GaveUp);
                }
            }
            _ => {
                // Sometimes above the most that there may be.
                let set = room.resize(limit(&mut script, 5_000));
                digest.happened(if set.is_ok() { What::Set } else { What::NotSet });
            }
        }
        digest.word(room.available());
        digest.word(room.waiting());
        statistics(&room.statistics(), &mut digest);
    }
    digest
}

/// Whoever was in the place leaves if another one enters.
fn entered<'a>(
    answer: Result<Slot<&'a Waiting<4, Stats>>, Rejected>,
    place: &mut Option<Slot<&'a Waiting<4, Stats>>>,
    digest: &mut Digest,
) {
    match answer {
        Ok(slot) => {
            digest.happened(What::Granted);
            digest.word(slot.places());
            *place = Some(slot);
        }
        Err(refused) => digest.refused(&refused),
    }
}

/// Over when the clock says so.
struct Until<'a> {
    hand: &'a Hand,
    at: Instant,
}

impl Future for Until<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        // Zero also if the instant is over.
        if self.at.since(self.hand.now()) == Micros::ZERO {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

type Both<'a> = TokenBulkhead<Waiting<2, Stats>, TokenBucket<&'a Hand, &'a Quota>>;

fn enter<'b, 'a>(
    both: &'b Both<'a>,
    hand: &'a Hand,
    tokens: u32,
    wait: Micros,
) -> impl Future<Output = Result<TokenSlot<&'b Both<'a>>, Rejected>> {
    both.enter(tokens, wait, move |at| Until { hand, at })
}

fn with_tokens(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per_second(900).burst(8).build();
    const UNIT: u64 = 1_000;
    let hand = Hand::at(u64::MAX - 50 * UNIT);
    let both: Both<'_> = TokenBulkhead::new(
        Waiting::with_stats(2, Stats::new()),
        TokenBucket::new(&hand, &QUOTA),
    );
    let mut script = Script::seeded(302);
    let mut digest = Digest::new();
    let mut held: [Option<TokenSlot<&Both<'_>>>; HELD] = [const { None }; HELD];
    let (one, two, three, four, five) = (pin!(None), pin!(None), pin!(None), pin!(None), pin!(None));
    let mut waits = [one, two, three, four, five];
    for _ in 0..operations {
        script.travel(&hand, UNIT, 60);
        let place = script.below(HELD as u32) as usize;
        let seat = script.below(waits.len() as u32) as usize;
        match script.below(100) {
            0..70 => {
                if waits[seat].is_none() {
                    let (tokens, wait) = (wanted(&mut script, 8), script.wait(UNIT));
                    waits[seat].set(Some(enter(&both, &hand, tokens, wait)));
                }
                let Some(wait) = waits[seat].as_mut().as_pin_mut() else {
                    continue;
                };
                match poll(wait) {
                    Poll::Pending => digest.happened(What::Waits),
                    Poll::Ready(answer) => {
                        waits[seat].set(None);
                        match answer {
                            Ok(slot) => {
                                digest.receipt(slot.receipt());
                                held[place] = Some(slot);
                            }
                            Err(refused) => {
                                digest.refused(&refused);
                                script.keep(refused.retry_after());
                            }
                        }
                    }
                }
            }
            70..80 => held[place] = None,
            80..90 => {
                if let Some(slot) = held[place].take() {
                    digest.given_back(slot.refund());
                }
            }
            90..96 => {
                if waits[seat].is_some() {
                    waits[seat].set(None);
                    digest.happened(What::GaveUp);
                }
            }
            96 => both.bucket().reset(),
            _ => {
                if both.bulkhead().resize(limit(&mut script, 6)).is_ok() {
                    digest.happened(What::Set);
                }
            }
        }
        digest.word(both.bucket().available());
        digest.word(both.bulkhead().available());
        digest.word(both.bulkhead().waiting());
        statistics(&both.bulkhead().statistics(), &mut digest);
    }
    digest
}
