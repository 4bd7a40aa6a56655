//! error: the limit of a bulkhead with waiters is at most 1023

use watertight::bulkhead::Waiting;

static BACKEND: Waiting<8> = Waiting::<8>::new(2000);

fn main() {
    let _ = BACKEND.try_enter();
}
