//! What came of all cases: a line for each that is not a plain pass, the rules that nothing needed, and the count.

use core::fmt;
use std::collections::BTreeSet;

use watertight::Instant;

use super::file::Case;
use super::rules::{RULES, Rule};
use super::run::{self, Verdict};

/// What came of all cases.
#[derive(Debug)]
pub struct Report<'a> {
    /// In their order.
    pub verdicts: Vec<(&'a Case, Verdict)>,
    /// How many are as expected,
    pub passed: usize,
    /// are not,
    pub failed: usize,
    /// are about what is not here,
    pub unsupported: usize,
    /// or differ as a rule says.
    pub differs: usize,
    /// The names of the rules that a case needed.
    pub needed: BTreeSet<&'static str>,
}

/// When the cases begin: nothing depends on it, so that it may as well not be zero.
const ORIGIN: Instant = Instant::from_micros(1 << 40);

impl<'a> Report<'a> {
    /// Runs them.
    pub fn of(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        Self::from(cases, ORIGIN)
    }

    /// Runs them with a clock that shows `origin` when each begins.
    pub fn from(cases: impl IntoIterator<Item = &'a Case>, origin: Instant) -> Self {
        let mut needed = BTreeSet::new();
        let verdicts: Vec<_> = cases
            .into_iter()
            .map(|case| (case, run::case(case, origin, &mut needed)))
            .collect();
        let count = |is: fn(&Verdict) -> bool| verdicts.iter().filter(|(_, verdict)| is(verdict)).count();
        Self {
            passed: count(|verdict| matches!(verdict, Verdict::Passed)),
            failed: count(|verdict| matches!(verdict, Verdict::Failed(_))),
            unsupported: count(|verdict| matches!(verdict, Verdict::Unsupported(_))),
            differs: count(|verdict| matches!(verdict, Verdict::Differs(_))),
            verdicts,
            needed,
        }
    }

    /// Rules that no case needed.
    pub fn unneeded(&self) -> impl Iterator<Item = &'static Rule> {
        RULES.iter().filter(|rule| !self.needed.contains(rule.name))
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (case, verdict) in &self.verdicts {
            let word = match verdict {
                Verdict::Passed => continue,
                Verdict::Failed(_) => "failed",
                Verdict::Unsupported(_) => "unsupported",
                Verdict::Differs(_) => "differs",
            };
            writeln!(f, "{word:<11} {}: {verdict}", case.id)?;
        }
        for Rule { name, by, when, .. } in self.unneeded() {
            writeln!(f, "no case needs the rule of {by}, {name} (applies when {when})")?;
        }
        let Self {
            passed,
            failed,
            unsupported,
            differs,
            ..
        } = self;
        writeln!(
            f,
            "{passed} passed, {failed} failed, {unsupported} unsupported, {differs} differs"
        )
    }
}
