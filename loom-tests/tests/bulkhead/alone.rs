//! A bulkhead without waiters: never above its limit, and what was done inside happened before the next one's.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32 as Unseen, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use loom::cell::UnsafeCell;
use loom::thread::spawn;
use watertight::bulkhead::protocol::Countdown;
use watertight::bulkhead::word::Word;
use watertight::bulkhead::{Keep, Share, Stats, protocol};
use watertight::models::{AtomicU32, Memory, Ordering, decide, fence};
use watertight::{Bulkhead, Reason};

use crate::common::{State, model};
use crate::room::UNORDERED;

const TOO_MANY: &str = "wrong: more inside than the limit says";
const MISCOUNTED: &str = "wrong: a change was lost";
/// Either, where it depends on the loads which comes first.
const WRONG: &str = "wrong: ";

/// Why some models have a bound.
const BOUND: &str = "so that it takes seconds; three threads change one word";

/// What is wrong, for twins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    EntersRelaxed,
    LeavesRelaxed,
    /// A stale word written back, in place of a CAS, by who leaves.
    LeaveStores,
    /// The same by who changes the limit.
    ResizeStores,
    /// Adds itself, looks, and takes itself out again if that was too much.
    AddsFirst,
}

/// The word, and what loom does not see.
struct Bench {
    word: AtomicU32,
    fault: Option<Fault>,
    /// The word as the last change left it, if each is one.
    truth: Mutex<Word>,
}

impl Bench {
    fn new(limit: u16, fault: Option<Fault>) -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(Word::new(limit).bits()),
            fault,
            truth: Mutex::new(Word::new(limit)),
        })
    }

    fn enter(&self, places: u32) -> bool {
        if self.fault == Some(Fault::AddsFirst) {
            let word = Word::from_bits(self.word.fetch_add(places, Ordering::AcqRel) + places);
            assert!(word.in_flight() <= word.limit(), "{TOO_MANY}, for a moment");
            if word.in_flight() <= word.limit() {
                self.change(Word::from_bits(0), Word::from_bits(places));
                return true;
            }
            self.word.fetch_add(places.wrapping_neg(), Ordering::AcqRel);
            return false;
        }
        decide(|| protocol::enter(self, places, Share::ALL)).is_ok()
    }

    fn leave(&self, places: u32) {
        let Ok(()) = protocol::leave(self, places);
    }

    fn resize(&self, limit: u16) {
        decide(|| protocol::resize(self, limit));
    }

    /// A change from `seen` to `new`, applied to what is true.
    fn change(&self, seen: Word, new: Word) {
        let mut truth = self.truth.lock().expect("a failed execution is the last");
        let in_flight = truth.in_flight() + new.in_flight() - seen.in_flight();
        let limit = if seen.limit() == new.limit() {
            truth.limit()
        } else {
            new.limit()
        };
        assert!(
            new.in_flight() <= seen.in_flight() || in_flight <= limit,
            "{TOO_MANY}: {in_flight} of {limit}"
        );
        *truth = Word::from_bits(limit << 16 | in_flight);
    }

    fn truth(&self) -> Word {
        *self.truth.lock().expect("a failed execution is the last")
    }

    /// At the end.
    fn audit(&self, limit: u32) {
        let word = Word::from_bits(self.word.load(Ordering::Relaxed));
        assert_eq!((word.limit(), word.in_flight()), (limit, 0), "{MISCOUNTED}");
    }
}

impl Memory for Bench {
    type Place = ();
    type Stop = Infallible;

    fn load(&self, (): (), order: Ordering) -> Result<u32, Infallible> {
        Ok(self.word.load(order))
    }

    fn swap_if(&self, (): (), seen: u32, new: u32, order: Ordering) -> Result<bool, Infallible> {
        let (before, after) = (Word::from_bits(seen), Word::from_bits(new));
        let entering = before.in_flight() < after.in_flight();
        let order = match self.fault {
            Some(Fault::EntersRelaxed) if entering => Ordering::Relaxed,
            _ => order,
        };
        let won = if self.fault == Some(Fault::ResizeStores) && !entering {
            self.word.store(new, order);
            true
        } else {
            self.word
                .compare_exchange(seen, new, order, Ordering::Relaxed)
                .is_ok()
        };
        if won {
            self.change(before, after);
        }
        Ok(won)
    }

