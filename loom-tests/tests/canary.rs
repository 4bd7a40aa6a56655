//! Whether loom is there at all. With the private cfg off, the sources take the machine's own atomics and most
//! models still pass, having explored nothing: this one does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use watertight::{Clock, Instant, ManualClock};

#[test]
fn a_race_is_explored_more_than_once() {
    let executions = Arc::new(AtomicUsize::new(0));
    let early = Arc::new(AtomicUsize::new(0));
    let (runs, reads) = (executions.clone(), early.clone());
    loom::model(move || {
        runs.fetch_add(1, Relaxed);
        let clock = Arc::new(ManualClock::starting_at(Instant::from_micros(1)));
        let (shared, reads) = (clock.clone(), reads.clone());
        let reader = loom::thread::spawn(move || {
            if shared.now() == Instant::from_micros(1) {
                reads.fetch_add(1, Relaxed);
            }
        });
        clock.set(Instant::from_micros(2)).expect("nobody else sets it");
        reader.join().expect("the reader does not panic");
    });
    let (executions, early) = (executions.load(Relaxed), early.load(Relaxed));
    assert!(
        executions > 1,
        "{executions} execution: these are not loom's atomics"
    );
    assert!(
        0 < early && early < executions,
        "of {executions} executions {early} read the old time"
    );
}
