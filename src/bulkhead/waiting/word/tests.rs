use super::*;
use std::vec::Vec;

type Wide = Gate<Real>;

/// So many inside of so many, and a queue that begins there.
fn gate(limit: u32, in_flight: u32, head: u32, length: u32) -> Wide {
    Wide::from_bits(limit << 22 | in_flight << 12 | head << 6 | length)
}

fn fields(gate: Wide) -> (u32, u32, u32, u32) {
    (
        gate.limit(),
        gate.in_flight(),
        gate.head().number(),
        gate.length(),
    )
}

/// Every field at its ends, and in between.
fn corners() -> impl Iterator<Item = (u32, u32, u32, u32)> {
    let ten = [0, 1, 2, 511, 512, 1022, 1023];
    let heads = [0, 1, 31, 32, 62, 63];
    let lengths = [0, 1, 2, 31, 32];
    ten.into_iter().flat_map(move |limit| {
        ten.into_iter().flat_map(move |in_flight| {
            heads
                .into_iter()
                .flat_map(move |head| lengths.map(|length| (limit, in_flight, head, length)))
        })
    })
}

#[test]
fn a_field_is_what_was_put_there() {
    for (limit, in_flight, head, length) in corners() {
        assert_eq!(
            fields(gate(limit, in_flight, head, length)),
            (limit, in_flight, head, length)
        );
    }
    assert_eq!(fields(Wide::new(1023)), (1023, 0, 0, 0));
}

#[test]
fn a_change_changes_what_it_is_about_and_nothing_else() {
    for (limit, in_flight, head, length) in corners() {
        let before = gate(limit, in_flight, head, length);
        for places in [0, 1, 2, 511, 1023, u32::MAX] {
            let inside = in_flight.saturating_sub(places);
            assert_eq!(fields(before.left(places)), (limit, inside, head, length));
        }
        if in_flight < 1023 {
            assert_eq!(fields(before.entered(1)), (limit, in_flight + 1, head, length));
        }
        if length < 32 {
            assert_eq!(fields(before.joined()), (limit, in_flight, head, length + 1));
        }
        if length > 0 {
            assert_eq!(
                fields(before.without_head()),
                (limit, in_flight, (head + 1) % 64, length - 1)
            );
            assert_eq!(
                fields(before.without_last()),
                (limit, in_flight, head, length - 1)
            );
        }
    }
}

#[test]
fn the_queue_comes_round() {
    let queue = gate(5, 5, 62, 4);
    let tickets: Vec<u32> = (0..4).map(|number| queue.after_head(number).number()).collect();
    assert_eq!(tickets, [62, 63, 0, 1]);
    assert_eq!((queue.last().number(), queue.next().number()), (1, 2));
    for number in 0..64 {
        assert_eq!(queue.holds(Ticket(number)), tickets.contains(&number));
    }
    assert!((0..64).all(|number| !gate(5, 5, 62, 0).holds(Ticket(number))));
}

#[test]
fn a_ticket_sits_at_its_number_among_the_seats() {
    for seats in [1, 2, 4, 8, 16, 32] {
        for number in 0..64 {
            assert_eq!(Ticket(number).seat(seats), number % seats);
        }
    }
}

#[test]
fn a_place_passes_to_the_queue_unless_the_limit_is_passed() {
    assert!(gate(2, 2, 0, 1).passes_on());
    assert!(!gate(2, 2, 0, 0).passes_on());
    assert!(!gate(2, 3, 0, 1).passes_on());
    // All at once if nobody waits, otherwise down to the limit: the next ones are for the queue.
    assert_eq!(gate(2, 5, 0, 0).may_leave(4), 4);
    assert_eq!(gate(2, 5, 0, 1).may_leave(2), 2);
    assert_eq!(gate(2, 5, 0, 1).may_leave(4), 3);
    assert!(gate(2, 1, 0, 0).is_free());
    assert!(!gate(2, 2, 0, 0).is_free());
}

#[test]
fn a_limit_rises_past_the_queue_one_place_at_a_time() {
    let Towards::One(first) = gate(2, 2, 63, 2).towards(9) else {
        panic!("somebody waits");
    };
    assert_eq!(fields(first), (3, 3, 0, 1));
    let Towards::One(second) = first.towards(9) else {
        panic!("somebody waits");
    };
    assert_eq!(fields(second), (4, 4, 1, 0));
    let Towards::There(last) = second.towards(9) else {
        panic!("nobody waits any more");
    };
    assert_eq!(fields(last), (9, 4, 1, 0));
}

#[test]
fn a_limit_that_frees_no_place_is_set_at_once() {
    for (before, limit, after) in [
        (gate(2, 2, 0, 1), 1, (1, 2, 0, 1)),
        (gate(2, 4, 0, 1), 4, (4, 4, 0, 1)),
        (gate(2, 2, 0, 0), 1023, (1023, 2, 0, 0)),
        (gate(1023, 7, 0, 0), 0, (0, 7, 0, 0)),
    ] {
        match before.towards(limit) {
            Towards::There(to) => assert_eq!(fields(to), after),
            Towards::One(_) => panic!("nobody profits"),
        }
    }
    // More inside than the limit was, and than it becomes: none is handed over before that many have left.
    let Towards::One(to) = gate(2, 4, 0, 1).towards(6) else {
        panic!("somebody waits");
    };
    assert_eq!(fields(to), (5, 5, 1, 0));
}

#[test]
fn the_states_of_a_seat_differ_and_name_their_ticket() {
    let mut seen = std::vec![Seat::FREE];
    for number in 0..64 {
        let ticket = Ticket(number);
        for state in [
            Seat::waiting(ticket),
            Seat::waking(ticket),
            Seat::granted(ticket),
            Seat::gone(ticket),
            Seat::closed(ticket),
        ] {
            assert!(!seen.contains(&state));
            seen.push(state);
            assert_eq!(state.is_waiting(), state == Seat::waiting(ticket));
        }
    }
}
