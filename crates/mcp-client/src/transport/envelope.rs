//! Detects which request a message belongs to. Does not decode the message.

use std::{borrow::Cow, fmt};

use mcp_types::{
    NotificationMethod, RequestId,
    v2026_07_28::{LoggingMessageNotification, ProgressNotification},
};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::message_type::is_response;
use crate::compat;

/// The recipient of a message from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// The request that the message responds to.
    Response(RequestId),
    /// The request that the notification belongs to.
    Notification(RequestId),
    /// All requests that want log messages, because log messages do not name a request.
    Logs,
    /// The only pending request, or the listener if there are several. An error without an id.
    Unnamed,
    /// The listener.
    Listener,
}

/// The members of a message that were read so far.
#[derive(Default)]
struct Envelope<'a> {
    id: Option<RequestId>,
    method: Option<Cow<'a, str>>,
    params: Option<&'a RawValue>,
    is_response: bool,
}

impl Recipient {
    /// Returns the recipient, or `None` if the text is not a JSON-RPC message.
    ///
    /// Reads no more than necessary: mostly up to the result.
    pub(crate) fn of(message: &[u8]) -> Option<Self> {
        let mut envelope = Envelope::default();
        let read = serde_json::Deserializer::from_slice(message).deserialize_map(&mut envelope);
        match (envelope.method, envelope.id) {
            (None, Some(id)) if envelope.is_response => Some(Self::Response(id)),
            // An error that does not name its request.
            (None, None) if envelope.is_response && read.is_ok() => Some(Self::Unnamed),
            (Some(_), Some(_)) if read.is_ok() => Some(Self::Listener),
            (Some(method), None) if read.is_ok() => {
                Some(Self::of_notification(&method, envelope.params))
            }
            _ => None,
        }
    }

    fn of_notification(method: &str, params: Option<&RawValue>) -> Self {
        let tag = params.and_then(|params| serde_json::from_str::<RequestTag>(params.get()).ok());
        let request = match method {
            ProgressNotification::NAME => tag.and_then(|tag| tag.progress_token),
            _ => tag.and_then(|tag| tag.meta?.subscription),
        };
        match request {
            Some(id) => Self::Notification(id),
            None if method == LoggingMessageNotification::NAME => Self::Logs,
            None => Self::Listener,
        }
    }
}

/// Returns `true` if a text is not a JSON-RPC message, and not a broken response either.
pub(crate) fn is_other_text(text: &[u8]) -> bool {
    Recipient::of(compat::without_bom(text)).is_none() && !is_response(text)
}

/// The parameters that name the request of a notification.
#[derive(Deserialize)]
struct RequestTag {
    #[serde(rename = "progressToken")]
    progress_token: Option<RequestId>,
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "io.modelcontextprotocol/subscriptionId")]
    subscription: Option<RequestId>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Id,
    Method,
    Params,
    Result,
    Error,
    #[serde(other)]
    Other,
}

impl<'de> Visitor<'de> for &mut Envelope<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_key()? {
            match member {
                Member::Id => self.id = members.next_value()?,
                Member::Method => self.method = Some(members.next_value::<Text<'de>>()?.0),
                Member::Params => self.params = members.next_value()?,
                Member::Result | Member::Error => self.is_response = true,
                Member::Other => {}
            }
            // The recipient decodes the rest. Stopping here makes this deserializer fail, which is
            // cheap and is ignored.
            if self.is_response && self.id.is_some() {
                return Ok(());
            }
            if matches!(member, Member::Result | Member::Error | Member::Other) {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A string, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str) -> Option<Recipient> {
        Recipient::of(message.as_bytes())
    }

    #[test]
    fn responses_go_to_their_request() {
        // STDIO-02: in any order of the members, without reading more than necessary
        let response = |id: RequestId| Some(Recipient::Response(id));
        let number = || response(RequestId::Number(7));
        assert_eq!(of(r#"{"jsonrpc":"2.0","id":7,"result":{"#), number());
        assert_eq!(of(r#"{"result":{"id":1},"jsonrpc":"2.0","id":7}"#), number());
        assert_eq!(of(r#"{"error":{"code":1,"message":""},"id":7,"jsonrpc":"2.0"}"#), number());
        let text = response(RequestId::String("7".to_owned()));
        assert_eq!(of(r#"{"jsonrpc":"2.0","id":"7","error":{}}"#), text);
    }

    #[test]
    fn notifications_go_to_the_request_they_name() {
        // N-STDIO-02
        let request = |id| Some(Recipient::Notification(RequestId::Number(id)));
        let progress = r#"{"method":"notifications/progress","params":{"progressToken":3}}"#;
        assert_eq!(of(progress), request(3));
        let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":
            {"_meta":{"io.modelcontextprotocol/subscriptionId":4}}}"#;
        assert_eq!(of(changed), request(4));
        let log = r#"{"method":"notifications/message","params":{"level":"info","data":1}}"#;
        assert_eq!(of(log), Some(Recipient::Logs));
    }

    #[test]
    fn all_other_messages_go_to_the_listener() {
        for message in [
            r#"{"id":1,"method":"ping"}"#,
            r#"{"method":"ping","id":"a","params":{"progressToken":3}}"#,
            r#"{"method":"notifications/progress","params":{"progressToken":{}}}"#,
            r#"{"method":"notifications/tools/list_changed"}"#,
        ] {
            assert_eq!(of(message), Some(Recipient::Listener), "{message}");
        }
    }

    #[test]
    fn broken_responses_are_no_other_text() {
        for text in ["keepalive", "", "7", "[1]", "{}", r#"{"t":1}"#, r#""a""#] {
            assert!(is_other_text(text.as_bytes()), "{text}");
        }
        for text in [
            r#"{"id":7,"result":{"#,
            r#"{"result":"#,
            r#"[{"id":7,"result":{}}]"#,
            r#"{"error":"quota"}"#,
            r#"{"method":"a"}"#,
            "\u{feff}{\"method\":\"a\"}",
        ] {
            assert!(!is_other_text(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn an_error_without_an_id_names_no_request() {
        let error = r#"{"id":null,"error":{"code":-32700,"message":"what?"}}"#;
        assert_eq!(of(error), Some(Recipient::Unnamed));
    }

    #[test]
    fn text_that_is_not_json_rpc_has_no_recipient() {
        // STDIO-05
        for message in [
            "",
            "listening on 80",
            "7",
            "null",
            "[]",
            "{}",
            r#"{"id":7}"#,
            r#"{"id":{},"result":1}"#,
            r#"{"id":1,"method":"ping""#,
            r#"{"method":7}"#,
            r#"{"result":"#,
        ] {
            assert_eq!(of(message), None, "{message}");
        }
    }
}
