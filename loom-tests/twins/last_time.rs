//! What is wrong with the last span of time.

use super::Twin;

pub const TWINS: &[Twin] = &[
    // Of two who count in different buckets at once, neither need see the other.
    Twin {
        name: "not_fenced",
        changes: &[("memory.fence(Ordering::SeqCst);", "")],
    },
    // A sweep clears what it finds, whoever has moved on meanwhile.
    Twin {
        name: "sweeps_at_first_look",
        changes: &[(
            "if !self.is_at(memory, era, hand)? { return Ok(None); } if !memory.swap_if(self.tally_at(bucket, kind)",
            "if !memory.swap_if(self.tally_at(bucket, kind)",
        )],
    },
    // A tally of another bucket is taken for an old one, without a second look at the hand.
    Twin {
        name: "counts_at_first_look",
        changes: &[(
            "if !self.is_at(memory, era, hand)? { return Ok(None); } Tally::first(tag)",
            "Tally::first(tag)",
        )],
    },
    // A sum is believed though the hand has moved on meanwhile.
    Twin {
        name: "judges_at_first_look",
        changes: &[(
            "Ok(self.is_at(memory, era, hand)?.then_some(over))",
            "Ok(Some(over))",
        )],
    },
    // So it is by who only looks.
    Twin {
        name: "snapshot_at_first_look",
        changes: &[(
            "Ok(self.is_at(memory, era, hand)?.then_some(counts))",
            "Ok(Some(counts))",
        )],
    },
    // A tally of the same place a round ago is taken for the present bucket's, by who counts.
    Twin {
        name: "counts_whatever_the_round",
        changes: &[(
            "let next = if tally.is_of(tag) { if tally.count(tag) ==",
            "let next = if tally.is_of_version(era) && !tally.is_clear() { if tally.count(tag) ==",
        )],
    },
    // And by who sums up.
    Twin {
        name: "sums_whatever_the_round",
        changes: &[(
            "let count = self.load_tally(memory, number, kind)?.count(tag);",
            "let tally = self.load_tally(memory, number, kind)?; \
             let most = Tally::<M::Widths>::MOST; \
             let count = if tally.is_of_version(era) { tally.bits() & most } else { tally.count(tag) };",
        )],
    },
    // An old outcome is counted where its own bucket would be.
    Twin {
        name: "counts_in_own_slot",
        changes: &[("let number = hand.number(); let tag", "let tag")],
    },
    // A look at the window reads the successes before the bad ones.
    Twin {
        name: "successes_first",
        changes: &[
            (
                "let mut counts = self.sum(memory, era, hand, window, Self::BAD)?; if counts.calls > 0 {",
                "let good = self.sum(memory, era, hand, window, GOOD)?.calls; \
                 let mut counts = self.sum(memory, era, hand, window, Self::BAD)?; if counts.calls > 0 {",
            ),
            (
                "counts.calls += self.sum(memory, era, hand, window, GOOD)?.calls; over",
                "counts.calls += good; over",
            ),
        ],
    },
    // A look at the window reads the bad ones only once.
    Twin {
        name: "bad_ones_once",
        changes: &[(
            "if over && self.sum(memory, era, hand, window, Self::BAD)? != bad { return Ok(None); }",
            "let _ = bad;",
        )],
    },
    // A look that is no judgement does so.
    Twin {
        name: "snapshot_bad_ones_once",
        changes: &[(
            "if self.sum(memory, era, hand, left, Self::BAD)? != bad { return Ok(None); }",
            "let _ = bad;",
        )],
    },
    // The hand moves on and leaves what is there.
    Twin {
        name: "moves_without_sweep",
        changes: &[(
            "for back in 0..passed {",
            "for back in 0..if next.is_in(era) { 0 } else { passed } {",
        )],
    },
    // A version begins and leaves what is there.
    Twin {
        name: "begins_without_sweep",
        changes: &[(
            "for back in 0..passed {",
            "for back in 0..if next.is_in(era) { passed } else { 0 } {",
        )],
    },
    // The era goes on to another generation in the same version.
    Twin {
        name: "follows_in_same_version",
        changes: &[(
            "let step = if era.is_of(word) { self.shape.step(hand, number) } else { Step::Away };",
            "let era = if era.is_of(word) { era } else { \
                 let generation = 1 << <M::Widths as Widths>::GENERATION | word.generation(); \
                 let next = generation << <M::Widths as Widths>::VERSION | era.version(); \
                 if !memory.swap_if(ERA, era.bits(), next, Ordering::Release)? { return Ok(None); } \
                 Era::from_bits(next) \
             }; \
             let step = self.shape.step(hand, number);",
        )],
    },
    // What is counted of a generation that is over lies until its number comes round.
    Twin {
        name: "ring_is_not_prepared",
        changes: &[(
            "if !era.is_of(next) { return Ok(Some(())); }",
            "let _ = next; if true { return Ok(Some(())); }",
        )],
    },
    // Nobody looks at the window after a bad outcome.
    Twin {
        name: "bad_ones_not_judged",
        changes: &[(
            "if kind == 0 && next.count(tag) > rules.minimum {",
            "if kind != 0 || next.count(tag) > rules.minimum {",
        )],
    },
    // Nor after a success, which may complete the minimum.
    Twin {
        name: "successes_not_judged",
        changes: &[(
            "if kind == 0 && next.count(tag) > rules.minimum {",
            "if kind == 0 {",
        )],
    },
    // Nor after one that may be the first after others slid out.
    Twin {
        name: "first_success_not_judged",
        changes: &[(
            "if kind == 0 && next.count(tag) > rules.minimum {",
            "if kind == 0 && next.count(tag) != rules.minimum {",
        )],
    },
    // A full tally is counted on.
    Twin {
        name: "full_tally_wraps",
        changes: &[(
            "if tally.count(tag) == Tally::<M::Widths>::MOST { return Ok(Some(Recorded::Done)); } tally.counted()",
            "tally.counted()",
        )],
    },
    // Outcomes of one kind are counted though those of another are full.
    Twin {
        name: "full_alone",
        changes: &[("filter(|other| *other != kind)", "filter(|_| false)")],
    },
    // A reading behind the hand moves it back.
    Twin {
        name: "hand_steps_back",
        changes: &[(
            "Step::Stay => return Ok(Some((era, hand))),",
            "Step::Stay if number != hand.number() => (hand.moved(number), 0), \
             Step::Stay => return Ok(Some((era, hand))),",
        )],
    },
];
