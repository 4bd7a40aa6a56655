//! The last-time window on a breaker, through the public interface; at the end beside a plain list of what was counted
//! when.

mod common;

use core::time::Duration;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use common::micros;
use watertight::breaker::{FailureAndSlowRate, FailureRate, LastTime, NoRandom, Window};
use watertight::{Breaker, Config, Instant, ManualClock, State, last_time};

type ByRate = Config<NoRandom, FailureRate>;
type Slow = Config<NoRandom, FailureAndSlowRate>;

/// Never opens in these tests.
static COUNTS: ByRate = Config::failure_rate(100, 1_000_000).build();
static HALF_OF_FOUR: ByRate = Config::failure_rate(50, 4).build();
static HALF_SLOW_OF_FOUR: Slow = Config::failure_rate(50, 4)
    .slow_calls(50, Duration::from_secs(1))
    .build();

/// 16 buckets of 2^20 us, of which the newest and ten before it are the window.
type TenSeconds = last_time!(10_000, 16);
const BUCKET: u64 = 1 << 20;
const RING: u64 = 16 * BUCKET;
/// Readings up to so much behind are old; the ring is longer than 2^28 us only with longer buckets.
const REACH: u64 = 1 << 28;

const YEAR: u64 = 31_556_952_000_000;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn ten_seconds(policy: &'static ByRate) -> Breaker<(), &'static ByRate, TenSeconds> {
    Breaker::with_window((), policy, LastTime::new())
}

/// One outcome at one moment; whether it opened the breaker.
fn report<K, const MILLIS: u32, const BUCKETS: usize, const WORDS: usize>(
    breaker: &Breaker<(), &'static Config<NoRandom, K>, LastTime<MILLIS, BUCKETS, WORDS, K>>,
    now: u64,
    failed: bool,
) -> bool
where
    K: watertight::breaker::Rule,
{
    let clock = ManualClock::starting_at(at(now));
    let permit = breaker.at(&clock).try_acquire().expect("it is closed");
    let made = if failed {
        permit.failure()
    } else {
        permit.success()
    };
    made.is_some_and(|made| made.to() == State::Open)
}

fn counts<W: Window>(breaker: &Breaker<(), &'static Config<NoRandom, W::Rule>, W>, now: u64) -> (u32, u32)
where
    &'static Config<NoRandom, W::Rule>: watertight::breaker::Policy<Rule = W::Rule>,
{
    let snapshot = breaker.at(at(now)).snapshot();
    (snapshot.calls(), snapshot.failures())
}

#[test]
fn a_bucket_is_a_power_of_two_and_all_but_one_cover_the_span() {
    assert_eq!(TenSeconds::BUCKET, micros(1 << 20), "15 of 2^19 us are 7.9 s");
    assert_eq!(
        <last_time!(1, 2)>::BUCKET,
        micros(1 << 16),
        "no bucket is shorter"
    );
    assert_eq!(<last_time!(65, 2)>::BUCKET, micros(1 << 16), "65 ms fit into one");
    assert_eq!(<last_time!(66, 2)>::BUCKET, micros(1 << 17));
    assert_eq!(
        <last_time!(60_000, 32)>::BUCKET,
        micros(1 << 21),
        "31 of 2^20 us are 32.5 s"
    );
    assert_eq!(<last_time!(500_000_000, 16)>::BUCKET, micros(1 << 35));
    assert_eq!(size_of::<TenSeconds>(), 4 * (2 + 2 * 16));
    assert_eq!(size_of::<last_time!(10_000, 16, slow)>(), 4 * (2 + 4 * 16));
}

#[test]
fn a_call_counts_for_the_whole_span_and_leaves_with_its_bucket() {
    for offset in [0, 1, BUCKET / 2, BUCKET - 1] {
        let breaker = ten_seconds(&COUNTS);
        let begin = 1_000 * BUCKET;
        report(&breaker, begin + offset, true);
        assert_eq!(
            counts(&breaker, begin + offset + 10_000_000),
            (1, 1),
            "all of the span"
        );
        assert_eq!(
            counts(&breaker, begin + 11 * BUCKET - 1),
            (1, 1),
            "ten more buckets"
        );
        assert_eq!(counts(&breaker, begin + 11 * BUCKET), (0, 0), "and no more");
        // What a snapshot by a later clock does not count is not gone.
        assert_eq!(
            counts(&breaker, begin + offset),
            (1, 1),
            "a snapshot writes nothing"
        );
        report(&breaker, begin + 11 * BUCKET - 1, false);
        assert_eq!(counts(&breaker, begin + 11 * BUCKET - 1), (2, 1));
        report(&breaker, begin + 11 * BUCKET, false);
        assert_eq!(counts(&breaker, begin + 11 * BUCKET), (2, 0), "now it is");
    }
}

#[test]
fn buckets_leave_one_by_one() {
    let breaker = ten_seconds(&COUNTS);
    for bucket in 0..100_u32 {
        let now = u64::from(bucket) * BUCKET;
        for _ in 0..=bucket {
            report(&breaker, now, bucket % 2 == 0);
        }
        let window = bucket.saturating_sub(10)..=bucket;
        let calls: u32 = window.clone().map(|bucket| bucket + 1).sum();
        let failures: u32 = window
            .filter(|bucket| bucket % 2 == 0)
            .map(|bucket| bucket + 1)
            .sum();
        assert_eq!(counts(&breaker, now), (calls, failures), "bucket {bucket}");
    }
}

#[test]
fn it_opens_at_the_rate_from_the_minimum_on() {
    let breaker = ten_seconds(&HALF_OF_FOUR);
    assert!(!report(&breaker, 0, true));
    assert!(!report(&breaker, BUCKET, true));
    assert!(
        !report(&breaker, 2 * BUCKET, true),
        "three of three, but the minimum is four"
    );
    assert!(report(&breaker, 3 * BUCKET, true));

    let breaker = ten_seconds(&HALF_OF_FOUR);
    for failed in [false, false, false, true, true] {
        assert!(!report(&breaker, 0, failed));
    }
    assert!(report(&breaker, 0, true), "three of six");
}

#[test]
fn a_success_that_completes_the_minimum_opens() {
    for spread in [0, BUCKET] {
        let breaker = ten_seconds(&HALF_OF_FOUR);
        assert!(!report(&breaker, 0, true));
        assert!(!report(&breaker, spread, true));
        assert!(!report(&breaker, 2 * spread, false));
        assert!(report(&breaker, 3 * spread, false), "two of four");
    }
}

#[test]
fn a_success_after_others_slid_out_opens() {
    let breaker = ten_seconds(&HALF_OF_FOUR);
    for _ in 0..100 {
        assert!(!report(&breaker, 0, false));
    }
    for _ in 0..60 {
        assert!(!report(&breaker, BUCKET, true));
    }
    assert_eq!(counts(&breaker, 11 * BUCKET), (60, 60), "over, but nobody called");
    assert!(report(&breaker, 11 * BUCKET, false), "60 of 61");
}

#[test]
fn idle_for_a_year() {
    for idle in [RING, YEAR - 1, YEAR, 10 * YEAR, 17 * YEAR] {
        let breaker = ten_seconds(&HALF_OF_FOUR);
        for _ in 0..3 {
            assert!(!report(&breaker, 5, true));
        }
        assert_eq!(counts(&breaker, 5 + idle), (0, 0), "{idle}");
        for calls in 1..4 {
            assert!(!report(&breaker, 5 + idle, true), "{idle}");
            assert_eq!(counts(&breaker, 5 + idle), (calls, calls));
        }
        assert!(report(&breaker, 5 + idle, true));
    }
}

#[test]
fn idle_for_any_power_of_two_of_buckets() {
    // The numbers of the buckets come round at 2^29: the next test.
    for power in 4..29 {
        for idle in [(1 << power) - 1, 1 << power, (1 << power) + 1] {
            let idle = idle * BUCKET;
            let breaker = ten_seconds(&COUNTS);
            for bucket in 0..16 {
                report(&breaker, bucket * BUCKET, true);
            }
            let now = 15 * BUCKET + idle;
            let left = if idle < 11 * BUCKET { 11 - idle / BUCKET } else { 0 };
            assert_eq!(counts(&breaker, now), (left as u32, left as u32), "{idle}");
            report(&breaker, now, false);
            assert_eq!(counts(&breaker, now), (left as u32 + 1, left as u32), "{idle}");
        }
    }
}

#[test]
fn idle_until_the_numbers_come_round_reads_as_no_idle_at_all() {
    let round = (1 << 29) * BUCKET;
    for (idle, left) in [
        (round - REACH - BUCKET, 0),
        (round - REACH, 1),
        (round, 1),
        (round + 10 * BUCKET, 1),
        (round + 11 * BUCKET, 0),
    ] {
        let breaker = ten_seconds(&COUNTS);
        report(&breaker, 7 * BUCKET, true);
        assert_eq!(counts(&breaker, 7 * BUCKET + idle).1, left, "{idle}");
        report(&breaker, 7 * BUCKET + idle, false);
        assert_eq!(counts(&breaker, 7 * BUCKET + idle), (left + 1, left), "{idle}");
    }
}

#[test]
fn a_clock_that_stands_counts_on_in_its_bucket() {
    let breaker = ten_seconds(&HALF_OF_FOUR);
    for call in 0..1_000 {
        assert!(!report(&breaker, 123, call % 3 == 0 && call > 3));
    }
    assert_eq!(counts(&breaker, 123), (1_000, 332));
}

#[test]
fn a_clock_that_steps_back_a_little_counts_in_the_newest_bucket() {
    for back in [1, BUCKET, 5 * BUCKET, REACH - 1] {
        let breaker = ten_seconds(&HALF_OF_FOUR);
        let now = 10_000 * BUCKET;
        for _ in 0..2 {
            assert!(!report(&breaker, now, true));
        }
        assert!(!report(&breaker, now - back, true));
        assert_eq!(counts(&breaker, now - back), (3, 3), "{back}");
        assert_eq!(counts(&breaker, now + 10 * BUCKET), (3, 3));
        assert_eq!(
            counts(&breaker, now + 11 * BUCKET),
            (0, 0),
            "it left with its bucket"
        );
        assert!(report(&breaker, now - back, true), "{back}");
    }
}

#[test]
fn a_clock_that_steps_back_further_begins_anew_and_goes_on() {
    for back in [REACH + BUCKET, YEAR, 10 * YEAR] {
        let breaker = ten_seconds(&HALF_OF_FOUR);
        let now = 50 * YEAR;
        for _ in 0..3 {
            assert!(!report(&breaker, now, true));
        }
        let now = now - back;
        for bucket in 0..3 {
            assert!(!report(&breaker, now + bucket * BUCKET, true), "{back}");
        }
        assert_eq!(counts(&breaker, now + 10 * BUCKET), (3, 3));
        assert_eq!(counts(&breaker, now + 11 * BUCKET), (2, 2), "and it slides");
        assert!(report(&breaker, now + 10 * BUCKET, true));
    }
}

#[test]
fn a_clock_may_start_just_before_it_comes_round() {
    // Every place where a number of a bucket, a round of the ring, or the clock itself comes round.
    for end in [RING, 16 * RING, BUCKET << 29, BUCKET << 40, 0] {
        for before in 0..40 {
            let begin = u64::wrapping_sub(end, before * BUCKET + 1);
            let breaker = ten_seconds(&COUNTS);
            for bucket in 0..60_u64 {
                let now = begin.wrapping_add(bucket * BUCKET);
                report(&breaker, now, true);
                let calls = bucket.min(10) as u32 + 1;
                assert_eq!(counts(&breaker, now), (calls, calls), "{end} {before} {bucket}");
            }
        }
    }
}

#[test]
fn a_reset_forgets_also_where_the_clock_is() {
    let breaker = ten_seconds(&HALF_OF_FOUR);
    let late = 1_000 * BUCKET;
    for _ in 0..3 {
        assert!(!report(&breaker, late, true));
    }
    breaker.at(at(late)).reset();
    assert_eq!(counts(&breaker, late), (0, 0));
    let early = late - 5 * BUCKET;
    for _ in 0..3 {
        assert!(!report(&breaker, early, true));
    }
    assert_eq!(counts(&breaker, early + 10 * BUCKET), (3, 3));
    assert_eq!(
        counts(&breaker, early + 11 * BUCKET),
        (0, 0),
        "counted where the clock was"
    );
    assert!(report(&breaker, early, true));
}

#[test]
fn a_breaker_that_closed_again_counts_from_nothing() {
    let breaker = ten_seconds(&HALF_OF_FOUR);
    for round in 0..600_u64 {
        let now = round * 20 * BUCKET;
        for failures in 1..=4 {
            assert_eq!(report(&breaker, now, true), failures == 4, "round {round}");
        }
        // Sooner or later: with the window empty, or with its tallies still of these buckets.
        let probe = breaker
            .at(at(now + 61_000_000 * (round % 3) + 61_000_000))
            .try_acquire();
        let probe = probe.expect("the cool-down is over");
        probe.at(&ManualClock::starting_at(at(now))).success();
        assert_eq!(counts(&breaker, now), (0, 0));
    }
}

#[test]
fn slow_calls_count_beside_failures() {
    let clock = ManualClock::starting_at(at(0));
    let breaker: Breaker<_, _, last_time!(10_000, 16, slow)> =
        Breaker::with_window(&clock, &HALF_SLOW_OF_FOUR, LastTime::new());
    let call = |lasts: u64, failed: bool| {
        let permit = breaker.try_acquire().expect("it is closed");
        clock.advance(micros(lasts)).expect("nobody else sets it");
        if failed {
            permit.failure()
        } else {
            permit.success()
        }
    };
    assert!(call(1_000_000, false).is_none(), "exactly the limit is not slow");
    assert!(call(1_000_001, false).is_none());
    assert!(call(0, true).is_none());
    let snapshot = breaker.snapshot();
    assert_eq!(
        (snapshot.calls(), snapshot.failures(), snapshot.slow_calls()),
        (3, 1, 1)
    );
    let opened = call(1_000_001, false).expect("two of four were slow");
    assert_eq!(opened.to(), State::Open);

    breaker.reset();
    call(1_000_001, true);
    let snapshot = breaker.snapshot();
    assert_eq!(
        (snapshot.calls(), snapshot.failures(), snapshot.slow_calls()),
        (1, 1, 1),
        "one call that was both"
    );
}

/// Where threads wait for each other without going to sleep, so that they go on together.
#[derive(Default)]
struct Gate(AtomicU32);

impl Gate {
    /// Until all have come so many times.
    fn pass(&self, threads: u32, times: u32) {
        self.0.fetch_add(1, Ordering::AcqRel);
        let mut looks = 0_u32;
        while self.0.load(Ordering::Acquire) < threads * times {
            looks += 1;
            if looks % 1_000 == 0 {
                thread::yield_now();
            }
            spin_loop();
        }
    }
}

#[test]
fn threads_lose_no_outcome_while_time_moves() {
    const THREADS: u32 = 2;
    const CALLS: u32 = if cfg!(miri) { 100 } else { 50_000 };
    let breaker = ten_seconds(&COUNTS);
    let clock = ManualClock::starting_at(at(u64::MAX - 2 * BUCKET));
    let gate = Gate::default();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                gate.pass(THREADS, 1);
                for call in 0..CALLS {
                    let permit = breaker.at(&clock).try_acquire().expect("it never opens");
                    if call % 5 == 0 {
                        permit.failure();
                    } else {
                        permit.success();
                    }
                    // Ten buckets in all; somebody else may be at it, and then it is fewer.
                    let _ = clock.advance(micros(10 * BUCKET / u64::from(THREADS * CALLS)));
                }
            });
        }
    });
    let snapshot = breaker.at(&clock).snapshot();
    assert_eq!(
        (snapshot.calls(), snapshot.failures()),
        (THREADS * CALLS, THREADS * CALLS / 5)
    );
}

