//! What is wrong with the bulkheads: with the protocol of the one word, with that of the waiting room, with what its words
//! come to.

use super::Twin;

pub const ALONE: &[Twin] = &[
    // Counted first, and taken back if that was too many.
    Twin {
        name: "one_entered_then_undone",
        changes: &[(
            "match word.entered(places, share) {",
            "let more = Word::from_bits(word.bits().wrapping_add(places)); \
             if word.entered(places, share).is_err() && more.in_flight() > word.in_flight() { \
                 if !memory.swap_if((), word.bits(), more.bits(), Ordering::Acquire)? { return Ok(None); } \
                 loop { \
                     let now = Word::from_bits(memory.load((), Ordering::Relaxed)?); \
                     if memory.swap_if((), now.bits(), now.bits().wrapping_sub(places), Ordering::Relaxed)? { break; } \
                 } \
             } \
             match word.entered(places, share) {",
        )],
    },
    // Who loses the race enters all the same.
    Twin {
        name: "one_entered_unseen",
        changes: &[("Ok(won.then_some(Ok(to)))", "let _ = won; Ok(Some(Ok(to)))")],
    },
    // What was read is written back with one fewer, whatever stands there.
    Twin {
        name: "one_left_stored",
        changes: &[(
            "memory.subtract(places, Ordering::Release)",
            "let to = memory.load((), Ordering::Relaxed)?.wrapping_sub(places); \
             while !memory.swap_if((), memory.load((), Ordering::Relaxed)?, to, Ordering::Release)? {} \
             Ok(())",
        )],
    },
    // The same with another limit.
    Twin {
        name: "one_resized_stored",
        changes: &[(
            "let won = memory.swap_if((), word.bits(), word.resized(limit).bits(), Ordering::Relaxed)?;",
            "while !memory.swap_if( \
                 (), memory.load((), Ordering::Relaxed)?, word.resized(limit).bits(), Ordering::Relaxed, \
             )? {} \
             let won = true;",
        )],
    },
    // A bulkhead that is being shrunk is not left.
    Twin {
        name: "one_left_within_limit_only",
        changes: &[(
            "memory.subtract(places, Ordering::Release)",
            "loop { \
                 let word = Word::from_bits(memory.load((), Ordering::Relaxed)?); \
                 if word.in_flight() <= word.limit() { return memory.subtract(places, Ordering::Release); } \
             }",
        )],
    },
];

/// The protocol of the waiting room as it ships, for twins of what its words come to.
pub const PROTOCOL_SAME: &[Twin] = &[Twin {
    name: "waiting_as_it_ships",
    changes: &[],
}];

/// And the words as they ship, for twins of the protocol.
pub const WORD_SAME: &[Twin] = &[Twin {
    name: "waiting_word_as_it_ships",
    changes: &[],
}];

/// Who collects, and who gives up, takes his waker out first.
const COLLECTS: &str = "let _dropped_when_all_is_done = room.take(ticket.seat(room.seats()))?; \
                        let won = seat.swap(room, ticket, to, Ordering::AcqRel)?;";
const GIVES_UP: &str = "let _dropped_when_all_is_done = room.take(ticket.seat(room.seats()))?; \
                        let gave_up = Seat::waiting(ticket).swap(room, ticket, Seat::FREE, Ordering::Release)?;";

/// Who hands over gives, takes the waker out, is done with the seat, and wakes.
const GIVE: &str = "if !Seat::waiting(ticket).swap(room, ticket, waking, Ordering::AcqRel)? { \
                    return Ok(Some(Go(Step::Leave))); } let waker = room.take(ticket.seat(room.seats()))?;";
const GIVEN: &str = "if !waking.swap(room, ticket, Seat::granted(ticket), Ordering::Release)? { \
                     gone.swap(room, ticket, Seat::FREE, Ordering::AcqRel)?; }";
const WAKE: &str = "room.wake(waker)?;";

/// Whoever trims holds the seat closed.
const CLOSES: &str = "&& Seat::FREE.swap(room, ticket, closed, Ordering::Acquire)? {";
const OPENS: &str = "closed.swap(room, ticket, Seat::FREE, Ordering::Release)?; return Ok(true);";

/// A place that is given back with a queue there is kept in hand.
const TAKES_HEAD: &str = "let won = gate.swap(room, gate.without_head(), Ordering::Acquire)?; \
                          return Ok(won.then_some(Left::InHand(gate.head())));";

