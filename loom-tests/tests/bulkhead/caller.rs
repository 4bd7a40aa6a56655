//! Somebody at a bench: what `Waiting` and its future do there, by hand.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Wake, Waker};

use watertight::bulkhead::Share;
use watertight::bulkhead::waiting::protocol::{self, Next, Outcome, Place, Resized, Step};
use watertight::bulkhead::waiting::word::Ticket;
use watertight::models::{Memory, Ordering, decide};

use crate::faults::{Change, Fault};
use crate::room::{Bench, FORGOTTEN, RealGate};

/// A waker that counts. loom does not see it.
#[derive(Default)]
pub struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Bell {
    /// How often it rang.
    pub fn rings(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// What comes of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    Never,
    Inside,
    Pending,
    RoomFull,
}

/// Somebody.
pub struct Caller {
    pub bench: Arc<Bench>,
    bell: Arc<Bell>,
    ticket: Option<Ticket>,
    /// What came of its last poll.
    pub polled: Polled,
    /// What it changed.
    changes: RefCell<Vec<Change>>,
    /// A seat that was looked at too early, for a twin.
    early: Cell<Option<u32>>,
    /// Whether it is giving up.
    leaving: Cell<bool>,
}

impl Caller {
    pub fn new(bench: &Arc<Bench>) -> Self {
        Self {
            bench: bench.clone(),
            bell: Arc::default(),
            ticket: None,
            polled: Polled::Never,
            changes: RefCell::default(),
            early: Cell::default(),
            leaving: Cell::default(),
        }
    }

    /// One who is inside.
    pub fn inside(bench: &Arc<Bench>) -> Self {
        let caller = Self::new(bench);
        assert!(caller.try_enter(), "there is a place");
        caller
    }

    /// One who waits.
    pub fn waiting(bench: &Arc<Bench>) -> Self {
        let mut caller = Self::new(bench);
        assert_eq!(caller.poll(), Polled::Pending);
        caller
    }

    pub fn bell(&self) -> Waker {
        self.bell.clone().into()
    }

    /// How often it was woken.
    pub fn rings(&self) -> usize {
        self.bell.rings()
    }

    /// Polls with another waker from now on. Answers the one that was.
    pub fn change_bell(&mut self) -> Arc<Bell> {
        std::mem::take(&mut self.bell)
    }

    /// How often it changed a word so.
    pub fn made(&self, change: Change) -> usize {
        let changes = self.changes.borrow();
        changes.iter().filter(|made| **made == change).count()
    }

    /// The seat says the same of one who withdraws and of one who gives up.
    pub fn meant(&self, change: Change) -> Change {
        match change {
            Change::Withdraw if self.leaving.get() => Change::GiveUp,
            other => other,
        }
    }

    /// Whether it is the one who gives a place, and has yet to say that the waker is out.
    pub fn is_giving(&self) -> bool {
        let changes = self.changes.borrow();
        let last = changes
            .iter()
            .rfind(|change| matches!(change, Change::Give | Change::Woken | Change::Follow));
        last == Some(&Change::Give)
    }

    pub fn see(&self, change: Change) {
        self.changes.borrow_mut().push(change);
    }

    fn run(&self, mut step: Step) -> Outcome {
        loop {
            if matches!(step, Step::Trim(_)) && self.bench.fault == Some(Fault::NeverTrims) {
                return Outcome::Left;
            }
            match decide(|| protocol::step(self, step)) {
                Next::Go(next) => step = next,
                Next::Done(outcome) => return outcome,
            }
        }
    }

    pub fn try_enter(&self) -> bool {
        decide(|| protocol::enter(self, 1, Share::ALL)).is_ok()
    }

    /// A poll of the future.
    pub fn poll(&mut self) -> Polled {
        self.polled = loop {
            let step = self.ticket.map_or(Step::Arrive, Step::Poll);
            match (self.run(step), self.ticket) {
                (Outcome::Queued(_), Some(_)) => break Polled::Pending,
                (Outcome::Queued(ticket), None) => self.ticket = Some(ticket),
                (Outcome::RoomFull, _) => break Polled::RoomFull,
                (Outcome::Entered(_) | Outcome::Given, _) => {
                    self.ticket = None;
                    break Polled::Inside;
                }
                (Outcome::Left, _) => panic!("a seat is its owner's"),
            }
        };
        self.polled
    }

    /// Drops the future. Whether a place had been given to it.
    pub fn give_up(&mut self) -> bool {
        let Some(ticket) = self.ticket.take() else {
            return false;
        };
        self.leaving.set(true);
        let given = self.run(Step::Cancel(ticket)) == Outcome::Given;
        self.leaving.set(false);
        if given && self.bench.fault != Some(Fault::KeepsPlace) {
            self.leave();
        }
        given
    }

    /// Drops the slot.
    pub fn leave(&self) {
        match self.bench.fault {
            Some(Fault::LeavesFirst) => self.leave_first(),
            Some(Fault::LastFirst) => self.last_first(),
            _ => {
                self.run(Step::Leave);
            }
        }
    }

    pub fn resize(&self, limit: u32) {
        if self.bench.fault == Some(Fault::RaisesAtOnce) {
            self.change_gate(|gate| {
                let kept = gate.bits() ^ RealGate::new(gate.limit()).bits();
                Some(RealGate::from_bits(kept | RealGate::new(limit).bits()))
            });
            return;
        }
        while let Resized::InHand { ticket, .. } = decide(|| protocol::resize(self, limit)) {
            self.run(Step::HandOver(ticket));
        }
    }

    /// The ticket under which it waits.
    pub fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }

    // --- What the twins do ---

    pub fn look_before(&self, seat: u32) {
        if self.bench.fault == Some(Fault::LooksBefore) {
            self.early.set(Some(self.look_at(seat)));
        }
    }

    pub fn looked_before(&self, place: Place) -> Option<u32> {
        match place {
            Place::Seat(_) => self.early.take(),
            Place::Gate => None,
        }
    }

    /// Changes the gate, and answers what it was.
    fn change_gate(&self, to: impl Fn(RealGate) -> Option<RealGate>) -> Option<RealGate> {
        decide(|| {
            let gate = RealGate::from_bits(self.load(Place::Gate, Ordering::Relaxed)?);
            let Some(to) = to(gate) else {
                return Ok(Some(None));
            };
            let won = self.swap_if(Place::Gate, gate.bits(), to.bits(), Ordering::AcqRel)?;
            Ok(won.then_some(Some(gate)))
        })
    }

    fn leave_first(&self) {
        self.change_gate(|gate| Some(gate.left(1)));
        let was = self.change_gate(|gate| {
            let next = gate.length() > 0 && gate.in_flight() < gate.limit();
            next.then(|| gate.entered(1).without_head())
        });
        if let Some(was) = was {
            self.run(Step::HandOver(was.head()));
        }
    }

    fn last_first(&self) {
        let was = self.change_gate(|gate| {
            Some(if gate.passes_on() {
                gate.without_last()
            } else {
                gate.left(1)
            })
        });
        if let Some(was) = was.filter(|was| was.passes_on()) {
            self.run(Step::HandOver(was.last()));
        }
    }
}

