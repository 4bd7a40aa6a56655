//! A radio that may transmit for 1 % of any hour: 36 seconds, wherever one lays the hour.
//!
//! A token is a millisecond of air time. `Quota::at_most` turns the regulation's sentence into a rate and a burst, and
//! one bucket of eight bytes keeps to it; who is refused is told when to come back. A week goes by on a clock that
//! moves when it is told to, and a ledger of its own checks each hour.

#![no_std]
#![no_main]

use core::time::Duration;

use watertight::{Clock, Instant, ManualClock, Micros, Quota, Random, RetryAfter, SharedRandom, TokenBucket};
use watertight_firmware::{println, program};

/// Milliseconds of air time in any hour.
const ALLOWED: u32 = 36_000;
const HOUR: Duration = Duration::from_secs(3_600);
/// Milliseconds that may be sent one after the other, after a pause. What they are more, the rate is less.
const AT_ONCE: u32 = 4_000;

static DUTY_CYCLE: Quota = Quota::at_most(ALLOWED, HOUR).burst(AT_ONCE).build();
// On a board, its clock. This one begins a minute before it comes round.
static CLOCK: ManualClock = ManualClock::starting_at(Instant::from_micros(u64::MAX - 60_000_000));
static AIR_TIME: TokenBucket<&ManualClock> = TokenBucket::new(&CLOCK, &DUTY_CYCLE);
static RANDOM: SharedRandom = SharedRandom::seeded(0x868);

/// What kind of a day it is.
#[derive(Clone, Copy, Debug)]
enum Day {
    /// There is always something to send, and it waits as long as it is told to.
    Busy,
    /// A reading every ten minutes or so.
    Quiet,
    /// Nothing for hours, then alarms for half an hour, which are not sent if they are refused.
    Storms,
}

const WEEK: [Day; 7] = [
    Day::Quiet,
    Day::Busy,
    Day::Storms,
    Day::Quiet,
    Day::Storms,
    Day::Busy,
    Day::Quiet,
];

/// Transmissions of the last hour: when they began and how long they took, in milliseconds.
///
/// The radio sends one at a time. So no hour has more air time in it than one that begins with a transmission, and
/// those are looked at: the ones that begin in it, each with all of its time.
struct Ledger {
    sent: [(u32, u32); Self::LENGTH],
    first: usize,
    count: usize,
    in_this_hour: u32,
    most_in_an_hour: u32,
    total: u32,
}

impl Ledger {
    /// More than the shortest transmissions that 36 seconds hold.
    const LENGTH: usize = 256;

    const NEW: Self = Self {
        sent: [(0, 0); Self::LENGTH],
        first: 0,
        count: 0,
        in_this_hour: 0,
        most_in_an_hour: 0,
        total: 0,
    };

    fn note(&mut self, at: u32, took: u32) {
        while self.count > 0 && at - self.sent[self.first].0 >= 3_600_000 {
            self.in_this_hour -= self.sent[self.first].1;
            self.first = (self.first + 1) % Self::LENGTH;
            self.count -= 1;
        }
        assert!(self.count < Self::LENGTH, "the ledger is full");
        self.sent[(self.first + self.count) % Self::LENGTH] = (at, took);
        self.count += 1;
        self.in_this_hour += took;
        self.total += took;
        self.most_in_an_hour = self.most_in_an_hour.max(self.in_this_hour);
        assert!(
            self.in_this_hour <= ALLOWED,
            "{} ms in the hour before {at} ms",
            self.in_this_hour
        );
    }
}

/// What was asked for.
#[derive(Default)]
struct Asked {
    sent: u32,
    refused: u32,
}

fn run() {
    let began = CLOCK.now();
    let mut ledger = Ledger::NEW;
    let mut asked = Asked::default();
    let mut used = [0; WEEK.len()];
    for (number, day) in WEEK.iter().enumerate() {
        let before = ledger.total;
        let midnight = began.after(Micros::from_secs(24 * 3_600 * (number as u64 + 1)));
        while midnight.since(CLOCK.now()) > Micros::ZERO {
            let millis = between(200, 2_000);
            let sent = transmit(began, millis, &mut ledger, &mut asked);
            let pause = match (day, sent) {
                (Day::Busy, Ok(())) => continue,
                (Day::Busy, Err(wait)) => {
                    pass(wait);
                    // What it was told is true, since nobody else has asked meanwhile.
                    assert!(
                        transmit(began, millis, &mut ledger, &mut asked).is_ok(),
                        "after {wait:?}"
                    );
                    continue;
                }
                (Day::Quiet, _) => between(300, 900),
                (Day::Storms, _) if between(0, 300) == 0 => 4 * 3_600,
                (Day::Storms, _) => between(1, 10),
            };
            pass(Micros::from_secs(u64::from(pause)).min(midnight.since(CLOCK.now())));
        }
        used[number] = ledger.total - before;
    }

    for (day, used) in WEEK.iter().zip(used) {
        // Of the 864 seconds in a day.
        println!(
            "{day:?}: {used} ms of air time, {} % of what is allowed",
            used / 8_640
        );
    }
    println!(
        "{} transmissions, {} refusals, at most {} ms in an hour of the {ALLOWED} allowed",
        asked.sent, asked.refused, ledger.most_in_an_hour
    );

    // No board answers differently, so that these are the figures of all.
    assert_eq!(used, EXPECTED.used);
    assert_eq!((asked.sent, asked.refused), (EXPECTED.sent, EXPECTED.refused));
    assert_eq!(ledger.most_in_an_hour, EXPECTED.most_in_an_hour);
    println!("duty_cycle: ok");
}

struct Expected {
    used: [u32; WEEK.len()],
    sent: u32,
    refused: u32,
    most_in_an_hour: u32,
}

const EXPECTED: Expected = Expected {
    used: [169_147, 772_325, 112_608, 147_531, 111_206, 772_020, 152_391],
    sent: 2_402,
    refused: 5_057,
    most_in_an_hour: 35_774,
};

/// Sends for so many milliseconds, if that is allowed now; else says how long it takes until it is.
fn transmit(began: Instant, millis: u32, ledger: &mut Ledger, asked: &mut Asked) -> Result<(), Micros> {
    match AIR_TIME.try_acquire_many(millis) {
        Ok(_) => {
            let at = CLOCK.now().since(began).as_micros() / 1_000;
            ledger.note(at as u32, millis);
            pass(Micros::from_millis(u64::from(millis)));
            asked.sent += 1;
            Ok(())
        }
        Err(refusal) => {
            asked.refused += 1;
            match refusal.retry_after() {
                RetryAfter::In(wait) => Err(wait),
                other => panic!("{other:?} for {millis} ms"),
            }
        }
    }
}

fn pass(span: Micros) {
    CLOCK.advance(span).expect("nobody else sets the clock");
}

/// Evenly from `least` up to, and without, `end`.
fn between(least: u32, end: u32) -> u32 {
    least + RANDOM.next() % (end - least)
}

program!(run);
