//! Reads the members of a JSON object once, in any order.

use std::fmt;

use serde::{
    Deserialize,
    de::{self, MapAccess},
};
use serde_json::{
    map::Entry,
    value::{RawValue, Value},
};

use super::{
    key::Key,
    path,
    value::{Read, Wire},
};
use crate::json_object::JsonObject;

/// The members of a JSON object that is being read.
pub(crate) struct Members<'de, A> {
    pub(super) target: ReadTarget,
    /// The members that select the variant of a keyed union. No variant may have the member of
    /// another.
    pub(super) keys: &'static [&'static str],
    /// `true` if the value of the member that selected the variant is unread or `null`.
    pub(super) key_may_be_null: bool,
    /// The member with a constant value, if there is one.
    pub(super) tag: Option<Tag>,
    /// Members that came before the one that selects the variant, and that one. The last is
    /// returned first.
    buffered: Vec<(Key<'de>, Buffered)>,
    /// The first buffered member. Often it is the only one, and then no allocation is needed.
    first_buffered: Option<(Key<'de>, Buffered)>,
    /// The value of the last key, if it was buffered.
    buffered_value: Option<Buffered>,
    pub(super) map: A,
}

/// The type that is read, and in a union the variant, for error messages.
#[derive(Clone, Copy)]
pub(super) struct ReadTarget {
    name: &'static str,
    pub(super) variant: Option<&'static str>,
}

#[derive(Clone, Copy)]
pub(super) struct Tag {
    pub(super) name: &'static str,
    pub(super) constant: &'static str,
    pub(super) seen: bool,
}

/// The value of a buffered member.
pub(super) enum Buffered {
    /// The raw JSON, because the type depends on the variant.
    Raw(Box<RawValue>),
    /// A parsed value. It is a string in all variants that have the member, unless it is invalid.
    Parsed(Value),
    /// The value is not read yet and comes next in the text.
    Unread,
}

impl fmt::Display for ReadTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.variant.map_or(Ok(()), |variant| write!(f, " {variant:?}"))
    }
}

