//! What is wrong with the breaker's protocol.

use super::Twin;

pub const TWINS: &[Twin] = &[
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
    // Who is to open, and finds that the state has moved, leaves it at that.
    Twin {
        name: "opener_gives_up",
        changes: &[(
            "word.opened(attempt, deadline), deadline)?; Ok(made.map(Settled::Done))",
            "word.opened(attempt, deadline), deadline)?; Ok(Some(Settled::Done(made.flatten())))",
        )],
    },
    // The end of a ramp forgets the failures in a row.
    Twin {
        name: "ramp_end_forgets",
        changes: &[(
            "let next = word.ramped();",
            "let next = word.ramped().without_failures();",
        )],
    },
    // A ramp is taken for one that is over.
    Twin {
        name: "ramp_never_waits",
        changes: &[(
            "ramp.left(rules.ticks(now))",
            "ramp.left(rules.ticks(now)).filter(|_| false)",
        )],
    },
];
