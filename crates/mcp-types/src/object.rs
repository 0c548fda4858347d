//! Reads and writes the protocol's structs. Unknown members are kept.
//!
//! serde's `flatten` would do the same with a buffer, which costs time and cannot contain the raw
//! JSON of a [`Schema`](crate::Schema).

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};

use crate::wire::{Members, Object};

/// Reads a struct that is not a variant of a union.
pub(crate) fn read<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Reader<T>(PhantomData<T>);
    impl<'de, T: Object> Visitor<'de> for Reader<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an object ({})", T::NAME)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::read(&mut Members::of_struct::<T>(map))
        }
    }
    deserializer.deserialize_map(Reader(PhantomData))
}

/// Implements [`Object`], `Deserialize` and `Serialize` for a struct.
///
/// Each line contains the kind of a member, its field and its name in JSON:
/// - `required` must be present. It may be `null` only if the field is an `Option`.
/// - `optional` is an `Option`. `null` counts as absent.
/// - `nullable` is an `Option` of any JSON. `null` is a value.
/// - `hint` is an optional integer. Another number counts as absent, and is kept in `extra`.
macro_rules! object {
    (@read hint $field:ident $name:literal $members:ident $extra:ident) => {
        $members.read_hint($name, &mut $field, &mut $extra)?
    };
    (@read $kind:ident $field:ident $name:literal $members:ident $extra:ident) => {
        $members.read($name, &mut $field)?
    };

    (@finish required $field:ident $name:literal $members:ident) => {
        match $field {
            Some(value) => value,
            None => return Err($members.missing($name)),
        }
    };
    (@finish nullable $field:ident $name:literal $members:ident) => { $field };
    (@finish $optional:ident $field:ident $name:literal $members:ident) => { Option::flatten($field) };

    (@write required $value:expr, $name:literal $map:ident) => {
        $map.serialize_entry($name, &$crate::wire::Write(&$value))?
    };
    (@write $optional:ident $value:expr, $name:literal $map:ident) => {
        if let Some(value) = &$value {
            $map.serialize_entry($name, &$crate::wire::Write(value))?;
        }
    };

    // A value that was set later replaces the invalid one in `extra`.
    (@replaced hint $value:expr, $name:literal $member:ident) => {
        if $member == $name && $value.is_some() {
            continue;
        }
    };
    (@replaced $kind:ident $value:expr, $name:literal $member:ident) => {};

    (@tag) => { None };
    (@tag $tag:literal $constant:literal) => { Some(($tag, $constant)) };

    ($type:ident $(with $tag:literal = $constant:literal)? {
        $($kind:ident $field:ident = $name:literal,)*
    }) => {
        impl $crate::wire::Object for $type {
            const NAME: &'static str = stringify!($type);
            const TAG: Option<(&'static str, &'static str)> = object!(@tag $($tag $constant)?);
            const MEMBERS: &'static [&'static str] = &[$($name),*];

            fn read<'de, A: serde::de::MapAccess<'de>>(
                members: &mut $crate::wire::Members<'de, A>,
            ) -> Result<Self, A::Error> {
                $(let mut $field = None;)*
                let mut extra = $crate::json_object::JsonObject::new();
                while let Some(key) = members.next_key()? {
                    match key.as_str() {
                        $($name => object!(@read $kind $field $name members extra),)*
                        _ => members.keep(key, &mut extra)?,
                    }
                }
                $(let $field = object!(@finish $kind $field $name members);)*
                Ok(Self { $($field,)* extra })
            }
        }

        $crate::by_serde::by_serde!($type);

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::object::read(deserializer)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $(map.serialize_entry($tag, $constant)?;)?
                $(object!(@write $kind self.$field, $name map);)*
                for (name, value) in &self.extra {
                    $(object!(@replaced $kind self.$field, $name name);)*
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    };
}

pub(crate) use object;
