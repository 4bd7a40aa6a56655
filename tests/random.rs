//! The shared generator: what it yields, who may share it, and how good it is.
//!
//! The quality tests work from fixed seeds, so that they always say the same; the same tests turn down four
//! broken generators. Each statistic is turned into the number of standard deviations that it lies off what a
//! perfect source yields, and must be within 5: a perfect source exceeds that once in 1.7 million statistics, of
//! which there are about 4000 here.

use std::collections::HashSet;
use watertight::{Random, SharedRandom};

#[test]
fn yields_what_the_published_definition_yields() {
    // From a transcription of the definition into another language (Weyl step 0x9E3779B9, start at seed times
    // the step squared, `triple32`).
    for (seed, numbers) in [
        (0, [0xFD42_F46A, 0xC87E_EE8A, 0xC1FA_EE18, 0x52D7_B8A6]),
        (1, [0xE87B_EC33, 0x89F3_310C, 0x7F3B_387D, 0x50DA_FB49]),
        (4_711, [0xF87A_FCB2, 0x7594_F0C4, 0x4508_3B1A, 0xFDAA_0F10]),
        (u32::MAX, [0x90E6_9B2B, 0x9013_15B1, 0xF537_3060, 0x65F0_BB89]),
    ] {
        let random = SharedRandom::seeded(seed);
        assert_eq!([0; 4].map(|_: u32| random.next()), numbers, "seed {seed}");
    }
}

#[test]
fn a_static_is_seeded_once_the_program_runs() {
    static RANDOM: SharedRandom = SharedRandom::seeded(0);
    let before = RANDOM.next();
    RANDOM.reseed(7);
    let other = SharedRandom::seeded(7);
    assert_eq!(
        [0; 8].map(|_: u32| RANDOM.next()),
        [0; 8].map(|_: u32| other.next())
    );
    RANDOM.reseed(0);
    assert_eq!(RANDOM.next(), before);
}

#[test]
fn callers_who_share_it_never_get_the_same_number() {
    let each = if cfg!(miri) { 50 } else { 20_000 };
    let random = SharedRandom::seeded(1);
    let mut drawn: Vec<u32> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..each).map(|_| random.next()).collect::<Vec<_>>()))
            .collect();
        callers
            .into_iter()
            .flat_map(|caller| caller.join().unwrap())
            .collect()
    });
    drawn.sort_unstable();
    let mut alone: Vec<u32> = {
        let random = SharedRandom::seeded(1);
        (0..4 * each).map(|_| random.next()).collect()
    };
    alone.sort_unstable();
    assert!(
        drawn == alone,
        "the four together drew other numbers than one caller alone"
    );
}

/// A generator for each seed.
type Source = fn(seed: u32) -> Box<dyn FnMut() -> u32>;

fn shared(seed: u32) -> Box<dyn FnMut() -> u32> {
    let random = SharedRandom::seeded(seed);
    Box::new(move || random.next())
}

const SEEDS: [u32; 6] = [0, 1, 2, 4_711, 0xDEAD_BEEF, u32::MAX];
const DRAWS: usize = 1 << 16;

#[test]
fn the_numbers_look_random() {
    assert_eq!(faults_of_streams(shared, &SEEDS), [""; 0]);
}

#[test]
fn neighbouring_seeds_look_unrelated() {
    assert_eq!(faults_of_neighbours(shared, &SEEDS), [""; 0]);
}

#[test]
fn broken_generators_are_told() {
    // The counter without its mixer.
    let plain: Source = |mut state| {
        Box::new(move || {
            state = state.wrapping_add(0x9E37_79B9);
            state
        })
    };
    // A congruential generator: the lower bits have short periods.
    let congruential: Source = |mut state| {
        Box::new(move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state
        })
    };
    // A mixer that was cut short after its first factor.
    let half_mixed: Source = |mut state| {
        Box::new(move || {
            state = state.wrapping_add(0x9E37_79B9);
            (state ^ state >> 17).wrapping_mul(0xED5A_D4BB)
        })
    };
    for (name, source) in [
        ("plain", plain),
        ("congruential", congruential),
        ("half mixed", half_mixed),
    ] {
        assert_ne!(faults_of_streams(source, &SEEDS[..1]), [""; 0], "{name}");
        assert_ne!(faults_of_neighbours(source, &SEEDS[..1]), [""; 0], "{name}");
    }
    // Good numbers, but the next seed is only the next draw.
    let not_hashed: Source = |seed| {
        let random = SharedRandom::seeded(0);
        (0..seed % 1_000).for_each(|_| _ = random.next());
        Box::new(move || random.next())
    };
    assert_eq!(faults_of_streams(not_hashed, &SEEDS[..1]), [""; 0]);
    assert_ne!(faults_of_neighbours(not_hashed, &SEEDS[..1]), [""; 0]);
}

