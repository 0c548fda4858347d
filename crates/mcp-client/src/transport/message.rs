//! Messages to a server, and the messages that it sends back.

use std::{
    any::Any,
    borrow::Cow,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use mcp_types::{RequestId, Revision};

use super::error::TransportError;

/// A message to send, with the data that the transport needs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutgoingMessage {
    /// A single JSON-RPC message in UTF-8.
    pub body: Bytes,
    /// The kind of the message.
    pub kind: MessageKind,
    /// The id, if the message is a request. A shared connection matches the response by this id.
    pub id: Option<RequestId>,
    /// If `true`, the sender wants log messages. On a shared connection these do not name a
    /// request.
    pub wants_logs: bool,
    /// The protocol version and session of the message.
    pub context: MessageContext,
    /// The flag that the transport sets when it sends the message. A caller that stops waiting
    /// cancels the request only if it was sent.
    pub sent: SentFlag,
    /// The request headers, if the protocol version requires them.
    pub request_headers: Option<RequestHeaders>,
    /// If `true`, the transport may resume the response stream after the connection breaks. If it
    /// cannot resume, the stream ends. The message itself is never sent again.
    pub resumable: bool,
    /// The record that the transport writes each failure to reopen the response stream to. It is
    /// the error of the request if there is no response in time.
    pub last_failure: Option<LastFailure>,
    /// The caller's values for the transport.
    pub extensions: Extensions,
}

impl OutgoingMessage {
    /// Creates a message in a context.
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
            last_failure: None,
            extensions: Extensions::default(),
        }
    }
}

/// The request headers of the stateless versions, for intermediaries that do not read the body (MCP
/// 2026-07-28, basic/transports/streamable-http, "Standard Request Headers").
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestHeaders {
    /// The method of the request.
    pub method: Cow<'static, str>,
    /// The name of the tool or prompt, or the URI of the resource.
    pub name: Option<String>,
    /// The names and values of the parameter headers. Names have no prefix.
    pub params: Vec<(String, String)>,
}

impl RequestHeaders {
    /// Creates the headers for a request without a name.
    pub fn new(method: impl Into<Cow<'static, str>>) -> Self {
        Self { method: method.into(), name: None, params: Vec::new() }
    }
}

/// The caller's values for the transport, such as a token. At most one value of each type.
///
/// A transport reads only the types that it knows. `Debug` does not show the values.
#[derive(Clone, Default)]
pub struct Extensions(Vec<Arc<dyn Any + Send + Sync>>);

impl Extensions {
    /// Adds a value. Replaces a value of the same type.
    pub fn insert<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.retain(|other| !other.is::<T>());
        self.0.push(Arc::new(value));
    }

    /// Returns the value of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.iter().find_map(|value| value.downcast_ref())
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extensions({})", self.0.len())
    }
}

/// A flag that shows whether a message was sent, as far as the transport knows. Clones share the
/// flag.
#[derive(Debug, Clone, Default)]
pub struct SentFlag(Arc<AtomicBool>);

impl SentFlag {
    /// Sets the flag. The transport sets it to true when it sends the message, and to false if the
    /// server rejects the message before it ran.
    pub fn set(&self, sent: bool) {
        self.0.store(sent, Ordering::Relaxed);
    }

    /// Returns the flag. It is false for a new message.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The last failure to reopen a response stream, as long as it is not open. Clones share the record.
#[derive(Debug, Clone, Default)]
pub struct LastFailure(Arc<Mutex<Option<TransportError>>>);

impl LastFailure {
    /// Records a failure, or `None` once the stream is open again.
    pub fn set(&self, failure: Option<TransportError>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// Returns the last failure. `None` if the stream is open.
    pub fn get(&self) -> Option<TransportError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The kind of a message, which decides whether the server responds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind {
    /// A request. The response may follow after other messages.
    Request,
    /// A notification or a response from the client. The server sends nothing back.
    OneWay,
}

/// The protocol version and session that a message belongs to.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct MessageContext {
    /// The negotiated protocol version. `None` until it is known.
    pub revision: Option<Revision>,
    /// The id of the session, if the server assigned one.
    pub session: Option<SessionId>,
}

/// The id of a session, chosen by the server.
///
/// It is a secret (MCP basic/transports, "Session Management"), so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// The maximum length of an id, in bytes.
    pub const MAX_LEN: usize = 1024;

    /// Creates an id. Returns `None` if it is empty, is longer than [`MAX_LEN`](Self::MAX_LEN), or
    /// has characters other than visible ASCII (0x21 to 0x7E), which the specification does not
    /// allow.
    pub fn new(id: &[u8]) -> Option<Self> {
        let has_valid_length = (1..=Self::MAX_LEN).contains(&id.len());
        let is_valid = has_valid_length && id.iter().all(|byte| (0x21..=0x7e).contains(byte));
        is_valid.then(|| Self(String::from_utf8_lossy(id).into()))
    }

    /// Returns the id itself. Send it only to the server.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns a name for traces of this process. It distinguishes sessions without revealing the
    /// id, because it depends on a random secret of the process.
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

/// The response to a message.
#[derive(Debug)]
#[non_exhaustive]
pub struct TransportResponse {
    /// The id of the session, if the server assigned one with this response.
    pub session: Option<SessionId>,
    /// The messages that respond to the sent message.
    pub messages: ResponseMessages,
}

impl TransportResponse {
    /// Creates a response without a new session.
    pub fn new(messages: ResponseMessages) -> Self {
        Self { session: None, messages }
    }

    /// Sets the session that the server assigned.
    #[must_use]
    pub fn with_session(self, session: Option<SessionId>) -> Self {
        Self { session, ..self }
    }
}

/// The messages of a response. Each is one JSON-RPC message, unchanged.
#[non_exhaustive]
pub enum ResponseMessages {
    /// No message. The server accepted the sent message.
    None,
    /// A single message.
    One(Bytes),
    /// A stream of messages: server requests and notifications, then the response.
    Stream(MessageStream),
}

/// A stream of messages from the server. Each is one JSON-RPC message, unchanged. An empty message
/// means that messages may have been lost.
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
    fn extensions_hold_one_value_of_each_type() {
        let mut extensions = Extensions::default();
        extensions.insert("a");
        extensions.insert(7_u8);
        extensions.insert("b");
        assert_eq!((extensions.get(), extensions.get()), (Some(&"b"), Some(&7_u8)));
        assert_eq!(extensions.get::<u16>(), None);
        assert_eq!(format!("{extensions:?}"), "Extensions(2)");
    }

    #[test]
    fn session_ids_are_visible_ascii_and_redacted_in_debug() {
        // HTTP-25
        let id = SessionId::new(b"s-1~!").unwrap();
        assert_eq!(id.expose(), "s-1~!");
        assert_eq!(format!("{id:?}"), "SessionId(****)");
        assert!(SessionId::new(&[b'a'; 1024]).is_some());
        for bad in [&b""[..], b"a b", b"a\x7f", "\u{e9}".as_bytes(), b"a\n", &[b'a'; 1025]] {
            assert_eq!(SessionId::new(bad), None, "{bad:?}");
        }
    }
}
