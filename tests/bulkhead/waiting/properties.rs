//! Any number of seats, any limit, any order of what may happen: every answer, count and wake-up is the model's.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::pair::{Met, Step, run};
use crate::cases;

fn limit() -> impl Strategy<Value = u16> {
    prop_oneof![8 => 0..=4_u16, 2 => 0..=40_u16, 1 => 1_020..=1_026_u16, 1 => any::<u16>()]
}

fn step() -> impl Strategy<Value = Step> {
    let places = prop_oneof![6 => Just(1), 2 => 0..=4_u32, 1 => 1_000..=1_030_u32, 1 => any::<u32>()];
    let percent = prop_oneof![3 => Just(100), 1 => 1..=100_u8];
    prop_oneof![
        1 => any::<bool>().prop_map(Step::Make),
        9 => any::<bool>().prop_map(Step::Come),
        5 => (any::<usize>(), any::<bool>()).prop_map(|(which, fresh)| Step::Poll(which, fresh)),
        3 => any::<usize>().prop_map(Step::Drop),
        2 => (places, percent, any::<bool>()).prop_map(|(n, share, owned)| Step::Try(n, share, owned)),
        4 => any::<usize>().prop_map(Step::Leave),
        2 => limit().prop_map(Step::Resize),
    ]
}

fn run_cases<const N: usize>(number: u32) -> Met {
    let met = Cell::new(Met::default());
    let limit = limit().prop_map(|limit| limit % 1_024);
    let steps = prop::collection::vec(step(), 1..(40 + 6 * N));
    let all = (limit, 0..=70_usize, steps);
    let result = TestRunner::new(cases(number)).run(&all, |(limit, turns, steps)| {
        let (one, mut all) = (run::<N>(limit, turns, &steps), met.get());
        all.given += one.given;
        all.given_up += one.given_up;
        all.passed_on += one.passed_on;
        all.room_full += one.room_full;
        all.refused += one.refused;
        all.holes += one.holes;
        met.set(all);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{N} seats: {:?}", met.get());
    met.get()
}

/// What was met at least so often; it was about nothing, else.
fn assert_met(met: Met, least: Met) {
    let pairs = [
        (met.given, least.given),
        (met.given_up, least.given_up),
        (met.passed_on, least.passed_on),
        (met.room_full, least.room_full),
        (met.refused, least.refused),
        (met.holes, least.holes),
    ];
    let often = |(met, least)| cfg!(miri) || met >= least;
    assert!(pairs.into_iter().all(often), "{met:?} and not {least:?}");
}

const OFTEN: Met = Met {
    given: 100,
    given_up: 100,
    passed_on: 20,
    room_full: 100,
    refused: 100,
    holes: 100,
};

#[test]
fn one_seat_does_what_the_naive_model_does() {
    // Nobody waits behind the only one.
    let least = Met {
        passed_on: 0,
        holes: 0,
        ..OFTEN
    };
    assert_met(run_cases::<1>(400), least);
}

#[test]
fn two_seats_do_what_the_naive_model_does() {
    assert_met(run_cases::<2>(500), OFTEN);
}

#[test]
fn four_seats_do_what_the_naive_model_does() {
    assert_met(run_cases::<4>(800), OFTEN);
}

#[test]
fn eight_seats_do_what_the_naive_model_does() {
    assert_met(run_cases::<8>(400), OFTEN);
}

#[test]
fn thirty_two_seats_do_what_the_naive_model_does() {
    // It takes many to fill it.
    let least = Met {
        room_full: 10,
        ..OFTEN
    };
    assert_met(run_cases::<32>(150), least);
}
