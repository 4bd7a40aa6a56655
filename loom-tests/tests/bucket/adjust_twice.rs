//! Two changes of the terms: in a row, when the slot that a reader looks at is written anew; at once, when one of them is told so; and
//! one that never comes to its end.

use loom::thread::spawn;
use watertight::models::Ordering;

use crate::adjust_bench::{Bench, FAST, Plan, SLOW, STRETCH, TOKEN, TOO_MUCH, TORN, bounded, join};
use crate::adjust_faults::{Fault, Operation, Twin, breaks};
use crate::common::{Model, State, model};

/// A token a millisecond, and two at once.
const PLAN: Plan = Plan {
    rate: FAST,
    burst: 2,
    initial: 2,
};

/// The terms change twice while somebody takes.
fn in_a_row([mixture, refused, granted]: [State; 3], tokens: u32, twin: Option<Twin>) {
    let bench = Bench::new(PLAN, 8 * STRETCH - TOKEN, twin);
    let caller = bench.asking();
    caller.acquire(tokens).expect("as at first");
    caller.set(SLOW, 2).expect("nobody else does");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            caller.set(FAST, 3).expect("nobody else does");
            bench.pass(TOKEN);
            caller.set(SLOW, 3).expect("nobody else does");
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking();
            match caller.acquire(tokens) {
                Some(_) => granted.seen(),
                None => refused.seen(),
            }
            if caller.saw_a_mixture() {
                mixture.seen();
            }
        })
    };
    join([changing, asking]);
    bench.asking().acquire(1);
    bench.audit();
}

/// One whose clock stands still asks for three tokens, while the terms change twice, by readings that are later.
fn in_a_row_by_value([mixture, refused]: [State; 2]) {
    let bench = Bench::new(PLAN, 8 * STRETCH - TOKEN, None);
    bench.at(0).acquire(2).expect("as at first");
    bench.at(0).set(SLOW, 2).expect("nobody else does");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            for (now, rate) in [(TOKEN, FAST), (2 * TOKEN, SLOW)] {
                bench.at(now).set(rate, 3).expect("nobody else does");
            }
        })
    };
    let asking = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at(TOKEN / 2);
            if caller.acquire(3).is_none() {
                refused.seen();
            }
            if caller.saw_a_mixture() {
                mixture.seen();
            }
        })
    };
    join([changing, asking]);
    bench.at(5 * TOKEN).acquire(1);
    bench.audit();
}

/// Two change the terms at once.
fn at_once([both, one]: [State; 2], twin: Option<Twin>) {
    let bench = Bench::new(PLAN, 8 * STRETCH - TOKEN, twin);
    bench.asking().acquire(1).expect("as at first");
    let writers = [(SLOW, 2), (SLOW, 1)].map(|(rate, burst)| {
        let (bench, both, one) = (bench.clone(), both.clone(), one.clone());
        spawn(move || {
            let caller = bench.asking();
            bench.pass(TOKEN);
            match caller.set(rate, burst) {
                Ok(()) if bench.changes() == 2 => both.seen(),
                Ok(()) => {}
                Err(_) => one.seen(),
            }
            caller.acquire(1);
        })
    });
    join(writers);
    let caller = bench.asking();
    caller.acquire(1);
    caller.set(FAST, 2).expect("both are done");
    bench.audit();
}

/// The same, while another takes.
fn at_once_and_acquire([busy, raced]: [State; 2], twin: Option<Twin>) {
    let bench = Bench::new(PLAN, 8 * STRETCH, twin);
    bench.asking().acquire(1).expect("as at first");
    let writers = [(SLOW, 2), (FAST, 1)].map(|(rate, burst)| {
        let (bench, busy) = (bench.clone(), busy.clone());
        spawn(move || {
            if bench.asking().set(rate, burst).is_err() {
                busy.seen();
            }
        })
    });
    bench.pass(TOKEN);
    let caller = bench.asking();
    caller.acquire(1);
    if caller.was_raced() {
        raced.seen();
    }
    join(writers);
    bench.asking().acquire(2);
    bench.audit();
}

