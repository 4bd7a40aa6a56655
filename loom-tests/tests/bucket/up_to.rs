//! As many as there are, and no more.

use loom::thread::spawn;
use watertight::bucket::protocol::Place;

use crate::bench::bounded;
use crate::bench::{Bench, OVER, PLAN, STRETCH, TOKEN, join};
use crate::common::State;
use crate::faults::Fault;
use crate::subjects::{Bucket, Given, ShippedBucket};

fn up_to<S: Bucket + 'static>([two, one, refused]: [State; 3], fault: Option<Fault>) {
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH - TOKEN / 2, fault);
    let greedy = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            for _ in 0..2 {
                match caller.acquire_up_to(5).map(|held| held.receipt.tokens()) {
                    Some(2) => two.seen(),
                    Some(1) => one.seen(),
                    Some(other) => panic!("{other} tokens of two"),
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
            bench.pass(TOKEN);
            caller.acquire(1);
        })
    };
    join([greedy, taking]);
    bench.asking().acquire(1);
    bench.audit();
}

#[test]
fn as_many_as_there_are() {
    bounded("up to so many against an acquire")
        .at_least(1_600, 790)
        .holds(["two", "one", "refused"], |states| {
            up_to::<ShippedBucket>(states, None)
        });
    bounded("twin: spent stored").breaks(OVER, || {
        up_to::<ShippedBucket>(Default::default(), Some(Fault::Stores(Place::Spent)));
    });
}
