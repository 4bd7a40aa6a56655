//! A change of the terms against whatever else may be under way. `adjust_bench` checks at every step what is claimed: no
//! window gets more than the bursts and rates in it, nobody acts on terms that nobody set, and the bucket goes on from where it was.

use loom::thread::spawn;

use crate::adjust_bench::{
    Bench, FAST, OVER, PERIOD, Plan, SLOW, STRETCH, TOKEN, TOO_MUCH, TORN, bounded, join,
};
use crate::adjust_faults::{Fault, Operation, Twin, breaks};
use crate::common::State;

/// A token a millisecond, and two at once.
const PLAN: Plan = Plan {
    rate: FAST,
    burst: 2,
    initial: 2,
};
/// A quarter of that.
const LESS: Plan = Plan {
    rate: SLOW,
    burst: 1,
    initial: 1,
};

/// One changes the terms to these and takes, while another takes; the clock goes on to the next stretch.
fn acquire([refused, raced, busy]: [State; 3], plan: Plan, to: (u64, u32), twin: Option<Twin>) {
    let bench = Bench::new(plan, 8 * STRETCH - TOKEN, twin);
    bench.asking().acquire(1).expect("as at first");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            bench.pass(TOKEN / 2);
            caller.set(to.0, to.1).expect("nobody else does");
            bench.pass(TOKEN);
            caller.acquire(1);
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            bench.pass(TOKEN / 2);
            for _ in 0..2 {
                if caller.acquire(1).is_none() {
                    refused.seen();
                }
                if caller.was_raced() {
                    raced.seen();
                }
                if caller.saw_busy() {
                    busy.seen();
                }
            }
        })
    };
    join([changing, asking]);
    bench.asking().acquire(1);
    bench.audit();
}

/// The bucket has been full for long: no more is carried over than its burst, though the new one is larger.
fn full([refused, granted]: [State; 2], twin: Option<Twin>) {
    let bench = Bench::new(LESS, 8 * STRETCH - 3 * PERIOD, twin);
    bench.asking().acquire(1).expect("as at first");
    // Of a drop, there is a part.
    bench.pass(3 * PERIOD + 1);
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.set(FAST, 3).expect("nobody else does");
            bench.pass(TOKEN / 2);
            caller.acquire(1);
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            bench.pass(1);
            for _ in 0..2 {
                match caller.acquire(1) {
                    Some(_) => granted.seen(),
                    None => refused.seen(),
                }
            }
        })
    };
    join([changing, asking]);
    bench.asking().acquire(1);
    bench.audit();
}

/// Time by value: the reading of who takes is of before the change.
fn acquire_by_value([behind, refused]: [State; 2], to: (u64, u32), later: u64, twin: Option<Twin>) {
    let bench = Bench::new(PLAN, 8 * STRETCH, twin);
    bench.at(0).acquire(1).expect("as at first");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at(later);
            caller.set(to.0, to.1).expect("nobody else does");
            caller.acquire(1);
        })
    };
    let holding = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at(TOKEN / 2);
            for _ in 0..2 {
                if caller.acquire(1).is_none() {
                    refused.seen();
                }
                if caller.was_behind_a_change() {
                    behind.seen();
                }
            }
        })
    };
    join([changing, holding]);
    bench.at(later + TOKEN).acquire(2);
    bench.audit();
}

/// While one changes the terms, the bucket gets full, and another empties it: who sees that it is empty must see since when.
fn dated([after, refused]: [State; 2], twin: Option<Twin>) {
    let bench = Bench::new(PLAN, 8 * STRETCH, twin);
    bench.asking().acquire(1).expect("as at first");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.set(SLOW, 2).expect("nobody else does");
            if caller.acquire(1).is_none() {
                refused.seen();
            }
        })
    };
    let emptying = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(9 * STRETCH);
            let caller = bench.asking();
            caller.acquire(2);
            if caller.saw_busy() {
                after.seen();
            }
        })
    };
    join([changing, emptying]);
    bench.asking().acquire(1);
    bench.audit();
}