#[test]
fn threads_that_meet_after_an_idle_ring_lose_no_outcome() {
    const THREADS: u32 = 2;
    const ROUNDS: u32 = if cfg!(miri) { 20 } else { 50_000 };
    let breaker = ten_seconds(&COUNTS);
    let gate = Gate::default();
    // Nobody panics while another waits for him.
    let wrong = AtomicU32::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (breaker, gate, wrong) = (&breaker, &gate, &wrong);
            scope.spawn(move || {
                // One sees the last bucket to which the ring goes on, the other the first at which it begins anew: all
                // the others before count for neither.
                let mut now = 0;
                for round in 0..ROUNDS {
                    now += RING - BUCKET;
                    let mine = now + u64::from((thread + round) % 2) * BUCKET;
                    now += BUCKET;
                    let clock = ManualClock::starting_at(at(mine));
                    let permit = breaker.at(&clock).try_acquire().expect("it never opens");
                    gate.pass(THREADS, 3 * round + 1);
                    permit.failure();
                    gate.pass(THREADS, 3 * round + 2);
                    let failures = breaker.at(at(now)).snapshot().failures();
                    wrong.fetch_add(u32::from(failures != THREADS), Ordering::Relaxed);
                    gate.pass(THREADS, 3 * round + 3);
                }
            });
        }
    });
    assert_eq!(
        wrong.into_inner(),
        0,
        "rounds after which one of the two was not there"
    );
}

