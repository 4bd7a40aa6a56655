use super::*;
use crate::bucket::word::Real;
use crate::random::{Random, SharedRandom};

/// As the explorer has them.
#[derive(Clone, Copy, Debug)]
struct Narrow;

impl Widths for Narrow {
    const INDEX: u32 = 12;
    const STRETCH: u32 = 7;
}

fn any(random: &SharedRandom, bits: u32) -> u64 {
    let draw = u64::from(random.next()) << 32 | u64::from(random.next());
    draw >> (64 - bits) >> (random.next() % bits)
}

/// Many of all sizes, as far as there are terms for them.
fn many<W: Widths>(mut check: impl FnMut(&Wanted, &Fixed<W>)) {
    let random = SharedRandom::seeded(7);
    let (mut taken, rounds) = (0, if cfg!(miri) { 50 } else { 20_000 });
    for round in 0..rounds {
        let nanos = match round % 3 {
            0 => 1_000 << (random.next() % 46),
            1 => u128::from(any(&random, 54) + 1),
            _ => 1_000_000_000 * [1, 60, 3_600, 86_400, 604_800][random.next() as usize % 5],
        };
        let burst = any(&random, W::INDEX - 3) as u32 + 1;
        let wanted = Wanted {
            rate: Rate::of(any(&random, 32), nanos).expect("a span up to 407 days"),
            burst,
            initial: random.next() % (burst + 1),
            longest_wait: (random.next() % 2 == 0).then(|| any(&random, 48)),
            varies: random.next() % 4 == 0,
        };
        if let Ok(terms) = Fixed::<W>::of(&wanted) {
            taken += 1;
            check(&wanted, &terms);
        }
    }
    assert!(taken * 10 > rounds, "{taken} of {rounds} taken");
}

/// What the head of `word` says of each number, in numbers that are wide enough.
struct Numbers {
    /// Of the position, in a microsecond and in a stretch: rounded down, and up.
    a_micro: [i128; 2],
    a_stretch: [i128; 2],
    whole: i128,
    circle: i128,
    ever: i128,
    burst: i128,
    waited: i128,
    in_stretch: i128,
    rounding: i128,
    debt: i128,
    stale: i128,
    recognised_for: i128,
}

impl Numbers {
    fn of<W: Widths>(terms: &Fixed<W>) -> Self {
        let drops = |field: u32| i128::from(field >> (32 - W::INDEX));
        let stretches = |field: u32| i128::from(field >> (32 - W::STRETCH));
        let whole = 1_i128 << (64 - W::INDEX);
        let step = i128::from(terms.speed.step);
        let a_micro = [step, step + i128::from(terms.speed.fine > 0)];
        let a_stretch =
            a_micro.map(|step| step * ((1_i128 << (64 - W::STRETCH)) / i128::from(terms.stretches)));
        Self {
            a_micro,
            a_stretch,
            whole,
            circle: 1 << W::INDEX,
            ever: 1 << (W::STRETCH - 1),
            burst: drops(terms.burst),
            // The most that floor((t + x) * r) - floor(t * r) can be is floor(x * r) + 1.
            waited: i128::from(terms.longest_wait) * a_micro[1] / whole + 1,
            in_stretch: a_stretch[1] / whole + 1,
            rounding: drops(terms.rounding),
            debt: drops(terms.debt),
            stale: stretches(terms.stale),
            recognised_for: stretches(terms.recognised_for),
        }
    }
}

