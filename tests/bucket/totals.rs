//! Nothing is lost and nothing gained, over 10^9 seconds and by whatever schedule.

use core::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};
use watertight::TokenBucket;

use crate::cases;
use crate::model::Settings;
use crate::pair::instant;
use crate::properties::{any_settings, start};

/// 10^9 seconds, in microseconds: 31.7 years.
const LONG: i128 = 1_000_000_000_000_000;

/// All that is granted up to `until` to somebody who comes at moments that differ by 1 to `most`, always
/// before the bucket is full.
fn granted(settings: &Settings, start: i128, until: i128, most: i128, seed: u64) -> i128 {
    let quota = settings.builder().try_build().expect("it is taken");
    let bucket = TokenBucket::new((), &quota);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let (mut now, mut sum) = (0, 0);
    loop {
        if let Ok(receipt) = bucket.at(instant(start + now)).acquire_up_to(u32::MAX) {
            sum += i128::from(receipt.tokens());
        }
        if now == until {
            return sum;
        }
        let draw = i128::from(random.next_u64());
        now = (now + 1 + ((draw * most) >> 64)).min(until);
    }
}

/// Microseconds after which a bucket that was emptied to less than a token is not yet full.
fn not_yet_full(settings: &Settings) -> i128 {
    let (rate, token) = settings.rate();
    (i128::from(settings.burst) - 1) * token / rate - 2
}

#[test]
fn nothing_is_lost_in_a_billion_seconds() {
    let spans = [
        // Exact.
        (1, 3_600, 10),
        (7, 86_400, 20),
        (1, 604_800, 3),
        (1, 60, 1_000),
        (1_000, 86_400, 500),
        (1_000_000, 86_400, 100_000),
        (1, 1, 17_179),
        // Nearly.
        (7, 3_600, 500),
        (3, 604_800, 100),
        (13, 86_400, 1_000),
        (997, 1_000, 100_000),
    ];
    for (tokens, seconds, burst) in spans {
        let settings = Settings {
            initial: Some(0),
            ..Settings::new(tokens, Duration::from_secs(seconds), burst)
        };
        let (rate, token) = settings.rate();
        let due = rate * LONG / token;
        let most = not_yet_full(&settings);
        for (most, seed) in [(most, 1), (most * 2 / 3, 2)] {
            let sum = granted(&settings, 0, LONG, most, seed);
            if settings.exact_drops().is_some() {
                assert_eq!(sum, due, "{settings:?}");
            } else {
                assert!((due - 1..=due).contains(&sum), "{sum} of {due}, {settings:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn any_schedule_gets_the_same(
        settings in any_settings(),
        start in start(),
        seeds in any::<[u64; 2]>(),
        paces in prop::array::uniform2(1..=1_000_i128),
        bursts in 1..100_i128,
    ) {
        // Rates that bring something, and buckets that are not full at once.
        if settings.builder().try_build().is_err() || settings.burst < 4 || settings.rate().0 == 0 {
            return Ok(());
        }
        let most = not_yet_full(&settings).min(1 << 44);
        if most < 2 {
            return Ok(());
        }
        let until = most * bursts / 10;
        // Behind it, too: there nothing drips in for as long as the bucket takes to be full for certain.
        if settings.meet_the_seam(start - (1 << 61), until + (1 << 61)) {
            return Ok(());
        }
        let sums = [0, 1].map(|i| {
            granted(&settings, start, until, (most * paces[i] / 1_000).max(until / 100 + 1).min(most), seeds[i])
        });
        prop_assert_eq!(sums[0], sums[1]);
        // And what has come, but for a drop that was begun.
        let (rate, token) = settings.rate();
        let initial = settings.initial.map_or(i128::from(settings.burst), i128::from);
        let due = initial + rate * until / token;
        prop_assert!((due - 1..=due + 1).contains(&sums[0]), "{} of {}", sums[0], due);
    }
}
