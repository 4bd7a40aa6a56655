use core::time::Duration;
use watertight::breaker::*;
use watertight::{Breaker, Config, Instant, ManualClock, Micros, State, last_calls};

static BY_RATE: Config<NoRandom, FailureRate> = Config::failure_rate(50, 4).build();
static SLOW: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(50, 4)
    .slow_calls(50, Duration::from_secs(1))
    .recover_over(Duration::from_secs(64))
    .build();

#[test]
fn smoke() {
    let clock = ManualClock::starting_at(Instant::from_micros(5));
    let b: Breaker<_, _, last_calls!(100)> = Breaker::with_window(&clock, &BY_RATE, LastCalls::new());
    for i in 0..1000 {
        b.try_acquire().unwrap().success();
        let s = b.snapshot();
        assert_eq!(s.calls(), (i + 1).min(100), "{s:?}");
    }
    for i in 0..49 {
        b.try_acquire().unwrap().failure();
        assert_eq!(b.snapshot().failures(), i + 1);
    }
    assert!(b.try_acquire().unwrap().failure().is_some());
    assert_eq!(b.snapshot().state(), State::Open);
    let b: Breaker<_, _, last_calls!(5, slow)> = Breaker::with_window(&clock, &SLOW, LastCalls::new());
    for _ in 0..4 {
        let p = b.try_acquire().unwrap();
        let _ = clock.advance(Micros::from_millis(1001));
        p.success();
    }
    assert_eq!(b.snapshot().state(), State::Open, "{b:?}");
    let _ = clock.advance(Micros::from_secs(1));
    b.try_acquire().unwrap().success();
    assert_eq!(b.snapshot().state(), State::Recovering, "{b:?}");
    let _ = clock.advance(Micros::from_secs(32));
    let n = (0..64)
        .filter(|_| b.try_acquire().map(|p| p.success()).is_ok())
        .count();
    assert_eq!(n, 33);
    let _ = clock.advance(Micros::from_secs(32));
    assert!(b.try_acquire().unwrap().transition().is_some());
    println!("{b:?}");
}
