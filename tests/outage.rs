//! What `examples/outage` claims, asserted on its own code: a short run for what is measured, and hand-made ones
//! for what is counted. No assertion is about how long anything took.

#![allow(dead_code, reason = "the modules of the example are used in part")]

#[path = "../examples/outage/caller.rs"]
mod caller;
#[path = "../examples/outage/chart.rs"]
mod chart;
#[path = "../examples/common/mod.rs"]
mod common;
#[path = "../examples/outage/figures.rs"]
mod figures;
#[path = "../examples/outage/guarded.rs"]
mod guarded;
#[path = "../examples/outage/naive.rs"]
mod naive;
#[path = "../examples/outage/phases.rs"]
mod phases;
#[path = "../examples/outage/run.rs"]
mod run;
#[path = "../examples/outage/service.rs"]
mod service;

use core::time::Duration;
use std::sync::LazyLock;

use tokio::time::Instant;
use watertight::State;

use caller::Outcome;
use common::args::{Args, Stop};
use common::traffic::{Call, Plan};
use common::wire::{Client, Failure};
use figures::{Figures, Table};
use phases::{Phase, TIMEOUT};
use run::{Run, Runs};
use service::Service;

/// Short and sparse, with the seed that the example has unless told otherwise.
const PLAN: Plan = Plan {
    seconds: 5,
    rate: 60,
    seed: 7,
};

static RUNS: LazyLock<Runs> =
    LazyLock::new(|| run::side_by_side(PLAN, |_| {}).expect("loopback sockets and threads are to be had"));

/// 10 s at 100 calls a second: slow from 2 s, dead from 4 s, recovering from 6 s, healthy again from 7.5 s.
const BY_HAND: Plan = Plan {
    seconds: 10,
    rate: 100,
    seed: 1,
};

#[test]
fn both_runs_get_the_same_traffic_and_account_for_all_of_it() {
    for run in [&RUNS.naive, &RUNS.watertight] {
        let figures = Figures::of(&PLAN, run);
        assert_eq!(figures.offered, 300);
        assert_eq!(
            figures.succeeded + figures.failed_at_once + figures.timed_out,
            300
        );
        assert!(figures.succeeded > 0 && figures.timed_out > 0, "{figures:?}");
        assert_eq!(figures.attempts(), run.requests.len());
        assert_eq!(run.unconnected, 0, "this machine ran out of sockets");
        assert!(run.calls.iter().all(|call| call.finished >= call.offered));
    }
    let offered = |run: &Run| run.calls.iter().map(|call| call.offered).collect::<Vec<_>>();
    assert_eq!(offered(&RUNS.naive), offered(&RUNS.watertight));
    assert_eq!(
        RUNS.naive.calls[150].offered,
        Duration::from_millis(2_500),
        "60 a second"
    );
}

#[test]
fn a_call_timed_out_if_any_of_its_attempts_did() {
    let failed = |failures: &[Failure]| {
        failures
            .iter()
            .fold(Outcome::FailedAtOnce, |outcome, failure| outcome.after(*failure))
    };
    assert_eq!(failed(&[]), Outcome::FailedAtOnce);
    assert_eq!(failed(&[Failure::Refused; 3]), Outcome::FailedAtOnce);
    assert_eq!(
        failed(&[Failure::Refused, Failure::TimedOut, Failure::Refused]),
        Outcome::TimedOut
    );
}

#[test]
fn a_healthy_service_answers_and_a_dead_one_reads_and_says_nothing() {
    let plan = Plan { seconds: 20, ..PLAN };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("an event queue");
    let attempts = |begun: Duration, most: usize| {
        runtime.block_on(async {
            let start = Instant::now()
                .checked_sub(begun)
                .expect("the machine has been up for ten seconds");
            let service = Service::start(plan, start).await.expect("a free port");
            let client = Client::new(service.address, TIMEOUT);
            let mut results = vec![];
            while results.len() < most && !results.contains(&Ok(())) {
                results.push(client.attempt(1).await);
            }
            (results, service.requests().len())
        })
    };
    // On a busy machine the first may come too late.
    let (healthy, _) = attempts(Duration::ZERO, 20);
    assert_eq!(healthy.last(), Some(&Ok(())), "{healthy:?}");
    let dead = plan.span(Phase::Dead);
    let (silence, read) = attempts(dead.start, 3);
    assert_eq!(silence, [Err(Failure::TimedOut); 3]);
    assert!((1..=3).contains(&read), "{read}");
}

