//! Messages to a server, and what comes back for them.

use std::{
    any::Any,
    borrow::Cow,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use mcp_types::{RequestId, Revision};

use super::error::TransportError;

/// A message to be sent, and what the transport has to know about it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutgoingMessage {
    /// One JSON-RPC message in UTF-8.
    pub body: Bytes,
    /// What it is.
    pub kind: MessageKind,
    /// The id of a request: its answer is known by it, where answers come on one connection.
    pub id: Option<RequestId>,
    /// Whether its sender wants to hear of log messages, which do not say to what they belong.
    pub wants_logs: bool,
    /// The conversation that it belongs to.
    pub context: MessageContext,
    /// Whether it is with the server: the transport says so, and so knows the caller who gives up
    /// waiting whether there is something to cancel.
    pub sent: SentFlag,
    /// What has to be said of it outside of its body, where the revision wants that.
    pub request_headers: Option<RequestHeaders>,
    /// Whether its reply, should it break off, is to be taken up where it did. Where that cannot
    /// be, the reply ends; the message is never sent again.
    pub resumable: bool,
    /// What the caller has for this transport alone.
    pub extensions: Extensions,
}

impl OutgoingMessage {
    /// A message of `kind` in the conversation of `context`.
    pub fn new(body: impl Into<Bytes>, kind: MessageKind, context: MessageContext) -> Self {
        Self {
            body: body.into(),
            kind,
            id: None,
            wants_logs: false,
            context,
            sent: SentFlag::default(),
            request_headers: None,
            resumable: false,
            extensions: Extensions::default(),
        }
    }
}

/// What is said of a request outside of its body, for those on the way that do not read it
/// (MCP 2026-07-28, basic/transports/streamable-http, "Standard Request Headers").
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestHeaders {
    /// The method.
    pub method: Cow<'static, str>,
    /// The tool or prompt, or the URI of the resource.
    pub name: Option<String>,
    /// Arguments that their tool wants to be seen, by the name that it gives them.
    pub params: Vec<(String, String)>,
}

impl RequestHeaders {
    /// A request of `method` without a name.
    pub fn new(method: impl Into<Cow<'static, str>>) -> Self {
        Self { method: method.into(), name: None, params: Vec::new() }
    }
}

/// What a caller hands to the transport of a call: at most one value of each type, such as a token.
///
/// Only a transport that knows a type looks for it. `Debug` shows nothing of the values.
#[derive(Clone, Default)]
pub struct Extensions(Vec<Arc<dyn Any + Send + Sync>>);

impl Extensions {
    /// Adds a value, in place of one of the same type.
    pub fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.retain(|other| !other.is::<T>());
        self.0.push(Arc::new(value));
    }

    /// The value of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.iter().find_map(|value| value.downcast_ref())
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extensions({})", self.0.len())
    }
}

/// Whether a message is with the server, as far as the transport knows; clones share it.
#[derive(Debug, Clone, Default)]
pub struct SentFlag(Arc<AtomicBool>);

impl SentFlag {
    /// To be set as the message leaves, and unset when the server has refused it before it ran.
    pub fn set(&self, sent: bool) {
        self.0.store(sent, Ordering::Relaxed);
    }

    /// What was set last; a new message has not been sent.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a message is, and so whether something comes back for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind {
    /// A request: an answer comes back, perhaps after other messages.
    Request,
    /// A notification or an answer of ours: nothing comes back.
    OneWay,
}

/// The conversation that a message belongs to.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct MessageContext {
    /// The revision agreed upon; `None` until then.
    pub revision: Option<Revision>,
    /// The session that the server assigned, if it did.
    pub session: Option<SessionId>,
}

/// The name of a session, chosen by the server.
///
/// It is a secret (MCP basic/transports, "Session Management"): `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// Takes the id as the server gave it; `None` unless it is one or more visible ASCII
    /// characters (0x21 to 0x7E), which is all that the specification allows.
    pub fn new(id: &[u8]) -> Option<Self> {
        let visible = !id.is_empty() && id.iter().all(|byte| (0x21..=0x7e).contains(byte));
        visible.then(|| Self(String::from_utf8_lossy(id).into()))
    }

    /// The id itself, to be sent back to the server and shown to nobody.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What it is called in the traces of this process: it tells sessions apart, and nobody what
    /// their ids are, for it depends on a secret of the process.
    pub(crate) fn alias(&self) -> String {
        static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        format!("{:016x}", SECRET.hash_one(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(****)")
    }
}

/// What came back for a message.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransportResponse {
    /// The session that the server assigned with this reply.
    pub session: Option<SessionId>,
    /// The messages that belong to the one that was sent.
    pub messages: ResponseMessages,
}

impl TransportResponse {
    /// A reply outside of any new session.
    pub fn new(messages: ResponseMessages) -> Self {
        Self { session: None, messages }
    }

    /// Adds the session that the server assigned.
    #[must_use]
    pub fn with_session(self, session: Option<SessionId>) -> Self {
        Self { session, ..self }
    }
}

/// The messages of a reply, each a JSON-RPC message as it arrived.
#[non_exhaustive]
pub enum ResponseMessages {
    /// Nothing: the message was taken note of.
    None,
    /// The one message that there is.
    One(Bytes),
    /// Messages as they come: requests and notifications of the server, then the answer.
    Stream(MessageStream),
}

/// Messages of a server as they come, each as it arrived; an empty one where some may have been lost.
pub type MessageStream = BoxStream<'static, Result<Bytes, TransportError>>;

impl fmt::Debug for ResponseMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::One(message) => write!(f, "One({} bytes)", message.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extras_hold_one_value_of_each_type() {
        let mut extras = Extensions::default();
        extras.insert("a");
        extras.insert(7_u8);
        extras.insert("b");
        assert_eq!((extras.get(), extras.get()), (Some(&"b"), Some(&7_u8)));
        assert_eq!(extras.get::<u16>(), None);
        assert_eq!(format!("{extras:?}"), "Extensions(2)");
    }

    #[test]
    fn session_ids_are_visible_ascii_and_redacted_in_debug() {
        // HTTP-25
        let id = SessionId::new(b"s-1~!").unwrap();
        assert_eq!(id.expose(), "s-1~!");
        assert_eq!(format!("{id:?}"), "SessionId(****)");
        for bad in [&b""[..], b"a b", b"a\x7f", "\u{e9}".as_bytes(), b"a\n"] {
            assert_eq!(SessionId::new(bad), None, "{bad:?}");
        }
    }
}
