//! Bulkheads, alone and with a token bucket behind them.

use watertight::Reason::{Full, MoreThanBurst, MoreThanLimit, RateLimited, ShareFull};
use watertight::bulkhead::{Statistics, Stats, TokenSlot};
use watertight::{Bulkhead, Quota, Rejected, Share, Slot, TokenBucket, TokenBulkhead};

use super::Trace;
use super::bucket::wanted;
use super::digest::Seen::{Other, Refused};
use super::digest::{Digest, What};
use super::script::{Hand, Script};

pub const TRACES: &[Trace] = &[
    Trace {
        name: "bulkhead",
        run: alone,
        brings: &[
            Refused(Full),
            Refused(ShareFull),
            Refused(MoreThanLimit),
            Other(What::Granted),
            Other(What::Set),
        ],
    },
    Trace {
        name: "bulkhead-with-tokens",
        run: with_tokens,
        brings: &[
            Refused(Full),
            Refused(ShareFull),
            Refused(MoreThanLimit),
            Refused(RateLimited),
            Refused(MoreThanBurst),
            Other(What::Granted),
            Other(What::Promised),
            Other(What::Refunded),
            Other(What::Kept),
            Other(What::Set),
        ],
    },
];

/// Of a bulkhead of whatever kind, at a moment.
pub fn statistics(told: &Statistics, digest: &mut Digest) {
    digest.word(told.limit());
    digest.word(told.in_flight());
    digest.word(told.most_in_flight());
    for reason in [
        Full,
        ShareFull,
        MoreThanLimit,
        watertight::Reason::RoomFull,
        RateLimited,
        MoreThanBurst,
    ] {
        digest.word(told.refused(reason));
    }
}

/// A limit: small, mostly; any; or about the most that a `Waiting` may have.
pub fn limit(script: &mut Script, most: u32) -> u16 {
    match script.below(16) {
        0 => script.below(most) as u16,
        1 => 1_020 + script.below(8) as u16,
        _ => script.below(16) as u16,
    }
}

pub fn share(script: &mut Script) -> Share {
    Share::try_percent(1 + script.below(100) as u8).unwrap_or(Share::ALL)
}

/// How many places to ask for.
pub fn places(script: &mut Script) -> u32 {
    if script.one_in(30) {
        script.of_any_size() as u32
    } else {
        script.below(4)
    }
}

/// Slots that are held at a time.
const HELD: usize = 12;

fn alone(operations: u32) -> Digest {
    let mut script = Script::seeded(201);
    let mut digest = Digest::new();
    let bulkhead = Bulkhead::with_stats(9, Stats::new());
    let mut held: [Option<Slot<&Bulkhead<Stats>>>; HELD] = [const { None }; HELD];
    for _ in 0..operations {
        let place = script.below(HELD as u32) as usize;
        match script.below(100) {
            0..55 => {
                let (places, share) = (places(&mut script), share(&mut script));
                let answer = match script.below(4) {
                    0 => bulkhead.try_enter(),
                    1 => bulkhead.try_enter_many(places),
                    2 => bulkhead.try_enter_as(share, places),
                    _ => Bulkhead::try_enter_owned_as(&bulkhead, share, places),
                };
                match answer {
                    Ok(slot) => {
                        digest.happened(What::Granted);
                        digest.word(slot.places());
                        // Whoever was there leaves.
                        held[place] = Some(slot);
                    }
                    Err(refused) => digest.refused(&refused),
                }
            }
            55..97 => held[place] = None,
            _ => {
                bulkhead.resize(limit(&mut script, 1 << 16));
                digest.happened(What::Set);
            }
        }
        digest.word(bulkhead.available());
        statistics(&bulkhead.statistics(), &mut digest);
    }
    digest
}

type Both<'a> = TokenBulkhead<Bulkhead<Stats>, TokenBucket<&'a Hand, &'a Quota>>;

fn with_tokens(operations: u32) -> Digest {
    static QUOTA: Quota = Quota::per_second(1_200).burst(12).build();
    const UNIT: u64 = 1_000;
    let hand = Hand::at(u64::MAX - 50 * UNIT);
    let both: Both<'_> = TokenBulkhead::new(
        Bulkhead::with_stats(7, Stats::new()),
        TokenBucket::new(&hand, &QUOTA),
    );
    let mut script = Script::seeded(202);
    let mut digest = Digest::new();
    let mut held: [Option<TokenSlot<&Both<'_>>>; HELD] = [const { None }; HELD];
    for _ in 0..operations {
        script.travel(&hand, UNIT, 60);
        let place = script.below(HELD as u32) as usize;
        match script.below(100) {
            0..55 => {
                let (tokens, share) = (wanted(&mut script, 12), share(&mut script));
                let wait = script.wait(UNIT);
                let answer = match script.below(5) {
                    0 => both.try_enter(),
                    1 => both.try_enter_many(tokens),
                    2 => both.reserve(tokens, wait),
                    3 => both.reserve_as(share, tokens, wait),
                    _ => TokenBulkhead::reserve_owned_as(&both, share, tokens, wait),
                };
                entered(answer, &mut held[place], &mut script, &mut digest);
            }
            55..75 => held[place] = None,
            75..90 => {
                if let Some(slot) = held[place].take() {
                    digest.given_back(slot.refund());
                }
            }
            90..95 => {
                if let Some(slot) = held[place].take() {
                    let receipt = slot.into_receipt();
                    digest.receipt(&receipt);
                    if script.percent(50) {
                        digest.given_back(both.bucket().refund(receipt));
                    }
                }
            }
            95 => both.bucket().reset(),
            _ => {
                both.bulkhead().resize(limit(&mut script, 30));
                digest.happened(What::Set);
            }
        }
        digest.word(both.bucket().available());
        digest.word(both.bulkhead().available());
        statistics(&both.bulkhead().statistics(), &mut digest);
    }
    digest
}

/// Whoever was in the place leaves if another one enters.
fn entered<'a, 'b>(
    answer: Result<TokenSlot<&'b Both<'a>>, Rejected>,
    place: &mut Option<TokenSlot<&'b Both<'a>>>,
    script: &mut Script,
    digest: &mut Digest,
) {
    match answer {
        Ok(slot) => {
            digest.receipt(slot.receipt());
            *place = Some(slot);
        }
        Err(refused) => {
            digest.refused(&refused);
            script.keep(refused.retry_after());
        }
    }
}
