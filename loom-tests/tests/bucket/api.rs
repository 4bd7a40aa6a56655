//! The public API itself, with its own words and the clock that ships.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use loom::thread::spawn;
use watertight::{Clock, Instant, ManualClock, Micros, Quota, Receipt, TokenBucket};

use crate::bench::{OVER, STRETCH, TOKEN, join};
use crate::common::{State, model};

#[derive(Clone)]
struct Shared(Arc<ManualClock>);

impl Clock for Shared {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

/// What was granted, with its date.
type Granted = Arc<Mutex<Vec<(u64, u32)>>>;

fn note(granted: &Granted, receipt: &Receipt) {
    let mut granted = granted.lock().expect("a failed execution is the last");
    granted.push((receipt.act_at().as_micros(), receipt.tokens()));
}

/// One takes while the clock goes on to the next stretch; another reserves, and gives back.
fn bucket([refused, reserved, back]: [State; 3]) {
    let clock = Shared(Arc::new(ManualClock::starting_at(Instant::from_micros(
        STRETCH - 1,
    ))));
    let quota = Quota::per(1, Duration::from_micros(TOKEN)).burst(2).build();
    let bucket = Arc::new(TokenBucket::new(clock.clone(), quota));
    let granted = Granted::default();
    let taking = {
        let (bucket, granted, refused) = (bucket.clone(), granted.clone(), refused.clone());
        spawn(move || {
            match bucket.try_acquire_many(2) {
                Ok(receipt) => note(&granted, &receipt),
                Err(_) => refused.seen(),
            }
            clock
                .0
                .advance(Micros::from_micros(TOKEN))
                .expect("nobody else sets it");
            if let Ok(receipt) = bucket.acquire_up_to(2) {
                note(&granted, &receipt);
            }
        })
    };
    let reserving = {
        let (bucket, granted) = (bucket.clone(), granted.clone());
        spawn(move || {
            if let Ok(receipt) = bucket.reserve(1, Micros::from_micros(TOKEN)) {
                if receipt.act_at() != receipt.date() {
                    reserved.seen();
                }
                let taken = (receipt.act_at().as_micros(), receipt.tokens());
                match bucket.refund(receipt) {
                    0 => granted
                        .lock()
                        .expect("a failed execution is the last")
                        .push(taken),
                    1 => back.seen(),
                    other => panic!("{other} of one came back"),
                }
            }
        })
    };
    join([taking, reserving]);
    let granted = granted.lock().expect("a failed execution is the last");
    for (first, _) in granted.iter() {
        for (last, _) in granted.iter() {
            let within = granted.iter().filter(|(act, _)| (first..=last).contains(&act));
            let tokens: u64 = within.map(|(_, tokens)| u64::from(*tokens)).sum();
            assert!(
                tokens * TOKEN <= 2 * TOKEN + last.saturating_sub(*first),
                "{OVER}: {granted:?}"
            );
        }
    }
}

#[test]
fn the_public_bucket() {
    model("the public bucket with a manual clock")
        .at_least(42_000, 5_900)
        .bound(
            3,
            "without one, the words of the clock make millions of executions",
        )
        .holds(["refused", "reserved", "given back"], bucket);
}
