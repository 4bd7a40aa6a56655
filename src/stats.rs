//! What a primitive keeps beside what decides: nothing, unless it is asked to.

/// Nothing is kept: no memory, and not an instruction.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStats;
