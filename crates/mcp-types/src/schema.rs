//! A JSON Schema that is kept as text.

use std::{fmt, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Unexpected},
};
use serde_json::{Value, value::RawValue};

use crate::by_serde::by_serde;

/// A JSON Schema as raw JSON text, with all keywords in their order. It is always an object. Clones
/// share the text.
///
/// The text is not parsed until [`parse`](Self::parse) is called. Schemas are equal if their texts
/// are equal, including spaces and the order of keywords. Only `serde_json` can deserialize a
/// schema, and not inside of serde's `flatten` or `untagged`.
///
/// ```
/// use mcp_types::Schema;
///
/// let text = r#"{"type":"object","$defs":{},"additionalProperties":false}"#;
/// let schema: Schema = serde_json::from_str(text)?;
/// assert_eq!(schema.as_str(), text);
/// assert!(serde_json::from_str::<Schema>("null").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Schema(Arc<RawValue>);

by_serde!(Schema);

impl Schema {
    /// Creates a schema from a value.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not an object.
    pub fn from_value(value: Value) -> serde_json::Result<Self> {
        serde_json::from_value(value)
    }

    /// Returns the text of the schema.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Parses the schema into a type such as [`Value`].
    ///
    /// # Errors
    ///
    /// Returns an error if the schema is not valid for that type.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        serde_json::from_str(self.as_str())
    }
}

impl TryFrom<Value> for Schema {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> serde_json::Result<Self> {
        Self::from_value(value)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.as_str())
    }
}

impl Eq for Schema {}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.as_str() == other.as_str()
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with('{') {
            Ok(Self(raw.into()))
        } else {
            let found = Unexpected::Other(json_type(&raw));
            Err(de::Error::invalid_type(found, &"an object (JSON Schema)"))
        }
    }
}

/// Returns the type of a JSON value, based on its first character.
fn json_type(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        Some(b'"') => "a string",
        Some(b'[') => "an array",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_objects_are_schemas() {
        // TOOL-04
        for (text, found) in
            [("null", "null"), ("true", "a boolean"), ("[]", "an array"), (" -1", "a number")]
        {
            let error = serde_json::from_str::<Schema>(text).unwrap_err().to_string();
            let expected = format!("invalid type: {found}, expected an object (JSON Schema)");
            assert!(error.starts_with(&expected), "{error}");
        }
        assert!(Schema::from_value(json!("x")).is_err());
        assert!(Schema::try_from(json!(1)).is_err() && Schema::try_from(json!({})).is_ok());
    }

    #[test]
    fn keywords_keep_their_order_and_text() {
        let text = r##" { "z": 1.0, "$ref": "#/a", "a": {"x": [1e400]}, "z": 1e0 } "##;
        let schema: Schema = serde_json::from_str(text).unwrap();
        assert_eq!(schema.as_str(), text.trim());
        assert_eq!(serde_json::to_string(&schema).unwrap(), text.trim());
    }

    #[test]
    fn clones_share_the_text() {
        let schema = Schema::from_value(json!({ "type": "object" })).unwrap();
        let clone = schema.clone();
        assert_eq!(clone.as_str().as_ptr(), schema.as_str().as_ptr());
        assert_eq!(clone, schema);
        assert_eq!(schema.parse::<Value>().unwrap(), json!({ "type": "object" }));
    }
}
