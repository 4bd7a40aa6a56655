//! Each step at its boundaries, at the widths that ship.

use super::*;

type RealWord = Word<Real>;
type RealDeadline = Deadline<Real>;

const ZERO: RealWord = Word::from_bits(0);
const LAST_TICK: u64 = (1 << 46) - 1;

fn all_fields_full(phase: u32) -> RealWord {
    Word::from_bits((phase << 29) | ((1 << 29) - 1))
}

#[test]
fn zero_words_are_a_closed_breaker_with_its_timer_set() {
    assert_eq!(ZERO.state(), State::Closed);
    assert!(ZERO.is_closed());
    assert_eq!(
        (ZERO.generation(), ZERO.attempt(), ZERO.failures(), ZERO.tag()),
        (0, 0, 0, 0)
    );
    assert!(Low::<Real>::from_bits(0).is_set_for(ZERO));
    assert!(High::<Real>::from_bits(0).is_set_for(ZERO));
}

#[test]
fn the_fields_lie_where_the_comment_says() {
    let closed = Word::<Real>::from_bits(5 << 20 | 3 << 16 | 2 << 14 | 77);
    assert_eq!(
        (
            closed.generation(),
            closed.attempt(),
            closed.failures(),
            closed.tag()
        ),
        (5, 3, 77, 3)
    );
    let half_open = Word::<Real>::from_bits(3 << 29 | 511 << 20 | 2 << 12 | 7 << 8 | 5 << 4 | 9);
    assert_eq!(half_open.state(), State::HalfOpen);
    assert_eq!(
        (
            half_open.late(),
            half_open.successes(),
            half_open.failed_probes(),
            half_open.in_flight()
        ),
        (2, 7, 5, 9)
    );
    // 3 * 39 - 64.
    let recovering = Word::<Real>::from_bits(1 << 29 | 3 << 8 | 200);
    assert_eq!(recovering.state(), State::Recovering);
    assert_eq!((recovering.failures(), recovering.rank()), (200, 53));
    let open = Word::<Real>::from_bits(2 << 29);
    assert_eq!((open.state(), open.is_closed()), (State::Open, false));
    assert!(Word::<Real>::from_bits((1 << 29) - 1).is_closed());
}

#[test]
fn the_failures_in_a_row_are_counted_and_forgotten() {
    let one = ZERO.with_failure();
    assert_eq!(one.failures(), 1);
    assert_eq!(one.without_failures(), ZERO);
    let most = Word::<Real>::from_bits(RealWord::MOST_FAILURES - 1).with_failure();
    assert_eq!(most.failures(), RealWord::MOST_FAILURES);
    assert_eq!(most.generation(), 0, "the count stays in its field");
    assert_eq!(
        all_fields_full(0).without_failures().bits(),
        (1 << 29) - (1 << 14)
    );
}

#[test]
fn opening_carries_the_attempt_and_the_middle_of_the_deadline() {
    let deadline = RealDeadline::after(0x1234_5678_9abc, 0);
    let open = ZERO.with_failure().opened(3, deadline);
    assert_eq!(
        (open.state(), open.generation(), open.attempt()),
        (State::Open, 1, 3)
    );
    assert_eq!(open.bits() & 0x3fff, (0x5678_9abc_u32 & 0x3fff_ffff) >> 16);
    // From the last generation to the first.
    let round = all_fields_full(2).opened(15, deadline);
    assert_eq!(
        (round.state(), round.generation(), round.attempt()),
        (State::Open, 0, 15)
    );
    assert_eq!(round.tag(), (all_fields_full(2).tag() + 1) & 3);
}

#[test]
fn the_last_attempt_stays() {
    assert_eq!(ZERO.next_attempt(), 1);
    assert_eq!(ZERO.closed(14).next_attempt(), 15);
    assert_eq!(ZERO.closed(15).next_attempt(), 15);
}

