use super::*;
use crate::bucket::rate::Rate;
use crate::bucket::terms::{Fixed, Wanted};
use crate::passage::Passage;

/// A drop of what the words have.
const ONE: u32 = 1 << 1;
/// Of [`one_a_micro`]: 2^25 us to a stretch, so that less than 2^26 drops come in it, a quarter of the
/// capacity.
const STRETCH: u64 = 1 << 25;

/// One token a microsecond, which is a drop, up to 4 of them; so the index is the time.
fn one_a_micro(initial: u32) -> Fixed<Real> {
    fixed(1, 1_000, 4, initial, None)
}

fn fixed(tokens: u64, nanos: u128, burst: u32, initial: u32, longest_wait: Option<u64>) -> Fixed<Real> {
    let wanted = Wanted {
        rate: Rate::of(tokens, nanos).expect("a rate"),
        burst,
        initial,
        longest_wait,
        varies: false,
    };
    Fixed::of(&wanted).expect("it can be kept")
}

fn spent(index: u32) -> Spent<Real> {
    Spent::from_bits(0).at(index.wrapping_mul(ONE))
}

/// So many drops, of which so many come in a microsecond.
fn passage(drops: u64, a_micro: u64) -> Passage {
    Passage {
        left: drops << 33,
        done: 0,
        step: a_micro << 33,
        fine: 0,
    }
}

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn reading(terms: &Fixed<Real>, spent: Spent<Real>, dated: u64, now: u64) -> Reading<Real> {
    Reading::of(terms, spent, Dated::of(at(dated), terms.stretches()), at(now))
}

/// What is there when everything up to this index is spent, 1000 us after the origin.
fn tokens_at_1000(index: u32) -> u32 {
    let terms = one_a_micro(4);
    reading(&terms, spent(index), 1_000, 1_000).tokens(&terms)
}

#[test]
fn the_terms_are_those_that_follow_from_the_head_of_the_file() {
    let terms = one_a_micro(4);
    assert_eq!(
        (terms.speed().step, terms.token().get(), terms.burst()),
        (1 << 33, ONE, 4 * ONE)
    );
    assert_eq!(u64::from(terms.stretches()), (1 << 33) / STRETCH);
    // W = 5 + 1, as the longest wait is that of 4 and one more, U = 2^25 + 1, rc = 0.
    assert_eq!(terms.debt(), (6 + (1 << 25) + 1 + 1) * ONE);
    // S = 2 + 1.
    assert!(!terms.is_stale(2 * ONE) && terms.is_stale(3 * ONE));
}

#[test]
fn a_word_keeps_its_tail() {
    #[derive(Clone, Copy, Debug)]
    struct Tailed;
    impl Widths for Tailed {
        const INDEX: u32 = 24;
        const STRETCH: u32 = 31;
        const BUSY: u32 = 0x80;
    }
    let word = Spent::<Tailed>::from_bits(0x1234_56d4);
    assert!(!word.is_set());
    assert_eq!(word.index(), 0x1234_5600);
    assert_eq!(word.at(0x9876_5400 | 0xff).bits(), 0x9876_54d5);
    assert!(word.at(0).is_set());
    assert_eq!(word.at(0x9876_5400).unset().bits(), 0xd4);
    assert!(word.is(0x1234_56d4) && word.is(0x1234_5654));
    assert!(!word.is(0x1234_56d5) && !word.is(0x1234_56c4) && !word.is(0x1234_57d4));
    // In the word that ships, nothing is left out.
    assert!(Spent::<Real>::from_bits(1).is(1));
    for bit in 0..32 {
        assert!(!Spent::<Real>::from_bits(1).is(1 ^ 1 << bit), "bit {bit}");
    }
}

#[test]
fn what_is_there_is_what_has_come_and_was_not_spent() {
    assert_eq!([996, 997, 998, 999, 1_000].map(tokens_at_1000), [4, 3, 2, 1, 0]);
    // Full, however long ago.
    let long_ago = [995, 0, 1_000_u32.wrapping_sub(1 << 30)];
    assert_eq!(long_ago.map(tokens_at_1000), [4; 3]);
    // Ahead by as much as the debt: none. One more is taken for one that is a circle behind.
    let debt = 6 + (1 << 25) + 1 + 1;
    assert_eq!(
        [1, debt - 1, debt].map(|ahead| tokens_at_1000(1_000 + ahead)),
        [0; 3]
    );
    assert_eq!(tokens_at_1000(1_000 + debt + 1), 4);
}

