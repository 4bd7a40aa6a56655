//! A thread that is stopped for ever, before any of its steps, wedges nobody: whoever is there and whoever comes
//! decides in a few attempts, and the breaker recovers.

use loom::thread::spawn;
use watertight::breaker::protocol::Forced;

use crate::bench::{BOUND, Bench, COOL_DOWN, FAILURE, LEASE, RULES, SUCCESS, join};
use crate::common::{State, model};
use crate::subjects::*;

/// What the thread does that is stopped.
#[derive(Clone, Copy)]
enum Task {
    Trip,
    Probe,
    Reset,
}

impl Task {
    /// Its steps when nobody interferes.
    fn steps(self) -> u32 {
        match self {
            Self::Trip | Self::Reset => 10,
            Self::Probe => 11,
        }
    }
}

/// As many attempts as three words take that were just written: each may be read as it was before, once.
const FEW: u32 = 5;

fn stopped<S: Subject>([stopped]: [State; 1], task: Task, steps: u32) {
    let bench = Bench::new(RULES, 0);
    let caller = bench.asking::<S>();
    let [mine, others] = [(); 2].map(|()| caller.admit().expect("closed"));
    if matches!(task, Task::Probe) {
        caller.settle(others, FAILURE);
        bench.pass(COOL_DOWN);
    }
    let stopping = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>().stopped_after(steps);
            let done = match task {
                Task::Trip => caller.try_settle(mine, FAILURE).map(drop),
                Task::Probe => caller.try_admit().map(drop),
                Task::Reset => caller.try_force(Forced::Closed),
            };
            if done.is_err() {
                stopped.seen();
            }
        })
    };
    let going_on = {
        let bench = bench.clone();
        spawn(move || {
            let caller = bench.asking::<S>();
            bench.pass(1);
            caller.settle(others, FAILURE);
            assert!(caller.attempts() <= FEW, "wedged");
            caller.admit();
            assert!(caller.attempts() <= FEW, "wedged");
        })
    };
    join([stopping, going_on]);
    // Alone, and after every wait: a failure opens, whatever the stopped thread left, and a success closes.
    for outcome in [FAILURE, SUCCESS] {
        // A helper rounds an opening up by at most the last of these.
        bench.pass(COOL_DOWN + LEASE + (1 << 16));
        let caller = bench.asking::<S>();
        let ticket = caller.admit().expect("every wait is over");
        assert!(caller.attempts() <= 2, "wedged");
        caller.settle(ticket, outcome);
        assert!(caller.attempts() <= 2, "wedged");
    }
    assert!(bench.word().is_closed());
    bench.audit();
}

fn holds(claim: &'static str, task: Task, preemptions: usize) {
    for steps in 0..task.steps() {
        model(claim)
            .at_least(6, 6)
            .bound(preemptions, BOUND)
            .holds(["stopped"], move |states| stopped::<Shipped>(states, task, steps));
    }
}

#[test]
fn a_thread_stopped_while_it_trips_wedges_nobody() {
    holds("stopped while it trips", Task::Trip, 3);
    model("twin: nobody helps").bound(3, BOUND).breaks("wedged", || {
        stopped::<NobodyHelps>(Default::default(), Task::Trip, 8);
    });
}

#[test]
fn a_thread_stopped_while_it_begins_to_probe_wedges_nobody() {
    holds("stopped while it begins to probe", Task::Probe, 3);
    model("twin: nobody helps").bound(3, BOUND).breaks("wedged", || {
        stopped::<NobodyHelps>(Default::default(), Task::Probe, 8);
    });
}

#[test]
fn a_thread_stopped_while_it_resets_wedges_nobody() {
    holds("stopped while it resets", Task::Reset, 3);
    model("twin: nobody helps").bound(3, BOUND).breaks("wedged", || {
        stopped::<NobodyHelps>(Default::default(), Task::Reset, 8);
    });
}
