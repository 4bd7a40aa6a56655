//! How many probes: never more than there are slots, whatever becomes of the ones that were admitted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom::thread::spawn;
use watertight::breaker::rules::Rules;
use watertight::breaker::word::State as Phase;

use crate::bench::{
    BEFORE_LEASE, BOUND, Bench, COOL_DOWN, FAILURE, LEASE, NEUTRAL, RULES, SUCCESS, TOO_MANY, Word, join,
};
use crate::common::{State, model};
use crate::subjects::*;

const TWO_PROBES: Rules = Rules { probes: 2, ..RULES };
const THREE_PROBES: Rules = Rules { probes: 3, ..RULES };
const TWO_SUCCESSES: Rules = Rules {
    successes: 2,
    ..RULES
};

/// A breaker that opened at 0.
pub fn opened<S: Subject>(rules: Rules) -> Arc<Bench> {
    let bench = Bench::new(rules, 0);
    let caller = bench.at::<S>(0);
    let ticket = caller.admit().expect("closed");
    caller.settle(ticket, FAILURE);
    bench
}

/// And the probe that was admitted at the end of its cool-down.
pub fn half_opened<S: Subject>(rules: Rules) -> (Arc<Bench>, Word) {
    let bench = opened::<S>(rules);
    bench.pass(COOL_DOWN);
    let probe = bench.asking::<S>().admit().expect("the cool-down is over");
    (bench, probe)
}

/// One probe of at most three is under way, and three callers come for the two other slots.
fn three_for_two_slots<S: Subject>([refused, all]: [State; 2]) {
    let (bench, _first) = half_opened::<S>(THREE_PROBES);
    let tally = Arc::new(Tally::default());
    let callers = [(); 3].map(|()| {
        let (bench, refused, tally) = (bench.clone(), refused.clone(), tally.clone());
        spawn(move || match bench.at::<S>(COOL_DOWN).attempt() {
            Some(Some(_)) => _ = tally.admitted.fetch_add(1, Relaxed),
            Some(None) => refused.seen(),
            None => _ = tally.undecided.fetch_add(1, Relaxed),
        })
    });
    join(callers);
    let admitted = tally.admitted.load(Relaxed);
    assert!(admitted <= 2, "{TOO_MANY}");
    if tally.undecided.load(Relaxed) == 0 {
        all.seen();
        assert_eq!(admitted, 2, "a slot stayed free");
    }
    bench.audit();
}

/// What became of the callers; loom does not see it.
#[derive(Default)]
struct Tally {
    admitted: AtomicUsize,
    undecided: AtomicUsize,
}

/// A slot goes from hand to hand while the clock moves.
fn slot_from_hand_to_hand<S: Subject>([refused, again]: [State; 2]) {
    let (bench, probe) = half_opened::<S>(RULES);
    let dropping = {
        let (bench, again) = (bench.clone(), again.clone());
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.settle(probe, NEUTRAL);
            bench.pass(1);
            if caller.admit().is_some() {
                again.seen();
            }
        })
    };
    let asking = {
        let (bench, refused) = (bench.clone(), refused.clone());
        spawn(move || {
            let caller = bench.asking::<S>();
            match caller.admit() {
                Some(probe) => _ = caller.settle(probe, NEUTRAL),
                None => refused.seen(),
            }
        })
    };
    join([dropping, asking]);
    bench.audit();
}

/// A dropped probe's slot is back.
fn dropped_probe<S: Subject>([refused, admitted]: [State; 2]) {
    let (bench, probe) = half_opened::<S>(RULES);
    let dropping = {
        let bench = bench.clone();
        spawn(move || {
            bench.pass(1);
            bench.asking::<S>().settle(probe, NEUTRAL);
        })
    };
    let asking = {
        let (bench, refused, admitted) = (bench.clone(), refused.clone(), admitted.clone());
        spawn(move || {
            let caller = bench.asking::<S>();
            let ticket = caller.admit().or_else(|| {
                refused.seen();
                caller.admit()
            });
            if let Some(ticket) = ticket {
                admitted.seen();
                caller.settle(ticket, NEUTRAL);
            }
        })
    };
    join([dropping, asking]);
    assert!(bench.asking::<S>().admit().is_some(), "the slot is back");
    bench.audit();
}

/// A forgotten probe's slot is free after a lease, for one caller.
fn forgotten_probe<S: Subject>([refused, admitted]: [State; 2]) {
    let (bench, _forgotten) = half_opened::<S>(RULES);
    let waiting = {
        let (bench, admitted) = (bench.clone(), admitted.clone());
        spawn(move || {
            bench.pass(LEASE);
            if bench.asking::<S>().admit().is_some() {
                admitted.seen();
            }
        })
    };
    let asking = {
        let (bench, refused) = (bench.clone(), refused.clone());
        spawn(move || {
            let caller = bench.asking::<S>();
            if caller.admit().is_none() {
                refused.seen();
                caller.admit();
            }
        })
    };
    join([waiting, asking]);
    assert_eq!(
        bench.transitions(Phase::HalfOpen, Phase::HalfOpen),
        1,
        "one new round"
    );
    bench.audit();
}

