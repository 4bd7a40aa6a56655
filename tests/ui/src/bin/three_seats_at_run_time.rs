//! error: a waiting room has 1, 2, 4, 8, 16 or 32 seats

use watertight::bulkhead::Waiting;

fn main() {
    let _ = Waiting::<3>::try_new(10);
}
