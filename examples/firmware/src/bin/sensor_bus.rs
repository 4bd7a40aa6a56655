//! A sensor that an interrupt reads a thousand times a second, over a bus that fails for a while.
//!
//! A read that fails holds the interrupt up for as long as the bus takes to give up. Behind a breaker that is so three
//! times, and then once for every probe; in between the interrupt is over at once, and the last sample stays. `main`
//! looks at the breaker and the sample whenever it likes. Nothing here takes a lock or masks an interrupt.

#![no_std]
#![no_main]

use core::time::Duration;

use portable_atomic::{AtomicU32, Ordering};
use watertight::{Backoff, Breaker, Clock, Config, Error, Instant, Micros, State};
use watertight_firmware::board::{Counter, idle, timer};
use watertight_firmware::{println, program};

static POLICY: Config = Config::consecutive(3)
    .open_for(Backoff::exponential(Duration::from_millis(10), Duration::from_millis(80)).build())
    .probes(1, 2) // one at a time, and two that succeed close it
    .build();
static SENSOR: Breaker<Counter> = Breaker::new(Counter, &POLICY);

const PERIOD: u32 = timer::micros(1_000);
const RUN: Micros = Micros::from_millis(500);

/// What the interrupt tells `main`.
static SAMPLE: AtomicU32 = AtomicU32::new(0);
static READ: AtomicU32 = AtomicU32::new(0);
static FAILED: AtomicU32 = AtomicU32::new(0);
static NOT_ASKED: AtomicU32 = AtomicU32::new(0);
static OPENED: AtomicU32 = AtomicU32::new(0);

/// What belongs to the interrupt.
struct Local {
    bus: Bus,
}

fn on_timer(local: &mut Local) {
    timer::once(PERIOD);
    let (answer, transitions) = SENSOR.call_observed(|| local.bus.read());
    match answer {
        Ok(sample) => {
            SAMPLE.store(sample, Ordering::Relaxed);
            count(&READ);
        }
        Err(Error::Inner(NoAnswer)) => count(&FAILED),
        Err(Error::Rejected(_)) => count(&NOT_ASKED), // the breaker is open: the sample grows old
    }
    // Each transition is handed out once, to whoever made it; a logger would get it here.
    for transition in transitions.into_iter().flatten() {
        if transition.to() == State::Open {
            count(&OPENED);
        }
    }
}

/// For counters that only the interrupt writes.
fn count(counter: &AtomicU32) {
    counter.store(read(counter) + 1, Ordering::Relaxed);
}

fn read(counter: &AtomicU32) -> u32 {
    counter.load(Ordering::Relaxed)
}

fn run() {
    let began = Counter.now();
    let mut last = SENSOR.snapshot();
    let mut seen_open = 0;
    timer::once(PERIOD);
    while Counter.now().since(began) < RUN {
        let now = SENSOR.snapshot();
        if now.generation() != last.generation() {
            println!(
                "{:>4} ms: {}, openings in a row: {}, sample {}",
                Counter.now().since(began).as_micros() / 1_000,
                now.state(),
                now.openings_in_a_row(),
                read(&SAMPLE)
            );
            seen_open += u32::from(now.state() == State::Open);
            last = now;
        }
        idle();
    }
    timer::disarm();

    let [good, failed, not_asked, opened] = [&READ, &FAILED, &NOT_ASKED, &OPENED].map(read);
    println!("{good} samples, {failed} reads failed, {not_asked} not tried, opened {opened} times");

    // Three failures in a row, and a probe after 10, 20 and 40 ms; the one after 80 ms finds the bus well again.
    assert_eq!((failed, opened, seen_open), (6, 4, 4));
    // Those 150 ms, less a period for each of the four where the interrupt comes a little late.
    assert!(matches!(not_asked, 146..=150), "{not_asked}");
    let ticks = good + failed + not_asked;
    assert!(matches!(ticks, 485..=500), "{ticks} ticks in 500 ms");
    assert!(read(&SAMPLE) >= 498, "the last sample is of {} ms", read(&SAMPLE));
    let snapshot = SENSOR.snapshot();
    assert_eq!((snapshot.state(), snapshot.failures()), (State::Closed, 0));
    println!("sensor_bus: ok");
}

/// The bus did not answer in time.
struct NoAnswer;

/// A bus with one sensor, which counts milliseconds, and does not answer from the hundredth to the 250th.
struct Bus {
    /// When it was first read.
    began: Option<Instant>,
}

impl Bus {
    /// So long does it hold up whoever reads from it when it does not answer.
    const TIMEOUT: Micros = Micros::from_micros(300);

    fn read(&mut self) -> Result<u32, NoAnswer> {
        let now = Counter.now();
        let sample = now.since(*self.began.get_or_insert(now)).as_micros() / 1_000;
        if matches!(sample, 100..250) {
            while Counter.now().since(now) < Self::TIMEOUT {}
            return Err(NoAnswer);
        }
        Ok(sample as u32)
    }
}

program!(
    run,
    on_timer,
    Local = Local {
        bus: Bus { began: None }
    }
);
