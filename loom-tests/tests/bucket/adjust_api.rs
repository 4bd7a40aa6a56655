//! The public API itself, with its own words and the clock that ships.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use loom::thread::spawn;
use watertight::bucket::{AdjustError, AdjustableBucket, Receipt};
use watertight::{Clock, Instant, ManualClock, Micros, Quota};

use crate::adjust_bench::{FAST, OVER, PERIOD, SLOW, STRETCH, TOKEN};
use crate::common::{State, model};

#[derive(Clone)]
struct Shared(Arc<ManualClock>);

impl Clock for Shared {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

/// One makes the rate slower and takes, now and later; another takes, and wants to change it, too.
fn bucket([refused, busy]: [State; 2]) {
    // Just before the next stretch.
    const START: u64 = STRETCH - TOKEN;
    let clock = Shared(Arc::new(ManualClock::starting_at(Instant::from_micros(START))));
    let period = Duration::from_micros(PERIOD);
    let quota = Quota::per(FAST as u32, period)
        .burst(2)
        .build_adjustable(FAST as u32, period, 2);
    let bucket = Arc::new(AdjustableBucket::new(clock.clone(), quota));
    let granted = Arc::new(Mutex::new(Vec::new()));
    let note = |granted: &Mutex<Vec<_>>, receipt: Receipt| {
        let mut granted = granted.lock().expect("a failed execution is the last");
        granted.push((receipt.date().as_micros(), receipt.tokens()));
    };
    let changing = {
        let (bucket, granted) = (bucket.clone(), granted.clone());
        spawn(move || {
            // Who is told that another changes it cannot know since when it is slower.
            let now = bucket.at(Instant::from_micros(START));
            let slower = now.set(SLOW as u32, period, 2).is_ok();
            if !slower {
                busy.seen();
            }
            if let Ok(receipt) = bucket
                .at(Instant::from_micros(START + 2 * TOKEN))
                .acquire_up_to(2)
            {
                note(&granted, receipt);
            }
            slower
        })
    };
    let taking = {
        let (bucket, granted) = (bucket.clone(), granted.clone());
        spawn(move || {
            match bucket.try_acquire_many(2) {
                Ok(receipt) => note(&granted, receipt),
                Err(_) => refused.seen(),
            }
            let set = bucket.set(SLOW as u32, period, 2);
            assert!(matches!(set, Ok(()) | Err(AdjustError::Busy(_))), "{set:?}");
            clock
                .0
                .advance(Micros::from_micros(TOKEN))
                .expect("nobody else sets it");
        })
    };
    let slower = changing.join().expect("a thread fails by failing the model");
    taking.join().expect("a thread fails by failing the model");
    let rate = if slower { SLOW } else { FAST };
    let granted = granted.lock().expect("a failed execution is the last");
    for (first, _) in granted.iter() {
        for (last, _) in granted.iter() {
            let within = granted.iter().filter(|(date, _)| (first..=last).contains(&date));
            let tokens: u64 = within.map(|(_, tokens)| u64::from(*tokens)).sum();
            assert!(
                tokens * PERIOD <= 2 * PERIOD + last.saturating_sub(*first) * rate,
                "{OVER}: {granted:?}"
            );
        }
    }
}

#[test]
fn the_public_adjustable_bucket() {
    model("the public adjustable bucket with a manual clock")
        .at_least(5_400, 5_700)
        .bound(3, "without one, more than 40 s")
        .holds(["refused", "busy"], bucket);
}
