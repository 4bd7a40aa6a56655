//! What `examples/compartments` claims, asserted on its own code: a short run for what is measured, and a hand-made one
//! for what is counted. Times are only compared with each other, and with ample room.

#![allow(dead_code, reason = "the modules of the example are used in part")]

#[path = "../examples/compartments/chart.rs"]
mod chart;
#[path = "../examples/common/mod.rs"]
mod common;
#[path = "../examples/compartments/compartments.rs"]
mod compartments;
#[path = "../examples/compartments/dependency.rs"]
mod dependency;
#[path = "../examples/compartments/figures.rs"]
mod figures;
#[path = "../examples/compartments/plan.rs"]
mod plan;
#[path = "../examples/compartments/run.rs"]
mod run;
#[path = "../examples/compartments/server.rs"]
mod server;

use core::time::Duration;
use std::sync::LazyLock;

use watertight::Reason;

use common::traffic::{Call, Plan};
use common::wire::Failure;
use figures::{Figures, Table};
use plan::{Dependency, Phase};
use run::{Run, Runs};

use Dependency::{A, B, C};

/// Short and sparse, with the seed that the example has unless told otherwise.
const PLAN: Plan = Plan {
    seconds: 8,
    rate: 60,
    seed: 7,
};

static RUNS: LazyLock<Runs> =
    LazyLock::new(|| run::side_by_side(PLAN, |_| {}).expect("loopback sockets and threads are to be had"));

/// Of the run without compartments, and of that with them.
fn both(dependency: Dependency, phase: Phase) -> [Figures; 2] {
    let due = PLAN.span(phase);
    [&RUNS.one_pool, &RUNS.compartments].map(|run| Figures::of(run, dependency, &due))
}

#[test]
fn both_runs_get_the_same_traffic_and_account_for_all_of_it() {
    for run in [&RUNS.one_pool, &RUNS.compartments] {
        assert_eq!(run.calls.len(), 480);
        assert_eq!(run.unconnected, 0, "this machine ran out of sockets");
        assert!(run.calls.iter().all(|call| call.finished >= call.offered));
        let all = Duration::ZERO..PLAN.length();
        for dependency in Dependency::ALL {
            let figures = Figures::of(run, dependency, &all);
            assert_eq!(figures.offered, 160);
            assert_eq!(figures.answered + figures.refused + figures.gave_up, 160);
        }
    }
    for phase in Phase::ALL {
        for dependency in Dependency::ALL {
            let [one_pool, compartments] = both(dependency, phase);
            assert_eq!(one_pool.offered, compartments.offered);
        }
    }
}

#[test]
fn before_c_is_slow_it_makes_no_difference() {
    for dependency in Dependency::ALL {
        for figures in both(dependency, Phase::Before) {
            assert!(figures.answered * 10 >= figures.offered * 9, "{figures:?}");
        }
    }
}

#[test]
fn while_c_is_slow_a_and_b_are_answered_in_compartments_and_not_out_of_one_pool() {
    for dependency in [A, B] {
        let [one_pool, compartments] = both(dependency, Phase::Slow);
        assert!(one_pool.answered * 4 < one_pool.offered * 3, "{one_pool:?}");
        assert!(
            compartments.answered * 10 >= compartments.offered * 9,
            "{compartments:?}"
        );
        let [slow, fast] = [&one_pool, &compartments].map(|run| run.latency[0].expect("some were offered"));
        assert!(
            fast * 4 < slow,
            "{fast:?} in compartments, {slow:?} out of one pool"
        );
    }
}

#[test]
fn a_and_b_keep_the_latency_that_they_had_before() {
    for dependency in [A, B] {
        let [before, slow] = [Phase::Before, Phase::Slow].map(|phase| {
            let [_, compartments] = both(dependency, phase);
            compartments.latency[0].expect("some were offered")
        });
        assert!(slow < before * 4, "{before:?} before, {slow:?} while c is slow");
    }
}

#[test]
fn c_is_not_answered_either_way_but_most_of_it_refused_at_once() {
    let [one_pool, compartments] = both(C, Phase::Slow);
    for figures in [&one_pool, &compartments] {
        assert!(figures.answered * 4 < figures.offered * 3, "{figures:?}");
    }
    assert_eq!(one_pool.refused, 0, "nobody refuses there");
    assert!(compartments.refused > 0, "{compartments:?}");
    assert!(compartments.gave_up < one_pool.gave_up);
}

