//! error: a waiting room has 1, 2, 4, 8, 16 or 32 seats

use watertight::bulkhead::Waiting;

static BACKEND: Waiting<64> = Waiting::new(10);

fn main() {
    let _ = BACKEND.try_enter();
}
