//! Any quota, any start of the clock, any schedule of calls and changes: every answer is the model's, and no window has too much.

use core::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use watertight::ManualClock;
use watertight::bucket::AdjustableQuota;

use super::model::{Settings, Terms};
use super::pair::{self, Met, Pair, Step, any_settings, step};
use crate::cases;
use crate::pair::{Ask, Number, Wait, instant};
use crate::properties::start;

fn run(settings: &Settings, quota: &AdjustableQuota, start: i128, steps: &[Step]) -> Met {
    let clock = ManualClock::starting_at(instant(start));
    let mut pair = Pair::new(settings, quota, &clock, start);
    for step in steps {
        pair.step(*step);
    }
    pair.check();
    pair.met
}

/// The first use, a change, and the next at every bit of the clock.
#[test]
fn a_change_at_any_clock_value() {
    let span = |micros| Duration::from_micros(micros);
    let few = Terms::new(1, span(1 << 20), 3);
    let much = Terms::new(997, span(360_000_000), 500);
    let all = Terms::new(1, span(1), 1 << 21);
    let ask = |ask| Step::Ask(ask, None);
    let set = |terms| Step::Set(pair::Change::Any(terms));
    let steps = |one, other| {
        vec![
            set(other),
            ask(Ask::UpTo(Number::Burst(0))),
            ask(Ask::Many(Number::Few(1))),
            Step::AdvanceBursts(1),
            set(one),
            Step::Again(-1),
            ask(Ask::Reserve(Number::Few(2), Wait::Bursts(16))),
            ask(Ask::Many(Number::Few(1))),
            Step::Again(-1),
            Step::Again(0),
            Step::AdvanceBursts(16),
            set(other),
            ask(Ask::UpTo(Number::Burst(0))),
        ]
    };
    for (one, other) in [(few, much), (much, few), (few, all), (all, much)] {
        let most = Terms {
            burst: one.burst.max(other.burst),
            ..if u64::from(one.tokens) * other.span > u64::from(other.tokens) * one.span {
                one
            } else {
                other
            }
        };
        let settings = Settings::new(one, most);
        let Ok(quota) = settings.build() else {
            panic!("{settings:?} can be kept");
        };
        for bit in 0..=64 {
            for off in -3..=3 {
                let start = ((1_i128 << bit) + off).rem_euclid(1 << 64);
                let met = run(&settings, &quota, start, &steps(one, other));
                assert_eq!(met.changes, 3);
            }
        }
    }
}

/// Any quota and any schedule, against the model.
fn run_cases(cases: ProptestConfig) -> Met {
    let sum = std::cell::Cell::new(Met::default());
    let steps = prop::collection::vec(step(), 1..60);
    let result = TestRunner::new(cases).run(&(any_settings(), start(), steps), |(settings, start, steps)| {
        if let Ok(quota) = settings.build() {
            sum.set(sum.get() + run(&settings, &quota, start, &steps));
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{:?}", sum.get());
    sum.get()
}

#[test]
fn it_does_what_the_exact_model_does() {
    let met = run_cases(cases(3_000));
    if cfg!(not(miri)) {
        assert!(met.granted > 5_000 && met.later > 500 && met.given_back > 500);
        assert!(met.changes > 3_000 && met.windows > 5_000);
    }
}

#[test]
#[ignore = "takes minutes: cargo test --release --test bucket -- --ignored"]
fn it_does_what_the_exact_model_does_10_million_times() {
    let met = run_cases(cases(500_000));
    assert!(met.operations > 10_000_000);
}
