//! Law 10: the same everywhere. Long scripted runs of every primitive come to the digests of a table, bit for bit.
//!
//! The runs are in `tests/traces`, a package of its own without `std`, so that firmware has them too; the table is
//! `tests/traces/digests.txt`. Whoever changes a behaviour on purpose makes it anew, and says in the commit why:
//!
//! ```text
//! cargo run --manifest-path tests/traces/Cargo.toml --example table > table && mv table tests/traces/digests.txt
//! ```
//!
//! The lines for 10,000 operations are for boards. Miri runs those for 100, in a minute, also as if it were another
//! target: one that puts the high byte first, one with pointers of 32 bits.
//!
//! ```text
//! cargo +nightly miri run --manifest-path tests/traces/Cargo.toml --target s390x-unknown-linux-gnu --example table -- 100
//! cargo +nightly miri run --manifest-path tests/traces/Cargo.toml --target i686-unknown-linux-gnu --example table -- 100
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[path = "traces/src/traces/mod.rs"]
mod traces;

use traces::{Digest, Seen, TRACES, Trace};

const TABLE: &str = include_str!("traces/digests.txt");

/// A line of the table.
struct Line<'a> {
    name: &'a str,
    operations: u32,
    digest: u64,
}

fn lines() -> impl Iterator<Item = Line<'static>> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.map(|row| {
        let words: Vec<&str> = row.split(' ').collect();
        let [name, operations, digest] = words[..] else {
            panic!("not a line of the table: {row}")
        };
        let operations = operations.parse().expect("a number of operations");
        let digest = u64::from_str_radix(digest, 16).expect("a digest");
        Line {
            name,
            operations,
            digest,
        }
    })
}

/// Runs every trace, several at a time, and answers what went wrong.
fn run_all(operations: u32, check: impl Fn(&Trace, &Digest) -> Vec<String> + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(trace) = TRACES.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(check(trace, &(trace.run)(operations)));
        }
        wrong
    };
    // Miri has one processor only.
    let threads = if cfg!(miri) {
        1
    } else {
        thread::available_parallelism().map_or(1, usize::from)
    };
    let wrong = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = running
            .into_iter()
            .flat_map(|thread| thread.join().expect("a trace ends"));
        ended.collect::<Vec<_>>()
    });
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the table says of it, once.
fn is_as_in_the_table(trace: &Trace, operations: u32, digest: &Digest) -> Option<String> {
    let named = |line: &Line<'_>| line.name == trace.name && line.operations == operations;
    let wanted: Vec<u64> = lines().filter(named).map(|line| line.digest).collect();
    let value = digest.value();
    (wanted != [value]).then(|| {
        format!(
            "{} {operations}: {value:016x}, in the table {wanted:016x?}",
            trace.name
        )
    })
}

/// All that it brings about, often, and nothing else.
fn brings_what_it_should(trace: &Trace, digest: &Digest) -> Vec<String> {
    let wrong = digest.seen().filter(|&(seen, count)| {
        let is_listed = trace.brings.contains(&seen);
        if is_listed { count < 100 } else { count > 0 }
    });
    wrong
        .map(|(seen, count)| format!("{}: {seen:?} {count} times", trace.name))
        .collect()
}

#[test]
fn a_hundred_operations() {
    run_all(100, |trace, digest| {
        is_as_in_the_table(trace, 100, digest).into_iter().collect()
    });
}

#[test]
#[cfg_attr(miri, ignore = "too slow")]
fn ten_thousand_operations() {
    run_all(10_000, |trace, digest| {
        is_as_in_the_table(trace, 10_000, digest).into_iter().collect()
    });
}

#[test]
#[cfg_attr(miri, ignore = "too slow")]
fn a_hundred_thousand_operations() {
    run_all(100_000, |trace, digest| {
        let mut wrong = brings_what_it_should(trace, digest);
        wrong.extend(is_as_in_the_table(trace, 100_000, digest));
        wrong
    });
}

#[test]
fn the_table_has_three_lines_for_every_trace_and_no_others() {
    let wanted =
        [100, 10_000, 100_000].map(|operations| TRACES.iter().map(move |trace| (trace.name, operations)));
    assert!(
        lines()
            .map(|line| (line.name, line.operations))
            .eq(wanted.into_iter().flatten()),
        "the names of the table are not those of the traces, in their order"
    );
}

/// What is listed is listed once, and every kind of refusal is brought about by some trace.
#[test]
fn every_reason_is_brought_about() {
    let all = || TRACES.iter().flat_map(|trace| trace.brings);
    for reason in traces::REASONS {
        assert!(all().any(|&seen| seen == Seen::Refused(reason)), "{reason:?}");
    }
}
