use super::*;
use crate::breaker::window::{FailureAndSlowRate, FailureRate};
use crate::breaker::word::{Deadline, Real};

type OneBit = Strip<Real, FailureRate>;
type TwoBits = Strip<Real, FailureAndSlowRate>;

const ZERO: Cursor<Real> = Cursor::from_bits(0);
const CLOSED: Word<Real> = Word::from_bits(0);

const FAILED: Mark = Mark {
    failed: true,
    slow: false,
};
const SLOW: Mark = Mark {
    failed: false,
    slow: true,
};
const BOTH: Mark = Mark {
    failed: true,
    slow: true,
};

fn counts(calls: u32, failures: u32, slow: u32) -> Counts {
    Counts {
        calls,
        failures,
        slow,
    }
}

#[test]
fn the_fields_lie_where_the_comment_says() {
    let cursor = Cursor::<Real>::from_bits(511 << 21 | 1 << 19 | 4_000 << 7 | 100);
    assert_eq!(cursor.generation(), 511);
    assert_eq!(cursor.mode(), Mode::Full);
    assert_eq!((cursor.lap(), cursor.index()), (4_000, 100));
    let strip = OneBit::from_bits(4_000 << 20 | 0b1_0110);
    assert!(strip.is_of(4_000));
    assert_eq!(strip.fill(), 4);
    assert_eq!(strip.count(4), counts(4, 2, 0));
    assert_eq!(strip.count(2), counts(2, 1, 0));
    assert!(!strip.newest_is_bad());
}

#[test]
fn zero_words_are_a_start_with_nothing_in_it() {
    assert!(ZERO.is_of(CLOSED));
    assert_eq!(ZERO.mode(), Mode::Counting);
    assert!(!OneBit::from_bits(0).is_of(0), "no marker");
    assert_eq!(OneBit::from_bits(0).fill(), 0);
}

#[test]
fn a_strip_holds_19_outcomes_of_one_bit_and_9_of_two() {
    assert_eq!((OneBit::HOLDS, TwoBits::HOLDS), (19, 9));
    let mut strip = OneBit::first(4_095, FAILED);
    for fill in 1..19 {
        assert_eq!((strip.fill(), strip.is_full()), (fill, false));
        strip = strip.pushed(Mark::SUCCESS);
    }
    assert_eq!((strip.fill(), strip.is_full()), (19, true));
    assert!(strip.is_of(4_095));
    assert_eq!(strip.count(19), counts(19, 1, 0));
    assert_eq!(strip.count(18), counts(18, 0, 0));

    let mut strip = TwoBits::first(4_095, BOTH);
    for mark in [SLOW, FAILED, BOTH, SLOW, SLOW, FAILED, SLOW] {
        assert!(!strip.is_full());
        strip = strip.pushed(mark);
    }
    assert_eq!((strip.fill(), strip.is_full()), (8, false));
    assert!(strip.newest_is_bad(), "slow alone is bad");
    strip = strip.pushed(Mark::SUCCESS);
    assert_eq!((strip.fill(), strip.is_full()), (9, true));
    assert!(!strip.newest_is_bad());
    assert!(strip.is_of(4_095));
    assert_eq!(strip.count(9), counts(9, 4, 6));
    assert_eq!(strip.count(2), counts(2, 0, 1));
}

#[test]
fn a_strip_of_one_bit_does_not_know_what_is_slow() {
    assert_eq!(OneBit::first(1, SLOW).count(1), counts(1, 0, 0));
    assert_eq!(OneBit::first(1, FAILED).pushed(SLOW).count(2), counts(2, 1, 0));
}

#[test]
fn the_cursor_goes_round_and_counts_laps() {
    let mut cursor = ZERO;
    for index in 1..6 {
        cursor = cursor.advanced(6);
        assert_eq!(
            (cursor.mode(), cursor.lap(), cursor.index()),
            (Mode::Counting, 0, index)
        );
    }
    cursor = cursor.advanced(6);
    assert_eq!((cursor.mode(), cursor.lap(), cursor.index()), (Mode::Full, 1, 0));
    assert_eq!(cursor.lap_before(), 0);
    for _ in 0..4_095 * 6 {
        cursor = cursor.advanced(6);
    }
    assert_eq!((cursor.mode(), cursor.lap(), cursor.index()), (Mode::Full, 0, 0));
    assert_eq!(cursor.lap_before(), 4_095);
    assert!(cursor.is_of(CLOSED));
}

#[test]
fn a_start_leaves_two_laps_behind() {
    let full = ZERO.advanced(1).advanced(1);
    assert_eq!(full.lap(), 2);
    let closed = CLOSED.opened(0, Deadline::after(0, 1)).half_opened().closed(1);
    let started = full.started(closed);
    assert!(started.is_of(closed) && !started.is_of(CLOSED));
    assert_eq!(
        (started.mode(), started.lap(), started.index()),
        (Mode::Counting, 4, 0)
    );
    let clean = full.cleaned();
    assert_eq!((clean.mode(), clean.lap()), (Mode::Clean, 2));
    let soiled = clean.soiled();
    assert_eq!((soiled.mode(), soiled.lap(), soiled.index()), (Mode::Full, 4, 0));
    assert!(clean.is_of(CLOSED) && soiled.is_of(CLOSED));
}
