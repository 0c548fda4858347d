//! The definitions of the schemas, with functions that read and print a value of each.

use std::fmt::Debug;

use mcp_types::{
    JsonRpcMessage, JsonRpcNotification, JsonRpcRequest, JsonRpcResponse, Method,
    NotificationMethod,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// A definition that has a Rust type.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    /// Reads a value and prints it back.
    pub(crate) pass: fn(&str) -> Result<Passed, String>,
}

/// A value that was read as its type and printed.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) printed: Value,
    /// The `Debug` output of the value, which shows its variants.
    pub(crate) shown: String,
}

/// Ignores the order of members. Types print the members that they know first, and serde_json may keep that order.
impl PartialEq for Passed {
    fn eq(&self, other: &Self) -> bool {
        let words = |passed: &Self| {
            let mut words: Vec<_> =
                passed.shown.split([' ', ',', '{', '}']).map(str::to_owned).collect();
            words.sort();
            words
        };
        self.printed == other.printed && words(self) == words(other)
    }
}

/// Returns the definitions of a revision.
pub(crate) fn of(revision: &str) -> &'static [Definition] {
    match revision {
        "2025-11-25" => crate::generated::v2025_11_25::DEFINITIONS,
        "2026-07-28" => crate::generated::v2026_07_28::DEFINITIONS,
        _ => panic!("no table of the definitions of {revision}"),
    }
}

macro_rules! definitions {
    ($($name:literal => $kind:ident $type:ty,)*) => {
        pub(crate) const DEFINITIONS: &[crate::definitions::Definition] = &[
            $(crate::definitions::Definition {
                name: $name,
                pass: crate::definitions::$kind::<$type>,
            },)*
        ];
    };
}

pub(crate) use definitions;

pub(crate) fn value<T: DeserializeOwned + Serialize + Debug>(text: &str) -> Result<Passed, String> {
    passed(&read::<T>(text)?, |value| serde_json::to_value(value))
}

pub(crate) fn request<M: Method<Params: Debug>>(text: &str) -> Result<Passed, String> {
    let JsonRpcMessage::Request { id, method, params } = read::<JsonRpcMessage<Value>>(text)?
    else {
        return Err("no request".to_owned());
    };
    assert_eq!(method, M::NAME);
    let Some(params) = params else {
        return Ok(Passed { printed: read(text)?, shown: String::new() });
    };
    let params: M::Params = read(params.get())?;
    passed(&params, |params| serde_json::to_value(JsonRpcRequest::new(id, M::NAME, params)))
}

pub(crate) fn notification<M: NotificationMethod<Params: Debug>>(
    text: &str,
) -> Result<Passed, String> {
    let JsonRpcMessage::Notification { method, params } = read::<JsonRpcMessage<Value>>(text)?
    else {
        return Err("no notification".to_owned());
    };
    assert_eq!(method, M::NAME);
    let params: Option<M::Params> = params.map(|params| read(params.get())).transpose()?;
    passed(&params, |params| {
        serde_json::to_value(JsonRpcNotification::new(M::NAME, params.as_ref()))
    })
}

pub(crate) fn response<M: Method<Result: Debug>>(text: &str) -> Result<Passed, String> {
    let JsonRpcMessage::Result { id, result } = read::<JsonRpcMessage<M::Result>>(text)? else {
        return Err("no result".to_owned());
    };
    passed(&result, |result| serde_json::to_value(JsonRpcResponse::new(id, Ok(result))))
}

pub(crate) fn error_response<D: DeserializeOwned + Serialize>(
    text: &str,
) -> Result<Passed, String> {
    let JsonRpcMessage::Error { id, mut error } = read::<JsonRpcMessage<Value>>(text)? else {
        return Err("no error".to_owned());
    };
    if let Some(data) = error.data.take() {
        let data: D = read(&data.to_string())?;
        error.data = Some(serde_json::to_value(data).map_err(|error| error.to_string())?);
    }
    let shown = format!("{error:?}");
    let mut printed = json!({ "jsonrpc": "2.0", "error": error });
    if let Some(id) = id {
        printed["id"] = json!(id);
    }
    Ok(Passed { printed, shown })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn passed<T: Debug>(
    value: &T,
    print: impl FnOnce(&T) -> serde_json::Result<Value>,
) -> Result<Passed, String> {
    let shown = format!("{value:?}");
    print(value).map(|printed| Passed { printed, shown }).map_err(|error| error.to_string())
}

/// Returns `true` if two values are the same JSON. `50` equals `50.0`.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            // Large integers that differ may be the same float.
            one == other || (one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(name, value): (&String, _)| {
                other.get(name).is_some_and(|other| same(value, other))
            };
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}
