//! error: an adjustable burst is at least 1 and at most what was said to be its most

use core::time::Duration;
use watertight::Quota;
use watertight::bucket::AdjustableQuota;

static QUOTA: AdjustableQuota = Quota::per_second(10).build_adjustable(20, Duration::from_secs(1), 9);

fn main() {
    let _ = &QUOTA;
}
