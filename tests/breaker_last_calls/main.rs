//! The last calls against a naive queue of them: every sequence of outcomes that is short, random ones that are long,
//! compared after each call.

#[path = "../common/mod.rs"]
mod common;
mod model;
mod pair;

use watertight::breaker::Window;
use watertight::{Random, SharedRandom, last_calls};

use model::{Call, Limits};
use pair::{Configured, Pair, Renewal, clock};

const CALLS: [Call; 4] = [
    Call {
        failed: false,
        slow: false,
    },
    Call {
        failed: true,
        slow: false,
    },
    Call {
        failed: false,
        slow: true,
    },
    Call {
        failed: true,
        slow: true,
    },
];

/// All sequences of `length` calls of `kinds` kinds, through one breaker after another and each also through one that
/// has been through all before. A sequence ends where it opens the breaker; what begins the same is left out.
fn all_sequences<W: Window<Rule: Configured>>(
    window: impl Fn() -> W,
    size: usize,
    limits: Limits,
    kinds: usize,
    length: u32,
) -> usize {
    let clock = clock();
    let mut old = Pair::new(&clock, window(), size, limits);
    let all = kinds.pow(length);
    let (mut sequence, mut tried) = (0, 0);
    while sequence < all {
        let mut new = Pair::new(&clock, window(), size, limits);
        // Of all that begin the same, the next is the first that does not.
        let mut alike = all;
        for _ in 0..length {
            alike /= kinds;
            let call = CALLS[sequence / alike % kinds];
            let opened = new.call(call);
            assert_eq!(old.call(call), opened, "the same as a new one");
            if opened {
                break;
            }
        }
        tried += 1;
        old.renew(if tried % 2 == 0 {
            Renewal::Reset
        } else {
            Renewal::Close
        });
        sequence += alike;
    }
    tried
}

const PERCENTS: [usize; 20] = [
    1, 20, 21, 25, 26, 33, 34, 40, 41, 50, 51, 60, 61, 66, 67, 75, 76, 80, 81, 100,
];

/// Every minimum, one that is above the size too, and every percentage at which something changes in a window of up to
/// five calls, from both sides.
fn all_limits(size: usize, slow_percents: &[usize], mut run: impl FnMut(Limits)) {
    // What runs under Miri is a small part of it.
    let (every, percents) = if cfg!(miri) {
        (size, [50].as_slice())
    } else {
        (1, PERCENTS.as_slice())
    };
    for minimum in (1..=size + 1).step_by(every) {
        for &failure_percent in percents {
            for &slow_percent in slow_percents {
                run(Limits {
                    failure_percent,
                    slow_percent,
                    minimum,
                });
            }
        }
    }
}

const LENGTH: u32 = if cfg!(miri) { 3 } else { 12 };

macro_rules! every_short_sequence {
    ($($name:ident: $calls:literal),+) => {$(
        #[test]
        fn $name() {
            let mut tried = 0;
            all_limits($calls, &[0], |limits| {
                tried += all_sequences(<last_calls!($calls)>::new, $calls, limits, 2, LENGTH);
            });
            println!("{tried} sequences");
        }
    )+};
}

every_short_sequence!(
    every_sequence_of_12_outcomes_in_a_window_of_1: 1,
    every_sequence_of_12_outcomes_in_a_window_of_2: 2,
    every_sequence_of_12_outcomes_in_a_window_of_3: 3,
    every_sequence_of_12_outcomes_in_a_window_of_4: 4,
    every_sequence_of_12_outcomes_in_a_window_of_5: 5
);

/// Four kinds of calls: so many sequences that only short ones are affordable where the window is large.
macro_rules! every_short_sequence_with_slow_calls {
    ($($name:ident: $calls:literal, $length:literal, $slow_percents:expr),+) => {$(
        #[test]
        fn $name() {
            let mut tried = 0;
            let length = $length.min(LENGTH);
            all_limits($calls, &$slow_percents, |limits| {
                // The failure rate has seen all percentages above: here one below, one alike and one above.
                if [1, 34, 50, 100].contains(&limits.failure_percent) {
                    tried += all_sequences(<last_calls!($calls, slow)>::new, $calls, limits, 4, length);
                }
            });
            println!("{tried} sequences");
        }
    )+};
}

every_short_sequence_with_slow_calls!(
    every_sequence_with_slow_calls_in_a_window_of_1: 1, 12, [1, 100],
    every_sequence_with_slow_calls_in_a_window_of_2: 2, 8, [50, 51, 100],
    every_sequence_with_slow_calls_in_a_window_of_3: 3, 7, [34, 67, 100],
    every_sequence_with_slow_calls_in_a_window_of_4: 4, 7, [25, 51, 100],
    every_sequence_with_slow_calls_in_a_window_of_5: 5, 6, [41, 60, 100]
);

