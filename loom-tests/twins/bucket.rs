//! What is wrong with the token bucket: with its protocol, with what its words come to, with its terms.

use super::Twin;

/// The protocol as it ships, for twins of what it goes by.
pub const SAME: &[Twin] = &[Twin {
    name: "bucket_as_it_ships",
    changes: &[],
}];

/// Whoever grants writes `dated`.
const MOVES_DATED: &str = "if reading.moves(*dated) && !memory.swap_if( Place::Dated, dated.bits(), reading.dated.bits(), Ordering::Relaxed, )? { return Ok(None); }";

pub const PROTOCOL: &[Twin] = &[
    // Spent is written before dated.
    Twin {
        name: "spent_before_dated",
        changes: &[
            (MOVES_DATED, ""),
            (
                "Ok(if won { granted } else { None })",
                "if won && reading.moves(*dated) { \
                     memory.swap_if(Place::Dated, dated.bits(), reading.dated.bits(), Ordering::Release)?; \
                 } \
                 Ok(if won { granted } else { None })",
            ),
        ],
    },
    // Dated is read before spent.
    Twin {
        name: "dated_read_first",
        changes: &[
            (
                "let spent = Spent::from_bits(memory",
                "let dated = Dated::from_bits(memory.load(Place::Dated, Ordering::Acquire)?); \
                 let spent = Spent::from_bits(memory",
            ),
            (
                "let dated = Dated::from_bits(memory.load(Place::Dated, Ordering::Relaxed)?);",
                "",
            ),
        ],
    },
    // Spent is stored, whatever stands there.
    Twin {
        name: "spent_stored",
        changes: &[(
            "Ok(if won { granted } else { None })",
            "if !won { while !memory.swap_if( \
                 Place::Spent, memory.load(Place::Spent, Ordering::Relaxed)?, to.bits(), Ordering::Release, \
             )? {} } \
             Ok(granted)",
        )],
    },
    // Who loses the race for spent takes all the same.
    Twin {
        name: "spent_lost_unseen",
        changes: &[("Ok(if won { granted } else { None })", "let _ = won; Ok(granted)")],
    },
    // Dated is stored, whatever stands there.
    Twin {
        name: "dated_stored",
        changes: &[(
            MOVES_DATED,
            "if reading.moves(*dated) { while !memory.swap_if( \
                 Place::Dated, memory.load(Place::Dated, Ordering::Relaxed)?, reading.dated.bits(), Ordering::Relaxed, \
             )? {} }",
        )],
    },
    // Who loses the race for dated goes on all the same.
    Twin {
        name: "dated_lost_unseen",
        changes: &[(
            MOVES_DATED,
            "if reading.moves(*dated) { \
                 memory.swap_if(Place::Dated, dated.bits(), reading.dated.bits(), Ordering::Relaxed)?; \
             }",
        )],
    },
    // One word: nobody writes a date, and nobody reads one.
    Twin {
        name: "one_word",
        changes: &[
            (MOVES_DATED, ""),
            (
                "let dated = Dated::from_bits(memory.load(Place::Dated, Ordering::Relaxed)?);",
                "let dated = Dated::from_bits(0);",
            ),
        ],
    },
    // A bucket that nobody has asked is full.
    Twin {
        name: "full_at_first",
        changes: &[(
            "let reading = Reading::of(&seen.terms, seen.spent, seen.dated, seen.now);",
            "let full = ((seen.terms.position(seen.now) >> 32) as u32).wrapping_sub(seen.terms.burst()); \
             let set = if seen.spent.is_set() { seen.spent } else { seen.spent.at(full) }; \
             let reading = Reading::of(&seen.terms, set, seen.dated, seen.now);",
        )],
    },
    // A bucket that nobody has asked was emptied at the origin of the clock.
    Twin {
        name: "zero_at_first",
        changes: &[(
            "let reading = Reading::of(&seen.terms, seen.spent, seen.dated, seen.now);",
            "let reading = Reading::of(&seen.terms, seen.spent.at(seen.spent.index()), seen.dated, seen.now);",
        )],
    },
    // The first who does not get what he asks for leaves no trace: for him, and whoever comes after, it is always the first time.
    Twin {
        name: "never_begins",
        changes: &[(
            "Taking::Begins(to) => (to, None),",
            "Taking::Begins(_) => return Ok(Some(Err(refusal(Passage::NONE, 0)))),",
        )],
    },
    // A refusal takes no second look.
    Twin {
        name: "refused_at_first_look",
        changes: &[(
            "let stands = stands::<M, S>(memory, *spent)?; return Ok(stands.then(|| Err(refusal(wait, more))));",
            "return Ok(Some(Err(refusal(wait, more))));",
        )],
    },
    // Nor does who looks only.
    Twin {
        name: "looked_at_once",
        changes: &[("if !stands::<M, S>(memory, spent)? { return Ok(None); }", "")],
    },
    // So many tokens come back, whatever was taken since.
    Twin {
        name: "refund_by_count",
        changes: &[
            (
                "if !spent.is(receipt.after) || spent.bits() & S::Widths::BUSY != 0 { return Ok(Some(0)); }",
                "",
            ),
            (
                "let to = spent.at(Spent::<S::Widths>::from_bits(receipt.before).index());",
                "let to = spent.at(spent.index().wrapping_sub(receipt.tokens.wrapping_mul(terms.token().get())));",
            ),
        ],
    },
    // As many come back as still lie above what the receipt began with.
    Twin {
        name: "refund_while_there_is_room",
        changes: &[
            (
                "if !spent.is(receipt.after) || spent.bits() & S::Widths::BUSY != 0 { return Ok(Some(0)); }",
                "let before = Spent::<S::Widths>::from_bits(receipt.before).index(); \
                 let room = spent.index().wrapping_sub(before); \
                 if !spent.is_set() || room as i32 <= 0 { return Ok(Some(0)); }",
            ),
            (
                "let to = spent.at(Spent::<S::Widths>::from_bits(receipt.before).index());",
                "let back = room.min(receipt.tokens.wrapping_mul(terms.token().get())); \
                 let to = spent.at(spent.index().wrapping_sub(back));",
            ),
        ],
    },
    // A receipt is good however long ago it was given.
    Twin {
        name: "refund_of_any_age",
        changes: &[(
            "if is_full || age as u32 > terms.recognised_for() {",
            "if false {",
        )],
    },
    // A reset leaves dated where a wrong clock has put it.
    Twin {
        name: "reset_leaves_dated",
        changes: &[(
            "if dated.bits() != 0 && present.ahead_of(dated) < 0 {",
            "if false && present.ahead_of(dated) < 0 {",
        )],
    },
];

