//! The same answers as everywhere: the digests of long scripted runs of every primitive, compared with the table that a
//! server made.

#![no_std]
#![no_main]

use watertight_firmware::{println, program};
use watertight_traces::TRACES;

/// What other machines got: lines of a name, a number of operations, and a digest.
const TABLE: &str = include_str!("../../../../tests/traces/digests.txt");
/// Of the numbers in the table, the one that a board has time for.
const OPERATIONS: u32 = 10_000;

program!(run);

fn run() {
    for trace in TRACES {
        let digest = (trace.run)(OPERATIONS).value();
        let expected = expected(trace.name).expect("every trace is in the table");
        assert_eq!(digest, expected, "{}", trace.name);
    }
    println!(
        "digests: ok, {} traces of {OPERATIONS} operations are as in the table",
        TRACES.len()
    );
}

fn expected(name: &str) -> Option<u64> {
    TABLE.lines().find_map(|line| {
        let mut words = line.split(' ');
        let is_it = words.next() == Some(name) && words.next()?.parse() == Ok(OPERATIONS);
        let digest = words.next()?;
        if is_it {
            u64::from_str_radix(digest, 16).ok()
        } else {
            None
        }
    })
}
