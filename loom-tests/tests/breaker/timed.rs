//! The last span of time: buckets are swept while others count, failures in two buckets find each other, and a generation
//! begins while the one before still reports.

use std::sync::Arc;

use loom::thread::spawn;
use watertight::breaker::protocol::{Forced, Place};
use watertight::breaker::window::FailureRate;
use watertight::breaker::window::ring::Shape;
use watertight::breaker::word::State as Phase;

use watertight::{Breaker, Config, Instant, ManualClock, last_time};

use crate::bench::{BOUND, FAILURE, SUCCESS, Strong, join};
use crate::common::{State, model};
use crate::ledger::{LOST, MISSED, STARTED_OLD};
use crate::rings::{BUCKET, Rated, Rings, SWEPT, Timed};
use crate::subjects::*;
use crate::tapes::{ALL, BAD, BOTH, GOOD};

/// Why a model of many steps has a bound on preemptions.
const LONG: &str = "one thread makes more than 500 steps";

/// Two buckets, both in the window.
const TWO: Shape = Shape::of(1, 2);
/// Four, of which three are in the window.
const FOUR: Shape = Shape::of(100, 4);
/// Eight, of which three are.
const EIGHT: Shape = Shape::of(100, 8);

/// Two failures that open together, by clocks of which one is a bucket ahead. `apart`: each counted in its own.
fn two_buckets<T: Rings>([apart, together]: [State; 2], weakened: Option<Strong>) {
    let timed = Timed::<T>::at_bucket(BOTH, TWO, 0, &[], weakened);
    let ticket = timed.at::<Shipped>(0).admit().expect("closed");
    let threads = [0, 1].map(|number| {
        let timed = timed.clone();
        spawn(move || _ = timed.at::<Shipped>(number).settle(ticket, FAILURE))
    });
    join(threads);
    let counts = timed.ledger().tallies_of(BAD);
    if counts == [1, 1] {
        apart.seen()
    } else {
        together.seen()
    }
    timed.bench.audit();
    assert_eq!(timed.bench.transitions(Phase::Closed, Phase::Open), 1, "{MISSED}");
}

/// The hand comes to a bucket whose place in the ring has something of two rounds ago, with two callers at once.
fn swept<T: Rings>([both, raced]: [State; 2], weakened: Option<Strong>) {
    let timed = Timed::<T>::at_bucket(BOTH, FOUR, 7, &[(0, BAD, 5), (0, GOOD, 5)], weakened);
    let ticket = timed.at::<Shipped>(7).admit().expect("closed");
    let threads = [(); 2].map(|()| {
        let (timed, raced) = (timed.clone(), raced.clone());
        spawn(move || {
            let caller = timed.at::<Shipped>(8);
            caller.settle(ticket, FAILURE);
            assert!(caller.wrote(), "an outcome was not written");
            if caller.raced() {
                raced.seen();
            }
        })
    });
    join(threads);
    timed.bench.audit();
    assert_eq!(timed.bench.transitions(Phase::Closed, Phase::Open), 1, "{MISSED}");
    both.seen();
}

/// One caller comes a whole ring later, so that all is forgotten, while another counts by a clock of before.
fn forgotten<T: Rings>([one, two]: [State; 2], weakened: Option<Strong>) {
    let timed = Timed::<T>::at_bucket(BOTH, TWO, 1, &[(0, BAD, 1)], weakened);
    let ticket = timed.at::<Shipped>(1).admit().expect("closed");
    let threads = [2, 4].map(|number| {
        let timed = timed.clone();
        spawn(move || _ = timed.at::<Shipped>(number).settle(ticket, FAILURE))
    });
    join(threads);
    timed.bench.audit();
    let opened = timed.bench.transitions(Phase::Closed, Phase::Open);
    if opened == 0 { one.seen() } else { two.seen() }
}

