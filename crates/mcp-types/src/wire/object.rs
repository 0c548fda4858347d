//! Structs that are read from the members of a JSON object.

use serde::de::MapAccess;

use super::members::{Members, Tag};

/// A struct of the protocol; `object!` implements it.
pub(crate) trait Object: Sized {
    /// The name of the struct.
    const NAME: &'static str;
    /// The member that tells the struct from others, and its constant value.
    const TAG: Option<(&'static str, &'static str)>;
    /// The members that it names.
    const MEMBERS: &'static [&'static str];

    fn read<'de, A: MapAccess<'de>>(members: &mut Members<'de, A>) -> Result<Self, A::Error>;
}

impl<'de, A: MapAccess<'de>> Members<'de, A> {
    /// The members of a struct that stands by itself.
    pub(crate) fn of_struct<T: Object>(map: A) -> Self {
        let tag = T::TAG.map(|(name, constant)| Tag { name, constant, seen: false });
        let mut members = Self::new(T::NAME, map);
        members.tag = tag;
        members
    }
}
