//! Reads and writes the protocol's structs, keeping the members that a schema does not name.
//!
//! serde's `flatten` would do the same through a buffer of its own, which costs time and cannot
//! hold the raw JSON of a [`Schema`](crate::Schema).

use std::{borrow::Cow, fmt, marker::PhantomData, vec};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::{RawValue, to_raw_value};

use crate::JsonObject;

/// A struct of the protocol; [`object!`] implements it.
pub(crate) trait Object: Sized {
    /// The name of the struct.
    const NAME: &'static str;
    /// The member that tells the struct from others, and its constant value.
    const TAG: Option<(&'static str, &'static str)>;

    fn read<'de, A: MapAccess<'de>>(members: Members<'de, A>) -> Result<Self, A::Error>;
}

/// Reads a struct that stands by itself, not in a union.
pub(crate) fn read<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Reader<T>(PhantomData<T>);
    impl<'de, T: Object> Visitor<'de> for Reader<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} as an object", T::NAME)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            let tag = T::TAG.map(|(name, constant)| Tag { name, constant, seen: false });
            T::read(Members { tag, ..Members::new(T::NAME, map) })
        }
    }
    deserializer.deserialize_map(Reader(PhantomData))
}

/// The members of a JSON object that is being read.
pub(crate) struct Members<'de, A> {
    place: Place,
    /// The member that is constant, if there is one.
    tag: Option<Tag>,
    /// Members that were passed over in search of a union's tag.
    early: vec::IntoIter<(Key<'de>, Box<RawValue>)>,
    /// The value that belongs to the key handed out last, if it was an early one.
    value: Option<Box<RawValue>>,
    /// A key that was read, but not its value.
    key: Option<Key<'de>>,
    map: A,
}

/// What is being read, for error messages: a type, and in a union the arm.
#[derive(Clone, Copy)]
struct Place {
    name: &'static str,
    arm: Option<&'static str>,
}

#[derive(Clone, Copy)]
struct Tag {
    name: &'static str,
    constant: &'static str,
    seen: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.arm.map_or(Ok(()), |arm| write!(f, " `{arm}`"))
    }
}

impl<'de, A: MapAccess<'de>> Members<'de, A> {
    fn new(name: &'static str, map: A) -> Self {
        let place = Place { name, arm: None };
        Self { place, tag: None, early: Vec::new().into_iter(), value: None, key: None, map }
    }

    /// Looks for the value of `tag`, putting aside the members in front of it.
    pub(crate) fn by_tag(
        name: &'static str,
        tag: &str,
        map: A,
    ) -> Result<(Option<Key<'de>>, Self), A::Error> {
        let mut members = Self::new(name, map);
        let mut early = Vec::new();
        while let Some(key) = members.map.next_key::<Key<'_>>()? {
            if key == *tag {
                let value = members.map.next_value().map_err(|error| members.wrong(tag, error))?;
                return Ok((Some(value), Self { early: early.into_iter(), ..members }));
            }
            early.push((key, members.map.next_value()?));
        }
        Ok((None, Self { early: early.into_iter(), ..members }))
    }

    /// Looks for the first member that is one of `keys`, putting aside those in front of it.
    pub(crate) fn by_key(
        name: &'static str,
        keys: &[&'static str],
        map: A,
    ) -> Result<(Option<&'static str>, Self), A::Error> {
        let mut members = Self::new(name, map);
        let mut early = Vec::new();
        while let Some(key) = members.map.next_key::<Key<'_>>()? {
            if let Some(found) = keys.iter().find(|candidate| key == ***candidate) {
                let early = early.into_iter();
                return Ok((Some(*found), Self { early, key: Some(key), ..members }));
            }
            early.push((key, members.map.next_value()?));
        }
        Ok((None, Self { early: early.into_iter(), ..members }))
    }

    /// Reads the rest as the arm of a union that has member `arm`.
    pub(crate) fn read_arm<T: Object>(mut self, arm: &'static str) -> Result<T, A::Error> {
        self.place.arm = Some(arm);
        T::read(self)
    }

    /// Reads the rest as the arm of a union whose member `tag` was found to be `arm`.
    pub(crate) fn read_tagged_arm<T: Object>(
        mut self,
        tag: &'static str,
        arm: &'static str,
    ) -> Result<T, A::Error> {
        match T::TAG {
            Some((name, constant)) => self.tag = Some(Tag { name, constant, seen: true }),
            None => self = self.restore(tag, arm)?,
        }
        self.read_arm(arm)
    }

    /// Puts the tag of a union back among the members.
    pub(crate) fn restore(mut self, tag: &'static str, value: &str) -> Result<Self, A::Error> {
        let value = to_raw_value(value).map_err(de::Error::custom)?;
        let mut early = vec![(Key(Cow::Borrowed(tag)), value)];
        early.extend(self.early);
        self.early = early.into_iter();
        Ok(self)
    }

    /// Reads the rest into a map.
    pub(crate) fn into_object(mut self) -> Result<JsonObject, A::Error> {
        let mut object = JsonObject::new();
        while let Some(key) = self.next_key()? {
            self.keep(key, &mut object)?;
        }
        Ok(object)
    }

    /// The next key; its value has to be read before the next call.
    pub(crate) fn next_key(&mut self) -> Result<Option<Key<'de>>, A::Error> {
        while let Some(key) = self.advance()? {
            match self.tag {
                Some(tag) if key == *tag.name => self.check_tag(tag)?,
                _ => return Ok(Some(key)),
            }
        }
        match self.tag {
            Some(Tag { name, seen: false, .. }) => Err(self.missing(name)),
            _ => Ok(None),
        }
    }

    fn advance(&mut self) -> Result<Option<Key<'de>>, A::Error> {
        if let Some((key, value)) = self.early.next() {
            self.value = Some(value);
            return Ok(Some(key));
        }
        match self.key.take() {
            Some(key) => Ok(Some(key)),
            None => self.map.next_key(),
        }
    }

    fn check_tag(&mut self, tag: Tag) -> Result<(), A::Error> {
        let value: String = self.value(tag.name)?;
        if tag.seen {
            return Err(self.wrong(tag.name, "given twice"));
        }
        if value != tag.constant {
            return Err(self.wrong(tag.name, format_args!("`{value}`, not `{}`", tag.constant)));
        }
        self.tag = Some(Tag { seen: true, ..tag });
        Ok(())
    }

    /// Reads the value of member `name` into its slot.
    pub(crate) fn read<T: DeserializeOwned>(
        &mut self,
        name: &str,
        slot: &mut Option<T>,
    ) -> Result<(), A::Error> {
        match slot.replace(self.value(name)?) {
            None => Ok(()),
            Some(_) => Err(self.wrong(name, "given twice")),
        }
    }

    /// Keeps a member that the schema does not name.
    pub(crate) fn keep(&mut self, key: Key<'_>, extra: &mut JsonObject) -> Result<(), A::Error> {
        let value = self.value(&key.0)?;
        extra.insert(key.0.into_owned(), value);
        Ok(())
    }

    fn value<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, A::Error> {
        match self.value.take() {
            None => self.map.next_value().map_err(|error| self.wrong(name, error)),
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|error| self.wrong(name, without_position(&error))),
        }
    }

    /// The error that member `name` is missing.
    pub(crate) fn missing(&self, name: &str) -> A::Error {
        de::Error::custom(format_args!("{}: missing member `{name}`", self.place))
    }

    fn wrong(&self, name: &str, problem: impl fmt::Display) -> A::Error {
        de::Error::custom(format_args!("{}.{name}: {problem}", self.place))
    }
}

