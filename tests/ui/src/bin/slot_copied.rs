//! error: no method named `clone` found for struct `Slot<H>`

use watertight::Bulkhead;

static BACKEND: Bulkhead = Bulkhead::new(10);

fn main() {
    if let Ok(slot) = BACKEND.try_enter() {
        drop(slot.clone());
    }
}