/// A probe that reports after its lease counts and gives no slot back, so that even a service slower than the
/// lease closes the breaker.
fn late_probe<S: Subject>([late, refused]: [State; 2]) {
    let (bench, slow) = half_opened::<S>(TWO_SUCCESSES);
    let slow_one = {
        let (bench, late) = (bench.clone(), late.clone());
        spawn(move || {
            let caller = bench.asking::<S>();
            caller.settle(slow, SUCCESS);
            if caller.seen().generations_since(slow) == 1 {
                late.seen();
            }
        })
    };
    let next_round = {
        let (bench, refused) = (bench.clone(), refused.clone());
        spawn(move || {
            bench.pass(LEASE);
            let caller = bench.asking::<S>();
            let probe = caller
                .admit()
                .expect("a slot that is free, or whose lease is over");
            if caller.admit().is_none() {
                refused.seen();
            }
            caller.settle(probe, SUCCESS);
        })
    };
    join([slow_one, next_round]);
    assert_eq!(
        bench.transitions(Phase::HalfOpen, Phase::Closed),
        1,
        "two successes are a verdict"
    );
    bench.audit();
}

/// The last slot is taken just before the first one's lease is over: the lease runs anew, of the whole round.
fn lease_of_the_round<S: Subject>([filled, refused]: [State; 2]) {
    let (bench, _first) = half_opened::<S>(TWO_PROBES);
    bench.pass(LEASE - 1);
    let filling = {
        let (bench, filled) = (bench.clone(), filled.clone());
        spawn(move || {
            let caller = bench.asking::<S>();
            if let Some(ticket) = caller.admit() {
                if ticket.in_flight() == 2 {
                    filled.seen();
                }
                caller.settle(ticket, NEUTRAL);
            }
        })
    };
    let asking = {
        let (bench, refused) = (bench.clone(), refused.clone());
        spawn(move || {
            bench.pass(1);
            let caller = bench.asking::<S>();
            for _ in 0..2 {
                if caller.admit().is_none() {
                    refused.seen();
                }
            }
        })
    };
    join([filling, asking]);
    bench.audit();
}

#[test]
fn never_more_probes_than_slots() {
    model("three callers for two slots")
        .at_least(1_600, 860)
        .bound(2, BOUND)
        .holds(
            ["a caller refused", "all decided"],
            three_for_two_slots::<Shipped>,
        );
    model("twin: a probe that takes no slot")
        .bound(2, BOUND)
        .breaks(TOO_MANY, || {
            three_for_two_slots::<ProbeWithoutSlot>(Default::default());
        });
    model("a slot from hand to hand")
        .at_least(19_000, 2_100)
        .bound(3, BOUND)
        .holds(["refused", "admitted again"], slot_from_hand_to_hand::<Shipped>);
    model("twin: no lease").bound(3, BOUND).breaks(BEFORE_LEASE, || {
        slot_from_hand_to_hand::<NoLease>(Default::default());
    });
}

#[test]
fn a_dropped_probe_gives_its_slot_back() {
    model("a dropped probe")
        .at_least(490, 390)
        .holds(["refused", "admitted"], dropped_probe::<Shipped>);
    model("twin: a dropped probe keeps its slot").breaks("the slot is back", || {
        dropped_probe::<DroppedProbeKeepsSlot>(Default::default());
    });
}

#[test]
fn a_forgotten_probe_loses_its_slot_by_lease() {
    model("a forgotten probe")
        .at_least(5_100, 2_300)
        .bound(3, BOUND)
        .holds(
            ["refused", "admitted after the lease"],
            forgotten_probe::<Shipped>,
        );
    model("twin: no lease").bound(3, BOUND).breaks(BEFORE_LEASE, || {
        forgotten_probe::<NoLease>(Default::default());
    });
}

#[test]
fn a_late_probe_counts_and_gives_no_slot_back() {
    model("a late probe")
        .at_least(520, 4_000)
        .holds(["reported late", "refused"], late_probe::<Shipped>);
    model("twin: a late probe gives a slot back").breaks(TOO_MANY, || {
        late_probe::<LateProbeGivesSlotBack>(Default::default());
    });
    model("twin: a late probe does not count").breaks("two successes are a verdict", || {
        late_probe::<LateProbeDoesNotCount>(Default::default());
    });
}

#[test]
fn a_lease_is_that_of_its_round() {
    model("the last slot is taken as a lease ends")
        .at_least(17_000, 3_500)
        .bound(3, BOUND)
        .holds(["took the last slot", "refused"], lease_of_the_round::<Shipped>);
    model("twin: a lease moved under the same tag")
        .bound(3, BOUND)
        .breaks(BEFORE_LEASE, || {
            lease_of_the_round::<MovedUnderSameTag>(Default::default());
        });
}
