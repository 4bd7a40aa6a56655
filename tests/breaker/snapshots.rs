//! What a snapshot shows in each state.

use watertight::breaker::{FailureAndSlowRate, LastCalls, NoRandom};
use watertight::{RetryAfter, Snapshot, last_calls};

use super::common::{micros, secs};
use super::*;

static ALL: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(50, 5)
    .slow_calls(60, SECOND)
    .open_for(common::constant(Duration::from_secs(3)))
    .probe_lease(Duration::from_secs(20))
    .probes_by_ratio(2, 4, 50)
    .recover_over(Duration::from_secs(64))
    .build();

/// What is not zero: calls, failures, slow calls; successes and failures of probes, and probes in flight.
fn shows(shown: Snapshot, state: State, calls: [u32; 3], probes: [u32; 3], retry_after: Option<RetryAfter>) {
    assert_eq!(shown.state(), state);
    assert_eq!([shown.calls(), shown.failures(), shown.slow_calls()], calls);
    let percent = |part: u32| (calls[0] > 0).then(|| part * 100 / calls[0]);
    assert_eq!(shown.failure_percent(), percent(calls[1]));
    assert_eq!(shown.slow_percent(), percent(calls[2]));
    assert_eq!(
        [
            shown.probe_successes(),
            shown.probe_failures(),
            shown.probes_in_flight()
        ],
        probes
    );
    assert_eq!(shown.retry_after(), retry_after);
}

#[test]
fn each_state_shows_what_it_has_and_nothing_else() {
    const NONE: [u32; 3] = [0; 3];
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(7, slow)> = Breaker::with_window(&clock, &ALL, LastCalls::new());
    shows(breaker.snapshot(), State::Closed, NONE, NONE, None);
    let call = |failed: bool, slow: bool| {
        let permit = breaker.try_acquire().unwrap();
        advance(&clock, secs(1).saturating_add(micros(slow.into())));
        if failed {
            permit.failure()
        } else {
            permit.success()
        }
    };
    assert_eq!(call(false, true), None);
    assert_eq!(call(true, false), None);
    assert_eq!(call(false, false), None);
    shows(breaker.snapshot(), State::Closed, [3, 1, 1], NONE, None);
    assert_eq!(breaker.snapshot().failure_percent(), Some(33), "rounded down");
    assert_eq!(call(true, true), None);
    shows(breaker.snapshot(), State::Closed, [4, 2, 2], NONE, None);
    assert_eq!(
        states(call(false, true)),
        Some((State::Closed, State::Open)),
        "three of five were slow"
    );
    shows(
        breaker.snapshot(),
        State::Open,
        NONE,
        NONE,
        Some(RetryAfter::In(secs(3))),
    );
    assert_eq!(breaker.snapshot().openings_in_a_row(), 1);
    assert_eq!(breaker.snapshot().generation(), 1);

    advance(&clock, secs(3));
    shows(breaker.snapshot(), State::Open, NONE, NONE, None);
    let probe = breaker.try_acquire().unwrap();
    shows(breaker.snapshot(), State::HalfOpen, NONE, [0, 0, 1], None);
    let other = breaker.try_acquire().unwrap();
    advance(&clock, secs(1));
    let lease = Some(RetryAfter::OnRelease(Some(secs(19))));
    shows(breaker.snapshot(), State::HalfOpen, NONE, [0, 0, 2], lease);
    assert_eq!(probe.success(), None);
    shows(breaker.snapshot(), State::HalfOpen, NONE, [1, 0, 1], None);
    advance(&clock, micros(1));
    assert_eq!(other.success(), None, "too slow: taken for a failed one");
    shows(breaker.snapshot(), State::HalfOpen, NONE, [1, 1, 0], None);
    assert_eq!(breaker.try_acquire().unwrap().success(), None);
    let recovering = breaker.try_acquire().unwrap().success();
    assert_eq!(states(recovering), Some((State::HalfOpen, State::Recovering)));

    shows(breaker.snapshot(), State::Recovering, NONE, NONE, None);
    let permit = breaker.try_acquire().unwrap();
    // The second call of a ramp is admitted when 39 of 64 are.
    shows(
        breaker.snapshot(),
        State::Recovering,
        NONE,
        NONE,
        Some(RetryAfter::In(secs(39))),
    );
    assert_eq!(permit.failure(), None);
    shows(
        breaker.snapshot(),
        State::Recovering,
        [1, 1, 0],
        NONE,
        Some(RetryAfter::In(secs(39))),
    );
    assert_eq!(breaker.snapshot().openings_in_a_row(), 1);
    advance(&clock, secs(64));
    breaker.try_acquire().unwrap().success();
    shows(breaker.snapshot(), State::Closed, [2, 1, 0], NONE, None);

    breaker.force_open();
    shows(
        breaker.snapshot(),
        State::ForcedOpen,
        NONE,
        NONE,
        Some(RetryAfter::Never),
    );
    breaker.disable();
    breaker.try_acquire().unwrap().failure();
    shows(breaker.snapshot(), State::Disabled, NONE, NONE, None);
    breaker.reset();
    shows(breaker.snapshot(), State::Closed, NONE, NONE, None);
    assert_eq!(breaker.snapshot().openings_in_a_row(), 0);
}

#[test]
fn a_breaker_of_failures_in_a_row_shows_these_as_its_calls() {
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    breaker.try_acquire().unwrap().success();
    assert_eq!(
        (breaker.snapshot().calls(), breaker.snapshot().failure_percent()),
        (0, None)
    );
    trip_but_one(&breaker);
    let shown = breaker.snapshot();
    assert_eq!((shown.calls(), shown.failures(), shown.slow_calls()), (2, 2, 0));
    assert_eq!(
        (shown.failure_percent(), shown.slow_percent()),
        (Some(100), Some(0))
    );
}

#[test]
fn it_asks_the_clock_only_if_there_is_something_to_wait_for() {
    use watertight::Clock;
    struct Silent;
    impl Clock for Silent {
        fn now(&self) -> Instant {
            panic!("nobody needs to know")
        }
    }
    let clock = clock();
    let breaker = breaker(&clock, &THREE);
    let _ = breaker.at(Silent).snapshot();
    breaker.force_open();
    let _ = breaker.at(Silent).snapshot();
    breaker.disable();
    let _ = breaker.at(Silent).snapshot();
    breaker.reset();
    trip(&breaker);
    advance(&clock, secs(1));
    drop(breaker.try_acquire().unwrap());
    assert_eq!(
        breaker.at(Silent).snapshot().state(),
        State::HalfOpen,
        "a slot is free"
    );
}
