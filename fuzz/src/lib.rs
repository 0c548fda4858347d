//! Round-trip checks for the fuzz targets.

use std::fmt::Debug;

use mcp_types::{ErrorObject, JsonRpcMessage, RequestId};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// Checks that a value that deserializes also serializes, and that the text deserializes to the
/// same value.
pub fn same_again<T: Debug + DeserializeOwned + PartialEq + Serialize>(data: &[u8]) {
    if let Ok(value) = serde_json::from_slice::<T>(data) {
        let printed = serde_json::to_vec(&value).expect("the value serializes");
        let again: T = serde_json::from_slice(&printed).expect("the text deserializes");
        assert_eq!(again, value);
    }
}

/// Checks the round trip of a message. The types of outgoing messages cannot represent every
/// incoming message, such as an error without an id, so the envelope is defined here.
pub fn same_message_again<R: Debug + DeserializeOwned + PartialEq + Serialize>(data: &[u8]) {
    if let Ok(message) = JsonRpcMessage::<R>::from_slice(data) {
        let printed = serde_json::to_vec(&Envelope::of(&message)).expect("the message serializes");
        let again: JsonRpcMessage<R> =
            serde_json::from_slice(&printed).expect("the text deserializes");
        assert_eq!(Envelope::of(&again), Envelope::of(&message));
    }
}

#[derive(Debug, Serialize)]
struct Envelope<'a, R> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorObject>,
}

impl<'a, R> Envelope<'a, R> {
    fn of(message: &'a JsonRpcMessage<R>) -> Self {
        let nothing = Self {
            jsonrpc: "2.0",
            id: None,
            method: None,
            params: None,
            result: None,
            error: None,
        };
        match message {
            JsonRpcMessage::Result { id, result } => {
                Self { id: Some(id), result: Some(result), ..nothing }
            }
            JsonRpcMessage::Error { id, error } => {
                Self { id: id.as_ref(), error: Some(error), ..nothing }
            }
            JsonRpcMessage::Request { id, method, params } => {
                Self { id: Some(id), method: Some(method), params: params.as_deref(), ..nothing }
            }
            JsonRpcMessage::Notification { method, params } => {
                Self { method: Some(method), params: params.as_deref(), ..nothing }
            }
        }
    }
}

impl<R: PartialEq> PartialEq for Envelope<'_, R> {
    fn eq(&self, other: &Self) -> bool {
        let text = |params: Option<&'_ RawValue>| params.map(|params| params.get().to_owned());
        self.id == other.id
            && self.method == other.method
            && text(self.params) == text(other.params)
            && self.result == other.result
            && self.error == other.error
    }
}
