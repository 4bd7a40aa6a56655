//! What a breaker does, once, whatever leads to it and to a clock: its own, another, or an instant in hand.

use core::future::{Future, poll_fn};
use core::pin::pin;

use super::config::NoRandom;
use super::protocol::{self, Admission, Ended, Forced, Settled, Wait};
use super::rules::Rules;
use super::saved::{AlreadyUsed, Saved};
use super::stats::{Keep, Statistics, Stats};
use super::window::{Counting, Rule, Window};
use super::word::{Real, Word};
use super::words::{Live, Parts};
use super::{Handle, Outcome, Permit, Policy, Snapshot, Transition, reasons};
use crate::memory::decide;
use crate::rejected::{Error, Reason, Rejected, RetryAfter};
use crate::time::{Clock, Instant, Micros};

#[inline]
pub(super) fn acquire<H: Handle>(handle: H) -> Result<Permit<H>, Rejected> {
    let (parts, clock) = handle.with_clock();
    let Ok(closed) = protocol::admit_closed(&words_alone(parts, clock));
    let (ticket, made) = match closed {
        Some(ticket) => (ticket, None),
        None => admit(parts, clock, handle.key())?,
    };
    let is_timed = <H::Window as Window>::Rule::IS_TIMED || parts.policy.minds_abandoned();
    let since = is_timed.then(|| clock.now());
    Ok(Permit::new(handle, ticket, made, since))
}

/// For what reads the words and needs nothing of the policy.
#[inline]
fn words_alone<'a, C, O, P, W: Window, S>(
    parts: &'a Parts<O, P, W, S>,
    clock: &'a C,
) -> Live<'a, C, NoRandom> {
    Live {
        words: &parts.words,
        window: parts.window.words(),
        clock,
        random: &NoRandom,
    }
}

