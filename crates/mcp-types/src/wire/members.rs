//! Goes through the members of a JSON object once, in whatever order they come.

use std::{borrow::Cow, fmt, mem};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::{
    map::Entry,
    value::{RawValue, Value},
};

use super::{
    path,
    value::{Read, Wire},
};
use crate::{JsonObject, object::Object};

/// The members of a JSON object that is being read.
pub(crate) struct Members<'de, A> {
    place: Place,
    /// What tells the arms of a keyed union apart: no arm has the key of another.
    keys: &'static [&'static str],
    /// Whether the key that led to an arm may turn out to be `null`.
    pending: bool,
    /// The member that is constant, if there is one.
    tag: Option<Tag>,
    /// Members that came before what tells the arm of a union, and what told it; the last is handed
    /// out first.
    early: Vec<(Key<'de>, Early)>,
    /// The first of them, kept apart: often it is the only one, and so needs no allocation.
    first: Option<(Key<'de>, Early)>,
    /// The value of the key handed out last, if that came out of `early`.
    value: Option<Early>,
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

/// The value of a member that has been passed.
enum Early {
    /// As it is: only the arm tells its type.
    Raw(Box<RawValue>),
    /// Read already: a string in all arms that have it, unless it is wrong.
    Read(Value),
    /// Still to be read: it comes next in the text.
    Next,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.arm.map_or(Ok(()), |arm| write!(f, " `{arm}`"))
    }
}

impl<'de, A: MapAccess<'de>> Members<'de, A> {
    /// The members of a struct that stands by itself.
    pub(crate) fn of<T: Object>(map: A) -> Self {
        let tag = T::TAG.map(|(name, constant)| Tag { name, constant, seen: false });
        Self { tag, ..Self::new(T::NAME, map) }
    }

    /// The members of a union.
    pub(crate) fn new(name: &'static str, map: A) -> Self {
        let place = Place { name, arm: None };
        let early = Vec::new();
        Self { place, keys: &[], pending: false, tag: None, early, first: None, value: None, map }
    }

    /// The value of a union's member `tag`; `is_text` tells members that are strings in any arm.
    pub(crate) fn seek_tag(
        &mut self,
        tag: &str,
        is_text: impl Fn(&str) -> bool,
    ) -> Result<Option<Key<'de>>, A::Error> {
        match self.seek(|key| key == tag, is_text)? {
            Some(_) => self.next_value(tag).map(Some),
            None => Ok(None),
        }
    }

    /// The same for a union that has an arm without a tag: `null` counts as absent.
    pub(crate) fn seek_optional_tag(
        &mut self,
        tag: &'static str,
        is_text: impl Fn(&str) -> bool,
    ) -> Result<Option<Key<'de>>, A::Error> {
        let Some(_) = self.seek(|key| key == tag, is_text)? else { return Ok(None) };
        let value: Option<Key<'_>> = self.next_value(tag)?;
        if value.is_none() {
            self.give_back(Key(Cow::Borrowed(tag)), Early::Read(Value::Null));
        }
        Ok(value)
    }

    /// The value of a union's member `tag` if that comes before any member that settles the matter.
    pub(crate) fn seek_tag_or(
        &mut self,
        tag: &str,
        settles: impl Fn(&str) -> bool,
    ) -> Result<Option<Key<'de>>, A::Error> {
        match self.seek(|key| key == tag || settles(key), |_| false)? {
            Some(key) if key.as_str() == tag => self.next_value(tag).map(Some),
            Some(key) => {
                self.give_back(key, Early::Next);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    fn next_value<T: Deserialize<'de>>(&mut self, name: &str) -> Result<T, A::Error> {
        self.map.next_value().map_err(|error| path::in_member(name, error))
    }

    /// The members of a union whose arms are told apart by which of `keys` they have.
    pub(crate) fn by_key(name: &'static str, keys: &'static [&'static str], map: A) -> Self {
        Self { keys, ..Self::new(name, map) }
    }

    /// Reads up to one of the union's keys, and tells which it is.
    pub(crate) fn seek_key(
        &mut self,
        is_text: impl Fn(&str) -> bool,
    ) -> Result<Option<&'static str>, A::Error> {
        let keys = self.keys;
        let Some(found) = self.seek(|key| keys.contains(&key), is_text)? else { return Ok(None) };
        let key = keys.iter().copied().find(|key| *key == found.as_str());
        self.give_back(found, Early::Next);
        Ok(key)
    }

    /// Reads the rest as the arm of a union that has the key `arm`; as nothing if that is `null`,
    /// which counts as absent.
    pub(crate) fn read_keyed_arm<T: Object>(
        &mut self,
        arm: &'static str,
    ) -> Result<Option<T>, A::Error> {
        self.pending = true;
        let read = self.read_arm(arm);
        if !mem::take(&mut self.pending) {
            return read.map(Some);
        }
        self.give_back(Key(Cow::Borrowed(arm)), Early::Read(Value::Null));
        Ok(None)
    }

    /// Reads up to a key that is wanted, putting aside the members in front of it.
    fn seek(
        &mut self,
        wanted: impl Fn(&str) -> bool,
        is_text: impl Fn(&str) -> bool,
    ) -> Result<Option<Key<'de>>, A::Error> {
        while let Some(key) = self.map.next_key::<Key<'_>>()? {
            if wanted(key.as_str()) {
                return Ok(Some(key));
            }
            let value = if is_text(key.as_str()) {
                Early::Read(self.next_value(key.as_str())?)
            } else {
                Early::Raw(self.next_value(key.as_str())?)
            };
            self.give_back(key, value);
        }
        Ok(None)
    }

    /// Has a member that was taken from the text come again.
    fn give_back(&mut self, key: Key<'de>, value: Early) {
        if self.first.is_none() {
            self.first = Some((key, value));
        } else {
            self.early.push((key, value));
        }
    }

    /// Reads the rest as the arm of a union that has member `arm`.
    pub(crate) fn read_arm<T: Object>(&mut self, arm: &'static str) -> Result<T, A::Error> {
        self.place.arm = Some(arm);
        T::read(self)
    }

    /// Reads the rest as the arm of a union whose member `tag` was found to be `arm`.
    pub(crate) fn read_tagged_arm<T: Object>(
        &mut self,
        tag: &'static str,
        arm: &'static str,
    ) -> Result<T, A::Error> {
        match T::TAG {
            Some((name, constant)) => self.tag = Some(Tag { name, constant, seen: true }),
            None => self.restore(tag, Key(Cow::Borrowed(arm))),
        }
        self.read_arm(arm)
    }

    /// Puts the tag of a union back among the members.
    pub(crate) fn restore(&mut self, tag: &'static str, value: Key<'de>) {
        let value = Value::String(value.into_string());
        self.give_back(Key(Cow::Borrowed(tag)), Early::Read(value));
    }

    /// Reads the rest into a map, along with the tag of a union that no arm has. Given again, the
    /// tag would make another object of it for whoever reads it next.
    pub(crate) fn read_tagged_object(
        &mut self,
        tag: &'static str,
        value: Key<'de>,
    ) -> Result<JsonObject, A::Error> {
        self.tag = Some(Tag { name: tag, constant: "", seen: true });
        let mut object = self.read_object()?;
        object.insert(tag.to_owned(), value.into_string().into());
        Ok(object)
    }

    /// Reads the rest into a map.
    pub(crate) fn read_object(&mut self) -> Result<JsonObject, A::Error> {
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
                Some(tag) if key.as_str() == tag.name => self.check_tag(tag)?,
                _ => return Ok(Some(key)),
            }
        }
        match self.tag {
            Some(Tag { name, seen: false, .. }) => Err(self.missing(name)),
            _ => Ok(None),
        }
    }

    fn advance(&mut self) -> Result<Option<Key<'de>>, A::Error> {
        let Some((key, value)) = self.early.pop().or_else(|| self.first.take()) else {
            return self.map.next_key();
        };
        self.value = Some(value);
        Ok(Some(key))
    }

    fn check_tag(&mut self, tag: Tag) -> Result<(), A::Error> {
        if tag.seen {
            return Err(path::in_member(tag.name, "given twice"));
        }
        let value: String = self.value(tag.name)?;
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
        let value = if self.pending { self.key_value(name)? } else { self.value(name)? };
        once(name, slot, value)
    }

    /// Reads a number that is only a hint into its slot. One that the slot cannot hold is no reason
    /// to refuse all the rest: it stays among the members that nobody knows.
    pub(crate) fn read_hint(
        &mut self,
        name: &str,
        slot: &mut Option<Option<i64>>,
        extra: &mut JsonObject,
    ) -> Result<(), A::Error> {
        let value: Value = self.value(name)?;
        let hint = match Option::read(&value) {
            Err(_) if value.is_number() => {
                extra.insert(name.to_owned(), value);
                None
            }
            read => read.map_err(|error| path::in_member(name, error))?,
        };
        once(name, slot, hint)
    }

    /// Reads the value of the key that led to an arm, which stays pending if it is `null`.
    fn key_value<T: Wire>(&mut self, name: &str) -> Result<T, A::Error> {
        self.pending = false;
        let value = self.value::<Option<T>>(name)?;
        value.ok_or_else(|| {
            self.pending = true;
            self.missing(name)
        })
    }

    /// Keeps a member that the schema does not name.
    pub(crate) fn keep(&mut self, key: Key<'_>, extra: &mut JsonObject) -> Result<(), A::Error> {
        let value: Value = self.value(&key.0)?;
        if self.keys.contains(&key.as_str()) && !value.is_null() {
            let problem = format_args!("given although it is {}", self.place);
            return Err(path::in_member(key.as_str(), problem));
        }
        match extra.entry(key.into_string()) {
            Entry::Vacant(member) => {
                member.insert(value);
                Ok(())
            }
            Entry::Occupied(member) => Err(path::in_member(member.key(), "given twice")),
        }
    }

    /// Passes over a member of a struct that does not keep what it does not name.
    pub(crate) fn skip(&mut self, key: &Key<'_>) -> Result<(), A::Error> {
        // Not `IgnoredAny`, which lets pass what is no Unicode.
        let skipped = self.map.next_value::<Box<RawValue>>();
        skipped.map(drop).map_err(|error| path::in_member(key.as_str(), error))
    }

    #[inline]
    fn value<T: Wire>(&mut self, name: &str) -> Result<T, A::Error> {
        match self.value.take() {
            None | Some(Early::Next) => {
                self.map.next_value_seed(Read::new()).map_err(|e| path::in_member(name, e))
            }
            Some(Early::Raw(raw)) => T::read(&mut serde_json::Deserializer::from_str(raw.get()))
                .map_err(|error| path::in_member(name, without_position(&error))),
            Some(Early::Read(value)) => {
                T::read(value).map_err(|error| path::in_member(name, error))
            }
        }
    }

    /// The error that member `name` is missing.
    pub(crate) fn missing(&self, name: &str) -> A::Error {
        path::in_member(name, format_args!("missing, {} requires it", self.place))
    }
}

fn once<T, E: de::Error>(name: &str, slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(path::in_member(name, "given twice")),
    }
}

/// A position within a part that was put aside says nothing about the whole text.
pub(crate) fn without_position(error: &serde_json::Error) -> String {
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

    pub(crate) fn into_string(self) -> String {
        self.0.into_owned()
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
