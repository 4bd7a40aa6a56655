//! compiles

use watertight::bulkhead::{Stats, Waiting};
use watertight::{Bulkhead, Instant, Micros, Quota, Share, TokenBucket, TokenBulkhead};

const BACKGROUND: Share = Share::percent(1);
const USUAL: Share = Share::percent(100);
static BACKEND: Bulkhead = Bulkhead::new(u16::MAX);
static ROOM: Waiting<32, Stats> = Waiting::with_stats(1_023, Stats::new());
static QUOTA: Quota = Quota::per_second(50).build();
static RADIO: TokenBulkhead<Waiting<1>, TokenBucket<Instant>> =
    TokenBulkhead::new(Waiting::new(0), TokenBucket::new(Instant::from_micros(0), &QUOTA));

fn main() {
    if let Ok(slot) = BACKEND.try_enter_as(BACKGROUND, 2) {
        slot.leave();
    }
    if let Ok(slot) = ROOM.try_enter_as(USUAL, 1) {
        std::thread::spawn(move || drop(slot));
    }
    drop(ROOM.enter());
    if let Ok(permit) = RADIO.try_enter() {
        permit.refund();
    }
    drop(RADIO.enter(1, Micros::ZERO, |_| core::future::ready(())));
}