/// What is in the window, as a list.
struct Naive {
    bucket: i128,
    buckets: i128,
    span: i128,
    /// Of the newest outcome's bucket, which time has come to.
    newest: Option<i128>,
    /// When, and whether it failed and was slow.
    outcomes: Vec<(i128, bool, bool)>,
}

impl Naive {
    fn new(bucket: u64, buckets: usize, millis: u32) -> Self {
        Self {
            bucket: bucket.into(),
            buckets: buckets as i128,
            span: i128::from(millis) * 1_000,
            newest: None,
            outcomes: Vec::new(),
        }
    }

    /// The bucket that counts as present at this time; `None` if the window begins anew.
    fn present(&self, now: i128) -> Option<i128> {
        let number = now.div_euclid(self.bucket);
        let newest = self.newest?;
        let reach = (i128::from(REACH) / self.bucket).max(self.buckets);
        if newest - number > reach {
            return None;
        }
        Some(newest.max(number))
    }

    /// What counts when this bucket is the newest: it, and as many before as cover the span.
    fn counts(&self, newest: i128) -> (u32, u32, u32) {
        let whole = (self.span + self.bucket - 1).div_euclid(self.bucket);
        let inside = self
            .outcomes
            .iter()
            .filter(|(bucket, ..)| newest - bucket <= whole);
        inside.fold((0, 0, 0), |(calls, failures, slow), (_, failed, was_slow)| {
            (
                calls + 1,
                failures + u32::from(*failed),
                slow + u32::from(*was_slow),
            )
        })
    }

