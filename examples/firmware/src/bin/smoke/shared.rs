//! What `main` shares with the interrupt. Each ledger is kept beside the primitive, in numbers that only one side
//! writes or that both only add to.

use core::array;
use core::time::Duration;

use portable_atomic::{AtomicBool, AtomicU32, Ordering};
use watertight::{
    Backoff, Breaker, Bulkhead, Clock, Config, Instant, Permit, Quota, State, TokenBucket, Transition,
    bulkhead::Slot,
};
use watertight_firmware::board::{Counter, timer};
use watertight_firmware::println;

static POLICY: Config = Config::consecutive(3)
    .open_for(Backoff::constant(Duration::from_micros(300)).build())
    .build();
static BREAKER: Breaker<Counter> = Breaker::new(Counter, &POLICY);

const RATE: u32 = 20_000;
const BURST: u32 = 40;
static QUOTA: Quota = Quota::per_second(RATE).burst(BURST).build();
static BUCKET: TokenBucket<Counter> = TokenBucket::new(Counter, &QUOTA);

const PLACES: usize = 3;
static BULKHEAD: Bulkhead = Bulkhead::new(PLACES as u16);

const ROUNDS: u32 = 4_000;

/// Between two interrupts at least so much, and up to as much again: `main` gets a round done, or a part of one.
const PAUSE: u32 = timer::micros(40);

static INTERRUPTS: AtomicU32 = AtomicU32::new(0);
static LAST: AtomicBool = AtomicBool::new(false);
static OVER: AtomicBool = AtomicBool::new(false);

// The ledgers.
static IN_MAIN: AtomicU32 = AtomicU32::new(0); // Places; `main` alone writes it, after entering and before leaving.
static GRANTED: AtomicU32 = AtomicU32::new(0);
static OPENED: AtomicU32 = AtomicU32::new(0);
static HALF_OPENED: AtomicU32 = AtomicU32::new(0);
static CLOSED: AtomicU32 = AtomicU32::new(0);
static REFUSED: [AtomicU32; 3] = [AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0)];

const BREAKER_OPEN: usize = 0;
const NO_TOKENS: usize = 1;
const FULL: usize = 2;

fn add(to: &AtomicU32, number: u32) {
    to.fetch_add(number, Ordering::Relaxed);
}

fn read(counter: &AtomicU32) -> u32 {
    counter.load(Ordering::Relaxed)
}