/// Who takes while another changes the terms may have asked the clock later, and is then dated before the change all the same.
fn asked_later([refused, raced]: [State; 2], twin: Option<Twin>) {
    let bench = Bench::new(PLAN, 8 * STRETCH, twin);
    bench.asking().acquire(2).expect("as at first");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.set(0, 2).expect("nobody else does");
            if caller.was_raced() {
                raced.seen();
            }
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(TOKEN);
            if bench.asking().acquire(1).is_none() {
                refused.seen();
            }
        })
    };
    join([changing, asking]);
    bench.pass(TOKEN);
    bench.asking().acquire(1);
    bench.audit();
}

/// What was taken before comes back before, or never.
fn refund([back, late, busy]: [State; 3], to: (u64, u32), twin: Option<Twin>) {
    let bench = Bench::new(PLAN, 8 * STRETCH - TOKEN / 2, twin);
    let held = bench.asking().acquire(2).expect("as at first");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            bench.pass(TOKEN);
            caller.set(to.0, to.1).expect("nobody else does");
            caller.acquire(1);
        })
    };
    let giving = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            match caller.refund(held) {
                true => back.seen(),
                false if caller.saw_busy() => busy.seen(),
                false => late.seen(),
            }
            caller.acquire(1);
        })
    };
    join([changing, giving]);
    bench.asking().acquire(1);
    bench.audit();
}

/// The bucket is as new, at the rate of now.
fn reset([before, after, busy]: [State; 3], plan: Plan, to: (u64, u32), twin: Option<Twin>) {
    let bench = Bench::new(plan, 8 * STRETCH - TOKEN / 2, twin);
    bench.asking().acquire(1).expect("as at first");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            bench.pass(TOKEN);
            caller.set(to.0, to.1).expect("nobody else does");
            caller.acquire(1);
        })
    };
    let resetting = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.reset();
            match caller.saw_busy() {
                true => busy.seen(),
                false if bench.changes() == 0 => before.seen(),
                false => after.seen(),
            }
            caller.acquire(1);
        })
    };
    join([changing, resetting]);
    bench.asking().acquire(1);
    bench.audit();
}

/// A bucket that nobody has asked stays so, and begins with what there is at first, as far as its burst is that large.
fn begin([before, after, refused]: [State; 3], plan: Plan, to: (u64, u32), twin: Option<Twin>) {
    let bench = Bench::new(plan, 8 * STRETCH - TOKEN / 2, twin);
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            bench.pass(TOKEN);
            caller.set(to.0, to.1).expect("nobody else does");
            caller.acquire(1);
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            if caller.acquire(1).is_none() {
                refused.seen();
            }
            match bench.changes() {
                0 => before.seen(),
                _ => after.seen(),
            }
            bench.pass(TOKEN / 2);
            caller.acquire(2);
        })
    };
    join([changing, asking]);
    bench.asking().acquire(1);
    bench.audit();
}

#[test]
fn a_change_races_an_acquire() {
    let states = ["refused", "raced", "while a change is under way"];
    for (claim, plan, to) in [
        ("a slower rate against an acquire", PLAN, (SLOW, 2)),
        (
            "a faster rate and a larger burst against an acquire",
            LESS,
            (FAST, 3),
        ),
        ("a smaller burst against an acquire", PLAN, (FAST, 1)),
        ("a rate of zero against an acquire", PLAN, (0, 2)),
    ] {
        bounded(claim)
            .at_least(8_000, 12_000)
            .holds(states, move |states| {
                acquire(states, plan, to, None);
            });
    }
    for (fault, message) in [
        (Fault::LoadRelaxed(Operation::Acquire), TORN),
        (Fault::LoadRelaxed(Operation::Acquire), OVER),
        (Fault::SwapRelaxed(Operation::Switch), TORN),
        (Fault::SwapRelaxed(Operation::Switch), OVER),
        (Fault::SlotAfterSpent, TORN),
        (Fault::SlotAfterSpent, OVER),
        (Fault::Stores, OVER),
    ] {
        breaks(fault, message, |twin| {
            acquire(Default::default(), PLAN, (SLOW, 2), twin)
        });
    }
}

