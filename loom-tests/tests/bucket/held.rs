//! What it costs the others when a thread is held between the two steps of its grant, after a long idle: measured, on the
//! public bucket.
//!
//! A bucket has been idle for about as long as its index takes to come round. Somebody writes the new `dated` and is held
//! there: until he goes on, `spent` is that from before the idle, and the others may take it for one that is ahead of the clock, by
//! at most the debt, as if the bucket were empty, or owed that much. They are never given more than they may be, and it is over, with everybody stopped
//! for good, when what is ahead has come in or `dated` is stale.

use core::time::Duration;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use watertight::bucket::rate::Rate;
use watertight::bucket::terms::{Fixed, Wanted};
use watertight::bucket::word::{Real, Terms};
use watertight::models::before_swap;
use watertight::{Clock, Instant, Quota, RetryAfter, TokenBucket};

/// A clock that loom does not see: there is one thread only.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicU64>);

impl Hand {
    fn set(&self, micros: u64) {
        self.0.store(micros, Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Relaxed))
    }
}

/// A rate, with a burst, and what the words of its bucket come to.
struct Case {
    name: &'static str,
    tokens: u32,
    span: Duration,
    burst: u32,
    terms: Fixed<Real>,
}

impl Case {
    fn new(name: &'static str, tokens: u32, span: Duration, burst: u32) -> Self {
        let wanted = Wanted {
            rate: Rate::of(tokens.into(), span.as_nanos()).expect("a rate"),
            burst,
            initial: burst,
            longest_wait: None,
            varies: false,
        };
        let terms = Fixed::of(&wanted).expect("a quota");
        Self {
            name,
            tokens,
            span,
            burst,
            terms,
        }
    }

    fn bucket(&self, clock: &Hand) -> TokenBucket<Hand, Quota> {
        let quota = Quota::per(self.tokens, self.span).burst(self.burst).build();
        TokenBucket::new(clock.clone(), quota)
    }

    /// In so many microseconds come so many drops, at least.
    fn micros(&self, drops: u64) -> u64 {
        ((u128::from(drops) << 33).div_ceil(u128::from(self.terms.speed().step))) as u64
    }

    /// W, U and rc of `word`, of which the debt is made; all from the rate and the burst alone.
    fn parts(&self) -> [u64; 3] {
        let step = u128::from(self.terms.speed().step);
        assert_eq!(self.terms.speed().fine, 0, "{}: a finer step", self.name);
        // Whole drops, or the largest part of one that all positions are multiples of.
        let common = (1u128 << step.trailing_zeros()).min(1 << 33);
        let rounding = (step - common).div_ceil(1 << 33);
        let full = u128::from(self.terms.burst()) >> 1;
        let wait = ((full + rounding + 1) << 33).div_ceil(step);
        let waited = ((wait * step) >> 33) + 1;
        let stretch = (1u128 << 33) / u128::from(self.terms.stretches());
        let in_stretch = ((stretch * step) >> 33) + 1;
        [waited, in_stretch, rounding].map(|part| part as u64)
    }
}

/// What the others got after a certain idle, while somebody was held.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// Microseconds until one token was there, and until the whole burst was.
    first: u64,
    all: u64,
}

/// Holds an acquire between its two steps after `idle` microseconds, and looks how long the others are refused.
fn held(case: &Case, idle: u64) -> Measured {
    let measured = Arc::new(Mutex::new(Measured::default()));
    let start = 1 << 45;
    let clock = Hand::default();
    clock.set(start);
    let bucket = Arc::new(case.bucket(&clock));
    bucket.try_acquire_many(case.burst).expect("as at first");
    let woken = start + idle;
    clock.set(woken);
    let interrupt = {
        let (bucket, clock, measured) = (bucket.clone(), clock.clone(), measured.clone());
        let burst = case.burst;
        move || {
            // Who looks, or is refused, changes nothing: what is there only grows.
            let until = |tokens: u32| {
                let is_there = |after: u64| {
                    clock.set(woken + after);
                    bucket.available() >= tokens
                };
                let mut late = 1;
                if is_there(0) {
                    return 0;
                }
                while !is_there(late) {
                    late *= 2;
                }
                let mut early = late / 2;
                while early + 1 < late {
                    let middle = early + (late - early) / 2;
                    match is_there(middle) {
                        true => late = middle,
                        false => early = middle,
                    }
                }
                late
            };
            let found = Measured {
                first: until(1),
                all: until(burst),
            };
            *measured.lock().expect("one thread") = found;
            clock.set(woken);
            if found.first > 0 {
                let refusal = bucket.try_acquire().expect_err("there is nothing");
                let RetryAfter::In(wait) = refusal.retry_after() else {
                    panic!("a refusal for ever: {refusal:?}");
                };
                assert!(wait.as_micros() >= found.first, "{refusal:?}, and nothing then");
            }
        }
    };
    // The first CAS is that of `dated`.
    let receipt = before_swap(2, interrupt, || bucket.try_acquire().expect("a full bucket"));
    assert_eq!(receipt.date(), Instant::from_micros(woken));
    // Nobody else was granted anything: the bucket is full, but for this one.
    assert_eq!(
        bucket.available(),
        case.burst - 1,
        "{}: it is over at once",
        case.name
    );
    *measured.lock().expect("one thread")
}

