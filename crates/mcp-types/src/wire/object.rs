//! Structs that are read from the members of a JSON object.

use serde::de::MapAccess;

use super::members::{Members, Tag};

/// A struct of the protocol. `object!` implements it.
pub(crate) trait Object: Sized {
    /// The name of the struct.
    const NAME: &'static str;
    /// The member with a constant value, if the struct has one, and the value.
    const TAG: Option<(&'static str, &'static str)>;
    /// The names of the members.
    const MEMBERS: &'static [&'static str];

    fn read<'de, A: MapAccess<'de>>(members: &mut Members<'de, A>) -> Result<Self, A::Error>;
}

impl<'de, A: MapAccess<'de>> Members<'de, A> {
    /// Creates a reader for the members of a struct that is not a variant of a union.
    pub(crate) fn of_struct<T: Object>(map: A) -> Self {
        let tag = T::TAG.map(|(name, constant)| Tag { name, constant, seen: false });
        let mut members = Self::new(T::NAME, map);
        members.tag = tag;
        members
    }
}
