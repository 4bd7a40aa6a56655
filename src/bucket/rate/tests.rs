use super::*;
use crate::bucket::word::{Real, Widths};
use crate::random::{Random, SharedRandom};
use std::println;

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
        let most = rate.most_drops(burst, wait, 8, capacity(Real::INDEX));
        check(rate, burst, wait, most);
    }
}

#[test]
fn a_rate_is_in_lowest_terms() {
    let of = |tokens, nanos| Rate::of(tokens, nanos).map(|rate| (rate.tokens, rate.period));
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
    assert!(of(0, 9).is_zero() && !of(1, 1_000 << 45).is_zero());
    let largest = of(u64::from(u32::MAX), 1);
    assert!(largest.is_above(of(u64::from(u32::MAX) - 1, 1)));
    assert!(largest.is_above(of(u64::from(u32::MAX), 2)));
}

#[test]
fn a_step_is_the_quotient_and_its_rest() {
    many(|rate, _, _, most| {
        for drops in [1, most / 2, most].into_iter().filter(|drops| *drops > 0) {
            for fraction in [33, 50, 60] {
                // At most 8 drops a microsecond, and as wide as 64 bits.
                if rate.tokens * drops > 8 * rate.period {
                    continue;
                }
                let (step, rest) = rate.step(drops, fraction);
                let product = (i128::from(rate.tokens) * i128::from(drops)) << fraction;
                assert_eq!(i128::from(step), product / i128::from(rate.period));
                assert_eq!(i128::from(rest), product % i128::from(rate.period));
            }
        }
    });
}

/// The most that keep to all three limits: one more would not.
#[test]
fn the_most_drops_are_the_most() {
    let mut reached = [0; 3];
    many(|rate, burst, wait, most| {
        if rate.is_zero() {
            assert_eq!(most, 1);
            return;
        }
        let keeps = |drops: u64| {
            let (drops, capacity) = (i128::from(drops), i128::from(capacity(Real::INDEX)));
            let (tokens, period) = (i128::from(rate.tokens), i128::from(rate.period));
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
fn drops_lose_nothing_or_less_than_a_token_in_35_years() {
    let (mut exact, mut nearly, mut refused, mut longest_lag) = (0, 0, 0, 0);
    many(|rate, burst, _, most| {
        if most == 0 {
            return;
        }
        let twos = rate.period.trailing_zeros();
        let least = (rate.period >> twos) << twos.saturating_sub(33);
        let Some(drops) = rate.drops(most, Real::INDEX) else {
            assert!(least > most, "exact, and refused");
            refused += 1;
            return;
        };
        assert!(drops <= most);
        let product = (i128::from(rate.tokens) * i128::from(drops)) << 33;
        let rest = product % i128::from(rate.period);
        if least <= most {
            exact += 1;
            assert_eq!(rest, 0);
            assert_eq!(drops % least, 0);
            // As fine as can be, unless a microsecond brings whole drops.
            let whole = rate.tokens * drops % rate.period == 0;
            assert!(whole || drops * 2 > most);
            return;
        }
        nearly += 1;
        assert!(drops * 2 > most);
        // Behind by so many drops in 2^50 us: rest / period / 2^33 * 2^50.
        assert!(rest << 17 < i128::from(drops) * i128::from(rate.period));
        // And, while a burst drips in, which takes burst * drops * 2^33 / step, by less than one.
        let step = product / i128::from(rate.period);
        assert!(rest * i128::from(burst) * i128::from(drops) < i128::from(rate.period) * step);
        // In millionths of a token.
        let lag =
            rest * 1_000_000_000_000_000_000_000 / ((i128::from(rate.period) << 33) * i128::from(drops));
        longest_lag = longest_lag.max(lag);
    });
    println!(
        "{exact} exact, {nearly} nearly, {refused} refused; the most that 10^9 s lose: {longest_lag} millionths of a token"
    );
    assert!(cfg!(miri) || exact > 1_000 && nearly > 1_000 && refused > 100);
    assert!(longest_lag < 900_000, "10^9 s are less than 2^50 us");
}

/// One more drop would be rounded less: at the boundary itself.
#[test]
fn close_enough_is_less_than_a_drop_for_a_full_bucket() {
    let rate = Rate::of(1, 10_000).expect("a token in 10 us");
    let (step, rest) = rate.step(1, 33);
    assert_eq!((step, rest), (858_993_459, 2));
    // 2 * capacity < 10 * step.
    assert!(rate.is_close(step, rest, 5 * step - 1));
    assert!(!rate.is_close(step, rest, 5 * step));
    assert!(rate.is_close(step, 0, u64::MAX) && rate.is_close(0, 0, u64::MAX));
    assert!(!rate.is_close(0, 1, 1));
}

#[test]
fn known_rates() {
    let drops = |tokens, seconds: u128, burst| {
        let rate = Rate::of(tokens, seconds * 1_000_000_000).expect("a rate");
        let most = rate.most_drops(burst, None, 8, capacity(Real::INDEX));
        let drops = rate.drops(most, Real::INDEX)?;
        Some((drops, rate.step(drops, 33)))
    };
    // One a second: a drop a microsecond, as long as 2^28 drops make a burst; then the half, and so on down to 15,625.
    assert_eq!(drops(1, 1, 1), Some((1_000_000, (1 << 33, 0))));
    assert_eq!(drops(1, 1, 268), Some((1_000_000, (1 << 33, 0))));
    assert_eq!(drops(1, 1, 269), Some((500_000, (1 << 32, 0))));
    assert_eq!(drops(1, 1, 17_179), Some((15_625, (1 << 27, 0))));
    assert_eq!(drops(8_000_000, 1, 1), Some((1, (1 << 36, 0))));
    assert_eq!(drops(0, 1, 1 << 28), Some((1, (0, 0))));
    // A period of 2^45 us has 12 more twos than the fraction has places.
    let slow = |drops| {
        Rate::of(1, 1_000 << 45)
            .expect("407 days")
            .drops(drops, Real::INDEX)
    };
    assert_eq!(slow(1 << 12), Some(1 << 12));
    assert_eq!(slow((1 << 12) - 1), None);
    assert_eq!(slow(1 << 28), Some(1 << 28));
}
