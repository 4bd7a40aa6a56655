//! error: a token bucket has at first at most as many tokens as it holds

use watertight::Quota;

static QUOTA: Quota = Quota::per_second(5).burst(3).initial(4).build();

fn main() {
    let _ = &QUOTA;
}
