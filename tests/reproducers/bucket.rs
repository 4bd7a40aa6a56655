//! Faults of token buckets.

use core::time::Duration;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use watertight::bucket::InvalidQuota;
use watertight::{
    Clock, Instant, ManualClock, Micros, Quota, Random, Reason, RetryAfter, SharedRandom, TokenBucket,
};

use crate::clock;
use crate::common::{micros, millis, secs};

const HOUR: Duration = Duration::from_secs(3_600);

/// Where the clock stands when a bucket is asked for the first time.
const STARTS: [u64; 6] = [0, 1, 1 << 31, 1 << 46, u64::MAX - 300_000, u64::MAX];

/// Remainders that are dropped at each poll: 10 of the 20 tokens, or none.
#[test]
fn one_token_an_hour_polled_every_seven_milliseconds() {
    static ONE_AN_HOUR: Quota = Quota::per(1, HOUR).burst(2).initial(0).build();
    for start in STARTS {
        let bucket = TokenBucket::new((), &ONE_AN_HOUR);
        let at = |micros: u64| bucket.at(Instant::from_micros(start).after(Micros::from_micros(micros)));
        let twenty_hours = 20 * 3_600 * 1_000_000;
        // Ten million times, once; from the other starts every 7.1 s.
        let every = if start == u64::MAX - 300_000 && cfg!(not(miri)) {
            7_100
        } else {
            7_100_000
        };
        let mut granted = 0;
        for now in (0..=twenty_hours).step_by(every) {
            granted += u32::from(at(now).try_acquire().is_ok());
        }
        // The last one is due with the last microsecond, which is no multiple of 7.1 ms; or where the clock does not
        // start with a whole drop, with the next drop.
        let due = at(twenty_hours + 1_000_000)
            .acquire_up_to(20)
            .map_or(0, |last| last.tokens());
        assert_eq!(granted + due, 20, "from {start} on");
    }
}

/// A bucket whose last refill is taken to be at zero is full again when a clock starts anywhere else; one that takes zero
/// for "never" gives a second burst to a clock that starts there.
#[test]
fn one_burst_wherever_the_clock_starts() {
    static THREE: Quota = Quota::per(1, HOUR).burst(3).build();
    for start in STARTS {
        let clock = ManualClock::starting_at(Instant::from_micros(start));
        let bucket = TokenBucket::new(&clock, &THREE);
        assert_eq!(bucket.acquire_up_to(10).expect("it is full").tokens(), 3);
        for _ in 0..100 {
            bucket.try_acquire().expect_err("it is empty");
            clock.advance(millis(1)).unwrap();
        }
        bucket.reset();
        // One by one: the last of them may be due with the next drop, of which a token has millions.
        let mut granted = [0; 100];
        for granted in &mut granted {
            *granted = (0..10).filter(|_| bucket.try_acquire().is_ok()).count();
            clock.advance(millis(1)).unwrap();
        }
        assert!((2..=3).contains(&granted[0]), "from {start} on: {granted:?}");
        assert_eq!(granted.iter().sum::<usize>(), 3, "from {start} on: {granted:?}");
    }
}

/// A product of burst and period that overflows makes a bucket that never refuses.
#[test]
fn the_largest_burst_with_a_period_of_an_hour() {
    for burst in [u32::MAX, (1 << 28) + 1] {
        let refused = Quota::per(1, HOUR).burst(burst).try_build();
        assert_eq!(refused, Err(InvalidQuota::Burst));
    }
    let sentence = "a token bucket holds 1 to 268435456 tokens";
    assert!(InvalidQuota::Burst.to_string().contains(sentence));
    // The largest of all, at a rate that fills it; and at one an hour the largest that fills within 18,000 years.
    let legal = |burst: &u32| Quota::per(1, HOUR).burst(*burst).try_build().is_ok();
    let slow = (1..=28)
        .rev()
        .map(|k| 1 << k)
        .find(legal)
        .expect("some burst is legal");
    assert!(slow >= 1 << 26, "{slow}");
    let quotas = [
        Quota::per(1, HOUR).burst(slow),
        Quota::per(1, Duration::from_micros(1)).burst(1 << 28),
    ];
    for quota in quotas {
        let quota = quota.build();
        let clock = clock();
        let bucket = TokenBucket::new(&clock, &quota);
        assert_eq!(
            bucket.acquire_up_to(u32::MAX).expect("it is full").tokens(),
            quota.burst()
        );
        for _ in 0..5 {
            let refused = bucket.try_acquire().expect_err("it is empty");
            assert_eq!(refused.reason(), Reason::RateLimited);
        }
    }
}

