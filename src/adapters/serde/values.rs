//! The values of single fields, and the sentences about them.

use core::fmt::{self, Display};
use core::marker::PhantomData;
use core::str::FromStr;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

use crate::time::Micros;

/// Where a value stands: a field, perhaps one within another. One that is read on its own stands nowhere.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    within: &'static str,
    pub field: &'a str,
}

impl Place<'static> {
    pub const NOWHERE: Self = Self::of("");

    pub const fn of(field: &'static str) -> Self {
        Self { within: "", field }
    }

    /// A field of what stands here.
    pub const fn then(self, field: &str) -> Place<'_> {
        Place {
            within: self.field,
            field,
        }
    }

    /// That what is read here is to be `what`.
    pub fn expects(self, what: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            "" => f.write_str(what),
            _ => write!(f, "`{self}` to be {what}"),
        }
    }

    pub fn needs<T, E: Error>(self, value: Option<T>) -> Result<T, E> {
        value.ok_or_else(|| self.error("this field is missing"))
    }

    pub fn error<E: Error>(self, sentence: impl Display) -> E {
        match self.field {
            "" => E::custom(sentence),
            _ => E::custom(format_args!("{self}: {sentence}")),
        }
    }
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within {
            "" => f.write_str(self.field),
            within => write!(f, "{within}.{}", self.field),
        }
    }
}

/// What a field can hold.
pub trait Value: Sized {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error>;
}

/// A value that is to be read for this place.
pub struct At<T>(pub Place<'static>, pub PhantomData<T>);

impl<'de, T: Value> DeserializeSeed<'de> for At<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        T::read(from, self.0)
    }
}

/// Text that stands for something.
pub struct Text<T, E> {
    pub place: Place<'static>,
    pub what: &'static str,
    pub meaning: fn(&str) -> Result<T, E>,
}

impl<T, E: Display> Visitor<'_> for Text<T, E> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.expects(self.what, f)
    }

    fn visit_str<F: Error>(self, text: &str) -> Result<T, F> {
        (self.meaning)(text).map_err(|why| self.place.error(why))
    }
}

impl Value for Micros {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error> {
        from.deserialize_str(Text {
            place,
            what: "a time as text with its unit, such as \"30s\"",
            meaning: Self::from_str,
        })
    }
}

/// A whole number.
pub struct Number(pub Place<'static>);

impl Number {
    pub fn fit<E: Error>(self, number: impl TryInto<u32> + Display + Copy) -> Result<u32, E> {
        number.try_into().map_err(|_| {
            self.0
                .error(format_args!("{number} is not within 0 to {}", u32::MAX))
        })
    }
}

impl Visitor<'_> for Number {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expects("a whole number", f)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u32, E> {
        self.fit(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
        self.fit(number)
    }
}

impl Value for u32 {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error> {
        from.deserialize_u32(Number(place))
    }
}

struct YesOrNo(Place<'static>);

impl Visitor<'_> for YesOrNo {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expects("true or false", f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }
}

impl Value for bool {
    fn read<'de, D: Deserializer<'de>>(from: D, place: Place<'static>) -> Result<Self, D::Error> {
        from.deserialize_bool(YesOrNo(place))
    }
}
