//! The two-slot cell: what a reader may see while others change the value, and what it costs the others.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{State, model};
use loom::thread;
use watertight::Busy;
use watertight::models::{AtomicU32, Ordering, Slots, Words, fence};

/// A number in two words that show whether they belong together.
#[derive(Clone, Copy)]
struct Pair(u32);

impl Words<2> for Pair {
    fn to_words(self) -> [u32; 2] {
        [self.0, !self.0]
    }

    fn from_words([number, inverse]: [u32; 2]) -> Self {
        assert_eq!(number, !inverse, "a mixture of two values");
        Self(number)
    }
}

/// What ships, and the twins that somebody broke.
trait Cell: Send + Sync + 'static {
    fn read(&self) -> u32;
    /// The first word alone, which is the number.
    fn read_word(&self) -> u32;
    fn change(&self, next: impl FnOnce(u32) -> u32) -> Result<(), Busy>;

    fn add_one(&self) -> Result<(), Busy> {
        self.change(|number| number + 1)
    }
}

/// The live slot holds 0; the words of the other belong to no value.
fn words() -> [[AtomicU32; 2]; 2] {
    [Pair(0).to_words(), [0, 0]].map(|slot| slot.map(AtomicU32::new))
}

impl Cell for Slots<2> {
    fn read(&self) -> u32 {
        Slots::read::<Pair>(self).0
    }

    fn read_word(&self) -> u32 {
        Slots::read_word(self, 0)
    }

    fn change(&self, next: impl FnOnce(u32) -> u32) -> Result<(), Busy> {
        Slots::change(self, |Pair(number)| Pair(next(number)))
    }
}

// --- The claims, over any cell -------------------------------------------------------------------------------

/// Two changes against one reader. `across`: the first was published and the second begun during the read.
fn one_reader_two_changes(cell: impl Cell, across: State) {
    let cell = Arc::new(cell);
    let begun = Arc::new(AtomicUsize::new(0));
    let reader = {
        let (cell, begun) = (cell.clone(), begun.clone());
        thread::spawn(move || {
            let before = begun.load(Relaxed);
            let number = cell.read();
            let after = begun.load(Relaxed);
            assert!(number as usize <= after, "a value that nobody has written yet");
            if (before, after) == (0, 2) {
                across.seen();
            }
        })
    };
    for _ in 0..2 {
        let begun = begun.clone();
        let next = move |number| {
            begun.fetch_add(1, Relaxed);
            number + 1
        };
        cell.change(next).expect("nobody else changes it");
    }
    reader.join().unwrap();
    assert_eq!(cell.read(), 2, "a change was lost");
}

/// One change against two reads in a row. `inside`: the first began and ended in the middle of the change, which
/// is where a writer could have been stopped for ever.
fn two_reads_one_change(cell: impl Cell, inside: State) {
    let cell = Arc::new(cell);
    let changing = Arc::new(AtomicUsize::new(0));
    let reader = {
        let (cell, changing) = (cell.clone(), changing.clone());
        thread::spawn(move || {
            let before = changing.load(Relaxed);
            let first = cell.read();
            if (before, changing.load(Relaxed)) == (1, 1) {
                inside.seen();
            }
            assert!(first <= cell.read(), "the second value is the older one");
        })
    };
    cell.change(|number| {
        changing.store(1, Relaxed);
        number + 1
    })
    .expect("nobody else changes it");
    changing.store(2, Relaxed);
    reader.join().unwrap();
}

/// Two changes against one word, read twice in a row. `across`: the first was published and the second begun meanwhile.
fn one_word_two_changes(cell: impl Cell, across: State) {
    let cell = Arc::new(cell);
    let begun = Arc::new(AtomicUsize::new(0));
    let reader = {
        let (cell, begun) = (cell.clone(), begun.clone());
        thread::spawn(move || {
            let before = begun.load(Relaxed);
            let first = cell.read_word();
            if (before, begun.load(Relaxed)) == (0, 2) {
                across.seen();
            }
            assert!(first <= cell.read_word(), "the second value is the older one");
        })
    };
    for _ in 0..2 {
        let begun = begun.clone();
        let next = move |number| {
            begun.fetch_add(1, Relaxed);
            number + 1
        };
        cell.change(next).expect("nobody else changes it");
    }
    reader.join().unwrap();
    assert_eq!(cell.read_word(), 2, "a change was lost");
}

