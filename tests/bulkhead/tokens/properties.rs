//! Any order of what may happen to places and tokens: every answer is the models'.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::oracle::{Hand, Naive, Twin};
use super::pair::{End, Met, Step, run};
use crate::cases;

fn span() -> impl Strategy<Value = u64> {
    let near = (0..=8_u64, -1..=1_i64).prop_map(|(tokens, off)| (tokens * 1_000).saturating_add_signed(off));
    prop_oneof![2 => Just(0), 3 => near, 2 => 0..=9_000_u64]
}

fn step() -> impl Strategy<Value = Step> {
    let tokens = prop_oneof![6 => Just(1), 3 => 0..=6_u32, 1 => any::<u32>()];
    let wait = prop_oneof![3 => Just(0), 3 => span(), 1 => Just(u64::MAX)];
    let percent = prop_oneof![3 => Just(100), 1 => 1..=100_u8];
    let end = prop::sample::select(vec![
        End::Drop,
        End::Leave,
        End::Refund,
        End::Refund,
        End::IntoReceipt,
    ]);
    prop_oneof![
        8 => (tokens.clone(), wait, percent, any::<bool>())
            .prop_map(|(n, wait, share, owned)| Step::Enter(n, wait, share, owned)),
        6 => (any::<usize>(), end).prop_map(|(which, end)| Step::End(which, end)),
        1 => any::<usize>().prop_map(Step::Refund),
        1 => Just(Step::EnterDirectly),
        2 => Just(Step::LeaveDirectly),
        1 => tokens.prop_map(Step::AcquireDirectly),
        1 => (0..=6_u16).prop_map(Step::Resize),
        1 => (0..=5_001_u32, 0..=9_u32).prop_map(|(tokens, burst)| Step::Adjust(tokens, burst)),
        4 => span().prop_map(Step::Advance),
    ]
}

/// Anywhere, and where a clock comes round.
fn start() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 2 => any::<u64>(), 2 => (0..=9_000_u64).prop_map(|before| u64::MAX - before)]
}

fn run_cases(number: u32, run: impl Fn(u16, u64, u32, &[Step]) -> Met) {
    let met = Cell::new(Met::default());
    let all = (
        0..=5_u16,
        start(),
        1..=5_u32,
        prop::collection::vec(step(), 1..80),
    );
    let result = TestRunner::new(cases(number)).run(&all, |(limit, start, burst, steps)| {
        let (one, mut all) = (run(limit, start, burst, &steps), met.get());
        all.entered += one.entered;
        all.without_place += one.without_place;
        all.without_token += one.without_token;
        all.refunded += one.refunded;
        all.not_refunded += one.not_refunded;
        met.set(all);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{:?}", met.get());
    let met = met.get();
    let all = [
        met.entered,
        met.without_place,
        met.without_token,
        met.refunded,
        met.not_refunded,
    ];
    assert!(cfg!(miri) || all.into_iter().all(|times| times > 300), "{met:?}");
}

#[test]
fn with_a_bucket_it_does_what_the_naive_models_do() {
    run_cases(1_000, |limit, start, burst, steps| {
        let clock = Hand::starting_at(start);
        let bucket = Naive::bucket(&clock, burst);
        run(limit, &clock, bucket, Naive::new(burst, start), steps)
    });
}

#[test]
fn with_an_adjustable_bucket_it_does_what_that_does_alone() {
    run_cases(1_000, |limit, start, burst, steps| {
        let clock = Hand::starting_at(start);
        let bucket = Twin::bucket(&clock, burst);
        run(limit, &clock, bucket, Twin::new(&clock, burst), steps)
    });
}