#[test]
fn nobody_looks_at_what_was_spent_three_stretches_ago() {
    let terms = one_a_micro(4);
    for (ago, tokens) in [(0, 0), (1, 0), (2, 0), (3, 4), (4, 4), (1 << 29, 4)] {
        for off in [0, 1, STRETCH - 1] {
            let now = (ago + 5) * STRETCH + off;
            // As if a whole circle had been spent since.
            let reading = reading(&terms, spent(now as u32), 5 * STRETCH + off, now);
            assert_eq!(reading.tokens(&terms), tokens, "{ago} stretches and {off} us");
        }
    }
}

#[test]
fn a_date_ahead_is_the_beginning_of_its_stretch() {
    let terms = one_a_micro(4);
    let date = |dated: u64, now: u64| {
        let reading = reading(&terms, spent(0), dated, now);
        let seen = Dated::of(at(dated), terms.stretches());
        (reading.date.as_micros(), reading.moves(seen))
    };
    assert_eq!(date(100, 99), (99, false), "the same stretch");
    assert_eq!(date(100, STRETCH), (STRETCH, true), "the next");
    assert_eq!(date(3 * STRETCH + 77, 99), (3 * STRETCH, false));
    assert_eq!(date(3 * STRETCH + 77, 3 * STRETCH - 1), (3 * STRETCH, false));
    assert_eq!(date(3 * STRETCH + 77, 3 * STRETCH), (3 * STRETCH, false));
    // Where the clock comes round, too.
    assert_eq!(date(7, u64::MAX), (0, false));
    assert_eq!(date(u64::MAX, 7), (7, true));
    // Half of the circle of 2^31 stretches is the first that reads the wrong way round.
    assert_eq!(date(0, (STRETCH << 30) - 1), ((STRETCH << 30) - 1, true));
    assert_eq!(date(0, STRETCH << 30).0, STRETCH << 31);
    // Never dated: any reading will do.
    let never = Dated::from_bits(0);
    let reading = Reading::of(&terms, spent(0), never, at(u64::MAX));
    assert_eq!((reading.date, reading.moves(never)), (at(u64::MAX), true));
}

#[test]
fn a_full_bucket_counts_from_the_index_rounded_up_and_one_that_begins_with_less_does_not() {
    // A drop in 2 us, and so many that it is a token.
    let terms = |initial| fixed(1, 2_000, 1 << 28, initial, None);
    assert_eq!((terms(3).speed().step, terms(3).token().get()), (1 << 32, ONE));
    let grant = |to| Taking::Granted {
        to: spent(to),
        wait: Passage::NONE,
    };
    for (now, down, up) in [(0, 0, 0), (1, 0, 1), (2, 1, 1), (3, 1, 2), (4, 2, 2)] {
        let unasked =
            |terms: &Fixed<Real>| Reading::of(terms, Spent::from_bits(0), Dated::from_bits(0), at(now));
        let begins = unasked(&terms(3)).take(&terms(3), 1, 0, at(now));
        assert_eq!(begins, grant(u32::wrapping_sub(down, 2)));
        let (full, after) = (terms(1 << 28), u32::wrapping_sub(up, (1 << 28) - 1));
        assert_eq!(unasked(&full).take(&full, 1, 0, at(now)), grant(after));
        let full_again = reading(&full, spent(0_u32.wrapping_sub(1 << 28)), now, now);
        assert_eq!(full_again.take(&full, 1, 0, at(now)), grant(after));
        // What is given back leaves it as full as it was.
        assert_eq!(
            full_again.restored(&full),
            spent(u32::wrapping_sub(down, 1 << 28))
        );
    }
    // One below full counts from what was spent.
    let terms = terms(3);
    let almost = reading(&terms, spent(1_u32.wrapping_sub(1 << 28)), 1, 1);
    assert_eq!(almost.rebased(&terms), spent(1_u32.wrapping_sub(1 << 28)));
    assert_eq!(almost.restored(&terms), almost.rebased(&terms));
}

