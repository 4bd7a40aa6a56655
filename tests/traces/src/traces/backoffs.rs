//! Backoffs of every shape, and connections that are made again.

use core::time::Duration;

use watertight::backoff::Builder;
use watertight::{Backoff, Clock, Jitter, Micros, Reconnect, RetryAfter, SharedRandom};

use super::Trace;
use super::digest::Seen::{self, Other};
use super::digest::{Digest, What};
use super::script::{Hand, Script};

const USUAL: &[Seen] = &[
    Other(What::Set),
    Other(What::NotSet),
    Other(What::Delayed),
    Other(What::Ended),
];

pub const TRACES: &[Trace] = &[
    Trace {
        name: "backoff-constant",
        run: constant,
        brings: USUAL,
    },
    Trace {
        name: "backoff-linear",
        run: linear,
        brings: USUAL,
    },
    Trace {
        name: "backoff-exponential",
        run: exponential,
        brings: USUAL,
    },
    Trace {
        name: "backoff-decorrelated",
        run: decorrelated,
        brings: USUAL,
    },
    Trace {
        name: "backoff-fibonacci",
        run: fibonacci,
        brings: USUAL,
    },
    Trace {
        name: "reconnect",
        run: reconnect,
        brings: &[
            Other(What::Set),
            Other(What::NotSet),
            Other(What::Delayed),
            Other(What::Ended),
            Other(What::Connected),
        ],
    },
];

/// Any number of microseconds that a `Duration` has.
fn span(script: &mut Script) -> Duration {
    match script.below(40) {
        0 => Duration::MAX,
        1 => Duration::ZERO,
        2 => Duration::from_nanos(script.of_any_size()),
        3 => Duration::from_micros(script.of_any_size()),
        _ => Duration::from_micros(script.of_any_size() >> 30),
    }
}

/// As long as another one, and as much again as of any.
fn from(first: Duration, script: &mut Script) -> Duration {
    if script.one_in(30) {
        span(script)
    } else {
        first.saturating_add(span(script))
    }
}

fn shape(number: u32, script: &mut Script) -> Builder {
    let first = span(script);
    let cap = from(first, script);
    match number {
        0 => Backoff::constant(first),
        1 => Backoff::linear(first, span(script), cap),
        2 if script.one_in(3) => Backoff::exponential(first, cap),
        2 => {
            let numerator = script.next() >> script.below(16).saturating_add(15);
            let denominator = if script.one_in(20) {
                script.below(9)
            } else {
                1 + script.below(numerator.max(1))
            };
            Backoff::exponential(first, cap).factor(numerator, denominator)
        }
        3 => Backoff::exponential(first, cap).jitter(Jitter::Decorrelated),
        _ => Backoff::fibonacci(first, cap),
    }
}

/// One of this shape, with limits and jitter, or none where they make no sense.
fn any(number: u32, script: &mut Script, digest: &mut Digest) -> Option<Backoff> {
    let mut builder = shape(number, script);
    if number != 3 {
        builder = builder.jitter(match script.below(4) {
            0 => Jitter::None,
            1 => Jitter::Full,
            2 => Jitter::Equal,
            _ => Jitter::PlusMinus(script.below(104) as u8),
        });
    }
    if script.one_in(3) {
        builder = builder.first_at_once();
    }
    if script.one_in(2) {
        builder = builder.max_attempts(script.below(30));
    }
    if script.one_in(3) {
        builder = builder.max_total(span(script));
    }
    if script.one_in(3) {
        builder = builder.max_hint(span(script));
    }
    match builder.try_build() {
        Ok(backoff) => {
            digest.happened(What::Set);
            digest.micros(backoff.cap());
            Some(backoff)
        }
        Err(invalid) => {
            digest.happened(What::NotSet);
            digest.bytes(invalid.field().as_bytes());
            None
        }
    }
}

fn delayed(delay: Option<Micros>, digest: &mut Digest) {
    match delay {
        Some(delay) => {
            digest.happened(What::Delayed);
            digest.micros(delay);
        }
        None => digest.happened(What::Ended),
    }
}

/// The number of a retry: small, mostly.
fn retry(script: &mut Script) -> u32 {
    if script.one_in(4) {
        script.of_any_size() as u32
    } else {
        script.below(100)
    }
}

fn hint(script: &mut Script) -> Micros {
    if script.percent(60) {
        Micros::ZERO
    } else {
        Micros::from_duration(span(script))
    }
}

fn play(number: u32, operations: u32) -> Digest {
    let mut script = Script::seeded(u64::from(401 + number));
    let mut digest = Digest::new();
    let random = SharedRandom::seeded(number);
    let mut series = None;
    for _ in 0..operations {
        if series.is_none() || script.one_in(25) {
            series = any(number, &mut script, &mut digest).map(|backoff| (backoff, backoff.delays(&random)));
        }
        let Some((backoff, delays)) = &mut series else {
            continue;
        };
        delayed(delays.next_at_least(hint(&mut script)), &mut digest);
        digest.micros(delays.total());
        let previous = hint(&mut script);
        let delay = backoff.delay(retry(&mut script), previous, script.next());
        digest.micros(delay);
        digest.micros(backoff.base_delay(retry(&mut script)));
        digest.micros(backoff.at_least(delay, hint(&mut script)));
        // The longest sums add up hundreds of delays.
        let number = if script.one_in(50) {
            script.of_any_size() as u32
        } else {
            script.below(20)
        };
        digest.micros(backoff.worst_case_total(number));
    }
    digest
}

fn constant(operations: u32) -> Digest {
    play(0, operations)
}

fn linear(operations: u32) -> Digest {
    play(1, operations)
}

fn exponential(operations: u32) -> Digest {
    play(2, operations)
}

fn decorrelated(operations: u32) -> Digest {
    play(3, operations)
}

fn fibonacci(operations: u32) -> Digest {
    play(4, operations)
}

fn reconnect(operations: u32) -> Digest {
    const UNIT: u64 = 1_000_000;
    let hand = Hand::at(u64::MAX - 50 * UNIT);
    let mut script = Script::seeded(411);
    let mut digest = Digest::new();
    let random = SharedRandom::seeded(411);
    let mut link = None;
    for _ in 0..operations {
        script.travel(&hand, UNIT, 60);
        if link.is_none() || script.one_in(60) {
            let number = script.below(5);
            let stable = Duration::from_micros(script.below_long(8 * UNIT));
            link = any(number, &mut script, &mut digest)
                .map(|backoff| (Reconnect::new(backoff, stable), RetryAfter::In(stable.into())));
        }
        let Some((link, stable)) = &mut link else { continue };
        match script.below(10) {
            0..3 => {
                link.connected(hand.now());
                script.keep(*stable);
                digest.happened(What::Connected);
            }
            3..6 => delayed(link.next_delay(hand.now(), &random), &mut digest),
            6..9 => delayed(
                link.next_delay_at_least(hand.now(), hint(&mut script), &random),
                &mut digest,
            ),
            _ if script.one_in(5) => link.reset(),
            _ => {}
        }
        digest.word(link.retries());
    }
    digest
}
