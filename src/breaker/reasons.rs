//! The numbers of a breaker's reasons, for what counts them.

use crate::rejected::Reason;

/// What a breaker refuses for, each at its number.
const REASONS: [Reason; COUNT] = [
    Reason::Open,
    Reason::ProbesInFlight,
    Reason::Recovering,
    Reason::ForcedOpen,
];

/// How many there are.
pub const COUNT: usize = 4;

/// The number of a reason; of one that is no breaker's, [`COUNT`].
pub const fn number(reason: Reason) -> u32 {
    match reason {
        Reason::Open => 0,
        Reason::ProbesInFlight => 1,
        Reason::Recovering => 2,
        Reason::ForcedOpen => 3,
        _ => COUNT as u32,
    }
}

/// The reason of this number.
pub const fn of_number(number: u32) -> Option<Reason> {
    if (number as usize) < COUNT {
        Some(REASONS[number as usize])
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_number() {
        for (at, reason) in REASONS.into_iter().enumerate() {
            assert_eq!(number(reason) as usize, at);
            assert_eq!(of_number(number(reason)), Some(reason));
        }
        assert_eq!(of_number(number(Reason::RateLimited)), None);
    }
}
