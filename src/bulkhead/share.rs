use core::fmt;

/// How much of a bulkhead's limit calls of one class may fill: the lower their priority, the less.
///
/// A call of a class enters while all that is inside, of whatever class, is below the class's share of the limit,
/// rounded down. Classes with smaller shares therefore never take the last places, and those with larger ones always
/// find them.
///
/// ```
/// use watertight::{Bulkhead, Share};
///
/// const BACKGROUND: Share = Share::percent(70);
/// static BACKEND: Bulkhead = Bulkhead::new(10);
///
/// let inside: Vec<_> = (0..7).map(|_| BACKEND.try_enter_as(BACKGROUND, 1).unwrap()).collect();
/// assert!(BACKEND.try_enter_as(BACKGROUND, 1).is_err()); // three places are not for background work
/// assert!(BACKEND.try_enter().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share(u8);

impl Share {
    /// The whole limit.
    pub const ALL: Self = Self(100);

    /// So many percent of the limit, from 1 to 100, for constants; else see [`try_percent`](Self::try_percent).
    ///
    /// # Panics
    /// If it is less than 1 or more than 100, which in a constant is an error of the compiler.
    #[track_caller]
    pub const fn percent(percent: u8) -> Self {
        match Self::try_percent(percent) {
            Ok(share) => share,
            Err(_) => panic!("{}", InvalidShare::SENTENCE),
        }
    }

    /// So many percent of the limit.
    ///
    /// # Errors
    /// [`InvalidShare`] if it is less than 1 or more than 100.
    pub const fn try_percent(percent: u8) -> Result<Self, InvalidShare> {
        match percent {
            1..=100 => Ok(Self(percent)),
            _ => Err(InvalidShare),
        }
    }

    /// Of this limit, rounded down.
    #[inline]
    pub(super) const fn of(self, limit: u32) -> u32 {
        match self.0 {
            100 => limit,
            percent => limit.saturating_mul(percent as u32) / 100,
        }
    }
}

/// A [`Share`] that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidShare;

impl InvalidShare {
    const SENTENCE: &'static str = "a share of a bulkhead's limit is from 1 to 100 percent";
}

impl fmt::Display for InvalidShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::SENTENCE)
    }
}

impl core::error::Error for InvalidShare {}
