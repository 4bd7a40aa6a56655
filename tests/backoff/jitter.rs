//! The distributions of jitter against their definitions, from fixed seeds.
//!
//! What is expected is written as probabilities, from the definitions of the AWS article: closed ranges, in
//! microseconds. A sample passes when its mean is within 5 standard deviations (by theory, one such sample in
//! 1.7 million is not), chi-square over all values likewise, nothing lies outside, and both ends were reached
//! (missed once in e^190 samples at the most). The same judge turns down rules that are a little wrong.

use watertight::{Backoff, Jitter, Micros, Random, SharedRandom};

use crate::micros;
use crate::naive::millis;

const DRAWS: usize = 200_000;
const FIRST: u64 = 100;
const CAP: u64 = 1_000;

/// The probability of each delay from 0 to the cap.
type Law = Vec<f64>;

/// Uniform over `low..=high`, then capped.
fn uniform(low: u64, high: u64) -> Law {
    let mut law = vec![0.0; CAP as usize + 1];
    for delay in low..=high {
        law[delay.min(CAP) as usize] += 1.0 / (high - low + 1) as f64;
    }
    law
}

fn judge(law: &Law, sample: &[u64]) -> Result<(), String> {
    let n = sample.len() as f64;
    let mut counts = vec![0u32; law.len()];
    for delay in sample {
        match law.get(*delay as usize) {
            Some(p) if *p > 0.0 => counts[*delay as usize] += 1,
            _ => return Err(format!("{delay} is out of range")),
        }
    }
    let possible = || (0..law.len()).filter(|delay| law[*delay] > 0.0);
    for end in [possible().min(), possible().max()].into_iter().flatten() {
        if counts[end] == 0 {
            return Err(format!("{end} was never reached"));
        }
    }
    let mean: f64 = law.iter().enumerate().map(|(delay, p)| delay as f64 * p).sum();
    let variance: f64 = law
        .iter()
        .enumerate()
        .map(|(delay, p)| (delay as f64 - mean).powi(2) * p)
        .sum();
    let sampled = sample.iter().sum::<u64>() as f64 / n;
    let z = (sampled - mean) / (variance / n).sqrt();
    if z.abs() > 5.0 {
        return Err(format!("mean {sampled:.2} for {mean:.2}: {z:.1} sigma"));
    }
    let chi: f64 = possible()
        .map(|delay| (f64::from(counts[delay]) - n * law[delay]).powi(2) / (n * law[delay]))
        .sum();
    let free = (possible().count() - 1) as f64;
    // Wilson and Hilferty: the cube root of chi-square is nearly normal.
    let spread = 2.0 / (9.0 * free);
    let z = ((chi / free).cbrt() - (1.0 - spread)) / spread.sqrt();
    if z.abs() > 5.0 {
        return Err(format!(
            "chi-square {chi:.0} for {free} degrees of freedom: {z:.1} sigma"
        ));
    }
    Ok(())
}

fn sample(seed: u32, rule: impl Fn(u32) -> u64) -> Vec<u64> {
    let random = SharedRandom::seeded(seed);
    (0..DRAWS).map(|_| rule(random.next())).collect()
}

fn backoff(jitter: Jitter) -> Backoff {
    Backoff::exponential(micros(FIRST), micros(CAP))
        .jitter(jitter)
        .build()
}

/// Jitter, retry, previous delay, and the law: 100, 200, 400, 800 us, then the cap of 1000.
fn laws() -> Vec<(Jitter, u32, u64, Law)> {
    vec![
        (Jitter::Full, 0, 0, uniform(0, 100)),
        (Jitter::Full, 2, 0, uniform(0, 400)),
        (Jitter::Full, 9, 0, uniform(0, 1_000)),
        (Jitter::Equal, 0, 0, uniform(50, 100)),
        (Jitter::Equal, 2, 0, uniform(200, 400)),
        (Jitter::Equal, 9, 0, uniform(500, 1_000)),
        (Jitter::PlusMinus(25), 0, 0, uniform(75, 125)),
        (Jitter::PlusMinus(25), 2, 0, uniform(300, 500)),
        // At the cap: around 800, the longest delay of which 125 % are within it.
        (Jitter::PlusMinus(25), 9, 0, uniform(600, 1_000)),
        (Jitter::PlusMinus(100), 9, 0, uniform(0, 1_000)),
        (Jitter::Decorrelated, 0, 0, uniform(100, 300)),
        (Jitter::Decorrelated, 1, 100, uniform(100, 300)),
        (Jitter::Decorrelated, 2, 300, uniform(100, 900)),
        (Jitter::Decorrelated, 9, 1_000, uniform(100, 3_000)),
    ]
}

