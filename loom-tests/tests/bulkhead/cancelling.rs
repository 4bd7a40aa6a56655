//! Who gives up was never there: his place goes to the next, his seat is free, and his ticket is in nobody's way.

use crate::caller::{Caller, Polled, see_out};
use crate::common::{State, model};
use crate::faults::{Change, Fault};
use crate::room::{BOUND, Bench, FORGOTTEN, NOT_LEFT};
use loom::thread::spawn;

/// The first of two gives up while the place for him comes free.
fn given_meanwhile([passed, gone, hole]: [State; 3], fault: Option<Fault>) {
    let bench = Bench::new(2, 1, fault);
    let host = Caller::inside(&bench);
    let mut first = Caller::waiting(&bench);
    let second = Caller::waiting(&bench);
    let leaving = spawn(move || {
        host.leave();
        host
    });
    let giving_up = spawn(move || {
        let given = first.give_up();
        (first, given)
    });
    let host = leaving.join().unwrap();
    let (first, given) = giving_up.join().unwrap();
    assert!(first.rings() <= 1, "woken twice");
    match (given, host.made(Change::Shorten)) {
        (true, _) => passed.seen(),
        (false, 2) => hole.seen(),
        (false, _) => gone.seen(),
    }
    see_out(&bench, [second]);
}

/// Two give up at once.
fn both([together]: [State; 1], fault: Option<Fault>) {
    let bench = Bench::new(2, 1, fault);
    let host = Caller::inside(&bench);
    let giving_up = [(); 2].map(|()| Caller::waiting(&bench)).map(|mut guest| {
        spawn(move || {
            guest.give_up();
            guest
        })
    });
    let gone = giving_up.map(|giving_up| giving_up.join().unwrap());
    if gone.iter().all(|guest| guest.made(Change::Close) > 0) {
        together.seen();
    }
    bench.audit(1, 0);
    // Both seats can be taken.
    let guests = [(); 2].map(|()| Caller::waiting(&bench));
    host.leave();
    see_out(&bench, guests);
}

/// Two give up, one after the other, while a third leaves.
fn all([passed, twice]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::new(2, 1, fault);
    let host = Caller::inside(&bench);
    let guests = [(); 2].map(|()| Caller::waiting(&bench));
    let giving_up = spawn(move || guests.map(|mut guest| guest.give_up()));
    let leaving = spawn(move || host.leave());
    leaving.join().unwrap();
    match giving_up.join().unwrap() {
        [true, true] => twice.seen(),
        [true, false] | [false, true] => passed.seen(),
        [false, false] => {}
    }
    bench.audit(0, 0);
}

/// One gives up while another comes, who may have had the same ticket in mind.
fn while_one_comes([same, other]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::new(2, 1, fault);
    let host = Caller::inside(&bench);
    let going = {
        let bench = bench.clone();
        spawn(move || {
            let mut guest = Caller::new(&bench);
            guest.poll();
            guest.give_up();
        })
    };
    let coming = {
        let bench = bench.clone();
        spawn(move || {
            let mut guest = Caller::new(&bench);
            guest.poll();
            guest
        })
    };
    going.join().unwrap();
    let guest = coming.join().unwrap();
    if guest.polled == Polled::Pending {
        match guest.made(Change::Confirm) {
            0 => other.seen(),
            _ => same.seen(),
        }
        let ticket = guest.ticket().expect("it waits");
        assert!(bench.gate().holds(ticket), "{FORGOTTEN}: not in the queue");
        // A twin may leave more behind than that.
        if fault.is_none() {
            bench.audit(1, 1);
        }
    }
    host.leave();
    see_out(&bench, [guest]);
}

#[test]
fn a_place_for_one_who_gave_up_goes_to_the_next() {
    model("the first of two gives up")
        .at_least(10_000, 8_400)
        .holds(["passed the place on", "gone before", "left a hole"], |states| {
            given_meanwhile(states, None)
        });
    model("twin: keeps the place").breaks(FORGOTTEN, || {
        given_meanwhile(Default::default(), Some(Fault::KeepsPlace));
    });
}

#[test]
fn two_who_give_up_leave_an_empty_queue() {
    model("two give up")
        .at_least(9_600, 940)
        .bound(3, BOUND)
        .holds(["both trimmed"], |states| both(states, None));
    model("two give up in turn, one leaves")
        .at_least(1_600, 940)
        .bound(3, BOUND)
        .holds(["passed on", "passed on twice"], |states| all(states, None));
    model("twin: never trims").breaks(NOT_LEFT, || {
        both(Default::default(), Some(Fault::NeverTrims));
    });
    model("twin: keeps the place, of two").breaks(NOT_LEFT, || {
        all(Default::default(), Some(Fault::KeepsPlace));
    });
}

#[test]
fn who_comes_is_not_trimmed_away() {
    model("one gives up, one comes")
        .at_least(1_700, 720)
        .bound(3, BOUND)
        .holds(["waits under the same ticket", "under another"], |states| {
            while_one_comes(states, None)
        });
    model("twin: trims without closing the seat")
        .bound(3, BOUND)
        .breaks(FORGOTTEN, || {
            while_one_comes(Default::default(), Some(Fault::TrimsOpen));
        });
}
