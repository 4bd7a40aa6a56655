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
            "Forced::Disabled => (word.disabled(), 0), }; if counting.prepare(memory, head, word, next)?.is_none() || load_timer(memory, rules, word)?.is_none() {",
            "Forced::Disabled => (word.disabled(), 0), }; if counting.prepare(memory, head, word, next)?.is_none() {",
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
    // The end of a ramp begins a new generation: what is under way comes too late.
    Twin {
        name: "ramp_ends_generation",
        changes: &[(
            "let next = word.ramped();",
            "let next = word.closed(word.attempt());",
        )],
    },
    // The end of a ramp is no new instance: the stable period is that of the ramp.
    Twin {
        name: "ramp_ends_in_instance",
        changes: &[(
            "let next = word.ramped();",
            "let next = word.ramped().filled().filled().filled().ticket();",
        )],
    },
    // A call that the ramp refuses is not seen: the same call is refused again and again.
    Twin {
        name: "ramp_refusal_unseen",
        changes: &[(
            "if !swap_state(memory, word, next, Ordering::Relaxed)? { return Ok(None); } Ok(Some(if",
            "if rules.until_admitted(word, left) == 0 \
                && !swap_state(memory, word, next, Ordering::Relaxed)? { return Ok(None); } Ok(Some(if",
        )],
    },
    // Who loses the race in a ramp decides all the same.
    Twin {
        name: "ramp_decides_unseen",
        changes: &[(
            "if !swap_state(memory, word, next, Ordering::Relaxed)? { return Ok(None); } Ok(Some(if",
            "swap_state(memory, word, next, Ordering::Relaxed)?; Ok(Some(if",
        )],
    },
    // A ramp goes by the rank of the next call.
    Twin {
        name: "ramp_rank_of_next",
        changes: &[(
            "rules.until_admitted(word, left) == 0",
            "rules.until_admitted(next, left) == 0",
        )],
    },
    // Who closes dates the ramp by the stable period.
    Twin {
        name: "ramp_dated_as_stable",
        changes: &[(
            "(word.recovering(word.next_attempt()), rules.ramp)",
            "(word.recovering(word.next_attempt()), rules.stable)",
        )],
    },
    // A helper does.
    Twin {
        name: "helper_dates_ramp_as_stable",
        changes: &[(
            "State::Recovering => rules.deadline(now, rules.ramp)",
            "State::Recovering => rules.deadline(now, rules.stable)",
        )],
    },
    // A ramp that is over counts as a stable period.
    Twin {
        name: "ramp_is_stable",
        changes: &[(
            "State::Closed if timer.left(rules.ticks(now)).is_none() => 0",
            "_ if timer.left(rules.ticks(now)).is_none() => 0",
        )],
    },
    // A probe that fails, and is borne, keeps its slot.
    Twin {
        name: "failed_probe_keeps_slot",
        changes: &[(
            "if age == 0 && ended.outcome != Outcome::Ignored { next.released() }",
            "if age == 0 && !ended.mark().is_bad() && ended.outcome != Outcome::Ignored { next.released() }",
        )],
    },
    // A failure from an earlier round gives a slot of this one back.
    Twin {
        name: "late_failure_gives_slot_back",
        changes: &[(
            "if age == 0 && ended.outcome != Outcome::Ignored { next.released() }",
            "if (age == 0 || ended.mark().is_bad()) && ended.outcome != Outcome::Ignored { next.released() }",
        )],
    },
    // One failure more than is to be borne.
    Twin {
        name: "one_failure_more",
        changes: &[(
            "word.failed_probes() + 1 >= rules.probe_failures",
            "word.failed_probes() >= rules.probe_failures",
        )],
    },
    // Who leaves a forced state does not look whether its timer is set.
    Twin {
        name: "forced_leaves_unset",
        changes: &[(
            "Forced::Disabled => (word.disabled(), 0), }; if counting.prepare(memory, head, word, next)?.is_none() || load_timer(memory, rules, word)?.is_none() {",
            "Forced::Disabled => (word.disabled(), 0), }; \
             let forced = matches!(word.state(), State::ForcedOpen | State::Disabled); \
             if counting.prepare(memory, head, word, next)?.is_none() \
                 || !forced && load_timer(memory, rules, word)?.is_none() {",
        )],
    },
    // What is forced open is open until a time.
    Twin {
        name: "forced_open_ends",
        changes: &[
            (
                "State::ForcedOpen => { return Ok(Some(Admission::Refused { reason: Reason::ForcedOpen, wait: None, })); }",
                "",
            ),
            (
                "State::Open | State::HalfOpen => {}",
                "State::Open | State::HalfOpen | State::ForcedOpen => {}",
            ),
        ],
    },
    // The state is read before what the window counts.
    Twin {
        name: "state_before_cursor",
        changes: &[(
            "let head = counting.head(memory)?; let word = load_state(memory)?; let age",
            "let word = load_state(memory)?; let head = counting.head(memory)?; let age",
        )],
    },
    // Who closes also sweeps the window: when he is late, the live one.
    Twin {
        name: "closer_sweeps",
        changes: &[(
            "rules.deadline(now, wait))?; Ok(made.map(Settled::Done))",
            "rules.deadline(now, wait))?; \
             if made.is_some() { \
                 let strip = memory.load(Place::Window(1), Ordering::Acquire)?; \
                 memory.swap_if(Place::Window(1), strip, 0, Ordering::Release)?; \
             } \
             Ok(made.map(Settled::Done))",
        )],
    },
    // A round is full at exactly so many probes: fewer probes make it overflow.
    Twin {
        name: "full_by_equality",
        changes: &[(
            "half_open && word.in_flight() >= rules.probes",
            "half_open && word.in_flight() == rules.probes",
        )],
    },
    // A half-open period is decided at exactly so many successes: who then needs fewer never closes it.
    Twin {
        name: "closed_by_equality",
        changes: &[(
            "word.successes() + 1 >= rules.successes",
            "word.successes() + 1 == rules.successes",
        )],
    },
];
