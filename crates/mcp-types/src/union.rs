//! Reads and writes the protocol's unions. Unknown variants are kept.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};

/// A union of objects. [`tagged!`] and [`keyed!`] implement it.
pub(crate) trait Union: Sized {
    /// The name of the union.
    const NAME: &'static str;

    fn read<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

/// Reads a union. Needs no buffer if the member that selects the variant comes first.
pub(crate) fn read<'de, T: Union, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Reader<T>(PhantomData<T>);
    impl<'de, T: Union> Visitor<'de> for Reader<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an object ({})", T::NAME)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::read(map)
        }
    }
    deserializer.deserialize_map(Reader(PhantomData))
}

/// Implements `Deserialize` and `Serialize` for a union whose variants differ in the value of one
/// member. If the member is absent or `null`, the variant is the one after `else`, if there is one.
///
/// `texts` are members that are strings in all variants. They are parsed even before the variant is
/// known, because a server that sorts its members sends `text` before `type`.
macro_rules! tagged {
    (@absent $members:ident $tag:literal) => {
        return Err($members.missing($tag))
    };
    (@absent $members:ident $tag:literal $value:literal $default:ty) => {
        return $members.read_variant::<$default>($value).map(Self::from)
    };

    (@seek) => { $crate::wire::Members::seek_tag };
    (@seek $value:literal) => { $crate::wire::Members::seek_optional_tag };

    ($type:ident by $tag:literal $(, texts $($text:literal)*)? {
        $($value:literal => $variant:ident($content:ty),)*
        $(else $absent:literal => $default:ident($default_content:ty),)?
    }) => {
        impl $crate::union::Union for $type {
            const NAME: &'static str = stringify!($type);

            fn read<'de, A: serde::de::MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
                let mut members = $crate::wire::Members::new(Self::NAME, map);
                let is_text = |key: &str| match key {
                    $($($text => true,)*)?
                    _ => false,
                };
                let tag = tagged!(@seek $($absent)?)(&mut members, $tag, is_text)?;
                let Some(tag) = tag else {
                    tagged!(@absent members $tag $($absent $default_content)?)
                };
                match tag.as_str() {
                    $($value => members.read_tagged_variant::<$content>($tag, $value).map(Self::from),)*
                    _ => members.read_tagged_object($tag, tag).map(Self::Unknown),
                }
            }
        }

        $crate::union::union!($type { $($variant($content),)* });
    };
}

/// Implements `Deserialize` and `Serialize` for a union in which each variant has its own member.
/// `null` counts as absent. An object with two of these members is an error.
macro_rules! keyed {
    ($type:ident $(, texts $($text:literal)*)? { $($key:literal => $variant:ident($content:ty),)* }) => {
        impl $crate::union::Union for $type {
            const NAME: &'static str = stringify!($type);

            fn read<'de, A: serde::de::MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
                let mut members = $crate::wire::Members::of_keyed_union(Self::NAME, &[$($key),*], map);
                let is_text = |key: &str| match key {
                    $($($text => true,)*)?
                    _ => false,
                };
                while let Some(key) = members.seek_key(is_text)? {
                    $(if key == $key && let Some(content) = members.read_keyed_variant::<$content>($key)? {
                        return Ok(Self::from(content));
                    })*
                }
                members.read_object().map(Self::Unknown)
            }
        }

        $crate::union::union!($type { $($variant($content),)* });
    };
}

/// The common part of [`tagged!`] and [`keyed!`].
macro_rules! union {
    ($type:ident { $($variant:ident($content:ty),)* }) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::union::read(deserializer)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => value.serialize(serializer),)*
                    Self::Unknown(object) => object.serialize(serializer),
                }
            }
        }

        $crate::by_serde::by_serde!($type);

        $(impl From<$content> for $type {
            fn from(value: $content) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

pub(crate) use {keyed, tagged, union};
