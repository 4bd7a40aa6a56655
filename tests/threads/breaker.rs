//! The breaker.

use core::time::Duration;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use watertight::breaker::{
    AdjustError, Adjustable, Consecutive, FailureAndSlowRate, FailureRate, Keep, LastCalls, NoRandom, Policy,
    Stats, Window,
};
use watertight::{
    Backoff, Breaker, Clock, Config, Micros, Random, Reason, RetryAfter, SharedRandom, State, StdClock,
    Transition, last_calls,
};

use super::{ROUNDS, THREADS, clock, pass, together};

const COOL_DOWN: Duration = Duration::from_millis(500);
const LEASE: Duration = Duration::from_millis(100);
/// What a helper may round an opening up by.
const ROUNDED_UP: Duration = Duration::from_micros(1 << 16);

fn config(failures: u32, probes: u32, successes: u32) -> Config {
    Config::consecutive(failures)
        .probes(probes, successes)
        .probe_lease(LEASE)
        .open_for(Backoff::constant(COOL_DOWN).build())
        .build()
}

/// Each generation so far has exactly one event, and each event leads on from the one before.
fn assert_one_event_a_generation(mut events: Vec<Transition>, generation: u16) {
    events.sort_by_key(Transition::generation);
    let generations = events.iter().map(Transition::generation);
    assert!(generations.eq(1..=generation), "up to {generation}: {events:?}");
    for pair in events.windows(2) {
        assert_eq!(pair[0].to(), pair[1].from(), "{} and then {}", pair[0], pair[1]);
    }
}

#[test]
fn of_1000_callers_at_the_end_of_the_cool_down_as_many_as_slots_are_admitted() {
    let (threads, each) = if cfg!(miri) { (3, 6) } else { (20, 50) };
    for slots in [1, 3, 15] {
        let clock = clock();
        let breaker = Breaker::new(&clock, config(1, slots, 15));
        let opened = breaker.try_acquire().expect("closed").failure();
        assert!(opened.is_some());
        pass(&clock, COOL_DOWN);
        let admitted = together(threads, |_| {
            let asked = (0..each).map(|_| breaker.try_acquire());
            // Held until all have asked.
            asked.collect::<Vec<_>>()
        });
        let (mut held, mut new_rounds) = (0, 0);
        for answer in admitted.iter().flatten() {
            match answer {
                Ok(permit) => {
                    held += 1;
                    new_rounds += u32::from(permit.transition().is_some());
                }
                Err(rejected) => {
                    assert_eq!(rejected.reason(), Reason::ProbesInFlight);
                    let lease = Micros::from_duration(LEASE);
                    assert_eq!(rejected.retry_after(), RetryAfter::OnRelease(Some(lease)));
                }
            }
        }
        assert_eq!((held, new_rounds), (slots, 1));
    }
}

#[test]
fn one_caller_of_many_trips() {
    for _ in 0..ROUNDS {
        let clock = clock();
        let breaker = Breaker::new(&clock, config(3, 1, 1));
        let permits: [_; THREADS] = core::array::from_fn(|_| breaker.try_acquire());
        let permits = permits.map(|permit| std::sync::Mutex::new(permit.ok()));
        let made = together(THREADS, |thread| {
            let permit = permits[thread].lock().expect("its thread's own").take();
            permit.expect("closed").failure()
        });
        assert_eq!(made.iter().flatten().count(), 1);
        assert_one_event_a_generation(
            made.into_iter().flatten().collect(),
            breaker.snapshot().generation(),
        );
        assert_eq!(breaker.snapshot().state(), State::Open);
        let wait = Micros::from_duration(COOL_DOWN);
        let answer = breaker.try_acquire().expect_err("open").retry_after();
        assert_eq!(answer, RetryAfter::In(wait));
    }
}

#[test]
fn never_more_probes_in_flight_than_slots() {
    const SLOTS: u32 = 2;
    for _ in 0..ROUNDS {
        // It stands still while probes are under way, so that no lease ends.
        let clock = clock();
        let breaker = Breaker::new(&clock, config(1, SLOTS, 15));
        let opened = breaker.try_acquire().expect("closed").failure();
        assert!(opened.is_some());
        pass(&clock, COOL_DOWN);
        let in_flight = AtomicU32::new(0);
        let admitted = together(THREADS, |_| {
            let mut admitted = 0;
            for _ in 0..30 {
                if let Ok(permit) = breaker.try_acquire() {
                    assert!(in_flight.fetch_add(1, SeqCst) < SLOTS, "more probes than slots");
                    std::thread::yield_now();
                    in_flight.fetch_sub(1, SeqCst);
                    drop(permit);
                    admitted += 1;
                }
            }
            admitted
        });
        assert!(admitted.iter().sum::<u32>() >= SLOTS);
        assert_eq!(breaker.snapshot().probes_in_flight(), 0);
    }
}