/// Two writers. `both`: both changed the value; `busy`: one was turned away.
fn two_writers(cell: impl Cell, both: State, busy: State) {
    let cell = Arc::new(cell);
    let other = {
        let cell = cell.clone();
        thread::spawn(move || cell.add_one())
    };
    let results = [cell.add_one(), other.join().unwrap()];
    let changes = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(cell.read() as usize, changes, "a change was lost");
    match changes {
        2 => both.seen(),
        1 => busy.seen(),
        _ => panic!("each writer turned the other away"),
    }
}

#[test]
fn a_reader_across_two_changes_never_sees_a_mixture() {
    model("slots: a reader across two changes never sees a mixture")
        .at_least(9_000, 20_000)
        .holds(["across both changes"], |[across]| {
            one_reader_two_changes(Slots::new(words()), across);
        });
}

#[test]
fn a_reader_never_waits_for_a_writer_and_never_goes_back() {
    model("slots: a reader never waits for a writer, and never goes back")
        .at_least(180, 1_900)
        .holds(["inside the change"], |[inside]| {
            two_reads_one_change(Slots::new(words()), inside);
        });
}

#[test]
fn one_word_alone_never_goes_back() {
    model("slots: one word alone never goes back")
        .at_least(34_000, 12_000)
        .holds(["across both changes"], |[across]| {
            one_word_two_changes(Slots::new(words()), across);
        });
    model("slots, twin: one word, looked at once").breaks("the second value is the older one", || {
        one_word_two_changes(Twin::new(Flaw::NoSecondLook), State::default());
    });
}

#[test]
fn of_two_writers_each_changes_the_value_or_is_told_busy() {
    model("slots: of two writers each changes the value or is told Busy")
        .at_least(24, 30)
        .holds(["both changed", "one was told Busy"], |[both, busy]| {
            two_writers(Slots::new(words()), both, busy);
        });
}

#[test]
fn a_writer_that_never_comes_back_leaves_the_last_value() {
    model("slots: a writer that never comes back leaves the last value")
        .at_least(20, 400)
        .holds(["died before", "died after"], |[before, after]| {
            let cell = Arc::new(Slots::new(words()));
            let dead = Arc::new(AtomicUsize::new(0));
            let survivor = {
                let (cell, dead) = (cell.clone(), dead.clone());
                thread::spawn(move || {
                    let died = dead.load(Relaxed);
                    assert_eq!(Cell::read(&*cell), 0, "what nobody has published");
                    assert_eq!(Cell::read(&*cell), 0, "what nobody has published");
                    if died == 1 { before.seen() } else { after.seen() }
                })
            };
            // The panic leaves the change where it stands, with the busy bit on.
            let stopped = catch_unwind(AssertUnwindSafe(|| {
                Cell::change(&*cell, |_| panic!("stopped for ever"))
            }));
            assert!(stopped.is_err());
            dead.store(1, Relaxed);
            survivor.join().unwrap();
            assert_eq!(cell.add_one(), Err(Busy));
            assert_eq!(Cell::read(&*cell), 0);
        });
}

// --- The twins -----------------------------------------------------------------------------------------------

#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    None,
    /// The reader trusts its first look.
    NoSecondLook,
    /// The reader looks again before it copies instead of after.
    LooksTooEarly,
    /// The version moves before the words are there.
    PublishedFirst,
    /// The change is written over the live slot.
    OneSlot,
    /// The writer looks at the busy bit and never takes it.
    NobodyBusy,
    /// The reader waits until nobody is busy.
    Waits,
}

/// The same protocol once more, with one flaw.
struct Twin {
    version: AtomicU32,
    slots: [[AtomicU32; 2]; 2],
    flaw: Flaw,
}

impl Twin {
    fn new(flaw: Flaw) -> Self {
        Self {
            version: AtomicU32::new(0),
            slots: words(),
            flaw,
        }
    }

    fn slot(&self, version: u32) -> &[AtomicU32; 2] {
        let changes = if self.flaw == Flaw::OneSlot {
            0
        } else {
            version >> 1
        };
        &self.slots[changes as usize & 1]
    }

