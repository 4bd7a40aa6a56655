//! After an idle longer than the stale limit the bucket is full, once.

use loom::thread::spawn;

use crate::bench::bounded;
use crate::bench::{Bench, OVER, PLAN, STALE, STRETCH, TOKEN, join};
use crate::common::State;
use crate::subjects::*;

const IDLE: u64 = (STALE + 1) * STRETCH;

fn idle<S: Bucket + 'static>(start: u64, idle: u64, [early, full, raced]: [State; 3]) {
    let bench = Bench::<S>::new(PLAN, start, None);
    bench.asking().acquire(2).expect("as at first");
    let waking = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(idle);
            let caller = bench.asking();
            caller.acquire(2);
            caller.acquire(1);
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            for _ in 0..2 {
                match caller.acquire(1) {
                    None if caller.now() == start => early.seen(),
                    Some(_) if bench.out() == 3 => full.seen(),
                    _ => {}
                }
                if caller.was_raced() {
                    raced.seen();
                }
            }
        })
    };
    join([waking, asking]);
    bench.pass(TOKEN);
    bench.asking().acquire(1).expect("a token has come");
    bench.audit();
}

#[test]
fn a_bucket_that_was_idle_is_full_once() {
    bounded("an idle longer than the stale limit")
        .at_least(920, 1_100)
        .holds(["refused before", "the first after", "raced"], |states| {
            idle::<ShippedBucket>(8 * STRETCH, IDLE, states)
        });
    bounded("twin: stale too early").breaks(OVER, || {
        // From the end of a stretch to the beginning of the next.
        idle::<StaleTooEarly>(9 * STRETCH - 1, 2, Default::default());
    });
    bounded("twin: spent before dated").breaks(OVER, || {
        idle::<SpentBeforeDated>(8 * STRETCH, IDLE, Default::default());
    });
}
