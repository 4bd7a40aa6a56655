//! Breakers of every kind.

use core::time::Duration;

use watertight::Reason::{ForcedOpen as NoCalls, Open as CoolingDown, ProbesInFlight, Recovering as Ramp};
use watertight::State::{Closed, Disabled, ForcedOpen, HalfOpen, Open, Recovering};
use watertight::breaker::{
    Adjustable, Builder, Consecutive, FailureAndSlowRate, FailureRate, NoRandom, Policy, Stats, Window,
};
use watertight::{Backoff, Breaker, Config, Jitter, NoStats, SharedRandom, last_calls, last_time};

use super::Trace;
use super::breaker::{Kept, Plan, run};
use super::digest::Seen::{self, Made, Other, Refused, Shadowed};
use super::digest::{Digest, What};
use super::script::Hand;

const fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// What every breaker does that nobody forces.
macro_rules! by_itself {
    ($($more:expr),*) => {
        &[
            Made(Closed, Open),
            Made(Open, HalfOpen),
            Made(HalfOpen, HalfOpen),
            Made(HalfOpen, Open),
            Refused(CoolingDown),
            Refused(ProbesInFlight),
            $($more),*
        ]
    };
}

pub const TRACES: &[Trace] = &[
    Trace {
        name: "breaker-in-a-row",
        run: in_a_row,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-coarse-ticks",
        run: coarse_ticks,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-last-calls-1",
        run: last_calls_1,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-last-calls-20",
        run: last_calls_20,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-last-calls-100",
        run: last_calls_100,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-last-calls-7-slow",
        run: last_calls_7_slow,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-last-calls-64-slow",
        run: last_calls_64_slow,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-last-time-8",
        run: last_time_8,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-last-time-4-slow",
        run: last_time_4_slow,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-probes",
        run: probes,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-ratio-of-probes",
        run: ratio_of_probes,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-ramp",
        run: ramp,
        brings: RAMP,
    },
    Trace {
        name: "breaker-ramp-last-time",
        run: ramp_last_time,
        brings: RAMP,
    },
    Trace {
        name: "breaker-jitter",
        run: jitter,
        brings: by_itself!(Made(HalfOpen, Closed)),
    },
    Trace {
        name: "breaker-shadow",
        run: shadow,
        brings: SHADOW,
    },
    Trace {
        name: "breaker-forced",
        run: forced,
        brings: FORCED,
    },
    Trace {
        name: "breaker-adjusted",
        run: adjusted,
        brings: ADJUSTED,
    },
];

const RAMP: &[Seen] = by_itself!(
    Made(HalfOpen, Recovering),
    Made(Recovering, Closed),
    Made(Recovering, Open),
    Refused(Ramp)
);

const SHADOW: &[Seen] = by_itself!(
    Made(HalfOpen, Recovering),
    Made(Recovering, Closed),
    Made(Recovering, Open),
    Refused(Ramp),
    Shadowed(CoolingDown),
    Shadowed(ProbesInFlight),
    Shadowed(Ramp)
);

const FORCED: &[Seen] = by_itself!(
    Made(HalfOpen, Recovering),
    Made(Recovering, Closed),
    Made(Recovering, Open),
    Refused(Ramp),
    Refused(NoCalls),
    Shadowed(CoolingDown),
    Shadowed(ProbesInFlight),
    Shadowed(Ramp),
    Shadowed(NoCalls),
    Made(Closed, Closed),
    Made(Open, Closed),
    Made(HalfOpen, Closed),
    Made(ForcedOpen, Closed),
    Made(Disabled, Closed),
    Made(Closed, ForcedOpen),
    Made(Recovering, ForcedOpen),
    Made(Open, ForcedOpen),
    Made(HalfOpen, ForcedOpen),
    Made(ForcedOpen, ForcedOpen),
    Made(Disabled, ForcedOpen),
    Made(Closed, Disabled),
    Made(Recovering, Disabled),
    Made(Open, Disabled),
    Made(HalfOpen, Disabled),
    Made(ForcedOpen, Disabled),
    Made(Disabled, Disabled)
);

const ADJUSTED: &[Seen] = by_itself!(
    Made(HalfOpen, Closed),
    Made(HalfOpen, Recovering),
    Made(Recovering, Closed),
    Made(Recovering, Open),
    Refused(Ramp),
    Shadowed(CoolingDown),
    Shadowed(ProbesInFlight),
    Shadowed(Ramp),
    Other(What::Set),
    Other(What::NotSet)
);

const UNIT: u64 = 1_000;

const PLAN: Plan = Plan {
    seed: 1,
    unit: UNIT,
    wild: 60,
    forces: 0,
};

/// Its clock begins just before it comes round.
const START: u64 = u64::MAX - 40 * UNIT;

