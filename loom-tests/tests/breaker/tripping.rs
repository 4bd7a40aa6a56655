//! One tripping caller of many.

use loom::thread::spawn;
use watertight::breaker::rules::Rules;

use crate::bench::{BOUND, Bench, FAILURE, ONE_EVENT, RULES, join};
use crate::common::{State, model};
use crate::subjects::{NobodyLoses, Shipped, Subject};

fn three_callers_fail<S: Subject>([lost, late]: [State; 2], threshold: u32) {
    let bench = Bench::new(Rules { threshold, ..RULES }, 0);
    let callers = [10, 20, 30].map(|now| {
        let (bench, lost, late) = (bench.clone(), lost.clone(), late.clone());
        spawn(move || {
            let caller = bench.at::<S>(now);
            let Some(ticket) = caller.admit() else { return };
            caller.settle(ticket, FAILURE);
            if caller.attempts() > 1 {
                lost.seen();
            }
            if !caller.seen().is_closed() {
                late.seen();
            }
        })
    });
    join(callers);
    bench.audit();
}

#[test]
fn one_caller_of_many_trips() {
    for threshold in [1, 2] {
        model("three callers at the threshold")
            .at_least(3_900, 440)
            .bound(2, BOUND)
            .holds(["a caller that lost", "a late failure"], move |states| {
                three_callers_fail::<Shipped>(states, threshold);
            });
        model("twin: nobody loses")
            .bound(2, BOUND)
            .breaks(ONE_EVENT, move || {
                three_callers_fail::<NobodyLoses>(Default::default(), threshold);
            });
    }
}