#[test]
fn every_jitter_has_the_distribution_of_its_definition() {
    for (jitter, retry, previous, law) in laws() {
        let previous = Micros::from_micros(previous);
        let delays = sample(1, |draw| backoff(jitter).delay(retry, previous, draw).as_micros());
        assert_eq!(
            judge(&law, &delays),
            Ok(()),
            "{jitter:?}, retry {retry} after {previous}"
        );
    }
}

#[test]
fn the_means_are_those_of_the_article() {
    // Half of the delay, three quarters of it, the delay, and half way from the first to three times the previous.
    for (jitter, retry, previous, mean) in [
        (Jitter::Full, 2, 0, 200.0),
        (Jitter::Equal, 2, 0, 300.0),
        (Jitter::PlusMinus(25), 2, 0, 400.0),
        (Jitter::Decorrelated, 2, 300, 500.0),
    ] {
        let (.., law) = laws()
            .into_iter()
            .find(|(j, r, p, _)| (*j, *r, *p) == (jitter, retry, previous))
            .unwrap();
        let of_law: f64 = law.iter().enumerate().map(|(delay, p)| delay as f64 * p).sum();
        assert!((of_law - mean).abs() < 1e-6, "{jitter:?}: {of_law}");
    }
}

#[test]
fn rules_that_are_a_little_wrong_are_told() {
    let up_to = |draw: u32, most: u64| (u64::from(draw) * (most + 1)) >> 32;
    type Rule<'a> = &'a dyn Fn(u32) -> u64;
    let wrong: [(&str, Law, Rule); 9] = [
        ("full without its upper end", uniform(0, 400), &|draw| {
            up_to(draw, 399)
        }),
        ("full without its lower end", uniform(0, 400), &|draw| {
            1 + up_to(draw, 399)
        }),
        ("full one too long", uniform(0, 400), &|draw| up_to(draw, 401)),
        ("full where equal is meant", uniform(200, 400), &|draw| {
            up_to(draw, 400)
        }),
        (
            "equal whose halves are added as a whole",
            uniform(200, 400),
            &|draw| 200 + up_to(draw, 1) * 200,
        ),
        ("plus/minus cut off at the cap", uniform(600, 1_000), &|draw| {
            (750 + up_to(draw, 500)).min(1_000)
        }),
        ("the sum of two draws", uniform(0, 400), &|draw| {
            up_to(draw, 200) + up_to(draw << 16, 200)
        }),
        ("decorrelated within the cap", uniform(100, 3_000), &|draw| {
            100 + up_to(draw, 900)
        }),
        ("decorrelated by twice the previous", uniform(100, 900), &|draw| {
            100 + up_to(draw, 500)
        }),
    ];
    for (name, law, rule) in wrong {
        assert!(judge(&law, &sample(1, rule)).is_err(), "{name} passed");
    }
}

#[test]
fn decorrelated_delays_grow_from_one_another() {
    // The distribution of each delay of a series, by one step of the Markov chain after the other. Judged by
    // thirtieths of the range, or the delays at the ends of it would be too rare.
    const SERIES: usize = 30_000;
    let thirtieth = |delay: u64| (delay - FIRST) * 30 / (CAP - FIRST + 1);
    let judge = |law: &Law, sample: &[u64]| {
        let mut coarse = vec![0.0; 30];
        for (delay, p) in law.iter().enumerate().skip(FIRST as usize) {
            coarse[thirtieth(delay as u64) as usize] += p;
        }
        let sample: Vec<u64> = sample.iter().map(|delay| thirtieth(*delay)).collect();
        judge(&coarse, &sample)
    };
    let random = SharedRandom::seeded(2);
    let series: Vec<Vec<u64>> = (0..SERIES)
        .map(|_| {
            backoff(Jitter::Decorrelated)
                .delays(&random)
                .take(4)
                .map(Micros::as_micros)
                .collect()
        })
        .collect();
    let mut law = uniform(FIRST, 3 * FIRST);
    for retry in 0..4 {
        let delays: Vec<u64> = series.iter().map(|delays| delays[retry]).collect();
        assert_eq!(judge(&law, &delays), Ok(()), "retry {retry}");
        if retry > 0 {
            // The twin: a caller who forgets the delay before.
            let forgetful = sample(3, |draw| {
                backoff(Jitter::Decorrelated)
                    .delay(1, Micros::ZERO, draw)
                    .as_micros()
            });
            assert!(judge(&law, &forgetful).is_err(), "retry {retry}");
        }
        let mut next = vec![0.0; law.len()];
        for (previous, p) in law.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            for (delay, q) in uniform(FIRST, 3 * previous as u64).iter().enumerate() {
                next[delay] += p * q;
            }
        }
        law = next;
    }
}

