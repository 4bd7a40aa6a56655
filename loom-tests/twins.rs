//! Broken twins: a protocol's own source with one thing wrong in it, so that nothing of them lives in `src/`.
//!
//! A twin is the source as it ships, without comments and with one space for any white space, in which each
//! pattern stands exactly once and is replaced. If the source changes so that a pattern is lost, the build says so.

/// The twins of one source file.
pub struct Family {
    /// The file that ships.
    pub source: &'static str,
    /// Where what a twin has of its own begins: types before it are shared with what ships.
    pub begin: &'static str,
    pub twins: &'static [Twin],
}

/// One thing wrong.
pub struct Twin {
    /// Of the module and of its file.
    pub name: &'static str,
    /// Each a pattern and what stands in its place.
    pub changes: &'static [(&'static str, &'static str)],
}

impl Family {
    /// The twin's source, or why there is none.
    pub fn write(&self, twin: &Twin, source: &str) -> Result<String, String> {
        let words = source
            .lines()
            .map(|line| line.split("//").next().unwrap_or(""))
            .flat_map(str::split_whitespace);
        let mut text = words.collect::<Vec<_>>().join(" ");
        let begin = self.only(twin, &text, self.begin)?;
        text.drain(..begin);
        for (pattern, change) in twin.changes {
            let at = self.only(twin, &text, pattern)?;
            text.replace_range(at..at + pattern.len(), change);
        }
        // Lines again, for whoever reads what the compiler says about one.
        Ok(text.replace("; ", ";\n").replace("{ ", "{\n"))
    }

    fn only(&self, twin: &Twin, text: &str, pattern: &str) -> Result<usize, String> {
        let mut places = text.match_indices(pattern);
        match (places.next(), places.next()) {
            (Some((at, _)), None) => Ok(at),
            (first, _) => Err(format!(
                "twins.rs: this pattern stands {} in {}, but the twin `{}` needs it exactly once: `{pattern}`",
                if first.is_none() {
                    "nowhere"
                } else {
                    "more than once"
                },
                self.source,
                twin.name,
            )),
        }
    }
}

pub const FAMILIES: &[Family] = &[
    Family {
        source: "../src/breaker/protocol.rs",
        begin: "#[inline] pub fn admit_closed<",
        twins: BREAKER,
    },
    Family {
        source: "../src/breaker/window/last_calls.rs",
        begin: "#[derive(Clone, Copy, Debug)] pub struct Tape<K>",
        twins: LAST_CALLS,
    },
];

const LAST_CALLS: &[Twin] = &[
    // Nobody looks at the window after an outcome was written.
    Twin {
        name: "not_judged_after",
        changes: &[(
            "Ok(Some(if self.may_open::<M>(rules, cursor, next) { Recorded::Check } else { Recorded::Done }))",
            "Ok(Some(Recorded::Done))",
        )],
    },
];

