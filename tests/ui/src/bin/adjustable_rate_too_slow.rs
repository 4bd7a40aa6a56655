//! error: this rate is so far below the most of an adjustable one that it cannot be kept exactly: lower that, or its burst

use core::time::Duration;
use watertight::Quota;
use watertight::bucket::AdjustableQuota;

static QUOTA: AdjustableQuota =
    Quota::per_second(1).build_adjustable(1_000_000, Duration::from_secs(1), 2_097_152);

fn main() {
    let _ = &QUOTA;
}
