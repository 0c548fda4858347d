//! A JSON object with any members.

/// A JSON object with members that the protocol does not define.
pub type JsonObject = serde_json::Map<String, serde_json::Value>;