#[test]
fn a_half_open_period_begins_with_one_probe_and_no_counts() {
    let open = ZERO.opened(4, RealDeadline::after(LAST_TICK, 0));
    let first = open.half_opened();
    assert_eq!(
        (
            first.state(),
            first.generation(),
            first.attempt(),
            first.late(),
            first.successes(),
            first.in_flight()
        ),
        (State::HalfOpen, 2, 4, 0, 0, 1)
    );
}

#[test]
fn probes_take_slots_and_only_the_last_begins_an_instance() {
    let first = ZERO.opened(0, RealDeadline::after(0, 0)).half_opened();
    let second = first.probed();
    assert_eq!(second.in_flight(), 2);
    assert!(second.same_instance(first));
    assert!(!second.same_instance(first.closed(0)));
    assert_eq!(second.tag(), first.tag());
    let filled = second.filled();
    assert_eq!((filled.in_flight(), filled.generation()), (3, first.generation()));
    assert!(!filled.same_instance(first));
    assert_eq!(filled.tag(), (first.tag() + 1) & 3);
    // The fill comes round without touching its neighbours.
    let mut word = first;
    for _ in 0..4 {
        word = word.released().filled();
    }
    assert_eq!(word, first);
    assert_eq!(first.released().in_flight(), 0);
    assert_eq!(
        first.released().released().in_flight(),
        0,
        "no slot is given back twice"
    );
}

#[test]
fn a_new_round_keeps_what_counts_for_the_verdict() {
    let period = ZERO
        .opened(2, RealDeadline::after(0, 0))
        .half_opened()
        .with_success()
        .with_success();
    let round = period.renewed();
    assert_eq!(
        (
            round.generation(),
            round.late(),
            round.successes(),
            round.in_flight(),
            round.attempt()
        ),
        (period.generation() + 1, 1, 2, 1, 2)
    );
    assert_eq!(round.renewed().renewed().late(), 3);
    assert_eq!(round.renewed().renewed().renewed().late(), 3, "stays at the last");
}

#[test]
fn closing_begins_a_generation_and_forgets_the_counts() {
    let half_open = ZERO
        .opened(1, RealDeadline::after(0, 0))
        .half_opened()
        .with_success();
    let closed = half_open.closed(half_open.next_attempt());
    assert_eq!(
        (
            closed.state(),
            closed.generation(),
            closed.attempt(),
            closed.failures()
        ),
        (State::Closed, 3, 2, 0)
    );
    assert_eq!(all_fields_full(0).closed(0).generation(), 0);
}

#[test]
fn generations_are_counted_round_the_end() {
    let last = all_fields_full(0);
    assert_eq!(last.closed(0).generations_since(last), 1);
    assert_eq!(last.generations_since(last.closed(0)), 511);
    assert_eq!(last.generations_since(last), 0);
}

#[test]
fn every_new_instance_moves_the_tag_on_by_one() {
    let deadline = RealDeadline::after(0, 0);
    let mut word = ZERO;
    for turn in 0..2_000_u32 {
        let tag = word.tag();
        word = match (word.state(), turn % 3) {
            (State::Closed, _) => word.opened(0, deadline),
            (State::Open, _) => word.half_opened(),
            (State::HalfOpen, 0) => word.filled(),
            (State::HalfOpen, 1) => word.renewed(),
            (State::HalfOpen, _) => {
                for forced in [word.closed(0), word.forced_open(), word.disabled()] {
                    assert_eq!(forced.tag(), (tag + 1) & 3);
                }
                word.recovering(0)
            }
            (State::Recovering, _) => word.ramped(),
            (state, _) => unreachable!("{state:?}"),
        };
        assert_eq!(word.tag(), (tag + 1) & 3);
    }
}

#[test]
fn a_deadline_is_over_at_its_own_tick() {
    for start in [
        0,
        1,
        1 << 30,
        (1 << 30) - 1,
        LAST_TICK,
        LAST_TICK - 5,
        u64::MAX - 3,
    ] {
        let deadline = RealDeadline::after(start, 10);
        assert_eq!(deadline.left(start), Some(10));
        assert_eq!(deadline.left(start.wrapping_add(9)), Some(1));
        assert_eq!(deadline.left(start.wrapping_add(10)), None);
        assert_eq!(deadline.left(start.wrapping_add(11)), None);
    }
}

