//! error: a token bucket holds 1 to 268435456 tokens: say .burst(n), where no number of tokens stands for it

use watertight::Quota;

static QUOTA: Quota = Quota::per_second(0).build();

fn main() {
    let _ = &QUOTA;
}
