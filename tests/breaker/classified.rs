//! Calls whose caller says what counts.

use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use watertight::breaker::Outcome;
use watertight::{Backoff, Clock, Error, RetryAfter};

use super::common::secs;
use super::*;

/// What a service answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Fine,
    BadRequest,
    Broken,
    Busy(u64),
}

type Answered = Result<Answer, Answer>;

fn classify(result: &Answered) -> Outcome {
    match result {
        // It answered, and yet it failed.
        Ok(Answer::Broken) | Err(Answer::Broken) => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(Answer::Busy(wait)) => Outcome::FailureRetryAfter(Micros::from_secs(*wait)),
        Err(_) => Outcome::Ignored,
    }
}

static HINTED: Config = Config::consecutive(3)
    .open_for(
        Backoff::constant(SECOND)
            .max_hint(Duration::from_secs(20))
            .build(),
    )
    .build();

type Call = fn(&Breaker<&ManualClock>, Answered) -> Result<Answer, Error<Answer>>;

/// The four ways to make one.
const CALLS: [Call; 4] = [
    |breaker, answer| breaker.call_classified(classify, || answer),
    |breaker, answer| breaker.at(breaker_clock()).call_classified(classify, || answer),
    |breaker, answer| finish(breaker.call_async_classified(classify, ready(answer))),
    |breaker, answer| {
        finish(
            breaker
                .at(breaker_clock())
                .call_async_classified(classify, ready(answer)),
        )
    },
];

/// A clock that stands, and yet runs.
fn breaker_clock() -> ManualClock {
    clock()
}

fn finish<T>(call: impl Future<Output = T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it is ready"),
    }
}

#[test]
fn the_caller_says_what_a_result_means() {
    for call in CALLS {
        let clock = clock();
        let breaker = breaker(&clock, &HINTED);
        assert_eq!(
            call(&breaker, Err(Answer::Broken)),
            Err(Error::Inner(Answer::Broken))
        );
        assert_eq!(breaker.snapshot().failures(), 1);
        assert_eq!(call(&breaker, Ok(Answer::Broken)), Ok(Answer::Broken));
        assert_eq!(breaker.snapshot().failures(), 2, "an Ok that is a failure");
        assert_eq!(
            call(&breaker, Err(Answer::BadRequest)),
            Err(Error::Inner(Answer::BadRequest))
        );
        assert_eq!(
            breaker.snapshot().failures(),
            2,
            "ignored: neither a failure nor a success"
        );
        assert_eq!(call(&breaker, Ok(Answer::Fine)), Ok(Answer::Fine));
        assert_eq!(breaker.snapshot().failures(), 0);
    }
}

#[test]
fn the_service_s_wait_is_obeyed() {
    for call in CALLS {
        let clock = clock();
        let breaker = breaker(&clock, &HINTED);
        for _ in 0..3 {
            assert_eq!(
                call(&breaker, Err(Answer::Busy(7))),
                Err(Error::Inner(Answer::Busy(7)))
            );
        }
        assert_eq!(refusal(&breaker).retry_after(), RetryAfter::In(secs(7)));
        assert!(matches!(
            call(&breaker, Ok(Answer::Fine)),
            Err(Error::Rejected(_))
        ));
    }
}

#[test]
fn a_probe_that_is_ignored_gives_its_slot_back() {
    for call in CALLS {
        let clock = clock();
        let breaker = breaker(&clock, &HINTED);
        trip(&breaker);
        advance(&clock, secs(1));
        drop(breaker.try_acquire().expect("half-open from here on"));
        let _ = call(&breaker, Err(Answer::BadRequest));
        assert_eq!(
            (breaker.snapshot().state(), breaker.snapshot().probes_in_flight()),
            (State::HalfOpen, 0)
        );
        let _ = call(&breaker, Ok(Answer::Fine));
        assert_eq!(breaker.snapshot().state(), State::Closed);
    }
}

#[test]
fn a_classifier_that_panics_is_a_failure() {
    fn panics(_: &Answered) -> Outcome {
        panic!("the classifier's")
    }
    let calls: [Call; 2] = [
        |breaker, answer| breaker.call_classified(panics, || answer),
        |breaker, answer| finish(breaker.call_async_classified(panics, ready(answer))),
    ];
    for call in calls {
        let clock = clock();
        let breaker = breaker(&clock, &HINTED);
        for failures in 1..3 {
            assert!(catch_unwind(AssertUnwindSafe(|| call(&breaker, Ok(Answer::Fine)))).is_err());
            assert_eq!(breaker.snapshot().failures(), failures);
        }
        assert!(catch_unwind(AssertUnwindSafe(|| call(&breaker, Ok(Answer::Fine)))).is_err());
        assert_eq!(breaker.snapshot().state(), State::Open);
        // And as a probe.
        advance(&clock, secs(1));
        assert!(catch_unwind(AssertUnwindSafe(|| call(&breaker, Ok(Answer::Fine)))).is_err());
        assert_eq!(breaker.snapshot().openings_in_a_row(), 2);
    }
}

#[test]
fn it_is_not_asked_about_a_call_that_was_not_made() {
    let clock = clock();
    let breaker = breaker(&clock, &HINTED);
    trip(&breaker);
    let refused = breaker.call_classified(|_| panic!("not asked"), || -> Answered { panic!("not made") });
    assert!(matches!(refused, Err(Error::Rejected(_))));
    let refused = finish(breaker.call_async_classified(|_| panic!("not asked"), ready(Ok::<(), ()>(()))));
    assert!(matches!(refused, Err(Error::Rejected(_))));
}

#[test]
fn an_outcome_says_what_it_is() {
    assert_eq!(Outcome::of(&Ok::<_, ()>(1)), Outcome::Success);
    assert_eq!(Outcome::of(&Err::<(), _>(1)), Outcome::Failure);
    let hinted = Outcome::FailureRetryAfter(secs(3));
    for (outcome, failed, hint) in [
        (Outcome::Success, false, Micros::ZERO),
        (Outcome::Ignored, false, Micros::ZERO),
        (Outcome::Failure, true, Micros::ZERO),
        (hinted, true, secs(3)),
    ] {
        assert_eq!((outcome.is_failure(), outcome.hint()), (failed, hint));
    }
    assert_eq!(clock().now(), breaker_clock().now());
}
