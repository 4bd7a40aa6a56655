//! No wake-up is lost: who waits either gets his place in his poll, or is woken, once, by the last waker he brought.

use loom::thread::spawn;

use crate::caller::{Caller, Polled};
use crate::common::{State, model};
use crate::faults::{Change, Fault};
use crate::room::{Bench, FORGOTTEN};

/// One leaves while another comes to wait, and polls twice, with another waker each time.
fn wait([free, given, taken, woken]: [State; 4], fault: Option<Fault>) {
    let bench = Bench::new(1, 1, fault);
    let host = Caller::inside(&bench);
    let leaving = spawn(move || host.leave());
    let mut guest = Caller::new(&bench);
    let waiting = spawn(move || {
        let first = guest.poll();
        let before = guest.change_bell();
        let polled = match first {
            Polled::Pending => guest.poll(),
            other => other,
        };
        (guest, polled, before)
    });
    leaving.join().unwrap();
    let (mut guest, polled, before) = waiting.join().unwrap();
    match polled {
        Polled::Pending => {
            assert_eq!(
                (guest.rings(), before.rings()),
                (1, 0),
                "{FORGOTTEN}: nobody woke it, or not once"
            );
            assert_eq!(guest.poll(), Polled::Inside, "{FORGOTTEN}: woken without a place");
            woken.seen();
        }
        Polled::Inside if guest.made(Change::Enter) == 1 => free.seen(),
        Polled::Inside if guest.made(Change::Go) == 1 => taken.seen(),
        Polled::Inside => given.seen(),
        _ => panic!("there is a seat"),
    }
    bench.audit(1, 0);
    guest.leave();
    bench.audit(0, 0);
}

#[test]
fn no_wake_up_is_lost() {
    model("a wait against a leave").at_least(3_100, 4_200).holds(
        ["entered", "given", "taken from under the waker", "woken"],
        |states| wait(states, None),
    );
    for (claim, fault) in [
        ("twin: looks, then registers", Fault::LooksBefore),
        ("twin: wakes, then gives", Fault::WakesFirst),
    ] {
        model(claim).breaks(FORGOTTEN, move || wait(Default::default(), Some(fault)));
    }
}
