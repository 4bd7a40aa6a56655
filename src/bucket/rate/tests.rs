use super::*;
use crate::bucket::word::{Real, Widths};
use crate::random::{Random, SharedRandom};

/// A number of any size up to so many bits.
fn any(random: &SharedRandom, bits: u32) -> u64 {
    let draw = u64::from(random.next()) << 32 | u64::from(random.next());
    draw >> (64 - bits) >> (random.next() % bits)
}

/// Rates of all sizes, with what may make a token of each.
fn many(mut check: impl FnMut(Rate, u32, Option<u64>, u64)) {
    let random = SharedRandom::seeded(5);
    for _ in 0..if cfg!(miri) { 50 } else { 20_000 } {
        let nanos = match random.next() % 3 {
            0 => u128::from(any(&random, 54) + 1),
            1 => 1_000_000_000 * [1, 60, 3_600, 86_400, 604_800][random.next() as usize % 5],
            _ => u128::from(any(&random, 44) + 1) * 1_000,
        };
        let rate = Rate::of(any(&random, 32), nanos).expect("a span up to 407 days");
        let wait = (random.next() % 2 == 0).then(|| any(&random, 50));
        let burst = any(&random, 28) as u32 + 1;
        let most = rate.most_drops(
            NonZeroU64::new(burst.into()).expect("one at least"),
            wait,
            8,
            capacity(Real::INDEX),
        );
        check(rate, burst, wait, most);
    }
}

#[test]
fn a_rate_is_in_lowest_terms() {
    let of = |tokens, nanos| Rate::of(tokens, nanos).map(|rate| (rate.tokens, rate.period.get()));
    assert_eq!(of(1, 1_000_000_000), Ok((1, 1_000_000)));
    assert_eq!(of(50, 1_000_000_000), Ok((1, 20_000)));
    assert_eq!(of(3, 7), Ok((3_000, 7)));
    assert_eq!(of(8, 1_000), Ok((8, 1)));
    assert_eq!(of(0, 604_800_000_000_000), Ok((0, 1)));
    assert_eq!(of(1, 1), Ok((1_000, 1)));
    assert_eq!(of(u64::from(u32::MAX), 1), Ok((u64::from(u32::MAX) * 1_000, 1)));
    let longest = u128::from(LONGEST_SPAN) * 1_000;
    assert_eq!(of(1, longest), Ok((1, LONGEST_SPAN)));
    assert_eq!(of(1, longest + 1), Err(InvalidQuota::Span));
    assert_eq!(of(1, 0), Err(InvalidQuota::Span));
    assert_eq!(of(1, u128::MAX), Err(InvalidQuota::Span));
}

#[test]
fn rates_compare_by_their_size() {
    let of = |tokens, nanos| Rate::of(tokens, nanos).expect("a rate");
    assert!(of(3, 10).is_above(of(2, 7)));
    assert!(!of(2, 7).is_above(of(3, 10)));
    assert!(!of(3, 10).is_above(of(6, 20)));
    assert!(of(1, 1_000 << 45).is_above(of(0, 1)));
    let largest = of(u64::from(u32::MAX), 1);
    assert!(largest.is_above(of(u64::from(u32::MAX) - 1, 1)));
    assert!(largest.is_above(of(u64::from(u32::MAX), 2)));
}

#[test]
fn a_speed_is_the_quotient_to_65_places() {
    many(|rate, _, _, most| {
        for drops in [1, most / 2, most]
            .into_iter()
            .filter(|drops| *drops > 0 && *drops <= most)
        {
            let speed = rate.speed(drops, 33);
            let parts = (i128::from(speed.step) << 32) + i128::from(speed.fine);
            let product = i128::from(rate.tokens) * i128::from(drops);
            assert_eq!(parts, (product << 65) / i128::from(rate.period.get()));
        }
    });
}

/// The most that keep to all three limits: one more would not.
#[test]
fn the_most_drops_are_the_most() {
    let mut reached = [0; 3];
    many(|rate, burst, wait, most| {
        if rate.tokens == 0 {
            assert_eq!(most, 1);
            return;
        }
        let keeps = |drops: u64| {
            let (drops, capacity) = (i128::from(drops), i128::from(capacity(Real::INDEX)));
            let (tokens, period) = (i128::from(rate.tokens), i128::from(rate.period.get()));
            [
                i128::from(burst) * drops <= capacity,
                tokens * drops <= 8 * period,
                tokens * i128::from(wait.unwrap_or(0)) * drops <= capacity * period,
            ]
        };
        assert_eq!(keeps(most), [true; 3]);
        for (reached, keeps) in reached.iter_mut().zip(keeps(most + 1)) {
            *reached += u32::from(!keeps);
        }
        assert_ne!(keeps(most + 1), [true; 3]);
    });
    assert!(reached.iter().all(|times| *times > 0), "{reached:?}");
}

#[test]
fn drops_make_a_step_whole_or_are_as_many_as_may_be() {
    let (mut whole, mut odd) = (0, 0);
    many(|rate, _, _, most| {
        if most == 0 {
            return;
        }
        let drops = rate.drops(most, Real::INDEX);
        let period = i128::from(rate.period.get());
        let product = i128::from(rate.tokens) * i128::from(drops);
        let twos = rate.period.trailing_zeros();
        let least = (rate.period.get() >> twos) << twos.saturating_sub(33);
        if least > most {
            odd += 1;
            assert_eq!(drops, most);
            return;
        }
        whole += 1;
        assert_eq!((product << 33) % period, 0);
        assert_eq!((drops % least, drops <= most), (0, true));
        // As fine as can be, unless a microsecond brings whole drops.
        assert!(product % period == 0 || drops * 2 > most);
    });
    assert!(cfg!(miri) || whole > 1_000 && odd > 1_000, "{whole}, {odd}");
}

#[test]
fn known_rates() {
    let drops = |tokens, seconds: u128, burst| {
        let rate = Rate::of(tokens, seconds * 1_000_000_000).expect("a rate");
        let burst = NonZeroU64::new(burst).expect("one at least");
        let most = rate.most_drops(burst, None, 8, capacity(Real::INDEX));
        let drops = rate.drops(most, Real::INDEX);
        let speed = rate.speed(drops, 33);
        (drops, speed.step, speed.fine)
    };
    // One a second: a drop a microsecond, as long as 2^28 drops make a burst; then the half, and so on down
    // to 15,625.
    assert_eq!(drops(1, 1, 1), (1_000_000, 1 << 33, 0));
    assert_eq!(drops(1, 1, 268), (1_000_000, 1 << 33, 0));
    assert_eq!(drops(1, 1, 269), (500_000, 1 << 32, 0));
    assert_eq!(drops(1, 1, 17_179), (15_625, 1 << 27, 0));
    assert_eq!(drops(8_000_000, 1, 1), (1, 1 << 36, 0));
    assert_eq!(drops(0, 1, 1 << 28), (1, 0, 0));
    // And beyond as many as there may be: 2^28 / 17,180 of them, of which a microsecond brings 15,624 / 10^6.
    let parts = (15_624_u128 << 65) / 1_000_000;
    assert_eq!(drops(1, 1, 17_180), (15_624, (parts >> 32) as u64, parts as u32));
    // A period of 2^45 us has 12 more twos than the fraction has places.
    let slow = |drops| {
        Rate::of(1, 1_000 << 45)
            .expect("407 days")
            .drops(drops, Real::INDEX)
    };
    assert_eq!(
        [slow(1 << 12), slow((1 << 12) - 1), slow(1 << 28)],
        [1 << 12, (1 << 12) - 1, 1 << 28]
    );
}