/// One call that ends in any of the ways a call can, a forgotten one among them.
fn any_call<C, P, W, S>(breaker: &Breaker<C, P, W, S>, draw: u32, events: &mut Vec<Transition>)
where
    C: Clock,
    P: Policy,
    W: Window<Rule = P::Rule>,
    S: Keep,
{
    let Ok(permit) = breaker.try_acquire() else { return };
    events.extend(permit.transition());
    match draw % 5 {
        0 => events.extend(permit.success()),
        1 => events.extend(permit.failure()),
        2 => events.extend(permit.ignore()),
        // Neither can make a transition.
        3 => drop(permit),
        _ => core::mem::forget(permit),
    }
}

#[test]
fn each_generation_has_one_event() {
    // Fewer calls than generations, which come round at 512.
    let calls = if cfg!(miri) { 8 } else { 60 };
    let mut most = 0;
    for round in 0..ROUNDS / 2 + 1 {
        let short = Duration::from_micros(1);
        let config = Config::consecutive(1)
            .probes(2, 2)
            .probe_lease(short)
            .open_for(Backoff::constant(short).build())
            .build();
        let in_a_row = Breaker::new(StdClock, config);
        most = most.max(has_one_event_a_generation(&in_a_row, round, calls));
        let config = Config::failure_rate(50, 3)
            .probes_by_ratio(2, 3, 50)
            .probe_lease(short)
            .open_for(Backoff::constant(short).build())
            .build();
        let by_rate: Breaker<_, _, last_calls!(5)> = Breaker::with_window(StdClock, config, LastCalls::new());
        most = most.max(has_one_event_a_generation(&by_rate, round, calls));
    }
    assert!(most > THREADS as u16, "next to no transitions: {most}");
}

fn has_one_event_a_generation<P, W>(breaker: &Breaker<StdClock, P, W>, round: u32, calls: usize) -> u16
where
    P: Policy + Sync,
    W: Window<Rule = P::Rule> + Sync,
{
    let events = together(THREADS, |thread| {
        let random = SharedRandom::seeded(round * 16 + thread as u32);
        let mut events = Vec::new();
        for _ in 0..calls {
            any_call(breaker, random.next(), &mut events);
            match random.next() % 48 {
                0 => events.push(breaker.reset()),
                1 => events.push(breaker.force_open()),
                2 => events.push(breaker.disable()),
                // Mostly on from where it was forced to.
                3 | 4 => events.push(breaker.reset()),
                _ => {}
            }
        }
        events
    });
    let generation = breaker.snapshot().generation();
    assert_one_event_a_generation(events.concat(), generation);
    generation
}

#[test]
fn no_slot_is_lost_or_made_by_success_failure_drop_or_forgetting() {
    const SLOTS: u32 = 3;
    for round in 0..ROUNDS {
        let clock = clock();
        let breaker = Breaker::new(&clock, config(1, SLOTS, 4));
        together(THREADS, |thread| {
            let random = SharedRandom::seeded(round * 16 + thread as u32);
            for _ in 0..20 {
                any_call(&breaker, random.next(), &mut Vec::new());
                // Only the first thread moves the clock.
                if thread == 0 {
                    pass(&clock, LEASE);
                }
            }
        });
        // Alone, and after every wait: open it, wait again, and count the slots.
        pass(&clock, COOL_DOWN + LEASE + ROUNDED_UP);
        let permit = breaker.try_acquire().expect("every wait is over");
        assert_eq!(permit.failure().map(|made| made.to()), Some(State::Open));
        pass(&clock, COOL_DOWN);
        let held: Vec<_> = (0..SLOTS).map(|_| breaker.try_acquire()).collect();
        assert!(held.iter().all(Result::is_ok), "{held:?}");
        let rejected = breaker.try_acquire().expect_err("no slot is left");
        assert_eq!(rejected.reason(), Reason::ProbesInFlight);
        assert_eq!(breaker.snapshot().probes_in_flight(), SLOTS);
        drop(held);
        assert_eq!(breaker.snapshot().probes_in_flight(), 0);
    }
}