pub const WORD: &[Twin] = &[
    // A full bucket is dated down: what comes in within the microsecond is there twice.
    Twin {
        name: "dated_down",
        changes: &[(
            "let one = if is_whole { 0 } else { 1 << (32 - W::INDEX) };",
            "let one = 0; let _ = is_whole;",
        )],
    },
    // An old reading of the clock is a date, though dated names a later one.
    Twin {
        name: "old_date",
        changes: &[("date = seen.start_from(date, terms.stretches());", "")],
    },
    // Whoever looks at spent takes the nearest number, and not the largest that may be.
    Twin {
        name: "nearest",
        changes: &[(
            "if level >= terms.debt().wrapping_add(terms.burst()) { Self::Full",
            "if (level.wrapping_sub(terms.debt()) as i32) >= terms.burst() as i32 { Self::Full",
        )],
    },
    // What a full bucket cannot hold stays in it.
    Twin {
        name: "overflows",
        changes: &[(
            "Level::Full => self.index_up(terms).wrapping_sub(terms.burst()),",
            "Level::Full => self.spent.index(),",
        )],
    },
    // Nothing is spent for the drop that comes in before who waited acts.
    Twin {
        name: "no_slip",
        changes: &[(
            "let slip = drops.wrapping_add(terms.rounding()).saturating_sub(terms.burst());",
            "let slip = 0;",
        )],
    },
];

pub const TERMS: &[Twin] = &[
    // The bucket is taken to be full too late: spent has come round by then.
    Twin {
        name: "stale_too_late",
        changes: &[("stale: (stale as u32) << (32 - W::STRETCH),", "stale: !0,")],
    },
    // And too early: it is not full yet.
    Twin {
        name: "stale_too_early",
        changes: &[(
            "stale: (stale as u32) << (32 - W::STRETCH),",
            "stale: (stale as u32 / 2) << (32 - W::STRETCH),",
        )],
    },
    // Nobody is ahead by what comes in a stretch, or in a microsecond.
    Twin {
        name: "debt_without_stretch",
        changes: &[(
            "let debt = waited + ((most << log) >> Self::FRACTION) as u64 + 1 + rounding + 1;",
            "let debt = waited - rounding;",
        )],
    },
    // Nor by what comes in the longest wait.
    Twin {
        name: "debt_without_wait",
        changes: &[(
            "let debt = waited + ((most << log) >> Self::FRACTION) as u64 + 1 + rounding + 1;",
            "let debt = ((most << log) >> Self::FRACTION) as u64 + 1 + rounding + 1;",
        )],
    },
];
