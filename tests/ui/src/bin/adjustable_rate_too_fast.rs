//! error: the most of an adjustable rate is one token a microsecond

use core::time::Duration;
use watertight::Quota;
use watertight::bucket::AdjustableQuota;

static QUOTA: AdjustableQuota = Quota::per_second(10).build_adjustable(1_000_001, Duration::from_secs(1), 20);

fn main() {
    let _ = &QUOTA;
}
