//! Types whose serde implementations match the protocol.

use serde_json::Value;

use crate::json_object::JsonObject;

/// Implements [`Wire`](crate::wire::Wire) for types whose serde implementations match the protocol.
macro_rules! by_serde {
    ($($type:ty),*) => {
        $(impl $crate::wire::Wire for $type {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }

            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }
        })*
    };
}

pub(crate) use by_serde;

by_serde!(bool, String, JsonObject, Value);
