//! What the models of the waiting room run on: the protocol that ships over its words at the widths that ship, and beside
//! them a history that loom does not see and that is checked at every step.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

use loom::cell::UnsafeCell;
use loom::future::AtomicWaker;
use watertight::bulkhead::waiting::protocol::{Place, Room};
use watertight::bulkhead::waiting::word::{Gate, Real, Seat};
use watertight::models::{AtomicU32, Memory, Ordering, fence, rmw_loads};

use crate::caller::Caller;
use crate::faults::{Change, Fault};

/// What the bench says when something goes wrong.
pub const TOO_MANY: &str = "more inside than the limit says";
pub const FREE_BEFORE_QUEUE: &str = "a free place before a queue";
pub const FORGOTTEN: &str = "somebody who waits was forgotten";
pub const NOT_LEFT: &str = "a place was lost, or is there twice";

/// What loom says where something was not ordered.
pub const UNORDERED: &str = "Causality violation";

/// Why some models have a bound.
pub const BOUND: &str = "so that it takes seconds; old values of several words multiply the executions";

/// So often does a seat change hands in one execution, at most.
const TENURES: usize = 8;

pub type RealGate = Gate<Real>;

/// The words of one bulkhead with waiters, and all that happened to them in this execution.
pub struct Bench {
    gate: AtomicU32,
    seats: Vec<Chair>,
    pub fault: Option<Fault>,
    /// Whether a CAS that fails may have read what is old. It is a load then; loom's always reads the newest.
    late: bool,
    /// Whether there are no wakers.
    pub deaf: bool,
    history: Mutex<History>,
}

/// A seat, and what its owners and those who gave them places did there.
struct Chair {
    word: AtomicU32,
    waker: AtomicWaker,
    owners: [UnsafeCell<()>; TENURES],
    givers: [UnsafeCell<()>; TENURES],
}

/// What loom does not see.
struct History {
    gate: RealGate,
    /// How often each seat has changed hands.
    tenures: Vec<usize>,
    /// Places that are taken, those in somebody's hand included.
    taken: u32,
}

impl Bench {
    /// Nobody inside, nobody waiting.
    pub fn new(seats: usize, limit: u32, fault: Option<Fault>) -> Arc<Self> {
        Self::made(seats, limit, fault, 0, [false, false])
    }

    /// The same without wakers, for what the words alone must order: loom's waker cell is a lock, and orders more.
    pub fn deaf(seats: usize, limit: u32, fault: Option<Fault>) -> Arc<Self> {
        Self::made(seats, limit, fault, 0, [false, true])
    }

    /// The same where a failed CAS may have read what is old.
    pub fn late(seats: usize, limit: u32, fault: Option<Fault>) -> Arc<Self> {
        Self::made(seats, limit, fault, 0, [true, false])
    }

    /// The same, with the first seat still taken.
    pub fn seated(seats: usize, limit: u32, fault: Option<Fault>, first: u32) -> Arc<Self> {
        Self::made(seats, limit, fault, first, [true, false])
    }

    fn made(
        seats: usize,
        limit: u32,
        fault: Option<Fault>,
        first: u32,
        [late, deaf]: [bool; 2],
    ) -> Arc<Self> {
        let gate = RealGate::new(limit);
        let seat = |number| Chair {
            word: AtomicU32::new(if number == 0 { first } else { 0 }),
            waker: AtomicWaker::new(),
            owners: std::array::from_fn(|_| UnsafeCell::new(())),
            givers: std::array::from_fn(|_| UnsafeCell::new(())),
        };
        Arc::new(Self {
            gate: AtomicU32::new(gate.bits()),
            seats: (0..seats).map(seat).collect(),
            fault,
            late,
            deaf,
            history: Mutex::new(History {
                gate,
                tenures: vec![0; seats],
                taken: 0,
            }),
        })
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().expect("a failed execution is the last")
    }

    /// The gate as the last CAS left it.
    pub fn gate(&self) -> RealGate {
        self.history().gate
    }

    /// At the end, with so many inside and so many waiting, and no operation under way.
    pub fn audit(&self, inside: u32, waiting: u32) {
        let history = self.history();
        assert_eq!(
            (history.gate.in_flight(), history.gate.length(), history.taken),
            (inside, waiting, inside),
            "{NOT_LEFT}: {:?}",
            history.gate
        );
    }

    fn word(&self, place: Place) -> &AtomicU32 {
        match place {
            Place::Gate => &self.gate,
            Place::Seat(number) => &self.seats[number as usize].word,
        }
    }