/// With no operation under way, and these inside or waiting: each leaves, until all have been inside. Who gets a place is woken
/// once, and nobody else is.
pub fn see_out<const N: usize>(bench: &Arc<Bench>, guests: [Caller; N]) {
    let mut guests = Vec::from(guests);
    guests.retain(|guest| guest.polled != Polled::RoomFull);
    loop {
        for guest in &mut guests {
            if bench.deaf {
                if guest.polled == Polled::Pending {
                    guest.poll();
                }
                continue;
            }
            if guest.polled == Polled::Pending {
                let woken = match guest.rings() {
                    0 => Polled::Pending,
                    1 => Polled::Inside,
                    _ => panic!("{FORGOTTEN}: woken twice"),
                };
                assert_eq!(
                    guest.poll(),
                    woken,
                    "{FORGOTTEN}: a wake without a place, or a place without"
                );
            }
            assert!(guest.rings() <= 1, "{FORGOTTEN}: woken twice");
        }
        match guests.iter().position(|guest| guest.polled == Polled::Inside) {
            Some(inside) => guests.swap_remove(inside).leave(),
            None => break,
        }
    }
    assert!(
        guests.is_empty(),
        "{FORGOTTEN}: there is a place, and nobody gets it"
    );
    bench.audit(0, 0);
}
