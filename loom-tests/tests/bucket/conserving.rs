//! Never more in any window than burst and rate, and nothing lost: checked by `bench` at every grant, here where it
//! is hard.

use loom::thread::spawn;
use watertight::bucket::protocol::Place;

use crate::bench::bounded;
use crate::bench::{Bench, OVER, PLAN, STALE, STRETCH, TOKEN, TOO_MUCH, join};
use crate::common::{State, model};
use crate::faults::{Fault, Operation};
use crate::subjects::*;

/// Two callers ask the clock while it goes on to the next stretch.
fn asked<S: Bucket + 'static>([refused, raced]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH - TOKEN, fault);
    bench.asking().acquire(1).expect("as at first");
    let moving = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            bench.pass(TOKEN);
            caller.acquire(1);
            bench.pass(TOKEN / 2);
            caller.acquire(1);
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            for _ in 0..2 {
                if caller.acquire(1).is_none() {
                    refused.seen();
                }
                if caller.was_raced() {
                    raced.seen();
                }
            }
        })
    };
    join([moving, asking]);
    bench.asking().acquire(1);
    bench.audit();
}

/// Time by value: while one caller holds a reading from before, the bucket gets full, and others empty it.
fn held<S: Bucket + 'static>([behind, refused]: [State; 2], fault: Option<Fault>) {
    const LATER: u64 = (STALE + 2) * STRETCH;
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH, fault);
    bench.at(0).acquire(1).expect("as at first");
    let holding = {
        let (bench, behind, refused) = (bench.clone(), behind.clone(), refused.clone());
        spawn(move || {
            let caller = bench.at(STRETCH + TOKEN / 2);
            for _ in 0..2 {
                if caller.acquire(1).is_none() {
                    refused.seen();
                }
                if caller.was_behind() {
                    behind.seen();
                }
            }
        })
    };
    let late = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at(LATER);
            caller.acquire(2);
            caller.acquire(1);
        })
    };
    join([holding, late]);
    bench.at(LATER + TOKEN).acquire(2);
    bench.audit();
}

/// The same, where the reading is of the stretch that `dated` names, and needs no new one.
fn held_in_its_stretch<S: Bucket + 'static>([behind, refused]: [State; 2], fault: Option<Fault>) {
    const LATER: u64 = (STALE + 2) * STRETCH;
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH, fault);
    bench.at(0).acquire(1).expect("as at first");
    let holding = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at(TOKEN / 2);
            for _ in 0..2 {
                if caller.acquire(1).is_none() {
                    refused.seen();
                }
                if caller.was_behind() {
                    behind.seen();
                }
            }
        })
    };
    let late = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at(LATER);
            caller.acquire(2);
            caller.acquire(1);
        })
    };
    join([holding, late]);
    bench.at(LATER + TOKEN).acquire(2);
    bench.audit();
}

/// Three callers whose clocks are far apart.
fn three_clocks<S: Bucket + 'static>([behind, refused]: [State; 2]) {
    const LATER: u64 = (STALE + 2) * STRETCH;
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH, None);
    bench.at(0).acquire(2).expect("as at first");
    let callers = [TOKEN, STRETCH, LATER].map(|now| {
        let (bench, behind, refused) = (bench.clone(), behind.clone(), refused.clone());
        spawn(move || {
            let caller = bench.at(now);
            if caller.acquire(2).is_none() {
                refused.seen();
            }
            if caller.was_behind() {
                behind.seen();
            }
        })
    });
    join(callers);
    bench.at(LATER).acquire(1);
    bench.audit();
}

#[test]
fn no_window_gets_too_much_by_a_clock_that_is_asked() {
    bounded("two callers ask a clock that goes on to the next stretch")
        .at_least(3_200, 1_300)
        .holds(["refused", "raced"], |states| {
            asked::<ShippedBucket>(states, None)
        });
    bounded("twin: spent stored").breaks(OVER, || {
        asked::<ShippedBucket>(Default::default(), Some(Fault::Stores(Place::Spent)));
    });
}

#[test]
fn no_window_gets_too_much_by_a_reading_that_is_held() {
    bounded("a reading from before the bucket got full")
        .at_least(410, 560)
        .holds(["dated later than asked", "refused"], |states| {
            held::<ShippedBucket>(states, None)
        });
    model("the same, in the stretch of dated")
        .at_least(270, 72_000)
        .holds(["dated later than asked", "refused"], |states| {
            held_in_its_stretch::<ShippedBucket>(states, None);
        });
    for (claim, body) in [
        ("twin: one word", held::<OneWord> as fn([State; 2], Option<Fault>)),
        ("twin: spent before dated", held::<SpentBeforeDated>),
        ("twin: a lost race for dated", held::<DatedLostUnseen>),
        ("twin: an old reading is a date", held::<OldDate>),
        (
            "twin: dated loaded before spent",
            held_in_its_stretch::<DatedReadFirst>,
        ),
    ] {
        bounded(claim).breaks(OVER, move || body(Default::default(), None));
    }
    bounded("twin: a lost race for spent").breaks(TOO_MUCH, || {
        held::<SpentLostUnseen>(Default::default(), None);
    });
    let in_stretch = held_in_its_stretch::<ShippedBucket>;
    for (claim, fault, body) in [
        (
            "twin: dated stored",
            Fault::Stores(Place::Dated),
            held::<ShippedBucket> as fn([State; 2], Option<Fault>),
        ),
        (
            "twin: spent stored",
            Fault::Stores(Place::Spent),
            held::<ShippedBucket>,
        ),
        (
            "twin: spent loaded Relaxed",
            Fault::LoadRelaxed(Operation::Acquire),
            in_stretch,
        ),
        (
            "twin: spent swapped Relaxed",
            Fault::SwapRelaxed(Operation::Acquire),
            in_stretch,
        ),
    ] {
        bounded(claim).breaks(OVER, move || body(Default::default(), Some(fault)));
    }
}

#[test]
fn no_window_gets_too_much_by_three_clocks_far_apart() {
    bounded("three clocks far apart")
        .at_least(17_000, 6_400)
        .holds(["dated later than asked", "refused"], |states| {
            three_clocks::<ShippedBucket>(states)
        });
    bounded("twin: one word").breaks(OVER, || {
        three_clocks::<OneWord>(Default::default());
    });
}