/// What belongs to the interrupt: places that it keeps from one time to the next, and a call that it began.
pub struct Local {
    slots: [Option<Slot<&'static Bulkhead>>; PLACES],
    call: Option<Permit<&'static Breaker<Counter>>>,
}

impl Local {
    /// Nothing.
    pub const NEW: Self = Self {
        slots: [const { None }; PLACES],
        call: None,
    };
}

/// The handler.
pub fn on_timer(local: &mut Local) {
    let number = read(&INTERRUPTS) + 1;
    INTERRUPTS.store(number, Ordering::Relaxed);
    take_tokens();
    match local.call.take() {
        Some(permit) => finish(permit),
        None => local.call = begin(),
    }
    if local.slots.iter().any(Option::is_some) {
        local.slots = Local::NEW.slots;
    } else {
        fill(&mut local.slots);
    }
    if LAST.load(Ordering::Relaxed) {
        *local = Local::NEW;
        OVER.store(true, Ordering::Relaxed);
        return;
    }
    // A prime of the ticks, so that the next one comes at another instruction.
    timer::once(PAUSE + number * 7 % PAUSE);
}

/// Takes every place that is left, which shows how many `main` has: as many as it wrote down, or one more while it is
/// entering or leaving.
fn fill(slots: &mut [Option<Slot<&'static Bulkhead>>; PLACES]) {
    *slots = array::from_fn(|_| BULKHEAD.try_enter().ok());
    let mine = slots.iter().flatten().count() as u32;
    let inside = mine + read(&IN_MAIN);
    assert!(inside <= PLACES as u32, "{inside} inside, of {PLACES}");
    assert!(inside + 1 >= PLACES as u32, "{inside} inside, and refused");
    assert_eq!(BULKHEAD.in_flight(), PLACES as u32);
}

fn take_tokens() {
    match BUCKET.acquire_up_to(BURST) {
        Ok(receipt) => add(&GRANTED, receipt.tokens()),
        Err(_) => add(&REFUSED[NO_TOKENS], 1),
    }
}

fn begin() -> Option<Permit<&'static Breaker<Counter>>> {
    match BREAKER.try_acquire() {
        Ok(permit) => {
            note(permit.transition());
            Some(permit)
        }
        Err(_) => {
            add(&REFUSED[BREAKER_OPEN], 1);
            None
        }
    }
}

/// A service that fails six times, answers six times, and so on.
fn finish(permit: Permit<&'static Breaker<Counter>>) {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let well = CALLS.fetch_add(1, Ordering::Relaxed) / 6 % 2 == 1;
    note(if well { permit.success() } else { permit.failure() });
}

fn note(transition: Option<Transition>) {
    match transition.map(|made| made.to()) {
        Some(State::Open) => add(&OPENED, 1),
        Some(State::HalfOpen) => add(&HALF_OPENED, 1),
        Some(State::Closed) => add(&CLOSED, 1),
        Some(other) => panic!("nothing leads to {other}"),
        None => {}
    }
}

/// One round of `main`: up to two places, a call, some tokens.
fn round() {
    let mut slots = [const { None }; 2];
    for slot in &mut slots {
        *slot = BULKHEAD.try_enter().ok();
        match slot {
            Some(_) => IN_MAIN.store(read(&IN_MAIN) + 1, Ordering::Relaxed),
            None => add(&REFUSED[FULL], 1),
        }
    }
    if let Some(permit) = begin() {
        finish(permit);
    }
    take_tokens();
    for slot in slots.into_iter().flatten() {
        IN_MAIN.store(read(&IN_MAIN) - 1, Ordering::Relaxed);
        slot.leave();
    }
}

/// Works, is interrupted, and checks. Returns how often.
pub fn run() -> u32 {
    let first = BUCKET.try_acquire().expect("a new bucket is full").date();
    add(&GRANTED, 1);
    timer::once(PAUSE);
    let mut last = first;
    for _ in 0..ROUNDS {
        round();
        let now = Counter.now();
        assert!(
            now.since(last) > watertight::Micros::ZERO,
            "the clock went from {last:?} to {now:?}"
        );
        last = now;
    }

    // The interrupt gives back what it has, and comes no more. A minute is more than enough.
    LAST.store(true, Ordering::Relaxed);
    while !OVER.load(Ordering::Relaxed) {
        assert!(
            Counter.now().since(last).as_micros() < 60_000_000,
            "the interrupt does not come"
        );
    }
    timer::disarm();

    let interrupts = read(&INTERRUPTS);
    println!(
        "{ROUNDS} rounds, {interrupts} interrupts, {:?}",
        Counter.now().since(first).as_duration()
    );
    assert!(interrupts > 100, "{interrupts} interrupts are no test");
    places();
    tokens(first);
    transitions();
    interrupts
}

fn places() {
    let refused = read(&REFUSED[FULL]);
    println!(
        "bulkhead: {} in flight at the end, main was refused {refused} times",
        BULKHEAD.in_flight()
    );
    assert_eq!((BULKHEAD.in_flight(), read(&IN_MAIN)), (0, 0));
    assert!(refused > 0, "there was always place");
}

/// Neither a token too many nor one lost: all that dripped in is taken, and compared with the time that it had.
fn tokens(first: Instant) {
    let before = Counter.now();
    while let Ok(receipt) = BUCKET.acquire_up_to(BURST) {
        add(&GRANTED, receipt.tokens());
    }
    let after = Counter.now();
    let [least, most] = [before, after]
        .map(|until| u64::from(BURST) + until.since(first).as_micros() * u64::from(RATE) / 1_000_000);
    let (granted, refused) = (u64::from(read(&GRANTED)), read(&REFUSED[NO_TOKENS]));
    println!("bucket: {granted} tokens of {least} to {most}, {refused} refusals");
    assert!(granted <= most, "{granted} tokens of {most}");
    assert!(granted >= least, "{granted} tokens of {least}");
    assert!(refused > 0, "there were always tokens");
}

/// Each transition was handed to one caller, on one side or the other.
fn transitions() {
    let [opened, half_opened, closed] = [&OPENED, &HALF_OPENED, &CLOSED].map(read);
    let snapshot = BREAKER.snapshot();
    let refused = read(&REFUSED[BREAKER_OPEN]);
    println!(
        "breaker: opened {opened} times, half-open {half_opened} times, closed {closed} times, {refused} refusals, {} now",
        snapshot.state()
    );
    // Each begins a generation, whose number comes round after 511.
    assert_eq!(
        (opened + half_opened + closed) % 512,
        u32::from(snapshot.generation())
    );
    // An opening ends in one half-open, which ends in one opening or closing.
    let is = |state| u32::from(snapshot.state() == state);
    assert_eq!(opened, half_opened + is(State::Open));
    let reopened = half_opened - closed - is(State::HalfOpen);
    assert!(reopened < opened, "never opened from closed");
    assert!(opened > 20 && closed > 20 && refused > 0, "too little happened");
}
