//! A refusal is of words that stood together: after an idle of about the circle, `spent` from before and `dated` from after look
//! like an empty bucket.

use loom::thread::spawn;
use watertight::models::rmw_loads;

use crate::bench::bounded;
use crate::bench::{Bench, CIRCLE, NO_CAUSE, PLAN, STRETCH, TOKEN, join};
use crate::common::State;
use crate::subjects::*;

fn refuse<S: Bucket + 'static>([truly, between, granted]: [State; 3]) {
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH, None);
    bench.asking().acquire(2).expect("as at first");
    let waking = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(CIRCLE - TOKEN / 2);
            let caller = bench.asking().tolerant();
            if caller.acquire(1).is_none() && caller.was_mistaken() {
                assert!(!rmw_loads() || caller.stood(), "{NO_CAUSE}");
            }
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking().tolerant();
            for _ in 0..2 {
                match caller.acquire(1) {
                    Some(_) => granted.seen(),
                    None if !caller.was_mistaken() => truly.seen(),
                    None => {
                        // With plain loads, the second look may be as old as the first.
                        assert!(!rmw_loads() || caller.stood(), "{NO_CAUSE}");
                        between.seen();
                    }
                }
            }
        })
    };
    join([waking, asking]);
    bench.audit();
}

#[test]
fn a_refusal_looks_twice() {
    bounded("a refusal after an idle of about the circle")
        .at_least(1_100, 550)
        .holds(
            ["refused before", "refused between two steps", "granted"],
            refuse::<ShippedBucket>,
        );
    bounded("twin: a refusal at first look").breaks(NO_CAUSE, || {
        refuse::<RefusedAtFirstLook>(Default::default());
    });
}