/// For what needs all of it.
fn on_words<C, O, P: Policy, W: Window, S, T>(
    parts: &Parts<O, P, W, S>,
    clock: &C,
    operate: impl FnOnce(&Live<'_, C, P::Random>, &Rules) -> T,
) -> T {
    parts.policy.with(|rules, random| {
        let live = Live {
            words: &parts.words,
            window: parts.window.words(),
            clock,
            random,
        };
        operate(&live, rules)
    })
}

/// Out of line, so that a closed breaker pays for nothing of it.
#[cold]
#[inline(never)]
fn admit<C: Clock, O, P: Policy, W: Window, S: Keep>(
    parts: &Parts<O, P, W, S>,
    clock: &C,
    key: Option<u64>,
) -> Result<(Word<Real>, Option<Transition>), Rejected> {
    on_words(parts, clock, |live, rules| {
        match decide(|| protocol::admit(live, rules)) {
            Admission::Admitted { ticket, made } => {
                parts.stats.note(made, clock);
                Ok((ticket, made))
            }
            Admission::Refused { reason, .. } if !rules.enforces(key) => {
                parts.stats.shadowed(reason);
                Ok((Word::shadow_ticket(reasons::number(reason)), None))
            }
            Admission::Refused { reason, wait } => {
                parts.stats.refused(reason);
                Err(Rejected::new(reason, retry_after(rules, reason, wait)))
            }
        }
    })
}

/// When to come back.
pub(super) fn retry_after(rules: &Rules, reason: Reason, wait: Option<Wait>) -> RetryAfter {
    match wait.map(|Wait { left, now }| rules.until(now, left)) {
        None => RetryAfter::Never,
        Some(wait) if reason == Reason::ProbesInFlight => RetryAfter::OnRelease(Some(wait)),
        Some(wait) => RetryAfter::In(wait),
    }
}

/// Settles a call that was admitted with this ticket, and where it is timed, at this instant.
#[inline]
pub(super) fn settle<H: Handle>(
    handle: &H,
    ticket: Word<Real>,
    since: Option<Instant>,
    outcome: Outcome,
) -> Option<Transition> {
    let (parts, clock) = handle.with_clock();
    let took = match since {
        Some(since) if <H::Window as Window>::Rule::IS_TIMED && outcome != Outcome::Ignored => {
            Some(clock.now().since(since))
        }
        _ => None,
    };
    if outcome == Outcome::Success
        && !took.is_some_and(|took| parts.policy.with(|rules, _| rules.is_slow(took)))
    {
        let Ok(done) = H::Window::COUNTING.succeed_quickly(&words_alone(parts, clock), ticket);
        if done {
            return None;
        }
    }
    report(parts, clock, ticket, End::Settled(outcome, took))
}

/// Settles a permit that was dropped.
#[inline]
pub(super) fn dropped<H: Handle>(handle: &H, ticket: Word<Real>, since: Option<Instant>) {
    let (parts, clock) = handle.with_clock();
    let held = match since {
        // With a fixed clock nobody knows how long.
        Some(since) if !H::Clock::FIXED && parts.policy.minds_abandoned() => Some(clock.now().since(since)),
        _ => None,
    };
    // A closed breaker has no slot to take back.
    if held.is_some() || ticket.is_probe() {
        let _seen_in_a_snapshot_only = report(parts, clock, ticket, End::Dropped(held));
    }
}

/// How a permit came to its end, before the rules were asked.
enum End {
    /// With this outcome, after so long where that is to be judged.
    Settled(Outcome, Option<Micros>),
    /// Dropped, after so long where that is to be judged.
    Dropped(Option<Micros>),
}

impl End {
    /// By these rules.
    fn judged(&self, rules: &Rules) -> Ended {
        let is_slow = |took: Option<Micros>| took.is_some_and(|took| rules.is_slow(took));
        match *self {
            Self::Settled(outcome, took) => Ended {
                outcome,
                slow: is_slow(took),
            },
            Self::Dropped(held) if held.is_some_and(|held| rules.is_abandoned(held)) => Ended {
                outcome: Outcome::Failure,
                slow: is_slow(held),
            },
            Self::Dropped(_) => Ended {
                outcome: Outcome::Ignored,
                slow: false,
            },
        }
    }
}

/// Out of line, as [`admit`].
#[cold]
#[inline(never)]
fn report<C: Clock, O, P: Policy, W: Window, S: Keep>(
    parts: &Parts<O, P, W, S>,
    clock: &C,
    ticket: Word<Real>,
    end: End,
) -> Option<Transition> {
    if ticket.shadow().is_some() {
        return None;
    }
    on_words(parts, clock, |live, rules| {
        let ended = end.judged(rules);
        let mut counted = false;
        loop {
            match decide(|| protocol::settle(live, W::COUNTING, rules, ticket, ended, counted)) {
                Settled::Counted => counted = true,
                Settled::Late => {
                    parts.stats.late();
                    return None;
                }
                Settled::Done(made) => {
                    parts.stats.note(made, clock);
                    return made;
                }
            }
        }
    })
}

#[inline]
pub(super) fn call<H: Handle, T, E>(
    handle: H,
    classify: impl FnOnce(&Result<T, E>) -> Outcome,
    f: impl FnOnce() -> Result<T, E>,
) -> (Result<T, Error<E>>, [Option<Transition>; 2]) {
    let mut permit = match acquire(handle) {
        Ok(permit) => permit,
        Err(rejected) => return (Err(Error::Rejected(rejected)), [None, None]),
    };
    let admitting = permit.transition();
    permit.fails_if_dropped(true);
    let result = f();
    let settling = permit.settle(classify(&result));
    (result.map_err(Error::Inner), [admitting, settling])
}

pub(super) async fn call_async<H: Handle, T, E>(
    handle: H,
    classify: impl FnOnce(&Result<T, E>) -> Outcome,
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
    permit.fails_if_dropped(true);
    permit.settle(classify(&result));
    result.map_err(Error::Inner)
}

pub(super) fn snapshot<H: Handle>(handle: &H) -> Snapshot {
    let (parts, clock) = handle.with_clock();
    on_words(parts, clock, |live, rules| {
        Snapshot::of(
            decide(|| protocol::observe(live, H::Window::COUNTING, rules)),
            rules,
        )
    })
}

pub(super) fn force<H: Handle>(handle: &H, to: Forced) -> Transition {
    let (parts, clock) = handle.with_clock();
    on_words(parts, clock, |live, rules| {
        let made = decide(|| protocol::force(live, H::Window::COUNTING, rules, to));
        parts.stats.note(Some(made), clock);
        made
    })
}

pub(super) fn save<H: Handle>(handle: &H) -> Saved {
    Saved::of(&snapshot(handle))
}

pub(super) fn restore<H: Handle>(
    handle: &H,
    saved: &Saved,
    asleep: Micros,
) -> Result<Transition, AlreadyUsed> {
    let (parts, clock) = handle.with_clock();
    on_words(parts, clock, |live, rules| {
        let former = saved.after(asleep, rules);
        let made = decide(|| protocol::restore(live, H::Window::COUNTING, rules, former));
        parts.stats.note(made, clock);
        made.ok_or(AlreadyUsed)
    })
}

pub(super) fn statistics<H: Handle<Stats = Stats>>(handle: &H) -> Statistics {
    let (parts, clock) = handle.with_clock();
    parts.stats.report(snapshot(handle), clock.now())
}
