//! A reset makes the bucket as new at one moment; and where the clock was wrong, the time is known again.

use loom::thread::spawn;
use watertight::bucket::protocol::Place;

use crate::bench::bounded;
use crate::bench::{ASTRAY, Bench, OVER, PLAN, STRETCH, TOKEN, join};
use crate::common::State;
use crate::faults::{Fault, Operation};
use crate::subjects::*;

/// One resets and takes, while another takes.
fn reset<S: Bucket + 'static>([refused, granted]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH - TOKEN / 2, fault);
    bench.asking().acquire(2).expect("as at first");
    let resetting = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.reset();
            caller.acquire(2);
        })
    };
    let taking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            for _ in 0..2 {
                bench.pass(TOKEN / 2);
                match caller.acquire(1) {
                    Some(_) => granted.seen(),
                    None => refused.seen(),
                }
            }
        })
    };
    join([resetting, taking]);
    bench.asking().acquire(1);
    bench.audit();
}

/// The clock was wrong, by days, and everything was dated by it.
fn from_the_future<S: Bucket + 'static>([refused, granted]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH, fault);
    bench.at(10 * STRETCH).acquire(2).expect("as at first");
    let resetting = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.reset();
            bench.pass(TOKEN);
            caller.acquire(2);
        })
    };
    let taking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            for _ in 0..2 {
                match caller.acquire(1) {
                    Some(_) => granted.seen(),
                    None => refused.seen(),
                }
            }
        })
    };
    join([resetting, taking]);
    let caller = bench.asking();
    caller.acquire(1);
    assert!(!caller.was_behind(), "the time is not known again");
    bench.audit();
}

#[test]
fn a_reset_races_an_acquire() {
    bounded("a reset against an acquire")
        .at_least(4_700, 1_300)
        .holds(["refused", "granted"], |states| {
            reset::<ShippedBucket>(states, None)
        });
    bounded("twin: spent stored").breaks(OVER, || {
        reset::<ShippedBucket>(Default::default(), Some(Fault::Stores(Place::Spent)));
    });
}

#[test]
fn a_reset_gives_the_time_back() {
    bounded("a reset after the clock was wrong")
        .at_least(1_600, 1_500)
        .holds(["refused", "granted"], |states| {
            from_the_future::<ShippedBucket>(states, None)
        });
    bounded("twin: dated stays").breaks("the time is not known again", || {
        from_the_future::<ResetLeavesDated>(Default::default(), None);
    });
    bounded("twin: spent swapped Relaxed by a reset").breaks(ASTRAY, || {
        from_the_future::<ShippedBucket>(Default::default(), Some(Fault::SwapRelaxed(Operation::Reset)));
    });
}
