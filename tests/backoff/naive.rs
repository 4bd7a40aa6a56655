//! Backoff written down from its definitions, slowly and in wide integers. It shares nothing with the crate.

use core::cmp::Ordering;
use core::time::Duration;
use proptest::prelude::*;
use watertight::backoff::Builder;
use watertight::{Backoff, Jitter};

use crate::{any_span, micros};

#[derive(Clone, Copy, Debug)]
pub enum Shape {
    Constant,
    Linear { step: u64 },
    Exponential { numerator: u32, denominator: u32 },
    Fibonacci,
}

/// A backoff as it is configured. Spans in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub shape: Shape,
    pub first: u64,
    pub cap: u64,
    pub jitter: Jitter,
    pub at_once: bool,
}

impl Plan {
    pub fn builder(&self) -> Builder {
        let (first, cap) = (micros(self.first), micros(self.cap));
        let builder = match self.shape {
            Shape::Constant => Backoff::constant(first),
            Shape::Linear { step } => Backoff::linear(first, micros(step), cap),
            // Decorrelated jitter takes no factor.
            Shape::Exponential {
                numerator: 2,
                denominator: 1,
            } => Backoff::exponential(first, cap),
            Shape::Exponential {
                numerator,
                denominator,
            } => Backoff::exponential(first, cap).factor(numerator, denominator),
            Shape::Fibonacci => Backoff::fibonacci(first, cap),
        };
        let builder = builder.jitter(self.jitter);
        if self.at_once {
            builder.first_at_once()
        } else {
            builder
        }
    }

    pub fn build(&self) -> Backoff {
        self.builder()
            .try_build()
            .unwrap_or_else(|invalid| panic!("{self:?}: {invalid}"))
    }

    /// The longest delay there may be.
    pub fn longest(&self) -> i128 {
        match self.shape {
            Shape::Constant => plus(i128::from(self.first), self.jitter).min(i128::from(u64::MAX)),
            _ => i128::from(self.cap),
        }
    }

    /// The longest delay that plus/minus still ends within the cap from.
    pub fn longest_base(&self) -> i128 {
        let (mut low, mut high) = (0, self.longest());
        while low < high {
            let middle = (low + high + 1) / 2;
            if plus(middle, self.jitter) <= self.longest() {
                low = middle
            } else {
                high = middle - 1
            }
        }
        low
    }

    /// The delay before a retry without jitter, where it is a whole number by definition.
    pub fn whole_base(&self, retry: u32) -> Option<i128> {
        let n = match (self.at_once, retry) {
            (true, 0) => return Some(0),
            (true, _) => retry - 1,
            (false, _) => retry,
        };
        let (first, most) = (i128::from(self.first), self.longest_base());
        let grown = match self.shape {
            Shape::Constant => first,
            Shape::Linear { step } => first + i128::from(step) * i128::from(n),
            Shape::Fibonacci => {
                let (mut this, mut before) = (first, 0);
                for _ in 0..n {
                    (this, before) = (this + before, this);
                    if this >= most {
                        break;
                    }
                }
                this
            }
            Shape::Exponential {
                numerator,
                denominator: 1,
            } => {
                let mut grown = first;
                for _ in 0..n {
                    if grown >= most || numerator == 1 {
                        break;
                    }
                    grown *= i128::from(numerator);
                }
                grown
            }
            Shape::Exponential { .. } => return None,
        };
        Some(grown.min(most))
    }

    /// The delay before a retry, from the delay `base` without jitter.
    pub fn jittered(&self, base: i128, previous: u64, draw: u32) -> i128 {
        match self.jitter {
            Jitter::None => base,
            Jitter::Full => uniform(draw, 0, base),
            Jitter::Equal => uniform(draw, base / 2, base),
            Jitter::Decorrelated => {
                let (first, cap) = (i128::from(self.first), i128::from(self.cap));
                let previous = i128::from(previous).clamp(first, cap);
                let most = (3 * previous).min(i128::from(u64::MAX));
                uniform(draw, first, most).min(cap)
            }
            Jitter::PlusMinus(percent) => {
                let share = base * i128::from(percent) / 100;
                uniform(draw, base - share, base + share)
            }
            _ => unreachable!("a jitter that is not known here"),
        }
    }
}

