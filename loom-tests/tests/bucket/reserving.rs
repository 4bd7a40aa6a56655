//! Who reserves comes before whoever asks next, and acts when his tokens are there.

use loom::thread::spawn;
use watertight::bucket::protocol::Place;

use crate::bench::bounded;
use crate::bench::{Bench, OVER, PLAN, Plan, STRETCH, TOKEN, join};
use crate::common::State;
use crate::faults::Fault;
use crate::subjects::*;

/// Three tokens a microsecond, of which one fits: what comes until the next whole microsecond is lost.
const SHARP: Plan = Plan {
    tokens: 3,
    period: 1,
    burst: 1,
    initial: 1,
};

fn reserve<S: Bucket + 'static>([ahead, refused]: [State; 2], plan: Plan, wait: u64, fault: Option<Fault>) {
    let bench = Bench::<S>::new(plan, 8 * STRETCH - wait / 2, fault);
    bench.asking().acquire(1).expect("as at first");
    let reserving = {
        let (bench, refused) = (bench.clone(), refused.clone());
        spawn(move || {
            let caller = bench.asking();
            for _ in 0..2 {
                match caller.reserve(1, wait) {
                    Some(held) if held.waits() => ahead.seen(),
                    Some(_) => {}
                    None => refused.seen(),
                }
            }
        })
    };
    let taking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.acquire(1);
            bench.pass(wait);
            if caller.acquire(1).is_none() {
                refused.seen();
            }
        })
    };
    join([reserving, taking]);
    bench.pass(wait);
    bench.asking().acquire(1);
    bench.audit();
}

#[test]
fn a_reservation_races_an_acquire() {
    bounded("a reservation against an acquire")
        .at_least(1_700, 1_100)
        .holds(["reserved", "refused"], |states| {
            reserve::<ShippedBucket>(states, PLAN, TOKEN, None);
        });
    bounded("a reservation between two microseconds")
        .at_least(170, 900)
        .holds(["reserved", "refused"], |states| {
            reserve::<ShippedBucket>(states, SHARP, 1, None);
        });
    bounded("twin: nothing is spent until the next whole microsecond").breaks(OVER, || {
        reserve::<NoSlip>(Default::default(), SHARP, 1, None);
    });
    for plan in [(PLAN, TOKEN), (SHARP, 1)] {
        bounded("twin: spent stored").breaks(OVER, move || {
            reserve::<ShippedBucket>(
                Default::default(),
                plan.0,
                plan.1,
                Some(Fault::Stores(Place::Spent)),
            );
        });
    }
}