    fn copy(&self, version: u32) -> [u32; 2] {
        let [first, second] = self.slot(version);
        [first.load(Ordering::Relaxed), second.load(Ordering::Relaxed)]
    }
}

impl Cell for Twin {
    fn read(&self) -> u32 {
        loop {
            let seen = self.version.load(Ordering::Acquire);
            let early = match self.flaw {
                Flaw::LooksTooEarly => Some(self.version.load(Ordering::Relaxed)),
                Flaw::NoSecondLook => Some(seen),
                _ => None,
            };
            let copy = self.copy(seen);
            fence(Ordering::Acquire);
            let now = early.unwrap_or_else(|| self.version.load(Ordering::Relaxed));
            let waits = self.flaw == Flaw::Waits && seen & 1 == 1;
            if now.wrapping_sub(seen & !1) <= 2 && !waits {
                return Pair::from_words(copy).0;
            }
        }
    }

    fn read_word(&self) -> u32 {
        loop {
            let seen = self.version.load(Ordering::Acquire);
            let number = self.slot(seen)[0].load(Ordering::Relaxed);
            fence(Ordering::Acquire);
            let now = self.version.load(Ordering::Relaxed);
            if self.flaw == Flaw::NoSecondLook || now.wrapping_sub(seen & !1) <= 2 {
                return number;
            }
        }
    }

    fn change(&self, next: impl FnOnce(u32) -> u32) -> Result<(), Busy> {
        let seen = self.version.load(Ordering::Relaxed);
        if seen & 1 == 1 {
            return Err(Busy);
        }
        if self.flaw != Flaw::NobodyBusy {
            self.version
                .compare_exchange(seen, seen | 1, Ordering::Acquire, Ordering::Relaxed)
                .map_err(|_| Busy)?;
        }
        fence(Ordering::Release);
        let [number, _] = self.copy(seen);
        let words = Pair(next(number)).to_words();
        let published = seen.wrapping_add(2);
        if self.flaw == Flaw::PublishedFirst {
            self.version.store(published, Ordering::Release);
        }
        for (word, slot) in words.into_iter().zip(self.slot(published)) {
            slot.store(word, Ordering::Relaxed);
        }
        self.version.store(published, Ordering::Release);
        Ok(())
    }
}

#[test]
fn the_twin_without_a_flaw_holds() {
    model("slots: the twin without a flaw").holds(["across both changes"], |[across]| {
        one_reader_two_changes(Twin::new(Flaw::None), across);
    });
    model("slots: the writers of the twin without a flaw").holds(
        ["both changed", "one was told Busy"],
        |[both, busy]| {
            two_writers(Twin::new(Flaw::None), both, busy);
        },
    );
}

#[test]
fn a_reader_that_does_not_look_again_after_its_copy_sees_a_mixture() {
    for (flaw, claim) in [
        (Flaw::NoSecondLook, "slots, twin: a reader that looks once"),
        (
            Flaw::LooksTooEarly,
            "slots, twin: a reader that looks again before it has copied",
        ),
    ] {
        model(claim).breaks("a mixture", move || {
            one_reader_two_changes(Twin::new(flaw), State::default())
        });
    }
}

#[test]
fn a_version_that_moves_before_the_words_shows_a_mixture() {
    model("slots, twin: a version that moves before the words").breaks("a mixture", || {
        two_reads_one_change(Twin::new(Flaw::PublishedFirst), State::default());
    });
}

#[test]
fn one_slot_shows_a_mixture() {
    model("slots, twin: one slot").breaks("a mixture", || {
        two_reads_one_change(Twin::new(Flaw::OneSlot), State::default());
    });
}

#[test]
fn writers_that_do_not_turn_each_other_away_lose_a_change() {
    model("slots, twin: writers that do not turn each other away").breaks("a change was lost", || {
        two_writers(Twin::new(Flaw::NobodyBusy), State::default(), State::default());
    });
}

#[test]
fn a_reader_that_waits_is_held_up_by_a_stopped_writer() {
    model("slots, twin: a reader that waits for the writer").breaks("maximum number of branches", || {
        two_reads_one_change(Twin::new(Flaw::Waits), State::default());
    });
}
