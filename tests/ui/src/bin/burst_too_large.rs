//! error: a token bucket holds 1 to 268435456 tokens

use watertight::Quota;

static QUOTA: Quota = Quota::per_second(1).burst(u32::MAX).build();

fn main() {
    let _ = &QUOTA;
}