    fn fence(&self, order: Ordering) {
        fence(order);
    }
}

impl Countdown for Bench {
    fn subtract(&self, number: u32, order: Ordering) -> Result<(), Infallible> {
        let order = match self.fault {
            Some(Fault::LeavesRelaxed) => Ordering::Relaxed,
            _ => order,
        };
        let seen = if self.fault == Some(Fault::LeaveStores) {
            let seen = self.word.load(Ordering::Relaxed);
            self.word.store(seen - number, order);
            seen
        } else {
            self.word.fetch_sub(number, order)
        };
        self.change(Word::from_bits(seen), Word::from_bits(seen - number));
        Ok(())
    }
}

/// One enters and leaves, one with two places, while the limit goes from 2 to 1.
fn limit([many, refused, above]: [State; 3], fault: Option<Fault>) {
    let bench = Bench::new(2, fault);
    let entering = [1, 2].map(|places| {
        let (bench, many, refused) = (bench.clone(), many.clone(), refused.clone());
        spawn(move || {
            if !bench.enter(places) {
                refused.seen();
                return;
            }
            if places == 2 {
                many.seen();
            }
            bench.leave(places);
        })
    });
    let resizing = {
        let bench = bench.clone();
        spawn(move || {
            bench.resize(1);
            if bench.truth().in_flight() > 1 {
                above.seen();
            }
        })
    };
    entering.into_iter().for_each(|entering| entering.join().unwrap());
    resizing.join().unwrap();
    bench.audit(1);
}

/// One after the other inside, with a change of the word in between that orders nothing: of the limit, to what it is.
fn inside([after, between]: [State; 2], fault: Option<Fault>) {
    let bench = Bench::new(1, fault);
    let kept = Arc::new(UnsafeCell::new(()));
    let visits = Arc::new(Unseen::new(0));
    let resized_at = Arc::new(Unseen::new(u32::MAX));
    let visiting = [(); 2].map(|()| {
        let (bench, kept, visits) = (bench.clone(), kept.clone(), visits.clone());
        let (after, between, resized_at) = (after.clone(), between.clone(), resized_at.clone());
        spawn(move || {
            if bench.enter(1) {
                kept.with_mut(|_| ());
                if visits.load(Relaxed) == 1 {
                    after.seen();
                    if resized_at.load(Relaxed) == 1 {
                        between.seen();
                    }
                }
                bench.leave(1);
                visits.fetch_add(1, Relaxed);
            }
        })
    });
    let resizing = {
        let (bench, visits) = (bench.clone(), visits.clone());
        spawn(move || {
            let before = visits.load(Relaxed);
            bench.resize(1);
            if before == visits.load(Relaxed) {
                resized_at.store(before, Relaxed);
            }
        })
    };
    visiting.into_iter().for_each(|visiting| visiting.join().unwrap());
    resizing.join().unwrap();
    bench.audit(1);
}

/// What a test can look at, of what ships and of a twin.
trait Kept: Keep + Send + Sync + Default + 'static {
    fn read(bulkhead: &Bulkhead<Self>) -> (u32, u32);
}

impl Kept for Stats {
    fn read(bulkhead: &Bulkhead<Self>) -> (u32, u32) {
        let statistics = bulkhead.statistics();
        (statistics.most_in_flight(), statistics.refused(Reason::Full))
    }
}

std::thread_local! {
    // loom runs every thread of a model on the one system thread.
    static FORGETFUL: std::cell::Cell<(u32, u32)> = const { std::cell::Cell::new((0, 0)) };
}

/// A mark and a count that are loaded, and then stored.
struct Forgetful {
    most: AtomicU32,
    refused: AtomicU32,
}

impl Default for Forgetful {
    fn default() -> Self {
        FORGETFUL.set((0, 0));
        Self {
            most: AtomicU32::new(0),
            refused: AtomicU32::new(0),
        }
    }
}

impl Keep for Forgetful {
    fn entered(&self, in_flight: u32) {
        if self.most.load(Ordering::Relaxed) < in_flight {
            self.most.store(in_flight, Ordering::Relaxed);
            FORGETFUL.set((in_flight, FORGETFUL.get().1));
        }
    }

