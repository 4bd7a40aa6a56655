//! error: a window has 1 to 2413 calls, with a rule for slow calls 1 to 1143

use watertight::breaker::LastCalls;
use watertight::last_calls;

static WINDOW: last_calls!(0) = LastCalls::new();

fn main() {
    let _ = &WINDOW;
}
