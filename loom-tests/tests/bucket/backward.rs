//! A clock that steps back gives nobody anything.

use loom::thread::spawn;

use crate::bench::bounded;
use crate::bench::{Bench, OVER, PLAN, STRETCH, TOKEN, join};
use crate::common::State;
use crate::subjects::*;

fn backward<S: Bucket + 'static>([behind, refused, granted]: [State; 3], back: u64) {
    let bench = Bench::<S>::new(PLAN, 10 * STRETCH + TOKEN / 2, None);
    bench.asking().acquire(1).expect("as at first");
    let stepping = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.acquire(1);
            bench.step_back(back);
            caller.acquire(1);
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            for _ in 0..2 {
                match caller.acquire(1) {
                    Some(_) => granted.seen(),
                    None => refused.seen(),
                }
                if caller.was_behind() {
                    behind.seen();
                }
            }
        })
    };
    join([stepping, asking]);
    bench.pass(back + TOKEN);
    let caller = bench.asking();
    caller.acquire(1).expect("a token has come");
    while caller.acquire(1).is_some() {}
    bench.audit();
}

#[test]
fn a_clock_that_steps_back_gives_nothing() {
    bounded("a clock that steps back out of its stretch")
        .at_least(210, 890)
        .holds(["dated later than asked", "refused", "granted"], |states| {
            backward::<ShippedBucket>(states, TOKEN)
        });
    bounded("a clock that steps back by more than the debt")
        .at_least(210, 890)
        .holds(["dated later than asked", "refused", "granted"], |states| {
            backward::<ShippedBucket>(states, 2 * STRETCH)
        });
    bounded("twin: one word").breaks(OVER, || {
        backward::<OneWord>(Default::default(), 2 * STRETCH);
    });
}