fn plus(delay: i128, jitter: Jitter) -> i128 {
    match jitter {
        Jitter::PlusMinus(percent) => delay + delay * i128::from(percent) / 100,
        _ => delay,
    }
}

/// The number that is the draw's share of the way from `low` to `high`: the whole part of `low` + (`high` - `low` + 1)
/// times the 64-bit fraction that repeats the draw.
fn uniform(draw: u32, low: i128, high: i128) -> i128 {
    let fraction = u128::from(draw) << 32 | u128::from(draw);
    let span = (high - low + 1) as u128;
    low + ((fraction * span) >> 64) as i128
}

pub fn any_jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        Just(Jitter::Decorrelated),
        (1..=100u8).prop_map(Jitter::PlusMinus),
    ]
}

pub fn any_factor() -> impl Strategy<Value = (u32, u32)> {
    let any_fraction = (1..=65_536u32, 1..=65_536u32).prop_map(|(a, b)| (a.max(b), a.min(b)));
    let small = (1..=20u32, 1..=20u32).prop_map(|(a, b)| (a.max(b), a.min(b)));
    let barely = (1..=65_535u32).prop_map(|d| (d + 1, d));
    prop_oneof![
        any_fraction,
        small,
        barely,
        Just((2, 1)),
        Just((1, 1)),
        Just((65_536, 1))
    ]
}

/// Every plan that is legal.
pub fn any_plan() -> impl Strategy<Value = Plan> {
    let shape = prop_oneof![
        Just(Shape::Constant),
        any_span().prop_map(|step| Shape::Linear { step }),
        any_factor().prop_map(|(numerator, denominator)| Shape::Exponential {
            numerator,
            denominator
        }),
        Just(Shape::Fibonacci),
    ];
    (shape, any_span(), any_span(), any_jitter(), any::<bool>()).prop_map(|(shape, a, b, jitter, at_once)| {
        let (mut first, mut cap) = (a.min(b), a.max(b));
        let mut shape = shape;
        if jitter == Jitter::Decorrelated {
            shape = Shape::Exponential {
                numerator: 2,
                denominator: 1,
            };
        }
        if matches!(shape, Shape::Exponential { .. } | Shape::Fibonacci) {
            first = first.max(1);
        }
        cap = cap.max(first);
        if jitter == Jitter::Decorrelated && first == cap {
            (first, cap) = (first.div_ceil(2), cap.max(2));
        }
        Plan {
            shape,
            first,
            cap,
            jitter,
            at_once,
        }
    })
}

/// A whole number of any size, lowest digit first; as much arithmetic as a fraction to the power n takes.
#[derive(Clone, Debug)]
pub struct Big(Vec<u64>);

impl Big {
    pub fn new(value: u64) -> Self {
        Self(vec![value])
    }

    pub fn times(mut self, factor: u64) -> Self {
        let mut carry = 0;
        for digit in &mut self.0 {
            let product = u128::from(*digit) * u128::from(factor) + carry;
            (*digit, carry) = (product as u64, product >> 64);
        }
        if carry > 0 {
            self.0.push(carry as u64);
        }
        self
    }

    pub fn plus(mut self, other: &Self) -> Self {
        self.0.resize(self.0.len().max(other.0.len()) + 1, 0);
        let mut carry = false;
        for (i, digit) in self.0.iter_mut().enumerate() {
            let sum =
                u128::from(*digit) + u128::from(other.0.get(i).copied().unwrap_or(0)) + u128::from(carry);
            (*digit, carry) = (sum as u64, sum >> 64 > 0);
        }
        self
    }

    pub fn cmp(&self, other: &Self) -> Ordering {
        let digit = |number: &Self, i: usize| number.0.get(i).copied().unwrap_or(0);
        let longest = self.0.len().max(other.0.len());
        (0..longest)
            .rev()
            .map(|i| digit(self, i).cmp(&digit(other, i)))
            .find(|o| o.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    pub fn is_at_most(&self, other: &Self) -> bool {
        self.cmp(other).is_le()
    }
}

/// A [`Duration`] of so many milliseconds.
pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