pub const PROTOCOL: &[Twin] = &[
    // Counted first, and taken back if that was too many.
    Twin {
        name: "entered_then_undone",
        changes: &[(
            "match word::admit(gate.limit(), gate.in_flight(), places, share) {",
            "let admitted = word::admit(gate.limit(), gate.in_flight(), places, share); \
             if admitted.is_err() { \
                 if !gate.swap(room, gate.entered(1), Ordering::Acquire)? { return Ok(None); } \
                 loop { \
                     let now = Gate::<R::Widths>::load(room)?; \
                     if now.swap(room, now.left(1), Ordering::Relaxed)? { break; } \
                 } \
             } \
             match admitted {",
        )],
    },
    // Who loses the race enters all the same.
    Twin {
        name: "entered_unseen",
        changes: &[(
            "Ok(won.then_some(Ok(to.in_flight())))",
            "let _ = won; Ok(Some(Ok(to.in_flight())))",
        )],
    },
    // The claim of a seat is not looked at.
    Twin {
        name: "claimed_unseen",
        changes: &[(
            "return Ok(won.then_some(Go(Step::LineUp(ticket))));",
            "let _ = won; return Ok(Some(Go(Step::LineUp(ticket))));",
        )],
    },
    // Nobody gets another's ticket into the queue: he is waited for.
    Twin {
        name: "claimer_waited_for",
        changes: &[(
            "if seat != Seat::waiting(ticket) && !is_any_free(room, gate)? {",
            "if seat == Seat::waiting(ticket) { return Ok(None); } if !is_any_free(room, gate)? {",
        )],
    },
    // A seat that is taken is the end of the queue.
    Twin {
        name: "full_at_taken_seat",
        changes: &[("&& !is_any_free(room, gate)? {", "{")],
    },
    // Somebody lines up though a place has come free.
    Twin {
        name: "lines_up_before_free_place",
        changes: &[(
            "gate.length() < room.seats() && !gate.is_free()",
            "gate.length() < room.seats()",
        )],
    },
    // A ticket is taken to be in the queue, though the CAS that puts it there was lost.
    Twin {
        name: "lined_up_unseen",
        changes: &[(
            "return Ok(won.then_some(Done(Outcome::Queued(ticket))));",
            "let _ = won; return Ok(Some(Done(Outcome::Queued(ticket))));",
        )],
    },
    // A ticket that is in the queue already is not confirmed.
    Twin {
        name: "queued_unconfirmed",
        changes: &[(
            "let won = gate.swap(room, to, Ordering::Release)?; \
             return Ok(won.then_some(Done(Outcome::Queued(ticket))));",
            "let won = is_queued || gate.swap(room, to, Ordering::Release)?; \
             return Ok(won.then_some(Done(Outcome::Queued(ticket))));",
        )],
    },
    // Who withdraws does not look whether he was given a place.
    Twin {
        name: "withdraws_unseen",
        changes: &[(
            "let withdrew = Seat::waiting(ticket).swap(room, ticket, Seat::FREE, Ordering::Release)?;",
            "Seat::waiting(ticket).swap(room, ticket, Seat::FREE, Ordering::Release)?; let withdrew = true;",
        )],
    },
    // The seat is not looked at after the waker is there.
    Twin {
        name: "checks_before_registering",
        changes: &[(
            "if Seat::load(room, ticket, Ordering::Relaxed)? == waiting { \
             return Ok(Some(Done(Outcome::Queued(ticket)))); } }",
            "return Ok(Some(Done(Outcome::Queued(ticket)))); }",
        )],
    },
    // The waker is taken out when the seat is free already: by who was given a place.
    Twin {
        name: "collects_waker_last",
        changes: &[(
            COLLECTS,
            "let won = seat.swap(room, ticket, to, Ordering::AcqRel)?; \
             if won { room.take(ticket.seat(room.seats()))?; }",
        )],
    },
    // And by who gives up.
    Twin {
        name: "cancels_waker_last",
        changes: &[(
            GIVES_UP,
            "let gave_up = Seat::waiting(ticket).swap(room, ticket, Seat::FREE, Ordering::Release)?; \
             room.take(ticket.seat(room.seats()))?;",
        )],
    },
    // Who was given a place frees the seat while the giver is still at the waker.
    Twin {
        name: "gone_skipped",
        changes: &[(
            "_ if seat == waking => Seat::gone(ticket),",
            "_ if seat == waking => Seat::FREE,",
        )],
    },
    // The giver is taken to be done with the waker before he is.
    Twin {
        name: "waking_skipped",
        changes: &[
            (
                GIVE,
                "if !Seat::waiting(ticket).swap(room, ticket, Seat::granted(ticket), Ordering::Release)? { \
                 return Ok(Some(Go(Step::Leave))); } let waker = room.take(ticket.seat(room.seats()))?;",
            ),
            (GIVEN, ""),
        ],
    },
    // A seat whose owner has gone is nobody's to free.
    Twin {
        name: "gone_for_ever",
        changes: &[(
            "gone.swap(room, ticket, Seat::FREE, Ordering::AcqRel)?;",
            "let _ = gone;",
        )],
    },
    // Who gives up closes his seat whatever it says.
    Twin {
        name: "mark_unchecked",
        changes: &[(
            GIVES_UP,
            "room.take(ticket.seat(room.seats()))?; \
             let gave_up = Seat::load(room, ticket, Ordering::Relaxed)? == Seat::waiting(ticket); \
             while gave_up \
                 && !Seat::load(room, ticket, Ordering::Relaxed)?.swap(room, ticket, Seat::FREE, Ordering::Release)? {}",
        )],
    },
    // Who gives up keeps the place that he was given.
    Twin {
        name: "cancel_keeps_grant",
        changes: &[(
            "Ok(Some(Go(if gave_up {",
            "if !gave_up { \
                 while collect(room, ticket)?.is_none() {} \
                 return Ok(Some(Done(Outcome::Left))); \
             } \
             Ok(Some(Go(if gave_up {",
        )],
    },
    // Who gives up leaves the holes to others.
    Twin {
        name: "never_tidies",
        changes: &[("if times > 0 && trim(room, gate)? {", "if false {")],
    },
    Twin {
        name: "tidies_head_only",
        changes: &[("(gate.last(), gate.without_last()),", "")],
    },
    Twin {
        name: "tidies_last_only",
        changes: &[("(gate.head(), gate.without_head()),", "")],
    },
    // A hole is taken out while somebody may come and sit there.
    Twin {
        name: "tidies_open_seat",
        changes: &[(CLOSES, "{"), (OPENS, "return Ok(true);")],
    },
    // The seat is open again before the gate says so.
    Twin {
        name: "opened_before_gate",
        changes: &[
            (
                CLOSES,
                "&& Seat::FREE.swap(room, ticket, closed, Ordering::Acquire)? { \
                 closed.swap(room, ticket, Seat::FREE, Ordering::Release)?;",
            ),
            (OPENS, "return Ok(true);"),
        ],
    },
    // A leaver only ever lowers what is in flight.
    Twin {
        name: "never_passes_on",
        changes: &[("if gate.passes_on() {", "if false {")],
    },
    // The place is given back before it is taken for the head of the queue.
    Twin {
        name: "left_before_passed_on",
        changes: &[(
            TAKES_HEAD,
            "if !gate.swap(room, gate.left(1), Ordering::Acquire)? { return Ok(None); } \
             loop { \
                 let now = Gate::<R::Widths>::load(room)?; \
                 if now.length() == 0 || now.in_flight() >= now.limit() { return Ok(Some(Left::Gone(1))); } \
                 if now.swap(room, now.entered(1).without_head(), Ordering::Acquire)? { \
                     return Ok(Some(Left::InHand(now.head()))); \
                 } \
             }",
        )],
    },
    // Two leavers hand over to the same head.
    Twin {
        name: "head_taken_unseen",
        changes: &[(
            TAKES_HEAD,
            "gate.swap(room, gate.without_head(), Ordering::Acquire)?; \
             return Ok(Some(Left::InHand(gate.head())));",
        )],
    },
    // The head is given its place, and stays in the queue.
    Twin {
        name: "head_stays",
        changes: &[(
            TAKES_HEAD,
            "let won = gate.swap(room, gate, Ordering::Acquire)?; \
             return Ok(won.then_some(Left::InHand(gate.head())));",
        )],
    },
    // A place for a hole is lost.
    Twin {
        name: "hole_takes_place",
        changes: &[(
            GIVE,
            "if !Seat::waiting(ticket).swap(room, ticket, waking, Ordering::AcqRel)? { \
             return Ok(Some(Done(Outcome::Left))); } let waker = room.take(ticket.seat(room.seats()))?;",
        )],
    },
    // Woken first, given then.
    Twin {
        name: "wakes_before_giving",
        changes: &[
            (WAKE, ""),
            (
                GIVE,
                "let waker = room.take(ticket.seat(room.seats()))?; room.wake(waker)?; \
                 if !Seat::waiting(ticket).swap(room, ticket, waking, Ordering::AcqRel)? { \
                 return Ok(Some(Go(Step::Leave))); }",
            ),
        ],
    },
    // Given, and nobody is woken.
    Twin {
        name: "never_wakes",
        changes: &[(WAKE, "let _ = waker;")],
    },
    // Whoever waits at the seat gets the place, whatever his ticket.
    Twin {
        name: "no_ticket_compared",
        changes: &[
            (
                "let (waking, gone) = (Seat::waking(ticket), Seat::gone(ticket));",
                "let seen = Seat::load(room, ticket, Ordering::Relaxed)?.bits(); \
                 let state = |state| Seat::from_bits(seen & !7 | state); \
                 let (waking, gone) = (state(2), state(4));",
            ),
            (
                GIVE,
                "if !state(1).swap(room, ticket, waking, Ordering::AcqRel)? { \
                 return Ok(Some(Go(Step::Leave))); } let waker = room.take(ticket.seat(room.seats()))?;",
            ),
            (
                GIVEN,
                "if !waking.swap(room, ticket, state(3), Ordering::Release)? { \
                 gone.swap(room, ticket, Seat::FREE, Ordering::AcqRel)?; }",
            ),
        ],
    },
    // The waker is called while the seat is still to be freed.
    Twin {
        name: "wakes_holding_seat",
        changes: &[
            (WAKE, ""),
            (
                GIVE,
                "if !Seat::waiting(ticket).swap(room, ticket, waking, Ordering::AcqRel)? { \
                 return Ok(Some(Go(Step::Leave))); } \
                 let waker = room.take(ticket.seat(room.seats()))?; room.wake(waker)?;",
            ),
        ],
    },
    // A room that looks full is not trimmed.
    Twin {
        name: "full_untrimmed",
        changes: &[("let trimmed = trim(room, gate)?;", "let trimmed = false;")],
    },
    // The places of a raised limit are taken for those who wait, and given to nobody.
    Twin {
        name: "raised_for_nobody",
        changes: &[(
            "Ok(won.then_some(Resized::InHand { ticket: gate.head(), in_flight: to.in_flight(), }))",
            "let _ = won; Ok(None)",
        )],
    },
    // A step of a raise is not looked at.
    Twin {
        name: "raised_unseen",
        changes: &[(
            "Ok(won.then_some(Resized::InHand {",
            "let _ = won; Ok(Some(Resized::InHand {",
        )],
    },
];

