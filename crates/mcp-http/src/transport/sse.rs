//! The HTTP+SSE transport of 2024-11-05, which Streamable HTTP has replaced.
//!
//! A GET request opens one stream with all messages of the server. The first event contains the URL
//! to send messages to. The session ends when the stream ends.

use std::{
    error::Error as StdError,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use mcp_client::{
    BoxError, Extensions, LogLimit, MessageContext, MessageKind, MessageStream, Multiplexer,
    OutgoingMessage, Redactor, ResponseMessages, SessionId, Transport, TransportError,
    TransportResponse, Truncated,
};
use tokio::{task::AbortHandle, time};

use super::sender::Sender;
use crate::{
    endpoint::{Endpoint, InvalidReference},
    error::Error,
    message::{Event, EventStream, EventType, Request, RequestSecrets},
};

/// The time limit for the headers of the stream, and again for its first event, which contains the
/// URL to send messages to.
const ENDPOINT_TIMEOUT: Duration = Duration::from_secs(5);

/// An HTTP+SSE transport to one server, with the tokens of one user (MCP 2024-11-05,
/// basic/transports).
///
/// A client of an [`HttpTransport`](crate::HttpTransport) falls back to this transport
/// automatically if the server does not support Streamable HTTP (MCP basic/transports, "Backwards
/// Compatibility"). Create it directly if the server is known to support only HTTP+SSE:
///
/// ```no_run
/// # async fn run(token: String) -> Result<(), Box<dyn std::error::Error>> {
/// use mcp_http::{Client, HttpTransport, SseTransport};
///
/// let http = HttpTransport::builder("https://example.com/sse").bearer_token(token).build()?;
/// let tools = Client::new(SseTransport::new(http)).list_tools().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SseTransport(Arc<Shared>);

struct Shared {
    /// Sends requests to the server, with the token, the headers and the limits.
    sender: Sender,
    /// The open stream, or the last one.
    stream: Mutex<Option<Arc<SseStream>>>,
    /// Locked while a stream is being opened.
    opening: tokio::sync::Mutex<()>,
}

/// An open stream. Each stream is one session.
struct SseStream {
    /// Identifies the session in the client. The server has no id for it.
    session: SessionId,
    /// The URL to send messages to.
    message_url: Endpoint,
    multiplexer: Multiplexer,
    reader: AbortHandle,
}

impl SseTransport {
    pub(super) fn with_sender(sender: Sender) -> Self {
        Self(Arc::new(Shared {
            sender,
            stream: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
        }))
    }

    async fn post(
        &self,
        mut message: OutgoingMessage,
    ) -> Result<TransportResponse, TransportError> {
        let stream = self.stream_for(&message).await?;
        let pending = match message.kind {
            MessageKind::Request => Some(stream.multiplexer.register(&message)?),
            _ => None,
        };
        // This transport does not send a session id or a protocol version.
        (message.context, message.request_headers) = (MessageContext::default(), None);
        let request = Request::post_to(stream.message_url.clone(), message);
        // The HTTP response is only an acknowledgement.
        self.0.sender.send(&request).await?.drain();
        let messages = pending
            .map_or(ResponseMessages::None, |pending| ResponseMessages::Stream(pending.boxed()));
        Ok(TransportResponse::new(messages).with_session(Some(stream.session.clone())))
    }

    /// Returns the stream that a message belongs to. Only a request without a session opens one.
    async fn stream_for(&self, message: &OutgoingMessage) -> Result<Arc<SseStream>, Error> {
        let session = message.context.session.as_ref();
        let is_usable = |open: &SseStream| session.is_none_or(|session| *session == open.session);
        let opens = session.is_none() && message.kind == MessageKind::Request;
        let ended = || Error::session_ended(self.0.sender.endpoint().clone());
        match self.open_stream() {
            Some(open) if is_usable(&open) => return Ok(open),
            None if opens => {}
            _ => return Err(ended()),
        }
        let _opening = self.0.opening.lock().await;
        if let Some(open) = self.open_stream() {
            return Ok(open);
        }
        let stream = Arc::new(self.open().await?);
        *self.stream() = Some(Arc::clone(&stream));
        Ok(stream)
    }

    /// Returns the stream, if it is open.
    fn open_stream(&self) -> Option<Arc<SseStream>> {
        self.stream().as_ref().filter(|stream| !stream.multiplexer.is_closed()).cloned()
    }

    async fn open(&self) -> Result<SseStream, Error> {
        static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);
        let endpoint = self.0.sender.endpoint();
        let protocol_error = |reason| Error::Protocol { endpoint: endpoint.clone(), reason };
        let request = Request::get(MessageContext::default(), Extensions::default(), None)
            .with_headers_timeout(ENDPOINT_TIMEOUT);
        let accepted = self.0.sender.send(&request).await?;
        accepted.check_coding()?;
        if !accepted.is_event_stream() {
            accepted.drain();
            return Err(protocol_error("expected an event stream in response to GET"));
        }
        // The server may have redirected the request within its origin.
        let stream_url = accepted.response.url.clone();
        let mut events = EventStream::new(accepted);
        let first = time::timeout(ENDPOINT_TIMEOUT, events.next_event()).await;
        let first =
            first.map_err(|_| protocol_error("timed out waiting for the \"endpoint\" event"))??;
        let message_url = match first {
            Some(Event { event_type: EventType::Endpoint, data }) => {
                stream_url.join(&data).map_err(|error| match error {
                    InvalidReference::NoUrl => {
                        protocol_error("the \"endpoint\" event contains no valid URL")
                    }
                    InvalidReference::OtherOrigin(origin) => Error::OtherOrigin {
                        endpoint: endpoint.clone(),
                        // A part of a secret in the URL may have become the host.
                        origin: match events.contains_secret(&data) {
                            true => "****".to_owned(),
                            false => Truncated(&origin).to_string(),
                        },
                    },
                })?
            }
            Some(Event { event_type: EventType::Error, data }) => {
                return Err(events.error_event(&data));
            }
            _ => return Err(protocol_error("expected an \"endpoint\" event first")),
        };
        // The query of this URL identifies the session, and the server may echo it before the first
        // message is sent.
        RequestSecrets { targets: vec![message_url.clone()], ..self.0.sender.secrets() }.remember();
        let number = NEXT_SESSION.fetch_add(1, Ordering::Relaxed).to_string();
        let session = SessionId::new(number.as_bytes());
        let session = session.ok_or_else(|| protocol_error("no more session ids"))?;
        let multiplexer = Multiplexer::new();
        let reader =
            tokio::spawn(read_events(events, multiplexer.clone(), endpoint.clone())).abort_handle();
        Ok(SseStream { session, message_url, multiplexer, reader })
    }

    fn stream_of(&self, context: &MessageContext) -> Option<Arc<SseStream>> {
        let is_same_session =
            |stream: &&Arc<SseStream>| context.session.as_ref() == Some(&stream.session);
        self.stream().as_ref().filter(is_same_session).cloned()
    }

    fn stream(&self) -> MutexGuard<'_, Option<Arc<SseStream>>> {
        self.0.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a stream to its end, which ends the session.
async fn read_events(mut events: EventStream, multiplexer: Multiplexer, endpoint: Endpoint) {
    let ignored = LogLimit::default();
    let reason: BoxError = loop {
        match events.next_message().await {
            Ok(Some(message)) => {
                if !multiplexer.dispatch(message)
                    && let Some(count) = ignored.count()
                {
                    tracing::debug!(%endpoint, count, "ignored an event that is not a JSON-RPC message");
                }
            }
            Ok(None) => break "the server closed the event stream".into(),
            Err(error) => break error.into(),
        }
    };
    fail_pending(&multiplexer, &endpoint, reason);
}

/// Fails all pending requests. Those that were sent may have run.
fn fail_pending(multiplexer: &Multiplexer, endpoint: &Endpoint, reason: BoxError) {
    let (endpoint, reason) = (endpoint.clone(), Arc::<dyn StdError + Send + Sync>::from(reason));
    multiplexer.close(move |sent| {
        let endpoint = endpoint.clone();
        match sent {
            true => Error::Interrupted { endpoint, source: Box::new(Arc::clone(&reason)) }.into(),
            false => Error::session_ended(endpoint).into(),
        }
    });
}

impl Transport for SseTransport {
    fn send(
        &self,
        message: OutgoingMessage,
    ) -> BoxFuture<'_, Result<TransportResponse, TransportError>> {
        self.post(message).boxed()
    }

    fn listen(
        &self,
        context: MessageContext,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        let pending = self.stream_of(&context).and_then(|stream| stream.multiplexer.listen());
        async { Ok(pending.map(StreamExt::boxed)) }.boxed()
    }

    fn cancels_on_drop(&self) -> bool {
        false
    }

    fn is_stateful_only(&self) -> bool {
        true
    }

    fn redactor(&self) -> Redactor {
        self.0.sender.secrets().redactor()
    }

    fn deviations(&self) -> Vec<(&'static str, u64)> {
        self.0.sender.deviations().descriptions()
    }

    fn close(&self, context: MessageContext) -> BoxFuture<'_, Result<(), TransportError>> {
        if let Some(stream) = self.stream_of(&context) {
            stream.close("the client closed the connection");
        }
        async { Ok(()) }.boxed()
    }
}

impl SseStream {
    fn close(&self, reason: &str) {
        self.reader.abort();
        fail_pending(&self.multiplexer, &self.message_url, reason.into());
    }
}

impl Drop for SseStream {
    fn drop(&mut self) {
        self.close("the transport was dropped");
    }
}

impl fmt::Debug for SseTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.0.sender.endpoint();
        f.debug_struct("SseTransport").field("endpoint", endpoint).finish_non_exhaustive()
    }
}
