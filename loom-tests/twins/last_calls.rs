//! What is wrong with the last calls.

use super::Twin;

pub const TWINS: &[Twin] = &[
    // Nobody looks at the window after an outcome was written.
    Twin {
        name: "not_judged_after",
        changes: &[(
            "Ok(Some(if self.may_open::<M>(rules, cursor, next) { Recorded::Check } else { Recorded::Done }))",
            "Ok(Some(Recorded::Done))",
        )],
    },
    // Nor before one is.
    Twin {
        name: "not_judged_before",
        changes: &[
            (
                "if self.may_open::<M>(rules, cursor, strip) { let Some(counts)",
                "if false { let Some(counts)",
            ),
            ("strip.newest_is_bad() || strip.is_full()", "strip.is_full()"),
        ],
    },
    // A quick success is written on a failure that nobody has judged.
    Twin {
        name: "quick_success_not_judged",
        changes: &[("strip.newest_is_bad() || strip.is_full()", "strip.is_full()")],
    },
    // A success does not complete the minimum.
    Twin {
        name: "success_completes_nothing",
        changes: &[(
            "strip.newest_is_bad() || cursor.mode() == Mode::Counting && self.written::<M>(cursor, strip) == self.minimum(rules)",
            "strip.newest_is_bad()",
        )],
    },
    // A new generation begins on the same lap.
    Twin {
        name: "started_on_the_same_lap",
        changes: &[(
            "if !cursor.is_of(word) { self.move_cursor(memory, cursor, cursor.started(word))?; return Ok(None); }",
            "if !cursor.is_of(word) { \
                 let laps = ((1 << M::Widths::LAP) - 1) << M::Widths::INDEX; \
                 let next = Cursor::from_bits(cursor.started(word).bits() & !laps | cursor.bits() & laps); \
                 self.move_cursor(memory, cursor, next)?; \
                 return Ok(None); \
             }",
        )],
    },
    // A window that was clean goes on in the same lap, whose strips it forgot.
    Twin {
        name: "soiled_on_the_same_lap",
        changes: &[(
            "cursor.soiled()",
            "{ let laps = ((1 << M::Widths::LAP) - 1) << M::Widths::INDEX; \
               Cursor::from_bits(cursor.soiled().bits() & !laps | cursor.bits() & laps) }",
        )],
    },
    // A strip is begun without another look at the cursor.
    Twin {
        name: "begins_at_first_look",
        changes: &[(
            "if self.load_cursor(memory)? != cursor { return Ok(None); } if cursor.index() == 0 {",
            "if cursor.index() == 0 {",
        )],
    },
    // Strips of old laps lie until their number comes round.
    Twin {
        name: "nothing_is_cleared",
        changes: &[("if cursor.index() == 0 { self.clear_one(memory, cursor)?; }", "")],
    },
    // A strip is cleared to what it was before anything was written.
    Twin {
        name: "cleared_to_zero",
        changes: &[(
            "Strip::<M::Widths, K>::emptied(cursor.lap())",
            "Strip::<M::Widths, K>::from_bits(0)",
        )],
    },
    // A strip is cleared without another look at the cursor.
    Twin {
        name: "clears_at_first_look",
        changes: &[("if old && self.load_cursor(memory)? == cursor {", "if old {")],
    },
    // A window of old lies until the number of its generation comes round.
    Twin {
        name: "nothing_is_prepared",
        changes: &[(
            "if !cursor.is_of(next) { return Ok(Some(())); }",
            "let _ = next; if true { return Ok(Some(())); }",
        )],
    },
    // A sum with a strip missing is believed without another look.
    Twin {
        name: "sums_at_first_look",
        changes: &[(
            "if !all && !self.is_newest(memory, cursor, strip)? { return Ok(None); }",
            "let _ = all;",
        )],
    },
    // A window is taken for clean though it was never full.
    Twin {
        name: "clean_too_early",
        changes: &[(
            "let clean = counts.calls == self.calls && is_clean(counts);",
            "let clean = is_clean(counts);",
        )],
    },
    // A window is taken for clean though calls were slow.
    Twin {
        name: "clean_though_slow",
        changes: &[("counts.failures == 0 && counts.slow == 0", "counts.failures == 0")],
    },
    // A clean window takes a success of any generation.
    Twin {
        name: "clean_of_any_generation",
        changes: &[(
            "if word != ticket || !word.is_closed() || !cursor.is_of(word) {",
            "if cursor.mode() != Mode::Clean && (word != ticket || !word.is_closed() || !cursor.is_of(word)) {",
        )],
    },
    // A quick success is written in whatever generation it is.
    Twin {
        name: "quick_success_of_any_generation",
        changes: &[(
            "if word != ticket || !word.is_closed() || !cursor.is_of(word) {",
            "if !word.is_closed() || !cursor.is_of(word) {",
        )],
    },
    // Who loses the race for a strip believes that his outcome is in.
    Twin {
        name: "outcome_lost_in_race",
        changes: &[(
            "if !self.push(memory, cursor, strip, next)? { return Ok(None); }",
            "self.push(memory, cursor, strip, next)?;",
        )],
    },
    // Who moves the cursor, or somebody else did, writes on without a look at where it stands.
    Twin {
        name: "writes_on_after_move",
        changes: &[(
            "self.move_cursor(memory, cursor, next)?; return Ok(None); } strip.pushed(mark) };",
            "self.move_cursor(memory, cursor, next)?; \
             let there = self.load_strip(memory, next.index())?; \
             let first = Strip::<M::Widths, K>::first(next.lap(), mark); \
             memory.swap_if(strip_at(next.index()), there.bits(), first.bits(), Ordering::Release)?; \
             return Ok(Some(Recorded::Done)); \
             } strip.pushed(mark) };",
        )],
    },
    // The last N are taken for clean because the newest is.
    Twin {
        name: "clean_by_newest",
        changes: &[(
            "let clean = counts.calls == self.calls && is_clean(counts);",
            "let clean = !strip.newest_is_bad();",
        )],
    },
    // A success is taken for a quiet one by the cursor of a generation that is over.
    Twin {
        name: "quiet_by_old_cursor",
        changes: &[(
            "if word != ticket || !word.is_closed() || !cursor.is_of(word) {",
            "if word != ticket || !word.is_closed() {",
        )],
    },
];