pub const WORD: &[Twin] = &[
    // A limit is raised at once, past whoever waits.
    Twin {
        name: "raised_at_once",
        changes: &[(
            "if limit <= self.limit() || limit <= self.in_flight() || self.length() == 0 {",
            "if true {",
        )],
    },
    // A place is raised for, and whoever it is for stays in the queue.
    Twin {
        name: "raised_with_head",
        changes: &[(
            "Towards::One(self.limited(limit).entered(1).without_head())",
            "Towards::One(self.limited(limit).entered(1))",
        )],
    },
    // A place goes to nobody at the limit itself.
    Twin {
        name: "passes_on_below_limit",
        changes: &[(
            "self.length() > 0 && self.in_flight() <= self.limit()",
            "self.length() > 0 && self.in_flight() < self.limit()",
        )],
    },
    // A place is passed on though the limit was lowered.
    Twin {
        name: "passes_on_above_limit",
        changes: &[(
            "self.length() > 0 && self.in_flight() <= self.limit()",
            "self.length() > 0",
        )],
    },
    // All places are given back at once, past who waits.
    Twin {
        name: "leaves_past_limit",
        changes: &[("if self.length() == 0 || places <= most {", "if true {")],
    },
    // The next ticket is taken to be in the queue.
    Twin {
        name: "holds_next",
        changes: &[(
            "& Self::TICKETS < self.length()",
            "& Self::TICKETS <= self.length()",
        )],
    },
    // There is a place where the limit was lowered to what is inside.
    Twin {
        name: "free_at_limit",
        changes: &[(
            "self.length() == 0 && self.in_flight() < self.limit()",
            "self.length() == 0 && self.in_flight() <= self.limit()",
        )],
    },
];
