//! A limit that is raised past some who wait gives each a place.

use loom::thread::spawn;

use crate::caller::{Caller, Polled, see_out};
use crate::common::{State, model};
use crate::faults::{Change, Fault};
use crate::room::{BOUND, Bench, FREE_BEFORE_QUEUE, NOT_LEFT};

/// A limit is raised past two who wait, while the one inside leaves.
fn past_two([both, one]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::new(2, 1, fault);
    let host = Caller::inside(&bench);
    let guests = [(); 2].map(|()| Caller::waiting(&bench));
    let resizing = Caller::new(&bench);
    let raising = spawn(move || {
        resizing.resize(3);
        resizing.made(Change::InHand)
    });
    let leaving = spawn(move || host.leave());
    leaving.join().unwrap();
    match raising.join().unwrap() {
        2 => both.seen(),
        1 => one.seen(),
        places => panic!("raised for {places}"),
    }
    bench.audit(2, 0);
    assert_eq!(bench.gate().limit(), 3);
    see_out(&bench, guests);
}

/// The same while one comes, and one of those who wait gives up.
fn past_a_change([given, gone]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::new(2, 1, fault);
    let mut host = Caller::inside(&bench);
    host.polled = Polled::Inside;
    let mut first = Caller::waiting(&bench);
    let resizing = Caller::new(&bench);
    let raising = spawn(move || resizing.resize(2));
    let giving_up = spawn(move || first.give_up());
    let mut guest = Caller::new(&bench);
    let coming = spawn(move || {
        guest.poll();
        guest
    });
    raising.join().unwrap();
    match giving_up.join().unwrap() {
        true => given.seen(),
        false => gone.seen(),
    }
    let guest = coming.join().unwrap();
    see_out(&bench, [host, guest]);
}

#[test]
fn a_limit_that_is_raised_past_some_who_wait_forgets_nobody() {
    model("raised past two")
        .at_least(460, 770)
        .holds(["raised for both", "raised for one"], |states| {
            past_two(states, None)
        });
    model("raised while one comes and one gives up")
        .at_least(15_000, 1_300)
        .bound(2, BOUND)
        .holds(["given first", "gone first"], |states| {
            past_a_change(states, None)
        });
    model("twin: keeps the place that was made for it")
        .bound(2, BOUND)
        .breaks(NOT_LEFT, || {
            past_a_change(Default::default(), Some(Fault::KeepsPlace));
        });
    model("twin: raises at once").breaks(FREE_BEFORE_QUEUE, || {
        past_two(Default::default(), Some(Fault::RaisesAtOnce));
    });
}
