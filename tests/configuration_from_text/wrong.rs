//! What cannot be meant: other types, other names, too much, too little.

use serde::de::Deserialize;

use super::*;

#[test]
fn a_time_is_text_with_units() {
    let what = "to be a time as text with its unit, such as \"30s\"";
    for (value, sentence) in [
        (
            "5",
            format!("invalid type: integer `5`, expected `probe_lease` {what}"),
        ),
        (
            "-5",
            format!("invalid type: integer `-5`, expected `probe_lease` {what}"),
        ),
        (
            "5.5",
            format!("invalid type: floating point `5.5`, expected `probe_lease` {what}"),
        ),
        (
            "null",
            format!("invalid type: null, expected `probe_lease` {what}"),
        ),
        (
            "true",
            format!("invalid type: boolean `true`, expected `probe_lease` {what}"),
        ),
        (
            "[]",
            format!("invalid type: sequence, expected `probe_lease` {what}"),
        ),
        ("{}", format!("invalid type: map, expected `probe_lease` {what}")),
    ] {
        assert_eq!(
            wrong::<Config>(&with(&format!(r#""probe_lease": {value}"#))),
            sentence
        );
    }
    for (text, sentence) in [
        (
            "",
            "a time is one or more numbers with units, such as 250ms, 30s or 1min 30s",
        ),
        (
            "soon",
            "a time is one or more numbers with units, such as 250ms, 30s or 1min 30s",
        ),
        (
            "-1s",
            "a time is one or more numbers with units, such as 250ms, 30s or 1min 30s",
        ),
        (
            "5",
            "a time needs a unit after each number: us, ms, s, min, h or d",
        ),
        ("5m", "the units of a time are us, ms, s, min, h and d"),
        (
            "30s 1min",
            "a time names its units from the longest to the shortest, each once",
        ),
        (
            "0.0000001s",
            "a time has more decimals than its unit has in whole microseconds: take a shorter unit",
        ),
        (
            "18446744073709551616us",
            "a time is at most 18446744073709551615us, some 584542 years",
        ),
    ] {
        assert_eq!(
            wrong::<Config>(&with(&format!(r#""probe_lease": "{text}""#))),
            format!("probe_lease: {sentence}")
        );
        assert_eq!(wrong::<Micros>(&format!(r#" "{text}""#)), sentence);
    }
}

#[test]
fn every_field_of_another_type_is_refused_by_its_name() {
    let time = "a time as text with its unit, such as \"30s\"";
    let number = "a whole number";
    let rules = r#""failure_percent": 1, "minimum_calls": 1, "slow_percent": 1, "slow_after": "1s""#;
    // A sequence is no value of any field.
    for (field, what) in [
        ("failures", number),
        ("probes", "probes by their fields"),
        ("probe_lease", time),
        ("recover_over", time),
        ("enforced", number),
        ("open_for", "a backoff by its fields"),
        ("stable_after", time),
        ("abandoned_after", time),
        ("longest_wait", time),
    ] {
        assert_eq!(
            wrong::<Config>(&format!(r#"{{"{field}": [1]}}"#)),
            format!("invalid type: sequence, expected `{field}` to be {what}")
        );
    }
    for (field, what) in [
        ("failure_percent", number),
        ("minimum_calls", number),
        ("slow_percent", number),
        ("slow_after", time),
    ] {
        assert_eq!(
            wrong::<Rates>(&format!(r#"{{"{field}": [1]}}"#)),
            format!("invalid type: sequence, expected `{field}` to be {what}")
        );
        assert_eq!(
            wrong::<Rates>(&format!(r#"{{{rules}, "{field}": "1s"}}"#)),
            format!("{field}: this field is given twice")
        );
    }
    for (field, what) in [
        ("at_a_time", number),
        ("successes", number),
        ("calls", number),
        ("failure_percent", number),
    ] {
        assert_eq!(
            wrong::<Config>(&format!(r#"{{"probes": {{"{field}": [1]}}}}"#)),
            format!("invalid type: sequence, expected `probes.{field}` to be {what}")
        );
    }
    for (field, what) in [
        (
            "shape",
            "\"constant\", \"linear\", \"exponential\" or \"fibonacci\"",
        ),
        ("delay", time),
        ("first", time),
        ("step", time),
        ("cap", time),
        ("factor", "a whole number, or a fraction as text, such as \"3/2\""),
        (
            "jitter",
            "\"none\", \"full\", \"equal\", \"decorrelated\" or \"plus_minus\"",
        ),
        ("percent", number),
        ("first_at_once", "true or false"),
        ("max_attempts", number),
        ("max_total", time),
        ("max_hint", time),
    ] {
        assert_eq!(
            wrong::<Config>(&format!(r#"{{"open_for": {{"{field}": [1]}}}}"#)),
            format!("invalid type: sequence, expected `open_for.{field}` to be {what}")
        );
        assert_eq!(
            wrong::<Backoff>(&format!(r#"{{"{field}": [1]}}"#)),
            format!("invalid type: sequence, expected `{field}` to be {what}")
        );
    }
}

#[test]
fn what_stands_alone_is_refused_by_what_it_is() {
    let breaker = "invalid type: sequence, expected the configuration of a breaker by its fields";
    assert_eq!(wrong::<Config>("[5]"), breaker);
    assert_eq!(wrong::<Unchecked>("[5]"), breaker);
    assert_eq!(wrong::<Rate>("[5, 5]"), breaker);
    assert_eq!(wrong::<Rates>("[5, 5]"), breaker);
    assert_eq!(
        wrong::<Backoff>(r#" "soon""#),
        "invalid type: string \"soon\", expected a backoff by its fields"
    );
    assert_eq!(
        wrong::<Micros>(" 5"),
        "invalid type: integer `5`, expected a time as text with its unit, such as \"30s\""
    );
    assert_eq!(
        wrong::<Backoff>(r#"{"shape": "exponential", "first": "2s", "cap": "1s"}"#),
        "cap: the cap of a backoff is below its first delay"
    );
}

#[test]
fn an_unknown_field_is_refused_and_so_is_one_of_another_rule() {
    let rest = "`probes`, `probe_lease`, `recover_over`, `enforced`, `open_for`, `stable_after`, `abandoned_after`, `longest_wait`";
    for field in [
        "",
        "failure",
        "Failures",
        "failures ",
        "slow_percent",
        "minimum_calls",
        "random",
    ] {
        assert_eq!(
            wrong::<Config>(&with(&format!(r#""{field}": 5"#))),
            format!("unknown field `{field}`, expected one of `failures`, {rest}")
        );
    }
    let rate = r#""failure_percent": 50, "minimum_calls": 20"#;
    for field in ["failures", "slow_percent", "slow_after"] {
        assert_eq!(
            wrong::<Rate>(&format!(r#"{{{rate}, "{field}": 5}}"#)),
            format!("unknown field `{field}`, expected one of `failure_percent`, `minimum_calls`, {rest}")
        );
    }
    assert_eq!(
        wrong::<Rates>(&format!(r#"{{{rate}, "failures": 5}}"#)),
        format!(
            "unknown field `failures`, expected one of `failure_percent`, `minimum_calls`, `slow_percent`, `slow_after`, {rest}"
        )
    );
    assert_eq!(
        wrong::<Config>(&with(r#""probes": {"percent": 5}"#)),
        "unknown field `probes.percent`, expected one of `at_a_time`, `successes`, `calls`, `failure_percent`"
    );
    let backoff = "`shape`, `delay`, `first`, `step`, `cap`, `factor`, `jitter`, `percent`, `first_at_once`, `max_attempts`, `max_total`, `max_hint`";
    assert_eq!(
        wrong::<Config>(&exponential(r#""capp": "1s""#)),
        format!("unknown field `open_for.capp`, expected one of {backoff}")
    );
    assert_eq!(
        wrong::<Backoff>(r#"{"cap.": 1}"#),
        format!("unknown field `cap.`, expected one of {backoff}")
    );
}

#[test]
fn a_field_is_given_once() {
    for (json, field) in [
        (with(r#""failures": 5"#), "failures"),
        (with(r#""enforced": 5, "enforced": 5"#), "enforced"),
        (with(r#""probes": {}, "probes": {}"#), "probes"),
        (with(r#""probes": {"calls": 1, "calls": 1}"#), "probes.calls"),
        (exponential(r#""cap": "1s""#), "open_for.cap"),
    ] {
        assert_eq!(
            wrong::<Config>(&json),
            format!("{field}: this field is given twice")
        );
    }
}

#[test]
fn what_must_be_there_is_missed_by_its_name() {
    let missing = |field: &str| format!("{field}: this field is missing");
    assert_eq!(wrong::<Config>("{}"), missing("failures"));
    assert_eq!(
        wrong::<Rate>(r#"{"minimum_calls": 1}"#),
        missing("failure_percent")
    );
    assert_eq!(
        wrong::<Rate>(r#"{"failure_percent": 1}"#),
        missing("minimum_calls")
    );
    for (there, field) in [
        (
            r#""minimum_calls": 1, "slow_percent": 1, "slow_after": "1s""#,
            "failure_percent",
        ),
        (
            r#""failure_percent": 1, "slow_percent": 1, "slow_after": "1s""#,
            "minimum_calls",
        ),
        (
            r#""failure_percent": 1, "minimum_calls": 1, "slow_after": "1s""#,
            "slow_percent",
        ),
        (
            r#""failure_percent": 1, "minimum_calls": 1, "slow_percent": 1"#,
            "slow_after",
        ),
    ] {
        assert_eq!(wrong::<Rates>(&format!("{{{there}}}")), missing(field));
    }
    assert_eq!(
        wrong::<Config>(&with(r#""probes": {"calls": 1}"#)),
        missing("probes.failure_percent")
    );
    assert_eq!(
        wrong::<Config>(&with(r#""probes": {"failure_percent": 1}"#)),
        missing("probes.calls")
    );
    for (there, field) in [
        (r#""#, "shape"),
        (r#""shape": "constant""#, "delay"),
        (r#""shape": "linear", "step": "1s", "cap": "1s""#, "first"),
        (r#""shape": "linear", "first": "1s", "cap": "1s""#, "step"),
        (r#""shape": "linear", "first": "1s", "step": "1s""#, "cap"),
        (r#""shape": "exponential", "cap": "1s""#, "first"),
        (r#""shape": "exponential", "first": "1s""#, "cap"),
        (r#""shape": "fibonacci", "cap": "1s""#, "first"),
        (r#""shape": "fibonacci", "first": "1s""#, "cap"),
        (
            r#""shape": "constant", "delay": "1s", "jitter": "plus_minus""#,
            "percent",
        ),
    ] {
        assert_eq!(
            wrong::<Config>(&with(&format!(r#""open_for": {{{there}}}"#))),
            missing(&format!("open_for.{field}"))
        );
        assert_eq!(wrong::<Backoff>(&format!("{{{there}}}")), missing(field));
    }
}

#[test]
fn fields_that_do_not_go_together_are_refused() {
    for (there, field) in [
        (r#""shape": "constant", "delay": "1s", "first": "1s""#, "first"),
        (r#""shape": "constant", "delay": "1s", "step": "1s""#, "step"),
        (r#""shape": "constant", "delay": "1s", "cap": "1s""#, "cap"),
        (
            r#""shape": "linear", "first": "1s", "step": "1s", "cap": "1s", "delay": "1s""#,
            "delay",
        ),
        (
            r#""shape": "exponential", "first": "1s", "cap": "1s", "delay": "1s""#,
            "delay",
        ),
        (
            r#""shape": "exponential", "first": "1s", "cap": "1s", "step": "1s""#,
            "step",
        ),
        (
            r#""shape": "fibonacci", "first": "1s", "cap": "1s", "delay": "1s""#,
            "delay",
        ),
        (
            r#""shape": "fibonacci", "first": "1s", "cap": "1s", "step": "1s""#,
            "step",
        ),
    ] {
        assert_eq!(
            wrong::<Config>(&with(&format!(r#""open_for": {{{there}}}"#))),
            format!("open_for.{field}: a backoff of this shape has no such field")
        );
    }
    for jitter in ["none", "full", "equal", "decorrelated"] {
        assert_eq!(
            wrong::<Config>(&exponential(&format!(r#""percent": 20, "jitter": "{jitter}""#))),
            "open_for.percent: only the jitter plus_minus has a percentage"
        );
    }
    assert_eq!(
        wrong::<Config>(&exponential(r#""percent": 20"#)),
        "open_for.percent: only the jitter plus_minus has a percentage"
    );
    for probes in [
        r#"{"successes": 1, "calls": 1, "failure_percent": 1}"#,
        r#"{"successes": 1, "calls": 1}"#,
        r#"{"successes": 1, "failure_percent": 1}"#,
    ] {
        assert_eq!(
            wrong::<Config>(&with(&format!(r#""probes": {probes}"#))),
            "probes.successes: either so many successes decide, or calls and failure_percent do"
        );
    }
}

#[test]
fn numbers_are_whole_and_fit() {
    for (number, sentence) in [
        ("-1", "enforced: -1 is not within 0 to 4294967295"),
        ("4294967296", "enforced: 4294967296 is not within 0 to 4294967295"),
        (
            "18446744073709551615",
            "enforced: 18446744073709551615 is not within 0 to 4294967295",
        ),
        (
            "1.5",
            "invalid type: floating point `1.5`, expected `enforced` to be a whole number",
        ),
        (
            "\"1\"",
            "invalid type: string \"1\", expected `enforced` to be a whole number",
        ),
    ] {
        assert_eq!(
            wrong::<Config>(&with(&format!(r#""enforced": {number}"#))),
            sentence
        );
    }
    let fraction = "open_for.factor: a factor as text is a whole number or a fraction of two, such as 3/2";
    for (factor, sentence) in [
        (
            "1.5",
            "invalid type: floating point `1.5`, expected `open_for.factor` to be a whole number, or a fraction as text, such as \"3/2\"",
        ),
        ("-2", "open_for.factor: -2 is not within 0 to 4294967295"),
        (
            "4294967296",
            "open_for.factor: 4294967296 is not within 0 to 4294967295",
        ),
        (r#""""#, fraction),
        (r#""/""#, fraction),
        (r#""3/""#, fraction),
        (r#""/2""#, fraction),
        (r#""3/2/1""#, fraction),
        (r#""+3/2""#, fraction),
        (r#""3/+2""#, fraction),
        (r#""3 / 2""#, fraction),
        (r#""1.5""#, fraction),
        (r#""4294967296/2""#, fraction),
    ] {
        assert_eq!(
            wrong::<Config>(&exponential(&format!(r#""factor": {factor}"#))),
            sentence
        );
    }
}

#[test]
fn fields_have_names() {
    type Map<I> = serde::de::value::MapDeserializer<'static, I, serde::de::value::Error>;
    let numbered = || Map::new([(1, 2)].into_iter());
    assert_eq!(
        Config::<NoRandom>::deserialize(numbered())
            .unwrap_err()
            .to_string(),
        "invalid type: integer `1`, expected the name of a field"
    );
    let within = Map::new([("open_for", numbered())].into_iter());
    assert_eq!(
        Config::<NoRandom>::deserialize(within).unwrap_err().to_string(),
        "invalid type: integer `1`, expected the name of a field of `open_for`"
    );
}

#[test]
fn toml_says_the_same() {
    for (text, sentence) in [
        (
            "failures = 0",
            "failures: a breaker opens after 1 to 4095 failures in a row",
        ),
        ("failures = -1", "failures: -1 is not within 0 to 4294967295"),
        (
            "failures = 5\nfail = 5",
            "unknown field `fail`, expected one of `failures`, `probes`, `probe_lease`, `recover_over`, `enforced`, `open_for`, `stable_after`, `abandoned_after`, `longest_wait`",
        ),
        (
            "failures = 5\nprobe_lease = 30",
            "invalid type: integer `30`, expected `probe_lease` to be a time as text with its unit, such as \"30s\"",
        ),
        (
            "failures = 5\nprobe_lease = 12:30:00",
            "invalid type: map, expected `probe_lease` to be a time as text with its unit, such as \"30s\"",
        ),
        (
            "failures = 5\n[open_for]\nshape = 'constant'\ndelay = '5'",
            "open_for.delay: a time needs a unit after each number: us, ms, s, min, h or d",
        ),
    ] {
        let error = toml::from_str::<Config>(text).unwrap_err();
        assert_eq!(error.message(), sentence);
    }
}