#[test]
fn a_fleet_stays_spread_at_the_cap() {
    // 1000 devices that are all at the cap: in no hundredth of the range that they are spread over do more than
    // 30 of them come back at once (10 is the mean; by theory, one fleet in 150,000 has such a hundredth).
    for (jitter, low) in [
        (Jitter::Full, 0),
        (Jitter::Equal, 500_000),
        (Jitter::PlusMinus(25), 600_000),
    ] {
        let backoff = Backoff::exponential(micros(100), micros(1_000_000))
            .jitter(jitter)
            .build();
        let mut hundredths = [0; 100];
        for serial in 0..1_000 {
            let delay = backoff
                .delay(40, Micros::ZERO, SharedRandom::seeded(serial).next())
                .as_micros();
            hundredths[((delay - low) * 100 / (1_000_001 - low)) as usize] += 1;
        }
        assert!(hundredths.iter().max() <= Some(&30), "{jitter:?}: {hundredths:?}");
    }
}

#[test]
fn the_jittered_figures_of_other_systems() {
    // A draw as a fraction of all of them, to a microsecond.
    let draw = |share: f64| (share * f64::from(u32::MAX)) as u32;
    let close = |delay: Micros, ms: u64| {
        assert!(
            delay.as_micros().abs_diff(ms * 1_000) <= 1,
            "{delay}, not {ms} ms"
        )
    };
    // Polly: 1 s, 25 % up or down.
    let polly = Backoff::constant(millis(1_000))
        .jitter(Jitter::PlusMinus(25))
        .build();
    for (share, ms) in [(0.0, 750), (0.4, 950), (0.6, 1_050), (1.0, 1_250)] {
        close(polly.delay(0, Micros::ZERO, draw(share)), ms);
    }
    // The AWS simulator, from 100 ms to 1 s.
    let aws = |jitter| {
        Backoff::exponential(millis(100), millis(1_000))
            .jitter(jitter)
            .build()
    };
    for (retry, share, ms) in [
        (0, 1.0, 100),
        (1, 0.5, 100),
        (2, 0.0, 0),
        (3, 1.0, 800),
        (4, 1.0, 1_000),
        (10, 0.25, 250),
        (62, 1.0, 1_000),
    ] {
        close(aws(Jitter::Full).delay(retry, Micros::ZERO, draw(share)), ms);
    }
    let mut previous = Micros::ZERO;
    for (retry, (share, ms)) in [(1.0, 300), (1.0, 900), (1.0, 1_000), (0.0, 100), (0.5, 200)]
        .iter()
        .enumerate()
    {
        previous = aws(Jitter::Decorrelated).delay(retry as u32, previous, draw(*share));
        close(previous, *ms);
    }
    // gRPC's A6: 20 % up or down around 100 ms doubling to 1 s, jittered after the cap. Here the cap is what no delay
    // exceeds, 1.2 s.
    let grpc = Backoff::exponential(millis(100), millis(1_200))
        .jitter(Jitter::PlusMinus(20))
        .build();
    for (retry, ms) in [100, 200, 400, 800, 1_000, 1_000].into_iter().enumerate() {
        close(grpc.base_delay(retry as u32), ms);
        close(grpc.delay(retry as u32, Micros::ZERO, 0), ms * 8 / 10);
        close(grpc.delay(retry as u32, Micros::ZERO, u32::MAX), ms * 12 / 10);
    }
}