const BREAKER: &[Twin] = &[
    // The timer is written before the transition: who then loses the race, or is stopped, has moved the deadline
    // of everyone.
    Twin {
        name: "timer_before_transition",
        changes: &[(
            "deadline: Deadline<M::Widths>, ) -> Attempt<Option<Transition>, M> {",
            "deadline: Deadline<M::Widths>, ) -> Attempt<Option<Transition>, M> { \
             let (low, high) = load_words(memory)?; \
             memory.swap_if(Place::Low, low.bits(), low.next(deadline).bits(), Ordering::Release)?; \
             memory.swap_if(Place::High, high.bits(), high.next(deadline).bits(), Ordering::Release)?;",
        )],
    },
    // The same, of the lease that a probe begins.
    Twin {
        name: "lease_before_probe",
        changes: &[(
            "let next = match (half_open, full) {",
            "let (low, high) = load_words(memory)?; \
             let lease = rules.deadline(now, rules.lease); \
             memory.swap_if(Place::Low, low.bits(), low.next(lease).bits(), Ordering::Release)?; \
             memory.swap_if(Place::High, high.bits(), high.next(lease).bits(), Ordering::Release)?; \
             let next = match (half_open, full) {",
        )],
    },
    // The last slot is no new instance: its taker moves the lease under the tag that it has.
    Twin {
        name: "moved_under_same_tag",
        changes: &[
            (
                "(true, false) => word.filled(),",
                "(true, false) => word.probed(),",
            ),
            (
                "help(memory, rules, next, Some(rules.deadline(now, rules.lease)))?;",
                "if half_open && !full { \
                     let (low, _) = load_words(memory)?; \
                     let before = low.bits().wrapping_sub(1 << <M::Widths as Widths>::LOW); \
                     let moved = Low::<M::Widths>::from_bits(before).next(rules.deadline(now, rules.lease)); \
                     memory.swap_if(Place::Low, low.bits(), moved.bits(), Ordering::Release)?; \
                 } \
                 help(memory, rules, next, Some(rules.deadline(now, rules.lease)))?;",
            ),
        ],
    },
    // A helper does not look at the state again after it has read the timer words.
    Twin {
        name: "helper_looks_once",
        changes: &[(
            "if !word.same_instance(Word::from_bits(memory.load(Place::State, Ordering::Relaxed)?)) { return Ok(()); }",
            "",
        )],
    },
    // A helper dates an opening with its own clock.
    Twin {
        name: "helper_dates_opening",
        changes: &[(
            "Deadline::of_opening(rules.ticks(now), word)",
            "rules.deadline(now, rules.cool_down(word.attempt(), Micros::ZERO, 0))",
        )],
    },
    // A helper takes the high bits from its clock.
    Twin {
        name: "high_from_clock",
        changes: &[(
            "Deadline::after(rules.ticks(now), 0).agreeing_with(low)",
            "Deadline::after(rules.ticks(now), 0)",
        )],
    },
    // A maker takes the high bits from its own deadline, though low has another's.
    Twin {
        name: "high_from_maker",
        changes: &[("own.agreeing_with(low)", "own")],
    },
    // High is written before low.
    Twin {
        name: "high_before_low",
        changes: &[
            (
                "if !low.is_set_for(word) { let next = low.next(deadline).bits();",
                "if !high.is_set_for(word) { \
                     let next = high.next(deadline).bits(); \
                     if !memory.swap_if(Place::High, high.bits(), next, Ordering::Release)? { return Ok(()); } \
                 } \
                 if !low.is_set_for(word) { let next = low.next(deadline).bits();",
            ),
            (
                "if !high.is_set_for(word) { memory.swap_if(",
                "if false { memory.swap_if(",
            ),
        ],
    },
    // A reset leaves an instance whose timer is not set.
    Twin {
        name: "reset_leaves_unset",
        changes: &[(
            "let word = load_state(memory)?; if load_timer(memory, rules, word)?.is_none() { return Ok(None); }",
            "let word = load_state(memory)?;",
        )],
    },
    // A refusal takes no second look at the state.
    Twin {
        name: "refuses_at_first_look",
        changes: &[(
            "if memory.load(Place::State, Ordering::Relaxed)? != word.bits() { return Ok(None); } let reason",
            "let reason",
        )],
    },
    // A snapshot takes no second look either.
    Twin {
        name: "observes_at_first_look",
        changes: &[(
            "if memory.load(Place::State, Ordering::Relaxed)? != word.bits() { return Ok(None); } Ok(Some(reading",
            "Ok(Some(reading",
        )],
    },
    // Nobody helps.
    Twin {
        name: "nobody_helps",
        changes: &[(
            "help(memory, rules, word, None)?; Ok(None)",
            "let _ = rules; Ok(None)",
        )],
    },
    // A probe takes no slot while another is free.
    Twin {
        name: "probe_without_slot",
        changes: &[(
            "swap_state(memory, word, word.probed(), Ordering::Relaxed)?",
            "swap_state(memory, word, word, Ordering::Relaxed)?",
        )],
    },
    // An outcome counts whatever generation its call was admitted in.
    Twin {
        name: "outcome_of_any_generation",
        changes: &[(
            "let age = word.generations_since(ticket);",
            "let age = 0; let _ = ticket;",
        )],
    },
    // A success from an earlier round gives a slot of this one back.
    Twin {
        name: "late_probe_gives_slot_back",
        changes: &[(
            "if age == 0 && ended.outcome != Outcome::Ignored { next.released() }",
            "if ended.outcome != Outcome::Ignored { next.released() }",
        )],
    },
    // Who loses the race for a transition believes that it was his.
    Twin {
        name: "nobody_loses",
        changes: &[(
            "return Ok(None); } help(memory, rules, next, Some(deadline))?;",
            "} help(memory, rules, next, Some(deadline))?;",
        )],
    },
    // A probe that is dropped keeps its slot.
    Twin {
        name: "dropped_probe_keeps_slot",
        changes: &[("Outcome::Ignored if age == 0 => word.released(),", "")],
    },
    // The success of a probe that lost its slot does not count.
    Twin {
        name: "late_probe_does_not_count",
        changes: &[("|| counted || age > word.late()", "|| counted || age > 0")],
    },
    // A full round makes room before its lease is over.
    Twin {
        name: "no_lease",
        changes: &[("if !half_open || full {", "if !half_open {")],
    },
];
