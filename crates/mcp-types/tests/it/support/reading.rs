//! Reads JSON with every reader of `serde_json`.

use std::fmt::Debug;

use mcp_types::JsonObject;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Reads `text` from bytes, from a reader and from a value, and prints it back.
pub(crate) fn read<T: DeserializeOwned + Serialize + PartialEq + Debug>(text: &str) -> T {
    let read: T = serde_json::from_str(text).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), value, "does not print back");
    assert_eq!(serde_json::from_reader::<_, T>(text.as_bytes()).unwrap(), read);
    serde_json::from_value::<T>(value).unwrap();
    read
}

/// Returns the error of `text` as a value of a type.
pub(crate) fn error<T: DeserializeOwned + Debug>(text: &str) -> String {
    serde_json::from_str::<T>(text).expect_err(text).to_string()
}

pub(crate) fn object(value: Value) -> JsonObject {
    serde_json::from_value(value).unwrap()
}
