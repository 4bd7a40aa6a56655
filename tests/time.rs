//! The clock that is told what time it is: it starts anywhere, steps back, comes round, and threads share it.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::thread;

use watertight::{Busy, Clock, Instant, ManualClock, Micros, StdClock};

mod common;
use common::micros;

/// The interpreter is thousands of times slower, and tries the unlikely far more often.
const ROUNDS: u64 = if cfg!(miri) { 300 } else { 200_000 };

#[test]
fn starts_anywhere_and_stands_still() {
    for start in [
        0,
        1,
        u32::MAX as u64,
        1 << 32,
        u64::MAX / 2,
        u64::MAX / 2 + 1,
        u64::MAX,
    ] {
        let clock = ManualClock::starting_at(Instant::from_micros(start));
        assert_eq!(clock.now().as_micros(), start);
        assert_eq!(clock.now().as_micros(), start);
    }
}

#[test]
fn moves_forward_and_back_across_both_words_and_the_end_of_the_circle() {
    for (start, span, then) in [
        (0xFFFF_FFFF, 1, 0x1_0000_0000),
        (0xFFFF_FFFF_FFFF_FFFF, 1, 0),
        (0xFFFF_FFFF_0000_0000, 0x1_0000_0007, 7),
        (5, 0, 5),
        (0, u64::MAX, u64::MAX),
    ] {
        let clock = ManualClock::starting_at(Instant::from_micros(start));
        assert_eq!(clock.advance(micros(span)), Ok(()));
        assert_eq!(clock.now().as_micros(), then, "{start} + {span}");
        assert_eq!(clock.step_back(micros(span)), Ok(()));
        assert_eq!(clock.now().as_micros(), start, "{then} - {span}");
    }
}

#[test]
fn can_be_set_to_any_time_from_any_time() {
    let clock = ManualClock::starting_at(Instant::from_micros(0));
    for time in [u64::MAX, 0, 1 << 63, 7, 1 << 32, (1 << 32) - 1] {
        assert_eq!(clock.set(Instant::from_micros(time)), Ok(()));
        assert_eq!(clock.now().as_micros(), time);
    }
}

#[test]
fn is_a_static_of_five_words_that_threads_share() {
    static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(41));
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&CLOCK);
    assert_eq!(size_of::<ManualClock>(), 20);
    thread::spawn(|| CLOCK.advance(micros(1)))
        .join()
        .expect("the thread does not panic")
        .expect("nobody else sets the clock");
    assert_eq!(CLOCK.now().as_micros(), 42);
}

#[test]
fn the_system_clock_never_steps_back_and_has_no_size() {
    assert_eq!(size_of::<StdClock>(), 0);
    let first = StdClock.now();
    thread::sleep(Duration::from_millis(2));
    let second = StdClock.now();
    assert!(second.since(first) >= Micros::from_millis(2));
    assert_eq!(first.since(second), Micros::ZERO);
}

#[test]
fn spans_convert_to_and_from_durations() {
    assert_eq!(Micros::from(Duration::from_nanos(1_500)), micros(2));
    assert_eq!(Micros::from(Duration::MAX), Micros::MAX);
    assert_eq!(Duration::from(micros(1_500_000)), Duration::from_millis(1_500));
}

/// A time whose two words are the same, so that two times cannot be mixed unseen.
fn twice(word: u64) -> Instant {
    Instant::from_micros(word | word << 32)
}

#[test]
fn a_reader_never_sees_a_mixture_of_two_settings() {
    let clock = ManualClock::starting_at(twice(0));
    let done = AtomicBool::new(false);
    let moved = AtomicUsize::new(0);
    thread::scope(|scope| {
        let readers = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let now = clock.now().as_micros();
                    let (low, high) = (now as u32, (now >> 32) as u32);
                    assert_eq!(low, high, "a mixture of two settings");
                    assert!(low >= last, "the clock was never set back");
                    if low > last {
                        moved.fetch_add(1, Ordering::Relaxed);
                    }
                    last = low;
                }
            })
        });
        // However fast or slow the readers are, they are to see it move.
        let mut word = 0;
        while word < ROUNDS || moved.load(Ordering::Relaxed) < 10 {
            if readers.iter().any(|reader| reader.is_finished()) {
                break; // It panicked.
            }
            word += 1;
            clock.set(twice(word)).expect("nobody else sets the clock");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn of_several_writers_each_moves_the_clock_or_is_told_busy() {
    let clock = ManualClock::starting_at(Instant::from_micros(u64::MAX));
    let busy = AtomicUsize::new(0);
    let moved: u64 = thread::scope(|scope| {
        let writers = [(); 3].map(|()| {
            scope.spawn(|| {
                let mut moved = 0;
                // Until somebody was turned away, or nothing is shown.
                while moved < ROUNDS || busy.load(Ordering::Relaxed) == 0 {
                    match clock.advance(micros(1)) {
                        Ok(()) => moved += 1,
                        Err(Busy) => {
                            busy.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
                moved
            })
        });
        writers
            .map(|writer| writer.join().expect("a writer does not panic"))
            .iter()
            .sum()
    });
    let span = clock.now().since(Instant::from_micros(u64::MAX));
    assert_eq!(span, micros(moved), "a move was lost, or made twice");
}
