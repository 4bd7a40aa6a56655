//! A runner that passes what it should not is worse than none: each single expectation of other systems' cases is
//! changed, one at a time, by the least that should matter, and the case that was fine before must fail at that very
//! place.
//!
//! What a rule decides is right whatever is expected there, and what is skipped is not looked at: both are counted,
//! so that they cannot become more without anybody noticing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde_json::{Number, Value, json};
use watertight::Instant;

use crate::file::{Case, File, Portability, Said};
use crate::run::{self, Mismatch, Verdict};

/// In how many places each rule decides: exactly, since one fewer means that the crate does what the rule says it
/// does not.
const DECIDED: &[(&str, usize)] = &[
    (
        "a receipt gives back whatever nobody took after it, also when its instant is over",
        2,
    ),
    (
        "a generation begins with nothing counted, and open counts nothing",
        13,
    ),
    ("a half-open verdict falls as soon as it is certain", 5),
    ("a permit from before the trip changes nothing afterwards", 1),
    (
        "a refund is all of a receipt if nobody took any since, and otherwise nothing",
        1,
    ),
    (
        "a window slides by buckets of its own length: nothing of the span is missing, and at most two buckets more are in it",
        11,
    ),
    (
        "an adjustable rate is kept to a part in 2^21, and never exceeded",
        5,
    ),
    ("an ignored outcome gives its slot back and decides nothing", 1),
    (
        "an older clock reading costs a refusal, and brings nothing twice",
        3,
    ),
    ("never more than the limit, guaranteed or forced", 3),
    (
        "no timer ends half-open: a lost probe's slot comes back by its lease",
        1,
    ),
    ("only its own window clears the counts of a closed breaker", 4),
    ("the first delay that would exceed the total ends the series", 1),
    ("the jitter stays inside the cap", 6),
    ("the probe is admitted at the very end of the wait", 1),
    ("the unit of time is a microsecond", 1),
    (
        "tokens drip in at an even rate, from when the bucket is first asked",
        6,
    ),
];

/// Rules that decide a place also where the case as it is agrees, and why that hides nothing: what shows there is
/// still compared with what the rule works out. Each with the number of such places at most.
const EXCEPTIONS: &[(&str, &str, usize)] = &[
    (
        "tokens drip in at an even rate, from when the bucket is first asked",
        "a grid of periods is nobody's here: every answer is the model's, also where the two fall together",
        42,
    ),
    (
        "an older clock reading costs a refusal, and brings nothing twice",
        "after the clock of a hazard stepped back, every answer is the model's",
        17,
    ),
    (
        "never more than the limit, guaranteed or forced",
        "once more was let in than the limit, or is expected to be, every count is ours",
        12,
    ),
    (
        "a window slides by buckets of its own length: nothing of the span is missing, and at most two buckets more are in it",
        "near the edge of a window of time every count is within what the buckets of both may hold",
        7,
    ),
    (
        "a half-open verdict falls as soon as it is certain",
        "after such a verdict every count begins anew",
        2,
    ),
    (
        "the probe is admitted at the very end of the wait",
        "at that very instant open and half-open are both what somebody says",
        9,
    ),
    (
        "an adjustable rate is kept to a part in 2^21, and never exceeded",
        "where a rate is changed every answer is the model's, to that part",
        5,
    ),
    (
        "only its own window clears the counts of a closed breaker",
        "after an interval every count is that of the window, and so is what it comes to",
        4,
    ),
    (
        "a refund is all of a receipt if nobody took any since, and otherwise nothing",
        "after a receipt of which nothing came back every answer is the model's",
        3,
    ),
    (
        "the unit of time is a microsecond",
        "at a finer time every answer is the model's at the last microsecond",
        1,
    ),
    (
        "a generation begins with nothing counted, and open counts nothing",
        "an open breaker counts nothing, whatever is expected",
        3,
    ),
];

/// Nothing depends on it.
const ORIGIN: Instant = Instant::from_micros(1 << 40);

#[test]
fn no_perturbation_goes_unnoticed() {
    let mut file = systems();
    let words = Words::of(&file);
    let mut tally = Tally::default();
    for case in &mut file.cases {
        let Some(original) = Original::of(case) else {
            continue;
        };
        for number in 0..case.steps.len() {
            let step = &case.steps[number];
            let keys: Vec<_> = step.expect.keys().cloned().collect();
            for key in keys {
                let step = &case.steps[number];
                let as_it_was = step.expect[&key].clone();
                for perturbed in perturbations(&as_it_was, step.tol, &words.under(&key)) {
                    assert_ne!(perturbed, as_it_was, "{}, step {number}, {key}", case.id);
                    case.steps[number].expect[&key] = perturbed;
                    tally.count(case, &original, number, &key);
                    case.steps[number].expect[&key] = as_it_was.clone();
                }
            }
        }
    }
    assert!(
        tally.unnoticed.is_empty(),
        "{} perturbations go unnoticed:\n{}",
        tally.unnoticed.len(),
        tally.unnoticed.concat()
    );
    assert_eq!(by_rule(&tally.decided), DECIDED.iter().copied().collect());
    let excused = by_rule(&tally.excused);
    for (name, reason, most) in EXCEPTIONS {
        let number = excused.get(name).copied().unwrap_or(0);
        assert!(
            (1..=*most).contains(&number),
            "{number} places that agree are excused by '{name}', not 1 to {most} ({reason})"
        );
    }
    // From below, what is noticed; from above, what is not looked at.
    let Tally {
        all,
        noticed,
        skipped,
        ..
    } = tally;
    assert!(
        all >= 5_622 && noticed >= 3_571 && skipped <= 747,
        "of {all} perturbations {noticed} are noticed and {skipped} skipped"
    );
}

