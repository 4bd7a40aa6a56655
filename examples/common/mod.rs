//! What the examples share: the command line, a steady traffic of calls in two runs side by side, both ends of a TCP
//! exchange, and what their tables and charts are made with.
#![allow(dead_code, reason = "each example uses some of it")]

pub mod args;
pub mod command;
pub mod drawing;
pub mod traffic;
pub mod wire;

use core::fmt;
use core::time::Duration;

/// The median and the 99th percentile, by nearest rank.
pub fn percentiles(mut times: Vec<Duration>) -> [Option<Duration>; 2] {
    times.sort_unstable();
    [50, 99].map(|percent| {
        times
            .get((times.len() * percent).div_ceil(100).checked_sub(1)?)
            .copied()
    })
}

/// `20 / 31 ms`.
pub fn latencies([p50, p99]: [Option<Duration>; 2]) -> String {
    let millis = |time: Duration| format!("{:.0}", time.as_secs_f64() * 1e3);
    match (p50, p99) {
        (Some(p50), Some(p99)) => format!("{} / {} ms", millis(p50), millis(p99)),
        _ => "none".into(),
    }
}

/// `12,345`.
pub fn grouped(number: usize) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1000), number % 1000)
}

/// Says so if this machine had no connection so many times in a run.
pub fn note_unconnected(f: &mut fmt::Formatter<'_>, run: &str, times: u32) -> fmt::Result {
    if times == 0 {
        return Ok(());
    }
    writeln!(
        f,
        "\nIn the {run} run this machine had no connection {times} times (open files? ports?): its figures are not those of \
         the services alone."
    )
}
