//! A breaker is restored while somebody already calls: it is one or the other, and never both.

use loom::thread::spawn;
use watertight::breaker::protocol::{Forced, Former};
use watertight::breaker::word::State as Phase;

use crate::bench::{BOUND, Bench, COOL_DOWN, FAILURE, RULES, join};
use crate::caller::{Asked, Caller};
use crate::common::{State, model};
use crate::subjects::Shipped;

const USED: &str = "a breaker that was used is restored";

const FORMER: Former = Former::Open {
    attempt: 3,
    left: COOL_DOWN as u32,
};

/// A failure that opens, against a restoration; `restore` says whether it restored.
fn against_failure(
    [restored, used]: [State; 2],
    restore: impl Fn(&Caller<Shipped, Asked>) -> bool + Send + 'static,
) {
    let bench = Bench::new(RULES, 0);
    let restoring = {
        let bench = bench.clone();
        spawn(move || {
            if restore(&bench.asking::<Shipped>()) {
                restored.seen();
            } else {
                used.seen();
            }
        })
    };
    let calling = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<Shipped>();
            if let Some(ticket) = caller.admit() {
                caller.settle(ticket, FAILURE);
            }
        })
    };
    join([restoring, calling]);
    let word = bench.word();
    assert_eq!(word.generation(), 1, "{USED}");
    assert!(
        word.state() == Phase::Open && [0, 3].contains(&word.attempt()),
        "{USED}"
    );
    bench.audit();
}

#[test]
fn only_a_breaker_that_nobody_used_is_restored() {
    model("restored against a failure")
        .at_least(300, 450)
        .bound(3, BOUND)
        .holds(["restored", "used"], |states| {
            against_failure(states, |caller| {
                let made = caller.restore(FORMER);
                assert!(made.is_none_or(|made| made.to() == Phase::Open), "{USED}");
                made.is_some()
            });
        });
    // The look and the change are not one.
    model("twin: looks, and then forces")
        .bound(3, BOUND)
        .breaks(USED, || {
            against_failure(Default::default(), |caller| {
                let is_new = caller.observe().is_some_and(|reading| reading.word.bits() == 0);
                if is_new {
                    caller.force(Forced::Closed);
                }
                is_new
            });
        });
}