/// A hazard without the places that a rule decides is one that the crate shares.
#[test]
fn a_hazard_must_not_be_shared() {
    let mut seen = 0;
    for mut case in systems().cases {
        let Some(original) = Original::of(&case) else {
            continue;
        };
        if case.portability != Portability::Hazard {
            continue;
        }
        for (number, key) in original.decided.keys() {
            case.steps[*number].expect.remove(key);
        }
        assert!(
            matches!(verdict(&case), Verdict::Failed(_)),
            "{} is shared, and that is not noticed",
            case.id
        );
        seen += 1;
    }
    assert!(seen >= 4, "only {seen} hazards can be run");
}

/// A slip in a name must not make a case weaker: not in that of an expectation, an argument, a setting, or an
/// operation.
#[test]
fn no_misspelt_name_goes_unnoticed() {
    let mut file = systems();
    let mut all = 0;
    for case in &mut file.cases {
        if Original::of(case).is_none() {
            continue;
        }
        let mut misspell = |case: &mut Case, names: fn(&mut Case, usize) -> &mut Said, number| {
            for name in names(case, number).keys().cloned().collect::<Vec<_>>() {
                let as_it_was = names(case, number).clone();
                let said = names(case, number).remove(&name).expect("it was there");
                names(case, number).insert(format!("{name}s"), said);
                let verdict = verdict(case);
                assert!(
                    matches!(verdict, Verdict::Failed(_)),
                    "{}, step {number}, {name}s: {verdict}",
                    case.id
                );
                *names(case, number) = as_it_was;
                all += 1;
            }
        };
        misspell(case, |case, _| &mut case.config, 0);
        for number in 0..case.steps.len() {
            misspell(case, |case, number| &mut case.steps[number].args, number);
            misspell(case, |case, number| &mut case.steps[number].expect, number);
            case.steps[number].op.push('_');
            let verdict = verdict(case);
            // What one system chose may be left out; it is then counted, and gets a line.
            let noticed = match case.portability {
                Portability::Core => matches!(verdict, Verdict::Failed(_)),
                _ => matches!(verdict, Verdict::Unsupported(_)),
            };
            assert!(noticed, "{}: {verdict}", case.id);
            case.steps[number].op.pop();
        }
    }
    assert!(all >= 1_000, "only {all} names");
}

fn systems() -> File {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/systems.json");
    File::read(&path).expect("this file is in the format")
}

fn verdict(case: &Case) -> Verdict {
    run::case(case, ORIGIN, &mut BTreeSet::new())
}

/// A step, counted from 0, and the name of what is expected there.
type Place = (usize, String);

/// What came of a case as it is in the file.
struct Original {
    /// Places that a rule decided, and which.
    decided: BTreeMap<Place, &'static str>,
    skipped: BTreeSet<Place>,
}

impl Original {
    /// `None` for what is not in the crate.
    fn of(case: &Case) -> Option<Self> {
        let seen = match run::look(case, ORIGIN).map_err(|verdict| *verdict) {
            Ok(seen) => seen,
            Err(Verdict::Unsupported(_)) => return None,
            Err(verdict) => panic!("{} fails to begin with: {verdict}", case.id),
        };
        let decided = |place: &Mismatch| {
            let rule = place
                .rule
                .unwrap_or_else(|| panic!("{} fails to begin with: {place}", case.id));
            ((place.step, place.key.clone()), rule.name)
        };
        Some(Self {
            decided: seen.mismatches.iter().map(decided).collect(),
            skipped: seen.skipped.into_iter().collect(),
        })
    }
}

