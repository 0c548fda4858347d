//! The outcome of a request: a complete result, or required input.

use mcp_types::{JsonRpcMessage, OrInputRequired, v2026_07_28::InputRequiredResult};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// The result of a request, by its `resultType` (MCP 2026-07-28, basic, "ResultType"). A result
/// without a type is complete, as in the versions before 2026-07-28.
#[derive(Debug)]
pub(crate) enum Outcome<R> {
    Complete(R),
    InputRequired(Box<InputRequiredResult>),
    /// A result of an unknown type, with the name of the type.
    Other(String),
}

/// Decodes a message into the result of the pending request.
pub(crate) type Decode<'a, R> =
    &'a (dyn Fn(&[u8]) -> serde_json::Result<JsonRpcMessage<Outcome<R>>> + Send + Sync);

impl<R> Outcome<R> {
    /// Creates an outcome from a result and its `resultType`. All types except `complete` count as
    /// unknown.
    pub(crate) fn by_type(result_type: Option<&str>, result: R) -> Self {
        match result_type {
            None | Some("complete") => Self::Complete(result),
            Some(other) => Self::Other(other.to_owned()),
        }
    }

    /// Converts a complete result.
    pub(crate) fn map<T>(self, convert: impl FnOnce(R) -> T) -> Outcome<T> {
        match self {
            Self::Complete(result) => Outcome::Complete(convert(result)),
            Self::InputRequired(request) => Outcome::InputRequired(request),
            Self::Other(kind) => Outcome::Other(kind),
        }
    }
}

impl<T> From<OrInputRequired<T, InputRequiredResult>> for Outcome<T> {
    fn from(result: OrInputRequired<T, InputRequiredResult>) -> Self {
        match result {
            OrInputRequired::Complete(result) => Self::Complete(result),
            OrInputRequired::InputRequired(request) => Self::InputRequired(Box::new(request)),
            OrInputRequired::Unknown(object) => {
                let kind = object.get("resultType").and_then(Value::as_str);
                Self::Other(kind.unwrap_or_default().to_owned())
            }
            _ => Self::Other(String::new()),
        }
    }
}

/// Decodes the result of any method. Reads its type first, then the result.
pub(crate) fn decode_result<R: DeserializeOwned>(
    message: &[u8],
) -> serde_json::Result<JsonRpcMessage<Outcome<R>>> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "resultType")]
        kind: Option<String>,
    }
    match JsonRpcMessage::from_slice(message) {
        Ok(JsonRpcMessage::Result { result: Typed { kind: Some(kind) }, .. })
            if kind != "complete" =>
        {
            if kind == "input_required" {
                let message = JsonRpcMessage::<InputRequiredResult>::from_slice(message)?;
                return Ok(message.map(|request| Outcome::InputRequired(Box::new(request))));
            }
            let message = JsonRpcMessage::<serde::de::IgnoredAny>::from_slice(message)?;
            Ok(message.map(|_| Outcome::Other(kind)))
        }
        _ => Ok(JsonRpcMessage::<R>::from_slice(message)?.map(Outcome::Complete)),
    }
}
