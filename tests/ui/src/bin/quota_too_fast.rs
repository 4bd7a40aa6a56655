//! error: a token bucket gets at most 8 tokens a microsecond

use watertight::Quota;

static QUOTA: Quota = Quota::per_second(8_000_001).build();

fn main() {
    let _ = &QUOTA;
}
