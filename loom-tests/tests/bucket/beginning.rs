//! A bucket begins when it is first asked, whenever that is and whoever asks, and once.

use loom::thread::spawn;
use watertight::bucket::protocol::Place;

use crate::bench::bounded;
use crate::bench::{ASTRAY, Bench, NO_CAUSE, NOT_INITIAL, OVER, PLAN, Plan, STRETCH, TOKEN, join};
use crate::common::State;
use crate::faults::Fault;
use crate::subjects::*;

/// Of several callers that ask for the first time one makes it begin.
fn begin<S: Bucket + 'static>([refused, granted, raced]: [State; 3], initial: u32, fault: Option<Fault>) {
    let bench = Bench::<S>::new(Plan { initial, ..PLAN }, 8 * STRETCH - TOKEN / 2, fault);
    let moving = {
        let bench = bench.clone();
        let raced = raced.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.acquire(1);
            if caller.was_raced() {
                raced.seen();
            }
            bench.pass(TOKEN);
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
                if caller.was_raced() {
                    raced.seen();
                }
            }
            bench.pass(TOKEN);
        })
    };
    join([moving, asking]);
    bench.asking().acquire(1);
    bench.audit();
}

/// Time by value, far apart.
fn begin_by_value<S: Bucket + 'static>([behind, refused]: [State; 2], initial: u32) {
    let bench = Bench::<S>::new(Plan { initial, ..PLAN }, 8 * STRETCH, None);
    let callers = [0, TOKEN, 5 * STRETCH].map(|now| {
        let (bench, behind, refused) = (bench.clone(), behind.clone(), refused.clone());
        spawn(move || {
            let caller = bench.at(now);
            if caller.acquire(1).is_none() {
                refused.seen();
            }
            if caller.was_behind() {
                behind.seen();
            }
        })
    });
    join(callers);
    bench.at(5 * STRETCH + TOKEN).acquire(1);
    bench.audit();
}

#[test]
fn a_bucket_begins_once() {
    bounded("begun with nothing")
        .at_least(5_700, 1_600)
        .holds(["refused", "granted", "raced"], |states| {
            begin::<ShippedBucket>(states, 0, None)
        });
    bounded("begun full")
        .at_least(8_900, 940)
        .holds(["refused", "granted", "raced"], |states| {
            begin::<ShippedBucket>(states, 2, None)
        });
    bounded("twin: full at first").breaks(NOT_INITIAL, || {
        begin::<FullAtFirst>(Default::default(), 0, None);
    });
    bounded("twin: empty at the clock's origin").breaks(NOT_INITIAL, || {
        begin::<ZeroAtFirst>(Default::default(), 0, None);
    });
    bounded("twin: begins with the first grant only").breaks(NO_CAUSE, || {
        begin::<NeverBegins>(Default::default(), 0, None);
    });
    bounded("twin: spent stored").breaks(OVER, || {
        begin::<ShippedBucket>(Default::default(), 2, Some(Fault::Stores(Place::Spent)));
    });
    bounded("twin: spent stored").breaks(NOT_INITIAL, || {
        begin::<ShippedBucket>(Default::default(), 0, Some(Fault::Stores(Place::Spent)));
    });
}

#[test]
fn a_bucket_begins_once_by_clocks_far_apart() {
    bounded("begun with nothing by three clocks")
        .at_least(26_000, 6_200)
        .holds(["dated later than asked", "refused"], |states| {
            begin_by_value::<ShippedBucket>(states, 0);
        });
    bounded("begun with one token by three clocks")
        .at_least(20_000, 3_000)
        .holds(["dated later than asked", "refused"], |states| {
            begin_by_value::<ShippedBucket>(states, 1);
        });
    bounded("twin: one word").breaks(ASTRAY, || {
        begin_by_value::<OneWord>(Default::default(), 1);
    });
}
