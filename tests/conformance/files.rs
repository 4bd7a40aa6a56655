//! What the program does with files, good and bad.

use std::fs;
use std::path::PathBuf;

use super::program::{self, End};
use super::{SYSTEMS, vectors};

/// A file of this name with this in it.
fn written(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("it can be written");
    path
}

fn run(path: PathBuf) -> End {
    program::run(["conformance".into(), path.into_os_string()])
}

/// A file of one case: a breaker that opens at the second failure in a row.
fn of_step(step: &str) -> String {
    of_case(&format!(
        r#""config": {{"failures": 2, "open_for": {{"shape": "constant", "first_ms": 1000}}}}, "steps": [{step}]"#
    ))
}

fn of_case(rest: &str) -> String {
    format!(
        r#"{{"meta": {{}}, "vectors": [{{"id": "one", "primitive": "circuit_breaker", "portability": "core", "dialect": "watertight", {rest}}}]}}"#
    )
}

fn report(name: &str, text: &str) -> (String, u8) {
    match run(written(name, text)) {
        End::Report(report, status) => (report, status),
        End::Wrong(sentence) => panic!("it is a file of cases: {sentence}"),
    }
}

#[test]
fn a_file_that_passes_ends_with_status_0() {
    let End::Report(report, status) = run(vectors(SYSTEMS)) else {
        panic!("it is a file of cases");
    };
    assert_eq!(status, 0);
    assert!(report.ends_with(" differs\n"));
}

#[test]
fn a_case_that_fails_gets_a_line_and_status_1() {
    let step = r#"{"at_ms": 5, "op": "call", "args": {"outcome": "failure"}, "expect": {"state": "OPEN", "permitted": true}}"#;
    let (report, status) = report("fails.json", &of_step(step));
    assert_eq!(status, 1);
    let line = r#"failed      one: step 0 (call), state: expected "OPEN", got "CLOSED": no rule says so"#;
    assert_eq!(report.lines().next(), Some(line));
    assert!(report.ends_with("\n0 passed, 1 failed, 0 unsupported, 0 differs\n"));
}