    fn read(&self, now: i128) -> (u32, u32, u32) {
        self.present(now).map_or((0, 0, 0), |newest| self.counts(newest))
    }

    /// Whether it is over then.
    fn report(&mut self, now: i128, failed: bool, slow: bool, (percent, minimum): (u32, u32)) -> bool {
        let present = self.present(now).unwrap_or_else(|| {
            self.outcomes.clear();
            now.div_euclid(self.bucket)
        });
        self.newest = Some(present);
        self.outcomes
            .retain(|(bucket, ..)| present - bucket <= self.buckets);
        self.outcomes.push((present, failed, slow));
        let (calls, failures, slow) = self.counts(present);
        calls >= minimum && (failures * 100 >= percent * calls || slow * 100 >= percent * calls)
    }
}

struct Draws(u64);

impl Draws {
    /// Steele, Lea and Flood's SplitMix64.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % bound
    }

    /// How far the clock moves: most often little, sometimes to where something happens, or far.
    fn step(&mut self, now: i128, bucket: i128, buckets: i128) -> i128 {
        let near = |draws: &mut Self, length: i128| length + i128::from(draws.below(5)) - 2;
        let next = bucket - now.rem_euclid(bucket);
        match self.below(400) {
            0..200 => 0,
            200..300 => i128::from(self.below(bucket as u64 / 8)),
            300..340 => i128::from(self.below(bucket as u64 * 3)),
            340..355 => near(self, next),
            355..365 => {
                next + i128::from(self.below(2 * buckets as u64)) * bucket - i128::from(self.below(2))
            }
            365..370 => near(self, buckets * bucket),
            370..375 => near(self, bucket * 16 * buckets),
            375..378 => i128::from(self.below(1 << 28)) * bucket + i128::from(self.below(bucket as u64)),
            378..390 => -i128::from(self.below(bucket as u64)),
            390..395 => -i128::from(self.below(buckets as u64)) * bucket,
            395..398 => near(self, -(i128::from(REACH).max(buckets * bucket))),
            _ => -(i128::from(self.below(1 << 28)) * bucket),
        }
    }
}