fn by_rate(percent: u32, minimum: u32) -> Config<NoRandom, FailureRate> {
    Config::failure_rate(percent, minimum)
        .open_for(Backoff::constant(COOL_DOWN).build())
        .build()
}

#[test]
fn a_window_counts_what_was_recorded() {
    const EACH: usize = if cfg!(miri) { 20 } else { 250 };
    for round in 0..if cfg!(miri) { 2 } else { 100 } {
        let clock = clock();
        // As many calls as there are, of which not all fail.
        let breaker: Breaker<_, _, last_calls!(1_000)> =
            Breaker::with_window(&clock, by_rate(100, 1_000), LastCalls::new());
        let failures = together(THREADS, |thread| {
            let random = SharedRandom::seeded(round * 16 + thread as u32);
            let mut failures = 0;
            for call in 0..EACH {
                let permit = breaker.try_acquire().expect("it stays closed");
                let made = if call > 0 && random.next() % 3 == 0 {
                    failures += 1;
                    permit.failure()
                } else {
                    permit.success()
                };
                assert_eq!(made, None);
            }
            failures
        });
        let shown = breaker.snapshot();
        assert_eq!(shown.calls() as usize, THREADS * EACH);
        assert_eq!(shown.failures(), failures.iter().sum::<u32>());
    }
}

#[test]
fn a_window_with_slow_calls_counts_both_at_once() {
    const EACH: usize = if cfg!(miri) { 20 } else { 250 };
    let after = Duration::from_secs(1);
    for _ in 0..if cfg!(miri) { 2 } else { 100 } {
        let config = by_slow_rate(after);
        let breaker: Breaker<(), _, last_calls!(1_000, slow)> =
            Breaker::with_window((), config, LastCalls::new());
        let start = clock().now();
        together(THREADS, |thread| {
            for call in 0..EACH {
                let permit = breaker.at(start).try_acquire().expect("it stays closed");
                let long = Micros::from_duration(after).saturating_add(Micros::from_micros(1));
                // Each failure of the odd threads is slow, and so is each success of the even ones.
                let fails = call % 2 == 0;
                let slow = fails == (thread % 2 == 1);
                let permit = permit.at(start.after(if slow { long } else { Micros::ZERO }));
                let made = if fails { permit.failure() } else { permit.success() };
                assert_eq!(made, None);
            }
        });
        let shown = breaker.at(start).snapshot();
        let calls = (THREADS * EACH) as u32;
        assert_eq!(
            [shown.calls(), shown.failures(), shown.slow_calls()],
            [calls, calls / 2, calls / 2]
        );
    }
}

fn by_slow_rate(after: Duration) -> Config<NoRandom, FailureAndSlowRate> {
    Config::failure_rate(100, 1_000).slow_calls(100, after).build()
}

/// Each thread fails every other call, so of the last 100 calls, which are so many of each thread's last in a row, half
/// failed: one more or less for every two threads.
#[test]
fn a_window_slides_under_many_and_every_snapshot_is_one_moment() {
    let calls = if cfg!(miri) { 60 } else { 20_000 };
    let clock = clock();
    let breaker: Breaker<_, _, last_calls!(100)> =
        Breaker::with_window(&clock, by_rate(80, 100), LastCalls::new());
    let looked = together(THREADS, |thread| {
        let (mut looked, mut full) = (0, 0);
        for call in 0..calls {
            let permit = breaker.try_acquire().expect("it stays closed");
            let made = if call % 2 == 0 {
                permit.failure()
            } else {
                permit.success()
            };
            assert_eq!(made, None);
            if call % 8 == thread {
                let shown = breaker.snapshot();
                looked += 1;
                full += u32::from(shown.calls() == 100);
                assert!(shown.calls() <= 100);
                let off = (2 * shown.failures()).abs_diff(shown.calls());
                assert!(off <= THREADS as u32, "{shown:?}");
            }
        }
        (looked, full)
    });
    assert!(
        looked.iter().all(|(looked, full)| *full > looked / 3),
        "{looked:?}"
    );
    let shown = breaker.snapshot();
    assert_eq!(shown.calls(), 100);
    assert!(shown.failures().abs_diff(50) <= THREADS as u32 / 2, "{shown:?}");
    // And once all have succeeded it holds nothing else.
    for left in (0..100).rev() {
        assert_eq!(breaker.try_acquire().expect("closed").success(), None);
        assert!(breaker.snapshot().failures() <= left.min(50 + THREADS as u32 / 2));
    }
    assert_eq!(breaker.snapshot().failures(), 0);
}