/// Statistics of one stream at a time.
fn faults_of_streams(source: Source, seeds: &[u32]) -> Vec<String> {
    let mut faults = Faults::default();
    for &seed in seeds {
        let mut next = source(seed);
        let drawn: Vec<u32> = (0..DRAWS).map(|_| next()).collect();
        for bit in 0..32 {
            let ones = drawn.iter().filter(|x| *x >> bit & 1 == 1).count();
            faults.coin(ones, DRAWS, || format!("seed {seed}: ones in bit {bit}"));
            // Against the draws after it: the same bit, and its neighbour above.
            for lag in [1, 2, 3, 5, 8, 16] {
                for other in [bit, (bit + 1) % 32] {
                    let pairs = drawn.iter().zip(&drawn[lag..]);
                    let equal = pairs.filter(|(a, b)| (*a >> bit ^ *b >> other) & 1 == 0).count();
                    faults.coin(equal, DRAWS - lag, || {
                        format!("seed {seed}: bit {bit} against bit {other}, {lag} draws later")
                    });
                }
            }
        }
        for shift in (0..32).step_by(4) {
            let nibbles = drawn.iter().map(|x| x >> shift & 15);
            faults.even(nibbles, 16, || format!("seed {seed}: nibble from bit {shift}"));
        }
        for shift in [0, 3, 8, 13, 16, 24] {
            let bytes = drawn.iter().map(|x| x >> shift & 255);
            faults.even(bytes, 256, || format!("seed {seed}: byte from bit {shift}"));
        }
        for shift in [0, 28] {
            let pairs = drawn
                .chunks_exact(2)
                .map(|pair| (pair[0] >> shift & 15) << 4 | pair[1] >> shift & 15);
            faults.even(pairs, 256, || {
                format!("seed {seed}: two nibbles in a row from bit {shift}")
            });
        }
        // Serial correlation of whole numbers; for independent ones it is off 0 by 1 / sqrt(draws) or so.
        let centred: Vec<f64> = drawn
            .iter()
            .map(|x| f64::from(*x) - f64::from(u32::MAX) / 2.0)
            .collect();
        let square: f64 = centred.iter().map(|x| x * x).sum();
        let product: f64 = centred.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let z = product / square * (DRAWS as f64).sqrt();
        faults.note(z, || format!("seed {seed}: correlation from draw to draw"));
    }
    faults.0
}

/// Statistics of streams whose seeds differ by one, or in one bit.
fn faults_of_neighbours(source: Source, seeds: &[u32]) -> Vec<String> {
    let mut faults = Faults::default();
    for &seed in seeds {
        for (name, other) in [("+ 1", seed.wrapping_add(1)), ("^ 2^31", seed ^ 1 << 31)] {
            let (mut a, mut b) = (source(seed), source(other));
            let differences: Vec<u32> = (0..DRAWS).map(|_| a() ^ b()).collect();
            for bit in 0..32 {
                let equal = differences.iter().filter(|x| *x >> bit & 1 == 0).count();
                faults.coin(equal, DRAWS, || format!("seeds {seed} and {name}: bit {bit}"));
            }
            for shift in [0, 8, 16, 24] {
                let bytes = differences.iter().map(|x| x >> shift & 255);
                faults.even(bytes, 256, || {
                    format!("seeds {seed} and {name}: byte from bit {shift}")
                });
            }
        }
        // All streams lie on one cycle, so that two have a number in common only where they overlap.
        let fleet = (0..64).map(|k| source(seed.wrapping_add(k)));
        let drawn: HashSet<u32> = fleet
            .flat_map(|mut next| (0..1_000).map(move |_| next()))
            .collect();
        if drawn.len() != 64_000 {
            faults.0.push(format!(
                "64 seeds from {seed}: 64000 draws, {} numbers",
                drawn.len()
            ));
        }
    }
    // Avalanche: each bit of the seed turns each bit of the first number half of the time.
    for bit in 0..32 {
        let turned: Vec<u32> = (0..4_096u32)
            .map(|k| k.wrapping_mul(0x85EB_CA6B))
            .map(|seed| source(seed)() ^ source(seed ^ 1 << bit)())
            .collect();
        for out in 0..32 {
            let ones = turned.iter().filter(|x| *x >> out & 1 == 1).count();
            faults.coin(ones, turned.len(), || {
                format!("bit {bit} of the seed, bit {out} of the first draw")
            });
        }
    }
    faults.0
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    /// `z`: standard deviations off what is expected.
    fn note(&mut self, z: f64, what: impl Fn() -> String) {
        if z.is_nan() || z.abs() > 5.0 {
            self.0.push(format!("{}: {z:.1} sigma", what()));
        }
    }

    /// Heads of a fair coin: binomial.
    fn coin(&mut self, heads: usize, tosses: usize, what: impl Fn() -> String) {
        let n = tosses as f64;
        self.note((heads as f64 - n / 2.0) / (n / 4.0).sqrt(), what);
    }

    /// Chi-square against all values as likely, by Wilson and Hilferty's cube root as a normal variable.
    /// Too even counts are as suspicious as uneven ones.
    fn even(&mut self, values: impl Iterator<Item = u32>, kinds: usize, what: impl Fn() -> String) {
        let mut counts = vec![0u32; kinds];
        values.for_each(|value| counts[value as usize] += 1);
        let expected = f64::from(counts.iter().sum::<u32>()) / kinds as f64;
        let chi: f64 = counts
            .iter()
            .map(|n| (f64::from(*n) - expected).powi(2) / expected)
            .sum();
        let free = (kinds - 1) as f64;
        let spread = 2.0 / (9.0 * free);
        self.note(((chi / free).cbrt() - (1.0 - spread)) / spread.sqrt(), what);
    }
}
