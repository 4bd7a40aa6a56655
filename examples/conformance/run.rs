//! Runs a case: does each step, compares what it shows, and asks the rules about what does not agree.

use core::fmt;
use std::collections::BTreeSet;

use watertight::Instant;

use super::file::{Case, Portability};
use super::lists::{self, Support};
use super::primitives::{self, Subject};
use super::rules::{self, Context, RULES, Rule};
use super::value;

/// What came of a case.
#[derive(Debug)]
pub enum Verdict {
    /// All of it is as expected.
    Passed,
    /// What is not as expected is what a rule says we do instead.
    Differs(Mismatch),
    /// The primitive, or an operation on it, is not in the crate.
    Unsupported(String),
    /// Anything else.
    Failed(Failure),
}

/// Why a case failed.
#[derive(Debug)]
pub enum Failure {
    /// Something else came out than was expected, and no rule says that it should.
    Mismatch(Mismatch),
    /// The case could not be run, or should not have gone as it did.
    Sentence(String),
}

/// Where a case was not as expected.
#[derive(Debug)]
pub struct Mismatch {
    /// The step, counted from 0.
    pub step: usize,
    /// The operation.
    pub op: String,
    /// The name of what differs.
    pub key: String,
    /// What was expected of it.
    pub expected: String,
    /// What it was.
    pub got: String,
    /// What decides; `None` if nothing does.
    pub rule: Option<&'static Rule>,
    /// In how many other places of the same kind, of which nothing more is said.
    pub others: usize,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step,
            op,
            key,
            expected,
            got,
            rule,
            others,
        } = self;
        write!(f, "step {step} ({op}), {key}: expected {expected}, got {got}: ")?;
        match rule {
            Some(rule) => write!(f, "{}, {}", rule.by, rule.name),
            None => f.write_str("no rule says so"),
        }?;
        match others {
            0 => Ok(()),
            1 => f.write_str(" (and in 1 other place)"),
            _ => write!(f, " (and in {others} other places)"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Differs(mismatch) | Self::Failed(Failure::Mismatch(mismatch)) => mismatch.fmt(f),
            Self::Unsupported(why) | Self::Failed(Failure::Sentence(why)) => f.write_str(why),
        }
    }
}

/// What a run of a case showed, before anybody judges it.
#[derive(Debug, Default)]
pub struct Seen {
    /// Where something else came out than was expected, in order.
    pub mismatches: Vec<Mismatch>,
    /// How many expectations could be compared,
    pub compared: usize,
    /// and which could not, as the primitive keeps nothing of the kind: the step, and the name.
    pub skipped: Vec<(usize, String)>,
}

/// Runs a case with a clock that shows `origin` when the case begins, and notes which rules it needed.
pub fn case(case: &Case, origin: Instant, needed: &mut BTreeSet<&'static str>) -> Verdict {
    match look(case, origin) {
        Ok(seen) => {
            needed.extend(seen.mismatches.iter().filter_map(|place| Some(place.rule?.name)));
            judge(case, seen)
        }
        Err(verdict) => *verdict,
    }
}

/// Runs a case, and says what showed.
///
/// # Errors
/// The verdict, if it cannot be run, or not to its end.
pub fn look(case: &Case, origin: Instant) -> Result<Seen, Box<Verdict>> {
    let failed = |why| Box::new(Verdict::Failed(Failure::Sentence(why)));
    for step in &case.steps {
        return Err(match lists::support(&case.primitive, &step.op) {
            Support::Full => continue,
            Support::NoPrimitive => {
                let why = format!("there is no {} in the crate yet", case.primitive);
                Box::new(Verdict::Unsupported(why))
            }
            Support::NoOperation(why) => {
                left_out(case, format!("{} has no '{}': {why}", case.primitive, step.op))
            }
            Support::Unknown => {
                let why = format!(
                    "nobody here knows the operation '{}' of {}",
                    step.op, case.primitive
                );
                left_out(case, why)
            }
        });
    }
    let mut subject =
        primitives::subject(case, origin).map_err(|why| failed(format!("the configuration: {why}")))?;
    steps(case, subject.as_mut()).map_err(failed)
}

/// What every sound implementation must do is not to be passed over; what one system chose may be.
fn left_out(case: &Case, why: String) -> Box<Verdict> {
    Box::new(match case.portability {
        Portability::Core => Verdict::Failed(Failure::Sentence(why)),
        Portability::Dialect | Portability::Hazard => Verdict::Unsupported(why),
    })
}

fn steps(case: &Case, subject: &mut dyn Subject) -> Result<Seen, String> {
    let mut seen = Seen::default();
    for (number, step) in case.steps.iter().enumerate() {
        let at_step = |why: String| format!("step {number} ({}): {why}", step.op);
        let before = subject.facts();
        subject.act(step).map_err(at_step)?;
        let mut excused = false;
        for (key, expected) in &step.expect {
            let Some(got) = subject.observe(key, step) else {
                if lists::is_skipped(&case.primitive, key) {
                    seen.skipped.push((number, key.clone()));
                    continue;
                }
                return Err(at_step(format!(
                    "a {} shows nothing called '{key}'",
                    case.primitive
                )));
            };
            seen.compared += 1;
            if value::satisfies(expected, &got, step.tol) {
                continue;
            }
            let context = Context {
                case,
                number,
                step,
                key,
                expected,
                before,
                now: subject.facts(),
            };
            let rule = RULES.iter().find(|rule| rules::decides(rule, &context, &got));
            excused |= rule.is_some();
            seen.mismatches.push(Mismatch {
                step: number,
                op: step.op.clone(),
                key: key.clone(),
                expected: expected.to_string(),
                got: got.to_string(),
                rule,
                others: 0,
            });
        }
        if excused {
            // The case goes on from where its own system is.
            subject.follow(step);
        }
    }
    if seen.compared == 0 {
        return Err("nothing of what it expects can be compared here".into());
    }
    Ok(seen)
}

/// What comes of it: the first place that no rule decides, or else the first that one does.
pub fn judge(case: &Case, seen: Seen) -> Verdict {
    let (differs, failed): (Vec<_>, Vec<_>) = seen
        .mismatches
        .into_iter()
        .partition(|place| place.rule.is_some());
    let first = |places: Vec<Mismatch>| {
        let others = places.len().saturating_sub(1);
        let first = places.into_iter().next()?;
        Some(Mismatch { others, ..first })
    };
    match (first(failed), first(differs), case.portability) {
        (Some(failed), _, _) => Verdict::Failed(Failure::Mismatch(failed)),
        (None, Some(differs), _) => Verdict::Differs(differs),
        (None, None, Portability::Hazard) => {
            Verdict::Failed(Failure::Sentence("does all that its note warns of".into()))
        }
        (None, None, _) => Verdict::Passed,
    }
}