    fn refused(&self, _: Reason) {
        let refused = self.refused.load(Ordering::Relaxed) + 1;
        self.refused.store(refused, Ordering::Relaxed);
        FORGETFUL.set((FORGETFUL.get().0, refused));
    }
}

impl Kept for Forgetful {
    fn read(_: &Bulkhead<Self>) -> (u32, u32) {
        FORGETFUL.get()
    }
}

/// The public bulkhead with what it keeps: the most that were inside at a time.
fn mark<S: Kept>([one, two]: [State; 2]) {
    let bulkhead = Arc::new(Bulkhead::with_stats(2, S::default()));
    let inside = Arc::new(Unseen::new(0));
    let entering = [(); 2].map(|()| {
        let (bulkhead, inside) = (bulkhead.clone(), inside.clone());
        spawn(move || {
            let slot = bulkhead.try_enter().expect("there is place for two");
            let seen = inside.fetch_add(1, Relaxed) + 1;
            // The other enters, or does not.
            bulkhead.limit();
            inside.fetch_sub(1, Relaxed);
            drop(slot);
            seen
        })
    });
    let [first, second] = entering.map(|entering| entering.join().unwrap());
    let (mark, refused) = S::read(&bulkhead);
    assert!(
        first.max(second) <= mark && mark <= 2,
        "{MISCOUNTED}: {first} and {second}, not {mark}"
    );
    match mark {
        1 => one.seen(),
        _ => two.seen(),
    }
    assert_eq!((bulkhead.in_flight(), refused), (0, 0));
}

/// The same: how many were refused.
fn refusals<S: Kept>([none, one, two]: [State; 3]) {
    let bulkhead = Arc::new(Bulkhead::with_stats(1, S::default()));
    let slot = Bulkhead::try_enter_owned(bulkhead.clone()).expect("nobody is inside");
    let entering = [(); 2].map(|()| {
        let bulkhead = bulkhead.clone();
        spawn(move || u32::from(bulkhead.try_enter().is_err()))
    });
    drop(slot);
    let refused: u32 = entering.map(|entering| entering.join().unwrap()).iter().sum();
    let (mark, count) = S::read(&bulkhead);
    assert_eq!((mark, count), (1, refused), "{MISCOUNTED}");
    match refused {
        0 => none.seen(),
        1 => one.seen(),
        _ => two.seen(),
    }
}

#[test]
fn never_above_the_limit() {
    model("enter, enter two, leave, resize")
        .at_least(4_400, 1_000)
        .bound(3, BOUND)
        .holds(["two places", "refused", "above a lowered limit"], |states| {
            limit(states, None)
        });
    for (claim, fault) in [
        ("twin: adds itself, then looks", Fault::AddsFirst),
        ("twin: who leaves stores the word", Fault::LeaveStores),
        ("twin: who resizes stores the word", Fault::ResizeStores),
    ] {
        model(claim)
            .bound(3, BOUND)
            .breaks(WRONG, move || limit(Default::default(), Some(fault)));
    }
}

#[test]
fn what_was_done_inside_comes_before() {
    model("one after the other inside")
        .at_least(4_400, 1_000)
        .bound(3, BOUND)
        .holds(["after another", "with the limit changed in between"], |states| {
            inside(states, None)
        });
    for (claim, fault) in [
        ("twin: enters Relaxed", Fault::EntersRelaxed),
        ("twin: leaves Relaxed", Fault::LeavesRelaxed),
    ] {
        model(claim)
            .bound(3, BOUND)
            .breaks(UNORDERED, move || inside(Default::default(), Some(fault)));
    }
}

#[test]
fn the_mark_and_the_counts_are_exact() {
    model("the most inside")
        .at_least(1_600, 5_600)
        .holds(["one at a time", "two"], mark::<Stats>);
    model("refusals")
        .at_least(570, 380)
        .holds(["none", "one", "two"], refusals::<Stats>);
    model("twin: a mark by load and store").breaks(MISCOUNTED, || mark::<Forgetful>(Default::default()));
    model("twin: a count by load and store").breaks(MISCOUNTED, || refusals::<Forgetful>(Default::default()));
}
