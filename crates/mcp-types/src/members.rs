//! Goes through the members of a JSON object once, in whatever order they come.

use std::{borrow::Cow, fmt, mem, vec};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{
    map::Entry,
    value::{RawValue, Value},
};

use crate::{
    JsonObject,
    object::Object,
    path,
    wire::{Read, Wire},
};

/// The members of a JSON object that is being read.
pub(crate) struct Members<'de, A> {
    place: Place,
    /// What tells the arms of a keyed union apart: no arm has the key of another.
    keys: &'static [&'static str],
    /// Whether the key that led to an arm may turn out to be `null`.
    pending: bool,
    /// The member that is constant, if there is one.
    tag: Option<Tag>,
    /// Members that were passed over in search of a union's tag.
    early: vec::IntoIter<(Key<'de>, Box<RawValue>)>,
    /// The tag of a union that its arm has as a member, to be handed out.
    restored: Option<Box<Restored<'de>>>,
    /// The value that belongs to the key handed out last, if it was read before.
    value: Option<Early<'de>>,
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

/// A value that was read before its turn.
enum Early<'de> {
    Raw(Box<RawValue>),
    Tag(Box<Restored<'de>>),
}

/// A tag and its value, a string or `null`; rare, and thus kept out of what is moved around.
struct Restored<'de> {
    tag: &'static str,
    value: Option<Key<'de>>,
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

    fn new(name: &'static str, map: A) -> Self {
        let place = Place { name, arm: None };
        Self {
            place,
            keys: &[],
            pending: false,
            tag: None,
            early: Vec::new().into_iter(),
            restored: None,
            value: None,
            key: None,
            map,
        }
    }

    /// The members of a union, and the value of its member `tag`.
    pub(crate) fn by_tag(
        name: &'static str,
        tag: &str,
        map: A,
    ) -> Result<(Option<Key<'de>>, Self), A::Error> {
        let mut members = Self::new(name, map);
        match members.seek(|key| key == tag)? {
            Some(_) => members.tag(tag).map(|value| (Some(value), members)),
            None => Ok((None, members)),
        }
    }

    /// The same for a union that has an arm without a tag: `null` counts as absent.
    pub(crate) fn by_optional_tag(
        name: &'static str,
        tag: &'static str,
        map: A,
    ) -> Result<(Option<Key<'de>>, Self), A::Error> {
        let mut members = Self::new(name, map);
        let found = members.seek(|key| key == tag)?.is_some();
        let value = if found { members.tag(tag)? } else { None };
        if found && value.is_none() {
            members.restored = Some(Box::new(Restored { tag, value: None }));
        }
        Ok((value, members))
    }

    /// The members of a union, and the value of its member `tag` if that comes before any member
    /// that settles the matter.
    pub(crate) fn by_tag_or(
        name: &'static str,
        tag: &str,
        settles: impl Fn(&str) -> bool,
        map: A,
    ) -> Result<(Option<Key<'de>>, Self), A::Error> {
        let mut members = Self::new(name, map);
        match members.seek(|key| key == tag || settles(key))? {
            Some(key) if key.as_str() == tag => {
                members.tag(tag).map(|value| (Some(value), members))
            }
            found => {
                members.key = found;
                Ok((None, members))
            }
        }
    }

    fn tag<T: Deserialize<'de>>(&mut self, name: &str) -> Result<T, A::Error> {
        self.map.next_value().map_err(|error| path::in_member(name, error))
    }

    /// The members of a union whose arms are told apart by which of `keys` they have.
    pub(crate) fn by_key(name: &'static str, keys: &'static [&'static str], map: A) -> Self {
        Self { keys, ..Self::new(name, map) }
    }

    /// Reads up to one of the union's keys; it comes first among the members then.
    pub(crate) fn seek_key(&mut self) -> Result<Option<&'static str>, A::Error> {
        let keys = self.keys;
        self.key = self.seek(|key| keys.contains(&key))?;
        let found = self.key.as_ref();
        Ok(found.and_then(|found| keys.iter().copied().find(|key| *key == found.as_str())))
    }

    /// Reads the rest as the arm of a union that has the key `arm`; as nothing if that is `null`,
    /// which counts as absent.
    pub(crate) fn read_keyed_arm<T: Object>(
        &mut self,
        arm: &'static str,
    ) -> Result<Option<T>, A::Error> {
        self.place.arm = Some(arm);
        self.pending = true;
        let read = T::read(self);
        if !mem::take(&mut self.pending) {
            return read.map(Some);
        }
        let mut early: Vec<_> = mem::take(&mut self.early).collect();
        early.push((Key(Cow::Borrowed(arm)), RawValue::NULL.to_owned()));
        self.early = early.into_iter();
        Ok(None)
    }

    /// Reads up to a key that is wanted, putting aside the members in front of it.
    fn seek(&mut self, wanted: impl Fn(&str) -> bool) -> Result<Option<Key<'de>>, A::Error> {
        // Only after a key that was `null` are there any.
        let mut early = match self.early.len() {
            0 => Vec::new(),
            _ => mem::take(&mut self.early).collect(),
        };
        let found = loop {
            match self.map.next_key::<Key<'_>>()? {
                Some(key) if !wanted(key.as_str()) => {
                    let value = self.map.next_value();
                    let value = value.map_err(|error| path::in_member(key.as_str(), error))?;
                    early.push((key, value));
                }
                found => break found,
            }
        };
        self.early = early.into_iter();
        Ok(found)
    }

    /// Reads the rest as the arm of a union that has member `arm`.
    pub(crate) fn read_arm<T: Object>(mut self, arm: &'static str) -> Result<T, A::Error> {
        self.place.arm = Some(arm);
        T::read(&mut self)
    }

    /// Reads the rest as the arm of a union whose member `tag` was found to be `arm`.
    pub(crate) fn read_tagged_arm<T: Object>(
        mut self,
        tag: &'static str,
        arm: &'static str,
    ) -> Result<T, A::Error> {
        match T::TAG {
            Some((name, constant)) => self.tag = Some(Tag { name, constant, seen: true }),
            None => self = self.restore(tag, Key(Cow::Borrowed(arm))),
        }
        self.read_arm(arm)
    }

    /// Puts the tag of a union back among the members.
    pub(crate) fn restore(self, tag: &'static str, value: Key<'de>) -> Self {
        Self { restored: Some(Box::new(Restored { tag, value: Some(value) })), ..self }
    }

    /// Reads the rest into a map, along with the tag of a union that no arm has. Given again, the
    /// tag would make another object of it for whoever reads it next.
    pub(crate) fn into_tagged_object(
        mut self,
        tag: &'static str,
        value: Key<'de>,
    ) -> Result<JsonObject, A::Error> {
        self.tag = Some(Tag { name: tag, constant: "", seen: true });
        let mut object = self.into_object()?;
        object.insert(tag.to_owned(), value.into_string().into());
        Ok(object)
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
        if let Some(key) = self.key.take() {
            return Ok(Some(key));
        }
        if let Some(restored) = self.restored.take() {
            let key = Key(Cow::Borrowed(restored.tag));
            self.value = Some(Early::Tag(restored));
            return Ok(Some(key));
        }
        if let Some((key, value)) = self.early.next() {
            self.value = Some(Early::Raw(value));
            return Ok(Some(key));
        }
        self.map.next_key()
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
    pub(crate) fn read<T: Wire>(
        &mut self,
        name: &str,
        slot: &mut Option<T>,
    ) -> Result<(), A::Error> {
        let value = if self.pending { self.key_value(name)? } else { self.value(name)? };
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(path::in_member(name, "given twice")),
        }
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
        let skipped = self.map.next_value::<IgnoredAny>();
        skipped.map(drop).map_err(|error| path::in_member(key.as_str(), error))
    }

    fn value<T: Wire>(&mut self, name: &str) -> Result<T, A::Error> {
        match self.value.take() {
            None => self.map.next_value_seed(Read::new()).map_err(|e| path::in_member(name, e)),
            Some(Early::Raw(raw)) => T::read(&mut serde_json::Deserializer::from_str(raw.get()))
                .map_err(|error| path::in_member(name, without_position(&error))),
            Some(Early::Tag(tag)) => T::read(Value::from(tag.value.map(Key::into_string)))
                .map_err(|error| path::in_member(name, error)),
        }
    }

    /// The error that member `name` is missing.
    pub(crate) fn missing(&self, name: &str) -> A::Error {
        path::in_member(name, format_args!("missing, {} requires it", self.place))
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