/// From 8 units to 128.
const COOL_DOWN: Backoff = Backoff::exponential(micros(8 * UNIT), micros(128 * UNIT)).build();

const fn usual<R: Copy, K: watertight::breaker::Rule>(builder: Builder<R, K>) -> Builder<R, K> {
    builder
        .open_for(COOL_DOWN)
        .probe_lease(micros(30 * UNIT))
        .stable_after(micros(300 * UNIT))
}

fn play<P: Policy, W: Window<Rule = P::Rule>, S: Kept>(
    policy: P,
    window: W,
    stats: S,
    plan: Plan,
    operations: u32,
) -> Digest {
    let hand = Hand::at(START);
    let breaker = Breaker::with_stats(&hand, policy, window, stats);
    run(&breaker, &hand, plan, operations, |_, _| {})
}

fn in_a_row(operations: u32) -> Digest {
    static CONFIG: Config = usual(Config::consecutive(3)).build();
    play(&CONFIG, Consecutive, NoStats, PLAN, operations)
}

/// Waits of days: in ticks of 2^9 us and more.
fn coarse_ticks(operations: u32) -> Digest {
    const HOUR: u64 = 3_600_000_000;
    static CONFIG: Config = Config::consecutive(4)
        .open_for(
            Backoff::exponential(micros(HOUR), micros(50 * HOUR))
                .factor(3, 2)
                .max_hint(micros(90 * HOUR))
                .build(),
        )
        .probe_lease(micros(11 * HOUR))
        .abandoned_after(micros(2 * HOUR))
        .probes(1, 2)
        .build();
    let plan = Plan {
        seed: 2,
        unit: HOUR / 3,
        ..PLAN
    };
    play(&CONFIG, Consecutive, Stats::new(), plan, operations)
}

static HALF: Config<NoRandom, FailureRate> = usual(Config::failure_rate(50, 5)).build();

fn last_calls_1(operations: u32) -> Digest {
    play(
        &HALF,
        <last_calls!(1)>::new(),
        NoStats,
        Plan { seed: 3, ..PLAN },
        operations,
    )
}

fn last_calls_20(operations: u32) -> Digest {
    play(
        &HALF,
        <last_calls!(20)>::new(),
        NoStats,
        Plan { seed: 4, ..PLAN },
        operations,
    )
}

fn last_calls_100(operations: u32) -> Digest {
    play(
        &HALF,
        <last_calls!(100)>::new(),
        Stats::new(),
        Plan { seed: 5, ..PLAN },
        operations,
    )
}

static SLOW: Config<NoRandom, FailureAndSlowRate> =
    usual(Config::failure_rate(60, 4).slow_calls(70, micros(4 * UNIT)))
        .abandoned_after(micros(9 * UNIT))
        .build();

fn last_calls_7_slow(operations: u32) -> Digest {
    play(
        &SLOW,
        <last_calls!(7, slow)>::new(),
        NoStats,
        Plan { seed: 6, ..PLAN },
        operations,
    )
}

fn last_calls_64_slow(operations: u32) -> Digest {
    play(
        &SLOW,
        <last_calls!(64, slow)>::new(),
        NoStats,
        Plan { seed: 7, ..PLAN },
        operations,
    )
}

/// Buckets are 65.5 ms and more: units that are larger.
fn last_time_8(operations: u32) -> Digest {
    static CONFIG: Config<NoRandom, FailureRate> = Config::failure_rate(40, 6)
        .open_for(Backoff::linear(micros(200_000), micros(150_000), micros(2_000_000)).build())
        .probe_lease(micros(600_000))
        .build();
    let plan = Plan {
        seed: 8,
        unit: 20_000,
        ..PLAN
    };
    play(
        &CONFIG,
        <last_time!(1_000, 8)>::new(),
        Stats::new(),
        plan,
        operations,
    )
}

fn last_time_4_slow(operations: u32) -> Digest {
    static CONFIG: Config<NoRandom, FailureAndSlowRate> = Config::failure_rate(50, 5)
        .slow_calls(80, micros(150_000))
        .open_for(Backoff::fibonacci(micros(100_000), micros(1_500_000)).build())
        .probe_lease(micros(700_000))
        .probes(2, 3)
        .build();
    let plan = Plan {
        seed: 9,
        unit: 30_000,
        ..PLAN
    };
    play(
        &CONFIG,
        <last_time!(700, 4, slow)>::new(),
        NoStats,
        plan,
        operations,
    )
}

fn probes(operations: u32) -> Digest {
    static CONFIG: Config = usual(Config::consecutive(2))
        .probes(3, 5)
        .probe_lease(micros(9 * UNIT))
        .abandoned_after(micros(12 * UNIT))
        .build();
    play(
        &CONFIG,
        Consecutive,
        Stats::new(),
        Plan { seed: 10, ..PLAN },
        operations,
    )
}