#[test]
fn a_change_carries_no_more_over_than_the_old_burst() {
    bounded("a larger burst of a bucket that is full")
        .at_least(6_500, 14_000)
        .holds(["refused", "granted"], |states| full(states, None));
    breaks(Fault::NoCap, TOO_MUCH, |twin| full(Default::default(), twin));
}

#[test]
fn a_change_is_dated_after_whoever_was_served_before_it() {
    bounded("a change against one who asks the clock later")
        .at_least(220, 2_000)
        .holds(["refused", "raced"], |states| asked_later(states, None));
    breaks(Fault::ClockFirst, OVER, |twin| {
        asked_later(Default::default(), twin)
    });
}

#[test]
fn a_change_races_a_reading_from_before_it() {
    let states = ["dated to the change", "refused"];
    for (claim, later) in [
        ("a reading from before a change", TOKEN),
        ("a reading from long before a change", 9 * STRETCH + TOKEN),
    ] {
        bounded(claim).at_least(310, 8_800).holds(states, move |states| {
            acquire_by_value(states, (SLOW, 2), later, None);
        });
    }
    breaks(Fault::NoSince, TOO_MUCH, |twin| {
        acquire_by_value(Default::default(), (SLOW, 2), TOKEN, twin);
    });
    for fault in [Fault::SlotAfterSpent, Fault::SwapRelaxed(Operation::Switch)] {
        breaks(fault, TOO_MUCH, |twin| {
            acquire_by_value(Default::default(), (SLOW, 2), 9 * STRETCH + TOKEN, twin);
        });
    }
}

#[test]
fn a_change_sees_since_when_the_bucket_is_empty() {
    bounded("a change against an idle and an acquire")
        .at_least(2_000, 5_500)
        .holds(["taken while a change is under way", "refused"], |states| {
            dated(states, None)
        });
    for fault in [
        Fault::LoadRelaxed(Operation::Switch),
        Fault::SwapRelaxed(Operation::Acquire),
    ] {
        breaks(fault, OVER, |twin| dated(Default::default(), twin));
    }
}

#[test]
fn a_change_races_a_refund() {
    let states = ["given back", "too late", "while a change is under way"];
    bounded("a slower rate against a refund")
        .at_least(4_500, 11_000)
        .holds(states, |states| {
            refund(states, (SLOW, 2), None);
        });
    bounded("a smaller burst against a refund")
        .at_least(4_500, 11_000)
        .holds(states, |states| {
            refund(states, (FAST, 1), None);
        });
    breaks(Fault::Stores, TOO_MUCH, |twin| {
        refund(Default::default(), (SLOW, 2), twin)
    });
}

#[test]
fn a_change_races_a_reset() {
    let states = ["before the change", "after it", "while it is under way"];
    bounded("a slower rate against a reset")
        .at_least(5_700, 14_000)
        .holds(states, |states| {
            reset(states, PLAN, (SLOW, 2), None);
        });
    bounded("a larger burst against a reset")
        .at_least(5_400, 14_000)
        .holds(states, |states| {
            reset(states, LESS, (FAST, 3), None);
        });
    breaks(Fault::Stores, TOO_MUCH, |twin| {
        reset(Default::default(), PLAN, (SLOW, 2), twin)
    });
    breaks(Fault::ResetOfAll, TORN, |twin| {
        reset(Default::default(), PLAN, (SLOW, 2), twin)
    });
}

#[test]
fn a_change_races_the_beginning() {
    let states = ["before the change", "after it", "refused"];
    const NOTHING: Plan = Plan { initial: 0, ..PLAN };
    bounded("a slower rate against the beginning of an empty bucket")
        .at_least(12_000, 16_000)
        .holds(states, |states| {
            begin(states, NOTHING, (SLOW, 2), None);
        });
    bounded("a larger burst against the beginning of a full bucket")
        .at_least(5_800, 7_800)
        .holds(["before the change", "after it"], |[before, after]| {
            begin([before, after, State::default()], LESS, (FAST, 3), None);
        });
    breaks(Fault::Stores, TOO_MUCH, |twin| {
        begin(Default::default(), NOTHING, (SLOW, 2), twin)
    });
    breaks(Fault::BeginsByAChange, TOO_MUCH, |twin| {
        begin(Default::default(), NOTHING, (SLOW, 2), twin)
    });
}
