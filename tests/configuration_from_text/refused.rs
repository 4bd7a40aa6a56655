//! What could be meant, and makes no sense: the sentences of the builders, with the names of the fields.

use super::*;

#[test]
fn what_a_backoff_refuses_is_named_by_its_field() {
    let delays = |fields: &str| with(&format!(r#""open_for": {{{fields}}}"#));
    for (json, sentence) in [
        (
            delays(r#""shape": "linear", "first": "2s", "step": "1s", "cap": "1s""#),
            "open_for.cap: the cap of a backoff is below its first delay",
        ),
        (
            delays(r#""shape": "fibonacci", "first": "0s", "cap": "1s""#),
            "open_for.first: an exponential or fibonacci backoff cannot grow from zero: give it a first delay, and `first_at_once` for one retry without any",
        ),
        (
            delays(r#""shape": "constant", "delay": "1s", "factor": 2"#),
            "open_for.factor: only an exponential backoff has a factor",
        ),
        (
            exponential(r#""factor": "2/0""#),
            "open_for.factor: the factor of a backoff has the denominator zero",
        ),
        (
            exponential(r#""factor": 0"#),
            "open_for.factor: the factor of a backoff is below 1: its delays would shrink",
        ),
        (
            exponential(r#""factor": 65537"#),
            "open_for.factor: the factor of a backoff is a fraction of numbers up to 65536",
        ),
        (
            exponential(r#""jitter": "plus_minus", "percent": 0"#),
            "open_for.percent: plus/minus jitter takes 1 to 100 percent",
        ),
        (
            exponential(r#""jitter": "plus_minus", "percent": 101"#),
            "open_for.percent: plus/minus jitter takes 1 to 100 percent",
        ),
        // As an eighth of a word it would be 20.
        (
            exponential(r#""jitter": "plus_minus", "percent": 276"#),
            "open_for.percent: plus/minus jitter takes 1 to 100 percent",
        ),
        (
            exponential(r#""jitter": "decorrelated", "factor": 2"#),
            "open_for.jitter: decorrelated jitter grows by its own rule: it goes with an exponential backoff without a factor",
        ),
        (
            delays(r#""shape": "exponential", "first": "1s", "cap": "1s", "jitter": "decorrelated""#),
            "open_for.cap: decorrelated jitter needs a cap above the first delay",
        ),
        (
            exponential(r#""max_attempts": 0"#),
            "open_for.max_attempts: a backoff allows at least one attempt",
        ),
        (
            exponential(r#""shape": "Linear""#),
            "open_for.shape: this field is given twice",
        ),
        (
            delays(r#""shape": "Linear""#),
            "open_for.shape: the shapes are constant, linear, exponential and fibonacci",
        ),
        (
            exponential(r#""jitter": "some""#),
            "open_for.jitter: the jitters are none, full, equal, decorrelated and plus_minus",
        ),
    ] {
        assert_eq!(wrong::<Config>(&json), sentence, "{json}");
        // Not left for later: a builder holds a finished backoff.
        assert_eq!(wrong::<Unchecked>(&json), sentence, "{json}");
    }
}

#[test]
fn what_a_breaker_refuses_is_named_by_its_field() {
    let too_long =
        "no cool-down, hint, lease, ramp, stable period or longest wait may be longer than 814 days";
    let probes = "probes: a breaker admits 1 to 15 probes at a time and closes after 1 to 15 successes";
    let ratio = "probes: 1 to 15 probes decide, and open the breaker again at 1 to 100 percent of failures";
    let named = |field: &str| format!("{field}: {too_long}");
    let failures = "failures: a breaker opens after 1 to 4095 failures in a row";
    for (json, sentence) in [
        (r#"{"failures": 0}"#.to_string(), failures.to_string()),
        (r#"{"failures": 4096}"#.to_string(), failures.to_string()),
        (
            r#"{"failures": 256, "recover_over": "1s"}"#.to_string(),
            "failures: a breaker that recovers over a period opens after 1 to 255 failures in a row".to_string(),
        ),
        (with(r#""enforced": 101"#), "enforced: a breaker is enforced for 0 to 100 percent of its callers".to_string()),
        (with(r#""probes": {"at_a_time": 16}"#), probes.to_string()),
        (with(r#""probes": {"successes": 0}"#), probes.to_string()),
        (with(r#""probes": {"calls": 16, "failure_percent": 50}"#), ratio.to_string()),
        (with(r#""probes": {"calls": 15, "failure_percent": 101}"#), ratio.to_string()),
        (with(r#""probe_lease": "0s""#), "probe_lease: a probe lease must be longer than zero".to_string()),
        (
            exponential(r#""max_attempts": 5"#),
            "open_for: a cool-down has neither a maximum of attempts nor a maximum total: leave both out of its backoff".to_string(),
        ),
        (
            exponential(r#""jitter": "decorrelated""#),
            "open_for.jitter: a cool-down cannot be decorrelated: choose the jitter none, full, equal or plus/minus".to_string(),
        ),
        (
            exponential(r#""factor": "5/4""#),
            "open_for.cap: a cool-down must have reached its cap by the 16th opening in a row: lower the cap or grow faster".to_string(),
        ),
        (
            exponential(r#""jitter": "full""#),
            "open_for.jitter: a jittered cool-down needs a random source: name one with .random(&SOURCE)".to_string(),
        ),
        (with(r#""open_for": {"shape": "constant", "delay": "815d"}"#), named("open_for")),
        (exponential(r#""max_hint": "815d""#), named("open_for")),
        (with(r#""probe_lease": "815d""#), named("probe_lease")),
        (with(r#""recover_over": "815d""#), named("recover_over")),
        (with(r#""stable_after": "815d""#), named("stable_after")),
        (with(r#""longest_wait": "815d""#), named("longest_wait")),
        // Of several, the longest.
        (with(r#""longest_wait": "816d", "probe_lease": "817d", "stable_after": "815d""#), named("probe_lease")),
    ] {
        assert_eq!(wrong::<Config>(&json), sentence, "{json}");
    }
    for (percent, minimum, sentence) in [
        (
            0,
            1,
            "failure_percent: a breaker opens at a failure rate of 1 to 100 percent",
        ),
        (
            101,
            1,
            "failure_percent: a breaker opens at a failure rate of 1 to 100 percent",
        ),
        (
            1,
            0,
            "minimum_calls: a failure rate needs a minimum of 1 to 1000000 calls",
        ),
        (
            1,
            1_000_001,
            "minimum_calls: a failure rate needs a minimum of 1 to 1000000 calls",
        ),
    ] {
        let json = format!(r#"{{"failure_percent": {percent}, "minimum_calls": {minimum}}}"#);
        assert_eq!(wrong::<Rate>(&json), sentence);
    }
    for percent in [0, 101] {
        assert_eq!(
            wrong::<Rates>(&format!(
                r#"{{"failure_percent": 1, "minimum_calls": 1, "slow_percent": {percent}, "slow_after": "1s"}}"#
            )),
            "slow_percent: a breaker opens at a rate of 1 to 100 percent of slow calls"
        );
    }
    // A builder is not checked before it is built.
    assert_eq!(
        right::<Unchecked>(r#"{"failures": 0}"#)
            .try_build()
            .unwrap_err()
            .field(),
        "failures"
    );
}
