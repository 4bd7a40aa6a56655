//! The traces by name, and what each of them brings about.

mod backoffs;
mod breaker;
mod breakers;
mod bucket;
mod buckets;
mod bulkheads;
mod digest;
mod queues;
mod script;

pub use digest::{Digest, REASONS, Seen};

/// A scripted run of one primitive.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// Its name in the table.
    pub name: &'static str,
    /// Runs so many operations of it.
    pub run: fn(operations: u32) -> Digest,
    /// All that it brings about, and nothing else: each of these at least 100 times in 100,000 operations.
    pub brings: &'static [Seen],
}

const PARTS: [&[Trace]; 5] = [
    breakers::TRACES,
    buckets::TRACES,
    bulkheads::TRACES,
    queues::TRACES,
    backoffs::TRACES,
];

const NUMBER: usize = {
    let (mut number, mut part) = (0, 0);
    while part < PARTS.len() {
        number += PARTS[part].len();
        part += 1;
    }
    number
};

const ALL: [Trace; NUMBER] = {
    let mut all = [PARTS[0][0]; NUMBER];
    let (mut number, mut part, mut place) = (0, 0, 0);
    while number < NUMBER {
        if place == PARTS[part].len() {
            part += 1;
            place = 0;
        }
        all[number] = PARTS[part][place];
        number += 1;
        place += 1;
    }
    all
};

/// All of them, in the order of the table.
pub const TRACES: &[Trace] = &ALL;
