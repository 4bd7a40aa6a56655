//! A refund gives back what was taken, once, and only while nobody has come after.

use loom::thread::spawn;
use watertight::bucket::protocol::Place;

use crate::bench::bounded;
use crate::bench::{Bench, CIRCLE, NOT_ITS_OWN, PLAN, STRETCH, TOKEN, TOO_MUCH, join};
use crate::common::{State, model};
use crate::faults::Fault;
use crate::subjects::*;

/// One gives back and takes again, while another takes.
fn refund<S: Bucket + 'static>([back, late, refused]: [State; 3], fault: Option<Fault>) {
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH - TOKEN / 2, fault);
    let held = bench.asking().acquire(1).expect("as at first");
    let giving = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            match caller.refund(held) {
                true => back.seen(),
                false => late.seen(),
            }
            bench.pass(TOKEN);
            caller.acquire(1);
        })
    };
    let taking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            for _ in 0..2 {
                if caller.acquire(1).is_none() {
                    refused.seen();
                }
            }
        })
    };
    join([giving, taking]);
    bench.asking().acquire(2);
    bench.audit();
}

/// Two receipts, given back out of order: the lower one's tokens cannot come back before the upper one's.
fn two_receipts<S: Bucket + 'static>([both, one]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH - TOKEN / 2, fault);
    let caller = bench.asking();
    let receipts = [(); 2].map(|()| caller.acquire(1).expect("as at first"));
    let given = receipts.map(|held| {
        let bench = bench.clone();
        spawn(move || {
            bench.asking().refund(held);
            bench.pass(TOKEN);
            bench.asking().acquire(1);
        })
    });
    join(given);
    match bench.out() {
        3.. => one.seen(),
        _ => both.seen(),
    }
    bench.asking().acquire(1);
    bench.audit();
}

/// A receipt from before a long idle, when the index has come round and `spent` is what it was: but it is another's.
fn comes_round<S: Bucket + 'static>([round, before]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::<S>::new(PLAN, 8 * STRETCH, fault);
    let old = bench.asking().acquire(1).expect("as at first");
    let passing = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(CIRCLE / 2);
            bench.pass(CIRCLE / 2);
        })
    };
    let giving = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            let same = old.spent();
            let held = caller.acquire(1).expect("there are two");
            match held.spent() == same {
                true => round.seen(),
                false => before.seen(),
            }
            assert!(!caller.refund(old), "{NOT_ITS_OWN}");
            caller.refund(held);
        })
    };
    join([passing, giving]);
    bench.asking().acquire(2);
    bench.audit();
}

#[test]
fn a_refund_races_an_acquire() {
    bounded("a refund against an acquire")
        .at_least(1_600, 1_100)
        .holds(["given back", "too late", "refused"], |states| {
            refund::<ShippedBucket>(states, None)
        });
    bounded("twin: spent stored").breaks(TOO_MUCH, || {
        refund::<ShippedBucket>(Default::default(), Some(Fault::Stores(Place::Spent)));
    });
}

#[test]
fn two_refunds_out_of_order_invent_nothing() {
    bounded("two refunds")
        .at_least(2_900, 1_300)
        .holds(["both came back", "one stayed"], |states| {
            two_receipts::<ShippedBucket>(states, None)
        });
    for (claim, body) in [
        (
            "twin: a refund by count",
            two_receipts::<RefundByCount> as fn([State; 2], Option<Fault>),
        ),
        (
            "twin: a refund while there is room",
            two_receipts::<RefundWhileThereIsRoom>,
        ),
    ] {
        bounded(claim).breaks(NOT_ITS_OWN, move || body(Default::default(), None));
    }
    bounded("twin: spent stored").breaks(TOO_MUCH, || {
        two_receipts::<ShippedBucket>(Default::default(), Some(Fault::Stores(Place::Spent)));
    });
}

#[test]
fn a_receipt_is_not_taken_for_one_that_was_given_a_circle_later() {
    model("a receipt from a circle ago").at_least(270, 45).holds(
        ["of another's bits", "of other bits"],
        |states| {
            comes_round::<ShippedBucket>(states, None);
        },
    );
    bounded("twin: a receipt of any age").breaks(NOT_ITS_OWN, || {
        comes_round::<RefundOfAnyAge>(Default::default(), None);
    });
}
