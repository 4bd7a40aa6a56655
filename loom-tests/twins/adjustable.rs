//! What is wrong with a bucket whose rate changes: with whoever changes it, and with whoever asks meanwhile.

use super::Twin;

/// What is left at the switch.
const LEFT: &str = "let left = if spent.is_set() { reading.rebased(&terms) } else { spent };";
/// The new terms.
const BEGINNING: &str = "let slot = Slot::beginning(step, burst, reading.date, reading.goes_on(&terms));";
/// The idle slot is written.
const STORES: &str = "for (word, value) in slot.to_words::<W>().into_iter().enumerate() { memory.store(Place::Slot { slot: idle, word }, value)?; }";
const LAST: &str = "Ok(won.then_some(()))";

pub const CHANGE: &[Twin] = &[
    // Nobody knows since when the terms hold.
    Twin {
        name: "adjustable_no_since",
        changes: &[(
            BEGINNING,
            "let slot = Slot::beginning(step, burst, reading.date, reading.goes_on(&terms)); \
             let slot = Slot { since: Instant::from_micros(0), ..slot };",
        )],
    },
    // What the old burst could not hold is there when the new one is larger.
    Twin {
        name: "adjustable_no_cap",
        changes: &[(LEFT, "let left = spent;")],
    },
    // Whoever changes the terms asks the clock once, and not again when somebody comes between.
    Twin {
        name: "adjustable_stale_clock",
        changes: &[
            (
                "let spent = Spent::<W>::from_bits(memory",
                "let mut held = None; loop { let spent = Spent::<W>::from_bits(memory",
            ),
            (
                "let now = memory.now()?; let reading",
                "let now = match held { Some(now) => now, None => memory.now()? }; \
                 held = Some(now); let reading",
            ),
            ("{ return Ok(None); }", "{ continue; }"),
            (LAST, "if won { return Ok(Some(())); } }"),
        ],
    },
    // Two may change the terms at a time.
    Twin {
        name: "adjustable_no_busy",
        changes: &[("if spent & BUSY != 0 { return Ok(Some(Err(Busy))); }", "")],
    },
    // Nothing in the word tells that the terms have changed: the slot that is live is written over.
    Twin {
        name: "adjustable_no_generation",
        changes: &[
            (
                "let idle = generation::<W>(spent.bits()) & 1 ^ 1;",
                "let idle = generation::<W>(spent.bits()) & 1;",
            ),
            (
                "let to = changed::<W>(left.bits());",
                "let to = left.bits() & !BUSY;",
            ),
        ],
    },
    // A change begins a bucket that nobody has asked.
    Twin {
        name: "adjustable_begins",
        changes: &[(LEFT, "let left = reading.rebased(&terms);")],
    },
    // The slot is written when everybody goes by it already.
    Twin {
        name: "adjustable_slot_last",
        changes: &[
            (STORES, ""),
            (
                LAST,
                "if won { for (word, value) in slot.to_words::<W>().into_iter().enumerate() { \
                     memory.store(Place::Slot { slot: idle, word }, value)?; \
                 } } \
                 Ok(won.then_some(()))",
            ),
        ],
    },
    // The index begins anew at the clock's zero.
    Twin {
        name: "adjustable_no_phase",
        changes: &[(
            BEGINNING,
            "let slot = Slot { phase: 0, ..Slot::beginning(step, burst, reading.date, reading.goes_on(&terms)) };",
        )],
    },
];

pub const PROTOCOL: &[Twin] = &[
    // A refusal takes no second look: it may go by a mixture of two terms.
    Twin {
        name: "adjustable_refused_at_first_look",
        changes: &[(
            "let stands = stands::<M, S>(memory, *spent)?; return Ok(stands.then(|| Err(refusal(wait, more))));",
            "return Ok(Some(Err(refusal(wait, more))));",
        )],
    },
    // Something is given back while the terms change.
    Twin {
        name: "adjustable_refund_while_busy",
        changes: &[(
            "if !spent.is(receipt.after) || spent.bits() & S::Widths::BUSY != 0 { return Ok(Some(0)); }",
            "if !spent.is(receipt.after) { return Ok(Some(0)); }",
        )],
    },
];