#[test]
fn the_compartments_themselves_say_the_same() {
    assert!(RUNS.one_pool.compartments.is_none());
    let kept = RUNS.compartments.compartments.expect("there are some");
    for (dependency, kept) in Dependency::ALL.into_iter().zip(kept) {
        assert_eq!(kept.limit(), u32::from(PLAN.places()));
        assert!((1..=kept.limit()).contains(&kept.most_in_flight()), "{kept:?}");
        let seen: usize = Phase::ALL
            .into_iter()
            .map(|phase| both(dependency, phase)[1].refused)
            .sum();
        // Of some that were refused the clients had left by then.
        assert!(
            kept.refused(Reason::RoomFull) as usize >= seen,
            "{kept:?}, {seen} seen"
        );
    }
    let [_, _, c] = kept;
    assert_eq!(c.most_in_flight(), c.limit(), "c fills its own");
}

#[test]
fn the_chart_and_the_table_show_both_runs() {
    let svg = chart::svg(&PLAN, &RUNS).expect("a chart in memory");
    for phase in Phase::ALL {
        let name = format!(">\n{}\n<", phase.name());
        assert_eq!(svg.matches(&name).count(), 2, "{} in both panels", phase.name());
    }
    assert!(
        svg.contains("for whoever comes") && svg.contains("behind bulkheads") && svg.ends_with("</svg>\n")
    );
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    let table = Table {
        plan: &PLAN,
        runs: &RUNS,
    }
    .to_string();
    let rows = |name: &str| table.lines().filter(|row| row.starts_with(name)).count();
    for (name, count) in [
        ("  a ", 3),
        ("  b ", 3),
        ("  c ", 3),
        ("Compartment ", 3),
        ("c is slow", 1),
    ] {
        assert_eq!(rows(name), count, "{name}");
    }
    let [one_pool, compartments] = both(A, Phase::Slow);
    let row = format!(
        "  a{:>14}{:>9}{:>9}{:>9}",
        one_pool.offered, one_pool.answered, one_pool.refused, one_pool.gave_up
    );
    let row = table
        .lines()
        .find(|line| line.starts_with(&row))
        .expect("the row of a");
    assert!(row.contains(&format!(
        "{:>9}{:>9}",
        compartments.answered, compartments.refused
    )));
}

#[test]
fn c_alone_is_slow_in_the_second_phase_alone() {
    let plan = Plan {
        seconds: 20,
        rate: 200,
        seed: 7,
    };
    let spans = Phase::ALL.map(|phase| plan.span(phase));
    let seconds = [0, 5, 12, 20].map(Duration::from_secs);
    for (span, ends) in spans.iter().zip(seconds.windows(2)) {
        assert_eq!([span.start, span.end], ends);
    }
    for (millis, phase) in [
        (4_999, Phase::Before),
        (5_000, Phase::Slow),
        (11_999, Phase::Slow),
        (12_000, Phase::After),
        (99_000, Phase::After),
    ] {
        assert_eq!(plan.phase_at(Duration::from_millis(millis)), phase);
    }
    for call in 0..300 {
        let [before, slow, after] = Phase::ALL.map(|phase| plan.work(call, phase));
        assert!((Duration::from_millis(10)..=Duration::from_millis(30)).contains(&before));
        assert_eq!(before, after);
        assert_eq!(slow, if call % 3 == 2 { before * 100 } else { before });
    }
    // 200 calls of 20 ms keep four workers busy, one and a third for each dependency; there are four times as many.
    assert_eq!((plan.places(), plan.workers()), (6, 18));
}

#[test]
fn figures_count_what_their_definitions_say() {
    // Call n is due n hundredths of a second after the start and takes n milliseconds. Of each dependency's calls, the
    // first two of four are answered, then one is refused, and one given up.
    let call = |number: u32| {
        let offered = Duration::from_millis(10) * number;
        Call {
            offered,
            finished: offered + Duration::from_millis(number.into()),
            outcome: match number / 3 % 4 {
                2 => Err(Failure::Refused),
                3 => Err(Failure::TimedOut),
                _ => Ok(()),
            },
        }
    };
    let run = Run {
        calls: (0..300).map(call).collect(),
        compartments: None,
        unconnected: 0,
    };
    // From call 30 to call 149: 40 of each dependency, those of b being 31, 34, ... 148.
    let due = Duration::from_millis(300)..Duration::from_millis(1_500);
    let figures = Figures::of(&run, B, &due);
    let expected = Figures {
        offered: 40,
        answered: 20,
        refused: 10,
        gave_up: 10,
        // By nearest rank the 20th and the 40th.
        latency: [88, 148].map(|millis| Some(Duration::from_millis(millis))),
    };
    assert_eq!(figures, expected);
    assert_eq!(figures.share_answered(), Some(0.5));
    let none = Figures::of(&run, A, &(due.end..due.end));
    assert_eq!((none.latency, none.share_answered()), ([None; 2], None));
}
