//! First come, first served: nobody is given a place before those who came before him, and nobody enters past a queue.

use loom::thread::spawn;

use crate::caller::{Caller, Polled, see_out};
use crate::common::{State, model};
use crate::faults::{Change, Fault};
use crate::room::{BOUND, Bench, FREE_BEFORE_QUEUE};

const OUT_OF_TURN: &str = "out of turn";

/// One place comes free, for the one who waits, while another comes to wait and a third tries to enter.
fn one_place([refused]: [State; 1], fault: Option<Fault>) {
    let bench = Bench::new(2, 1, fault);
    let host = Caller::inside(&bench);
    let first = Caller::waiting(&bench);
    let mut second = Caller::new(&bench);
    let passing = Caller::new(&bench);
    let leaving = spawn(move || host.leave());
    let trying = spawn(move || passing.try_enter());
    let coming = spawn(move || {
        second.poll();
        second
    });
    leaving.join().unwrap();
    assert!(!trying.join().unwrap(), "{OUT_OF_TURN}: past the queue");
    refused.seen();
    let second = coming.join().unwrap();
    assert_eq!(
        (first.rings(), second.polled, second.rings()),
        (1, Polled::Pending, 0),
        "{OUT_OF_TURN}"
    );
    see_out(&bench, [first, second]);
}

/// Two places come free, for two who wait.
fn two_places([together]: [State; 1], fault: Option<Fault>) {
    let bench = Bench::new(2, 2, fault);
    let hosts = [(); 2].map(|()| Caller::inside(&bench));
    let first = Caller::waiting(&bench);
    let mut second = Caller::waiting(&bench);
    let before = first.ticket().expect("it waits");
    let leaving = hosts.map(|host| spawn(move || host.leave()));
    let waiting = spawn(move || {
        if second.poll() == Polled::Inside {
            let gate = second.bench.gate();
            assert!(!gate.holds(before), "{OUT_OF_TURN}: another waits before it");
            if second.made(Change::Go) > 0 {
                together.seen();
            }
        }
        second
    });
    for leaving in leaving {
        leaving.join().unwrap();
    }
    let second = waiting.join().unwrap();
    see_out(&bench, [first, second]);
}

#[test]
fn one_place_is_for_the_one_who_waits() {
    model("one place")
        .at_least(4_000, 6_900)
        .holds(["refused"], |states| {
            one_place(states, None);
        });
    model("twin: leaves, then looks who waits").breaks(FREE_BEFORE_QUEUE, || {
        one_place(Default::default(), Some(Fault::LeavesFirst));
    });
}

#[test]
fn two_places_are_given_in_the_order_of_coming() {
    model("two places")
        .at_least(7_400, 2_200)
        .bound(3, BOUND)
        .holds(["taken from under the waker"], |states| two_places(states, None));
    model("twin: the last comes first")
        .bound(3, BOUND)
        .breaks(OUT_OF_TURN, || {
            two_places(Default::default(), Some(Fault::LastFirst));
        });
}
