//! Received messages. They are decoded in one pass over the bytes.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::{error_object::ErrorObject, request_id::RequestId, size_limit, version::JsonRpc};
use crate::wire;

/// A received message. `R` is the result type of the pending request.
///
/// ```
/// use mcp_types::{JsonRpcMessage, RequestId};
///
/// let message = br#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
/// match JsonRpcMessage::<serde_json::Value>::from_slice(message)? {
///     JsonRpcMessage::Result { id, .. } => assert_eq!(id, RequestId::Number(1)),
///     other => panic!("expected a result, got {other:?}"),
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone)]
pub enum JsonRpcMessage<R> {
    /// A response with a result.
    Result {
        /// The id of the request.
        id: RequestId,
        /// The result.
        result: R,
    },
    /// A response with an error.
    Error {
        /// The id of the request. `None` if the other side could not read it.
        id: Option<RequestId>,
        /// The error.
        error: ErrorObject,
    },
    /// A request from the other side, which expects a response.
    Request {
        /// The id of the request. The response must contain the same id.
        id: RequestId,
        /// The method of the request.
        method: String,
        /// The undecoded `params`.
        params: Option<Box<RawValue>>,
    },
    /// A notification from the other side.
    Notification {
        /// The method of the notification.
        method: String,
        /// The undecoded `params`.
        params: Option<Box<RawValue>>,
    },
}

impl<R> JsonRpcMessage<R> {
    /// The maximum number of objects and arrays in a message, on all levels together, for
    /// [`from_slice`](Self::from_slice).
    pub const MAX_CONTAINERS: usize = 500_000;

    /// Decodes a message, with a limit on its memory usage.
    ///
    /// An object of eight bytes may need a hundred times as much memory. Therefore, the number of
    /// objects and arrays is limited to [`MAX_CONTAINERS`](Self::MAX_CONTAINERS). Those in schemas and
    /// other raw JSON count too. `serde_json` alone has no such limit.
    ///
    /// # Errors
    ///
    /// Returns an error if the message is invalid, with the path to the invalid value. Returns an
    /// error if it has more than [`MAX_CONTAINERS`](Self::MAX_CONTAINERS) objects and arrays.
    pub fn from_slice<'a>(message: &'a [u8]) -> serde_json::Result<Self>
    where
        R: Deserialize<'a>,
    {
        if size_limit::exceeds(message, Self::MAX_CONTAINERS) {
            let problem = format_args!("more than {} objects and arrays", Self::MAX_CONTAINERS);
            return Err(de::Error::custom(problem));
        }
        serde_json::from_slice(message)
    }

    /// Converts the result with a function. Other messages are unchanged.
    pub fn map<T>(self, transform: impl FnOnce(R) -> T) -> JsonRpcMessage<T> {
        match self {
            Self::Result { id, result } => JsonRpcMessage::Result { id, result: transform(result) },
            Self::Error { id, error } => JsonRpcMessage::Error { id, error },
            Self::Request { id, method, params } => JsonRpcMessage::Request { id, method, params },
            Self::Notification { method, params } => {
                JsonRpcMessage::Notification { method, params }
            }
        }
    }
}

impl<'de, R: Deserialize<'de>> Deserialize<'de> for JsonRpcMessage<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MessageVisitor<R>(PhantomData<R>);
        impl<'de, R: Deserialize<'de>> Visitor<'de> for MessageVisitor<R> {
            type Value = JsonRpcMessage<R>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON-RPC message")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<JsonRpcMessage<R>, A::Error> {
                MessageMembers::read(map)?.classify()
            }
        }
        deserializer.deserialize_map(MessageVisitor(PhantomData))
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum MemberName {
    JsonRpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    #[serde(other)]
    Unknown,
}

/// The members of a message. `null` counts as absent, because older implementations send it.
struct MessageMembers<R> {
    version: Slot<JsonRpc>,
    id: Slot<RequestId>,
    method: Slot<String>,
    params: Slot<Box<RawValue>>,
    result: Slot<R>,
    error: Slot<ErrorObject>,
}

/// `None` if the member is absent, `Some(None)` if it is `null`, otherwise its value.
type Slot<T> = Option<Option<T>>;

impl<R> MessageMembers<R> {
    fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error>
    where
        R: Deserialize<'de>,
    {
        let mut members =
            Self { version: None, id: None, method: None, params: None, result: None, error: None };
        while let Some(member) = map.next_key()? {
            match member {
                MemberName::JsonRpc => set_once(&mut members.version, "jsonrpc", &mut map)?,
                MemberName::Id => set_once(&mut members.id, "id", &mut map)?,
                MemberName::Method => set_once(&mut members.method, "method", &mut map)?,
                MemberName::Params => set_once(&mut members.params, "params", &mut map)?,
                MemberName::Result => set_once(&mut members.result, "result", &mut map)?,
                MemberName::Error => set_once(&mut members.error, "error", &mut map)?,
                // `IgnoredAny` would accept invalid UTF-8.
                MemberName::Unknown => drop(map.next_value::<Box<RawValue>>()?),
            }
        }
        Ok(members)
    }