#[test]
fn behind_the_breaker_less_than_half_as_many_attempts_reach_the_sick_service() {
    let [naive, watertight] =
        [&RUNS.naive, &RUNS.watertight].map(|run| Figures::of(&PLAN, run).attempts_while_sick());
    assert!(
        naive > 0 && watertight > 0,
        "{naive} naive, {watertight} watertight"
    );
    assert!(watertight * 2 < naive, "{naive} naive, {watertight} watertight");
}

#[test]
fn the_breaker_opens_first_then_probes_and_each_state_follows_from_the_one_before() {
    let events = &RUNS.watertight.events;
    let changes: Vec<_> = events
        .iter()
        .map(|event| (event.transition.from(), event.transition.to()))
        .collect();
    let first = [(State::Closed, State::Open), (State::Open, State::HalfOpen)];
    assert!(changes.starts_with(&first), "{changes:?}");
    for change in &changes {
        assert!(
            matches!(
                change,
                (State::Closed, State::Open)
                    | (State::Open, State::HalfOpen)
                    | (State::HalfOpen, State::Open | State::HalfOpen | State::Closed)
            ),
            "{change:?} in {changes:?}"
        );
    }
    assert!(
        changes.windows(2).all(|pair| pair[0].1 == pair[1].0),
        "{changes:?}"
    );
    for pair in events.windows(2) {
        let [before, after] = [&pair[0], &pair[1]];
        assert!(before.at <= after.at);
        assert_eq!(
            after.transition.generation(),
            (before.transition.generation() + 1) % 512,
            "{changes:?}"
        );
    }
    assert!(RUNS.naive.events.is_empty());
}

#[test]
fn the_chart_and_the_table_show_both_runs() {
    let svg = chart::svg(&PLAN, &RUNS).expect("a chart in memory");
    for phase in Phase::ALL {
        let name = format!(">\n{}\n<", phase.name());
        assert_eq!(svg.matches(&name).count(), 2, "{} in both panels", phase.name());
    }
    assert!(svg.contains("Naive: ") && svg.contains("Watertight: ") && svg.ends_with("</svg>\n"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    let table = Table {
        plan: &PLAN,
        runs: &RUNS,
    }
    .to_string();
    assert!(table.contains("healthy again to served again"));
    assert!(table.contains("closed -> open (generation 1)"));
}

#[test]
fn the_phases_follow_each_other_and_the_workers_come_back_one_by_one() {
    let spans = Phase::ALL.map(|phase| BY_HAND.span(phase));
    let ends = [2_000, 4_000, 6_000, 7_500, 10_000].map(Duration::from_millis);
    assert_eq!(spans.each_ref().map(|span| span.end), ends);
    assert_eq!(spans[0].start, Duration::ZERO);
    assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].start));
    assert_eq!(BY_HAND.phase_at(Duration::from_millis(3_999)), Phase::Slow);
    assert_eq!(BY_HAND.phase_at(Duration::from_millis(4_000)), Phase::Dead);
    assert_eq!(BY_HAND.phase_at(Duration::from_secs(11)), Phase::HealthyAgain);

    // 100 calls of 20 ms keep two workers busy; there are twice as many.
    assert_eq!(BY_HAND.workers(), 4);
    let back: Vec<_> = (0..4).map(|worker| BY_HAND.back_at(worker).as_millis()).collect();
    assert_eq!(back, [6_000, 6_375, 6_750, 7_125]);
}

#[test]
fn work_depends_on_seed_and_call_and_is_ten_times_as_long_when_slow() {
    let works = |plan: Plan| {
        (0..1_000)
            .map(|call| plan.work(call, Phase::Healthy))
            .collect::<Vec<_>>()
    };
    let (mine, other) = (works(BY_HAND), works(Plan { seed: 2, ..BY_HAND }));
    assert_eq!(mine, works(BY_HAND));
    assert_ne!(mine, other);
    let [least, most] = [10, 30].map(Duration::from_millis);
    assert!(mine.iter().all(|work| (least..=most).contains(work)));
    // The mean of 1000 draws over 10 to 30 ms has a standard deviation of 0.18 ms.
    let mean = mine.iter().sum::<Duration>() / 1_000;
    assert!(
        mean.abs_diff(Duration::from_millis(20)) < Duration::from_millis(1),
        "{mean:?}"
    );
    assert_eq!(BY_HAND.work(5, Phase::Slow), BY_HAND.work(5, Phase::Healthy) * 10);
}

