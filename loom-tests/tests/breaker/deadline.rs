//! No probe before the deadline, which the clock reading of the thread whose CAS opened decides, whoever writes
//! the timer. Every model checks that at every probe (see `bench`); these make it hard.

use loom::thread::spawn;

use crate::bench::{BOUND, Bench, COOL_DOWN, FAILURE, RULES, join};
use crate::common::{State, model};
use crate::subjects::*;

/// Time by value: two callers with clocks far apart fail at once, and a third comes at the end of the earlier
/// one's cool-down.
fn two_openers<S: Subject>([early, refused]: [State; 2]) {
    const LATER: u64 = 5 * COOL_DOWN;
    let bench = Bench::new(RULES, 0);
    let tickets = [0, LATER].map(|now| (now, bench.at::<S>(now).admit().expect("closed")));
    let failing = tickets.map(|(now, ticket)| {
        let bench = bench.clone();
        spawn(move || _ = bench.at::<S>(now).settle(ticket, FAILURE))
    });
    let probing = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.at::<S>(COOL_DOWN);
            match caller.admit() {
                Some(ticket) if !ticket.is_closed() => early.seen(),
                Some(_) => {}
                None => refused.seen(),
            }
        })
    };
    let [one, other] = failing;
    join([one, other, probing]);
    bench.audit();
}

/// Asked: the clock passes the cool-down while somebody opens; who comes then may have to set the timer.
fn helped_opening<S: Subject>([helped, probe]: [State; 2]) {
    // The deadline lies beyond a multiple of 2^16, and so low in it that a helper rounds it up by much.
    const START: u64 = 3 * (1 << 16) - COOL_DOWN / 2;
    let bench = Bench::new(RULES, START);
    let ticket = bench.asking::<S>().admit().expect("closed");
    let opening = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.settle(ticket, FAILURE);
            if caller.admit().is_some_and(|ticket| !ticket.is_closed()) {
                probe.seen();
            }
        })
    };
    let coming = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(COOL_DOWN);
            let caller = bench.asking::<S>();
            if caller.admit().is_none() && caller.waited_for_a_helper() {
                helped.seen();
            }
        })
    };
    join([opening, coming]);
    bench.audit();
}

#[test]
fn no_probe_before_the_deadline_of_the_thread_that_opened() {
    model("two openers with clocks far apart")
        .at_least(12_000, 1_200)
        .bound(2, BOUND)
        .holds(["a probe of the earlier's", "refused"], two_openers::<Shipped>);
    model("twin: the timer before the transition")
        .bound(2, BOUND)
        .breaks("a wait until", || {
            two_openers::<TimerBeforeTransition>(Default::default())
        });
}

#[test]
fn no_probe_before_the_deadline_when_somebody_helps() {
    model("an opening that the next caller finishes")
        .at_least(16_000, 1_900)
        .bound(3, BOUND)
        .holds(
            ["refused by a timer that was helped", "a probe"],
            helped_opening::<Shipped>,
        );
    model("twin: a helper dates an opening with its own clock")
        .bound(3, BOUND)
        .breaks("a wait until", || {
            helped_opening::<HelperDatesOpening>(Default::default())
        });
}
