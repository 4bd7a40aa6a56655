//! What was done inside happened before what is done by the next one inside, whatever way the place took; by the
//! words alone, without what a wake may bring.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread::spawn;
use watertight::models::Ordering;

use crate::caller::{Caller, Polled};
use crate::common::{State, model};
use crate::faults::{Change, Fault};
use crate::room::{BOUND, Bench, UNORDERED};

/// What one at a time may touch.
#[derive(Clone)]
struct Kept(Arc<UnsafeCell<()>>);

impl Kept {
    fn new() -> Self {
        Self(Arc::new(UnsafeCell::new(())))
    }

    fn touch(&self) {
        self.0.with_mut(|_| ());
    }
}

/// Polls once, and if that is enough, goes inside, and out again.
fn visit(guest: &mut Caller, kept: &[&Kept]) -> bool {
    let inside = guest.poll() == Polled::Inside;
    if inside {
        kept.iter().for_each(|kept| kept.touch());
        guest.leave();
    }
    inside
}

/// One who waits takes the place of one who leaves; another tries to enter.
fn handed_over([given, taken, entered]: [State; 3], fault: Option<Fault>) {
    let bench = Bench::deaf(1, 1, fault);
    let kept = Kept::new();
    let host = Caller::inside(&bench);
    let mut guest = Caller::waiting(&bench);
    let passing = Caller::new(&bench);
    let leaving = {
        let kept = kept.clone();
        spawn(move || {
            kept.touch();
            host.leave();
        })
    };
    let waiting = {
        let kept = kept.clone();
        spawn(move || {
            if visit(&mut guest, &[&kept]) {
                match guest.made(Change::Go) {
                    0 => given.seen(),
                    _ => taken.seen(),
                }
            }
        })
    };
    let trying = {
        let kept = kept.clone();
        spawn(move || {
            if passing.try_enter() {
                kept.touch();
                passing.leave();
                entered.seen();
            }
        })
    };
    for thread in [leaving, waiting, trying] {
        thread.join().unwrap();
    }
}

/// Below a limit that was lowered, who comes in sees what both did who left.
fn after_a_shrink([given]: [State; 1], fault: Option<Fault>) {
    let bench = Bench::deaf(1, 2, fault);
    let kept = [Kept::new(), Kept::new()];
    let hosts = [(); 2].map(|()| Caller::inside(&bench));
    let mut guest = Caller::waiting(&bench);
    guest.resize(1);
    let mut threads = Vec::new();
    for (host, kept) in hosts.into_iter().zip(kept.clone()) {
        threads.push(spawn(move || {
            kept.touch();
            host.leave();
        }));
    }
    threads.push(spawn(move || {
        let [first, second] = &kept;
        if visit(&mut guest, &[first, second]) {
            given.seen();
        }
    }));
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A place that comes back with a larger limit.
fn after_a_pause([given, raised]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::deaf(1, 1, fault);
    let kept = Kept::new();
    let host = Caller::inside(&bench);
    let mut guest = Caller::waiting(&bench);
    guest.resize(0);
    let leaving = {
        let kept = kept.clone();
        spawn(move || {
            kept.touch();
            host.leave();
        })
    };
    let waiting = spawn(move || {
        // While the first is inside, this makes no place.
        guest.resize(1);
        if visit(&mut guest, &[&kept]) {
            match guest.made(Change::InHand) {
                0 => given.seen(),
                _ => raised.seen(),
            }
        }
    });
    leaving.join().unwrap();
    waiting.join().unwrap();
}

/// A place that was given to one who had given up meanwhile.
fn passed_on([given]: [State; 1], fault: Option<Fault>) {
    let bench = Bench::deaf(2, 1, fault);
    let kept = Kept::new();
    let host = Caller::inside(&bench);
    let mut first = Caller::waiting(&bench);
    let mut second = Caller::waiting(&bench);
    let leaving = {
        let kept = kept.clone();
        spawn(move || {
            kept.touch();
            host.leave();
        })
    };
    let dropping = spawn(move || first.give_up());
    let waiting = spawn(move || visit(&mut second, &[&kept]));
    leaving.join().unwrap();
    let through = dropping.join().unwrap();
    if waiting.join().unwrap() && through {
        given.seen();
    }
}

type Body<const N: usize> = fn([State; N], Option<Fault>);

fn relaxed<const N: usize>(body: Body<N>, changes: &[(&'static str, Change, Ordering)]) {
    for (claim, change, order) in changes.iter().copied() {
        model(claim).bound(3, BOUND).breaks(UNORDERED, move || {
            body(
                std::array::from_fn(|_| State::default()),
                Some(Fault::Order(change, order)),
            );
        });
    }
}

#[test]
fn a_place_that_is_handed_over_brings_what_was_done_in_it() {
    model("inside, handed over").at_least(12_000, 3_900).holds(
        ["given", "taken from under the waker", "entered after both"],
        |states| handed_over(states, None),
    );
    relaxed(
        handed_over,
        &[
            ("twin: gives Relaxed", Change::Give, Ordering::Relaxed),
            (
                "twin: takes from under the waker without Acquire",
                Change::Go,
                Ordering::Release,
            ),
            (
                "twin: collects without Acquire",
                Change::Collect,
                Ordering::Release,
            ),
            ("twin: leaves Relaxed", Change::Leave, Ordering::Relaxed),
            ("twin: enters Relaxed", Change::Enter, Ordering::Relaxed),
        ],
    );
}

#[test]
fn a_place_below_a_smaller_limit_brings_what_was_done_in_all() {
    model("inside, after a shrink")
        .at_least(7_100, 3_300)
        .holds(["given"], |states| after_a_shrink(states, None));
    relaxed(
        after_a_shrink,
        &[(
            "twin: takes the head out Relaxed",
            Change::Shorten,
            Ordering::Relaxed,
        )],
    );
}

#[test]
fn a_place_that_comes_back_brings_what_was_done_in_it() {
    model("inside, after a pause")
        .at_least(120, 170)
        .holds(["given by who left", "by who raised the limit"], |states| {
            after_a_pause(states, None)
        });
    relaxed(
        after_a_pause,
        &[("twin: raises Relaxed", Change::InHand, Ordering::Relaxed)],
    );
}

#[test]
fn a_place_that_is_passed_on_brings_what_was_done_in_it() {
    model("inside, passed on")
        .at_least(33_000, 5_900)
        .bound(3, BOUND)
        .holds(["given"], |states| passed_on(states, None));
    relaxed(
        passed_on,
        &[
            ("twin: gives Relaxed, passed on", Change::Give, Ordering::Relaxed),
            (
                "twin: collects without Acquire, passed on",
                Change::Collect,
                Ordering::Release,
            ),
        ],
    );
}