#[test]
fn a_window_trips_once_and_is_never_missed() {
    for round in 0..ROUNDS {
        let clock = clock();
        let breaker: Breaker<_, _, last_calls!(8)> =
            Breaker::with_window(&clock, by_rate(50, 2 * THREADS as u32), LastCalls::new());
        let permits: [_; THREADS] = core::array::from_fn(|_| [breaker.try_acquire(), breaker.try_acquire()]);
        let permits = permits.map(|pair| std::sync::Mutex::new(pair.map(Result::ok)));
        // Half of the calls fail, and whichever comes last, a success too, completes the minimum.
        let made = together(THREADS, |thread| {
            let mut pair = permits[thread].lock().expect("its thread's own");
            let [one, other] = &mut *pair;
            let (one, other) = (one.take().expect("closed"), other.take().expect("closed"));
            if (round as usize + thread) % 2 == 0 {
                [one.failure(), other.success()]
            } else {
                [one.success(), other.failure()]
            }
        });
        assert_eq!(made.iter().flatten().flatten().count(), 1);
        assert_eq!(breaker.snapshot().state(), State::Open);
    }
}

#[test]
fn a_ramp_admits_just_its_share_whoever_calls() {
    const EACH: usize = if cfg!(miri) { 16 } else { 64_000 };
    for step in [0, 1, 15, 31, 47, 63] {
        let clock = clock();
        let config = Config::consecutive(1)
            .open_for(Backoff::constant(COOL_DOWN).build())
            .recover_over(Duration::from_secs(64))
            .build();
        let breaker = Breaker::with_stats(&clock, config, Consecutive, Stats::new());
        assert!(breaker.try_acquire().expect("closed").failure().is_some());
        pass(&clock, COOL_DOWN);
        assert!(breaker.try_acquire().expect("the probe").success().is_some());
        pass(&clock, Duration::from_secs(step));
        let admitted = together(THREADS, |_| {
            let calls = (0..EACH).map(|_| breaker.try_acquire().map(|permit| permit.success()));
            calls.filter(Result::is_ok).count()
        });
        let calls = THREADS * EACH;
        let admitted: usize = admitted.iter().sum();
        assert_eq!(admitted * 64, calls * (step as usize + 1));
        let refused = breaker.statistics().refused(Reason::Recovering);
        assert_eq!(refused as usize, calls - admitted, "all are counted");
    }
}

#[test]
fn a_configuration_is_read_whole_while_two_set_it_and_both_know_whether_they_did() {
    let sets = if cfg!(miri) { 20 } else { 200_000 };
    // Opens at once for half a second, or after two failures for a second, or after three for one and a half.
    // There are two slots: of two configurations, each would always be written over itself.
    let three: [Config; 3] = core::array::from_fn(|number| {
        let cool_down = COOL_DOWN * (number as u32 + 1);
        Config::consecutive(number as u32 + 1)
            .open_for(Backoff::constant(cool_down).build())
            .build()
    });
    let policy = Adjustable::new(three[0]);
    let seen = together(THREADS, |thread| {
        let clock = clock();
        let mut seen = [0; 3];
        for number in 0..sets {
            if thread < 2 {
                match policy.set(&three[number % 3]) {
                    Ok(()) => seen[0] += 1,
                    Err(AdjustError::Busy(_)) => seen[1] += 1,
                    Err(error) => panic!("{error}"),
                }
            } else {
                let breaker = Breaker::new(&clock, &policy);
                let permit = breaker.try_acquire().expect("closed");
                if permit.failure().is_some() {
                    let wait = breaker.snapshot().retry_after();
                    assert_eq!(wait, Some(RetryAfter::In(Micros::from_duration(COOL_DOWN))));
                    seen[2] += 1;
                }
            }
        }
        seen
    });
    // One of them may have been stopped while it set: the other was told so, each time.
    assert!(seen[0][0] + seen[1][0] > 0, "{seen:?}");
    assert!(seen[..2].iter().all(|writer| writer[0] + writer[1] == sets));
    assert!(policy.set(&three[0]).is_ok(), "nobody holds it");
}
