//! What is right, compared with the same from the builder.

use super::*;

#[test]
fn a_rule_alone_is_what_the_builder_makes_of_it() {
    assert_eq!(toml::from_str("failures = 5"), Ok(Config::consecutive(5).build()));
    assert_eq!(
        toml::from_str("failure_percent = 50\nminimum_calls = 20"),
        Ok(Config::failure_rate(50, 20).build())
    );
    assert_eq!(
        toml::from_str("failure_percent = 50\nminimum_calls = 20\nslow_percent = 80\nslow_after = '2s'"),
        Ok(Config::failure_rate(50, 20).slow_calls(80, secs(2)).build())
    );
}

#[test]
fn every_field_in_toml() {
    let read: Rates = toml::from_str(
        r#"
            failure_percent = 33
            minimum_calls = 12
            slow_percent = 44
            slow_after = "750ms"
            probe_lease = "5s"
            recover_over = "1min 30s"
            enforced = 25
            stable_after = "2h"
            abandoned_after = "45 s"
            longest_wait = "1d"

            [probes]
            at_a_time = 3
            calls = 10
            failure_percent = 30

            [open_for]
            shape = "exponential"
            first = "1.5s"
            cap = "1min"
            factor = "3/2"
            jitter = "none"
            first_at_once = true
            max_hint = "10min"
        "#,
    )
    .unwrap();
    let open_for = Backoff::exponential(ms(1_500), secs(60))
        .factor(3, 2)
        .first_at_once()
        .max_hint(secs(600))
        .build();
    let built = Config::failure_rate(33, 12)
        .slow_calls(44, ms(750))
        .probe_lease(secs(5))
        .recover_over(secs(90))
        .enforced(25)
        .stable_after(secs(7_200))
        .abandoned_after(secs(45))
        .longest_wait(secs(86_400))
        .probes_by_ratio(3, 10, 30)
        .open_for(open_for)
        .build();
    assert_eq!(read, built);
}

#[test]
fn every_field_in_json_in_any_order() {
    let read: Config = right(
        r#"{
            "longest_wait": "1d", "abandoned_after": "45s", "stable_after": "2h", "enforced": 0,
            "open_for": {"max_hint": "10min", "cap": "1min", "step": "5s", "first": "0s", "shape": "linear"},
            "recover_over": "90s", "probe_lease": "7us", "probes": {"successes": 4, "at_a_time": 2}, "failures": 255
        }"#,
    );
    let open_for = Backoff::linear(secs(0), secs(5), secs(60))
        .max_hint(secs(600))
        .build();
    let built = Config::consecutive(255)
        .longest_wait(secs(86_400))
        .abandoned_after(secs(45))
        .stable_after(secs(7_200))
        .enforced(0)
        .recover_over(secs(90))
        .probe_lease(Duration::from_micros(7))
        .probes(2, 4)
        .open_for(open_for);
    assert_eq!(read, built.build());
}

