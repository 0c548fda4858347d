//! A value of a JSON or TOML file, with its place in the file.

use std::{fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use toml::{Spanned, de::DeValue};

use crate::config::position::Position;
use crate::settings::SettingsError;

/// The deepest nesting of a value.
const MAX_DEPTH: usize = 64;

/// A value with its place in the file.
#[derive(Debug)]
pub(super) struct Node {
    /// The byte at which the value starts.
    start: usize,
    /// The place in the file, as a JSON Pointer.
    pub(super) pointer: String,
    /// The last part of the pointer.
    pub(super) key: String,
    pub(super) value: NodeValue,
}

/// The value of a [`Node`].
#[derive(Debug)]
pub(super) enum NodeValue {
    Null,
    Bool(bool),
    /// A number or a date, as it is written in the file.
    Literal(String),
    Text(String),
    List(Vec<Node>),
    /// The members in the order of the file. A name may be there twice.
    Object(Vec<Node>),
}

/// An error at a place of the file. The reason shows no value.
#[derive(Debug)]
pub(super) struct Fault {
    start: usize,
    reason: String,
}

impl Fault {
    /// Returns the error with its line and column in the text.
    pub(super) fn to_settings_error(&self, text: &str) -> SettingsError {
        let position = Position::at(text, self.start).map(Position::into);
        SettingsError { position, reason: self.reason.clone() }
    }
}

impl Node {
    /// Creates a node of a part of a JSON text.
    pub(super) fn from_json(
        text: &str,
        raw: &RawValue,
        parent: &str,
        key: &str,
    ) -> Result<Self, Fault> {
        Self::json_node(text, raw, parent, key, 0)
    }

    fn json_node(
        text: &str,
        raw: &RawValue,
        parent: &str,
        key: &str,
        depth: usize,
    ) -> Result<Self, Fault> {
        let json = raw.get();
        let start = (json.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let fault = |reason: &str| Fault { start, reason: reason.to_owned() };
        if depth > MAX_DEPTH {
            return Err(fault("nested too deeply"));
        }
        let pointer = pointer(parent, key);
        let child =
            |key: &str, raw: &RawValue| Self::json_node(text, raw, &pointer, key, depth + 1);
        let invalid = |_| fault("invalid JSON");
        let value = match json.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(json).map_err(invalid)?;
                let members = members.iter().map(|(key, raw)| child(key, raw));
                NodeValue::Object(members.collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(json).map_err(invalid)?;
                let items =
                    items.iter().enumerate().map(|(index, raw)| child(&index.to_string(), raw));
                NodeValue::List(items.collect::<Result<_, _>>()?)
            }
            Some(b'"') => NodeValue::Text(serde_json::from_str(json).map_err(invalid)?),
            Some(b'n') => NodeValue::Null,
            Some(b't' | b'f') => NodeValue::Bool(json == "true"),
            _ => NodeValue::Literal(json.to_owned()),
        };
        Ok(Self { start, pointer, key: key.to_owned(), value })
    }

    /// Creates a node of a part of a TOML text.
    pub(super) fn from_toml(
        text: &str,
        value: &Spanned<DeValue<'_>>,
        parent: &str,
        key: &str,
    ) -> Self {
        let pointer = pointer(parent, key);
        let child = |key: &str, value: &_| Self::from_toml(text, value, &pointer, key);
        let span = value.span();
        let start = span.start;
        let value = match value.get_ref() {
            DeValue::String(text) => NodeValue::Text(text.clone().into_owned()),
            DeValue::Boolean(value) => NodeValue::Bool(*value),
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                NodeValue::List(
                    items.map(|(index, item)| child(&index.to_string(), item)).collect(),
                )
            }
            DeValue::Table(members) => NodeValue::Object(
                members.iter().map(|(key, value)| child(key.get_ref(), value)).collect(),
            ),
            _ => NodeValue::Literal(text.get(span).unwrap_or_default().to_owned()),
        };
        Self { start, pointer, key: key.to_owned(), value }
    }

    /// Returns the line and the column in the text.
    pub(super) fn position(&self, text: &str) -> (usize, usize) {
        Position::at(text, self.start).map_or((1, 1), Position::into)
    }

    /// Returns an error at this place.
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault { start: self.start, reason: reason.into() }
    }

    /// Returns an error at this place, with the name of the member.
    pub(super) fn expected(&self, expected: &str) -> Fault {
        self.fault(format!("\"{}\": expected {expected}", self.key))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, NodeValue::Null)
    }

    pub(super) fn bool(&self) -> Result<bool, Fault> {
        match self.value {
            NodeValue::Bool(value) => Ok(value),
            _ => Err(self.expected("true or false")),
        }
    }

    pub(super) fn text(&self) -> Result<&str, Fault> {
        match &self.value {
            NodeValue::Text(text) => Ok(text),
            _ => Err(self.expected("a string")),
        }
    }

    pub(super) fn items(&self) -> Result<&[Self], Fault> {
        match &self.value {
            NodeValue::List(items) => Ok(items),
            _ => Err(self.expected("a list")),
        }
    }

    /// Returns the strings of a list.
    pub(super) fn texts(&self) -> Result<Vec<String>, Fault> {
        self.items()?.iter().map(|item| item.text().map(str::to_owned)).collect()
    }

    pub(super) fn members(&self) -> Result<&[Self], Fault> {
        match &self.value {
            NodeValue::Object(members) => Ok(members),
            _ => Err(self.expected("an object")),
        }
    }

    /// Returns the member with this name.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let NodeValue::Object(members) = &self.value else { return None };
        members.iter().find(|member| member.key == key)
    }
}

/// The members of a JSON object, in the order of the file.
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Deref for Members<'a> {
    type Target = [(String, &'a RawValue)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// Returns the JSON Pointer of a member (RFC 6901).
fn pointer(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}