/// Calls in stretches, each with another probability of failure and of slowness, so that the window is now clean, now
/// full of failures, and anything between. Now and then a closed breaker is renewed.
fn random_calls<W: Window<Rule: Configured>>(window: W, size: usize, limits: Limits, calls: usize) {
    let clock = clock();
    let mut pair = Pair::new(&clock, window, size, limits);
    let random = SharedRandom::seeded(size as u32 ^ 0x5eed);
    let below = |limit: usize| random.next() as usize % limit;
    let (mut stretch, mut fail, mut slow) = (0, 0, 0);
    let mut renewed = 0;
    for number in 0..if cfg!(miri) { 300 } else { calls } {
        if stretch == 0 {
            stretch = 1 + below(3 * size + 20);
            let odds = [0, 0, 1, 8, 32, 48, 63, 64];
            fail = odds[below(odds.len())];
            slow = if limits.slow_percent > 0 {
                odds[below(odds.len())]
            } else {
                0
            };
            assert!(pair.is_sound());
            if below(40) == 0 {
                pair.renew(if below(2) == 0 {
                    Renewal::Reset
                } else {
                    Renewal::Close
                });
                renewed += 1;
            }
        }
        stretch -= 1;
        let call = Call {
            failed: below(64) < fail,
            slow: below(64) < slow,
        };
        if pair.call(call) {
            pair.renew(if number % 2 == 0 {
                Renewal::Reset
            } else {
                Renewal::Close
            });
        }
    }
    println!(
        "{size} {limits:?}: {} trips, {renewed} renewals, at most {} failures without a trip",
        pair.trips, pair.most_failures
    );
    if !cfg!(miri) {
        assert!(renewed + pair.trips > 5);
    }
}

macro_rules! long_random_sequences {
    ($($name:ident: $calls:literal),+) => {$(
        #[test]
        fn $name() {
            let limits = |failure_percent, minimum| Limits { failure_percent, slow_percent: 0, minimum };
            // Hardly ever over, so that the tape goes round for long; and over every now and then.
            random_calls(<last_calls!($calls)>::new(), $calls, limits(100, 1_000_000), 1_000_000);
            random_calls(<last_calls!($calls)>::new(), $calls, limits(57, 1 + $calls / 2), 100_000);
        }
    )+};
    (slow, $($name:ident: $calls:literal),+) => {$(
        #[test]
        fn $name() {
            let limits = |failure_percent, slow_percent, minimum| Limits { failure_percent, slow_percent, minimum };
            random_calls(<last_calls!($calls, slow)>::new(), $calls, limits(100, 100, 1_000_000), 1_000_000);
            random_calls(<last_calls!($calls, slow)>::new(), $calls, limits(57, 71, 1 + $calls / 2), 100_000);
        }
    )+};
}

long_random_sequences!(
    a_million_calls_in_a_window_of_1: 1,
    a_million_calls_in_a_window_of_2: 2,
    a_million_calls_in_a_window_of_3: 3,
    a_million_calls_in_a_window_of_5: 5,
    a_million_calls_in_a_window_of_18: 18,
    a_million_calls_in_a_window_of_19: 19,
    a_million_calls_in_a_window_of_20: 20,
    a_million_calls_in_a_window_of_38: 38,
    a_million_calls_in_a_window_of_100: 100,
    a_million_calls_in_a_window_of_1000: 1_000
);

long_random_sequences!(
    slow,
    a_million_calls_with_slow_ones_in_a_window_of_1: 1,
    a_million_calls_with_slow_ones_in_a_window_of_2: 2,
    a_million_calls_with_slow_ones_in_a_window_of_9: 9,
    a_million_calls_with_slow_ones_in_a_window_of_10: 10,
    a_million_calls_with_slow_ones_in_a_window_of_100: 100
);

/// The generations come round at 512: what was counted in one is not taken for the present one's.
#[test]
fn a_window_is_empty_again_after_any_number_of_generations_without_a_call() {
    let clock = clock();
    let limits = Limits {
        failure_percent: 100,
        slow_percent: 0,
        minimum: 20,
    };
    for generations in [1, 2, 511, 512, 513, 1_024] {
        let mut pair = Pair::new(&clock, <last_calls!(20)>::new(), 20, limits);
        for _ in 0..3 {
            assert!(!pair.call(CALLS[1]));
        }
        for _ in 0..generations {
            pair.renew(Renewal::Reset);
        }
        assert!(!pair.call(CALLS[0]));
        assert!(!pair.call(CALLS[1]));
    }
}
