//! Any quota, any start of the clock, any schedule of calls and changes: every answer is the model's, and no
//! window has too much.

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

/// Pairs of terms, with a quota between whose most they are.
fn changes() -> Vec<(Terms, Terms, Settings)> {
    let span = |micros| Duration::from_micros(micros);
    let few = Terms::new(1, span(1 << 20), 3);
    let much = Terms::new(997, span(360_000_000), 500);
    let all = Terms::new(1, span(1), 1 << 21);
    let none = Terms::new(0, span(1), 5);
    [(few, much), (much, few), (few, all), (all, much), (none, few)]
        .map(|(one, other)| {
            let faster = u64::from(one.tokens) * other.span > u64::from(other.tokens) * one.span;
            let most = Terms {
                burst: one.burst.max(other.burst),
                ..if faster { one } else { other }
            };
            (one, other, Settings::new(one, most))
        })
        .into()
}

fn set(terms: Terms) -> Step {
    Step::Set(pair::Change::Any(terms))
}

const ALL: Step = Step::Ask(Ask::UpTo(Number::Burst(0)), None);
const ONE: Step = Step::Ask(Ask::Many(Number::Few(1)), None);

/// The first use, a change, and the next at every bit of the clock.
#[test]
fn a_change_at_any_clock_value() {
    for (one, other, settings) in changes() {
        let quota = settings.build().expect("it can be kept");
        let steps = [
            set(other),
            ALL,
            ONE,
            Step::AdvanceBursts(1),
            set(one),
            Step::Again(-1),
            Step::Ask(Ask::Reserve(Number::Few(2), Wait::Bursts(16)), None),
            ONE,
            Step::Again(-1),
            Step::Again(0),
            Step::AdvanceBursts(16),
            set(other),
            ALL,
        ];
        for bit in 0..=64 {
            for off in -3..=3 {
                let start = ((1_i128 << bit) + off).rem_euclid(1 << 64);
                assert_eq!(run(&settings, &quota, start, &steps).changes, 3);
            }
        }
    }
}

/// Empty, or not, after a change, or none: until the index has come round many times, and the clock.
#[test]
fn idle_for_every_power_of_two() {
    for (one, other, settings) in changes() {
        let quota = settings.build().expect("it can be kept");
        for bit in 0..48 {
            for off in -1..=1 {
                let idle = Step::Advance(((1_i64 << bit) + off) as u64);
                for start in [0, (1 << 31) - 2, (1 << 63) - 2, (1_i128 << 64) - 2] {
                    for before in [
                        vec![ALL, ONE],
                        vec![ONE],
                        vec![ALL, set(other)],
                        vec![set(one), ALL],
                    ] {
                        let mut steps = before;
                        steps.extend([
                            idle,
                            ONE,
                            Step::Refund(1),
                            ALL,
                            ONE,
                            Step::Again(-1),
                            Step::Again(0),
                        ]);
                        steps.extend([idle, set(one), ALL]);
                        run(&settings, &quota, start, &steps);
                    }
                }
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