#[test]
fn nothing_further_ahead_than_the_reach_is_waited_for() {
    let reach = RealDeadline::REACH;
    assert_eq!(reach, 1 << 29);
    let deadline = RealDeadline::after(0, reach);
    assert_eq!(deadline.left(0), Some(reach));
    assert_eq!(
        deadline.left(LAST_TICK),
        None,
        "one tick before, it is further ahead than the reach"
    );
    assert_eq!(RealDeadline::LONGEST_WAIT, (1 << 28) - (1 << 16) - 1);
}

#[test]
fn the_words_together_hold_the_whole_deadline() {
    for ticks in [
        0,
        1,
        0xffff,
        0x1_0000,
        (1 << 30) - 1,
        1 << 30,
        0x1234_5678_9abc,
        LAST_TICK,
    ] {
        let deadline = RealDeadline::after(ticks, 0);
        let (low, high) = (
            Low::from_bits(0).next(deadline),
            High::from_bits(0).next(deadline),
        );
        for word in [ZERO.opened(0, deadline), ZERO.closed(0)] {
            assert!(low.is_set_for(word) && high.is_set_for(word));
            assert_eq!(RealDeadline::read(word, low, high), deadline);
        }
    }
}

#[test]
fn a_timer_word_is_set_for_one_instance_in_four() {
    let deadline = RealDeadline::after(LAST_TICK, 0);
    let (mut low, mut high) = (Low::<Real>::from_bits(0), High::<Real>::from_bits(0));
    let mut word = ZERO;
    for _ in 0..70_000 {
        word = word.closed(0);
        assert!(!low.is_set_for(word) && !high.is_set_for(word));
        (low, high) = (low.next(deadline), high.next(deadline));
        assert!(low.is_set_for(word) && high.is_set_for(word));
    }
    assert_ne!(
        High::<Real>::from_bits(0).next(deadline).bits(),
        (0..5)
            .fold(High::<Real>::from_bits(0), |high, _| high.next(deadline))
            .bits(),
        "four instances later the high word is another, though its deadline is the same"
    );
}

#[test]
fn a_helper_never_shortens_an_opening_and_lengthens_it_by_less_than_65536_ticks() {
    let furthest = 1 << 28;
    for made in [
        0,
        0xffff,
        0x1_0000,
        (1 << 30) - 1,
        LAST_TICK - 3,
        0x2aaa_aaaa_aaaa_u64,
    ] {
        for wait in [0, 1, 0xffff, RealDeadline::LONGEST_WAIT] {
            // The maker's clock may be within a tick, which it then does not count.
            for begun in [0, 1] {
                let own = RealDeadline::after(made + begun, wait);
                let open = ZERO.opened(0, own);
                let over = made + begun + u64::from(wait);
                // The helper's clock: the maker's, and as far behind and ahead as is documented.
                for seen in [made, made.wrapping_sub(furthest), over, over + furthest] {
                    let helped = RealDeadline::of_opening(seen, open);
                    let longer = helped.ticks.wrapping_sub(own.ticks) & LAST_TICK;
                    assert!(longer < 1 << 16, "{made:#x} {wait:#x} {seen:#x}: {longer:#x}");
                }
            }
        }
    }
}

#[test]
fn high_follows_low_across_the_border_between_them() {
    // Low was set to just past a border by one caller; another, whose own deadline is just before it, sets high.
    let others = RealDeadline::after((1 << 30) + 2, 0);
    let low = Low::from_bits(0).next(others);
    assert_eq!(RealDeadline::after((1 << 30) - 3, 0).agreeing_with(low), others);
    let before = Low::from_bits(0).next(RealDeadline::after((1 << 30) - 3, 0));
    assert_eq!(
        others.agreeing_with(before),
        RealDeadline::after((1 << 30) - 3, 0)
    );
}
