use super::Micros;

/// A reading of a clock: microseconds from an origin that nobody may assume to be zero.
///
/// Instants lie on a circle of 2^64 us. There is no order of all instants, only a direction between two: of
/// two readings less than half the circle (292,271 years) apart, one is later. A clock may therefore start
/// anywhere, also just before it comes round.
///
/// An instant in hand is itself a [`Clock`](super::Clock) that always answers with itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The instant `micros` microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds from the origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this instant; zero when `earlier` is in fact the later one.
    pub const fn since(self, earlier: Self) -> Micros {
        let distance = self.0.wrapping_sub(earlier.0);
        Micros::from_micros(if distance <= u64::MAX / 2 { distance } else { 0 })
    }

    /// The instant `span` later; comes round at the end of the circle.
    pub const fn after(self, span: Micros) -> Self {
        Self(self.0.wrapping_add(span.as_micros()))
    }

    /// The instant `span` earlier; comes round at the end of the circle.
    pub const fn before(self, span: Micros) -> Self {
        Self(self.0.wrapping_sub(span.as_micros()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_runs_one_way_and_across_the_end_of_the_circle() {
        let late = Instant::from_micros(u64::MAX - 1);
        let round = late.after(Micros::from_micros(3));
        assert_eq!(round, Instant::from_micros(1));
        assert_eq!(round.before(Micros::from_micros(3)), late);
        assert_eq!(round.since(late), Micros::from_micros(3));
        assert_eq!(late.since(round), Micros::ZERO);
        assert_eq!(late.since(late), Micros::ZERO);
        let half = Instant::from_micros(0).after(Micros::from_micros(u64::MAX / 2));
        assert_eq!(
            half.since(Instant::from_micros(0)),
            Micros::from_micros(u64::MAX / 2)
        );
        assert_eq!(
            half.after(Micros::from_micros(1)).since(Instant::from_micros(0)),
            Micros::ZERO
        );
    }
}
