//! error: use of moved value: `slot`

use watertight::Bulkhead;

static BACKEND: Bulkhead = Bulkhead::new(10);

fn main() {
    if let Ok(slot) = BACKEND.try_enter() {
        slot.leave();
        slot.leave();
    }
}
