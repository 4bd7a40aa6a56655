//! What a system's configuration of a bucket is here, and what a case needs beyond it.

use core::time::Duration;

use super::super::super::file::{Case, Time};
use super::super::{arguments, read};
use super::{Args, OPERATIONS};

/// What a system's configuration of a bucket is here.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// So many tokens,
    pub tokens: u32,
    /// in so much time.
    pub span: Duration,
    /// How many there are at most.
    pub burst: u32,
    /// How many there are at first.
    pub initial: u32,
    /// How long a reservation without a wait of its own may be for.
    pub patience: Duration,
    /// The longest wait of its quota.
    pub longest_wait: LongestWait,
    /// Whether more than the burst is taken one after the other.
    pub in_turn: bool,
    /// Whether what is available is shown in whole tokens, and below zero where some are promised.
    pub shows_debts: bool,
}

impl Plan {
    /// A full bucket of this rate; reservations wait as long as can be.
    pub fn new((tokens, span): (u32, Duration), burst: u32) -> Self {
        Self {
            tokens,
            span,
            burst,
            initial: burst,
            patience: LONGEST_WAIT,
            longest_wait: LongestWait::AsNeeded,
            in_turn: false,
            shows_debts: false,
        }
    }

    /// In which a token drips in, if any ever does.
    pub fn time_of_a_token(&self) -> Option<Duration> {
        let nanos = self.span.as_nanos().div_ceil(u128::from(self.tokens).max(1));
        (self.tokens > 0).then(|| Time { nanos }.duration())
    }

    /// Changes what the operation says; `false` if it is about something else.
    pub fn change(&mut self, op: &str, args: &Args) -> Result<bool, String> {
        match op {
            "set_rate" => (self.tokens, self.span) = args.rate_per_s.ok_or("no rate is given")?.per_second(),
            "set_burst" => self.burst = args.burst.ok_or("no burst is given")?,
            "set_limit" => {
                self.tokens = args.limit.ok_or("no limit is given")?;
                self.burst = self.tokens;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The longest wait of a quota. What drips in during it is counted in as many drops as a burst: a long one makes them
/// coarser.
#[derive(Clone, Copy, Debug)]
pub enum LongestWait {
    /// What the crate takes if nothing is said.
    Unsaid,
    /// This.
    Said(Duration),
    /// As long as the case needs, for systems that have no such limit.
    AsNeeded,
}

/// The longest that anybody waits here.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// What the steps of a case need of a bucket. The longer its waits may be, and the faster it may become, the more
/// coarsely it counts: so nothing beyond that.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Whether one of them changes its rate or burst.
    pub changes: bool,
    /// The largest rate that is ever set, as tokens in a span.
    pub fastest: (u32, Duration),
    /// The largest burst.
    pub burst: u32,
    /// In which all that is ever asked for drips in at the smallest rate, as far as anybody is that patient, up to an
    /// hour.
    pub wait: Duration,
}

impl Needs {
    /// Of all steps.
    ///
    /// # Errors
    /// A sentence, if they are not understood.
    pub fn of_case(case: &Case, plan: &Plan) -> Result<Self, String> {
        let mut now = *plan;
        let mut needs = Self {
            changes: false,
            fastest: (plan.tokens, plan.span),
            burst: plan.burst,
            wait: Duration::ZERO,
        };
        let mut asked = 0_u32;
        let mut each = plan.time_of_a_token();
        let mut least = each;
        for step in case.steps.iter().filter(|step| step.op != "concurrent") {
            let args: Args = read(arguments(OPERATIONS, step)?)?;
            // What nobody waits for needs none.
            if matches!(step.op.as_str(), "acquire" | "borrow" | "reserve") {
                asked = asked.saturating_add(args.n.unwrap_or(1).saturating_mul(args.times.unwrap_or(1)));
            }
            if now.change(&step.op, &args)? {
                needs.changes = true;
                needs.burst = needs.burst.max(now.burst);
                each = each.max(now.time_of_a_token());
                let faster = |time: &Duration| least.is_none_or(|least| *time < least);
                if let Some(time) = now.time_of_a_token().filter(faster) {
                    least = Some(time);
                    needs.fastest = (now.tokens, now.span);
                }
            }
        }
        needs.wait = each.unwrap_or_default().saturating_mul(asked).min(plan.patience);
        Ok(needs)
    }
}
