//! The delays of one series: attempts, totals, and what a server asks for.

use core::cell::Cell;
use core::time::Duration;
use proptest::prelude::*;
use watertight::{Backoff, Jitter, Micros, Random, SharedRandom};

use crate::naive::{any_plan, millis};
use crate::{any_draw, any_span, cases, micros};

/// Plays back what it is given, over and over.
struct Script(Vec<u32>, Cell<usize>);

impl Random for Script {
    fn next(&self) -> u32 {
        let at = self.1.get();
        self.1.set(at + 1);
        self.0[at % self.0.len()]
    }
}

fn all(delays: impl Iterator<Item = Micros>) -> Vec<u64> {
    delays.map(Micros::as_micros).collect()
}

#[test]
fn attempts_count_the_very_first() {
    let random = SharedRandom::seeded(1);
    let backoff = Backoff::exponential(micros(3), micros(40));
    assert_eq!(all(backoff.max_attempts(4).build().delays(&random)), [3, 6, 12]);
    assert_eq!(all(backoff.max_attempts(1).build().delays(&random)), [0; 0]);
    assert_eq!(
        all(backoff.max_attempts(3).first_at_once().build().delays(&random)),
        [0, 3]
    );
    assert_eq!(
        backoff.build().delays(&random).nth(1_000),
        Some(Micros::from_micros(40))
    );
}

#[test]
fn no_delay_is_cut_short_to_fit_the_total() {
    let random = SharedRandom::seeded(1);
    let backoff = Backoff::linear(millis(1_000), millis(1_000), Duration::MAX);
    // 1 + 2 + 3 = 6, and 4 more would be 10.
    assert_eq!(
        all(backoff.max_total(millis(9_999)).build().delays(&random)),
        [1, 2, 3].map(|s| s * 1_000_000)
    );
    assert_eq!(
        all(backoff.max_total(millis(10_000)).build().delays(&random)).len(),
        4
    );
    assert_eq!(
        all(backoff.max_total(Duration::ZERO).build().delays(&random)),
        [0; 0]
    );
    assert_eq!(
        all(backoff
            .max_total(Duration::ZERO)
            .first_at_once()
            .build()
            .delays(&random)),
        [0]
    );
}

#[test]
fn a_series_that_ended_stays_ended() {
    // The long draw ends it; the short one after that would still fit.
    let script = Script(vec![u32::MAX, u32::MAX, 0], Cell::new(0));
    let backoff = Backoff::constant(micros(10))
        .jitter(Jitter::Full)
        .max_total(micros(15))
        .build();
    let mut delays = backoff.delays(&script);
    assert_eq!(
        [delays.next(), delays.next(), delays.next()],
        [Some(Micros::from_micros(10)), None, None]
    );
    assert_eq!(delays.total(), Micros::from_micros(10));
}

#[test]
fn a_server_is_heeded_as_far_as_the_maximum() {
    let ms = Micros::from_millis;
    let backoff = Backoff::exponential(millis(50), millis(400)).max_hint(millis(5_000));
    // 50 ms of its own: longer hints lengthen it, shorter ones and none at all do not shorten it.
    let heeded = [1_500, 0, 49, 50, 51, 5_000, 10_000].map(|hint| backoff.build().at_least(ms(50), ms(hint)));
    assert_eq!(heeded, [1_500, 50, 50, 50, 51, 5_000, 5_000].map(ms));
    // Unless something else is said, to the cap; and a maximum below it is kept too.
    let plain = Backoff::exponential(millis(50), millis(400)).build();
    assert_eq!(plain.at_least(ms(50), Micros::MAX), ms(400));
    let below = Backoff::exponential(millis(50), millis(400))
        .max_hint(millis(60))
        .build();
    assert_eq!(below.at_least(ms(50), Micros::MAX), ms(60));
    assert_eq!(below.at_least(ms(400), Micros::MAX), ms(400));
    // In a series the longer delay counts towards the total, and the shape goes on as if nothing had been asked.
    let random = SharedRandom::seeded(1);
    let mut delays = backoff.max_total(millis(1_700)).build().delays(&random);
    assert_eq!(delays.next_at_least(ms(1_500)), Some(ms(1_500)));
    assert_eq!(delays.next(), Some(ms(100)));
    assert_eq!(delays.next(), None);
    assert_eq!(delays.total(), ms(1_600));
}

#[test]
fn decorrelated_jitter_does_not_grow_from_a_hint() {
    let script = Script(vec![0, u32::MAX], Cell::new(0));
    let backoff = Backoff::exponential(micros(10), micros(1_000))
        .jitter(Jitter::Decorrelated)
        .build();
    let mut delays = backoff.delays(&script);
    assert_eq!(
        delays.next_at_least(Micros::from_micros(500)),
        Some(Micros::from_micros(500))
    );
    assert_eq!(delays.next(), Some(Micros::from_micros(30)));
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_series_is_that_of_the_model(
        plan in any_plan(),
        attempts in prop::option::of(1..50u32),
        total in prop::option::of(any_span()),
        max_hint in prop::option::of(any_span()),
        hints in prop::collection::vec(prop_oneof![Just(0), any_span()], 1..5),
        draws in prop::collection::vec(any_draw(), 1..10),
    ) {
        let mut builder = plan.builder();
        if let Some(attempts) = attempts {
            builder = builder.max_attempts(attempts);
        }
        if let Some(total) = total {
            builder = builder.max_total(micros(total));
        }
        if let Some(hint) = max_hint {
            builder = builder.max_hint(micros(hint));
        }
        let backoff = builder.build();
        let mut expected = Vec::new();
        let (mut previous, mut sum) = (0, 0);
        for retry in 0..40 {
            if attempts.is_some_and(|attempts| retry + 2 > attempts) {
                break;
            }
            let base = i128::from(backoff.base_delay(retry).as_micros());
            let draw = draws[retry as usize % draws.len()];
            let own = if plan.at_once && retry == 0 { 0 } else { plan.jittered(base, previous, draw) };
            previous = own as u64;
            let hint = i128::from(hints[retry as usize % hints.len()]);
            let delay = own.max(hint.min(max_hint.map_or(plan.longest(), i128::from)));
            // The longest span stands for everything longer, as a limit too.
            sum = (sum + delay).min(i128::from(u64::MAX));
            if total.is_some_and(|total| sum > i128::from(total)) {
                break;
            }
            expected.push(delay as u64);
        }
        let mut delays = backoff.delays(Script(draws, Cell::new(0)));
        let got: Vec<u64> = (0..40)
            .map_while(|retry| delays.next_at_least(Micros::from_micros(hints[retry % hints.len()])))
            .map(Micros::as_micros)
            .collect();
        prop_assert_eq!(got, expected);
    }
}
