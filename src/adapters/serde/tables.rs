//! Tables: fields by name, each known, and given at most once.

use core::fmt::{self, Display};
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::values::{At, Place, Value};

/// Values by name, each at most once.
pub trait Table: Default {
    const FIELDS: &'static [&'static str];

    /// Takes the value of one of the fields.
    fn take<'de, A: MapAccess<'de>>(&mut self, place: Place<'static>, map: &mut A) -> Result<(), A::Error>;
}

macro_rules! table {
    ($name:ident { $($field:ident: $value:ty),* $(,)? }) => {
        #[derive(Default)]
        struct $name {
            $($field: Option<$value>,)*
        }

        impl $crate::adapters::serde::tables::Table for $name {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn take<'de, A: ::serde::de::MapAccess<'de>>(
                &mut self,
                place: $crate::adapters::serde::values::Place<'static>,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match place.field {
                    $(stringify!($field) => $crate::adapters::serde::tables::once(&mut self.$field, place, map),)*
                    // There is no other.
                    _ => Ok(()),
                }
            }
        }
    };
}

pub(super) use table;

pub fn once<'de, T: Value, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    place: Place<'static>,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(place.error("this field is given twice"));
    }
    *slot = Some(map.next_value_seed(At(place, PhantomData))?);
    Ok(())
}

/// What reads a table.
pub struct Fields<T> {
    place: Place<'static>,
    what: &'static str,
    table: PhantomData<T>,
}

impl<T: Table> Fields<T> {
    pub fn read<'de, D: Deserializer<'de>>(
        from: D,
        name: &'static str,
        place: Place<'static>,
        what: &'static str,
    ) -> Result<T, D::Error> {
        from.deserialize_struct(
            name,
            T::FIELDS,
            Self {
                place,
                what,
                table: PhantomData,
            },
        )
    }
}

impl<'de, T: Table> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.expects(self.what, f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut table = T::default();
        let key = || Key {
            of: self.place,
            fields: T::FIELDS,
        };
        while let Some(field) = map.next_key_seed(key())? {
            table.take(self.place.then(field), &mut map)?;
        }
        Ok(table)
    }
}

/// The name of one of the fields of a table.
struct Key {
    of: Place<'static>,
    fields: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'static str, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of.field {
            "" => f.write_str("the name of a field"),
            table => write!(f, "the name of a field of `{table}`"),
        }
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'static str, E> {
        match self.fields.iter().find(|field| **field == name) {
            Some(field) => Ok(field),
            None => Err(E::custom(format_args!(
                "unknown field `{}`, expected one of {}",
                self.of.then(name),
                Listed(self.fields)
            ))),
        }
    }
}

struct Listed(&'static [&'static str]);

impl Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(i, field)| {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}`{field}`")
        })
    }
}