    /// A CAS on the gate that succeeded.
    fn passed(&self, old: RealGate, new: RealGate) {
        let mut history = self.history();
        assert_eq!(history.gate, old, "loom's CAS read what is old");
        if new.in_flight() > old.in_flight() {
            assert!(new.in_flight() <= new.limit(), "{TOO_MANY}: {new:?}");
        }
        assert!(
            new.length() == 0 || new.in_flight() >= new.limit(),
            "{FREE_BEFORE_QUEUE}: {new:?}"
        );
        assert!(
            new.length() as usize <= self.seats.len(),
            "more wait than can: {new:?}"
        );
        history.taken = history.taken + new.in_flight() - old.in_flight();
        history.gate = new;
    }

    /// The caller is the seat's owner and does something there, or to the gate.
    fn own(&self, seat: u32) {
        let tenure = self.history().tenures[seat as usize];
        self.seats[seat as usize].owners[tenure].with_mut(|_| ());
    }

    /// The caller has a place for the seat's owner, and does something there.
    fn give(&self, seat: u32) {
        let tenure = self.history().tenures[seat as usize];
        self.comes_after(seat, tenure);
        self.seats[seat as usize].givers[tenure].with_mut(|_| ());
    }

    /// The caller has just become the seat's owner: if it is for its waker, all that others did there must have happened
    /// before.
    fn take_over(&self, seat: u32, for_waker: bool) {
        let tenure = {
            let mut history = self.history();
            let tenure = &mut history.tenures[seat as usize];
            *tenure += 1;
            *tenure
        };
        if for_waker {
            self.comes_after(seat, tenure);
        }
    }

    /// The caller comes after all that owners and givers before this tenure did there.
    fn comes_after(&self, seat: u32, tenure: usize) {
        let seat = &self.seats[seat as usize];
        for earlier in 0..tenure {
            seat.owners[earlier].with(|_| ());
            seat.givers[earlier].with(|_| ());
        }
    }
}

impl Memory for Caller {
    type Place = Place;
    type Stop = Infallible;

    fn load(&self, place: Place, order: Ordering) -> Result<u32, Infallible> {
        if let Some(seen) = self.looked_before(place) {
            return Ok(seen);
        }
        Ok(self.bench.word(place).load(order))
    }

    fn swap_if(&self, place: Place, seen: u32, new: u32, order: Ordering) -> Result<bool, Infallible> {
        let bench = &*self.bench;
        let change = self.meant(Change::of(place, seen, new));
        let Some(new) = self.really(place, change, new) else {
            return Ok(true);
        };
        if let (Place::Seat(number), Change::Reopen) = (place, change) {
            // What he did to the gate.
            bench.own(number);
        }
        let order = bench.fault.map_or(order, |fault| fault.order(change, order));
        let word = bench.word(place);
        if bench.late && !rmw_loads() && word.load(Ordering::Relaxed) != seen {
            return Ok(false);
        }
        let won = word.compare_exchange(seen, new, order, Ordering::Relaxed).is_ok();
        if won {
            self.see(change);
            match (place, change) {
                (Place::Gate, _) => bench.passed(RealGate::from_bits(seen), RealGate::from_bits(new)),
                (Place::Seat(number), Change::Claim) => bench.take_over(number, true),
                // Who tidies touches no waker.
                (Place::Seat(number), Change::Close) => bench.take_over(number, false),
                _ => {}
            }
        }
        Ok(won)
    }

    fn fence(&self, order: Ordering) {
        fence(order);
    }
}

impl Room for Caller {
    type Widths = Real;
    type Waker = Option<Waker>;

    fn seats(&self) -> u32 {
        self.bench.seats.len() as u32
    }

    fn register(&self, seat: u32) -> Result<(), Infallible> {
        self.look_before(seat);
        self.bench.own(seat);
        if !self.bench.deaf {
            let waker = &self.bench.seats[seat as usize].waker;
            waker.register_by_ref(&self.bell());
        }
        Ok(())
    }

    fn take(&self, seat: u32) -> Result<Option<Waker>, Infallible> {
        if self.is_giving() {
            self.bench.give(seat);
        } else {
            self.bench.own(seat);
        }
        if self.bench.deaf {
            return Ok(None);
        }
        Ok(self.bench.seats[seat as usize].waker.take_waker())
    }

    fn wake(&self, waker: Option<Waker>) -> Result<(), Infallible> {
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl Caller {
    /// Wakes too early, for a twin.
    pub fn wake_now(&self, seat: u32) {
        self.bench.give(seat);
        self.bench.seats[seat as usize].waker.wake();
    }

    /// What it had still to do at a seat.
    pub fn free_seat(&self, seat: u32, from: Seat) {
        let freed = self.swap_if(
            Place::Seat(seat),
            from.bits(),
            Seat::FREE.bits(),
            Ordering::Release,
        );
        assert_eq!(freed, Ok(true), "nobody else may");
    }

    /// The word of a seat, for a fault that looks too early.
    pub fn look_at(&self, seat: u32) -> u32 {
        self.bench.seats[seat as usize].word.load(Ordering::Relaxed)
    }
}