/// The same, where the others take what they get, at each of so many instants: what was granted, and when.
fn taken(case: &Case, idle: u64, after: &[u64]) -> Vec<(u64, u32)> {
    let granted = Arc::new(Mutex::new(Vec::new()));
    let start = 1 << 45;
    let clock = Hand::default();
    clock.set(start);
    let bucket = Arc::new(case.bucket(&clock));
    bucket.try_acquire_many(case.burst).expect("as at first");
    let woken = start + idle;
    clock.set(woken);
    let interrupt = {
        let (bucket, clock, granted) = (bucket.clone(), clock.clone(), granted.clone());
        let after = after.to_vec();
        move || {
            for after in after {
                clock.set(woken + after);
                if let Ok(receipt) = bucket.acquire_up_to(u32::MAX) {
                    let date = receipt.date().as_micros();
                    granted.lock().expect("one thread").push((date, receipt.tokens()));
                }
            }
        }
    };
    let receipt = before_swap(2, interrupt, || bucket.acquire_up_to(u32::MAX));
    let mut granted = granted.lock().expect("one thread").clone();
    granted.extend(receipt.map(|receipt| (receipt.date().as_micros(), receipt.tokens())));
    granted
}

/// Runs it as loom's atomics need it, in one thread: so many steps are no loop without an end.
fn alone<T: Clone + Send + 'static>(body: impl Fn() -> T + Send + Sync + 'static) -> T {
    let answer = Arc::new(Mutex::new(None));
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 100_000;
    builder.check({
        let answer = answer.clone();
        move || *answer.lock().expect("one thread") = Some(body())
    });
    answer.lock().expect("one thread").clone().expect("it ran")
}

/// 2^31 drops.
const CIRCLE: u64 = 1 << 31;

fn measure(name: &'static str, tokens: u32, span: Duration, burst: u32, documented: Duration) {
    let case = Arc::new(Case::new(name, tokens, span, burst));
    let drops = u64::from(case.terms.burst()) >> 1;
    let token = u64::from(case.terms.token().get()) >> 1;
    let debt = u64::from(case.terms.debt()) >> 1;
    let [wait, stretch, rounding] = case.parts();
    assert_eq!(debt, wait + stretch + rounding + 1, "{name}: another debt");

    // From here on `spent`, which is where the idle began, may be taken for one that is ahead.
    let first = case.micros(CIRCLE - debt);
    let last = case.micros(CIRCLE + drops);
    let range = last - first;
    let circle = Duration::from_micros(case.micros(CIRCLE));
    let apart = circle.abs_diff(documented);
    assert!(
        apart < documented / 100,
        "{name}: it comes round in {circle:?}, not {documented:?}"
    );

    let mut worst = Measured::default();
    let mut idles: Vec<u64> = (0..=32).map(|part| first + range / 32 * part).collect();
    idles.extend([first - 1, first + 1, last - 1, last, last + 1]);
    for idle in idles {
        let measured = alone({
            let case = case.clone();
            move || held(&case, idle)
        });
        worst.first = worst.first.max(measured.first);
        worst.all = worst.all.max(measured.all);
        if idle < first || idle > last {
            assert_eq!(
                (measured.first, measured.all),
                (0, 0),
                "{name}: idle for {idle} us"
            );
        }
        let after = [
            0,
            measured.first / 2,
            measured.first,
            measured.all,
            measured.all + 1,
        ];
        let granted = alone({
            let case = case.clone();
            move || taken(&case, idle, &after)
        });
        case.check(&granted);
    }
    let over = case.micros(drops + wait + rounding + 2 + 3 * stretch);
    assert!(worst.first > 0, "{name}: nobody was refused");
    assert!(
        worst.first <= case.micros(debt + token),
        "{name}: more than the debt ahead"
    );
    assert!(
        worst.all <= over,
        "{name}: not over in {over} us, but {} us",
        worst.all
    );
    let [first, idle, all, most, over] = [worst.first, first, worst.all, case.micros(debt), over]
        .map(|micros| Duration::from_micros(micros).as_secs_f64());
    let line = format!(
        "held: {name}, a circle of {:.0} s: idle for {idle:.0} s or more, the others got the first token after up to \
         {first:.3} s (what is ahead, at most {most:.3} s), all that the bucket holds after up to {all:.3} s (at most {over:.3} s)\n",
        circle.as_secs_f64()
    );
    // As the models do: also when the test passes.
    _ = std::io::stderr().write_all(line.as_bytes());
}

impl Case {
    /// No window of what was granted, in order, has more than burst and rate.
    fn check(&self, granted: &[(u64, u32)]) {
        assert!(!granted.is_empty());
        for (at, (first, _)) in granted.iter().enumerate() {
            let mut tokens = 0;
            for (date, more) in &granted[at..] {
                tokens += u128::from(*more);
                let came = u128::from(date - first) * u128::from(self.tokens);
                let most = u128::from(self.burst) * self.span.as_micros() + came;
                assert!(
                    tokens * self.span.as_micros() <= most,
                    "{}: {granted:?}",
                    self.name
                );
            }
        }
    }
}

#[test]
fn a_thread_held_between_its_steps_costs_the_others_no_more_than_the_debt() {
    const HOUR: Duration = Duration::from_secs(3_600);
    const MICRO: Duration = Duration::from_micros(1);
    measure(
        "8 drops a microsecond",
        8,
        MICRO,
        1 << 20,
        Duration::from_secs(268),
    );
    measure(
        "1 drop a microsecond",
        1,
        MICRO,
        1_000,
        Duration::from_secs(2_147),
    );
    measure("1 token an hour", 1, HOUR, 1, HOUR * 95 / 10);
    measure("1 token a week", 1, 7 * 24 * HOUR, 1, 24 * HOUR * 102);
}
