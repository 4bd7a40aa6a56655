//! Any limit, any shares, any order of coming, leaving and resizing: every answer and count is the model's.

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use watertight::bulkhead::Stats;
use watertight::{Bulkhead, Rejected, Share, Slot};

use crate::cases;
use crate::places::Places;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many places, for so many percent; owned, if so.
    Enter(Number, u8, bool),
    /// Drops one of the slots, or has it leave.
    Leave(usize, bool),
    Resize(u16),
}

/// How many places.
#[derive(Clone, Copy, Debug)]
enum Number {
    These(u32),
    /// So many as are free, and so many more.
    Free(i32),
    /// So many as the share is, and so many more.
    Share(i32),
}

#[derive(Debug)]
enum Held<'a> {
    Borrowed(Slot<&'a Bulkhead<Stats>>),
    Owned(Slot<Arc<Bulkhead<Stats>>>),
}

impl Held<'_> {
    fn places(&self) -> u32 {
        match self {
            Self::Borrowed(slot) => slot.places(),
            Self::Owned(slot) => slot.places(),
        }
    }

    fn leave(self) {
        match self {
            Self::Borrowed(slot) => slot.leave(),
            Self::Owned(slot) => slot.leave(),
        }
    }
}

fn limit() -> impl Strategy<Value = u16> {
    prop_oneof![4 => 0..=10_u16, 1 => 0x7ffd..=0x8002_u16, 1 => 0xfffd..=u16::MAX, 1 => any::<u16>()]
}

fn step() -> impl Strategy<Value = Step> {
    let number = prop_oneof![
        4 => Just(Number::These(1)),
        1 => (0..=5_u32).prop_map(Number::These),
        1 => any::<u32>().prop_map(Number::These),
        1 => (0..=16_u32, -2..=2_i32).prop_map(|(k, off)| Number::These((1_u32 << k).wrapping_add_signed(off))),
        2 => (-1..=1_i32).prop_map(Number::Free),
        2 => (-1..=1_i32).prop_map(Number::Share),
    ];
    let percent = prop_oneof![2 => Just(100), 3 => 1..=100_u8];
    prop_oneof![
        6 => (number, percent, any::<bool>()).prop_map(|(n, share, owned)| Step::Enter(n, share, owned)),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(which, drop)| Step::Leave(which, drop)),
        1 => limit().prop_map(Step::Resize),
    ]
}

fn enter(
    bulkhead: &Arc<Bulkhead<Stats>>,
    places: u32,
    percent: u8,
    owned: bool,
) -> Result<Held<'_>, Rejected> {
    let share = Share::try_percent(percent).expect("it is one");
    match (owned, places, percent) {
        (false, 1, 100) => bulkhead.try_enter().map(Held::Borrowed),
        (false, _, 100) => bulkhead.try_enter_many(places).map(Held::Borrowed),
        (false, ..) => bulkhead.try_enter_as(share, places).map(Held::Borrowed),
        (true, 1, 100) => Bulkhead::try_enter_owned(Arc::clone(bulkhead)).map(Held::Owned),
        (true, ..) => Bulkhead::try_enter_owned_as(Arc::clone(bulkhead), share, places).map(Held::Owned),
    }
}

/// Answers how many entered and were refused.
fn run(limit: u16, steps: &[Step]) -> (u64, u64) {
    let bulkhead = Arc::new(Bulkhead::with_stats(limit, Stats::new()));
    let (mut model, mut slots, mut met) = (Places::new(limit), Vec::new(), (0, 0));
    let leave = |slots: &mut Vec<Held<'_>>, model: &mut Places, which: usize, dropped| {
        let slot = slots.swap_remove(which);
        model.leave(slot.places().into());
        if dropped { drop(slot) } else { slot.leave() }
    };
    for step in steps {
        match *step {
            Step::Enter(number, percent, owned) => {
                let near = |number: u64, off: i32| number.saturating_add_signed(off.into()) as u32;
                let places = match number {
                    Number::These(places) => places,
                    Number::Free(off) => near(model.available(), off),
                    Number::Share(off) => near(model.limit * u64::from(percent) / 100, off),
                };
                let expected = model.ask(places, percent);
                match enter(&bulkhead, places, percent, owned) {
                    Ok(slot) => {
                        assert_eq!((expected, slot.places()), (Ok(()), places));
                        slots.push(slot);
                        met.0 += 1;
                    }
                    Err(refusal) => {
                        assert_eq!(expected, Err((refusal.reason(), refusal.retry_after())));
                        met.1 += 1;
                    }
                }
            }
            Step::Leave(which, dropped) if !slots.is_empty() => {
                let which = which % slots.len();
                leave(&mut slots, &mut model, which, dropped);
            }
            Step::Leave(..) => {}
            Step::Resize(limit) => {
                bulkhead.resize(limit);
                model.limit = limit.into();
            }
        }
        model.check(&bulkhead.statistics());
        assert_eq!(u64::from(bulkhead.limit()), model.limit);
        assert_eq!(u64::from(bulkhead.in_flight()), model.inside);
        assert_eq!(u64::from(bulkhead.available()), model.available());
    }
    while !slots.is_empty() {
        leave(&mut slots, &mut model, 0, true);
    }
    model.check(&bulkhead.statistics());
    assert_eq!((bulkhead.in_flight(), Arc::strong_count(&bulkhead)), (0, 1));
    met
}

#[test]
fn it_does_what_the_naive_model_does() {
    let met = Cell::new((0, 0));
    let all = (limit(), prop::collection::vec(step(), 1..80));
    let result = TestRunner::new(cases(2_000)).run(&all, |(limit, steps)| {
        let (one, all) = (run(limit, &steps), met.get());
        met.set((all.0 + one.0, all.1 + one.1));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("entered and refused: {:?}", met.get());
    if cfg!(not(miri)) {
        assert!(met.get().0 > 10_000 && met.get().1 > 10_000, "{:?}", met.get());
    }
}
