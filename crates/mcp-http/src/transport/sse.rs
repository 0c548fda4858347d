//! HTTP+SSE, the transport of 2024-11-05, which Streamable HTTP has replaced.
//!
//! A GET opens one stream, on which all that the server says comes; its first event names the URL
//! that messages are sent to. The end of the stream is the end of the conversation.

use std::{
    error::Error as StdError,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use mcp_client::{
    BoxError, Context, Extras, MessageKind, MessageStream, Messages, Outgoing, Reply, SessionId,
    Switchboard, Transport, TransportError,
};
use tokio::{sync::Mutex, task::AbortHandle, time};

use super::sender::Sender;
use crate::{
    endpoint::Endpoint,
    error::Error,
    message::{Events, Kind, Request},
};

/// How long the event that names the URL for messages is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// HTTP+SSE to one server with the token of one user (MCP 2024-11-05, basic/transports).
///
/// A client of an [`HttpTransport`](crate::HttpTransport) falls back to it by itself, if the server
/// has no newer one (MCP basic/transports, "Backwards Compatibility"). It is for those who know that
/// beforehand:
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
    /// The stream that is open, or was the last one to be.
    stream: Mutex<Option<Arc<Stream>>>,
}

/// One stream, and so one conversation.
struct Stream {
    /// Tells the conversation from others. The server has no name for it.
    session: SessionId,
    /// Where messages go.
    post_to: Endpoint,
    board: Switchboard,
    reading: AbortHandle,
}

impl SseTransport {
    pub(super) fn with_sender(sender: Sender) -> Self {
        Self(Arc::new(Shared { sender, stream: Mutex::default() }))
    }

    async fn post(&self, mut message: Outgoing) -> Result<Reply, TransportError> {
        let stream = self.stream(&message).await?;
        let waiting = match message.kind {
            MessageKind::Request => Some(stream.board.wait(&message)?),
            _ => None,
        };
        // Neither a session nor a revision is named on this transport.
        (message.context, message.routing) = (Context::default(), None);
        let request = Request::post_to(stream.post_to.clone(), message);
        // Its answer is an acknowledgement and no more.
        self.0.sender.exchange(&request).await?.leave();
        let messages = waiting.map_or(Messages::None, |waiting| Messages::Stream(waiting.boxed()));
        Ok(Reply::new(messages).with_session(Some(stream.session.clone())))
    }

    /// The stream that a message belongs to. Only a request that begins a conversation opens one.
    async fn stream(&self, message: &Outgoing) -> Result<Arc<Stream>, Error> {
        let mut stream = self.0.stream.lock().await;
        let session = message.context.session.as_ref();
        let open = stream.as_ref().filter(|stream| !stream.board.is_closed());
        match open {
            Some(open) if session.is_none_or(|session| *session == open.session) => {
                Ok(Arc::clone(open))
            }
            None if session.is_none() && message.kind == MessageKind::Request => {
                Ok(Arc::clone(stream.insert(Arc::new(self.open().await?))))
            }
            _ => Err(Error::SessionEnded { endpoint: self.0.sender.endpoint().clone() }),
        }
    }

    async fn open(&self) -> Result<Stream, Error> {
        static OPENED: AtomicU64 = AtomicU64::new(1);
        let endpoint = self.0.sender.endpoint();
        let broken = |reason| Error::Protocol { endpoint: endpoint.clone(), reason };
        let request = Request::get(Context::default(), Extras::default(), None);
        let success = self.0.sender.exchange(&request).await?;
        if !success.is_event_stream() {
            success.leave();
            return Err(broken("a GET is not answered with an event stream"));
        }
        let mut events = Events::new(success);
        let first = time::timeout(PATIENCE, events.event()).await;
        let first = first.map_err(|_| broken("its stream does not begin in time"))??;
        let named = first.filter(|event| event.kind == Kind::Endpoint);
        let named = named.ok_or_else(|| broken("its stream does not name a URL to send to"))?;
        let post_to = str::from_utf8(&named.data).map_err(|_| "it names no URL to send to");
        let post_to = post_to.and_then(|url| endpoint.join(url)).map_err(broken)?;
        let number = OPENED.fetch_add(1, Ordering::Relaxed).to_string();
        let session = SessionId::new(number.as_bytes());
        let session = session.ok_or_else(|| broken("no more streams can be told apart"))?;
        let board = Switchboard::new();
        let reading = tokio::spawn(read(events, board.clone(), endpoint.clone())).abort_handle();
        Ok(Stream { session, post_to, board, reading })
    }

    async fn current(&self, context: &Context) -> Option<Arc<Stream>> {
        let stream = self.0.stream.lock().await;
        let own = |stream: &&Arc<Stream>| context.session.as_ref() == Some(&stream.session);
        stream.as_ref().filter(own).cloned()
    }
}

/// Reads a stream to its end, which is that of its conversation.
async fn read(mut events: Events, board: Switchboard, endpoint: Endpoint) {
    let why: BoxError = loop {
        match events.next().await {
            Ok(Some(message)) => {
                if !board.put(message) {
                    tracing::debug!(%endpoint, "an event that is no message is passed over");
                }
            }
            Ok(None) => break "the server has ended its stream".into(),
            Err(error) => break error.into(),
        }
    };
    end(&board, &endpoint, why);
}

/// Fails all who wait: what was sent may have run.
fn end(board: &Switchboard, endpoint: &Endpoint, why: BoxError) {
    let (endpoint, why) = (endpoint.clone(), Arc::<dyn StdError + Send + Sync>::from(why));
    board.close(move |sent| {
        let endpoint = endpoint.clone();
        match sent {
            true => Error::Interrupted { endpoint, source: Box::new(Arc::clone(&why)) }.into(),
            false => Error::SessionEnded { endpoint }.into(),
        }
    });
}

impl Transport for SseTransport {
    fn send(&self, message: Outgoing) -> BoxFuture<'_, Result<Reply, TransportError>> {
        self.post(message).boxed()
    }

    fn listen(
        &self,
        context: Context,
    ) -> BoxFuture<'_, Result<Option<MessageStream>, TransportError>> {
        let listening = async move {
            let waiting = self.current(&context).await.and_then(|stream| stream.board.listen());
            Ok(waiting.map(StreamExt::boxed))
        };
        listening.boxed()
    }

    fn drop_is_noticed(&self) -> bool {
        false
    }

    fn is_of_handshake(&self) -> bool {
        true
    }

    fn close(&self, context: Context) -> BoxFuture<'_, Result<(), TransportError>> {
        let closing = async move {
            if let Some(stream) = self.current(&context).await {
                stream.end("it was closed on this side");
            }
            Ok(())
        };
        closing.boxed()
    }
}

impl Stream {
    fn end(&self, why: &str) {
        self.reading.abort();
        end(&self.board, &self.post_to, why.into());
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.end("nobody uses it any more");
    }
}

impl fmt::Debug for SseTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.0.sender.endpoint();
        f.debug_struct("SseTransport").field("endpoint", endpoint).finish_non_exhaustive()
    }
}
