//! How a model is run: every interleaving, with plain loads and with RMW loads, counted.
//!
//! ```text
//! model("one caller in many trips")
//!     .at_least(120, 80)                                    // executions: plain loads, RMW loads
//!     .holds(["a caller that lost"], |[lost]| { ..loom threads.. lost.seen() .. });
//!
//! model("a twin that never counts").breaks("tripped twice", || { ..the same body, broken.. });
//! ```
//!
//! A body is run once for every execution and makes everything it works on anew; what a thread needs goes into
//! an `Arc` (`std`'s will do). Each way explores without a bound on preemptions, unless the model gives one
//! together with its reason. loom's environment variables change neither.
//!
//! loom prunes: the main thread's loads that come before another thread's stores are often explored in one
//! order only. A state that stays at zero is usually reached once the threads swap roles, and a reader belongs
//! in a spawned thread.

#![allow(
    dead_code,
    reason = "every test binary has its own copy and uses a part of it"
)]

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use watertight::models::with_rmw_loads;

/// Counts how often the state that a model is about was reached. It is not part of the model: loom does not
/// see it, and it adds no interleaving.
#[derive(Clone, Default)]
pub struct State(Arc<AtomicUsize>);

impl State {
    /// The state was reached, in whichever thread.
    pub fn seen(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    fn count(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// A claim about to be explored.
#[must_use = "a model does nothing until it `holds` or `breaks`"]
pub struct Model {
    claim: &'static str,
    at_least: [usize; 2],
    bound: Option<(usize, &'static str)>,
    steps: Option<usize>,
}

/// A model of `claim`, without a bound, which any number of executions satisfies.
pub fn model(claim: &'static str) -> Model {
    Model {
        claim,
        at_least: [1, 1],
        bound: None,
        steps: None,
    }
}

/// Plain loads find orderings that are too weak; RMW loads reach interleavings that loom otherwise prunes.
const WAYS: [(&str, bool); 2] = [("plain loads", false), ("RMW loads", true)];

impl Model {
    /// The fewest executions that each way must explore.
    pub fn at_least(mut self, plain: usize, rmw: usize) -> Self {
        self.at_least = [plain, rmw];
        self
    }

    /// Explores no more than so many preemptions, and says why.
    pub fn bound(mut self, preemptions: usize, reason: &'static str) -> Self {
        self.bound = Some((preemptions, reason));
        self
    }

    /// Lets an execution take so many steps, where loom's limit of about 500 is too few.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Asserts that `body` never panics, explores no less than it should, and reaches each of `states`, both
    /// ways. Prints one line of figures, also when the test passes.
    pub fn holds<const N: usize>(
        self,
        states: [&'static str; N],
        body: impl Fn([State; N]) + Send + Sync + 'static,
    ) {
        let body = Arc::new(body);
        let mut figures = String::new();
        let mut faults = String::new();
        for ((way, rmw), at_least) in WAYS.into_iter().zip(self.at_least) {
            let counts: [State; N] = core::array::from_fn(|_| State::default());
            let started = Instant::now();
            let run = self.explore(rmw, {
                let (body, counts) = (body.clone(), counts.clone());
                move || body(counts.clone())
            });
            if let Err(panic) = run.outcome {
                self.say(&format!("failed with {way} in execution {}", run.executions));
                resume_unwind(panic);
            }
            let seconds = started.elapsed().as_secs_f32();
            figures += &format!("; {} executions with {way} in {seconds:.1} s", run.executions);
            if run.executions < at_least {
                faults += &format!("{way}: fewer than {at_least} executions; ");
            }
            for (state, count) in states.iter().zip(&counts) {
                figures += &format!(", {state}: {}", count.count());
                if count.count() == 0 {
                    faults += &format!("{way}: never reached `{state}`; ");
                }
            }
        }
        self.say(figures.trim_start_matches("; "));
        assert!(faults.is_empty(), "{}: {faults}", self.claim);
    }

    /// Asserts that at least one way finds the panic whose message contains `message`, and no way another. This
    /// is for twins: the same model over a protocol that somebody broke on purpose.
    pub fn breaks(self, message: &str, body: impl Fn() + Send + Sync + 'static) {
        let body = Arc::new(body);
        let mut figures = String::new();
        let mut found = false;
        for (way, rmw) in WAYS {
            let body = body.clone();
            let run = self.explore(rmw, move || body());
            match run.outcome {
                Ok(()) => figures += &format!("; stands {} executions with {way}", run.executions),
                Err(panic) => {
                    let text = panic
                        .downcast_ref::<String>()
                        .map(String::as_str)
                        .or_else(|| panic.downcast_ref::<&str>().copied())
                        .unwrap_or("a panic without a message");
                    assert!(
                        text.contains(message),
                        "{}: breaks, but not as it should: {text}",
                        self.claim
                    );
                    figures += &format!("; breaks in execution {} with {way}", run.executions);
                    found = true;
                }
            }
        }
        self.say(figures.trim_start_matches("; "));
        assert!(found, "{}: must break, and does not", self.claim);
    }

    fn explore(&self, rmw: bool, body: impl Fn() + Send + Sync + 'static) -> Run {
        let executions = Arc::new(AtomicUsize::new(0));
        let counted = {
            let executions = executions.clone();
            move || {
                executions.fetch_add(1, Relaxed);
                body();
            }
        };
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = self.bound.map(|(preemptions, _)| preemptions);
        if let Some(steps) = self.steps {
            // One to choose the thread, one to choose what a load returns.
            builder.max_branches = 2 * steps;
        }
        builder.max_permutations = None;
        builder.max_duration = None;
        let check = AssertUnwindSafe(|| with_rmw_loads(rmw, || builder.check(counted)));
        let outcome = catch_unwind(check);
        Run {
            executions: executions.load(Relaxed),
            outcome,
        }
    }

    /// Straight to the error stream: what `eprintln!` prints is kept back while a test passes.
    fn say(&self, figures: &str) {
        let bound = self.bound.map_or(String::new(), |(preemptions, reason)| {
            format!(" (at most {preemptions} preemptions: {reason})")
        });
        let line = format!("model: {}{bound}: {figures}\n", self.claim);
        // One write, or the lines of tests that run side by side get mixed.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

struct Run {
    executions: usize,
    outcome: std::thread::Result<()>,
}