/// A position within a part that was put aside says nothing about the whole text.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&position).unwrap_or(&message).to_owned()
}

/// A string that is borrowed from the input where that is possible.
pub(crate) struct Key<'de>(Cow<'de, str>);

impl Key<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Key<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A number that is printed as an integer if it is one.
pub(crate) struct Number(pub(crate) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Up to here every integer has a float of its own.
        const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// Implements [`Object`], `Deserialize` and `Serialize` for a struct.
///
/// Each line gives the kind of a member, its field and its name on the wire:
/// - `required` has to be there; `null` only if the field is an `Option`.
/// - `optional` is an `Option`; `null` counts as absent.
/// - `nullable` is an `Option` of any JSON: `null` is told from absent.
/// - `number` and `optional_number` are floats that print without a fraction if they have none.
macro_rules! object {
    (@finish required $field:ident $name:literal $members:ident) => {
        match $field {
            Some(value) => value,
            None => return Err($members.missing($name)),
        }
    };
    (@finish number $field:ident $name:literal $members:ident) => {
        object!(@finish required $field $name $members)
    };
    (@finish nullable $field:ident $name:literal $members:ident) => { $field };
    (@finish $optional:ident $field:ident $name:literal $members:ident) => {
        Option::flatten($field)
    };

    (@write required $value:expr, $name:literal $map:ident) => {
        $map.serialize_entry($name, &$value)?
    };
    (@write number $value:expr, $name:literal $map:ident) => {
        $map.serialize_entry($name, &$crate::object::Number($value))?
    };
    (@write optional_number $value:expr, $name:literal $map:ident) => {
        if let Some(value) = $value {
            $map.serialize_entry($name, &$crate::object::Number(value))?;
        }
    };
    (@write $optional:ident $value:expr, $name:literal $map:ident) => {
        if let Some(value) = &$value {
            $map.serialize_entry($name, value)?;
        }
    };

    (@tag) => { None };
    (@tag $tag:literal $constant:literal) => { Some(($tag, $constant)) };

    ($type:ident $(with $tag:literal = $constant:literal)? {
        $($kind:ident $field:ident = $name:literal,)*
    }) => {
        impl $crate::object::Object for $type {
            const NAME: &'static str = stringify!($type);
            const TAG: Option<(&'static str, &'static str)> = object!(@tag $($tag $constant)?);

            fn read<'de, A: serde::de::MapAccess<'de>>(
                mut members: $crate::object::Members<'de, A>,
            ) -> Result<Self, A::Error> {
                $(let mut $field = None;)*
                let mut extra = $crate::JsonObject::new();
                while let Some(key) = members.next_key()? {
                    match key.as_str() {
                        $($name => members.read($name, &mut $field)?,)*
                        _ => members.keep(key, &mut extra)?,
                    }
                }
                $(let $field = object!(@finish $kind $field $name members);)*
                Ok(Self { $($field,)* extra })
            }
        }

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
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    };
}

pub(crate) use object;