/// So many random calls on a breaker and on the list. The clock starts anywhere.
fn compare<const MILLIS: u32, const BUCKETS: usize, const WORDS: usize>(
    calls: u32,
    start: u64,
    failing: u64,
    (percent, minimum): (u32, u32),
) {
    let config: Slow = Config::failure_rate(percent, minimum)
        .slow_calls(percent, Duration::from_micros(100))
        .try_build()
        .expect("it makes sense");
    let mut now = i128::from(start);
    let clock = ManualClock::starting_at(at(start));
    let breaker: Breaker<_, _, LastTime<MILLIS, BUCKETS, WORDS, FailureAndSlowRate>> =
        Breaker::with_window(&clock, &config, LastTime::new());
    let bucket = LastTime::<MILLIS, BUCKETS, WORDS, FailureAndSlowRate>::BUCKET.as_micros();
    let mut naive = Naive::new(bucket, BUCKETS, MILLIS);
    let mut draws = Draws(start ^ u64::from(MILLIS));
    let (mut opened, mut by_success, mut seen) = (0, 0, 0);
    for call in 0..calls {
        let move_by = |step: i128, now: &mut i128| {
            *now += step;
            clock.set(at(*now as u64)).expect("nobody else sets it");
        };
        move_by(draws.step(now, bucket.into(), BUCKETS as i128), &mut now);
        let snapshot = breaker.snapshot();
        let counts = (snapshot.calls(), snapshot.failures(), snapshot.slow_calls());
        assert_eq!(counts, naive.read(now), "before call {call} at {now}");
        seen += counts.0.min(1);
        let failed = draws.below(100) < failing;
        let lasts = if draws.below(100) < failing {
            101
        } else {
            draws.below(101)
        };
        let permit = breaker.try_acquire().expect("it is closed");
        move_by(lasts.into(), &mut now);
        let made = if failed {
            permit.failure()
        } else {
            permit.success()
        };
        let over = naive.report(now, failed, lasts > 100, (percent, minimum));
        assert_eq!(made.is_some(), over, "call {call} at {now}");
        if over {
            opened += 1;
            by_success += u32::from(!failed);
            breaker.reset();
            (naive.newest, naive.outcomes) = (None, Vec::new());
        }
    }
    assert!(opened >= 10, "it opened only {opened} times");
    assert!(by_success >= 5, "successes opened it only {by_success} times");
    assert!(seen > calls / 2, "the window was empty most of the time");
}

const CALLS: u32 = if cfg!(miri) { 300 } else { 200_000 };

#[test]
#[cfg_attr(miri, ignore = "too few calls to meet everything")]
fn it_agrees_with_a_list_of_outcomes() {
    compare::<10_000, 16, 66>(CALLS, 0, 40, (50, 20));
    compare::<10_000, 16, 66>(CALLS, u64::MAX - 30_000_000, 3, (10, 5));
    compare::<100, 32, 130>(CALLS, (1 << 45) - 1_000_000, 30, (40, 8));
    compare::<1_000, 4, 18>(CALLS, u64::MAX, 60, (75, 1));
    compare::<60_000, 2, 10>(CALLS, 1 << 63, 25, (33, 25));
    compare::<500_000_000, 16, 66>(CALLS, u64::MAX - (1 << 34), 25, (33, 10));
}
