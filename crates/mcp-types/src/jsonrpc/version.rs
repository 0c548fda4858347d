//! The `jsonrpc` member of every message.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// The `jsonrpc` member: always the string `2.0`.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonRpc;

impl Serialize for JsonRpc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("2.0")
    }
}

impl<'de> Deserialize<'de> for JsonRpc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VersionVisitor;
        impl Visitor<'_> for VersionVisitor {
            type Value = JsonRpc;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the string \"2.0\"")
            }

            fn visit_str<E: de::Error>(self, version: &str) -> Result<JsonRpc, E> {
                match version {
                    "2.0" => Ok(JsonRpc),
                    _ => Err(E::invalid_value(de::Unexpected::Str(version), &self)),
                }
            }
        }
        deserializer.deserialize_str(VersionVisitor)
    }
}
