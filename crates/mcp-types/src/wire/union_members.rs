//! Finds the arm of a union among the members of an object.

use std::mem;

use serde::de::MapAccess;
use serde_json::value::Value;

use super::{
    key::Key,
    members::{Buffered, Members, Tag},
    object::Object,
};
use crate::json_object::JsonObject;

impl<'de, A: MapAccess<'de>> Members<'de, A> {
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
            self.buffer(Key::from_static(tag), Buffered::Parsed(Value::Null));
        }
        Ok(value)
    }

    /// The value of a union's member `tag` if that comes before any member that settles the matter.
    pub(crate) fn seek_tag_until(
        &mut self,
        tag: &str,
        is_decisive: impl Fn(&str) -> bool,
    ) -> Result<Option<Key<'de>>, A::Error> {
        match self.seek(|key| key == tag || is_decisive(key), |_| false)? {
            Some(key) if key.as_str() == tag => self.next_value(tag).map(Some),
            Some(key) => {
                self.buffer(key, Buffered::Unread);
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// The members of a union whose arms are told apart by which of `keys` they have.
    pub(crate) fn of_keyed_union(
        name: &'static str,
        keys: &'static [&'static str],
        map: A,
    ) -> Self {
        let mut members = Self::new(name, map);
        members.keys = keys;
        members
    }

    /// Reads up to one of the union's keys, and tells which it is.
    pub(crate) fn seek_key(
        &mut self,
        is_text: impl Fn(&str) -> bool,
    ) -> Result<Option<&'static str>, A::Error> {
        let keys = self.keys;
        let Some(found) = self.seek(|key| keys.contains(&key), is_text)? else { return Ok(None) };
        let key = keys.iter().copied().find(|key| *key == found.as_str());
        self.buffer(found, Buffered::Unread);
        Ok(key)
    }

    /// Reads the rest as the arm of a union that has the key `arm`; as nothing if that is `null`,
    /// which counts as absent.
    pub(crate) fn read_keyed_arm<T: Object>(
        &mut self,
        arm: &'static str,
    ) -> Result<Option<T>, A::Error> {
        self.key_may_be_null = true;
        let read = self.read_arm(arm);
        if !mem::take(&mut self.key_may_be_null) {
            return read.map(Some);
        }
        self.buffer(Key::from_static(arm), Buffered::Parsed(Value::Null));
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
                Buffered::Parsed(self.next_value(key.as_str())?)
            } else {
                Buffered::Raw(self.next_value(key.as_str())?)
            };
            self.buffer(key, value);
        }
        Ok(None)
    }

    /// Reads the rest as the arm of a union that has member `arm`.
    pub(crate) fn read_arm<T: Object>(&mut self, arm: &'static str) -> Result<T, A::Error> {
        self.target.arm = Some(arm);
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
            None => self.put_back_tag(tag, Key::from_static(arm)),
        }
        self.read_arm(arm)
    }

    /// Puts the tag of a union back among the members.
    pub(crate) fn put_back_tag(&mut self, tag: &'static str, value: Key<'de>) {
        let value = Value::String(value.into_string());
        self.buffer(Key::from_static(tag), Buffered::Parsed(value));
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
}
