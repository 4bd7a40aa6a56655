//! error: the most of an adjustable burst is 1 to 2097152 tokens

use core::time::Duration;
use watertight::Quota;
use watertight::bucket::AdjustableQuota;

static QUOTA: AdjustableQuota = Quota::per_second(10).build_adjustable(20, Duration::from_secs(1), 2_097_153);

fn main() {
    let _ = &QUOTA;
}
