//! What a breaker does, once, whatever leads to it and to a clock: its own, another, or an instant in hand.

use core::future::{Future, poll_fn};
use core::pin::pin;

use super::config::NoRandom;
use super::protocol::{self, Admission, Outcome};
use super::rules::Rules;
use super::word::{Real, Word};
use super::words::{Live, Parts, decide};
use super::{Handle, Permit, Policy, Snapshot, Transition};
use crate::rejected::{Error, Reason, Rejected, RetryAfter};
use crate::time::{Clock, Micros};

#[inline]
pub(super) fn acquire<H: Handle>(handle: H) -> Result<Permit<H>, Rejected> {
    let (parts, clock) = handle.with_clock();
    let Ok(closed) = protocol::admit_closed(&words_alone(parts, clock));
    let (ticket, made) = match closed {
        Some(ticket) => (ticket, None),
        None => admit(parts, clock)?,
    };
    let times = parts.policy.with(|rules, _| rules.abandoned_after.is_some());
    let since = times.then(|| clock.now());
    Ok(Permit::new(handle, ticket, made, since))
}

/// For what reads the words and needs nothing of the policy.
#[inline]
fn words_alone<'a, C, O, P>(parts: &'a Parts<O, P>, clock: &'a C) -> Live<'a, C, NoRandom> {
    Live {
        words: &parts.words,
        clock,
        random: &NoRandom,
    }
}

/// For what needs all of it.
fn on_words<C, O, P: Policy, T>(
    parts: &Parts<O, P>,
    clock: &C,
    operate: impl FnOnce(&Live<'_, C, P::Random>, &Rules) -> T,
) -> T {
    let words = &parts.words;
    parts
        .policy
        .with(|rules, random| operate(&Live { words, clock, random }, rules))
}

/// Out of line, so that a closed breaker pays for nothing of it.
#[cold]
#[inline(never)]
fn admit<C: Clock, O, P: Policy>(
    parts: &Parts<O, P>,
    clock: &C,
) -> Result<(Word<Real>, Option<Transition>), Rejected> {
    on_words(parts, clock, |live, rules| {
        match decide(|| protocol::admit(live, rules)) {
            Admission::Admitted { ticket, made } => Ok((ticket, made)),
            Admission::Refused { reason, left, now } => {
                let wait = rules.until(now, left);
                let retry_after = match reason {
                    Reason::Open => RetryAfter::In(wait),
                    Reason::ProbesInFlight => RetryAfter::OnRelease(Some(wait)),
                };
                Err(Rejected::new(reason, retry_after))
            }
        }
    })
}

#[inline]
pub(super) fn settle<H: Handle>(handle: &H, ticket: Word<Real>, outcome: Outcome) -> Option<Transition> {
    let (parts, clock) = handle.with_clock();
    if outcome == Outcome::Success {
        let Ok(quiet) = protocol::is_quiet_success(&words_alone(parts, clock), ticket);
        if quiet {
            return None;
        }
    }
    report(parts, clock, ticket, outcome)
}

/// Out of line, as [`admit`].
#[cold]
#[inline(never)]
fn report<C: Clock, O, P: Policy>(
    parts: &Parts<O, P>,
    clock: &C,
    ticket: Word<Real>,
    outcome: Outcome,
) -> Option<Transition> {
    on_words(parts, clock, |live, rules| {
        decide(|| protocol::settle(live, rules, ticket, outcome))
    })
}

#[inline]
pub(super) fn call<H: Handle, T, E>(
    handle: H,
    f: impl FnOnce() -> Result<T, E>,
) -> (Result<T, Error<E>>, [Option<Transition>; 2]) {
    let mut permit = match acquire(handle) {
        Ok(permit) => permit,
        Err(rejected) => return (Err(Error::Rejected(rejected)), [None, None]),
    };
    let admitting = permit.transition();
    permit.fails_if_dropped(true);
    let result = f();
    let settling = permit.settle(outcome_of(&result));
    (result.map_err(Error::Inner), [admitting, settling])
}

pub(super) async fn call_async<H: Handle, T, E>(
    handle: H,
    f: impl Future<Output = Result<T, E>>,
) -> Result<T, Error<E>> {
    let mut permit = acquire(handle)?;
    let mut f = pin!(f);
    let result = poll_fn(|context| {
        // Only what unwinds out of the poll itself drops the permit in between.
        permit.fails_if_dropped(true);
        let poll = f.as_mut().poll(context);
        permit.fails_if_dropped(false);
        poll
    })
    .await;
    permit.settle(outcome_of(&result));
    result.map_err(Error::Inner)
}

fn outcome_of<T, E>(result: &Result<T, E>) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure(Micros::ZERO),
    }
}

pub(super) fn snapshot<H: Handle>(handle: &H) -> Snapshot {
    let (parts, clock) = handle.with_clock();
    on_words(parts, clock, |live, rules| {
        Snapshot::of(decide(|| protocol::observe(live, rules)), rules)
    })
}

pub(super) fn reset<H: Handle>(handle: &H) -> Transition {
    let (parts, clock) = handle.with_clock();
    on_words(parts, clock, |live, rules| {
        decide(|| protocol::reset(live, rules))
    })
}
