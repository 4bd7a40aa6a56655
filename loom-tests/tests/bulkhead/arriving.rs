//! Who comes to wait and who leaves see each other: a queue is never left behind with a free place.

use loom::thread::spawn;
use watertight::bulkhead::waiting::word::Seat;
use watertight::models::Ordering;

use crate::caller::{Caller, Polled, see_out};
use crate::common::{State, model};
use crate::faults::{Change, Fault};
use crate::room::{BOUND, Bench, FORGOTTEN, RealGate};

/// One comes while another leaves, who may read of a seat what is old.
fn one([queued, withdrawn]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::late(1, 1, fault);
    let host = Caller::inside(&bench);
    let mut guest = Caller::new(&bench);
    let leaving = spawn(move || host.leave());
    let coming = spawn(move || {
        guest.poll();
        guest
    });
    leaving.join().unwrap();
    let guest = coming.join().unwrap();
    if guest.made(Change::Withdraw) > 0 {
        withdrawn.seen();
    }
    if guest.polled == Polled::Pending {
        queued.seen();
    }
    see_out(&bench, [guest]);
}

/// Two come while a third leaves.
fn two([helped, both]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::new(2, 1, fault);
    let host = Caller::inside(&bench);
    let leaving = spawn(move || host.leave());
    let coming = [(); 2].map(|()| {
        let mut guest = Caller::new(&bench);
        spawn(move || {
            guest.poll();
            guest
        })
    });
    leaving.join().unwrap();
    let guests = coming.map(|coming| coming.join().unwrap());
    if guests.iter().any(|guest| guest.made(Change::Confirm) > 0) {
        helped.seen();
    }
    if guests.iter().all(|guest| guest.made(Change::Claim) > 0) {
        both.seen();
    }
    see_out(&bench, guests);
}

/// The first seat comes free while two arrive: one gets past it, which makes a hole of the ticket that the other has in
/// mind. Then a place comes free, for that hole.
fn past_a_seat([into_a_hole, withdrawn]: [State; 2], fault: Option<Fault>) {
    // Somebody is about to free the seat, of the ticket that was there one round earlier.
    let next = RealGate::new(1);
    let gone = Seat::gone(next.after_head(62));
    let bench = Bench::seated(2, 1, fault, gone.bits());
    let host = Caller::inside(&bench);
    let mut one = Caller::new(&bench);
    let freeing = spawn(move || {
        one.free_seat(0, gone);
        one.poll();
        one
    });
    let mut other = Caller::new(&bench);
    let passing = spawn(move || {
        other.poll();
        host.leave();
        other
    });
    let guests = [freeing, passing].map(|coming| coming.join().unwrap());
    if guests[0].made(Change::Confirm) > 0 {
        into_a_hole.seen();
    }
    if guests[0].made(Change::Withdraw) > 0 {
        withdrawn.seen();
    }
    see_out(&bench, guests);
}

#[test]
fn one_who_comes_and_one_who_leaves_see_each_other() {
    model("one comes, one leaves")
        .at_least(180, 1_200)
        .holds(["waits", "withdrew"], |states| one(states, None));
    for (claim, change) in [
        ("twin: lines up Relaxed", Change::Join),
        ("twin: takes the head out Relaxed, one comes", Change::Shorten),
    ] {
        model(claim).breaks(FORGOTTEN, move || {
            one(Default::default(), Some(Fault::Order(change, Ordering::Relaxed)));
        });
    }
}

#[test]
fn two_who_come_and_one_who_leaves_see_each_other() {
    model("two come, one leaves")
        .at_least(14_000, 840)
        .bound(2, BOUND)
        .holds(
            ["one got the other into the queue", "both claimed a seat"],
            |states| two(states, None),
        );
    model("twin: two come, look, then register")
        .bound(2, BOUND)
        .breaks(FORGOTTEN, || {
            two(Default::default(), Some(Fault::LooksBefore));
        });
}

#[test]
fn who_finds_his_ticket_in_the_queue_confirms_it() {
    model("past a seat that comes free")
        .at_least(10_000, 200)
        .bound(2, BOUND)
        .holds(["waits in a hole", "withdrew"], |states| {
            past_a_seat(states, None)
        });
    model("twin: no confirmation")
        .bound(2, BOUND)
        .breaks(FORGOTTEN, || {
            past_a_seat(Default::default(), Some(Fault::NoConfirmation));
        });
    for (claim, change) in [
        ("twin: confirms Relaxed", Change::Confirm),
        ("twin: takes the head out Relaxed, past a seat", Change::Shorten),
    ] {
        model(claim).bound(2, BOUND).breaks(FORGOTTEN, move || {
            past_a_seat(Default::default(), Some(Fault::Order(change, Ordering::Relaxed)));
        });
    }
}