#[test]
fn figures_count_what_their_definitions_say() {
    // Call n takes n milliseconds. From call 40 on, of each four one fails at once and one times out.
    let outcome = |number: u32| match number % 4 {
        0 if number >= 40 => Outcome::FailedAtOnce,
        1 if number >= 40 => Outcome::TimedOut,
        _ => Outcome::Succeeded,
    };
    let at = [1_999, 2_000, 3_999, 4_000, 7_499, 7_500, 12_000].map(Duration::from_millis);
    let run = by_hand(100, outcome, at.to_vec());
    let figures = Figures::of(&BY_HAND, &run);
    assert_eq!((figures.offered, figures.succeeded), (100, 70));
    assert_eq!((figures.failed_at_once, figures.timed_out), (15, 15));
    assert_eq!(figures.attempts, [1, 2, 1, 1, 2]);
    assert_eq!(figures.attempts_while_sick(), 4);
    // By nearest rank: of the 70 (0, 1, ... 39, 42, 43, 46, ... 98, 99) the 35th and the 70th,
    assert_eq!(
        figures.latency_of_succeeded,
        [34, 99].map(|ms| Some(Duration::from_millis(ms)))
    );
    // of the 30 (40, 41, 44, 45, ... 96, 97) the 15th and the 30th.
    assert_eq!(
        figures.latency_of_failed,
        [68, 97].map(|ms| Some(Duration::from_millis(ms)))
    );
    assert_eq!(figures.served_again, None, "no call was offered after the outage");
}

#[test]
fn served_again_is_the_first_call_that_begins_a_second_of_which_95_percent_succeed() {
    let served_again = |outcome: fn(u32) -> Outcome| {
        let figures = Figures::of(&BY_HAND, &by_hand(1_000, outcome, vec![]));
        figures.served_again.map(|after| after.as_millis())
    };
    assert_eq!(served_again(|_| Outcome::Succeeded), Some(0));
    assert_eq!(served_again(|_| Outcome::TimedOut), None);
    // Call 750 is the first after the outage. From 800 on they succeed: of the hundred from 795 on 5 do not.
    let from_800 = |number| {
        if number >= 800 {
            Outcome::Succeeded
        } else {
            Outcome::FailedAtOnce
        }
    };
    assert_eq!(served_again(from_800), Some(450));
    let nine_in_ten = |number| {
        if number % 10 == 0 {
            Outcome::TimedOut
        } else {
            Outcome::Succeeded
        }
    };
    assert_eq!(served_again(nine_in_ten), None);
    // What was served during the outage does not count.
    let before = |number| {
        if number < 750 {
            Outcome::Succeeded
        } else {
            Outcome::TimedOut
        }
    };
    assert_eq!(served_again(before), None);
}

#[test]
fn a_wrong_value_gets_one_sentence() {
    for (words, about) in [
        (
            &["--rate", "0"][..],
            "'--rate <RATE>': a whole number from 20 to 500 is wanted",
        ),
        (
            &["--rate", "501"],
            "'--rate <RATE>': a whole number from 20 to 500 is wanted",
        ),
        (
            &["--rate", "many"],
            "'--rate <RATE>': a whole number from 20 to 500 is wanted",
        ),
        (
            &["--seconds", "3"],
            "'--seconds <SECONDS>': a whole number from 4 to 600 is wanted",
        ),
        (
            &["--seed", "-1"],
            "'--seed <SEED>': a whole number from 0 to 4294967295 is wanted",
        ),
        (&["--out"], "'--out <FILE>'"),
        (&["--fast"], "'--fast'"),
        (&["now"], "'now'"),
    ] {
        let Err(Stop::Wrong(sentence)) = read(words) else {
            panic!("{about} was taken")
        };
        assert!(sentence.contains(about), "{sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
    }
    assert!(matches!(read(&["--help"]), Err(Stop::Help(_))));
    let plan = read(&[]).expect("nothing has to be said").plan();
    assert_eq!((plan.seconds, plan.rate, plan.seed), (20, 200, PLAN.seed));
}

fn read(words: &[&str]) -> Result<Args, Stop> {
    Args::read("An outage", "target/outage.svg", ["outage"].iter().chain(words))
}

/// A run of `BY_HAND` whose call n is due n hundredths of a second after the start and takes n milliseconds.
fn by_hand(calls: u32, outcome: impl Fn(u32) -> Outcome, requests: Vec<Duration>) -> Run {
    let call = |number: u32| {
        let offered = Duration::from_millis(10) * number;
        Call {
            offered,
            finished: offered + Duration::from_millis(number.into()),
            outcome: outcome(number),
        }
    };
    Run {
        calls: (0..calls).map(call).collect(),
        requests,
        events: vec![],
        unconnected: 0,
    }
}
