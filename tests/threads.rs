//! The breaker's claims on real threads, through the public API: what loom explores step by step, many times over
//! and in earnest. Under Miri a few rounds are enough.

use core::time::Duration;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread::scope;

use watertight::{
    Backoff, Breaker, Clock, Config, Instant, ManualClock, Micros, Random, Reason, RetryAfter, SharedRandom,
    State, StdClock, Transition,
};

const COOL_DOWN: Duration = Duration::from_millis(500);
const LEASE: Duration = Duration::from_millis(100);
/// What a helper may round an opening up by.
const ROUNDED_UP: Duration = Duration::from_micros(1 << 16);

const THREADS: usize = 4;
const ROUNDS: u32 = if cfg!(miri) { 3 } else { 1_000 };

fn config(failures: u32, probes: u32, successes: u32) -> Config {
    Config::consecutive(failures)
        .probes(probes, successes)
        .probe_lease(LEASE)
        .open_for(Backoff::constant(COOL_DOWN).build())
        .build()
}

/// A clock that soon comes round.
fn clock() -> ManualClock {
    ManualClock::starting_at(Instant::from_micros(u64::MAX - 700_000))
}

fn pass(clock: &ManualClock, span: Duration) {
    clock.advance(span.into()).expect("one thread moves the clock");
}

/// What `body` returns on each of so many threads, which begin together.
fn together<T: Send>(threads: usize, body: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = &Barrier::new(threads);
    let body = &body;
    scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    start.wait();
                    body(thread)
                })
            })
            .collect();
        let joined = running.into_iter().map(|thread| thread.join());
        joined.map(|result| result.expect("no thread panics")).collect()
    })
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
fn any_call<C: Clock>(breaker: &Breaker<C, Config>, draw: u32, events: &mut Vec<Transition>) {
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
    for round in 0..ROUNDS {
        let short = Duration::from_micros(1);
        let config = Config::consecutive(1)
            .probes(2, 2)
            .probe_lease(short)
            .open_for(Backoff::constant(short).build())
            .build();
        let breaker = Breaker::new(StdClock, config);
        let events = together(THREADS, |thread| {
            let random = SharedRandom::seeded(round * 16 + thread as u32);
            let mut events = Vec::new();
            for _ in 0..calls {
                any_call(&breaker, random.next(), &mut events);
                if random.next() % 16 == 0 {
                    events.push(breaker.reset());
                }
            }
            events
        });
        let generation = breaker.snapshot().generation();
        assert_one_event_a_generation(events.concat(), generation);
        most = most.max(generation);
    }
    assert!(most > THREADS as u16, "next to no transitions: {most}");
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