/// What has come since the origin of the clock is there at the first use.
#[test]
fn nothing_at_first_is_nothing_at_the_first_use() {
    static NOTHING: Quota = Quota::per(5, HOUR).initial(0).build();
    for start in STARTS {
        for idle in [0, 1, 3_600, 86_400 * 365 * 100] {
            let clock = ManualClock::starting_at(Instant::from_micros(start));
            let bucket = TokenBucket::new(&clock, &NOTHING);
            assert_eq!(bucket.available(), 0);
            clock.advance(secs(idle)).unwrap();
            let refused = bucket.try_acquire().expect_err("it begins now");
            let RetryAfter::In(wait) = refused.retry_after() else {
                panic!("{refused}")
            };
            // Twelve minutes, to within a drop.
            assert!((millis(719_999)..=millis(720_001)).contains(&wait), "{wait}");
            clock.advance(wait).unwrap();
            assert_eq!(bucket.acquire_up_to(5).expect("the first").tokens(), 1);
        }
    }
}

/// Two grants within one second: of a refill that is rounded up, or that begins anew with each second of the clock.
#[test]
fn one_a_second_is_never_two_within_a_second() {
    static ONE_A_SECOND: Quota = Quota::per_second(1).build();
    let rounds = if cfg!(miri) { 20 } else { 2_000 };
    for (seed, start) in STARTS.into_iter().enumerate() {
        // Polled at any pace, from every microsecond to every few seconds.
        for pace in [
            1, 2, 999, 1_000, 333_333, 999_999, 1_000_000, 1_000_001, 3_000_000,
        ] {
            let random = SharedRandom::seeded(seed as u32);
            let bucket = TokenBucket::new((), &ONE_A_SECOND);
            let (mut now, mut last) = (0, None);
            for _ in 0..rounds {
                let reading = Instant::from_micros(start).after(micros(now));
                if bucket.at(reading).try_acquire().is_ok() {
                    assert!(
                        last.is_none_or(|last| now - last >= 1_000_000),
                        "at {last:?} and {now}"
                    );
                    last = Some(now);
                }
                // Often close to when the next one is due.
                now = match last {
                    Some(last) if u64::from(random.next() % 4) == 0 && last + 999_999 > now => last + 999_999,
                    _ => now + 1 + u64::from(random.next()) % pace,
                };
            }
        }
    }
}

/// A refill that is claimed first and credited later, or credited by everybody who saw it due.
#[test]
fn a_preempted_refiller() {
    static FOUR: Quota = Quota::per(4, Duration::from_secs(1)).build();
    let clock = clock();
    let bucket = TokenBucket::new(&clock, &FOUR);
    let all = |bucket: &TokenBucket<&ManualClock>| (0..50).filter(|_| bucket.try_acquire().is_ok()).count();
    assert_eq!(all(&bucket), 4);
    // Each has read the clock, is preempted, and comes back after everybody else.
    clock.advance(millis(500)).unwrap();
    let stale = [clock.now(), clock.now()];
    clock.advance(millis(500)).unwrap();
    assert_eq!(all(&bucket), 4);
    for now in stale {
        bucket
            .at(now)
            .try_acquire()
            .expect_err("what was due then is gone");
    }
    assert_eq!(all(&bucket), 0);
    // And in earnest: so many as were there, however many come for them.
    for _ in 0..if cfg!(miri) { 1 } else { 50 } {
        clock.advance(millis(500)).unwrap();
        let (threads, calls) = if cfg!(miri) { (3, 2) } else { (8, 10) };
        let start = Barrier::new(threads);
        let granted = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    start.wait();
                    for _ in 0..calls {
                        granted.fetch_add(usize::from(bucket.try_acquire().is_ok()), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(granted.into_inner(), 2);
    }
}