fn every_number_is_what_it_is_for<W: Widths>() {
    let (mut ever, mut not_for_ever) = (0, 0);
    many::<W>(|wanted, terms| {
        let is = Numbers::of(terms);
        let capacity = is.circle / 8;
        let token = i128::from(terms.token.get() >> (32 - W::INDEX));
        assert_eq!(terms.most, wanted.burst);
        assert_eq!(is.burst, token * i128::from(wanted.burst));
        assert!((1..=capacity).contains(&is.burst));
        assert_eq!(
            i128::from(terms.initial >> (32 - W::INDEX)),
            token * i128::from(wanted.initial)
        );
        assert!(is.a_micro[0] <= if wanted.varies { 1 } else { 8 } * is.whole);
        // The longest stretch that brings less than a quarter of the capacity, of those that divide the
        // circle of the clock.
        assert!(terms.stretches.is_power_of_two());
        assert!(is.a_stretch[1] < capacity / 4 * is.whole);
        assert!(terms.stretches == 1 || is.a_stretch[1] * 2 >= capacity / 4 * is.whole);
        // The wait is what was asked for, or the least in which a burst drips in.
        match wanted.longest_wait {
            Some(wait) => assert_eq!(terms.longest_wait, wait),
            None if is.a_micro[0] == 0 => assert_eq!(terms.longest_wait, 0),
            None => {
                let wait = i128::from(terms.longest_wait);
                let all = (is.burst + is.rounding + 1) * is.whole;
                assert!(wait * is.a_micro[0] >= all && (wait - 1) * is.a_micro[0] < all);
            }
        }
        assert!(is.debt > is.waited + is.in_stretch + is.rounding);
        assert!(
            is.debt <= is.waited + is.in_stretch + is.rounding + 1,
            "no more than needed"
        );
        // The largest of the numbers with the bits of Z is the true one, up to S stretches after it was
        // dated.
        let growth = is.stale * is.a_stretch[1] / is.whole + 1;
        assert!(growth + is.burst + is.debt + 2 <= is.circle);
        // And then the bucket is full: all but the two broken stretches at the ends bring what can be
        // missing.
        let missing = is.burst + is.waited + is.rounding + 2;
        if is.stale < is.ever {
            not_for_ever += 1;
            assert!((is.stale - 2) * is.a_stretch[0] >= missing * is.whole);
            assert!(
                (is.stale - 3) * is.a_stretch[0] < missing * is.whole,
                "no later than needed"
            );
        } else {
            ever += 1;
            assert_eq!(is.stale, is.ever, "as much as a signed distance has");
            assert!((is.stale - 3) * is.a_stretch[0] < missing * is.whole);
        }
        // A receipt is good for as long as what is put back is stale again, broken stretches and all, before
        // the index has come once round; and as a signed distance can be.
        let room = (is.circle - is.burst - is.debt - 2) * is.whole;
        let comes_in = |stretches: i128| (stretches + is.stale + 2) * is.a_stretch[1];
        assert!(comes_in(is.recognised_for) <= room || is.recognised_for == 0);
        assert!(is.recognised_for == is.ever - 1 || comes_in(is.recognised_for + 1) > room);
        assert!(is.recognised_for < is.ever);
        // That is at least the time of a burst and of the longest wait, wherever in its stretch that begins.
        let us = match is.a_micro[1] {
            0 => i128::MAX / 2,
            a_micro => (is.burst * is.whole) / a_micro + i128::from(terms.longest_wait),
        };
        let crossed = us >> terms.stretch_log();
        assert!(is.recognised_for >= (crossed + 1).min(is.ever - 1), "{wanted:?}");
    });
    assert!(
        cfg!(miri) || ever > 0 && not_for_ever > 100,
        "{ever}, {not_for_ever}"
    );
}

#[test]
fn every_number_is_what_it_is_for_at_its_width() {
    every_number_is_what_it_is_for::<Real>();
}

#[test]
fn every_number_is_what_it_is_for_in_narrow_words() {
    every_number_is_what_it_is_for::<Narrow>();
}