fn ratio_of_probes(operations: u32) -> Digest {
    static CONFIG: Config = usual(Config::consecutive(2))
        .probes_by_ratio(2, 10, 40)
        .probe_lease(micros(3 * UNIT))
        .build();
    play(
        &CONFIG,
        Consecutive,
        NoStats,
        Plan { seed: 11, ..PLAN },
        operations,
    )
}

fn ramp(operations: u32) -> Digest {
    static CONFIG: Config = usual(Config::consecutive(3))
        .recover_over(micros(60 * UNIT))
        .build();
    play(
        &CONFIG,
        Consecutive,
        NoStats,
        Plan { seed: 12, ..PLAN },
        operations,
    )
}

fn ramp_last_time(operations: u32) -> Digest {
    static CONFIG: Config<NoRandom, FailureRate> = Config::failure_rate(50, 5)
        .open_for(Backoff::constant(micros(250_000)).build())
        .probe_lease(micros(400_000))
        .recover_over(micros(900_000))
        .build();
    let plan = Plan {
        seed: 13,
        unit: 12_000,
        ..PLAN
    };
    play(&CONFIG, <last_time!(500, 16)>::new(), NoStats, plan, operations)
}

/// Openings whose cool-downs are drawn, and hints beyond the cap.
fn jitter(operations: u32) -> Digest {
    let random = SharedRandom::seeded(4_711);
    let cool_down = |jitter| {
        Backoff::exponential(micros(8 * UNIT), micros(128 * UNIT))
            .factor(17, 10)
            .jitter(jitter)
            .max_hint(micros(200 * UNIT))
    };
    let with = |jitter| {
        usual(Config::consecutive(2).random(&random))
            .open_for(cool_down(jitter).build())
            .build()
    };
    let hand = Hand::at(START);
    let policy = Adjustable::new(with(Jitter::Full));
    let breaker: Breaker<_, _> = Breaker::with_stats(&hand, &policy, Consecutive, NoStats);
    let others = [Jitter::Full, Jitter::Equal, Jitter::PlusMinus(30)].map(with);
    run(
        &breaker,
        &hand,
        Plan { seed: 14, ..PLAN },
        operations,
        |script, _| {
            if script.one_in(200) {
                let [full, equal, plus_minus] = &others;
                let _never_busy = policy.set(script.one_of(&[full, equal, plus_minus]));
            }
        },
    )
}

/// A quarter of the callers is refused, the others are in shadow.
fn shadow(operations: u32) -> Digest {
    static CONFIG: Config = usual(Config::consecutive(3))
        .enforced(25)
        .recover_over(micros(150 * UNIT))
        .build();
    let hand = Hand::at(START);
    let breaker = Breaker::with_stats(&hand, &CONFIG, Consecutive, Stats::new());
    run(&breaker, &hand, Plan { seed: 15, ..PLAN }, operations, |_, _| {})
}

fn forced(operations: u32) -> Digest {
    static CONFIG: Config = usual(Config::consecutive(1))
        .enforced(70)
        .recover_over(micros(200 * UNIT))
        .build();
    play(
        &CONFIG,
        Consecutive,
        Stats::new(),
        Plan {
            seed: 16,
            forces: 10,
            ..PLAN
        },
        operations,
    )
}

/// Configurations that change under way, also to some that are refused.
fn adjusted(operations: u32) -> Digest {
    static CONFIGS: [Config<NoRandom, FailureRate>; 4] = [
        usual(Config::failure_rate(50, 5)).build(),
        usual(Config::failure_rate(30, 9))
            .probes(2, 4)
            .recover_over(micros(400 * UNIT))
            .build(),
        usual(Config::failure_rate(80, 3))
            .probes_by_ratio(2, 6, 50)
            .probe_lease(micros(3 * UNIT))
            .enforced(60)
            .recover_over(micros(200 * UNIT))
            .build(),
        // Days do not fit the unit of the first.
        Config::failure_rate(10, 1)
            .open_for(Backoff::constant(micros(90_000_000_000)).build())
            .build(),
    ];
    let hand = Hand::at(START);
    let policy = Adjustable::new(CONFIGS[0]);
    let breaker = Breaker::with_window(&hand, &policy, <last_calls!(30)>::new());
    run(
        &breaker,
        &hand,
        Plan { seed: 17, ..PLAN },
        operations,
        |script, digest| {
            if script.one_in(180) {
                let set = policy.set(&CONFIGS[script.below(4) as usize]);
                digest.happened(if set.is_ok() { What::Set } else { What::NotSet });
            }
        },
    )
}
