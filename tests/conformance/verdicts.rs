//! What comes of the cases.

use std::collections::BTreeMap;

use watertight::Instant;

use super::file::{Case, File, Portability};
use super::lists::{self, Support};
use super::report::Report;
use super::run::Verdict;
use super::{MORE, OWN, SYSTEMS, vectors};

fn read(name: &str) -> File {
    File::read(&vectors(name)).expect("it is a file of cases")
}

fn is_here(case: &Case) -> bool {
    lists::support(&case.primitive, &case.steps[0].op) != Support::NoPrimitive
}

fn counts(report: &Report<'_>) -> [usize; 4] {
    [report.passed, report.failed, report.unsupported, report.differs]
}

#[test]
fn other_systems_cases_pass_or_differ_by_a_rule() {
    let file = read(SYSTEMS);
    let report = Report::of(&file.cases);
    assert_eq!(counts(&report), [50, 0, 48, 23], "\n{report}");
    let last = "\n50 passed, 0 failed, 48 unsupported, 23 differs\n";
    assert!(report.to_string().ends_with(last));

    let file = read(MORE);
    let report = Report::of(&file.cases);
    assert_eq!(counts(&report), [81, 0, 0, 41], "\n{report}");
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

/// Whatever the clock shows when a case begins, wherever it comes round, the answers are the same: to the microsecond
/// where that is on a bucket of all windows, and on a drop of all buckets.
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
    for name in [SYSTEMS, MORE, OWN] {
        let file = read(name);
        let usual = Report::of(&file.cases).to_string();
        for origin in origins {
            let report = Report::from(&file.cases, Instant::from_micros(origin)).to_string();
            assert_eq!(report, usual, "{name}, from {origin}");
        }
    }
}

/// Each file says where its cases are from, and how many there are.
#[test]
fn the_files_keep_what_they_say_of_themselves() {
    for (name, number, licences) in [(SYSTEMS, 121, 20), (MORE, 122, 13), (OWN, 74, 1)] {
        let text = std::fs::read_to_string(vectors(name)).expect("it is there");
        let whole: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let cases = whole["vectors"].as_array().expect("there are cases");
        let meta = &whole["meta"];
        assert_eq!(
            (cases.len(), &meta["count"]),
            (number, &serde_json::json!(number)),
            "{name}"
        );
        let (mut primitives, mut portability) = (BTreeMap::new(), BTreeMap::new());
        for case in cases {
            *primitives.entry(case["primitive"].as_str()).or_insert(0) += 1;
            *portability.entry(case["portability"].as_str()).or_insert(0) += 1;
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
        let said = |key: &str| -> BTreeMap<Option<&str>, u64> {
            let counts = meta[key].as_object().expect("it counts them").iter();
            counts
                .map(|(name, count)| (Some(name.as_str()), count.as_u64().expect("a number")))
                .collect()
        };
        assert_eq!(said("by_primitive"), primitives, "{name}");
        assert_eq!(said("by_portability"), portability, "{name}");
        assert!(
            meta["licences"]
                .as_object()
                .is_some_and(|those| those.len() >= licences),
            "{name}"
        );
        assert!(meta["conventions"].is_object(), "{name}");
    }
}
