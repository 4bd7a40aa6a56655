//! error: a share of a bulkhead's limit is from 1 to 100 percent

use watertight::Share;

const BACKGROUND: Share = Share::percent(101);

fn main() {
    let _ = BACKGROUND;
}