/// A reset, and the first failure of the new generation, against a failure of the old one.
fn new_generation<S: Subject, T: Rings>([recorded, late]: [State; 2], weakened: Option<Strong>) {
    let timed = Timed::<T>::at_bucket(BOTH, TWO, 1, &[(1, BAD, 1)], weakened);
    let ticket = timed.at::<S>(1).admit().expect("closed");
    let resetting = {
        let timed = timed.clone();
        spawn(move || {
            let caller = timed.at::<S>(1);
            caller.force(Forced::Closed);
            let ticket = caller.admit().expect("closed");
            assert_eq!(caller.settle(ticket, FAILURE), None, "one failure of two");
            assert!(caller.wrote(), "an outcome was not written");
        })
    };
    let reporting = {
        let timed = timed.clone();
        spawn(move || {
            let caller = timed.at::<S>(1);
            caller.settle(ticket, FAILURE);
            if caller.wrote() {
                recorded.seen()
            } else {
                late.seen()
            }
        })
    };
    join([resetting, reporting]);
    timed.bench.audit();
    if timed.bench.word().state() == Phase::Closed {
        let counts = timed.ledger().counts_of(timed.bench.word());
        assert_eq!(counts.failures, 1, "of the new generation alone");
    }
}

#[test]
fn of_two_failers_in_two_buckets_one_sees_the_other() {
    model("two failers in two buckets")
        .at_least(370, 6_700)
        .bound(3, BOUND)
        .holds(["in two buckets", "in one"], |states| {
            two_buckets::<Rated>(states, None);
        });
    model("twin: no fence").bound(3, BOUND).breaks(MISSED, || {
        two_buckets::<not_fenced::Ring<FailureRate>>(Default::default(), None);
    });
    model("twin: a fence of Acquire and Release")
        .bound(3, BOUND)
        .breaks(MISSED, || {
            two_buckets::<Rated>(Default::default(), Some(Strong::Fence));
        });
}

#[test]
fn a_sweep_takes_nothing_away_that_counts() {
    model("a sweep against a record")
        .at_least(5_100, 17_000)
        .bound(3, BOUND)
        .holds(["both counted", "raced"], |states| swept::<Rated>(states, None));
    model("twin: sweeps at first look")
        .bound(3, BOUND)
        .breaks(SWEPT, || {
            swept::<sweeps_at_first_look::Ring<FailureRate>>(Default::default(), None);
        });
    model("twin: counts at first look")
        .bound(3, BOUND)
        .breaks(LOST, || {
            forgotten::<counts_at_first_look::Ring<FailureRate>>(Default::default(), None);
        });
    model("all is forgotten against a record")
        .at_least(2_300, 11_000)
        .bound(3, BOUND)
        .holds(["one is left", "two opened"], |states| {
            forgotten::<Rated>(states, None);
        });
}

#[test]
fn a_generation_begins_with_nothing_counted() {
    model("a reset against a record of time")
        .at_least(4_200, 5_900)
        .bound(3, BOUND)
        .holds(["recorded", "late"], |states| {
            new_generation::<Shipped, Rated>(states, None);
        });
    model("twin: the state before the era")
        .bound(3, BOUND)
        .breaks(STARTED_OLD, || {
            new_generation::<StateBeforeCursor, Rated>(Default::default(), None);
        });
}