/// The index may have passed what somebody waits for by up to `rounding` at the first microsecond that will
/// do.
#[test]
fn rounding_is_what_a_whole_microsecond_may_pass_by() {
    let random = SharedRandom::seeded(3);
    let mut reached = 0;
    many::<Real>(|_, terms| {
        let is = Numbers::of(terms);
        let parts = (i128::from(terms.speed.step) << 32) + i128::from(terms.speed.fine);
        let whole = is.whole << 32;
        if parts == 0 {
            return;
        }
        for _ in 0..20 {
            let drop = i128::from(any(&random, 40));
            let at = (drop * whole + parts - 1) / parts;
            let high = (at * parts + whole - 1) / whole;
            assert!((0..=is.rounding).contains(&(high - drop)));
            reached += u32::from(high - drop == is.rounding);
        }
    });
    assert!(reached > 0);
}

#[test]
fn a_rate_that_changes_has_at_most_a_drop_a_microsecond_and_is_never_even() {
    let wanted = |varies| Wanted {
        rate: Rate::of(1, 4_000).expect("one in 4 us"),
        burst: 10,
        initial: 10,
        longest_wait: None,
        varies,
    };
    let of = |varies| {
        let terms = Fixed::<Real>::of(&wanted(varies)).expect("one in 4 us");
        (terms.speed.step, terms.token.get() >> 1, terms.rounding >> 1)
    };
    assert_eq!(of(false), (1 << 33, 4, 0));
    assert_eq!(of(true), (1 << 33, 4, 1));
    let fast = Wanted {
        rate: Rate::of(2, 1_000).expect("two a microsecond"),
        ..wanted(true)
    };
    assert_eq!(Fixed::<Real>::of(&fast), Err(InvalidQuota::TooFast));
    // Three drops a microsecond: up to 2 are passed.
    let fast = Wanted {
        rate: Rate::of(3, 1_000).expect("three a microsecond"),
        ..wanted(false)
    };
    let terms = Fixed::<Real>::of(&fast).expect("three a microsecond");
    assert_eq!(
        (terms.speed.step, terms.token.get() >> 1, terms.rounding >> 1),
        (3 << 33, 1, 2)
    );
}

#[test]
fn what_cannot_be_kept_is_refused_for_its_reason() {
    let plain = Wanted {
        rate: Rate::of(1, 1_000).expect("one a microsecond"),
        burst: 1,
        initial: 0,
        longest_wait: Some(0),
        varies: false,
    };
    let of = |wanted: Wanted| Fixed::<Real>::of(&wanted).map(|terms| terms.most);
    let capacity = 1 << 28;
    let odd = Rate::of(1, 3_000).expect("one in 3 us");
    let refused = [
        (Wanted { burst: 0, ..plain }, InvalidQuota::Burst),
        (
            Wanted {
                burst: capacity + 1,
                ..plain
            },
            InvalidQuota::Burst,
        ),
        (Wanted { initial: 2, ..plain }, InvalidQuota::Initial),
        (
            Wanted {
                rate: Rate::of(9, 1_000).expect("9"),
                ..plain
            },
            InvalidQuota::TooFast,
        ),
        (
            Wanted {
                longest_wait: Some(u64::from(capacity) + 1),
                ..plain
            },
            InvalidQuota::LongestWait,
        ),
        (
            Wanted {
                longest_wait: Some(u64::MAX),
                ..plain
            },
            InvalidQuota::LongestWait,
        ),
    ];
    for (wanted, error) in refused {
        assert_eq!(of(wanted), Err(error), "{wanted:?}");
    }
    for wanted in [
        plain,
        Wanted {
            burst: capacity,
            initial: capacity,
            ..plain
        },
        Wanted {
            rate: Rate::of(8, 1_000).expect("8"),
            ..plain
        },
        Wanted {
            varies: true,
            ..plain
        },
        Wanted {
            longest_wait: Some(u64::from(capacity)),
            ..plain
        },
        Wanted {
            rate: odd,
            burst: capacity / 2,
            ..plain
        },
    ] {
        assert_eq!(of(wanted), Ok(wanted.burst), "{wanted:?}");
    }
}
