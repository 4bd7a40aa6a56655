//! Runs a case: does each step, compares what it shows, and asks the rules about what does not agree.

use core::fmt;
use std::collections::BTreeSet;

use serde_json::Value;
use watertight::Instant;

use super::file::{Case, Portability, Step};
use super::lists::{self, Support};
use super::primitives::{self, Subject};
use super::rules::{self, Context, RULES};
use super::value::{self, Got};

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

/// Where a case was not as expected: the first such place.
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
    /// What decides, or that nothing does.
    pub why: String,
    /// In how many other places, of which nothing more is said.
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
            why,
            others,
        } = self;
        write!(
            f,
            "step {step} ({op}), {key}: expected {expected}, got {got}: {why}"
        )?;
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

/// Runs a case with a clock that shows `origin` when the case begins, and notes which rules it needed.
pub fn case(case: &Case, origin: Instant, needed: &mut BTreeSet<&'static str>) -> Verdict {
    for step in &case.steps {
        let why = match lists::support(&case.primitive, &step.op) {
            Support::Full => continue,
            Support::NoPrimitive => {
                return Verdict::Unsupported(format!("there is no {} in the crate yet", case.primitive));
            }
            Support::NoOperation(why) => format!("{} has no '{}': {why}", case.primitive, step.op),
            Support::Unknown => format!(
                "nobody here knows the operation '{}' of {}",
                step.op, case.primitive
            ),
        };
        return match case.portability {
            // What every sound implementation must do is not to be passed over.
            Portability::Core => Verdict::Failed(Failure::Sentence(why)),
            Portability::Dialect | Portability::Hazard => Verdict::Unsupported(why),
        };
    }
    let mut subject = match primitives::subject(case, origin) {
        Ok(subject) => subject,
        Err(why) => return Verdict::Failed(Failure::Sentence(format!("the configuration: {why}"))),
    };
    match steps(case, subject.as_mut(), needed) {
        Ok(verdict) => verdict,
        Err(why) => Verdict::Failed(Failure::Sentence(why)),
    }
}

fn steps(
    case: &Case,
    subject: &mut dyn Subject,
    needed: &mut BTreeSet<&'static str>,
) -> Result<Verdict, String> {
    let mut differs: Option<Mismatch> = None;
    let mut failed: Option<Mismatch> = None;
    let mut compared = false;
    for (number, step) in case.steps.iter().enumerate() {
        let at_step = |why: String| format!("step {number} ({}): {why}", step.op);
        let before = subject.facts();
        subject.act(step).map_err(at_step)?;
        let mut excused = false;
        for (key, expected) in &step.expect {
            let Some(got) = subject.observe(key, step) else {
                if lists::is_skipped(&case.primitive, key) {
                    continue;
                }
                return Err(at_step(format!(
                    "a {} shows nothing called '{key}'",
                    case.primitive
                )));
            };
            compared = true;
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
            let slot = match rule {
                Some(rule) => {
                    needed.insert(rule.name);
                    excused = true;
                    &mut differs
                }
                None => &mut failed,
            };
            match slot {
                Some(first) => first.others += 1,
                None => {
                    *slot = Some(mismatch(
                        number,
                        step,
                        key,
                        expected,
                        &got,
                        rule.map_or_else(
                            || "no rule says so".into(),
                            |rule| format!("{}, {}", rule.by, rule.name),
                        ),
                    ))
                }
            }
        }
        if excused {
            // The case goes on from where its own system is.
            subject.follow(step);
        }
    }
    if !compared {
        return Err("nothing of what it expects can be compared here".into());
    }
    Ok(match (failed, differs, case.portability) {
        (Some(failed), _, _) => Verdict::Failed(Failure::Mismatch(failed)),
        (None, Some(differs), _) => Verdict::Differs(differs),
        (None, None, Portability::Hazard) => {
            Verdict::Failed(Failure::Sentence("does all that its note warns of".into()))
        }
        (None, None, _) => Verdict::Passed,
    })
}

fn mismatch(step: usize, said: &Step, key: &str, expected: &Value, got: &Got, why: String) -> Mismatch {
    Mismatch {
        step,
        op: said.op.clone(),
        key: key.into(),
        expected: expected.to_string(),
        got: got.to_string(),
        why,
        others: 0,
    }
}
