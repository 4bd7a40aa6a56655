//! Repeats one operation, to be run under an instruction counter: `.ci/instructions` does.
//!
//! The operations are the ones of a closed breaker with nobody else about, inlined as in a user's program. `nothing`
//! is the loop alone, to be subtracted.

use std::env;
use std::hint::black_box;
use std::process::ExitCode;

use watertight::{Breaker, Config, StdClock};

static LINK: Config = Config::consecutive(5).build();
static BREAKER: Breaker<StdClock> = Breaker::new(StdClock, &LINK);

const USAGE: &str = "usage: instructions (nothing|admit_success|admit_failure_success|call) TIMES";

fn repeat(times: u64, mut operation: impl FnMut(&'static Breaker<StdClock>)) {
    for _ in 0..times {
        operation(black_box(&BREAKER));
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [operation, times] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let Ok(times) = times.parse() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match operation.as_str() {
        "nothing" => repeat(times, |_| ()),
        "admit_success" => repeat(times, |breaker| {
            if let Ok(permit) = breaker.try_acquire() {
                permit.success();
            }
        }),
        "admit_failure_success" => repeat(times, |breaker| {
            if let Ok(permit) = breaker.try_acquire() {
                permit.failure();
            }
            if let Ok(permit) = breaker.try_acquire() {
                permit.success();
            }
        }),
        "call" => repeat(times, |breaker| {
            let _ = black_box(breaker.call(|| black_box(Ok::<(), ()>(()))));
        }),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