impl<'de, A: MapAccess<'de>> Members<'de, A> {
    /// Creates a reader for the members of a union.
    pub(crate) fn new(name: &'static str, map: A) -> Self {
        let target = ReadTarget { name, variant: None };
        let buffered = Vec::new();
        Self {
            target,
            keys: &[],
            key_may_be_null: false,
            tag: None,
            buffered,
            first_buffered: None,
            buffered_value: None,
            map,
        }
    }

    pub(super) fn next_value<T: Deserialize<'de>>(&mut self, name: &str) -> Result<T, A::Error> {
        self.map.next_value().map_err(|error| path::in_member(name, error))
    }

    /// Buffers a member, so that it is returned again.
    pub(super) fn buffer(&mut self, key: Key<'de>, value: Buffered) {
        if self.first_buffered.is_none() {
            self.first_buffered = Some((key, value));
        } else {
            self.buffered.push((key, value));
        }
    }

    /// Reads the remaining members into a map.
    pub(crate) fn read_object(&mut self) -> Result<JsonObject, A::Error> {
        let mut object = JsonObject::new();
        while let Some(key) = self.next_key()? {
            self.keep(key, &mut object)?;
        }
        Ok(object)
    }

    /// Returns the next key. Its value must be read before the next call.
    pub(crate) fn next_key(&mut self) -> Result<Option<Key<'de>>, A::Error> {
        while let Some(key) = self.next_member()? {
            match self.tag {
                Some(tag) if key.as_str() == tag.name => self.check_tag(tag)?,
                _ => return Ok(Some(key)),
            }
        }
        match self.tag {
            Some(Tag { name, seen: false, .. }) => Err(self.missing(name)),
            _ => Ok(None),
        }
    }

    fn next_member(&mut self) -> Result<Option<Key<'de>>, A::Error> {
        let Some((key, value)) = self.buffered.pop().or_else(|| self.first_buffered.take()) else {
            return self.map.next_key();
        };
        self.buffered_value = Some(value);
        Ok(Some(key))
    }

    fn check_tag(&mut self, tag: Tag) -> Result<(), A::Error> {
        if tag.seen {
            return Err(path::in_member(tag.name, "duplicate member"));
        }
        let value: String = self.read_value(tag.name)?;
        if value != tag.constant {
            let problem = format_args!("expected {:?}, found {value:?}", tag.constant);
            return Err(path::in_member(tag.name, problem));
        }
        self.tag = Some(Tag { seen: true, ..tag });
        Ok(())
    }

    /// Reads the value of member `name` into its slot.
    #[inline]
    pub(crate) fn read<T: Wire>(
        &mut self,
        name: &str,
        slot: &mut Option<T>,
    ) -> Result<(), A::Error> {
        let value =
            if self.key_may_be_null { self.read_key_value(name)? } else { self.read_value(name)? };
        set_once(name, slot, value)
    }

    /// Reads a number that is only a hint into its slot. A number that is not a 64-bit integer is
    /// not an error. It is kept in `extra`.
    pub(crate) fn read_hint(
        &mut self,
        name: &str,
        slot: &mut Option<Option<i64>>,
        extra: &mut JsonObject,
    ) -> Result<(), A::Error> {
        let value: Value = self.read_value(name)?;
        let hint = match Option::read(&value) {
            Err(_) if value.is_number() => {
                extra.insert(name.to_owned(), value);
                None
            }
            read => read.map_err(|error| path::in_member(name, error))?,
        };
        set_once(name, slot, hint)
    }

    /// Reads the value of the member that selected the variant, and records if it is `null`.
    fn read_key_value<T: Wire>(&mut self, name: &str) -> Result<T, A::Error> {
        self.key_may_be_null = false;
        let value = self.read_value::<Option<T>>(name)?;
        value.ok_or_else(|| {
            self.key_may_be_null = true;
            self.missing(name)
        })
    }

    /// Keeps a member that the schema does not define.
    pub(crate) fn keep(&mut self, key: Key<'_>, extra: &mut JsonObject) -> Result<(), A::Error> {
        let value: Value = self.read_value(key.as_str())?;
        if self.keys.contains(&key.as_str()) && !value.is_null() {
            let problem = format_args!("not allowed in {}", self.target);
            return Err(path::in_member(key.as_str(), problem));
        }
        match extra.entry(key.into_string()) {
            Entry::Vacant(member) => {
                member.insert(value);
                Ok(())
            }
            Entry::Occupied(member) => Err(path::in_member(member.key(), "duplicate member")),
        }
    }

    /// Skips a member of a struct that does not keep unknown members.
    pub(crate) fn skip(&mut self, key: &Key<'_>) -> Result<(), A::Error> {
        // `IgnoredAny` would accept invalid UTF-8.
        let skipped = self.map.next_value::<Box<RawValue>>();
        skipped.map(drop).map_err(|error| path::in_member(key.as_str(), error))
    }

    #[inline]
    fn read_value<T: Wire>(&mut self, name: &str) -> Result<T, A::Error> {
        match self.buffered_value.take() {
            None | Some(Buffered::Unread) => {
                self.map.next_value_seed(Read::new()).map_err(|e| path::in_member(name, e))
            }
            Some(Buffered::Raw(raw)) => T::read(&mut serde_json::Deserializer::from_str(raw.get()))
                .map_err(|error| path::in_member(name, path::without_position(&error))),
            Some(Buffered::Parsed(value)) => {
                T::read(value).map_err(|error| path::in_member(name, error))
            }
        }
    }

    /// Returns the error for the missing member `name`.
    pub(crate) fn missing(&self, name: &str) -> A::Error {
        path::in_member(name, format_args!("missing, required by {}", self.target))
    }
}

fn set_once<T, E: de::Error>(name: &str, slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(path::in_member(name, "duplicate member")),
    }
}