/// They are well-formed, and cannot be run, or compared: that is a failure, not a pass.
#[test]
fn a_case_that_cannot_be_run_fails_with_a_sentence() {
    let steps = [
        (
            r#"{"at_ms": 0, "op": "call", "args": {"outcome": "failure", "speed": 3}, "expect": {"state": "CLOSED"}}"#,
            "unknown field `speed`",
        ),
        (
            r#"{"at_ms": 0, "op": "call", "args": {"outcome": "perhaps"}, "expect": {"state": "CLOSED"}}"#,
            "unknown variant `perhaps`",
        ),
        (
            r#"{"at_ms": 0, "op": "call", "expect": {"state": "CLOSED"}}"#,
            "it is not said how the call ended",
        ),
        (
            r#"{"at_ms": 0, "op": "call", "args": {"outcome": "failure"}, "expect": {"colour": "red"}}"#,
            "a circuit_breaker shows nothing called 'colour'",
        ),
        (
            r#"{"at_ms": 0, "op": "cal", "args": {"outcome": "failure"}, "expect": {"state": "CLOSED"}}"#,
            "nobody here knows the operation 'cal' of circuit_breaker",
        ),
        (
            r#"{"at_ms": 0, "op": "state", "expect": {}}"#,
            "nothing of what it expects can be compared here",
        ),
        (
            r#"{"at_ms": 0, "op": "state", "expect": {"exclusions": 3}}"#,
            "nothing of what it expects can be compared here",
        ),
    ];
    for (step, sentence) in steps {
        let (report, status) = report("cannot.json", &of_step(step));
        assert_eq!(status, 1, "{step}\n{report}");
        assert!(
            report.starts_with("failed      one: ") && report.contains(sentence),
            "{step}\n{report}"
        );
    }
    let configs = [
        (
            r#""config": {"failures": 0, "open_for": {"shape": "constant", "first_ms": 1}}"#,
            "a breaker opens after 1 to 4095 failures in a row",
        ),
        (
            r#""config": {"failures": 2, "open_for": {"shape": "constant", "first_ms": 1}, "retries": 1}"#,
            "unknown field `retries`",
        ),
        (
            r#""config": {"failure_percent": 50, "window": {"calls": 77}, "open_for": {"shape": "constant", "first_ms": 1}}"#,
            "no window of 77 calls is compiled in here",
        ),
        (r#""config": {}"#, "missing field `open_for`"),
    ];
    for (config, sentence) in configs {
        let steps = r#""steps": [{"at_ms": 0, "op": "state", "expect": {"state": "CLOSED"}}]"#;
        let (report, status) = report("config.json", &of_case(&format!("{config}, {steps}")));
        assert_eq!(status, 1, "{config}\n{report}");
        assert!(
            report.starts_with("failed      one: the configuration: ") && report.contains(sentence),
            "{config}\n{report}"
        );
    }
}

/// Cases of a primitive that is not here are counted, and named; so are operations of one that is, if not all must
/// have them.
#[test]
fn what_is_not_here_is_unsupported() {
    let step = r#"{"at_ms": 0, "op": "frobnicate", "expect": {"x": 1}}"#;
    let of = |primitive: &str, portability: &str| {
        of_step(step)
            .replace("circuit_breaker", primitive)
            .replace("core", portability)
    };
    for (primitive, portability, start, status) in [
        (
            "dedup",
            "core",
            "unsupported one: there is no dedup in the crate yet\n",
            0,
        ),
        (
            "circuit_breaker",
            "dialect",
            "unsupported one: nobody here knows the operation 'frobnicate' of circuit_breaker\n",
            0,
        ),
        (
            "circuit_breaker",
            "core",
            "failed      one: nobody here knows the operation 'frobnicate' of circuit_breaker\n",
            1,
        ),
    ] {
        let (report, got) = report("unsupported.json", &of(primitive, portability));
        assert!(report.starts_with(start), "{report}");
        assert_eq!(got, status);
    }
}

/// A hazard that we answer as its own system does is a failure.
#[test]
fn a_hazard_that_is_met_fails() {
    let step = r#"{"at_ms": 0, "op": "state", "expect": {"state": "CLOSED"}}"#;
    let (report, status) = report("hazard.json", &of_step(step).replace("core", "hazard"));
    assert_eq!(status, 1);
    assert!(
        report.starts_with("failed      one: does all that its note warns of\n"),
        "{report}"
    );
}

#[test]
fn what_is_no_file_of_cases_gets_a_sentence_with_the_place() {
    let step = |step: &str| of_step(step).into_bytes();
    let files: [(&str, Vec<u8>, &[&str]); 15] = [
        (
            "empty.json",
            vec![],
            &["EOF while parsing a value at line 1 column 0"],
        ),
        (
            "cut.json",
            br#"{"vectors": ["#.to_vec(),
            &["EOF", "line 1 column 13"],
        ),
        (
            "bare.json",
            br#"{"meta": {}}"#.to_vec(),
            &["missing field `vectors`"],
        ),
        ("latin.json", vec![b'"', 0xE9, b'"'], &["cannot read", "UTF-8"]),
        (
            "no-op.json",
            step(r#"{"at_ms": 0, "expect": {}}"#),
            &["missing field `op`", "line 1 column"],
        ),
        (
            "no-expect.json",
            step(r#"{"at_ms": 0, "op": "state"}"#),
            &["missing field `expect`"],
        ),
        (
            "misspelt.json",
            step(r#"{"at_ms": 0, "op": "state", "expct": {}, "expect": {}}"#),
            &["unknown field `expct`"],
        ),
        (
            "twice.json",
            step(r#"{"at_ms": 0, "op": "state", "expect": {}, "expect": {}}"#),
            &["the name 'expect' is given twice", "line 1 column"],
        ),
        (
            "early.json",
            step(r#"{"at_ms": -1, "op": "state", "expect": {}}"#),
            &["'-1' is not a time in milliseconds"],
        ),
        (
            "when.json",
            step(r#"{"at_ms": [], "op": "state", "expect": {}}"#),
            &["a time is a number of milliseconds"],
        ),
        (
            "range.json",
            step(r#"{"at_ms": 0, "op": "state", "expect": {"buffered": {"above": 3}}}"#),
            &["one, step 0: 'buffered' expects a range with the end 'above'"],
        ),
        (
            "no-range.json",
            step(r#"{"at_ms": 0, "op": "state", "expect": {"buffered": {}}}"#),
            &["one, step 0: 'buffered' expects a range without an end"],
        ),
        (
            "tol.json",
            step(r#"{"at_ms": 0, "op": "state", "expect": {}, "tol": -1}"#),
            &["one, step 0: 'tol' is a number from 0 on"],
        ),
        (
            "no-steps.json",
            of_case(r#""steps": []"#).into_bytes(),
            &["one: there are no steps"],
        ),
        (
            "portability.json",
            String::from_utf8(step(r#"{"at_ms": 0, "op": "state", "expect": {}}"#))
                .expect("it is text")
                .replace("core", "maybe")
                .into_bytes(),
            &["unknown variant `maybe`"],
        ),
    ];
    for (name, text, fragments) in files {
        let path = written(name, text);
        match run(path.clone()) {
            End::Wrong(sentence) => {
                assert!(sentence.contains(name), "{sentence}");
                for fragment in fragments {
                    assert!(sentence.contains(fragment), "{name}: {sentence}");
                }
            }
            End::Report(report, _) => panic!("{name}: {report}"),
        }
    }
    let two = r#"{"id": "one", "primitive": "dedup", "portability": "core", "steps": [{"at_ms": 0, "op": "seen", "expect": {}}]}"#;
    let End::Wrong(sentence) = run(written("same.json", format!(r#"{{"vectors": [{two}, {two}]}}"#))) else {
        panic!("two of one name");
    };
    assert!(sentence.ends_with("two cases are called 'one'"), "{sentence}");
}

#[test]
fn a_command_line_that_makes_no_sense_gets_a_sentence() {
    for (words, fragment) in [
        (vec!["conformance"], "required arguments were not provided"),
        (vec!["conformance", "--fast", "x"], "unexpected argument '--fast'"),
        (
            vec!["conformance", "no/such/file.json"],
            "cannot read 'no/such/file.json'",
        ),
        (vec!["conformance", "."], "cannot read '.'"),
    ] {
        match program::run(&words) {
            End::Wrong(sentence) => assert!(sentence.contains(fragment), "{sentence}"),
            End::Report(report, _) => panic!("{words:?}: {report}"),
        }
    }
    assert!(matches!(program::run(["conformance", "--help"]), End::Report(text, 0) if text.contains("FILE")));
}
