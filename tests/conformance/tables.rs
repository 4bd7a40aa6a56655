//! The rules and the lists.

use std::collections::BTreeSet;

use watertight::Instant;

use super::file::File;
use super::lists::{SKIPPED, UNSUPPORTED};
use super::report::Report;
use super::rules::RULES;
use super::run;
use super::{MORE, OWN, SYSTEMS, vectors};

const DESIGN: &str = include_str!("../../src/design.md");
const SYSTEMS_PAGE: &str = include_str!("../../src/systems.md");

fn read(name: &str) -> File {
    File::read(&vectors(name)).expect("it is a file of cases")
}

#[test]
fn every_rule_names_a_law_or_a_row_that_there_is() {
    let mut names = BTreeSet::new();
    for rule in RULES {
        assert!(names.insert(rule.name), "two rules are called: {}", rule.name);
        let there_is = match rule.by.split_once(' ') {
            Some(("law", number)) => DESIGN.contains(&format!("\n**Law {number}. ")),
            Some(("row", number)) => DESIGN.contains(&format!("\n| {number} | ")),
            _ => false,
        };
        assert!(there_is, "{}: {}", rule.by, rule.name);
    }
}

#[test]
fn every_law_or_row_of_a_rule_is_on_the_page_about_other_systems() {
    for rule in RULES {
        // There it is written short: L5, S12.
        let short = rule.by.replace("law ", "L").replace("row ", "");
        let is_named = SYSTEMS_PAGE
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word == short);
        assert!(is_named, "{}: {}", rule.by, rule.name);
    }
}

/// Which rules other systems' cases need; the report names the others.
#[test]
fn a_rule_that_nothing_needs_is_reported() {
    let file = read(SYSTEMS);
    let report = Report::of(&file.cases);
    let unneeded: Vec<_> = report.unneeded().map(|rule| rule.name).collect();
    assert_eq!(report.needed.len() + unneeded.len(), RULES.len());
    let text = report.to_string();
    for name in &unneeded {
        assert!(text.contains(&format!(", {name} (applies when ")), "{name}");
    }
    assert!(report.needed.len() >= 16, "{:?}", report.needed);

    // What no case ever needed, nobody has ever seen.
    let more = read(MORE);
    let all = Report::of(file.cases.iter().chain(&more.cases));
    assert_eq!(
        all.unneeded().map(|rule| rule.name).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );

    let none = Report::of(&[]);
    assert_eq!(none.unneeded().count(), RULES.len());
    assert!(
        none.to_string()
            .ends_with("\n0 passed, 0 failed, 0 unsupported, 0 differs\n")
    );
}

/// They may only become shorter.
#[test]
fn the_lists_do_not_grow() {
    assert!(UNSUPPORTED.len() <= 2);
    assert!(SKIPPED.len() <= 13);
}

#[test]
fn every_entry_of_the_lists_is_met() {
    let files = [read(SYSTEMS), read(OWN)];
    let steps = || {
        files
            .iter()
            .flat_map(|file| &file.cases)
            .flat_map(|case| case.steps.iter().map(move |step| (case, step)))
    };
    for (primitive, op, _) in UNSUPPORTED {
        assert!(
            steps().any(|(case, step)| case.primitive == *primitive && step.op == *op),
            "{primitive}, {op}"
        );
    }
    // Not shown, in some case: an entry for what is always shown is one too many.
    let mut skipped = BTreeSet::new();
    for case in files.iter().flat_map(|file| &file.cases) {
        if let Ok(seen) = run::look(case, Instant::from_micros(0)) {
            skipped.extend(
                seen.skipped
                    .into_iter()
                    .map(|(_, key)| (case.primitive.as_str(), key)),
            );
        }
    }
    let listed = SKIPPED
        .iter()
        .map(|(primitive, key, _)| (*primitive, (*key).to_owned()));
    assert_eq!(skipped, listed.collect());
}
