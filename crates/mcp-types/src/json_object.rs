//! A JSON object with any members.

/// A JSON object whose members the protocol does not define.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