#[test]
fn all_or_none_now_or_within_the_wait() {
    let terms = one_a_micro(4);
    let two = reading(&terms, spent(998), 1_000, 1_000);
    let take = |tokens, wait| two.take(&terms, tokens, wait, at(1_000));
    let granted = |to, drops| Taking::Granted {
        to: spent(to),
        wait: if drops == 0 {
            Passage::NONE
        } else {
            passage(drops, 1)
        },
    };
    let short = |drops, more| Taking::Short {
        wait: passage(drops, 1),
        more,
    };
    assert_eq!(take(1, 0), granted(999, 0));
    assert_eq!(take(2, 0), granted(1_000, 0));
    assert_eq!(take(3, 0), short(1, 0));
    assert_eq!(take(4, 0), short(2, 0));
    assert_eq!(take(4, 1), short(1, 0));
    assert_eq!(take(4, 2), granted(1_002, 2));
    // No longer than the longest wait, of 5 us.
    let owed = reading(&terms, spent(1_002), 1_000, 1_000);
    assert_eq!(owed.take(&terms, 3, u64::MAX, at(1_000)), granted(1_005, 5));
    assert_eq!(owed.take(&terms, 4, u64::MAX, at(1_000)), short(1, 0));
    // Who has an older reading waits until the date first.
    let late = reading(&terms, spent(STRETCH as u32), STRETCH, STRETCH - 3);
    let take = |wait| late.take(&terms, 1, wait, at(STRETCH - 3));
    assert_eq!(
        [take(0), take(2), take(3)],
        [short(1, 3), short(1, 1), short(1, 0)]
    );
    assert_eq!(take(4), granted(STRETCH as u32 + 1, 1));
}

#[test]
fn who_acts_later_spends_what_runs_over() {
    // Three drops a microsecond, of which up to two are passed besides: of 10, 10 and 2 more are spent.
    let terms = fixed(3, 1_000, 10, 10, None);
    let reading = reading(&terms, spent(2_999), 1_000, 1_000);
    let take = |tokens| reading.take(&terms, tokens, 3, at(1_000));
    let granted = |to, drops: u64| Taking::Granted {
        to: spent(to),
        wait: if drops == 0 {
            Passage::NONE
        } else {
            passage(drops, 3)
        },
    };
    assert_eq!(take(10), granted(3_009 + 2, 9));
    assert_eq!(take(9), granted(3_008 + 1, 8));
    assert_eq!(take(8), granted(3_007, 7));
    // Not who takes at once.
    assert_eq!(take(1), granted(3_000, 0));
}

#[test]
fn an_unasked_bucket_begins_with_whoever_does_not_get_what_he_asks_for() {
    let terms = one_a_micro(1);
    let unasked = Reading::of(&terms, Spent::from_bits(0), Dated::from_bits(0), at(1_000));
    assert_eq!(unasked.tokens(&terms), 1);
    let take = |tokens, wait| unasked.take(&terms, tokens, wait, at(1_000));
    assert_eq!(
        take(1, 0),
        Taking::Granted {
            to: spent(1_000),
            wait: Passage::NONE
        }
    );
    assert_eq!(take(2, 9), Taking::Begins(spent(999)));
}

#[test]
fn as_new_is_unasked_or_full_where_a_new_one_is() {
    for (initial, full_is_new) in [(4, true), (3, false), (0, false)] {
        let terms = one_a_micro(initial);
        let is = |spent| reading(&terms, spent, 1_000, 1_000).is_pristine(&terms);
        assert!(is(Spent::from_bits(0)));
        assert_eq!(is(spent(996)), full_is_new);
        assert!(!is(spent(997)));
        let stale = reading(&terms, spent(1_000), 1_000, 1_000 + 3 * STRETCH);
        assert_eq!(stale.is_pristine(&terms), full_is_new);
    }
}

/// The way that most calls take: wherever it answers, it answers the same.
#[test]
fn in_the_stretch_of_the_date_nothing_is_different() {
    let terms = one_a_micro(1);
    let now = 5 * STRETCH + 1_000;
    for index in [0, 900, 996, 997, 999, 1_000, 1_001, 2_000] {
        for dated in [now, 5 * STRETCH, 6 * STRETCH - 1] {
            let seen = Dated::of(at(dated), terms.stretches());
            let word = spent(5 * STRETCH as u32 + index);
            let quick = Reading::in_stretch(&terms, word, seen, at(now)).expect("the same stretch");
            assert_eq!(quick, Reading::of(&terms, word, seen, at(now)));
            assert_eq!(quick.date, at(now));
        }
        for dated in [4 * STRETCH, 5 * STRETCH - 1, 6 * STRETCH] {
            let seen = Dated::of(at(dated), terms.stretches());
            assert_eq!(Reading::in_stretch(&terms, spent(index), seen, at(now)), None);
        }
    }
    let seen = Dated::of(at(now), terms.stretches());
    assert_eq!(
        Reading::in_stretch(&terms, Spent::from_bits(0), seen, at(now)),
        None
    );
    assert_eq!(
        Reading::in_stretch(&terms, spent(0), Dated::from_bits(0), at(0)),
        None
    );
}
