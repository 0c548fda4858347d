//! Selects the variant of a union by the members of an object.

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
    /// Reads members until `tag`, and returns its value. `is_text` selects the members that are
    /// strings in all variants.
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

    /// Does the same for a union with a variant that has no tag. `null` counts as absent.
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

    /// Returns the value of `tag` if it comes before all decisive members.
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

    /// Creates a reader for the members of a union in which each variant has one of `keys`.
    pub(crate) fn of_keyed_union(
        name: &'static str,
        keys: &'static [&'static str],
        map: A,
    ) -> Self {
        let mut members = Self::new(name, map);
        members.keys = keys;
        members
    }

    /// Reads members until one of the union's keys, and returns that key.
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

    /// Reads the remaining members as the variant with the member `variant`. Returns `None` if its
    /// value is `null`, which counts as absent.
    pub(crate) fn read_keyed_variant<T: Object>(
        &mut self,
        variant: &'static str,
    ) -> Result<Option<T>, A::Error> {
        self.key_may_be_null = true;
        let read = self.read_variant(variant);
        if !mem::take(&mut self.key_may_be_null) {
            return read.map(Some);
        }
        self.buffer(Key::from_static(variant), Buffered::Parsed(Value::Null));
        Ok(None)
    }

    /// Reads members until a wanted key. Buffers the members before it.
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

    /// Reads the remaining members as the variant with the member `variant`.
    pub(crate) fn read_variant<T: Object>(&mut self, variant: &'static str) -> Result<T, A::Error> {
        self.target.variant = Some(variant);
        T::read(self)
    }

    /// Reads the remaining members as the variant whose member `tag` has the value `variant`.
    pub(crate) fn read_tagged_variant<T: Object>(
        &mut self,
        tag: &'static str,
        variant: &'static str,
    ) -> Result<T, A::Error> {
        match T::TAG {
            Some((name, constant)) => self.tag = Some(Tag { name, constant, seen: true }),
            None => self.put_back_tag(tag, Key::from_static(variant)),
        }
        self.read_variant(variant)
    }

    /// Buffers the tag of a union, so that it is read as a member.
    pub(crate) fn put_back_tag(&mut self, tag: &'static str, value: Key<'de>) {
        let value = Value::String(value.into_string());
        self.buffer(Key::from_static(tag), Buffered::Parsed(value));
    }

    /// Reads the remaining members into a map, together with a tag that no variant has. A second
    /// tag is an error, because a later reader could select another variant by it.
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
