//! error: `bulkhead` does not live long enough

use watertight::Bulkhead;

fn main() {
    let slot = {
        let bulkhead = Bulkhead::new(10);
        bulkhead.try_enter()
    };
    drop(slot);
}
