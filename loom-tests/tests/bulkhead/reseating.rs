//! A seat that changes hands: its next owner comes after the last one and after whoever gave that one his place, and no wake
//! is for the wrong one.

use std::sync::Arc;

use loom::thread::spawn;
use watertight::models::Ordering;

use crate::caller::{Caller, Polled, see_out};
use crate::common::{State, model};
use crate::faults::{Change, Fault};
use crate::room::{BOUND, Bench, UNORDERED};

/// One takes his place, perhaps while its giver is still busy with the waker; the next one wants the seat.
fn after_a_place([given, taken, queued, full]: [State; 4], bench: Arc<Bench>) {
    let host = Caller::inside(&bench);
    let mut first = Caller::waiting(&bench);
    let mut second = Caller::new(&bench);
    let leaving = spawn(move || host.leave());
    let waiting = spawn(move || {
        first.poll();
        first
    });
    let coming = spawn(move || {
        second.poll();
        second
    });
    leaving.join().unwrap();
    let first = waiting.join().unwrap();
    let second = coming.join().unwrap();
    if first.made(Change::Collect) > 0 {
        given.seen();
    }
    if first.made(Change::Go) > 0 {
        taken.seen();
    }
    match second.polled {
        Polled::Pending => queued.seen(),
        _ => full.seen(),
    }
    see_out(&bench, [first, second]);
}

/// One gives up, the next one wants the seat.
fn after_a_retreat([queued, full]: [State; 2], bench: Arc<Bench>) {
    let host = Caller::inside(&bench);
    let mut first = Caller::waiting(&bench);
    let mut second = Caller::new(&bench);
    let giving_up = spawn(move || first.give_up());
    let coming = spawn(move || {
        second.poll();
        second
    });
    giving_up.join().unwrap();
    let second = coming.join().unwrap();
    match second.polled {
        Polled::Pending => queued.seen(),
        _ => full.seen(),
    }
    host.leave();
    see_out(&bench, [second]);
}

/// One gives up; the next one claims the seat, is helped into the queue, and is given a place by who helped: who knows that
/// somebody waits there by the seat's word alone.
fn given_by_who_helped([helped]: [State; 1], bench: Arc<Bench>) {
    let host = Caller::inside(&bench);
    let mut first = Caller::waiting(&bench);
    let giving_up = spawn(move || first.give_up());
    let mut second = Caller::new(&bench);
    let coming = spawn(move || {
        second.poll();
        second
    });
    let mut third = Caller::new(&bench);
    let leaving = spawn(move || {
        third.poll();
        host.leave();
        if third.made(Change::Join) > third.made(Change::Claim) && host.made(Change::Give) > 0 {
            helped.seen();
        }
        third
    });
    giving_up.join().unwrap();
    let second = coming.join().unwrap();
    let third = leaving.join().unwrap();
    see_out(&bench, [second, third]);
}

/// One seat and one place, with what is wrong.
fn room(fault: Option<Fault>) -> Arc<Bench> {
    Bench::new(1, 1, fault)
}

/// The same without wakers.
fn deaf(fault: Option<Fault>) -> Arc<Bench> {
    Bench::deaf(1, 1, fault)
}

fn weaker<const N: usize>(body: fn([State; N], Arc<Bench>), twins: &[(&'static str, Change, Ordering)]) {
    for (claim, change, order) in twins.iter().copied() {
        model(claim).bound(3, BOUND).breaks(UNORDERED, move || {
            let states = std::array::from_fn(|_| State::default());
            body(states, deaf(Some(Fault::Order(change, order))));
        });
    }
}

#[test]
fn a_seat_is_free_when_owner_and_giver_are_done_with_it() {
    const STATES: [&str; 4] = [
        "given",
        "taken from under the waker",
        "the next one waits",
        "the seat is taken",
    ];
    model("a seat after a place")
        .at_least(37_000, 3_400)
        .bound(3, BOUND)
        .holds(STATES, |states| after_a_place(states, room(None)));
    model("a seat after a place, by the words")
        .at_least(25_000, 2_300)
        .bound(3, BOUND)
        .holds(STATES, |states| after_a_place(states, deaf(None)));
    model("twin: frees the seat at once")
        .bound(3, BOUND)
        .breaks(UNORDERED, || {
            after_a_place(Default::default(), deaf(Some(Fault::FreesAtOnce)));
        });
    weaker(
        after_a_place,
        &[
            ("twin: claims Relaxed", Change::Claim, Ordering::Relaxed),
            (
                "twin: collects without Release",
                Change::Collect,
                Ordering::Acquire,
            ),
            (
                "twin: says Relaxed that the waker is out",
                Change::Woken,
                Ordering::Relaxed,
            ),
            ("twin: goes without Release", Change::Go, Ordering::Acquire),
            ("twin: follows without Release", Change::Follow, Ordering::Acquire),
        ],
    );
}

#[test]
fn a_seat_is_free_when_who_gave_up_is_done_with_it() {
    const STATES: [&str; 2] = ["the next one waits", "the seat is taken"];
    model("a seat after a retreat")
        .at_least(990, 290)
        .bound(3, BOUND)
        .holds(STATES, |states| after_a_retreat(states, room(None)));
    model("a seat after a retreat, by the words")
        .at_least(990, 290)
        .bound(3, BOUND)
        .holds(STATES, |states| after_a_retreat(states, deaf(None)));
    weaker(
        after_a_retreat,
        &[
            ("twin: gives up Relaxed", Change::GiveUp, Ordering::Relaxed),
            ("twin: has trimmed Relaxed", Change::Reopen, Ordering::Relaxed),
        ],
    );
}

#[test]
fn nobody_wakes_who_sat_there_before() {
    model("given by who helped")
        .at_least(110_000, 1_500)
        .bound(2, BOUND)
        .holds(["helped"], |states| given_by_who_helped(states, deaf(None)));
    weaker(
        given_by_who_helped,
        &[("twin: gives without Acquire", Change::Give, Ordering::Release)],
    );
}
