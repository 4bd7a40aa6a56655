//! Faults of bulkheads and semaphores. What is wrong is shown on a small model of it, and then that it is not so here.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

use watertight::bulkhead::Waiting;
use watertight::{Bulkhead, Reason};

/// A bulkhead whose callers count themselves first. Who then finds that he is one too many puts back what he saw, when
/// his guard is dropped.
struct Snapshots {
    limit: u32,
    inside: AtomicU32,
}

struct TooMany<'a> {
    of: &'a Snapshots,
    saw: u32,
}

impl Drop for TooMany<'_> {
    fn drop(&mut self) {
        self.of.inside.store(self.saw, SeqCst);
    }
}

impl Snapshots {
    fn enter(&self) -> Result<(), TooMany<'_>> {
        let saw = self.inside.fetch_add(1, SeqCst);
        if saw < self.limit {
            return Ok(());
        }
        Err(TooMany { of: self, saw })
    }

    fn leave(&self) {
        self.inside.fetch_sub(1, SeqCst);
    }
}

/// A word that is written back as it was seen undoes what others did in the meantime: here, that the last one left. Nobody
/// is inside, and it is full for ever.
#[test]
fn a_stale_snapshot_written_back_on_drop() {
    let wrong = Snapshots {
        limit: 1,
        inside: AtomicU32::new(0),
    };
    assert!(wrong.enter().is_ok());
    let one_too_many = wrong.enter();
    assert!(one_too_many.is_err());
    wrong.leave();
    drop(one_too_many);
    for _ in 0..1_000 {
        assert!(wrong.enter().is_err(), "wedged, although nobody is inside");
    }

    // Here a refusal writes nothing, and leaving takes away what entering brought, whatever came in between.
    let bulkhead = Bulkhead::new(1);
    let inside = bulkhead.try_enter().unwrap();
    let one_too_many = bulkhead.try_enter();
    drop(inside);
    drop(one_too_many);
    assert_eq!(bulkhead.in_flight(), 0);
    drop(bulkhead.try_enter().expect("there is a place"));
    // In any order, and with others, and other limits, in between.
    let bulkhead = Bulkhead::new(3);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut inside = [(); 3].map(|()| bulkhead.try_enter().ok());
        for which in order {
            assert!(inside[which].take().is_some());
            drop(bulkhead.try_enter().expect("his place"));
            bulkhead.resize(0);
            bulkhead.resize(3);
        }
        assert_eq!((bulkhead.in_flight(), bulkhead.limit()), (0, 3));
    }
}

/// The same in earnest: at the end nobody is inside, and everybody can enter.
#[test]
fn a_stale_snapshot_written_back_on_drop_on_threads() {
    let (threads, rounds) = if cfg!(miri) { (3, 5) } else { (4, 5_000) };
    let (bulkhead, room) = (Bulkhead::new(1), Waiting::<2>::new(1));
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for number in 0..threads {
            let (bulkhead, room, start) = (&bulkhead, &room, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..rounds {
                    drop(bulkhead.try_enter());
                    drop(room.try_enter());
                    // Comes, and gives up, with a place or without.
                    let mut enter = room.enter();
                    let polled = Pin::new(&mut enter).poll(&mut Context::from_waker(Waker::noop()));
                    drop((polled, enter));
                    if (round + number) % 64 == 0 {
                        bulkhead.resize(round as u16 % 3);
                        room.resize(round as u16 % 3).unwrap();
                    }
                }
            });
        }
    });
    bulkhead.resize(1);
    room.resize(1).unwrap();
    assert_eq!(
        (bulkhead.in_flight(), room.in_flight(), room.waiting()),
        (0, 0, 0)
    );
    assert!(bulkhead.try_enter().is_ok() && room.try_enter().is_ok());
}

/// A fair semaphore without a limit of its own: who wants it to be smaller takes permits, and keeps them.
struct Fair {
    free: u32,
    /// Who waits, and for how many.
    queue: VecDeque<(&'static str, u32)>,
    inside: Vec<&'static str>,
}

impl Fair {
    fn acquire(&mut self, who: &'static str, permits: u32) {
        self.queue.push_back((who, permits));
        self.serve();
    }

    fn leave(&mut self) {
        self.inside.remove(0);
        self.free += 1;
        self.serve();
    }

    fn serve(&mut self) {
        while let Some((who, permits)) = self.queue.front().copied().filter(|(_, n)| *n <= self.free) {
            self.queue.pop_front();
            self.free -= permits;
            self.inside.push(who);
        }
    }
}

/// Shrinking by taking permits queues up behind the overload that it should relieve.
#[test]
fn a_shrink_that_waits_behind_the_overload() {
    let mut wrong = Fair {
        free: 4,
        queue: VecDeque::new(),
        inside: Vec::new(),
    };
    for _ in 0..8 {
        wrong.acquire("call", 1);
    }
    wrong.acquire("from four to one", 3);
    for left in 1..=4 {
        wrong.leave();
        assert_eq!(wrong.inside, ["call"; 4], "{left} have left, and as many came in");
    }
    assert!(wrong.queue.contains(&("from four to one", 3)), "still waits");

    let room = Waiting::<4>::new(4);
    let mut inside: Vec<_> = (0..4).map(|_| room.try_enter().unwrap()).collect();
    let mut waiting: Vec<_> = (0..4).map(|_| room.enter()).collect();
    let context = &mut Context::from_waker(Waker::noop());
    for enter in &mut waiting {
        assert!(Pin::new(enter).poll(context).is_pending());
    }
    room.resize(1).unwrap();
    assert_eq!(room.limit(), 1, "at once");
    for left in (1..4).rev() {
        inside.pop();
        assert_eq!(room.in_flight(), left, "nobody came in");
        assert!(
            waiting
                .iter_mut()
                .all(|enter| Pin::new(enter).poll(context).is_pending())
        );
    }
    // From here on, one at a time.
    for enter in &mut waiting {
        inside.pop();
        let Poll::Ready(Ok(slot)) = Pin::new(enter).poll(context) else {
            panic!("his turn")
        };
        assert_eq!(room.in_flight(), 1);
        inside.push(slot);
    }

    let bulkhead = Bulkhead::new(4);
    let mut inside: Vec<_> = (0..4).map(|_| bulkhead.try_enter().unwrap()).collect();
    bulkhead.resize(1);
    for _ in 0..3 {
        inside.pop();
        assert_eq!(bulkhead.try_enter().unwrap_err().reason(), Reason::Full);
    }
    inside.pop();
    assert!(bulkhead.try_enter().is_ok());
}

/// A release that is a call of its own can be made twice, and then one too many enters. Here it takes the slot away, so that
/// the second does not compile: `tests/ui/src/bin/left_twice.rs`.
#[test]
fn a_manual_release_called_twice() {
    let wrong = Snapshots {
        limit: 2,
        inside: AtomicU32::new(0),
    };
    assert!(wrong.enter().is_ok());
    assert!(wrong.enter().is_ok());
    wrong.leave();
    wrong.leave(); // For the same call.
    assert!(wrong.enter().is_ok());
    assert!(wrong.enter().is_ok(), "three are inside");

    let bulkhead = Bulkhead::new(2);
    let (first, _second) = (bulkhead.try_enter().unwrap(), bulkhead.try_enter().unwrap());
    first.leave();
    let _third = bulkhead.try_enter().unwrap();
    assert_eq!(bulkhead.try_enter().unwrap_err().reason(), Reason::Full);
}