/// How many places of each rule.
fn by_rule(places: &BTreeSet<(&'static str, String, Place)>) -> BTreeMap<&'static str, usize> {
    let mut numbers = BTreeMap::new();
    for (rule, ..) in places {
        *numbers.entry(*rule).or_default() += 1;
    }
    numbers
}

/// What came of all perturbations.
#[derive(Debug, Default)]
struct Tally {
    /// Each place was perturbed in some ways.
    all: usize,
    /// A mismatch in that very place that no rule decides, and so the verdict.
    noticed: usize,
    /// In a place that a rule decided before, and that rule: nothing is claimed of these.
    decided: BTreeSet<(&'static str, String, Place)>,
    /// In a place that is not looked at.
    skipped: usize,
    /// In a place that agreed before, and that a rule decides now.
    excused: BTreeSet<(&'static str, String, Place)>,
    /// Anything else: a line each.
    unnoticed: Vec<String>,
}

impl Tally {
    fn count(&mut self, case: &Case, original: &Original, number: usize, key: &str) {
        let place = (number, key.to_owned());
        self.all += 1;
        if let Some(rule) = original.decided.get(&place) {
            self.decided.insert((rule, case.id.clone(), place.clone()));
        }
        if original.skipped.contains(&place) {
            self.skipped += 1;
            return;
        }
        let seen = run::look(case, ORIGIN).expect("what is expected changes nothing of what can be run");
        let here = seen
            .mismatches
            .iter()
            .find(|mismatch| (mismatch.step, mismatch.key.as_str()) == (number, key));
        let rule = here.map(|mismatch| mismatch.rule.map(|rule| rule.name));
        let is_excused = |name: &str| EXCEPTIONS.iter().any(|(rule, ..)| *rule == name);
        match (rule, original.decided.get(&place)) {
            (Some(None), _) if matches!(run::judge(case, seen), Verdict::Failed(_)) => self.noticed += 1,
            (_, Some(_)) => {}
            (Some(Some(rule)), None) if is_excused(rule) => {
                self.excused.insert((rule, case.id.clone(), place));
            }
            (now, None) => {
                let mut line = String::new();
                let expected = &case.steps[number].expect[key];
                writeln!(line, "{}, step {number}, {key}, {expected}: {now:?}", case.id)
                    .expect("a String takes all");
                self.unnoticed.push(line);
            }
        }
    }
}

/// The words that are expected anywhere under a name.
struct Words(BTreeMap<String, BTreeSet<String>>);

impl Words {
    fn of(file: &File) -> Self {
        let mut words: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for step in file.cases.iter().flat_map(|case| &case.steps) {
            for (key, expected) in &step.expect {
                if let Value::String(word) = expected {
                    words.entry(key.clone()).or_default().insert(word.clone());
                }
            }
        }
        Self(words)
    }

    fn under(&self, key: &str) -> Vec<&str> {
        let words = self.0.get(key);
        words
            .into_iter()
            .flatten()
            .map(String::as_str)
            .chain(["another"])
            .collect()
    }
}

/// What might have been expected by a slip instead of this: each differs from it by the least that no `tol` allows.
fn perturbations(expected: &Value, tol: Option<f64>, words: &[&str]) -> Vec<Value> {
    let mut others = match expected {
        Value::Null => return vec![json!(0), json!(1), json!(false)],
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(number) => moved(number, tol),
        Value::String(text) => match text.parse::<i128>() {
            Ok(whole) => vec![json!((whole - 1).to_string()), json!((whole + 1).to_string())],
            Err(_) => words
                .iter()
                .filter(|word| *word != text)
                .map(|word| json!(word))
                .collect(),
        },
        // Everything beyond one of its ends; what is inside has no such place.
        Value::Object(range) => range
            .iter()
            .map(|(end, limit)| {
                let beyond = match end.as_str() {
                    "gt" => "le",
                    "ge" => "lt",
                    "lt" => "ge",
                    _ => "gt",
                };
                json!({beyond: limit})
            })
            .collect(),
        Value::Array(list) => lists(list, tol, words),
    };
    others.push(Value::Null);
    others
}

/// Other numbers, and the ranges that just leave this one out. By one, or a number with a fraction, or one that need
/// not be exact, by a thousandth of it; and by so much more that the other end of what `tol` allows is out of reach
/// too.
fn moved(number: &Number, tol: Option<f64>) -> Vec<Value> {
    let mut others = Vec::new();
    let (below, above) = match (number.as_i64(), tol) {
        (Some(whole), None) => {
            others.extend([json!({"gt": whole}), json!({"lt": whole})]);
            (json!(whole - 1), json!(whole + 1))
        }
        _ => {
            let number = number.as_f64().expect("all of them are");
            let least = if number == 0.0 { 1e-3 } else { number.abs() / 1e3 };
            let by = least.min(1.0) + 2.0 * tol.unwrap_or(0.0);
            (json!(number - by), json!(number + by))
        }
    };
    others.extend([
        json!({"le": below, "ge": below}),
        json!({"lt": above, "gt": below, "ge": above}),
        json!({"le": below}),
        json!({"lt": below}),
        json!({"ge": above}),
        json!({"gt": above}),
        below,
        above,
    ]);
    others
}

/// One element changed, or missing, or one too many.
fn lists(list: &[Value], tol: Option<f64>, words: &[&str]) -> Vec<Value> {
    let mut others = vec![json!([list, &[json!(0)]].concat())];
    for place in 0..list.len() {
        let mut shorter = list.to_vec();
        shorter.remove(place);
        others.push(shorter.into());
        for element in perturbations(&list[place], tol, words) {
            let mut changed = list.to_vec();
            changed[place] = element;
            others.push(changed.into());
        }
    }
    others
}
