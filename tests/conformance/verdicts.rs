//! What comes of the cases.

use std::collections::BTreeMap;

use watertight::Instant;

use super::file::{Case, File, Portability};
use super::lists::{self, Support};
use super::report::Report;
use super::run::Verdict;
use super::{OWN, SYSTEMS, vectors};

fn read(name: &str) -> File {
    File::read(&vectors(name)).expect("it is a file of cases")
}

fn is_here(case: &Case) -> bool {
    lists::support(&case.primitive, &case.steps[0].op) != Support::NoPrimitive
}

#[test]
fn other_systems_cases_pass_or_differ_by_a_rule() {
    let file = read(SYSTEMS);
    let report = Report::of(&file.cases);
    assert_eq!(
        [report.passed, report.failed, report.unsupported, report.differs],
        [50, 0, 48, 23],
        "\n{report}"
    );
    assert!(
        report
            .to_string()
            .ends_with("\n50 passed, 0 failed, 48 unsupported, 23 differs\n")
    );
}

#[test]
fn what_every_sound_implementation_does_is_nowhere_unsupported() {
    let file = read(SYSTEMS);
    let report = Report::of(&file.cases);
    for (case, verdict) in &report.verdicts {
        let unsupported = matches!(verdict, Verdict::Unsupported(_));
        if is_here(case) {
            assert!(
                !unsupported || case.portability == Portability::Dialect,
                "{}: {verdict}",
                case.id
            );
        } else {
            assert!(unsupported, "{}: {verdict}", case.id);
        }
    }
}

#[test]
fn no_hazard_is_copied() {
    let file = read(SYSTEMS);
    let report = Report::of(&file.cases);
    let hazards = report
        .verdicts
        .iter()
        .filter(|(case, _)| case.portability == Portability::Hazard && is_here(case));
    let mut number = 0;
    for (case, verdict) in hazards {
        number += 1;
        // A rule gave our answer, and it was ours.
        assert!(matches!(verdict, Verdict::Differs(_)), "{}: {verdict}", case.id);
    }
    assert_eq!(number, 5);
}

#[test]
fn our_own_cases_pass() {
    let file = read(OWN);
    let report = Report::of(&file.cases);
    assert_eq!(report.passed, file.cases.len(), "\n{report}");
    assert!(report.passed >= 30);
}

/// Whatever the clock shows when a case begins, wherever it comes round, the answers are the same: to the microsecond where that
/// is on a bucket of all windows, and on a drop of all buckets.
#[test]
fn nothing_depends_on_when_a_case_begins() {
    let before_the_wrap = |span: u64| 0_u64.wrapping_sub(span);
    let origins = [
        0,
        1 << 31,
        1 << 53,
        1 << 63,
        before_the_wrap(1 << 26),
        before_the_wrap(1 << 29),
        before_the_wrap(1 << 31),
    ];
    for name in [SYSTEMS, OWN] {
        let file = read(name);
        let usual = Report::of(&file.cases).to_string();
        for origin in origins {
            let report = Report::from(&file.cases, Instant::from_micros(origin)).to_string();
            assert_eq!(report, usual, "{name}, from {origin}");
        }
    }
}

/// The copy is whole, with where it is from.
#[test]
fn the_copy_keeps_what_it_says_of_itself() {
    let text = std::fs::read_to_string(vectors(SYSTEMS)).expect("it is there");
    let whole: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let cases = whole["vectors"].as_array().expect("there are cases");
    let meta = &whole["meta"];
    assert_eq!(meta["count"], cases.len());
    let mut portability = BTreeMap::new();
    for case in cases {
        *portability
            .entry(case["portability"].as_str().expect("it says so"))
            .or_insert(0) += 1;
        assert!(
            case["source"]["repo"].is_string() && case["source"]["test"].is_string(),
            "{}",
            case["id"]
        );
        assert!(
            case["basis"].is_string() && case["note"].is_string(),
            "{}",
            case["id"]
        );
    }
    assert_eq!(meta["by_portability"], serde_json::json!(portability));
    assert!(
        meta["licences"]
            .as_object()
            .is_some_and(|licences| licences.len() >= 20)
    );
    assert!(meta["conventions"]["facts_only"].is_string());
}