#[test]
fn what_is_missing_among_the_probes_is_one() {
    for (probes, at_a_time, successes) in [
        ("{}", 1, 1),
        (r#"{"at_a_time": 3}"#, 3, 1),
        (r#"{"successes": 3}"#, 1, 3),
    ] {
        assert_eq!(
            right::<Config>(&format!(r#"{{"failures": 2, "probes": {probes}}}"#)),
            Config::consecutive(2).probes(at_a_time, successes).build()
        );
    }
    assert_eq!(
        right::<Config>(r#"{"failures": 2, "probes": {"calls": 8, "failure_percent": 50}}"#),
        Config::consecutive(2).probes_by_ratio(1, 8, 50).build()
    );
}

#[test]
fn a_jittered_one_is_given_its_randomness_afterwards() {
    static RANDOM: SharedRandom = SharedRandom::seeded(7);
    const COOL_DOWN: Backoff = Backoff::exponential(secs(1), secs(60))
        .jitter(Jitter::PlusMinus(25))
        .build();
    let open_for = r#"open_for = { shape = "exponential", first = "1s", cap = "60s", jitter = "plus_minus", percent = 25 }"#;
    let text = |rule: &str| format!("{rule}\n{open_for}");

    let read: Unchecked = toml::from_str(&text("failures = 5")).unwrap();
    let built = Config::consecutive(5).open_for(COOL_DOWN).random(&RANDOM).build();
    assert_eq!(
        format!("{:?}", read.random(&RANDOM).try_build()),
        format!("{:?}", Ok::<_, ()>(built))
    );

    let rate = "failure_percent = 50\nminimum_calls = 20";
    let read: Unchecked<FailureRate> = toml::from_str(&text(rate)).unwrap();
    let built = Config::failure_rate(50, 20)
        .open_for(COOL_DOWN)
        .random(&RANDOM)
        .build();
    assert_eq!(
        format!("{:?}", read.random(&RANDOM).try_build()),
        format!("{:?}", Ok::<_, ()>(built))
    );

    let rates = format!("{rate}\nslow_percent = 100\nslow_after = '0s'");
    let read: Unchecked<FailureAndSlowRate> = toml::from_str(&text(&rates)).unwrap();
    let built = Config::failure_rate(50, 20)
        .slow_calls(100, ms(0))
        .open_for(COOL_DOWN)
        .random(&RANDOM)
        .build();
    assert_eq!(
        format!("{:?}", read.random(&RANDOM).try_build()),
        format!("{:?}", Ok::<_, ()>(built))
    );
}

#[test]
fn backoffs_of_every_shape_and_jitter() {
    let exponential = || Backoff::exponential(ms(100), secs(10));
    for (json, built) in [
        (
            r#"{"shape": "constant", "delay": "0s"}"#,
            Backoff::constant(ms(0)),
        ),
        (
            r#"{"shape": "linear", "first": "0s", "step": "1s", "cap": "1min"}"#,
            Backoff::linear(ms(0), secs(1), secs(60)),
        ),
        (
            r#"{"shape": "fibonacci", "first": "1s", "cap": "1min"}"#,
            Backoff::fibonacci(secs(1), secs(60)),
        ),
        (
            r#"{"shape": "exponential", "first": "100ms", "cap": "10s"}"#,
            exponential(),
        ),
        (
            r#"{"shape": "exponential", "first": "100ms", "cap": "10s", "factor": 3}"#,
            exponential().factor(3, 1),
        ),
        (
            r#"{"shape": "exponential", "first": "100ms", "cap": "10s", "factor": "3"}"#,
            exponential().factor(3, 1),
        ),
        (
            r#"{"shape": "exponential", "first": "100ms", "cap": "10s", "factor": "65536/65535"}"#,
            exponential().factor(65_536, 65_535),
        ),
        (
            r#"{"shape": "exponential", "first": "100ms", "cap": "10s", "jitter": "none", "first_at_once": false}"#,
            exponential(),
        ),
        (
            r#"{"shape": "exponential", "first": "100ms", "cap": "10s", "jitter": "full", "first_at_once": true}"#,
            exponential().jitter(Jitter::Full).first_at_once(),
        ),
        (
            r#"{"shape": "exponential", "first": "100ms", "cap": "10s", "jitter": "equal", "max_attempts": 4294967295}"#,
            exponential().jitter(Jitter::Equal).max_attempts(u32::MAX),
        ),
        (
            r#"{"shape": "exponential", "first": "100ms", "cap": "10s", "jitter": "decorrelated", "max_total": "1h"}"#,
            exponential().jitter(Jitter::Decorrelated).max_total(secs(3_600)),
        ),
        (
            r#"{"shape": "constant", "delay": "1s", "jitter": "plus_minus", "percent": 100, "max_hint": "1us"}"#,
            Backoff::constant(secs(1))
                .jitter(Jitter::PlusMinus(100))
                .max_hint(Duration::from_micros(1)),
        ),
    ] {
        assert_eq!(right::<Backoff>(json), built.build(), "{json}");
    }
}

#[test]
fn borrowed_escaped_and_owned_text_are_the_same() {
    let plain = r#"{"failures": 3, "probe_lease": "5s"}"#;
    let escaped = r#"{"\u0066ailures": 3, "probe_lease": "\u0035s"}"#;
    let built = Config::consecutive(3).probe_lease(secs(5)).build();
    assert_eq!(right::<Config>(plain), built);
    assert_eq!(right::<Config>(escaped), built);
    assert_eq!(
        serde_json::from_reader::<_, Config>(plain.as_bytes()).unwrap(),
        built
    );
    let value: serde_json::Value = right(plain);
    assert_eq!(serde_json::from_value::<Config>(value).unwrap(), built);
}
