use super::*;
use crate::breaker::word::{Deadline, Real};

const NEW: Era<Real> = Era::from_bits(0);
const CLOSED: Word<Real> = Word::from_bits(0);
const TEN_SECONDS: Shape = Shape::of(10_000, 16);

fn number(micros: u64) -> u32 {
    TEN_SECONDS.number::<Real>(Instant::from_micros(micros))
}

#[test]
fn the_fields_lie_where_the_comment_says() {
    let era = Era::<Real>::from_bits(1 << 14 | 300 << 5 | 17);
    assert_eq!(era.version(), 17);
    assert_eq!(Hand::<Real>::from_bits(5_000 << 3 | 5).number(), 5_000);
    // Bucket 5,000 of 16: round 312, which is 8 of 16.
    let tally = Tally::<Real>::from_bits(17 << 27 | 8 << 23 | 1_234);
    assert_eq!(tally.count(TEN_SECONDS.tag(era, 5_000)), 1_234);
    assert_eq!(tally.count(TEN_SECONDS.tag(era, 5_016)), 0, "the next round");
    assert_eq!(
        tally.count(TEN_SECONDS.tag(Era::<Real>::from_bits(16), 5_000)),
        0,
        "another version"
    );
    assert!(tally.is_of_version(era));
    assert_eq!(TEN_SECONDS.slot(5_000), 8);
    assert_eq!(Real::VERSION + Real::ROUND + Real::COUNT, 32);
    assert_eq!(Real::NUMBER + Real::TURN, 32);
}

#[test]
fn zero_words_count_for_nobody() {
    assert!(!NEW.is_of(CLOSED));
    assert!(Hand::from_bits(0).is_in(NEW));
    assert!(Tally::<Real>::from_bits(0).is_clear());
    let first = NEW.followed(CLOSED);
    assert!(first.is_of(CLOSED));
    assert_eq!(first.version(), 1);
}

#[test]
fn an_era_is_of_one_generation() {
    let era = NEW.followed(CLOSED);
    let later = CLOSED.opened(0, Deadline::after(0, 1)).half_opened().closed(1);
    assert!(!era.is_of(later));
    assert!(era.followed(later).is_of(later));
    assert!(!era.followed(later).is_of(CLOSED));
    let mut last = later;
    while last.generation() != 511 {
        last = last.closed(0);
    }
    let era = era.followed(last);
    assert!(era.is_of(last) && !era.is_of(last.closed(0)));
    assert!(era.followed(last.closed(0)).is_of(CLOSED), "generation 0 again");
}

#[test]
fn the_version_counts_modulo_32_and_the_turn_goes_with_it() {
    let (mut era, mut hand) = (NEW, Hand::from_bits(0));
    for version in 0..100 {
        assert_eq!(era.version(), version % 32);
        assert!(hand.is_in(era));
        assert!(
            hand.moved(7).is_in(era),
            "a hand that moves on stays in its version"
        );
        hand = hand.ahead(u32::MAX >> 3);
        assert_eq!(hand.number(), u32::MAX >> 3);
        assert!(!hand.is_in(era), "ahead of the era");
        era = era.followed(CLOSED);
    }
}

#[test]
fn the_whole_buckets_before_the_newest_cover_the_span() {
    for (millis, buckets, shift, window) in [
        (1, 2, 16, 2),
        (65, 2, 16, 2),
        (66, 2, 17, 2),
        (1, 32, 16, 2),
        (2_031, 32, 16, 32),
        (2_032, 32, 17, 17),
        (10_000, 16, 20, 11),
        (10_000, 32, 19, 21),
        (60_000, 8, 24, 5),
        (34_359_738, 2, 35, 2),
        (34_359_739, 2, 35, 3),
        (u32::MAX, 2, 35, 126),
    ] {
        let shape = Shape::of(millis, buckets);
        assert_eq!(
            (shape.shift, shape.window, shape.buckets),
            (shift, window, buckets),
            "{millis} ms in {buckets}"
        );
        assert_eq!(shape.covers(), window <= buckets);
        let whole = u64::from(window - 1) << shift;
        let span = u64::from(millis) * 1_000;
        assert!(
            whole >= span && whole < span + shape.bucket().as_micros(),
            "not a bucket more"
        );
    }
}

#[test]
fn a_reading_is_old_for_four_minutes_or_a_ring() {
    for (millis, buckets, reach) in [
        (10, 2, 1 << 12),
        (10_000, 16, 256),
        (160_000, 16, 16),
        (600_000, 16, 16),
        (60_000, 2, 4),
    ] {
        let shape = Shape::of(millis, buckets);
        assert_eq!(shape.reach, reach, "{millis} ms in {buckets}");
        let newest = 1_u64 << 50;
        let hand = Hand::<Real>::from_bits(0).moved(shape.number::<Real>(Instant::from_micros(newest)));
        let old = Instant::from_micros(newest - (1 << 28) + 1);
        assert_eq!(shape.step(hand, shape.number::<Real>(old)), Step::Stay);
    }
}

#[test]
fn a_number_is_the_clock_without_its_lowest_bits_and_comes_round() {
    assert_eq!(number(0), 0);
    assert_eq!(number((1 << 20) - 1), 0);
    assert_eq!(number(1 << 20), 1);
    assert_eq!(number((1 << 49) - 1), (1 << 29) - 1);
    assert_eq!(number(1 << 49), 0);
    assert_eq!(number(u64::MAX), (1 << 29) - 1);
    assert_eq!(TEN_SECONDS.before::<Real>(3, 5), (1 << 29) - 2);
    let longest = Shape::of(30_000_000, 2);
    assert_eq!(longest.shift, 35);
    assert_eq!(
        longest.number::<Real>(Instant::from_micros(u64::MAX)),
        (1 << 29) - 1
    );
}

#[test]
fn a_step_is_on_while_the_ring_lasts_and_away_beyond() {
    for newest in [0, 1, 15, 16, 1 << 28, (1 << 29) - 1] {
        let hand = Hand::<Real>::from_bits(0).moved(newest);
        let step = |ahead: i64| {
            let number = (i64::from(newest) + ahead).rem_euclid(1 << 29);
            TEN_SECONDS.step(hand, number as u32)
        };
        assert_eq!(step(0), Step::Stay);
        assert_eq!(step(-1), Step::Stay);
        assert_eq!(step(-256), Step::Stay);
        assert_eq!(step(-257), Step::Away);
        assert_eq!(step(1), Step::On(1));
        assert_eq!(step(15), Step::On(15));
        assert_eq!(step(16), Step::Away);
        assert_eq!(step(1 << 28), Step::Away);
    }
}

#[test]
fn a_tally_counts_to_its_last_and_keeps_its_tag() {
    let era = Era::<Real>::from_bits(31);
    let tag = TEN_SECONDS.tag(era, 255);
    let mut tally = Tally::<Real>::first(tag);
    assert_eq!(tally.bits(), 31 << 27 | 15 << 23 | 1);
    assert_eq!(tally.count(tag), 1);
    tally = tally.counted();
    assert_eq!(tally.count(tag), 2);
    let last = Tally::<Real>::from_bits(tally.bits() + 8_388_604);
    assert_eq!(last.count(tag), 8_388_606);
    assert!(last.counted().is_of(tag));
    assert_eq!(last.counted().count(tag), Tally::<Real>::MOST);
    assert_eq!(Tally::<Real>::MOST, 8_388_607);
}