/// Failures that are long over, one bucket of them, which the rounds have come round to since. Whoever moved the hand was
/// stopped then, so nothing else tells that somebody swept: no outcome, and no fence.
fn rounds_later<T: Rings>([early, at_the_end]: [State; 2], weakened: Option<Strong>) {
    let timed = Timed::<T>::at_bucket(ALL, EIGHT, 25, &[(16, BAD, 5)], weakened);
    let ticket = timed.at::<Shipped>(25).admit().expect("closed");
    let moving = {
        let timed = timed.clone();
        spawn(move || {
            for number in (29..LATER).step_by(4).chain([LATER]) {
                // Era, state, hand, era, clock, two tallies of each bucket, the hand; and once three to sweep.
                let buckets = if number == LATER { 3 } else { 4 };
                let steps = 6 + 2 * buckets + if number == 33 { 3 } else { 0 };
                let caller = timed.at::<Shipped>(number).stopped_after(steps);
                assert!(caller.try_settle(ticket, SUCCESS).is_err());
                assert_eq!(u64::from(timed.ledger().number()), number, "the hand was moved");
            }
        })
    };
    let reading = {
        let timed = timed.clone();
        spawn(move || {
            if let Some(reading) = timed.at::<Shipped>(LATER).observe() {
                assert_eq!(reading.counts.failures, 0, "{LONG_OVER}");
                if u64::from(timed.ledger().number()) == LATER {
                    at_the_end.seen()
                } else {
                    early.seen()
                }
            }
        })
    };
    join([moving, reading]);
    timed.bench.audit();
}

/// Sixteen rounds after bucket 16.
const LATER: u64 = 16 + 16 * 8;
const LONG_OVER: &str = "failures that are long over";

#[test]
fn nothing_comes_back_when_the_rounds_come_round() {
    model("sixteen rounds against a snapshot")
        .at_least(700, 110)
        .bound(1, LONG)
        .steps(2_000)
        .holds(["early", "at the end"], |states| {
            rounds_later::<Rated>(states, None)
        });
    for (claim, weakened) in [
        ("twin: the hand loaded Relaxed", Strong::Load(HAND)),
        ("twin: the hand swapped Relaxed", Strong::Swap(HAND)),
    ] {
        model(claim)
            .bound(1, LONG)
            .steps(2_000)
            .breaks(LONG_OVER, move || {
                rounds_later::<Rated>(Default::default(), Some(weakened));
            });
    }
}

const ERA: Place = Place::Window(0);
const HAND: Place = Place::Window(1);
const TALLY: Place = Place::Window(2);

/// Each of the other orderings, made Relaxed.
#[test]
fn whoever_sees_a_word_of_the_ring_sees_what_its_writer_saw() {
    for (claim, weakened) in [
        ("twin: the era loaded Relaxed", Strong::Load(ERA)),
        ("twin: the era swapped Relaxed", Strong::Swap(ERA)),
    ] {
        model(claim).bound(3, BOUND).breaks(STARTED_OLD, move || {
            new_generation::<Shipped, Rated>(Default::default(), Some(weakened));
        });
    }
    for (claim, weakened) in [
        ("twin: a tally loaded Relaxed", Strong::Load(TALLY)),
        ("twin: a tally swapped Relaxed", Strong::Swap(TALLY)),
    ] {
        model(claim).bound(3, BOUND).breaks(LOST, move || {
            forgotten::<Rated>(Default::default(), Some(weakened));
        });
        model(claim).bound(3, BOUND).breaks(SWEPT, move || {
            swept::<Rated>(Default::default(), Some(weakened));
        });
    }
}

/// The public API, with its own words and fence: two failures in two buckets.
fn permits([apart]: [State; 1]) {
    let config = Config::failure_rate(60, 3).build();
    let now = |number: u64| Instant::from_micros(number * BUCKET);
    let window = <last_time!(1, 2)>::new();
    let breaker = Arc::new(Breaker::with_window(
        ManualClock::starting_at(now(4)),
        config,
        window,
    ));
    let permit = || Breaker::try_acquire_owned(breaker.clone()).expect("closed");
    assert_eq!(permit().success(), None);
    let threads = [(4, permit()), (5, permit())]
        .map(|(number, permit)| spawn(move || _ = permit.at(now(number)).failure()));
    join(threads);
    assert_eq!(breaker.snapshot().state(), Phase::Open, "{MISSED}");
    apart.seen();
}

#[test]
fn of_two_permits_in_two_buckets_one_sees_the_other() {
    model("two permits in two buckets")
        .at_least(440, 8_700)
        .bound(3, BOUND)
        .holds(["both failed"], permits);
}
