//! The id that connects a response to its request.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Number;

use crate::{by_serde::by_serde, text::Truncated, wire::integral};

/// The id of a request: a string or an integer, but not `null` (MCP basic, "Requests").
///
/// `1` and `"1"` are different ids.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestId {
    /// An integer.
    Number(i64),
    /// A string.
    String(String),
}

by_serde!(RequestId);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::String(string) => write!(f, "{:?}", Truncated(string)),
        }
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.debug_tuple("Number").field(number).finish(),
            Self::String(string) => f.debug_tuple("String").field(&Truncated(string)).finish(),
        }
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::String(string) => serializer.serialize_str(string),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl<'de> Visitor<'de> for IdVisitor {
            type Value = RequestId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an integer")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<RequestId, E> {
                Ok(RequestId::Number(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<RequestId, E> {
                let unexpected = de::Unexpected::Unsigned(number);
                let id = i64::try_from(number).map_err(|_| E::invalid_value(unexpected, &self))?;
                Ok(RequestId::Number(id))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<RequestId, E> {
                let unexpected = de::Unexpected::Float(number);
                let id = integral(number).ok_or_else(|| E::invalid_value(unexpected, &self))?;
                Ok(RequestId::Number(id))
            }

            fn visit_str<E: de::Error>(self, string: &str) -> Result<RequestId, E> {
                Ok(RequestId::String(string.to_owned()))
            }

            /// `serde_json` passes numbers as maps if a crate enables its feature
            /// `arbitrary_precision`.
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RequestId, A::Error> {
                let number = Number::deserialize(MapAccessDeserializer::new(map));
                let object = |_: A::Error| de::Error::invalid_type(de::Unexpected::Map, &self);
                let number = number.map_err(object)?;
                match (number.as_i64(), number.as_f64()) {
                    (Some(id), _) => Ok(RequestId::Number(id)),
                    (None, Some(number)) => self.visit_f64(number),
                    (None, None) => Err(de::Error::invalid_value(de::Unexpected::Map, &self)),
                }
            }
        }
        deserializer.deserialize_any(IdVisitor)
    }
}
