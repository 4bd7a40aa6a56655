//! One operation after the other on any token bucket.

use core::borrow::Borrow;

use watertight::bucket::Policy;
use watertight::{Clock, Instant, Micros, Receipt, Rejected, TokenBucket};

use super::digest::Digest;
use super::script::{Hand, Script};

/// How a trace goes.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    /// What the clock mostly moves by, in microseconds.
    pub unit: u64,
    /// So many of 10,000 moves of the clock are wild.
    pub wild: u32,
    /// What is asked for is mostly below that, and sometimes anything.
    pub most: u32,
    /// One in so many operations resets it.
    pub resets: u32,
}

/// Receipts that are kept, to be given back.
const KEPT: usize = 5;

/// Runs so many operations; after each of them `more` may do something of its own.
pub fn run<P: Policy, S: Borrow<P::State>>(
    bucket: &TokenBucket<&Hand, P, S>,
    hand: &Hand,
    plan: Plan,
    operations: u32,
    mut more: impl FnMut(&mut Script, &mut Digest),
) -> Digest {
    let mut script = Script::seeded(plan.seed);
    let mut digest = Digest::new();
    let mut kept: [Option<Receipt>; KEPT] = [const { None }; KEPT];
    for _ in 0..operations {
        script.travel(hand, plan.unit, plan.wild);
        step(bucket, hand, plan, &mut script, &mut digest, &mut kept);
        more(&mut script, &mut digest);
        digest.word(bucket.available());
    }
    digest
}

fn step<P: Policy, S: Borrow<P::State>>(
    bucket: &TokenBucket<&Hand, P, S>,
    hand: &Hand,
    plan: Plan,
    script: &mut Script,
    digest: &mut Digest,
    kept: &mut [Option<Receipt>; KEPT],
) {
    if script.one_in(plan.resets) {
        bucket.reset();
        return digest.byte(6);
    }
    let tokens = wanted(script, plan.most);
    let answer = match script.below(100) {
        0..20 => bucket.try_acquire(),
        20..38 => bucket.try_acquire_many(tokens),
        38..50 => bucket.acquire_up_to(tokens),
        50..72 => bucket.reserve(tokens, script.wait(plan.unit)),
        // By a reading from before, or from what is to come.
        72..78 => bucket
            .at(other(script, hand, plan.unit))
            .reserve(tokens, script.wait(plan.unit)),
        78..96 => {
            let place = script.below(KEPT as u32) as usize;
            return match kept[place].take() {
                Some(receipt) => digest.given_back(bucket.refund(receipt)),
                None => digest.byte(7),
            };
        }
        _ => return digest.word(bucket.at(other(script, hand, plan.unit)).available()),
    };
    granted(answer, script, digest, kept);
}

fn granted(
    answer: Result<Receipt, Rejected>,
    script: &mut Script,
    digest: &mut Digest,
    kept: &mut [Option<Receipt>; KEPT],
) {
    match answer {
        Ok(receipt) => {
            digest.receipt(&receipt);
            let place = script.below(KEPT as u32) as usize;
            kept[place] = Some(receipt);
        }
        Err(refused) => {
            digest.refused(&refused);
            script.keep(refused.retry_after());
        }
    }
}

/// How many tokens to ask for.
pub fn wanted(script: &mut Script, most: u32) -> u32 {
    match script.below(40) {
        0 => script.of_any_size() as u32,
        1..4 => script.below(most.saturating_mul(2)),
        _ => script.below(most / 4 + 2),
    }
}

fn other(script: &mut Script, hand: &Hand, unit: u64) -> Instant {
    let by = Micros::from_micros(script.below_long(unit.saturating_mul(8)));
    if script.percent(60) {
        hand.now().before(by)
    } else {
        hand.now().after(by)
    }
}
