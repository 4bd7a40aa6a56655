//! Times: what is shown is read back.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::*;

fn comes_back(micros: u64) {
    let span = Micros::from_micros(micros);
    let text = span.to_string();
    assert_eq!(text.parse(), Ok(span), "{text}");
    assert_eq!(right::<Micros>(&format!("{text:?}")), span, "{text}");
}

#[test]
fn every_boundary_comes_back_as_it_was_shown() {
    let ends = [
        0,
        u64::MAX,
        u64::MAX / 1_000 * 1_000,
        u64::MAX / 1_000_000 * 1_000_000,
    ];
    let powers = (0..64).map(|k| 1 << k);
    let tens = (0..20).map(|k| 10u64.pow(k));
    for micros in ends.into_iter().chain(powers).chain(tens) {
        for off in [micros.saturating_sub(1), micros, micros.saturating_add(1)] {
            comes_back(off);
        }
    }
}

/// Failures that a property once found are kept beside this file.
fn cases() -> ProptestConfig {
    let regressions = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        failure_persistence: Some(Box::new(regressions)),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_span_comes_back_as_it_was_shown(micros: u64, unit in 0..3) {
        // Microseconds, or a whole number of milliseconds or seconds.
        let unit = [1, 1_000, 1_000_000][unit as usize];
        comes_back(micros / unit * unit);
    }

    #[test]
    fn a_span_of_many_units_is_their_sum(
        (d, h, min) in (0..100_000_000u64, 0..100_000u64, 0..100_000u64),
        (s, ms, us) in (0..100_000u64, 0..100_000u64, 0..100_000u64),
        gap in "[ ]{0,2}",
    ) {
        let text = format!("{d}{gap}d{gap}{h}h {min}{gap}min{gap}{s}{gap}s {ms}ms{gap}{us}us");
        let sum = ((((d * 24 + h) * 60 + min) * 60 + s) * 1_000 + ms) * 1_000 + us;
        prop_assert_eq!(text.parse(), Ok(Micros::from_micros(sum)));
    }

    #[test]
    fn decimals_are_exact(whole in 0..1_000_000u64, decimals in 0..1_000_000u64) {
        let text = format!("{whole}.{decimals:06}s");
        prop_assert_eq!(text.parse(), Ok(Micros::from_micros(whole * 1_000_000 + decimals)));
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,24}", likely in "[0-9 .a-z]{0,24}") {
        let _ = text.parse::<Micros>();
        let _ = likely.parse::<Micros>();
        let _ = serde_json::from_str::<Backoff>(&text);
    }
}
