//! The head of a message: whom it is for, read from its bytes without reading what it says.

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

/// Whom a message of a server is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// Whoever waits for the answer to this request.
    Asker(RequestId),
    /// The same, who is told of progress or of a change before the answer.
    Told(RequestId),
    /// Whoever wants to hear of log messages, which do not say to what they belong.
    Log,
    /// Whoever listens to the server.
    Listener,
}

/// What has been seen of a message.
#[derive(Default)]
struct Head<'a> {
    id: Option<RequestId>,
    method: Option<Cow<'a, str>>,
    params: Option<&'a RawValue>,
    answers: bool,
}

impl Addressee {
    /// Whom a message is for; `None` where it is no message of JSON-RPC.
    ///
    /// It is read no further than is needed: mostly up to its result.
    pub(crate) fn of(message: &[u8]) -> Option<Self> {
        let mut head = Head::default();
        let read = serde_json::Deserializer::from_slice(message).deserialize_map(&mut head);
        match (head.method, head.id) {
            (None, Some(id)) if head.answers => Some(Self::Asker(id)),
            // An error that says nothing of its request.
            (None, None) if head.answers && read.is_ok() => Some(Self::Listener),
            (Some(_), Some(_)) if read.is_ok() => Some(Self::Listener),
            (Some(method), None) if read.is_ok() => {
                Some(Self::of_notification(&method, head.params))
            }
            _ => None,
        }
    }

    fn of_notification(method: &str, params: Option<&RawValue>) -> Self {
        let tag = params.and_then(|params| serde_json::from_str::<Tag>(params.get()).ok());
        let told = match method {
            ProgressNotification::NAME => tag.and_then(|tag| tag.progress_token),
            _ => tag.and_then(|tag| tag.meta?.subscription),
        };
        match told {
            Some(id) => Self::Told(id),
            None if method == LoggingMessageNotification::NAME => Self::Log,
            None => Self::Listener,
        }
    }
}

/// What says to which request a notification belongs.
#[derive(Deserialize)]
struct Tag {
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

impl<'de> Visitor<'de> for &mut Head<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message of JSON-RPC")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(member) = members.next_key()? {
            match member {
                Member::Id => self.id = members.next_value()?,
                Member::Method => self.method = Some(members.next_value::<Text<'de>>()?.0),
                Member::Params => self.params = members.next_value()?,
                Member::Result | Member::Error => self.answers = true,
                Member::Other => {}
            }
            // The rest is for whoever asked; left unread, it makes the reading fail, at little cost.
            if self.answers && self.id.is_some() {
                return Ok(());
            }
            if matches!(member, Member::Result | Member::Error | Member::Other) {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A text, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str) -> Option<Addressee> {
        Addressee::of(message.as_bytes())
    }

    #[test]
    fn answers_are_for_whoever_asked() {
        // STDIO-02: in any order of the members, and read no further than is needed
        let asker = |id: RequestId| Some(Addressee::Asker(id));
        let number = || asker(RequestId::Number(7));
        assert_eq!(of(r#"{"jsonrpc":"2.0","id":7,"result":{"#), number());
        assert_eq!(of(r#"{"result":{"id":1},"jsonrpc":"2.0","id":7}"#), number());
        assert_eq!(of(r#"{"error":{"code":1,"message":""},"id":7,"jsonrpc":"2.0"}"#), number());
        let text = asker(RequestId::String("7".to_owned()));
        assert_eq!(of(r#"{"jsonrpc":"2.0","id":"7","error":{}}"#), text);
    }

    #[test]
    fn notifications_are_for_whoever_they_name() {
        // N-STDIO-02
        let told = |id| Some(Addressee::Told(RequestId::Number(id)));
        let progress = r#"{"method":"notifications/progress","params":{"progressToken":3}}"#;
        assert_eq!(of(progress), told(3));
        let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":
            {"_meta":{"io.modelcontextprotocol/subscriptionId":4}}}"#;
        assert_eq!(of(changed), told(4));
        let log = r#"{"method":"notifications/message","params":{"level":"info","data":1}}"#;
        assert_eq!(of(log), Some(Addressee::Log));
    }

    #[test]
    fn the_rest_is_for_the_listener() {
        for message in [
            r#"{"id":1,"method":"ping"}"#,
            r#"{"method":"ping","id":"a","params":{"progressToken":3}}"#,
            r#"{"method":"notifications/progress","params":{"progressToken":{}}}"#,
            r#"{"method":"notifications/tools/list_changed"}"#,
            r#"{"id":null,"error":{"code":-32700,"message":"what?"}}"#,
        ] {
            assert_eq!(of(message), Some(Addressee::Listener), "{message}");
        }
    }

    #[test]
    fn what_is_no_message_is_for_nobody() {
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
