//! error: an adjustable rate is at most what was said to be its most

use core::time::Duration;
use watertight::Quota;
use watertight::bucket::AdjustableQuota;

static QUOTA: AdjustableQuota = Quota::per_second(10).build_adjustable(9, Duration::from_secs(1), 20);

fn main() {
    let _ = &QUOTA;
}
