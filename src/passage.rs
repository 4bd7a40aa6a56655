//! How long something takes that moves at an even speed, worked out when it is asked for.

use crate::time::Micros;

/// Something that moves at an even speed, and how far it has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// How far.
    pub left: u64,
    /// How much of that is behind it already, in units of 2^-32.
    pub done: u32,
    /// Units in a microsecond.
    pub step: u64,
    /// And parts of one, in units of 2^-32.
    pub fine: u32,
}

impl Passage {
    /// Nothing to go.
    pub const NONE: Self = Self {
        left: 0,
        done: 0,
        step: 0,
        fine: 0,
    };

    const fn parts_left(self) -> u128 {
        ((self.left as u128) << 32).saturating_sub(self.done as u128)
    }

    const fn parts_in_a_micro(self) -> u128 {
        (self.step as u128) << 32 | self.fine as u128
    }

    /// Whether it is there.
    pub const fn is_over(self) -> bool {
        self.parts_left() == 0
    }

    /// What is left of it after so many microseconds.
    #[must_use]
    pub const fn after(self, micros: u64) -> Self {
        let gone = (micros as u128).saturating_mul(self.parts_in_a_micro());
        let left = self.parts_left().saturating_sub(gone);
        let whole = left.div_ceil(1 << 32);
        Self {
            left: whole as u64,
            done: ((whole << 32) - left) as u32,
            ..self
        }
    }

    /// How many whole microseconds it takes until it is there; `None` for ever.
    pub const fn takes(self) -> Option<Micros> {
        let left = self.parts_left();
        if left == 0 {
            return Some(Micros::ZERO);
        }
        let speed = self.parts_in_a_micro();
        if speed == 0 {
            return None;
        }
        let micros = left.div_ceil(speed);
        Some(if micros > u64::MAX as u128 {
            Micros::MAX
        } else {
            Micros::from_micros(micros as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_as_long_as_it_takes() {
        let third = Passage {
            left: 1,
            done: 0,
            step: 0,
            fine: u32::MAX / 3,
        };
        // Three steps of a 32-bit third are one part short of the whole.
        assert_eq!(third.takes(), Some(Micros::from_micros(4)));
        assert_eq!(Passage { done: 1, ..third }.takes(), Some(Micros::from_micros(3)));
        assert_eq!(third.after(3).takes(), Some(Micros::from_micros(1)));
        assert!(third.after(4).is_over());
        assert!(!third.after(3).is_over());
        assert_eq!(Passage { fine: 0, ..third }.takes(), None);
        assert_eq!(Passage::NONE.takes(), Some(Micros::ZERO));
        let longest = Passage {
            left: u64::MAX,
            done: 0,
            step: 0,
            fine: 1,
        };
        assert_eq!(longest.takes(), Some(Micros::MAX));
    }
}
