//! What is wrong with the last span of time.

use super::Twin;

pub const TWINS: &[Twin] = &[
    // Of two who count in different buckets at once, neither need see the other.
    Twin {
        name: "not_fenced",
        changes: &[("memory.fence();", "")],
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
];