    fn classify<'de, E: de::Error>(self) -> Result<JsonRpcMessage<R>, E>
    where
        R: Deserialize<'de>,
    {
        if self.version.flatten().is_none() {
            return Err(E::custom("jsonrpc: missing, required in all messages"));
        }
        let (id, params) = (self.id.flatten(), self.params.flatten());
        let result = match (self.result, &self.error) {
            // Without another member, `null` must be the result. Its type decides whether it is
            // valid.
            (Some(None), None | Some(None)) if self.method.is_none() => Some(result_from_null()?),
            (result, _) => result.flatten(),
        };
        match (self.method.flatten(), result, self.error.flatten()) {
            (Some(method), None, None) => Ok(match id {
                Some(id) => JsonRpcMessage::Request { id, method, params },
                None => JsonRpcMessage::Notification { method, params },
            }),
            (None, Some(result), None) => {
                let id = id.ok_or_else(|| E::custom("id: missing, required for a result"))?;
                Ok(JsonRpcMessage::Result { id, result })
            }
            (None, None, Some(error)) => Ok(JsonRpcMessage::Error { id, error }),
            (None, None, None) => Err(E::custom("missing \"method\", \"result\" or \"error\"")),
            _ => Err(E::custom("more than one of \"method\", \"result\" and \"error\"")),
        }
    }
}

fn result_from_null<'de, R: Deserialize<'de>, E: de::Error>() -> Result<R, E> {
    R::deserialize(Value::Null).map_err(|error| wire::in_message("result", error))
}

fn set_once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Slot<T>,
    name: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    let value = map.next_value().map_err(|error| wire::in_message(name, error))?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(wire::in_message(name, "duplicate member")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<JsonRpcMessage<Value>, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_members_decide_the_kind_of_message() {
        // RPC-04, RPC-05, RPC-07
        let result = read(r#"{"result":{"a":1},"id":"x","jsonrpc":"2.0","extra":[]}"#);
        let expected = RequestId::String("x".to_owned());
        assert!(matches!(result, Ok(JsonRpcMessage::Result { id, .. }) if id == expected));

        let error = read(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}"#);
        assert!(
            matches!(error, Ok(JsonRpcMessage::Error { id: None, error }) if error.code == -32700)
        );
        let error = read(r#"{"jsonrpc":"2.0","error":{"code":1,"message":"no","data":[1]}}"#);
        let data = Some(json!([1]));
        assert!(
            matches!(error, Ok(JsonRpcMessage::Error { id: None, error }) if error.data == data)
        );

        let request = read(r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#);
        assert!(matches!(request, Ok(JsonRpcMessage::Request { params: None, .. })));
        let notification = read(r#"{"jsonrpc":"2.0","method":"notifications/x","params":{}}"#);
        assert!(matches!(notification, Ok(JsonRpcMessage::Notification { params: Some(_), .. })));
    }

    #[test]
    fn null_counts_as_absent() {
        let result = read(r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#);
        assert!(matches!(result, Ok(JsonRpcMessage::Result { .. })));
        let error = r#""error":{"code":1,"message":""}"#;
        let error = read(&format!(r#"{{"jsonrpc":"2.0","id":1,"result":null,{error}}}"#));
        assert!(matches!(error, Ok(JsonRpcMessage::Error { id: Some(_), .. })));
        let notification = read(r#"{"jsonrpc":"2.0","id":null,"method":"x","params":null}"#);
        assert!(matches!(notification, Ok(JsonRpcMessage::Notification { params: None, .. })));
        let request = read(r#"{"jsonrpc":"2.0","id":1,"method":"x","params":null,"result":null}"#);
        assert!(matches!(request, Ok(JsonRpcMessage::Request { params: None, .. })));
        // A result may be null, even if there is also an error that is null.
        let null = read(r#"{"jsonrpc":"2.0","id":1,"result":null,"error":null}"#);
        assert!(matches!(null, Ok(JsonRpcMessage::Result { result: Value::Null, .. })));
    }

    #[test]
    fn errors_name_the_problem() {
        for (text, reason) in [
            (r#"{"id":1,"result":{}}"#, "jsonrpc: missing"),
            (r#"{"jsonrpc":"1.0","id":1,"result":{}}"#, "expected the string \"2.0\""),
            (r#"{"jsonrpc":"2.0","id":1}"#, "missing \"method\", \"result\" or \"error\""),
            (r#"{"jsonrpc":"2.0","result":{}}"#, "id: missing, required for a result"),
            (r#"{"jsonrpc":"2.0","id":1.5,"result":{}}"#, "expected a string or an integer"),
            (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "id: missing, required for a result"),
            (
                r#"{"jsonrpc":"2.0","id":1,"error":null}"#,
                "missing \"method\", \"result\" or \"error\"",
            ),
            (r#"{"jsonrpc":null,"id":1,"result":{}}"#, "jsonrpc: missing"),
            (r#"{"jsonrpc":"2.0","id":null,"id":2,"result":{}}"#, "id: duplicate member"),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#, "id: duplicate member"),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
                "more than one of \"method\", \"result\" and \"error\"",
            ),
            ("[]", "expected a JSON-RPC message"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