/// One who changes the terms is stopped for ever after so many steps.
fn stopped([refused, granted, busy]: [State; 3], steps: u32) {
    let bench = Bench::new(PLAN, 8 * STRETCH - TOKEN, None);
    let held = bench.asking().acquire(1).expect("as at first");
    let changing = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(TOKEN);
            let caller = bench.asking().stopped_after(steps);
            // With one step less to make, since the other has moved `dated`, it may get through.
            let through = caller.set_or_stop(SLOW, 1).is_ok();
            assert!(!through || steps + 1 == SWITCHED);
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
            }
        })
    };
    join([changing, asking]);
    if bench.changes() > 0 {
        return bench.audit();
    }
    // It may be stopped before that again, if it was raced.
    let is_busy = bench.is_busy();
    assert!(!is_busy || steps >= CLAIMED);
    if is_busy {
        busy.seen();
    }
    let caller = bench.asking();
    assert!(!caller.refund(held), "somebody has taken since");
    bench.pass(2 * TOKEN);
    let held = caller.acquire(2).expect("two have come, as before");
    assert!(!caller.was_raced(), "it waits for somebody");
    assert_eq!(caller.refund(held), !is_busy);
    caller.reset();
    assert!(!caller.was_raced(), "it waits for somebody");
    caller.acquire(2).expect("as at first");
    assert_eq!(caller.set(FAST, 3).is_err(), is_busy);
    bench.audit();
}

/// After so many steps it is busy: a load and a compare-exchange.
const CLAIMED: u32 = 2;
/// Before it has read much of a slot, all there is can be explored.
const FEW: u32 = 5;
/// And after so many more, with those of the six words of each slot, the terms are others.
const SWITCHED: u32 = CLAIMED + 1 + 6 + 1 + 1 + 6 + 1 + 1;

/// Each of six words may be old or new.
fn one_preemption(claim: &'static str) -> Model {
    model(claim).bound(1, "with 2, more than 150,000 executions with plain loads")
}

#[test]
fn two_changes_in_a_row_race_an_acquire() {
    one_preemption("two changes in a row against an acquire")
        .at_least(10_000, 40)
        .holds(["a mixture thrown away", "granted"], |[mixture, granted]| {
            in_a_row([mixture, State::default(), granted], 1, None);
        });
    for (fault, message) in [
        (Fault::OneBitOfGeneration, TORN),
        (Fault::OneBitOfGeneration, TOO_MUCH),
        (Fault::LoadRelaxed(Operation::Acquire), TORN),
        (Fault::SwapRelaxed(Operation::Switch), TORN),
        (Fault::SlotAfterSpent, TORN),
    ] {
        breaks(fault, message, |twin| in_a_row(Default::default(), 1, twin));
    }
}

#[test]
fn two_changes_in_a_row_race_a_refusal() {
    one_preemption("two changes in a row against a refusal")
        .at_least(6_800, 40)
        .holds(["a mixture thrown away", "refused"], |[mixture, refused]| {
            in_a_row([mixture, refused, State::default()], 2, None);
        });
    model("two changes in a row against a refusal, by value")
        .bound(2, "with 3, 91,000 executions with plain loads")
        .at_least(38_000, 440)
        .holds(["a mixture thrown away", "refused"], in_a_row_by_value);
    for fault in [
        Fault::NoFence(Ordering::Acquire),
        Fault::NoFence(Ordering::Release),
        Fault::LookedAtOnce,
        Fault::OneBitOfGeneration,
    ] {
        breaks(fault, TORN, |twin| in_a_row(Default::default(), 2, twin));
    }
}

#[test]
fn of_two_who_change_the_terms_at_once_one_is_busy() {
    bounded("two changes at once")
        .at_least(5_700, 10_000)
        .holds(["both", "busy"], |states| {
            at_once(states, None);
        });
    bounded("two changes at once, and an acquire")
        .at_least(42_000, 20_000)
        .holds(["busy", "raced"], |states| {
            at_once_and_acquire(states, None);
        });
    for (fault, message) in [
        (Fault::NeverBusy, TORN),
        (Fault::NeverBusy, TOO_MUCH),
        (Fault::Stores, TORN),
    ] {
        breaks(fault, message, |twin| at_once(Default::default(), twin));
    }
}

#[test]
fn nobody_waits_for_who_is_stopped_in_a_change() {
    for steps in 0..SWITCHED {
        let claim = format!("a change that is stopped after {steps} steps").leak();
        let model = match steps {
            ..FEW => model(claim).at_least(27, 12),
            FEW.. => bounded(claim).at_least(400, 500),
        };
        match steps {
            ..CLAIMED => model.holds(["refused", "granted"], move |[refused, granted]| {
                stopped([refused, granted, State::default()], steps);
            }),
            CLAIMED.. => model.holds(["refused", "granted", "busy for ever"], move |states| {
                stopped(states, steps);
            }),
        }
    }
}
